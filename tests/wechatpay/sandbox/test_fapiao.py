"""Electronic invoices: titles, issue, cards, reversal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.flows import states_fapiao

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox
    from wechatpay.sandbox.flows.states import States

BASE = "/v3/new-tax-control-fapiao"
ISSUE = f"{BASE}/fapiao-applications"
# https://pay.weixin.qq.com/doc/v3/merchant/4012538301
FAPIAO = "20200701123456"
BUYER = {"type": "ORGANIZATION", "name": "深圳市南山区测试企业", "taxpayer_id": "202003261233701778"}
LINE = {"tax_code": "3010101020203000000", "goods_name": "出租汽车客运服务", "quantity": 100000000, "discount": False}
NOBODY = "http://127.0.0.1:9/"
ENDS = {"FAPIAO": {"REVERSED"}, "CARD": {"DISCARDED"}}


@pytest.mark.parametrize("name", states_fapiao.__all__)
def test_tables_end_and_name_events_of_the_catalogue(name: str) -> None:
    table: States = getattr(states_fapiao, name)
    assert table.ends == ENDS[name]
    known = {event.event_type for event in catalogue.events()}
    assert {each.notifies for each in table.transitions.values()} - {""} <= known


def paid(sandbox: Sandbox, merchant: Any, total: int = 429900, **more: Any) -> str:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "打车",
        "out_trade_no": "order001",
        "notify_url": NOBODY,
        "amount": {"total": total, "currency": "CNY"},
        "support_fapiao": True,
        **more,
    }
    merchant.post("/v3/pay/transactions/native", sent)
    return str(sandbox.pay("order001")[0]["transaction_id"])


def asked(merchant: Any, number: str, *amounts: int, **more: Any) -> dict[str, Any]:
    invoices = [
        {
            "fapiao_id": f"{FAPIAO}{index}",
            "total_amount": amount,
            "need_list": False,
            "remark": "备注",
            "items": [{**LINE, "total_amount": amount, "tax_rate": 1300}],
        }
        for index, amount in enumerate(amounts)
    ]
    buyer = {**BUYER, "phone": merchant.encrypt("18507550000")}
    sent = {"scene": "WITH_WECHATPAY", "fapiao_apply_id": number, "buyer_information": buyer}
    return {**sent, "fapiao_information": invoices, **more}


def listening(merchant: Any, url: str) -> None:
    assert merchant.call("PATCH", f"{BASE}/merchant/development-config", {"callback_url": url}).status == 200


def told(merchant: Any, number: str, query: str = "") -> Any:
    return merchant.get(f"{ISSUE}/{number}{query}").data


def events(sandbox: Sandbox, receiver: Any) -> dict[str, Any]:
    assert sandbox.callbacks.wait()
    return {
        envelope["event_type"]: content
        for envelope, content in (receiver.opened(sandbox, index) for index in range(len(receiver.received)))
    }


def test_an_order_is_invoiced_and_the_invoice_is_reversed(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    number = paid(sandbox, merchant)
    listening(merchant, receiver.url)
    card = {"card_appid": "wxb1170446a4c0a5a2", "card_template_information": {"logo_url": "http://mmbiz.qpic.cn/0"}}
    template = merchant.post(f"{BASE}/card-template", card).data
    sent = asked(merchant, number, 429900)
    for _ in range(2):
        assert merchant.post(ISSUE, sent).status == 204
    (invoice,) = told(merchant, number)["fapiao_information"]
    assert (invoice["status"], "blue_fapiao" in invoice) == ("ISSUE_ACCEPTED", False)
    # the amounts of https://pay.weixin.qq.com/doc/v3/partner/4015792567
    assert (invoice["amount"], invoice["tax_amount"]) == (380442, 49458)
    assert (invoice["items"][0]["unit_price"], invoice["items"][0]["amount"]) == (380442000000, 380442)
    assert merchant.decrypt(invoice["buyer_information"]["phone"]) == "18507550000"
    assert merchant.get(f"{ISSUE}/{number}/fapiao-files?fapiao_id={FAPIAO}0").data["fapiao_download_info_list"] == []
    sandbox.actions["issue_fapiao"](number)
    (invoice,) = told(merchant, number, f"?fapiao_id={FAPIAO}0")["fapiao_information"]
    assert (invoice["status"], invoice["card_information"]["card_status"]) == ("ISSUED", "INSERTED")
    assert invoice["card_information"]["card_id"] == template["card_id"]
    (file,) = merchant.get(f"{ISSUE}/{number}/fapiao-files?fapiao_id={FAPIAO}0").data["fapiao_download_info_list"]
    media = sandbox.store.content("media", file["download_url"].rpartition("/")[2])
    assert (file["status"], str(media)[:7]) == ("ISSUED", "b'%PDF-")
    with pytest.raises(ValueError, match="is ISSUED, not ISSUE_ACCEPTED"):
        sandbox.actions["issue_fapiao"](number)

    back: dict[str, Any] = {"reverse_reason": "SALES_RETURN", "fapiao_information": [{"fapiao_id": f"{FAPIAO}0"}]}
    back["fapiao_information"][0]["fapiao_number"] = "12897794"
    assert merchant.post(f"{ISSUE}/{number}/reverse", back).data["code"] == "INVALID_REQUEST"
    assert told(merchant, number)["fapiao_information"][0]["status"] == "ISSUED"
    back["fapiao_information"][0]["fapiao_number"] = invoice["blue_fapiao"]["fapiao_number"]
    for _ in range(2):
        assert merchant.post(f"{ISSUE}/{number}/reverse", back).status == 204
    sandbox.actions["fail_fapiao"](number, code="REVERSE_ERROR")
    (invoice,) = told(merchant, number)["fapiao_information"]
    assert (invoice["status"], invoice["fapiao_error_code"]) == ("REVERSE_FAILED", "REVERSE_ERROR")
    assert invoice["card_information"]["card_status"] == "INSERTED"
    assert merchant.post(f"{ISSUE}/{number}/reverse", back).status == 204
    sandbox.actions["reverse_fapiao"](number, f"{FAPIAO}0")
    (invoice,) = told(merchant, number)["fapiao_information"]
    assert (invoice["status"], invoice["card_information"]["card_status"]) == ("REVERSED", "DISCARDED")
    assert invoice["red_fapiao"]["fapiao_number"] != invoice["blue_fapiao"]["fapiao_number"]
    assert merchant.post(f"{ISSUE}/{number}/reverse", back).data["code"] == "INVALID_REQUEST"
    notices = events(sandbox, receiver)
    states = {
        event: [(each["fapiao_status"], each["card_status"]) for each in content["fapiao_information"]]
        for event, content in notices.items()
    }
    assert states == {
        "FAPIAO.ISSUED": [("ISSUED", "INSERT_ACCEPTED")],
        "FAPIAO.CARD_INSERTED": [("ISSUED", "INSERTED")],
        "FAPIAO.REVERSED": [("REVERSED", "DISCARDED")],
        "FAPIAO.CARD_DISCARDED": [("REVERSED", "DISCARDED")],
    }
    assert {each["fapiao_apply_id"] for each in notices.values()} == {number}


def test_an_invoice_that_fails_is_asked_for_again(sandbox: Sandbox, merchant: Any) -> None:
    number = paid(sandbox, merchant)
    sent = asked(merchant, number, 400000, 29900)
    merchant.post(ISSUE, sent)
    assert told(merchant, number)["total_count"] == 2
    assert told(merchant, number, "?fapiao_id=other") == {"total_count": 0, "fapiao_information": []}
    other = asked(merchant, number, 400000)
    assert merchant.post(ISSUE, other).data["code"] == "INVALID_REQUEST"
    sandbox.actions["fail_fapiao"](number, f"{FAPIAO}1", "UNKNOWN_ERROR", "税局系统异常")
    one, two = told(merchant, number)["fapiao_information"]
    assert (one["status"], two["status"], two["fapiao_error_message"]) == (
        "ISSUE_ACCEPTED",
        "ISSUE_FAILED",
        "税局系统异常",
    )
    assert merchant.post(ISSUE, sent).status == 204
    assert [each["status"] for each in told(merchant, number)["fapiao_information"]] == ["ISSUE_ACCEPTED"] * 2
    sandbox.actions["fail_fapiao"](number)
    assert merchant.post(ISSUE, other).status == 204
    assert told(merchant, number)["total_count"] == 1
    with pytest.raises(LookupError, match="has no invoice x"):
        sandbox.actions["fail_fapiao"](number, "x")


def test_invoices_are_of_orders_that_were_paid_and_no_more(sandbox: Sandbox, merchant: Any) -> None:
    assert told(merchant, "nothing") == {"total_count": 0, "fapiao_information": []}
    unknown = merchant.post(ISSUE, asked(merchant, "4200000444201910177461284488", 1))
    assert (unknown.status, unknown.data["code"]) == (404, "RESOURCE_NOT_EXISTS")
    number = paid(sandbox, merchant)
    assert merchant.post(ISSUE, asked(merchant, "order001", 1)).data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(ISSUE, asked(merchant, number, 429900, 1)).data["code"] == "INVALID_REQUEST"
    assert (
        merchant.post(ISSUE, asked(merchant, number, 1, sub_mchid="1900000110")).data["code"] == "RESOURCE_NOT_EXISTS"
    )
    assert merchant.post(ISSUE, asked(merchant, number, 1)).status == 204
    foreign = asked(merchant, number, 1, sub_mchid="1900000110", scene="WITHOUT_WECHATPAY")
    assert merchant.post(ISSUE, foreign).data["code"] == "RESOURCE_NOT_EXISTS"
    assert told(merchant, number, "?sub_mchid=1900000110")["total_count"] == 0
    assert merchant.get(f"{ISSUE}/{number}/fapiao-files?fapiao_id=x").data["code"] == "RESOURCE_NOT_EXISTS"
    back = {"reverse_reason": "SALES_RETURN", "fapiao_information": [{"fapiao_id": "x", "fapiao_number": "1"}]}
    assert merchant.post(f"{ISSUE}/{number}/reverse", back).data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(f"{ISSUE}/nothing/reverse", back).data["code"] == "RESOURCE_NOT_EXISTS"


def test_an_industry_invoices_real_trades(sandbox: Sandbox, merchant: Any) -> None:
    sub = "1900000109"
    sent = {
        "sp_appid": merchant.account.appid,
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": sub,
        "description": "打车",
        "out_trade_no": "order001",
        "notify_url": NOBODY,
        "amount": {"total": 382895, "currency": "CNY"},
    }
    merchant.post("/v3/pay/partner/transactions/native", sent)
    number = sandbox.pay("order001")[0]["transaction_id"]
    trade = {"pay_channel": "WECHAT_PAY", "transaction_id": number, "amount": 382895}
    wanted = {
        "fapiao_id": FAPIAO,
        "total_amount": 382895,
        "items": [{**LINE, "total_amount": 382895, "tax_rate": 0}],
        "billing_person_id": "128279891283",
        "fapiao_bill_type": "COMM_FAPIAO",
        "transaction_information": [trade],
    }
    industry = {"sub_mchid": sub, "fapiao_apply_id": "A1", "buyer_information": BUYER, "fapiao_information": wanted}
    more = {**industry, "fapiao_information": {**wanted, "total_amount": 382896}}
    assert merchant.post(f"{ISSUE}/issue-general", more).data["code"] == "INVALID_REQUEST"
    unreal = {**wanted, "transaction_information": [{**trade, "transaction_id": "4200000008202508080512076713"}]}
    answer = merchant.post(f"{ISSUE}/issue-general", {**industry, "fapiao_information": unreal})
    assert answer.data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(f"{ISSUE}/issue-general", industry).status == 204
    (invoice,) = told(merchant, "A1", f"?sub_mchid={sub}")["fapiao_information"]
    assert (invoice["fapiao_id"], invoice["tax_amount"]) == (FAPIAO, 0)


# titles


def link(merchant: Any, number: str = "fapiao_20200701_123456", source: str = "WEB", **more: Any) -> Any:
    query = {"fapiao_apply_id": number, "source": source, "appid": "wxb1170446a4c0a5a2", "total_amount": 382895, **more}
    query["openid"] = "plN5twRbHym_j-QcqCzstl0HmwEs"
    return merchant.get(f"{BASE}/user-title/title-url?" + "&".join(f"{name}={value}" for name, value in query.items()))


def test_a_user_fills_a_title_in_behind_a_link(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    number, config = "fapiao_20200701_123456", f"{BASE}/merchant/development-config"
    assert merchant.get(config).data["callback_url"] == ""
    listening(merchant, receiver.url)
    assert merchant.call("PATCH", config, {"show_fapiao_cell": True}).data["callback_url"] == receiver.url
    assert merchant.get(config).data["show_fapiao_cell"] is True
    assert link(merchant).data["title_url"].startswith("https://mp.weixin.qq.com/")
    assert link(merchant, source="MINIPROGRAM").data["miniprogram_path"]
    assert link(merchant, sub_mchid="1900000110").data["code"] == "INVALID_REQUEST"
    title = f"{BASE}/user-title?scene=WITHOUT_WECHATPAY&fapiao_apply_id={number}"
    assert merchant.get(title).data["code"] == "RESOURCE_NOT_EXISTS"
    sandbox.context.clock.advance(1800)
    with pytest.raises(ValueError, match="has expired"):
        sandbox.actions["fill_title"](number)
    assert link(merchant).status == 200
    sandbox.actions["fill_title"](number, "张三", "", phone="18507550000")
    filled = merchant.get(title).data
    assert (filled["type"], filled["name"], "taxpayer_id" in filled) == ("INDIVIDUAL", "张三", False)
    assert merchant.decrypt(filled["phone"]) == "18507550000"
    applied = events(sandbox, receiver)["FAPIAO.USER_APPLIED"]
    assert (applied["fapiao_apply_id"], "sub_mchid" in applied) == (number, False)
    above = asked(merchant, number, 382896, scene="WITHOUT_WECHATPAY")
    assert merchant.post(ISSUE, above).data["code"] == "INVALID_REQUEST"
    assert merchant.post(ISSUE, asked(merchant, number, 382895, scene="WITHOUT_WECHATPAY")).status == 204


def test_a_user_applies_from_the_receipt(sandbox: Sandbox, merchant: Any) -> None:
    number = paid(sandbox, merchant)
    sandbox.actions["fill_title"]("order001")
    filled = merchant.get(f"{BASE}/user-title?scene=WITH_WECHATPAY&fapiao_apply_id={number}").data
    assert (filled["type"], filled["amount"]) == ("ORGANIZATION", 429900)
    sandbox.actions["fill_title"](number, "李四", "")
    with pytest.raises(LookupError, match="no invoice application nobody"):
        sandbox.actions["fill_title"]("nobody")


def test_a_receipt_without_an_entry_has_no_application(sandbox: Sandbox, merchant: Any) -> None:
    paid(sandbox, merchant, support_fapiao=False)
    with pytest.raises(ValueError, match="was placed without support_fapiao"):
        sandbox.actions["fill_title"]("order001")


# cards


def test_a_merchant_puts_its_own_invoices_into_wallets(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    listening(merchant, receiver.url)
    content = b"%PDF-1.4 fapiao"
    meta = {"file_type": "PDF", "digest_alogrithm": "SM3", "digest": hashlib.new("sm3", content).hexdigest()}
    media = merchant.upload(f"{ISSUE}/upload-fapiao-file", meta, content, "fapiao.pdf").data["fapiao_media_id"]
    card = {
        "fapiao_media_id": media,
        "fapiao_number": "12897794",
        "fapiao_code": "044001911211",
        "fapiao_time": "2020-07-01T12:00:00+08:00",
        "check_code": "69001808340631374774",
        "password": "006>299-375/326>2+7/*0-+<3510",
        "total_amount": 382895,
        "tax_amount": 44050,
        "amount": 338845,
        "seller_information": {"name": "深圳市南山区测试公司", "taxpayer_id": "202003261233701778", "address": "深圳"},
        "extra_information": {"drawer": "王五"},
        "items": [
            {
                **LINE,
                "unit_price": 380442000000,
                "amount": 380442,
                "tax_amount": 49458,
                "total_amount": 429900,
                "tax_rate": 1300,
                "tax_prefer_mark": "NO_FAVORABLE",
            }
        ],
    }
    sent: dict[str, Any] = {"scene": "WITHOUT_WECHATPAY", "buyer_information": BUYER, "fapiao_card_information": [card]}
    path = f"{ISSUE}/own-1"
    missing = {**sent, "fapiao_card_information": [{**card, "fapiao_media_id": "none"}]}
    assert merchant.post(f"{ISSUE}/own-0/insert-cards", missing).data["code"] == "RESOURCE_NOT_EXISTS"
    for _ in range(2):
        assert merchant.post(f"{path}/insert-cards", sent).status == 204
    other: dict[str, Any] = {**sent, "buyer_information": {**BUYER, "name": "另一企业"}}
    assert merchant.post(f"{path}/insert-cards", other).data["code"] == "INVALID_REQUEST"
    sandbox.actions["insert_fapiao"]("own-1")
    (invoice,) = told(merchant, "own-1")["fapiao_information"]
    assert (invoice["status"], invoice["card_information"]["card_status"]) == ("ISSUED", "INSERTED")
    assert invoice["blue_fapiao"]["fapiao_number"] == "12897794"
    assert list(events(sandbox, receiver)) == ["FAPIAO.CARD_INSERTED"]
    which = [{"fapiao_id": "12897794", "fapiao_number": "12897794"}]
    back = merchant.post(f"{path}/reverse", {"reverse_reason": "SALES_RETURN", "fapiao_information": which})
    assert back.data["message"] == "仅在微信支付侧开具的电子发票才允许发起冲红"
    with pytest.raises(ValueError, match="is INSERTED, not INSERT_ACCEPTED"):
        sandbox.actions["insert_fapiao"]("own-1")
