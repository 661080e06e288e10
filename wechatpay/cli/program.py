"""The commands of ``wechatpay``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.builtin_commands import add_completion, add_demo, add_describe
from chainable.cli.commands import Group, add_root_options
from chainable.cli.i18n import Words
from chainable.cli.sandbox_options import require_sandbox
from wechatpay.cli import DISTRIBUTION
from wechatpay.cli.act import act
from wechatpay.cli.deliveries import deliveries, listen, trigger
from wechatpay.cli.doctor.command import doctor
from wechatpay.cli.files import bill, download
from wechatpay.cli.keys import certificates, decrypt, encrypt
from wechatpay.cli.notify import notify
from wechatpay.cli.request import request
from wechatpay.cli.sandbox import import_sandbox, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.describe import Candidate, Description

__all__ = ["program"]


def _explain(error: Exception) -> Words:
    from wechatpay.cli.doctor.reasons import explain

    return explain(error)


program = add_root_options(
    Group(
        "wechatpay",
        explain=_explain,
        help=Words(
            "WeChat Pay on the command line: calls, notifications, a local sandbox, diagnosis.",
            "微信支付命令行：调用、回调通知、本地沙箱、排障。",
        ),
    )
)


def _demo() -> Callable[[Callable[[str], object]], int]:
    from wechatpay.demo import main

    require_sandbox(import_sandbox, DISTRIBUTION)
    return main


def _describe() -> Callable[[str], Description | list[Candidate]]:
    from wechatpay.describe import describe

    return describe


add_demo(program, _demo)
for _command in (
    sandbox,
    request,
    certificates,
    download,
    bill,
    encrypt,
    decrypt,
    notify,
    trigger,
    listen,
    deliveries,
    act,
    doctor,
):
    program.add_command(_command)
add_describe(
    program,
    _describe,
    Words(
        "Show an operation or event: parameters, response, six ways to write the call.\n\n"
        "QUERY is a path, a chain, an event type, a title, or a part of one.",
        "查看接口或通知：参数、返回、六种写法。\n\nQUERY 可以是路径、链式写法、事件类型、标题，或其中一部分。",
    ),
)
add_completion(program, "wechatpay")
