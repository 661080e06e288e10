"""Output files: an existing one is replaced only with ``--force``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import option
from chainable.cli.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["check_output_path", "force_option", "forced", "overwrite_option"]

_FORCE = "chainable.force"


def _set_force(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.meta[_FORCE] = value


def forced() -> bool:
    """Return whether the current command was given ``--force``."""
    return bool(click.get_current_context().meta.get(_FORCE))


def force_option(words: Words) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--force`` to a command, for :func:`forced` and :func:`check_output_path`."""
    return option("--force", is_flag=True, is_eager=True, expose_value=False, callback=_set_force, help=words)


overwrite_option = force_option(Words("Replace existing files.", "覆盖已有的文件。"))
"""``--force`` without a backup, for files that can be fetched again."""


def check_output_path(context: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse an output file in a missing folder, or one that exists without ``--force``, before any work is done."""
    if value is None:
        return None
    if not value.parent.is_dir():
        msg = Words(f"{value.parent}: the folder does not exist", f"{value.parent}：目录不存在")
        raise click.UsageError(msg, context)
    if os.path.lexists(value) and not (context.meta.get(_FORCE) or _is_stream(value)):
        msg = Words(
            f"{value} exists: choose another file, or replace it with --force",
            f"{value} 已存在：请换一个文件名，或加 --force 覆盖",
        )
        raise click.UsageError(msg, context)
    return value


def _is_stream(path: Path) -> bool:
    """Return whether a path is a terminal, a pipe or the like, where nothing is lost."""
    return path.exists() and not path.is_file() and not path.is_dir()
