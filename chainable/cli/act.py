"""The command ``act`` of both command lines: do what users and the platform do at a running sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import argument, as_json, command, json_option
from chainable.cli.control_client import sandbox_option
from chainable.cli.i18n import Words, echo, localized
from chainable.cli.output import print_json, print_table
from chainable.cli.request_items import parse_pairs
from chainable.cli.usage_errors import similar, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainable.cli.commands import Command
    from chainable.cli.control_client import ControlClient

__all__ = ["act_command"]

_SHOWN = re.compile(r"(?:^|.*_)(?:no|id|tid|serial|code|kind|state|status|total|amount|payment|refund|ahead)")
"""The members of a result that are printed: what identifies it, where it stands, its amount."""


def act_command(
    words: Words,
    examples: Sequence[str],
    connect: Callable[[str], ControlClient],
    perform: Callable[[ControlClient, str, Mapping[str, Any], dict[str, str]], Any],
) -> Command:
    """
    Make the command.

    Args:
        words: Its help.
        examples: Its examples.
        connect: Returns a client of the sandbox at a place.
        perform: Performs an action, as the sandbox describes it, with these values, and returns its result.
    """

    @command("act", words, examples)
    @argument("action", required=False)
    @argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
    @sandbox_option(required=True)
    @json_option
    def act(action: str | None, arguments: tuple[str, ...], *, where: str) -> None:
        given = parse_pairs(arguments, "NAME=VALUE")
        sandbox = connect(where)
        actions = sandbox.request("GET", "actions")["described"]
        if action is not None:
            if action not in actions:
                raise click.UsageError(_unknown(action, actions), click.get_current_context())
            result = perform(sandbox, action, actions[action], given)
            if as_json():
                print_json(result)
            else:
                _print_result(action, actions[action], result)
        elif as_json():
            taken = {name: [localized(_line(each)) for each in about["takes"]] for name, about in actions.items()}
            print_json({"actions": list(actions), "takes": taken})
        else:
            headings = (Words("action", "操作"), Words("what it takes", "参数"), Words("what it does", "说明"))
            print_table("", headings, _rows(actions))

    return act


def _unknown(action: str, actions: Mapping[str, Any]) -> Words:
    message = Words(f"there is no action {action!r}.", f"没有操作 {action!r}。")
    names = similar(action, actions)
    if names:
        return suggest(message, names)
    return Words(f"{message} Without ACTION, all are listed.", f"{message.zh}不带 ACTION 可列出全部操作。")


def _print_result(action: str, about: Mapping[str, Any], result: Any) -> None:
    """Print what an action does, and a line on each thing it changed: its numbers, state and amount."""
    echo(Words(f"{action}: {about['does']}", f"{action}：{about['does_zh']}"))
    for each in result if isinstance(result, list) else [result]:
        if isinstance(each, dict):
            shown = {name: value for name, value in each.items() if _SHOWN.fullmatch(name) and not _nothing(value)}
            text = "  ".join(f"{name}={value}" for name, value in shown.items())
        else:
            text = "" if _nothing(each) else str(each)
        if text:
            click.echo(f"  {text}")


def _nothing(value: Any) -> bool:
    """Return whether a value of a result says nothing in a line: none, zero, or a part with members of its own."""
    return not value or isinstance(value, dict | list)


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
