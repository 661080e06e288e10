"""The commands of ``taobao-top``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.builtin_commands import add_completion, add_demo, add_describe
from chainable.cli.commands import Group, add_root_options
from chainable.cli.i18n import Words
from chainable.cli.sandbox_options import require_sandbox
from taobao_top.cli import DISTRIBUTION
from taobao_top.cli.doctor.command import doctor
from taobao_top.cli.request import request
from taobao_top.cli.sandbox import import_sandbox, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.describe import Candidate, Description

__all__ = ["program"]


def _explain(error: Exception) -> Words:
    from taobao_top.cli.doctor.reasons import explain

    return explain(error)


program = add_root_options(
    Group(
        "taobao-top",
        explain=_explain,
        help=Words(
            "The Taobao Open Platform on the command line: calls, a local sandbox, diagnosis.",
            "淘宝开放平台命令行：调用、本地沙箱、排障。",
        ),
    )
)


def _demo() -> Callable[[Callable[[str], object]], int]:
    from taobao_top.demo import main

    require_sandbox(import_sandbox, DISTRIBUTION)
    return main


def _describe() -> Callable[[str], Description | list[Candidate]]:
    from taobao_top.describe import describe

    return describe


add_demo(program, _demo)
program.add_command(sandbox)
program.add_command(request)
program.add_command(doctor)
add_describe(
    program,
    _describe,
    Words(
        "Show a method: parameters, response, six ways to write the call.\n\n"
        "QUERY is a name, a chain, a title, or a part of one.",
        "查看接口：参数、返回、六种写法。\n\nQUERY 可以是接口名、链式写法、标题，或其中一部分。",
    ),
)
add_completion(program, "taobao-top")
