"""Commands that both command lines have: ``demo``, ``describe``, ``completion``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from chainable.cli.commands import Argument, Command, as_json, json_option
from chainable.cli.outcomes import NOTHING
from chainable.cli.output import console, put_json
from chainable.cli.words import Words, say
from chainable.describe import Candidate, Description

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.cli.commands import Group

__all__ = ["SHELLS", "add_completion", "add_demo", "add_describe"]

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


def add_demo(group: Group, load: Callable[[], Callable[[Callable[[str], object]], int]]) -> None:
    """Give a command line its ``demo``; *load* gives what runs it with what prints a line."""

    @group.command(
        "demo",
        help="Run the main job against a sandbox: one call in six forms, each checked.",
        zh="在沙箱里跑一遍主要流程：同一调用的六种写法，逐一核对。",
    )
    @json_option
    @click.pass_context
    def demo(context: click.Context) -> None:
        lines: list[str] = []
        wanted = as_json()
        code = load()(lines.append if wanted else click.echo)
        if wanted:
            put_json({"passed": code == 0, "lines": lines})
        context.exit(code)


def add_describe(
    group: Group, load: Callable[[], Callable[[str], Description | list[Candidate]]], **words: str
) -> None:
    """Give a command line its ``describe``; *load* gives what finds a description, *words* is its help."""

    @group.command("describe", help=words["en"], zh=words["zh"])
    @click.argument("query", nargs=-1, required=True, cls=Argument)
    @json_option
    @click.pass_context
    def describe(context: click.Context, query: tuple[str, ...]) -> None:
        text = " ".join(query)
        found = load()(text)
        if isinstance(found, Description):
            if as_json():
                put_json(found.to_json())
            else:
                found.to_terminal(console())
            return
        if as_json():
            rows = [{"key": each.key, "title": each.title, "name": each.name} for each in found]
            put_json({"candidates": rows})
        elif found:
            from chainable.describe.terminal import show_candidates

            show_candidates(found, console())
        else:
            say(Words(f"nothing is called {text!r}", f"没有找到 {text!r}"), err=True)
        if not found:
            context.exit(NOTHING)


def add_completion(group: Group, name: str) -> None:
    """Give a command line its ``completion``: prints the script that makes a shell complete it."""

    @group.command(
        "completion",
        cls=Command,
        help=f'Print the shell\'s completion script: eval "$({name} completion bash)".',
        zh=f'输出命令补全脚本：eval "$({name} completion bash)"。',
    )
    @click.argument("shell", type=click.Choice(list(SHELLS)), cls=Argument)
    def completion(shell: str) -> None:
        variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
        click.echo(SHELLS[shell](group, {}, name, variable).source())
