"""The command ``act`` of both command lines: do what users and the platform do at a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.commands import argument, as_json, command, json_option
from chainable.cli.control_client import sandbox_option
from chainable.cli.i18n import Words, localized
from chainable.cli.output import print_json, print_table
from chainable.cli.request_items import parse_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainable.cli.commands import Command
    from chainable.cli.control_client import ControlClient

__all__ = ["act_command"]


def act_command(
    words: Words,
    examples: Sequence[str],
    connect: Callable[[str], ControlClient],
    perform: Callable[[ControlClient, str, dict[str, str]], Any],
) -> Command:
    """
    Make the command.

    Args:
        words: Its help.
        examples: Its examples.
        connect: Returns a client of the sandbox at a place.
        perform: Performs an action with these values, and returns its result.
    """

    @command("act", words, examples)
    @argument("action", required=False)
    @argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
    @sandbox_option(required=True)
    @json_option
    def act(action: str | None, arguments: tuple[str, ...], *, where: str) -> None:
        sandbox = connect(where)
        if action is not None:
            print_json(perform(sandbox, action, parse_pairs(arguments, "NAME=VALUE")))
            return
        actions = sandbox.request("GET", "actions")["described"]
        if as_json():
            taken = {name: [localized(_line(each)) for each in about["takes"]] for name, about in actions.items()}
            print_json({"actions": list(actions), "takes": taken})
        else:
            headings = (Words("action", "操作"), Words("what it takes", "参数"), Words("what it does", "说明"))
            print_table("", headings, _rows(actions))

    return act


def _rows(actions: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return a row for each family, and a row for each of its actions."""
    family = ""
    for name, about in actions.items():
        if about["family"] != family:
            family = about["family"]
            yield Words(f"[{family}]", f"【{about['family_zh']}】"), "", ""
        takes = "\n".join(localized(_line(each)) for each in about["takes"])
        yield name, takes, Words(about["does"], about["does_zh"])


def _line(parameter: Mapping[str, Any]) -> Words:
    """Return a parameter as ``number: its number`` or ``[state=SUCCESS]: the state it ends in (SUCCESS, CLOSED)``."""
    name, default, choices = parameter["name"], parameter["default"], parameter["choices"]
    written = name if parameter["required"] else f"[{name}={default}]" if default else f"[{name}]"
    english, chinese = (f" ({', '.join(choices)})", f"（{'、'.join(choices)}）") if choices else ("", "")
    return Words(f"{written}: {parameter['about']}{english}", f"{written}：{parameter['about_zh']}{chinese}")
