"""``wechatpay act``: what users and the platform do at a running sandbox."""

from __future__ import annotations

import click

from chainable.cli import values
from chainable.cli.commands import Argument, Command, Option, as_json, json_option
from chainable.cli.output import put_json, put_table
from chainable.cli.words import Words
from wechatpay.cli.desk import Desk

__all__ = ["act"]


@click.command(
    "act",
    cls=Command,
    help="Do at a running sandbox what users and the platform do: act pay number=ORDER.\n\n"
    "Without ACTION: what there is. pay, finish_refund, confirm_transfer, sign_contract, rotate, down …",
    zh="在运行中的沙箱里代替用户或平台操作：act pay number=订单号。\n\n"
    "不给 ACTION 则列出全部：pay、finish_refund、confirm_transfer、sign_contract、rotate、down……",
)
@click.argument("action", required=False, cls=Argument)
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...", cls=Argument)
@click.option(
    "--sandbox",
    "where",
    required=True,
    cls=Option,
    help="A running sandbox: its URL, or the env file it wrote.",
    zh="正在运行的沙箱：其地址，或它写出的 env 文件。",
)
@json_option
def act(action: str | None, arguments: tuple[str, ...], *, where: str) -> None:
    """List the actions, or do one."""
    desk = Desk.of(where)
    if action is None:
        names = desk.ask("GET", "actions")["actions"]
        if as_json():
            put_json({"actions": names})
        else:
            put_table("", (Words("action", "操作"),), [(name,) for name in names])
        return
    put_json(desk.ask("POST", f"actions/{action}", values.pairs(arguments, "NAME=VALUE"))["result"])
