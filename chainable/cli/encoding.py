"""Output in encodings that lack some characters, such as GBK."""

from __future__ import annotations

import codecs
from typing import Any

__all__ = ["replace_unencodable"]

_PLAIN = {"✓": "+", "✗": "x", "█": "#", "▒": "=", "→": "->", "…": "...", "·": "-"}
_NAME = "chainable.cli.plainly"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in text), error.end


codecs.register_error(_NAME, _replaced)


def replace_unencodable(stream: Any) -> None:
    """Let a text stream write a plainer character or ``?`` where its encoding lacks one."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=_NAME)
