"""A bar for work that takes long, on the error stream, when somebody is there to see it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainable.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress"]


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar; gives what is told of bytes so far, and of how many if that is known."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    shown = console(err=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True) as bars:
        task = bars.add_task(title, total=None)

        def told(done: int, expected: int | None) -> None:
            bars.update(task, completed=done, total=expected)

        yield told
