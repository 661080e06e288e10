"""Sub-merchants: made at the end of an application, or by hand; their settlement accounts and what they turn on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_applyment import SETTLEMENT_CHANGE, SUB_MERCHANT
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["SUB_MERCHANTS", "account_of", "add", "routes"]

routes = Routes()

SUB_MERCHANTS = Objects(Words("sub-merchant", "特约商户"), "sub_mchid", states=SUB_MERCHANT)
CHANGES = Objects(
    Words("settlement change", "结算账户修改申请"), "application_no", state="verify_result", states=SETTLEMENT_CHANGE
)
SETTLEMENT = "v3/apply4sub/sub_merchants/{sub_mchid}"
GOLD_PLAN = "v3/goldplan/merchants"
V1, V2 = (2, 2), (6, 4)
"""The digits of an account that each ``account_number_rule`` shows, at its beginning and at its end."""
TYPES = {
    "74": "ACCOUNT_TYPE_BUSINESS",
    "75": "ACCOUNT_TYPE_PRIVATE",
    "BANK_ACCOUNT_TYPE_CORPORATE": "ACCOUNT_TYPE_BUSINESS",
    "BANK_ACCOUNT_TYPE_PERSONAL": "ACCOUNT_TYPE_PRIVATE",
}
"""The types of accounts in applications, as settlement accounts call them."""


def masked(number: str, shown: tuple[int, int]) -> str:
    """Return an account number with only its first and last digits."""
    first, last = shown
    return number[:first] + "*" * max(len(number) - first - last, 0) + number[-last:]


def account_of(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a settlement account as it is stored: its number masked, the first character of its name."""
    kind = str(sent.get("account_type") or sent.get("bank_account_type"))
    return {
        "account_type": TYPES.get(kind, kind),
        **chosen(sent, "account_bank", "bank_name", "bank_branch_id"),
        "account_number": masked(str(sent.get("account_number", "")), V2),
        "account_name": str(sent.get("account_name", ""))[:1] + "*",
    }


def add(context: SandboxContext, name: str, account: Mapping[str, Any], *parts: str) -> str:
    """Make a sub-merchant with its short name and settlement account, and return its number; *parts* make it unique."""
    number = "16" + digits(9, "sub-merchant", context.account.mchid, *parts)[1:]
    enrol(context, number, name, account)
    return number


def enrol(context: SandboxContext, number: str, name: str, account: Mapping[str, Any]) -> dict[str, Any]:
    """Store a new sub-merchant."""
    made = {
        "sub_mchid": number,
        "merchant_shortname": name,
        "state": SUB_MERCHANT.first[0],
        "authorized": False,
        "settlement": {**account, "verify_result": "VERIFY_SUCCESS"},
        "gold_plan": {},
    }
    SUB_MERCHANTS.save(context, made)
    return made


@routes.action("add_sub_merchant", "不经进件，直接添加一个特约商户。")
def add_by_hand(context: SandboxContext, number: str, name: str = "沙箱特约商户") -> dict[str, Any]:
    """Add a sub-merchant with this number without an application."""
    with context.change():
        if SUB_MERCHANTS.get(context, number) is not None:
            raise ValueError(Words(f"there is a sub-merchant {number} already", f"特约商户 {number} 已存在"))
        account = {
            "bank_account_type": "74",
            "account_bank": "工商银行",
            "account_number": digits(19, number),
            "account_name": name,
        }
        return enrol(context, number, name, account_of(account))


