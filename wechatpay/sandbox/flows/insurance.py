"""Insurance: orders of shared power banks, and contracts that renew themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

routes = Routes()

ORDER = "insurance order"
CONTRACT = "insurance contract"
PRE_SIGN = "v3/papay/insurance-sign/contracts/pre-entrust-sign"


@routes.on("POST v3/hire-power-bank/insurance-orders")
def create_order(platform: Platform, call: Call) -> dict[str, Any]:
    """Create an order; the same number with other parameters is refused."""
    sent = dict(call.body)
    number = sent.get("out_order_no") or ""
    if not number:
        raise Refusal.of_field("body", "/out_order_no", "required, but missing or empty")
    known = platform.ledger.get(ORDER, number)
    if known is not None:
        if known["sent"] != sent:
            raise Refusal(
                400, "INVALID_REQUEST", f"the order {number} exists with other parameters"
            )
        return platform.answer(call, known["order"])
    now = platform.now()
    order = {
        "order_id": digits(28, platform.account.mchid, number),
        "out_order_no": number,
        "openid": sent.get("openid", ""),
        "max_claim_count": 1,
        "claimed_count": 0,
        "order_receive_time": now.isoformat(timespec="seconds"),
        "order_begin_time": now.isoformat(timespec="seconds"),
        "order_end_time": (now + timedelta(days=1)).isoformat(timespec="seconds"),
        "order_receive_state": "RECEIVED",
    }
    platform.ledger.put(ORDER, number, {"sent": sent, "order": order}, day=platform.day())
    return platform.answer(call, order)


@routes.on("GET v3/hire-power-bank/insurance-orders/{out_order_no}")
def query_order(platform: Platform, call: Call) -> dict[str, Any]:
    """The order as it stands."""
    number = call["out_order_no"]
    known = platform.ledger.get(ORDER, number)
    if known is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"there is no insurance order {number}")
    return platform.answer(call, known["order"])


@routes.on(*(f"POST {PRE_SIGN}/{kind}" for kind in ("app", "h5", "jsapi", "mini-program")))
def pre_sign(platform: Platform, call: Call) -> dict[str, Any]:
    """Prepare a contract; the user signs it behind the link."""
    sent = dict(call.body)
    code = str(sent["out_contract_code"])
    contract = {
        "mchid": platform.account.mchid,
        "contract_id": digits(18, platform.account.mchid, code),
        "appid": sent.get("appid"),
        "plan_id": sent["plan_id"],
        "out_contract_code": code,
        "insured_display_name": sent.get("insured_display_name"),
        "contract_state": "SIGNED",
        "contract_signed_time": platform.stamp(),
        "contract_expired_time": f"{sent.get('policy_end_date')}T23:59:59+08:00",
        "openid": sent.get("openid") or "o" + letters(27, code),
        "out_user_code": sent.get("out_user_code"),
    }
    platform.ledger.put(
        CONTRACT,
        code,
        {
            "contract": contract,
            "policy_periods": sent.get("policy_periods"),
            "notify_url": sent.get("contract_notify_url"),
        },
        contract["contract_id"],
        day=platform.day(),
    )
    return platform.answer(call, {})
