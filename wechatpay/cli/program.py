"""The commands of ``wechatpay``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.commands import Group, root_options
from chainable.cli.sandboxes import needs_sandbox
from chainable.cli.shared import add_completion, add_demo, add_describe
from wechatpay.cli import sandboxes
from wechatpay.cli.acting import act
from wechatpay.cli.deliveries import deliveries, listen, trigger
from wechatpay.cli.doctor import doctor
from wechatpay.cli.files import bill, download
from wechatpay.cli.keys import certificates, decrypt, encrypt
from wechatpay.cli.notify import notify
from wechatpay.cli.requests import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.describe import Candidate, Description

__all__ = ["program"]


program = root_options(
    Group(
        "wechatpay",
        help="WeChat Pay on the command line: try it, ask for it, find out what is wrong with it.",
        zh="微信支付命令行：试用、调用、排障。",
    )
)


def _demo() -> Callable[[Callable[[str], object]], int]:
    from wechatpay.demo import main

    needs_sandbox(sandboxes.load, sandboxes.ADVICE)
    return main


def _describe() -> Callable[[str], Description | list[Candidate]]:
    from wechatpay.describe import describe

    return describe


add_demo(program, _demo)
for _command in (
    sandboxes.sandbox,
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
    en="Show an operation or event: what it takes, what it gives, six ways to write it.\n\n"
    "QUERY is a path, a chain, an event type, a title or a part of any.",
    zh="查看接口或通知：参数、返回与六种写法。\n\nQUERY 可以是路径、链式写法、事件类型、标题或其中一部分。",
)
add_completion(program, "wechatpay")
