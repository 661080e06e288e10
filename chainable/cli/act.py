"""The command ``act`` of both command lines: do what users and the platform do at a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.commands import argument, as_json, command, json_option
from chainable.cli.control_client import sandbox_option
from chainable.cli.i18n import Words
from chainable.cli.output import print_json, print_table
from chainable.cli.request_items import parse_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainable.cli.commands import Command

__all__ = ["act_command"]


def act_command(
    words: Words,
    examples: Sequence[str],
    names: Callable[[str], Sequence[tuple[str, str, str]]],
    perform: Callable[[str, str, dict[str, str]], Any],
) -> Command:
    """
    Make the command.

    Args:
        words: Its help.
        examples: Its examples.
        names: Returns the actions of the sandbox at a place: the name, what it takes, a line for each, and what it does.
        perform: Performs an action at a place with these values, and returns its result.
    """

    @command("act", words, examples)
    @argument("action", required=False)
    @argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
    @sandbox_option(required=True)
    @json_option
    def act(action: str | None, arguments: tuple[str, ...], *, where: str) -> None:
        if action is not None:
            print_json(perform(where, action, parse_pairs(arguments, "NAME=VALUE")))
            return
        rows = names(where)
        if as_json():
            taken = {name: takes.splitlines() for name, takes, _ in rows}
            print_json({"actions": [name for name, *_ in rows], "takes": taken})
        else:
            headings = (Words("action", "操作"), Words("what it takes", "参数"), Words("what it does", "说明"))
            print_table("", headings, rows)

    return act
