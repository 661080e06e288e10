"""Commands of both command lines: ``demo``, ``describe``, ``completion``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from chainable.cli.commands import argument, as_json, json_option, option
from chainable.cli.exit_codes import NOT_FOUND
from chainable.cli.i18n import Words, echo, localized
from chainable.cli.output import console, print_json
from chainable.describe import Candidate, Description

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainable.cli.commands import Group

__all__ = ["SHELLS", "add_completion", "add_demo", "add_describe"]

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


_RESULTS = 10
"""The number of results that a search shows without ``--all``."""


def add_demo(group: Group, run: Callable[[Callable[[str], object]], int], check: Callable[[], object]) -> None:
    """Add ``demo``; *run* takes the function that prints a line, after *check* found the sandbox."""

    @group.command(
        "demo",
        help=Words(
            "Make one call against a sandbox in all six forms, and check the results.",
            "用六种写法在沙箱中发起同一调用，并逐一核对结果。",
        ),
        examples=(f"{group.name} demo",),
    )
    @json_option
    @click.pass_context
    def demo(context: click.Context) -> None:
        lines: list[str] = []
        check()
        code = run((lambda line: lines.append(localized(line))) if as_json() else echo)
        if as_json():
            print_json({"passed": code == 0, "lines": lines})
        context.exit(code)


def add_describe(
    group: Group,
    look_up: Callable[[str, int | None], Description | list[Candidate]],
    words: Words,
    examples: Sequence[str],
) -> None:
    """Add ``describe`` with *words* as its help; *look_up* finds all that a query names."""

    @group.command("describe", help=words, examples=examples)
    @argument("query", nargs=-1, required=True)
    @option(
        "--all",
        "whole",
        is_flag=True,
        help=Words(
            "Show all results of a search; of one operation all ways to write the call, all values and error codes.",
            "显示全部搜索结果；对单个接口，显示全部写法、可选值与错误码。",
        ),
    )
    @json_option
    @click.pass_context
    def describe(context: click.Context, query: tuple[str, ...], *, whole: bool) -> None:
        from chainable.cli.describe import print_candidates, print_description

        text = " ".join(query)
        found = look_up(text, None)
        limit = None if whole else _RESULTS
        if isinstance(found, Description):
            if as_json():
                print_json(found.to_json())
            else:
                print_description(found, console(), whole=whole)
            return
        near = bool(found) and found[0].near
        if as_json():
            names = ("key", "title", "name", "product")
            shown = [{name: getattr(each, name) for name in names} for each in found[:limit]]
            print_json({"candidates": shown, "total": len(found), "near": near})
        elif found:
            if near:
                echo(
                    Words(
                        f"nothing has the name {text!r} or a part of it; similar are:",
                        f"没有名称或标题包含 {text!r} 的接口，相近的有：",
                    ),
                    err=True,
                )
            print_candidates(found, console(), limit=limit)
        else:
            echo(Words(f"nothing found for {text!r}", f"没有找到 {text!r}"), err=True)
        if near or not found:
            context.exit(NOT_FOUND)


def add_completion(group: Group, name: str) -> None:
    """Add ``completion``, which prints a shell's completion script."""

    @group.command(
        "completion",
        help=Words(
            f'Print the completion script of a shell: eval "$({name} completion bash)".',
            f'输出命令补全脚本：eval "$({name} completion bash)"。',
        ),
        examples=(f'eval "$({name} completion bash)"', f"{name} completion fish | source"),
    )
    @argument("shell", type=click.Choice(list(SHELLS)))
    def completion(shell: str) -> None:
        variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
        click.echo(SHELLS[shell](group, {}, name, variable).source())