@routes.on(f"GET {SETTLEMENT}/settlement")
def settlement(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the settlement account of a sub-merchant."""
    account = SUB_MERCHANTS.find(context, call.variables["sub_mchid"])["settlement"]
    return context.respond(call, shown(call, account, "account_type", "verify_result", "verify_fail_reason"))


def shown(call: ReceivedCall, account: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return these members of an account, and its number masked as the request asks."""
    rule = V2 if call.query.get("account_number_rule") == "ACCOUNT_NUMBER_RULE_MASK_V2" else V1
    number = masked(account["account_number"], rule)
    return {**chosen(account, "account_bank", "bank_name", "bank_branch_id", *names), "account_number": number}


@routes.on(f"POST {SETTLEMENT}/modify-settlement")
def modify(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Apply for another settlement account; one application at a time."""
    merchant = SUB_MERCHANTS.find(context, call.variables["sub_mchid"])
    pending = CHANGES.get(context, merchant.get("change", ""))
    if pending is not None and pending["verify_result"] == "AUDITING":
        raise Refusal(400, "INVALID_REQUEST", "结算账户修改申请正在审核中，请勿重复提交")
    count = merchant["changes"] = merchant.get("changes", 0) + 1
    number = digits(15, "settlement", merchant["sub_mchid"], str(count))
    change = {
        "application_no": number,
        "sub_mchid": merchant["sub_mchid"],
        **account_of(call.body),
        "verify_result": SETTLEMENT_CHANGE.first[0],
    }
    CHANGES.save(context, change)
    merchant["change"] = number
    SUB_MERCHANTS.save(context, merchant)
    return context.respond(call, {"application_no": number})


@routes.on(f"GET {SETTLEMENT}/application/{{application_no}}")
def application(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an application for another settlement account."""
    change = CHANGES.find(context, call.variables["application_no"])
    if change["sub_mchid"] != call.variables["sub_mchid"]:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "申请单不存在")
    names = ("account_type", "account_name", "verify_result", "verify_fail_reason", "verify_finish_time")
    return context.respond(call, shown(call, change, *names))


@routes.action("review_settlement", "审核结算账户修改申请：通过或驳回。")
def review(context: SandboxContext, number: str, reject: str = "") -> dict[str, Any]:
    """Decide about an application for another settlement account."""
    with context.change():
        time = {"verify_finish_time": context.stamp()}
        if reject:
            return CHANGES.change(context, number, "fail", verify_fail_reason=reject, **time)
        change = CHANGES.change(context, number, "succeed", **time)
        merchant = SUB_MERCHANTS.entry(context, change["sub_mchid"])
        names = ("account_type", "account_bank", "bank_name", "bank_branch_id", "account_number", "account_name")
        merchant["settlement"] = {**chosen(change, *names), "verify_result": "VERIFY_SUCCESS"}
        SUB_MERCHANTS.save(context, merchant)
        return change


@routes.action("fail_settlement", "银行验证特约商户的结算账户失败。")
def fail(context: SandboxContext, number: str, reason: str = "银行账户验证失败") -> dict[str, Any]:
    """Let the bank find the settlement account of a sub-merchant wrong."""
    with context.change():
        merchant = SUB_MERCHANTS.entry(context, number)
        merchant["settlement"] |= {"verify_result": "VERIFY_FAIL", "verify_fail_reason": reason}
        SUB_MERCHANTS.save(context, merchant)
        return merchant


SWITCHES = {
    "changegoldplanstatus": "gold_plan",
    "changecustompagestatus": "custom_page",
    "open-advertising-show": "advertising",
    "close-advertising-show": "advertising",
    "set-advertising-industry-filter": "advertising",
}
"""What each operation of 点金计划 switches."""


@routes.on(*(f"{'PATCH' if name.startswith('open') else 'POST'} {GOLD_PLAN}/{name}" for name in SWITCHES))
def gold_plan(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Switch a part of 点金计划 on or off; all but the plan itself need the plan to be on."""
    merchant = SUB_MERCHANTS.find(context, call.body["sub_mchid"])
    name = call.operation.path.rpartition("/")[2]
    plan = merchant["gold_plan"]
    if SWITCHES[name] != "gold_plan" and plan.get("gold_plan") != "OPEN":
        raise Refusal(400, "INVALID_REQUEST", "特约商户未开通点金计划")
    with refusing():
        SUB_MERCHANTS.in_state(merchant, "NORMAL")
    plan[SWITCHES[name]] = call.body.get("operation_type") or ("CLOSE" if name.startswith("close") else "OPEN")
    plan |= chosen(call.body, "operation_pay_scene", "advertising_industry_filters")
    SUB_MERCHANTS.save(context, merchant)
    if call.operation.answer == "empty":
        return None
    return context.respond(call, chosen(call.body, "sub_mchid", "operation_type"))
