"""Code of clients in several languages, filled with the values of an account."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["filled"]


def filled(codes: Mapping[str, str], values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return pieces of code by name, each name in angle brackets replaced: by a literal, in a comment by its text."""
    return [{"name": name, "code": _filled(code, values)} for name, code in codes.items()]


def _filled(code: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        text = values[found[1]]
        if code[: found.start()].rpartition("\n")[2].startswith("//"):
            return text
        literal = json.dumps(text, ensure_ascii=False)
        return literal.replace("$", "\\$") if re.search(r"^\$", code, re.MULTILINE) else literal  # PHP

    return re.sub(r"<(\w+)>", value, code)
