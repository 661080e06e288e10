"""Profit sharing: who may receive a part, and how much of an order may be shared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows.objects import chosen
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BASES", "account_of", "known", "ratio_of", "routes", "scope_of"]

routes = Routes()

RECEIVER = "profit sharing receiver"
RATIO = "profit sharing ratio"
BASES = ("v3/profitsharing", "v3/brand/profitsharing", "v3/ecommerce/profitsharing")
FIRST = frozenset({"/MERCHANT_ID/1900000119"})
"""The receiver that the sandbox's merchant has from the start; every other one is a stranger until it is added."""
MOST = 3000
"""The largest ratio of an order that is shared, in ten thousandths, unless the merchant has another one."""


def scope_of(call: ReceivedCall) -> str:
    """Return among whose receivers those of a request are: a brand's, a marketplace's, a sub-merchant's or one's own."""
    path = call.operation.path
    if path.startswith("v3/brand"):
        return f"brand {call.body.get('brand_mchid')}"
    if path.startswith("v3/ecommerce"):
        return "ecommerce"
    return str(call.body.get("sub_mchid") or call.body.get("sub_mch_id") or "")


def account_of(receiver: Mapping[str, Any]) -> str:
    """Return the account of a receiver, which has a name for each product."""
    return str(receiver.get("account") or receiver.get("receiver_account") or receiver.get("receiver_mchid"))


def key_of(scope: str, receiver: Mapping[str, Any]) -> str:
    """Return the id in the store of a receiver."""
    return f"{scope}/{receiver.get('type') or 'MERCHANT_ID'}/{account_of(receiver)}"


def known(context: SandboxContext, scope: str, receiver: Mapping[str, Any]) -> bool:
    """Return whether a receiver was added, and not deleted since."""
    key = key_of(scope, receiver)
    found = context.store.get(RECEIVER, key)
    return key in FIRST if found is None else bool(found)


def add(context: SandboxContext, call: ReceivedCall, receiver: Mapping[str, Any]) -> None:
    """Add a receiver; of its name nothing is kept."""
    kept = {"scope": scope_of(call), "account": account_of(receiver)}
    kept |= chosen(receiver, "type", "relation_type", "custom_relation")
    context.store.put(RECEIVER, key_of(scope_of(call), receiver), kept)


@routes.on(*(f"POST {base}/receivers/add" for base in BASES))
def add_receiver(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add a receiver."""
    add(context, call, call.body)
    return context.respond(call, dict(call.body))


@routes.on(*(f"POST {base}/receivers/delete" for base in BASES))
def delete_receiver(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Allow it no longer."""
    context.store.put(RECEIVER, key_of(scope_of(call), call.body), {})
    return context.respond(call, dict(call.body))


@routes.on("POST v2/pay/profitsharingaddreceiver", "POST v2/pay/profitsharingremovereceiver")
def receiver_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Add or remove a receiver, v2."""
    try:
        receiver = dict(json.loads(call.body["receiver"]))
    except (TypeError, ValueError, RecursionError):
        raise Refusal(200, "PARAM_ERROR", "分账接收方格式错误：应为JSON对象，含type与account") from None
    if call.operation.path.endswith("addreceiver"):
        add(context, call, receiver)
    else:
        context.store.put(RECEIVER, key_of(scope_of(call), receiver), {})
    told = json.dumps(chosen(receiver, "type", "account"), ensure_ascii=False)
    return context.respond(call, {"receiver": told})


# how much


def ratio_of(context: SandboxContext, mchid: str) -> int:
    """Return the largest part of an order that a merchant number shares, in ten thousandths."""
    kept = context.store.get(RATIO, mchid)
    return MOST if kept is None else int(kept["max_ratio"])


@routes.action("set_sharing_ratio", "更改商户的最大分账比例（默认 30%），如同在商户平台上设置。")
def set_ratio(context: SandboxContext, number: str, ratio: str) -> int:
    """Let a merchant share another part of its orders than 30 %: the setting of its console."""
    if not (ratio.isascii() and ratio.isdigit() and int(ratio) <= 10_000):
        raise ValueError(
            Words(f"ratio: {ratio!r} is none of 0 to 10000", f"ratio：{ratio!r} 应为 0 到 10000 的整数（万分比）")
        )
    context.store.put(RATIO, number, {"max_ratio": int(ratio)})
    return int(ratio)


@routes.on(
    "GET v3/profitsharing/merchant-configs/{sub_mchid}",
    "GET v3/brand/profitsharing/brand-configs/{brand_mchid}",
    "POST v2/pay/profitsharingmerchantratioquery",
)
def query_ratio(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the largest part of an order that is shared."""
    names = ("brand_mchid", "sub_mchid", "brand_mch_id", "sub_mch_id")
    told = {name: str(call[name]) for name in names if call.get(name)}
    mchid = next(iter(told.values()), context.account.mchid)
    return context.respond(call, {**told, "max_ratio": ratio_of(context, mchid)})
