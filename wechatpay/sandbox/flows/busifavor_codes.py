"""Codes of merchant coupons that a merchant uploads before they are sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.flows.busifavor import ONE, STOCKS, find, not_over
from wechatpay.sandbox.flows.busifavor_coupons import COUPONS, current, facts, new_coupon, store_new
from wechatpay.sandbox.flows.favor_rules import once, paged
from wechatpay.sandbox.flows.objects import chosen, refusing
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

CODES = f"{ONE}/couponcodes"
LETTERS = re.compile(r"[0-9A-Za-z \-_\\/=|]+")
MOST, LONGEST = 200, 32
"""Codes in one upload, and characters of a code: https://pay.weixin.qq.com/doc/v3/merchant/4012487038."""


@routes.on(f"POST {CODES}")
def upload(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Upload codes; those that are there already, and wrong ones, are told."""

    def answer() -> dict[str, Any]:
        stock = find(context, call.variables["stock_id"])
        not_over(context, stock)
        given = [str(code) for code in call.body["coupon_code_list"]]
        if stock["facts"]["coupon_code_mode"] != "MERCHANT_UPLOAD":
            raise Refusal(400, "INVALID_REQUEST", "批次的券code模式不是MERCHANT_UPLOAD")
        if not 1 <= len(given) <= MOST:
            raise Refusal.of_field("body", "/coupon_code_list", f"券code个数应为 1 至 {MOST}")
        return context.respond(call, uploaded(context, stock, given))

    return once(context, call, str(call.body["upload_request_no"]), answer)


def uploaded(context: SandboxContext, stock: dict[str, Any], given: list[str]) -> dict[str, Any]:
    """Store codes of a stock, and return what became of each."""
    unique = list(dict.fromkeys(given))
    wrong = {code: reason for code in unique if (reason := wrong_code(code))}
    stock_id = stock["stock_id"]
    there = [code for code in unique if COUPONS.get(context, f"{stock_id}/{code}") is not None]
    taken = [code for code in unique if code not in wrong and code not in there]
    for code in taken:
        store_new(context, new_coupon(stock, code, upload_time=context.stamp()))
        context.store.put(f"code {stock_id}", code, code)
        context.store.put(f"available code {stock_id}", code, code)
    for name in ("total_count", "available_count"):
        stock["codes"][name] += len(taken)
    STOCKS.save(context, stock)
    fail = [{"coupon_code": code, "code": reason[0], "message": reason[1]} for code, reason in wrong.items()]
    return {
        "stock_id": stock_id,
        "total_count": len(unique),
        "success_count": len(taken),
        "success_codes": taken,
        "success_time": context.stamp(),
        "fail_count": len(fail),
        "fail_codes": fail,
        "exist_codes": there,
        "duplicate_codes": [code for code in unique if given.count(code) > 1],
    }


def wrong_code(code: str) -> tuple[str, str] | None:
    """Return why a code is not taken, as code and message; None: it is."""
    if len(code) > LONGEST:
        return "LENGTH_LIMIT", f"长度超过最大值{LONGEST}位"
    if not LETTERS.fullmatch(code):
        return "PARAM_ERROR", "券code含有不支持的字符"
    return None


def code_facts(coupon: dict[str, Any]) -> dict[str, Any]:
    """Return a code as queries tell it."""
    told = {"code": coupon["coupon_code"], "code_status": coupon["coupon_state"], **chosen(coupon, "upload_time")}
    if "receive_time" in coupon:
        told |= {"dispatched_time": coupon["receive_time"], **chosen(coupon, "openid", "coupon_code")}
    return told


@routes.on(f"GET {CODES}")
def listing(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the codes of a stock by state."""
    stock_id = find(context, call.variables["stock_id"])["stock_id"]
    codes = list(context.store.all(f"code {stock_id}"))
    status = call.query.get("status")
    if status:
        codes = [code for code in codes if of_code(context, stock_id, code)["coupon_state"] == status]
    told = paged(call, codes)
    told["data"] = [code_facts(of_code(context, stock_id, code)) for code in told["data"]]
    return context.respond(call, {**told, "stock_id": stock_id})


def of_code(context: SandboxContext, stock_id: str, code: str) -> dict[str, Any]:
    """Return the coupon of a code that was uploaded; another is refused."""
    coupon = COUPONS.get(context, f"{stock_id}/{code}")
    if coupon is None or "upload_time" not in coupon:
        raise Refusal(404, COUPONS.missing, "券code不存在")
    return current(context, coupon)


@routes.on(f"GET {CODES}/{{coupon_code}}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a code, and the coupon that it became."""
    stock_id = find(context, call.variables["stock_id"])["stock_id"]
    coupon = of_code(context, stock_id, call.variables["coupon_code"])
    became = facts(context, coupon) if "receive_time" in coupon else None
    return context.respond(call, {"code_information": code_facts(coupon), "coupon_information": became})


@routes.on(f"DELETE {CODES}/{{coupon_code}}")
def delete(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Delete a code that was not sent."""

    def answer() -> dict[str, Any]:
        stock = find(context, call.variables["stock_id"])
        coupon = of_code(context, stock["stock_id"], call.variables["coupon_code"])
        with refusing():
            COUPONS.move(coupon, "withdraw")
        COUPONS.save(context, coupon)
        context.store.delete(f"available code {stock['stock_id']}", coupon["coupon_code"])
        stock["codes"]["available_count"] -= 1
        STOCKS.save(context, stock)
        return context.respond(call, {"stock_id": stock["stock_id"], "delete_time": context.stamp()})

    return once(context, call, str(call.query["delete_request_no"]), answer)
