"""Output to where not every character is known: a file or pipe in GBK, an old terminal."""

from __future__ import annotations

import codecs
from typing import Any

__all__ = ["tolerate"]

_PLAIN = {"✓": "+", "✗": "x", "█": "#", "▒": "=", "→": "->", "…": "...", "·": "-"}
_NAME = "chainable.cli.plainly"


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in text), error.end


codecs.register_error(_NAME, _plainly)


def tolerate(stream: Any) -> None:
    """Let a text stream write a plainer character, or ``?``, where its encoding lacks one."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=_NAME)
