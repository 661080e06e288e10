"""Files that a command writes: one that is there is replaced only if ``--force`` says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Option
from chainable.cli.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["force_option", "forced", "may_write", "replacing_option"]

_FORCE = "chainable.force"


def _keep(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.meta[_FORCE] = value


def forced() -> bool:
    """Return whether the command that runs was given ``--force``."""
    return bool(click.get_current_context().meta.get(_FORCE))


def force_option(english: str, chinese: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--force`` to a command, for :func:`forced` and :func:`may_write`."""
    return click.option(
        "--force",
        is_flag=True,
        is_eager=True,  # before the options that name files
        expose_value=False,
        callback=_keep,
        cls=Option,
        help=english,
        zh=chinese,
    )


replacing_option = force_option("Replace files that are there.", "覆盖已有的文件。")
"""For commands that write what can be fetched again: no backup is kept."""


def may_write(context: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """
    Check a file that the command is going to write, before any work is done.

    Raises:
        click.UsageError: Its folder does not exist, or something is there and ``--force`` is not given.
    """
    if value is None:
        return None
    if not value.parent.is_dir():
        msg = Words(f"{value.parent}: there is no such folder", f"{value.parent}：没有这个目录")
        raise click.UsageError(msg, context)
    if os.path.lexists(value) and not (context.meta.get(_FORCE) or _is_stream(value)):
        msg = Words(
            f"{value} exists: name another file, or replace it with --force",
            f"{value} 已存在：请换一个文件名，或加 --force 覆盖",
        )
        raise click.UsageError(msg, context)
    return value


def _is_stream(path: Path) -> bool:
    """Return whether a path is a terminal, a pipe or the like, which keeps nothing that could be lost."""
    return path.exists() and not path.is_file() and not path.is_dir()
