"""``wechatpay act``: do what users and the platform do at a running sandbox."""

from __future__ import annotations

from chainable.cli.commands import argument, as_json, command, json_option
from chainable.cli.i18n import Words
from chainable.cli.output import print_json, print_table
from chainable.cli.request_items import parse_pairs
from wechatpay.cli.client_options import sandbox_option
from wechatpay.cli.control_client import ControlClient

__all__ = ["act"]


@command(
    "act",
    help=Words(
        "Act as a user or the platform at a running sandbox: act pay number=ORDER.\n\n"
        "Without ACTION, list the actions: pay, finish_refund, confirm_transfer, sign_contract, rotate, down …",
        "在运行中的沙箱里代替用户或平台操作：act pay number=订单号。\n\n"
        "不带 ACTION 则列出全部操作：pay、finish_refund、confirm_transfer、sign_contract、rotate、down……",
    ),
    examples=(
        "wechatpay act pay number=order-1 --sandbox sandbox.env",
        "wechatpay act --sandbox sandbox.env",
    ),
)
@argument("action", required=False)
@argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@sandbox_option(required=True)
@json_option
def act(action: str | None, arguments: tuple[str, ...], *, where: str) -> None:
    """List the actions, or perform one."""
    control = ControlClient.connect(where)
    if action is None:
        names = control.request("GET", "actions")["actions"]
        if as_json():
            print_json({"actions": names})
        else:
            print_table("", (Words("action", "操作"),), [(name,) for name in names])
        return
    print_json(control.request("POST", f"actions/{action}", parse_pairs(arguments, "NAME=VALUE"))["result"])
