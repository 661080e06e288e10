"""A progress bar on the error stream, if that is a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainable.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress"]


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar; yield the function that takes the bytes done and the total, None if unknown."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    shown = console(err=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True) as bars:
        task = bars.add_task(title, total=None)

        def update(done: int, expected: int | None) -> None:
            bars.update(task, completed=done, total=expected)

        yield update
