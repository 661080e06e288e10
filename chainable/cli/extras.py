"""Optional packages: one line that says how to get them, in place of a traceback."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainable.cli.streams import tolerate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["run"]


def run(
    name: str,
    module: str,
    advice: str,
    arguments: Sequence[str] | None = None,
    load: Callable[[str], Any] = import_module,
) -> int:
    """
    Run the command line in a module that needs an extra.

    Args:
        name: What the command line is called.
        module: Has ``program``, a click command.
        advice: Printed when click or rich is not installed.
        arguments: What stands after the name; None for those of the process.
        load: Imports a module.

    Returns:
        The exit code, if the program does not exit by itself.
    """
    try:
        program: Any = load(module).program
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"click", "rich"}:
            raise
        print(advice, file=sys.stderr)  # noqa: T201 (click, which would print it, is what is missing)
        return 2
    for stream in (sys.stdout, sys.stderr):
        tolerate(stream)
    program(args=None if arguments is None else list(arguments), prog_name=name)
    return 0
