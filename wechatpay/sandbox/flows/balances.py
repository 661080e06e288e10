"""What the accounts of funds hold: now, and at the end of a day; and their deposits."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits
from wechatpay.sandbox.flows import accounts, orders
from wechatpay.sandbox.flows.accounts import ACCOUNTS, AccountType, Balance, Entry
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["calendar_day", "deposit", "routes"]

routes = Routes()

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
OWN = "v3/merchant/fund"
SUB = "v3/ecommerce/fund"


@routes.action("deposit", "充值：向商户或二级商户的账户存入资金。", account=ACCOUNTS)
def deposit(
    context: SandboxContext, number: str, account: AccountType = "OPERATION", owner: str = ""
) -> dict[str, Any]:
    """Pay money into an account of the merchant or of a sub-merchant."""
    if not (number.isascii() and number.isdigit() and int(number)):
        raise ValueError(Words(f"an amount in fen is expected, not {number!r}", f"金额应为分的整数，不能是 {number!r}"))
    with context.change():
        orders.unfreeze_due(context)
        made = digits(
            28, "deposit", account, owner, context.stamp(), str(accounts.balance(context, account, owner).moves)
        )
        accounts.book(context, Entry.of("deposit", int(number), made, made), account, owner)
        now = accounts.balance(context, account, owner)
        return {"account": account, "available_amount": now.available, "pending_amount": now.held}


def told(context: SandboxContext, call: ReceivedCall, held: Balance) -> dict[str, Any]:
    """Return a balance."""
    asked = {name: call[name] for name in ("sub_mchid", "account_type") if call.get(name)}
    return context.respond(
        call, {"account_type": "BASIC", **asked, "available_amount": held.available, "pending_amount": held.held}
    )


def of_call(call: ReceivedCall) -> tuple[AccountType, str]:
    """Return the account that a call names, and its owner; the deposit account of sub-merchants is always empty."""
    account = str(call.get("account_type") or "BASIC")
    if account not in (*ACCOUNTS, "DEPOSIT"):
        raise Refusal.of_field("path", "/account_type", f"账户类型应为 {'、'.join(ACCOUNTS)}", value=account)
    return cast("AccountType", account), str(call.get("sub_mchid") or "")


@routes.on(f"GET {OWN}/balance/{{account_type}}", f"GET {SUB}/balance/{{sub_mchid}}")
def now(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return what an account holds now."""
    orders.unfreeze_due(context)
    return told(context, call, accounts.balance(context, *of_call(call)))


@routes.on(f"GET {OWN}/dayendbalance/{{account_type}}", f"GET {SUB}/enddaybalance/{{sub_mchid}}")
def at_day_end(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return what an account held at the end of a day that is over."""
    day = calendar_day(str(call.query["date"]), "/date")
    if day >= context.now().date():
        raise Refusal(400, "INVALID_REQUEST", "查询日期必须早于当前日期")
    orders.unfreeze_due(context)
    return told(context, call, accounts.at_the_end_of(context, day.isoformat(), *of_call(call)))


def calendar_day(text: str, field: str) -> date:
    """Return the day of a query's field, ``yyyy-mm-dd``; what is no such day is refused."""
    try:
        if DAY.fullmatch(text):  # Python reads other forms too
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refusal.of_field("query", field, "日期格式应为yyyy-MM-DD，如 2019-06-11", value=text)
