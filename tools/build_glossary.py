"""
Make what descriptions add to the catalogue, inside the packages, from the readable source.

The glossaries have the meanings of fields, ``relations.json`` the notifications and error codes of operations.

``python tools/build_glossary.py`` writes them; with ``--check`` it writes
nothing and fails if it would change one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from chainable.describe import fold

PACKAGES = Path(__file__).parent.parent
ROOT = PACKAGES / "catalogue" / "glossary"
REVIEWED = PACKAGES / "catalogue" / "wechatpay" / "reviewed"


def read(path: Path) -> Any:
    """Read one file of the source."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def glossary(package: str, root: Path = ROOT) -> bytes:
    """Return the compact file of a package."""
    meanings: dict[str, list[str]] = {}
    for path in sorted((root / package).glob("*.yaml")):
        for name, meaning in read(path).items():
            if name in meanings:
                msg = f"{path}: {name} has two entries"
                raise ValueError(msg)
            meanings[name] = [meaning["zh"], meaning["en"]]
    prominent = sorted(read(root / "prominent" / f"{package}.yaml"))
    content = {
        "meanings": dict(sorted(meanings.items())),
        "prominent": prominent,
        "words": words(read(root / "words" / f"{package}.yaml")),
        "products": products(root / "products" / f"{package}.yaml"),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def words(entries: list[dict[str, list[str]]]) -> dict[str, list[str]]:
    """Return the words that people use, each with the keys that a search for it shows first."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        for word in entry["words"]:
            if fold(word) in found:
                msg = f"{word} has two entries"
                raise ValueError(msg)
            found[fold(word)] = entry["keys"]
    return dict(sorted(found.items()))


def products(path: Path) -> dict[str, str]:
    """Return the names of products by the beginning of a path; none for a package whose catalogue names them."""
    entries = read(path).values() if path.exists() else ()
    return {prefix: entry["title"] for entry in entries for prefix in entry["paths"]}


def relations() -> bytes:
    """Return which notifications and error codes the operations of WeChat Pay lead to."""
    content = {table: read(REVIEWED / f"{table}.yaml") for table in ("notifications", "errors")}
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def main(arguments: list[str], packages: Path = PACKAGES) -> int:
    """Write the compact files that differ; with ``--check`` only tell."""
    changed = 0
    files = {f"{package}/describe/glossary.json": glossary(package) for package in ("wechatpay", "taobao_top")}
    for name, content in (files | {"wechatpay/describe/relations.json": relations()}).items():
        path = packages / name
        if not path.exists() or path.read_bytes() != content:
            changed += 1
            if "--check" in arguments:
                print(f"{path.relative_to(packages)} would change")
            else:
                path.write_bytes(content)
                print(f"{path.relative_to(packages)} written")
    return int("--check" in arguments and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
