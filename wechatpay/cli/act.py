"""``wechatpay act``: do what users and the platform do at a running sandbox."""

from __future__ import annotations

from chainable.cli.act import act_command
from chainable.cli.i18n import Words
from wechatpay.cli.control_client import ControlClient

__all__ = ["act"]

act = act_command(
    Words(
        "Act as a user or the platform at a running sandbox: act pay number=ORDER.\n\n"
        "Without ACTION, list the actions: pay, finish_refund, confirm_transfer, sign_contract, rotate, down …",
        "在运行中的沙箱里代替用户或平台操作：act pay number=订单号。\n\n"
        "不带 ACTION 则列出全部操作：pay、finish_refund、confirm_transfer、sign_contract、rotate、down……",
    ),
    ("wechatpay act pay number=order-1 --sandbox sandbox.env", "wechatpay act --sandbox sandbox.env"),
    ControlClient.connect,
    lambda sandbox, action, _about, values: sandbox.request("POST", f"actions/{action}", values)["result"],
)
