"""Electronic invoices: issued, put into the user's wallet, reversed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.fapiao_titles import (
    APPLICATIONS,
    BASE,
    application_of,
    begun,
    callback_url,
    card_of,
    of_order,
)
from wechatpay.sandbox.flows.media import MEDIA, uploaded
from wechatpay.sandbox.flows.objects import refusing
from wechatpay.sandbox.flows.states_fapiao import CARD, FAPIAO
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["fail", "insert", "issue", "reverse", "routes"]

routes = Routes()

ISSUING = f"{BASE}/fapiao-applications"
ONE = f"{ISSUING}/{{fapiao_apply_id}}"
INDUSTRIES = ("issue-general", "issue-passenger-transport", "issue-refined-oil", "real-estate-leasing")
RATE = 10_000
"""What ``tax_rate`` 1 is a part of: 1300 is 13 %."""
PDF = b"%PDF-1.4\n% sandbox\n%%EOF\n"


@routes.on(f"POST {ISSUING}", *(f"POST {ISSUING}/{kind}" for kind in INDUSTRIES))
def accept(context: SandboxContext, call: ReceivedCall) -> None:
    """Accept invoices of an application: of a paid order, or of a title that was asked for."""
    sent = dict(call.body)
    application = applied(context, sent)
    asked = sent["fapiao_information"]
    asked = [asked] if isinstance(asked, dict) else asked
    total, limit = sum(int(each["total_amount"]) for each in asked), application["limit"]
    failed = [each for each in application["invoices"] if each["status"] == "ISSUE_FAILED"]
    if application["sent"] == sent:
        for each in failed:
            moved(each, "issue again")
    elif len(failed) < len(application["invoices"]):
        raise Refusal(400, "INVALID_REQUEST", f"发票申请单号 {application['fapiao_apply_id']} 重复，且请求参数不一致")
    elif limit is not None and total > limit:
        raise Refusal(400, "INVALID_REQUEST", f"发票总金额超过可开票金额: 开票 {total} 分，最多 {limit} 分")
    else:
        application["invoices"] = [invoice(context, application, each, sent["buyer_information"]) for each in asked]
    application["sent"] = sent
    APPLICATIONS.save(context, application)


def applied(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the application of a request, a new one if it has to be; orders that nobody paid are refused."""
    number, sub_mchid = str(sent["fapiao_apply_id"]), sent.get("sub_mchid")
    information = sent.get("fapiao_information")
    trades = information.get("transaction_information") or () if isinstance(information, dict) else ()
    limits = [of_trade(context, str(each["transaction_id"]), sub_mchid)["limit"] for each in trades]
    if APPLICATIONS.get(context, number) is not None:
        return application_of(context, number, sub_mchid)
    if sent.get("scene") == "WITH_WECHATPAY":
        return of_trade(context, number, sub_mchid)
    return begun(context, number, sum(limits) if limits else None, sent)


def of_trade(context: SandboxContext, number: str, sub_mchid: str | None) -> dict[str, Any]:
    """Return the application of a paid order, by its transaction_id; an unknown or unpaid one is refused."""
    application = of_order(context, number)
    if application is None or application["fapiao_apply_id"] != number or application["sub_mchid"] != sub_mchid:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", f"微信支付订单 {number} 不存在")
    return application


