"""
Settlement accounts of sub-merchants: what is known, another one applied for, reviewed.

Official page: https://pay.weixin.qq.com/doc/v3/partner/4012697715
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.states_applications import SETTLEMENT
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

ALTERATIONS = Objects(
    Words("settlement account", "结算账户修改申请单"),
    "application_no",
    state="verify_result",
    states=SETTLEMENT,
    missing="RESOURCE_NOT_EXISTS",
)
CURRENT = "settlement account in force"
BASE = "v3/apply4sub/sub_merchants/{sub_mchid}"
KEPT = ("account_type", "account_bank", "bank_name", "bank_branch_id")
FIRST = {
    "account_type": "ACCOUNT_TYPE_BUSINESS",
    "account_bank": "工商银行",
    "account_number": "62*************78",
}


def masked(number: str) -> str:
    """Return an account number as the platform tells it: its first and last two digits."""
    return number[:2] + "*" * max(len(number) - 4, 0) + number[-2:]


@routes.on(f"POST {BASE}/modify-settlement")
def modify(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Apply for another account, which is reviewed."""
    sub_mchid = call.variables["sub_mchid"]
    number = f"1{digits(17, 'settlement', sub_mchid, str(context.clock()))}"
    entry = {
        **chosen(call.body, *KEPT),
        "application_no": number,
        "sub_mchid": sub_mchid,
        "account_number": masked(str(call.body["account_number"])),
        "verify_result": "AUDITING",
        "verify_fail_reason": None,
        "verify_finish_time": None,
    }
    ALTERATIONS.save(context, entry)
    return context.respond(call, entry)


@routes.on(f"GET {BASE}/application/{{application_no}}")
def application(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application as it stands."""
    return context.respond(call, ALTERATIONS.find(context, call.variables["application_no"]))


@routes.on(f"GET {BASE}/settlement")
def settlement(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the account in force."""
    known = context.store.get(CURRENT, call.variables["sub_mchid"]) or FIRST
    return context.respond(call, {**known, "verify_result": "VERIFY_SUCCESS", "verify_fail_reason": None})


@routes.action("review_settlement")
def review(context: SandboxContext, number: str, change: str = "pass", *, reason: str = "") -> dict[str, Any]:
    """Let another settlement account ``pass``, or ``reject`` it with a ``reason``; ``number`` is its application_no."""
    with context.change():
        at = context.stamp()
        if change not in SETTLEMENT.transitions:
            raise ValueError(
                Words(
                    f"an application is reviewed with pass or reject, not with {change}",
                    f"审核操作应为 pass 或 reject，不能是 {change}",
                )
            )
        entry = ALTERATIONS.change(context, number, change, verify_finish_time=at)
        if change == "pass":
            context.store.put(CURRENT, entry["sub_mchid"], chosen(entry, *KEPT, "account_number"))
        else:
            entry["verify_fail_reason"] = reason or "银行卡户名与证件姓名不一致"
            ALTERATIONS.save(context, entry)
        return entry
