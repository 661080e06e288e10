"""
Say how much the catalogues know, and what they leave open.

``python -m tools.catalogue_counts`` prints the counts; ``--unmarked`` prints
the operations whose source marks no member of the body as required, as
reStructuredText; ``--write`` renews ``catalogue/unmarked.rst``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from taobao_top import catalogue as top
from tools import source
from wechatpay import catalogue

PACKAGES = Path(__file__).parent.parent
UNMARKED = source.ROOT / "unmarked.rst"

_VERB = re.compile(r"^    def (?:get|post|put|patch|delete)\(", re.MULTILINE)
_LITERAL = re.compile(r"Literal\[([^\]]+)\]")


def counts() -> dict[str, int]:
    """Return the counts by name."""
    operations = list(catalogue.operations())
    posts = {operation.key for operation in operations if operation.method == "POST"}
    repeatable = source.reviewed("repeatable")
    methods = list(top.methods())
    return {
        "WeChat Pay operations": len(operations),
        "WeChat Pay operations, with an official page": sum(operation.page is not None for operation in operations),
        "WeChat Pay operations, typed": typed_operations(),
        "WeChat Pay operations, that are pages for a browser": sum(
            operation.answer == "redirect" for operation in operations
        ),
        "WeChat Pay operations, with encrypted request fields": sum(
            bool(operation.encrypted_fields) for operation in operations
        ),
        "WeChat Pay operations, deprecated, discarded or redesigned": sum(
            operation.status in {"deprecated", "discarded", "redesigned"} for operation in operations
        ),
        "WeChat Pay operations, with a known successor": sum(
            operation.successor is not None for operation in operations
        ),
        "WeChat Pay POSTs": len(posts),
        "WeChat Pay POSTs, safe to repeat by a number of the merchant's": len(posts & repeatable.keys()),
        "WeChat Pay POSTs, moving money and never repeated": len(source.reviewed("not-repeatable")),
        "WeChat Pay POSTs, moving no money": len(source.reviewed("no-money")),
        "WeChat Pay operations, without a required member marked in the body": len(unmarked()),
        "WeChat Pay events": sum(1 for _ in catalogue.events()),
        "TOP methods": len(methods),
        "TOP methods, typed": typed_methods(methods),
        "TOP methods, with a title": sum(bool(title) for _, title in top.titles()),
        "TOP groups": len(source.methods()),
    }


def typed_operations() -> int:
    """Count the verbs that the stubs of WeChat Pay declare for operations."""
    stubs = (PACKAGES / "wechatpay" / "types" / "chains").glob("v?/*.pyi")
    return sum(len(_VERB.findall(path.read_text("utf-8"))) for path in stubs)


def typed_methods(methods: list[str]) -> int:
    """Count the methods that the stubs of TOP name."""
    text = (PACKAGES / "taobao_top" / "types" / "chains" / "literals.pyi").read_text("utf-8")
    named = set(re.findall(r'"([^"]+)"', " ".join(_LITERAL.findall(text))))
    return sum(method in named for method in methods)


def unmarked() -> list[tuple[str, str]]:
    """Return the titles of the operations whose source marks no member of the body as required, by operation."""
    return [
        (key, record["title"])
        for key, record in source.operations().items()
        for body in [record["request"].get("json") or record["request"].get("xml")]
        if body and not any(_required(field) for field in body.values())
    ]


def _required(field: Any) -> bool:
    return isinstance(field, dict) and bool(field.get("required"))


def listed() -> str:
    """Return the list of :func:`unmarked` as reStructuredText."""
    return "".join(f"- ``{key}`` {title}\n" for key, title in unmarked())


def main(arguments: list[str]) -> int:
    if "--write" in arguments:
        UNMARKED.write_text(listed(), "utf-8")
    elif "--unmarked" in arguments:
        print(listed(), end="")
    else:
        for name, count in counts().items():
            print(f"{count:>6}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
