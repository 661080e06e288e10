"""
The public names of the three packages and their signatures stay: ``public_names.txt`` lists them.

``python -m tests.test_public_names`` writes the list anew after a change that a fragment in ``changelog.d`` announces.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import chainable
import taobao_top
import wechatpay

SNAPSHOT = Path(__file__).with_name("public_names.txt")


def public_signatures() -> dict[str, str]:
    """Return the signature of every public name of the packages."""
    found: dict[str, str] = {}
    for package in (chainable, wechatpay, taobao_top):
        for name in sorted(package.__all__):
            thing = getattr(package, name)
            where = f"{package.__name__}.{name}"
            found[where] = signature(thing)
            if inspect.isclass(thing):
                for member, value in sorted(vars(thing).items()):
                    if not member.startswith("_") and callable(getattr(thing, member, None)):
                        found[f"{where}.{member}"] = signature(value)
    return found


def signature(thing: object) -> str:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ""
    plain = []
    for parameter in parameters:
        mark = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else "=…"
        keyword = "kw " if parameter.kind is parameter.KEYWORD_ONLY else ""
        plain.append(f"{keyword}{mark}{parameter.name}{default}")
    return f"({', '.join(plain)})"


def lines() -> list[str]:
    return [f"{name}{text}" for name, text in sorted(public_signatures().items())]


def test_pain_24_public_names_and_signatures_stay():
    """A difference is a change for users: add a changelog fragment, then run ``python -m tests.test_public_names``."""
    assert SNAPSHOT.read_text("utf-8").splitlines() == lines()


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(lines()) + "\n", "utf-8")
