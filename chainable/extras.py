"""Missing extras: the error says what to install."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needs_extra"]


@contextmanager
def needs_extra(what: str, chinese: str, extra: str, module: str) -> Iterator[None]:
    """
    Import inside the block what an extra installs.

    Args:
        what: What needs it, as the subject of a sentence.
        chinese: The same in Chinese.
        extra: The distribution with its extra, as pip takes it: ``name[extra]``.
        module: The top-level module that the extra installs; the absence of any other is raised unchanged.

    Raises:
        ModuleNotFoundError: The module is missing; the message has the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module:
            raise
        install = f"pip install '{extra}'"
        msg = Words(f"{what} needs {module}: {install}", f"{chinese}需要 {module}：{install}")
        raise ModuleNotFoundError(msg, name=error.name) from None
