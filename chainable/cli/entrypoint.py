"""Start a command line; a missing extra is one line of advice instead of a traceback."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainable.cli.encoding import replace_unencodable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["run"]

_ADVICE = """\
The command line needs click and rich: pip install '{0}[cli]'
命令行需要 click 与 rich：pip install '{0}[cli]'"""


def run(
    name: str,
    module: str,
    distribution: str,
    arguments: Sequence[str] | None = None,
    load: Callable[[str], Any] = import_module,
) -> int:
    """
    Run ``program``, a click command of a module that needs the ``cli`` extra; return the exit code if it does not exit.

    Args:
        name: The name of the command line.
        module: The module with ``program``.
        distribution: The package to install.
        arguments: The arguments after the name; None for those of the process.
        load: Imports a module.
    """
    try:
        program: Any = load(module).program
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"click", "rich"}:
            raise
        print(_ADVICE.format(distribution), file=sys.stderr)  # noqa: T201 (click, which would print it, is missing)
        return 2
    for stream in (sys.stdout, sys.stderr):
        replace_unencodable(stream)
    from chainable.cli.notices import printed_warnings  # needs click

    with printed_warnings():
        program(args=None if arguments is None else list(arguments), prog_name=name)
    return 0
