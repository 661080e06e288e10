"""Whether a command colours its output: ``--color``, NO_COLOR, and whether the output is a terminal."""

from __future__ import annotations

import os

import click

__all__ = ["COLORS", "color", "set_color"]

COLORS = ("auto", "always", "never")
"""The values of ``--color``; ``auto`` colours on a terminal without NO_COLOR."""

_COLOR = "chainable.color"


def set_color(context: click.Context, value: str) -> None:
    """Use one of :data:`COLORS` from now on."""
    context.meta[_COLOR] = value


def color() -> str:
    """
    Return one of :data:`COLORS`: the one set for the command, else by NO_COLOR.

    https://no-color.org: any value that is not empty.
    """
    context = click.get_current_context(silent=True)
    chosen = None if context is None else context.meta.get(_COLOR)
    return str(chosen or ("never" if os.environ.get("NO_COLOR") else "auto"))
