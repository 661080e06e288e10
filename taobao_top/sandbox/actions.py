"""What buyers, sellers and the platform do: by which request of the control API, and in words of both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.i18n import Words
from chainable.sandbox.actions import in_both, parameter
from taobao_top.sandbox.faults import KINDS
from taobao_top.sandbox.trades import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTIONS", "CHOICES", "PARAMETERS", "Action", "described"]


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
    "status": Words("the state of the order", "交易状态"),
    "payment": Words("in yuan", "金额，单位元"),
    "NAME": Words("any member of an order", "订单的任意字段"),
    "user_id": Words("number of the seller", "卖家数字 ID"),
    "nick": Words("name of the seller", "卖家昵称"),
    "method": Words("an API; all without it", "接口名，缺省为全部"),
    "ban": Words("how long calls are banned then, seconds", "超限后禁用的秒数"),
    "calls": Words("how many within the seconds", "时间窗内的调用次数"),
    "hard": Words("true cuts them", "true 表示直接切断"),
    "kind": Words("which fault", "故障种类"),
    "match": Words("what requests say: tid=42…, payment>=100", "内容条件，如 tid=42…、payment>=100"),
    "code": Words("of error", "错误码"),
    "sub_code": Words("of error", "子错误码"),
    "times": Words("how often it applies, once by default", "生效次数，默认 1"),
    "after": Words("how many pass first", "先放过几次"),
    "topic": Words("such as taobao_trade_TradeBuyerPay", "如 taobao_trade_TradeBuyerPay"),
    "content": Words("JSON text", "JSON 文本"),
    "seconds": Words("how many", "秒数"),
}
"""What the parameters mean."""
CHOICES = {
    "status": STATUSES,
    "kind": tuple(KINDS),
    "hard": ("true", "false"),
}
"""The values that parameters can have."""
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
    "drop": Action("DELETE", "connections", Words("message connections close", "断开消息连接"), may=("hard",)),
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
    "reset": Action("POST", "reset", Words("all state is forgotten", "清空全部状态")),
}
"""The actions by name."""
_FAMILIES = {
    Words("Orders", "交易"): ("add_trades", "pay", "confirm", "close", "change", "list_trades"),
    Words("Authorisation", "授权"): ("authorize", "code"),
    Words("Messages", "消息"): ("publish", "drop"),
    Words("Limits and faults", "限流与故障"): ("ban", "unban", "limit", "fault", "clear_faults"),
    Words("The sandbox itself", "沙箱自身"): ("advance", "rotate", "reset"),
}


def described() -> dict[str, dict[str, Any]]:
    """
    Return what each action does and takes as JSON objects, each text in both languages, ordered by family.

    ``verb``, ``path`` and ``fixed`` say by which request, and with which members beside those given.
    """
    return {
        name: {
            **in_both("family", family),
            **in_both("does", ACTIONS[name].words),
            "verb": ACTIONS[name].verb,
            "path": ACTIONS[name].path,
            "fixed": dict(ACTIONS[name].fixed),
            "takes": [
                parameter(each, PARAMETERS[each], required=each in ACTIONS[name].needs, choices=CHOICES.get(each, ()))
                for each in (*ACTIONS[name].needs, *ACTIONS[name].may)
            ],
        }
        for family, names in _FAMILIES.items()
        for name in names
    }
