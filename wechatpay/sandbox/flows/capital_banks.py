"""
Banks, their branches, provinces and cities (银行组件): a small sample that fits together.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4012697541 and those beside it. Codes of WeChat Pay's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows.objects import page
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

BASE = "v3/capital/capitallhh"
BANKS = (
    ("工商银行", "1000009561", 1001, ("622202", "621226"), False),
    ("招商银行", "1000009573", 1002, ("622588", "621486"), False),
    ("农业银行", "1000009566", 1005, ("622848", "622845"), False),
    ("建设银行", "1000009569", 1003, ("621700", "436742"), False),
    ("中国银行", "1000009563", 1026, ("621661", "621660"), False),
    ("深圳农村商业银行", "1000009547", 1099, ("622128",), True),
)
"""Name, bank_alias_code, account_bank_code, the first digits of its cards, whether an account needs a branch."""
CITIES = {
    ("北京市", 2): (("北京市", 10),),
    ("上海市", 9): (("上海市", 20),),
    ("广东省", 19): (("广州市", 200), ("深圳市", 755)),
}


def described(bank: tuple[str, str, int, tuple[str, ...], bool]) -> dict[str, Any]:
    """Return a bank as the lists show it; a bank without a code of its own is 其他银行 (1099)."""
    name, alias, code, _, branch = bank
    return {
        "bank_alias": name,
        "bank_alias_code": alias,
        "account_bank": "其他银行" if code == 1099 else name,
        "account_bank_code": code,
        "need_bank_branch": branch,
    }


def listed(context: SandboxContext, call: ReceivedCall, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response with a page of a list, and the links to those around it."""
    shown, offset, limit = page(call, entries, len(entries))
    others = {name: str(value) for name, value in call.query.items() if name not in ("offset", "limit")}

    def link(at: int) -> str:
        query = "&".join(f"{name}={value}" for name, value in {**others, "offset": at, "limit": limit}.items())
        return f"/{call.request.path.lstrip('/').partition('?')[0]}?{query}"

    links = {
        "self": link(offset),
        "next": link(offset + limit) if offset + limit < len(entries) else None,
        "prev": link(max(offset - limit, 0)) if offset else None,
    }
    facts = {"data": shown, "total_count": len(entries), "count": len(shown), "offset": offset, "links": links}
    return context.respond(call, facts)


@routes.on(f"GET {BASE}/banks/personal-banking", f"GET {BASE}/banks/corporate-banking")
def banks(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the banks."""
    return listed(context, call, [described(bank) for bank in BANKS])


@routes.on(f"GET {BASE}/banks/search-banks-by-bank-account")
def by_account(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the banks whose card a number is."""
    number = str(call.query["account_number"])
    found = [described(bank) for bank in BANKS if number.startswith(bank[3])]
    return context.respond(call, {"data": found, "total_count": len(found)})


@routes.on(f"GET {BASE}/areas/provinces")
def provinces(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the provinces."""
    found = [{"province_name": name, "province_code": code} for name, code in CITIES]
    return context.respond(call, {"data": found, "total_count": len(found)})


@routes.on(f"GET {BASE}/areas/provinces/{{province_code}}/cities")
def cities(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the cities of a province."""
    asked = int(call.variables["province_code"])
    found = [
        {"city_name": name, "city_code": code}
        for (_, province), inside in CITIES.items()
        if province == asked
        for name, code in inside
    ]
    return context.respond(call, {"data": found, "total_count": len(found)})


@routes.on(f"GET {BASE}/banks/{{bank_alias_code}}/branches")
def branches(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the branches of a bank in a city: two of each."""
    asked = int(call.query["city_code"])
    found = [
        {
            "bank_branch_name": f"{bank[0]}{city}{which}支行",
            "bank_branch_id": f"{bank[2] % 1000:03}{code:04}{index:05}",
        }
        for bank in BANKS
        if bank[1] == call.variables["bank_alias_code"]
        for inside in CITIES.values()
        for city, code in inside
        if code == asked
        for index, which in enumerate(("中心", "科技园"), 1)
    ]
    return listed(context, call, found)
