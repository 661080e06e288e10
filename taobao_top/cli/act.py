"""``taobao-top act``: do what buyers, sellers and the platform do at a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import field, frozen

from chainable.cli.act import act_command
from chainable.cli.commands import usage_error
from chainable.cli.i18n import Words
from chainable.cli.request_items import parse_literal
from chainable.cli.usage_errors import similar, suggest
from taobao_top.cli.control_client import ControlClient

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTIONS", "act"]


@frozen
class Action:
    """An action: verb and path of the control API, what it does, fixed values, the names of those that it needs."""

    verb: str
    path: str
    words: Words
    fixed: Mapping[str, Any] = field(factory=dict)
    needs: tuple[str, ...] = ()


_TRADE = ("tid",)
ACTIONS = {
    "add_trades": Action(
        "POST", "trades", Words("new orders: [count] [status] [payment] …", "新增订单：[count] [status] [payment] ……")
    ),
    "pay": Action("POST", "trades/{tid}/pay", Words("the buyer pays: tid", "买家付款：tid"), needs=_TRADE),
    "confirm": Action(
        "POST",
        "trades/{tid}",
        Words("the buyer confirms the receipt: tid", "买家确认收货：tid"),
        {"status": "TRADE_FINISHED"},
        _TRADE,
    ),
    "close": Action(
        "POST",
        "trades/{tid}",
        Words("the order is closed: tid", "订单关闭：tid"),
        {"status": "TRADE_CLOSED"},
        _TRADE,
    ),
    "change": Action(
        "POST", "trades/{tid}", Words("an order changes: tid NAME=VALUE …", "修改订单：tid 名称=值 ……"), needs=_TRADE
    ),
    "list_trades": Action("GET", "trades", Words("all orders", "全部订单")),
    "authorize": Action(
        "POST", "sessions", Words("a seller authorises: [user_id] [nick]", "卖家授权，返回 session：[user_id] [nick]")
    ),
    "code": Action("POST", "codes", Words("an authorisation code: [user_id] [nick]", "授权码：[user_id] [nick]")),
    "ban": Action(
        "POST", "bans", Words("calls are banned: seconds [method]", "限流禁用：seconds [method]"), needs=("seconds",)
    ),
    "unban": Action("DELETE", "bans", Words("bans end", "解除限流")),
    "limit": Action(
        "POST",
        "limits",
        Words("calls are limited: calls [seconds] [ban] [method]", "设置限流：calls [seconds] [ban] [method]"),
        needs=("calls",),
    ),
    "advance": Action("POST", "clock", Words("time passes: seconds", "时间推进：seconds"), needs=("seconds",)),
    "rotate": Action("POST", "secret", Words("a new key of encrypted data", "更换加密数据的密钥")),
    "drop": Action("DELETE", "connections", Words("message connections close: [hard]", "断开消息连接：[hard]")),
}
"""The actions by name."""


def _names(where: str) -> list[tuple[str, ...]]:
    ControlClient.connect(where).request("GET", "messages")  # a sandbox has to be there
    return [(name, action.words) for name, action in ACTIONS.items()]


def _perform(where: str, name: str, given: dict[str, str]) -> Any:
    action = ACTIONS.get(name)
    if action is None:
        message = Words(f"there is no action {name!r}.", f"没有操作 {name!r}。")
        raise click.UsageError(suggest(message, similar(name, ACTIONS)), click.get_current_context())
    missing = [each for each in action.needs if each not in given]
    if missing:
        listed = " ".join(f"{each}=…" for each in missing)
        raise usage_error(f"{name}: values are missing: {listed}", f"{name}：缺少 {listed}")
    tid = given.get("tid", "")
    inside = {each: parse_literal(value, float) for each, value in given.items() if each != "tid"}
    path = action.path.replace("{tid}", tid)
    return ControlClient.connect(where).request(action.verb, path, {**action.fixed, **inside})


act = act_command(
    Words(
        "Act as a buyer, a seller or the platform at a running sandbox: act pay tid=TID.\n\n"
        "Without ACTION, list the actions: add_trades, pay, confirm, authorize, ban, advance …",
        "在运行中的沙箱里代替买家、卖家或平台操作：act pay tid=交易号。\n\n"
        "不带 ACTION 则列出全部操作：add_trades、pay、confirm、authorize、ban、advance……",
    ),
    (
        "taobao-top act add_trades count=2 --sandbox top.env",
        "taobao-top act advance seconds=3600 --sandbox top.env",
        "taobao-top act --sandbox top.env",
    ),
    _names,
    _perform,
)