def invoice(
    context: SandboxContext, application: Mapping[str, Any], asked: Mapping[str, Any], buyer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a new invoice, with the tax of each line."""
    items = [line(each) for each in asked.get("items") or ()]
    tax = sum(each["tax_amount"] for each in items)
    return {
        "fapiao_id": str(asked["fapiao_id"]),
        "status": "ISSUE_ACCEPTED",
        "card_information": card_of(context, application),
        "total_amount": asked["total_amount"],
        "tax_amount": tax,
        "amount": asked["total_amount"] - tax,
        "buyer_information": dict(buyer),
        "items": items,
        "remark": asked.get("remark"),
    }


def line(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line with what it is without tax: https://pay.weixin.qq.com/doc/v3/partner/4015792567."""
    total, rate = int(sent["total_amount"]), int(sent.get("tax_rate") or 0)
    amount = round(total * RATE / (RATE + rate))
    quantity = int(sent.get("quantity") or 10**8)
    return {
        "tax_prefer_mark": "NO_FAVORABLE",
        **sent,
        "quantity": quantity,
        "unit_price": amount * 10**14 // quantity,
        "amount": amount,
        "tax_amount": total - amount,
        "tax_rate": rate,
    }


def printed(context: SandboxContext, *parts: str) -> dict[str, str]:
    """Return the numbers on an invoice."""
    number = digits(20, "invoice", *parts)
    return {
        "fapiao_code": digits(12, "code", *parts),
        "fapiao_number": number,
        "check_code": digits(20, "check", *parts),
        "password": letters(40, "password", *parts),
        "fapiao_time": context.stamp(),
    }


def moved(each: dict[str, Any], change: str, card: str = "", **members: Any) -> None:
    """Carry out a change of an invoice, and one of its card; ValueError in another state."""
    what = Words(f"invoice {each['fapiao_id']}", f"发票 {each['fapiao_id']}")
    status = FAPIAO.after(change, each["status"], what) if change else each["status"]
    if card:
        of_card = Words(f"card of the {what}", f"{what.zh} 的卡券")
        each["card_information"]["card_status"] = CARD.after(card, each["card_information"]["card_status"], of_card)
    each.update(members, status=status)


def named(application: Mapping[str, Any], fapiao_id: str) -> list[dict[str, Any]]:
    """Return an application's invoices, or the one that is named; LookupError if there is none."""
    found = [each for each in application["invoices"] if fapiao_id in ("", each["fapiao_id"])]
    if not found:
        number = application["fapiao_apply_id"]
        raise LookupError(
            Words(f"the application {number} has no invoice {fapiao_id}", f"发票申请单 {number} 没有发票 {fapiao_id}")
        )
    return found


def tell(context: SandboxContext, application: dict[str, Any], invoices: Iterable[dict[str, Any]], event: str) -> None:
    """Store an application, and notify the merchant of invoices of it."""
    APPLICATIONS.save(context, application)
    content = {
        "mchid": context.account.mchid,
        "sub_mchid": application["sub_mchid"],
        "fapiao_apply_id": application["fapiao_apply_id"],
        "fapiao_information": [
            {
                "fapiao_id": each["fapiao_id"],
                "fapiao_status": each["status"],
                "card_status": each["card_information"]["card_status"],
            }
            for each in invoices
        ],
    }
    context.notify(callback_url(context), event, content)


@routes.action("issue_fapiao", "开具申请单的发票并插入用户卡包；商户收到两次通知。")
def issue(context: SandboxContext, number: str, fapiao_id: str = "") -> dict[str, Any]:
    """Issue the invoices of an application, or one of them, into the user's wallet; the merchant is notified twice."""
    with context.change():
        application = APPLICATIONS.entry(context, number)
        found = named(application, fapiao_id)
        for each in found:
            moved(each, "issue", blue_fapiao=printed(context, number, each["fapiao_id"], "blue"))
            each["media_id"] = letters(40, number, each["fapiao_id"])
            described = {"filename": f"{each['fapiao_id']}.pdf", "size": len(PDF), "content_type": "application/pdf"}
            context.store.put(MEDIA, each["media_id"], described, content=PDF, day=context.day())
        tell(context, application, found, FAPIAO.transitions["issue"].notifies)
        return inserted(context, application, found)


@routes.action("insert_fapiao", "把商户自行开具的发票插入用户卡包；商户收到通知。")
def insert(context: SandboxContext, number: str, fapiao_id: str = "") -> dict[str, Any]:
    """Put the invoices that a merchant issued itself into the user's wallet; the merchant is notified."""
    with context.change():
        application = APPLICATIONS.entry(context, number)
        return inserted(context, application, named(application, fapiao_id))


def inserted(
    context: SandboxContext, application: dict[str, Any], invoices: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Put invoices into the user's wallet, notify the merchant, and return the application."""
    for each in invoices:
        moved(each, "", "insert")
        each["card_information"]["card_code"] = digits(12, "card", each["fapiao_id"])
    tell(context, application, invoices, CARD.transitions["insert"].notifies)
    return application


@routes.action("reverse_fapiao", "冲红商户申请冲红的发票，发票移出卡包；商户收到两次通知。")
def reverse(context: SandboxContext, number: str, fapiao_id: str = "") -> dict[str, Any]:
    """Reverse the invoices that a merchant asked to reverse; they leave the wallet, and the merchant is notified twice."""
    with context.change():
        application = APPLICATIONS.entry(context, number)
        found = named(application, fapiao_id)
        for each in found:
            moved(each, "reverse", "discard", red_fapiao=printed(context, number, each["fapiao_id"], "red"))
        for table, change in ((FAPIAO, "reverse"), (CARD, "discard")):
            tell(context, application, found, table.transitions[change].notifies)
        return application


@routes.action("fail_fapiao", "申请单的发票开具或冲红失败；不发通知。")
def fail(
    context: SandboxContext,
    number: str,
    fapiao_id: str = "",
    code: str = "ISSUE_ERROR",
    reason: str = "开票失败，请稍后重试",
) -> dict[str, Any]:
    """Fail to issue, or to reverse, the invoices of an application or one of them; nobody is notified."""
    with context.change():
        application = APPLICATIONS.entry(context, number)
        error = {"fapiao_error_code": code, "fapiao_error_message": reason}
        for each in named(application, fapiao_id):
            if each["status"] == "REVERSE_ACCEPTED":
                moved(each, "fail to reverse", "keep", **error)
            else:
                moved(each, "fail", **error)
        APPLICATIONS.save(context, application)
        return application


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the invoices of an application as they stand, or one of them; none of an unknown application."""
    application = APPLICATIONS.get(context, call.variables["fapiao_apply_id"])
    known = application is not None and application["sub_mchid"] == call.query.get("sub_mchid")
    asked = call.query.get("fapiao_id")
    found = [
        {name: value for name, value in each.items() if name not in ("media_id", "own")}
        for each in (application["invoices"] if application and known else ())
        if asked in (None, each["fapiao_id"])
    ]
    return context.respond(call, {"total_count": len(found), "fapiao_information": found})


@routes.on(f"GET {ONE}/fapiao-files")
def files(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return where the files of issued invoices are."""
    application = application_of(context, call.variables["fapiao_apply_id"], call.query.get("sub_mchid"))
    with refusing():
        found = named(application, str(call.query["fapiao_id"]))
    base = call.request.origin or context.base_url
    links = [
        {
            "fapiao_id": each["fapiao_id"],
            "status": each["status"],
            "download_url": f"{base}_sandbox/media/{each['media_id']}",
        }
        for each in found
        if "media_id" in each
    ]
    return context.respond(call, {"fapiao_download_info_list": links})


@routes.on(f"POST {ONE}/reverse")
def ask_to_reverse(context: SandboxContext, call: ReceivedCall) -> None:
    """Accept the reversal of issued invoices; one that failed can be asked for again."""
    application = application_of(context, call.variables["fapiao_apply_id"], call.body.get("sub_mchid"))
    for sent in call.body["fapiao_information"]:
        with refusing():
            (each,) = named(application, str(sent["fapiao_id"]))
            if "own" in each:
                raise Refusal(400, "INVALID_REQUEST", "仅在微信支付侧开具的电子发票才允许发起冲红")
            moved(each, "ask to reverse", "ask to discard")
        if sent["fapiao_number"] != each["blue_fapiao"]["fapiao_number"]:
            raise Refusal(400, "INVALID_REQUEST", f"发票号码与发票 {each['fapiao_id']} 不一致")
    APPLICATIONS.save(context, application)


@routes.on(f"POST {ONE}/insert-cards")
def accept_cards(context: SandboxContext, call: ReceivedCall) -> None:
    """Accept invoices that the merchant issued itself; each needs its uploaded file."""
    sent = {**call.body, "fapiao_apply_id": call.variables["fapiao_apply_id"]}
    application = applied(context, sent)
    if application["invoices"]:
        if application["sent"] != sent:
            raise Refusal(400, "INVALID_REQUEST", f"发票申请单号 {sent['fapiao_apply_id']} 重复，且请求参数不一致")
        return
    for each in sent["fapiao_card_information"]:
        if context.store.get(MEDIA, str(each["fapiao_media_id"])) is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", f"发票文件 {each['fapiao_media_id']} 不存在")
        numbers = ("fapiao_code", "fapiao_number", "fapiao_time", "check_code", "password")
        application["invoices"].append(
            {
                **{name: value for name, value in each.items() if name not in numbers},
                "fapiao_id": str(each["fapiao_number"]),
                "status": "ISSUED",
                "own": True,
                "media_id": each["fapiao_media_id"],
                "blue_fapiao": {name: each[name] for name in numbers},
                "card_information": card_of(context, application),
                "buyer_information": dict(sent["buyer_information"]),
            }
        )
    application["sent"] = sent
    APPLICATIONS.save(context, application)


@routes.on(f"POST {ISSUING}/upload-fapiao-file")
def upload(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Store the file of an invoice that the merchant issued itself."""
    return context.respond(call, {"fapiao_media_id": uploaded(context, call)})
