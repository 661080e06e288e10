"""The commands of ``wechatpay``."""

from __future__ import annotations

from functools import partial

from chainable.cli.builtin_commands import add_completion, add_demo, add_describe
from chainable.cli.commands import Group, add_root_options
from chainable.cli.i18n import Words
from chainable.cli.sandbox_options import require_sandbox
from chainable.lazy import lazy_function
from wechatpay.cli import DISTRIBUTION
from wechatpay.cli.act import act
from wechatpay.cli.clock import clock
from wechatpay.cli.deliveries import deliveries, listen, trigger
from wechatpay.cli.doctor.command import doctor
from wechatpay.cli.files import bill, download
from wechatpay.cli.keys import certificates, decrypt, encrypt
from wechatpay.cli.notify import notify
from wechatpay.cli.reconcile import reconcile
from wechatpay.cli.request import request
from wechatpay.cli.sandbox import import_sandbox, sandbox
from wechatpay.cli.snapshots import restore, snapshot

__all__ = ["program"]


program = add_root_options(
    Group(
        "wechatpay",
        explain=lazy_function("wechatpay.reasons", "explain"),
        unset=("mchid_not_set",),
        help=Words(
            "WeChat Pay on the command line: calls, notifications, a local sandbox, diagnosis.",
            "微信支付命令行：调用、回调通知、本地沙箱、排障。",
        ),
        examples=(
            "wechatpay sandbox --automatic pay --write-env sandbox.env",
            "wechatpay describe 商家转账",
            "wechatpay doctor --env sandbox.env",
        ),
    )
)


add_demo(program, lazy_function("wechatpay.demo", "main"), partial(require_sandbox, import_sandbox, DISTRIBUTION))
for _command in (
    sandbox,
    request,
    certificates,
    download,
    bill,
    reconcile,
    encrypt,
    decrypt,
    notify,
    trigger,
    listen,
    deliveries,
    act,
    clock,
    snapshot,
    restore,
    doctor,
):
    program.add_command(_command)
add_describe(
    program,
    lazy_function("wechatpay.describe", "describe"),
    Words(
        "Show an operation or event: parameters, response, ways to write the call.\n\n"
        "QUERY is a path, a chain, an event type, a title or a part of one, or the name of a product.",
        "查看接口或通知：参数、返回、写法。\n\nQUERY 可以是路径、链式写法、事件类型、标题或其中一部分，也可以是产品名或常用说法。",
    ),
    ("wechatpay describe v3/pay/transactions/native", "wechatpay describe 商家转账"),
)
add_completion(program, "wechatpay")
