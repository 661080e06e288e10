"""
Banks, their branches, and where they are: a few of each, which fit each other (查询银行及支行).

Official page: https://pay.weixin.qq.com/doc/v3/partner/4012697052
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows.objects import page
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

BASE = "v3/capital/capitallhh"
AREAS = {
    10: ("北京市", {10: "北京市"}),
    22: ("上海市", {29: "上海市"}),
    35: ("广东省", {561: "广州市", 584: "深圳市"}),
}
"""Provinces by code, each with its cities by code."""
BANKS = (
    # account_bank, account_bank_code, bank_alias, bank_alias_code, the first digits of its cards, branches are asked for
    ("工商银行", 1002, "工商银行", "1000009561", "622202", False),
    ("招商银行", 1001, "招商银行", "1000009522", "621483", False),
    ("农业银行", 1005, "农业银行", "1000009547", "622848", False),
    ("其他银行", 1099, "深圳农村商业银行", "1000006247", "622128", True),
)
BRANCH_NAMES = ("分行营业部", "第一支行", "第二支行")


def told(bank: tuple[Any, ...]) -> dict[str, Any]:
    """Return a bank as the platform tells it."""
    names = ("account_bank", "account_bank_code", "bank_alias", "bank_alias_code")
    return {**dict(zip(names, bank[:4], strict=True)), "need_bank_branch": bank[5]}


def paged(context: SandboxContext, call: ReceivedCall, found: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the page of a list that a query asks for, with the links to the others."""
    shown, offset, limit = page(call, found, 20)
    path = call.request.path
    links = {
        "next": f"{path}?offset={offset + limit}&limit={limit}" if offset + limit < len(found) else None,
        "prev": f"{path}?offset={max(offset - limit, 0)}&limit={limit}" if offset else None,
        "self": f"{path}?offset={offset}&limit={limit}",
    }
    facts = {"data": shown, "total_count": len(found), "count": len(shown), "offset": offset}
    return context.respond(call, {**facts, "links": {name: link for name, link in links.items() if link}, **more})


@routes.on(f"GET {BASE}/banks/personal-banking", f"GET {BASE}/banks/corporate-banking")
def banks(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the banks."""
    return paged(context, call, [told(bank) for bank in BANKS])


@routes.on(f"GET {BASE}/banks/search-banks-by-bank-account")
def bank_of_card(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the bank of a card number, none for an unknown one."""
    number = str(call.query["account_number"])
    found = [told(bank) for bank in BANKS if number.startswith(bank[4])]
    return context.respond(call, {"total_count": len(found), "data": found})


@routes.on(f"GET {BASE}/areas/provinces")
def provinces(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the provinces."""
    found = [{"province_code": code, "province_name": name} for code, (name, _) in AREAS.items()]
    return context.respond(call, {"data": found, "total_count": len(found)})


@routes.on(f"GET {BASE}/areas/provinces/{{province_code}}/cities")
def cities(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the cities of a province."""
    text = call.variables["province_code"]
    area = AREAS.get(int(text)) if text.isdecimal() else None
    if area is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"省份编码 {text} 不存在")
    found = [{"city_code": code, "city_name": name} for code, name in area[1].items()]
    return context.respond(call, {"data": found, "total_count": len(found)})


@routes.on(f"GET {BASE}/banks/{{bank_alias_code}}/branches")
def branches(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the branches of a bank in a city."""
    code, city_code = call.variables["bank_alias_code"], str(call.query.get("city_code"))
    bank = next((each for each in BANKS if each[3] == code), None)
    city = next((towns[int(city_code)] for _, towns in AREAS.values() if city_code in map(str, towns)), None)
    if bank is None or city is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"银行别名编码 {code} 或城市编码 {city_code} 不存在")
    found = [
        {"bank_branch_name": f"{bank[2]}{city}{name}", "bank_branch_id": f"4{bank[1]}{int(city_code):05d}{index:02d}"}
        for index, name in enumerate(BRANCH_NAMES)
    ]
    names = {name: value for name, value in told(bank).items() if name != "need_bank_branch"}
    return paged(context, call, found, **names)
