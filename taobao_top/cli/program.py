"""The commands of ``taobao-top``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.commands import Group, root_options
from chainable.cli.sandboxes import needs_sandbox
from chainable.cli.shared import add_completion, add_demo, add_describe
from taobao_top.cli import sandboxes
from taobao_top.cli.doctor import doctor
from taobao_top.cli.requests import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.describe import Candidate, Description

__all__ = ["program"]

program = root_options(
    Group(
        "taobao-top",
        help="The Taobao Open Platform on the command line: try it, ask for it, find out what is wrong with it.",
        zh="淘宝开放平台命令行：试用、调用、排障。",
    )
)


def _demo() -> Callable[[Callable[[str], object]], int]:
    from taobao_top.demo import main

    needs_sandbox(sandboxes.load, sandboxes.ADVICE)
    return main


def _describe() -> Callable[[str], Description | list[Candidate]]:
    from taobao_top.describe import describe

    return describe


add_demo(program, _demo)
program.add_command(sandboxes.sandbox)
program.add_command(request)
program.add_command(doctor)
add_describe(
    program,
    _describe,
    en="Show a method: what it takes, what it gives, six ways to write it.\n\n"
    "QUERY is a name, a chain, a title or a part of any.",
    zh="查看接口：参数、返回与六种写法。\n\nQUERY 可以是接口名、链式写法、标题或其中一部分。",
)
add_completion(program, "taobao-top")
