"""The commands of ``taobao-top``."""

from __future__ import annotations

from functools import partial

from chainable.cli.builtin_commands import add_completion, add_demo, add_describe
from chainable.cli.commands import Group, add_root_options
from chainable.cli.i18n import Words
from chainable.cli.sandbox_options import require_sandbox
from chainable.lazy import lazy_function
from taobao_top.cli import DISTRIBUTION
from taobao_top.cli.act import act
from taobao_top.cli.clock import clock
from taobao_top.cli.deliveries import deliveries, listen, trigger
from taobao_top.cli.doctor.command import doctor
from taobao_top.cli.login import login
from taobao_top.cli.request import request
from taobao_top.cli.sandbox import import_sandbox, sandbox
from taobao_top.cli.snapshots import restore, snapshot

__all__ = ["program"]


program = add_root_options(
    Group(
        "taobao-top",
        explain=lazy_function("taobao_top.reasons", "explain"),
        unset=("app_key_missing",),
        help=Words(
            "The Taobao Open Platform on the command line: calls, messages, log-in, a local sandbox, diagnosis.",
            "淘宝开放平台命令行：调用、消息、授权、本地沙箱、排障。",
        ),
        examples=(
            "taobao-top sandbox --write-env top.env",
            "taobao-top describe 发货",
            "taobao-top request taobao.time.get --env top.env",
        ),
    )
)


add_demo(program, lazy_function("taobao_top.demo", "main"), partial(require_sandbox, import_sandbox, DISTRIBUTION))
for _command in (sandbox, request, login, trigger, listen, deliveries, act, clock, snapshot, restore, doctor):
    program.add_command(_command)
add_describe(
    program,
    lazy_function("taobao_top.describe", "describe"),
    Words(
        "Show a method: parameters, response, ways to write the call.\n\n"
        "QUERY is a name, a chain, a title or a part of one, or a common Chinese word.",
        "查看接口：参数、返回、写法。\n\nQUERY 可以是接口名、链式写法、标题或其中一部分，也可以是常用说法，如“发货”。",
    ),
    ("taobao-top describe taobao.time.get", "taobao-top describe 发货"),
)
add_completion(program, "taobao-top")
