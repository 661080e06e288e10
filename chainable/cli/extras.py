"""Optional packages: one line that says how to get them, in place of a traceback."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["run"]


def run(name: str, module: str, advice: str) -> int:
    """
    Run the command line in a module that needs an extra.

    Args:
        name: What the command line is called.
        module: Has ``program``, a click command.
        advice: Printed when click or rich is not installed.

    Returns:
        The exit code, if the program does not exit by itself.
    """
    try:
        program: Any = import_module(module).program
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"click", "rich"}:
            raise
        print(advice, file=sys.stderr)  # noqa: T201 (click, which would print it, is what is missing)
        return 2
    program(prog_name=name)
    return 0
