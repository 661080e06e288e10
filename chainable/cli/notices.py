"""Warnings of the library as lines of a command: in its language, each once, without the place in the source."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chainable.cli.i18n import Words, echo
from chainable.i18n import translate

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["printed_warnings"]


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Print the warnings that are shown inside on the error stream."""
    printed: set[str] = set()

    def show(message: Warning | str, *_place: Any, **_more: Any) -> None:
        given = message.args[0] if isinstance(message, Warning) and message.args else message
        text = given if isinstance(given, str) else str(given)
        if text not in printed:
            printed.add(str(text))
            echo(Words(f"warning: {text}", f"警告：{translate(text, 'zh')}"), err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
