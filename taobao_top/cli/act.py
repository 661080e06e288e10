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
    """An action: verb and path of the control API, what it does, fixed values, the names that it needs and may have."""

    verb: str
    path: str
    words: Words
    fixed: Mapping[str, Any] = field(factory=dict)
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


PARAMETERS = {
    "tid": Words("number of the order", "交易号"),
    "count": Words("how many, 1 by default", "数量，默认 1"),
    "status": Words("such as WAIT_BUYER_PAY", "如 WAIT_BUYER_PAY"),
    "payment": Words("in yuan", "金额，单位元"),
    "NAME": Words("any member of an order", "订单的任意字段"),
    "user_id": Words("number of the seller", "卖家数字 ID"),
    "nick": Words("name of the seller", "卖家昵称"),
    "method": Words("an API; all without it", "接口名，缺省为全部"),
    "ban": Words("how long calls are banned then, seconds", "超限后禁用的秒数"),
    "calls": Words("how many within the seconds", "时间窗内的调用次数"),
    "hard": Words("true cuts them", "true 表示直接切断"),
    "kind": Words("error, latency, reset, lost, late, doubled …", "如 error、latency、reset、lost、late、doubled"),
    "match": Words("tid=42…, payment>=100", "tid=42…, payment>=100"),
    "code": Words("of error", "错误码"),
    "sub_code": Words("of error", "子错误码"),
    "times": Words("how often it applies, once by default", "生效次数，默认 1"),
    "after": Words("how many pass first", "先放过几次"),
    "topic": Words("such as taobao_trade_TradePaid", "如 taobao_trade_TradePaid"),
    "content": Words("JSON text", "JSON 文本"),
    "seconds": Words("how many", "秒数"),
}
"""What the parameters mean."""
_TRADE = ("tid",)
_SELLER = ("user_id", "nick")
ACTIONS = {
    "add_trades": Action("POST", "trades", Words("new orders", "新增订单"), may=("count", "status", "payment", "NAME")),
    "pay": Action("POST", "trades/{tid}/pay", Words("the buyer pays", "买家付款"), needs=_TRADE),
    "confirm": Action(
        "POST",
        "trades/{tid}",
        Words("the buyer confirms the receipt", "买家确认收货"),
        {"status": "TRADE_FINISHED"},
        _TRADE,
    ),
    "close": Action(
        "POST", "trades/{tid}", Words("the order is closed", "订单关闭"), {"status": "TRADE_CLOSED"}, _TRADE
    ),
    "change": Action(
        "POST", "trades/{tid}", Words("an order changes", "修改订单"), needs=_TRADE, may=("status", "payment", "NAME")
    ),
    "list_trades": Action("GET", "trades", Words("all orders", "全部订单")),
    "authorize": Action("POST", "sessions", Words("a seller authorises", "卖家授权，返回 session"), may=_SELLER),
    "code": Action("POST", "codes", Words("an authorisation code", "授权码"), may=_SELLER),
    "publish": Action(
        "POST", "messages", Words("a message is sent", "推送一条消息"), needs=("topic",), may=("content",)
    ),
    "ban": Action("POST", "bans", Words("calls are banned", "限流禁用"), needs=("seconds",), may=("method",)),
    "unban": Action("DELETE", "bans", Words("bans end", "解除限流")),
    "limit": Action(
        "POST", "limits", Words("calls are limited", "设置限流"), needs=("calls",), may=("seconds", "ban", "method")
    ),
    "fault": Action(
        "POST",
        "faults",
        Words("a fault is in force", "添加故障"),
        needs=("kind",),
        may=("method", "match", "code", "sub_code", "times", "after", "seconds"),
    ),
    "clear_faults": Action("DELETE", "faults", Words("faults end", "移除全部故障")),
    "advance": Action("POST", "clock", Words("time passes", "时间推进"), needs=("seconds",)),
    "rotate": Action("POST", "secret", Words("a new key of encrypted data", "更换加密数据的密钥")),
    "drop": Action("DELETE", "connections", Words("message connections close", "断开消息连接"), may=("hard",)),
    "reset": Action("POST", "reset", Words("all state is forgotten", "清空全部状态")),
}
"""The actions by name."""


def _names(where: str) -> list[tuple[str, str, str]]:
    ControlClient.connect(where).request("GET", "messages")  # a sandbox has to be there
    return [(name, _takes(action), action.words) for name, action in ACTIONS.items()]


def _takes(action: Action) -> Words:
    """Return the parameters of an action, a line for each."""
    named = [*((name, name) for name in action.needs), *((f"[{name}]", name) for name in action.may)]
    english = "\n".join(f"{shown}: {PARAMETERS[name]}" for shown, name in named)
    return Words(english, "\n".join(f"{shown}：{PARAMETERS[name].zh}" for shown, name in named))


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
