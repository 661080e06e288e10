"""Orders of every kind: placed, paid, asked for, closed, taken back; refunded; and the bills of the day."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import bills, orders

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

NUMBER = "1217752501201407033233368018"


def sent(merchant: Any, number: str = NUMBER, total: int = 100, **changes: Any) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "商品",
        "attach": "店",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/notify",
        "amount": {"total": total, "currency": "CNY"},
        **changes,
    }


def place(merchant: Any, number: str = NUMBER, total: int = 100, **changes: Any) -> Any:
    return merchant.post("/v3/pay/transactions/native", sent(merchant, number, total, **changes))


def test_a_notification_says_nothing_of_what_was_asked(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    place(merchant, notify_url=receiver.url, attach="附")
    sandbox.pay(NUMBER)
    assert sandbox.callbacks.wait()
    resource = receiver.opened(sandbox)[1]
    assert resource["attach"] == "附"
    assert not {"description", "notify_url"} & resource.keys()


def query(merchant: Any, number: str = NUMBER) -> Any:
    return merchant.get(f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant.account.mchid}")


def test_a_native_order_is_paid_asked_for_and_notified(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    answer = place(merchant, notify_url=receiver.url)
    assert answer.data["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    unpaid = query(merchant).data
    assert (unpaid["trade_state"], unpaid["amount"]) == ("NOTPAY", {"total": 100, "payer_currency": "CNY"})
    assert "transaction_id" not in unpaid
    assert "success_time" not in unpaid

    (order,) = sandbox.pay(NUMBER, openid="oPayer")
    assert sandbox.callbacks.wait()
    paid = query(merchant).data
    assert paid["trade_state"] == "SUCCESS"
    assert paid["payer"] == {"openid": "oPayer"}
    by_id = merchant.get(f"/v3/pay/transactions/id/{order['transaction_id']}?mchid={merchant.account.mchid}")
    assert by_id.data["trade_state"] == "SUCCESS"
    assert by_id.data["transaction_id"] == paid["transaction_id"]

    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "TRANSACTION.SUCCESS"
    assert envelope["resource"]["original_type"] == "transaction"
    assert resource["amount"] == {"total": 100, "currency": "CNY", "payer_total": 100, "payer_currency": "CNY"}
    assert resource["out_trade_no"] == NUMBER
    assert resource["mchid"] == merchant.account.mchid
    assert None not in resource.values()
    assert len(receiver.received) == 1


@pytest.mark.usefixtures("stopped")
def test_the_same_number_is_the_same_order(sandbox: Sandbox, merchant: Any) -> None:
    assert place(merchant).data["code_url"] == place(merchant).data["code_url"]
    assert place(merchant, total=2).data["code"] == "INVALID_REQUEST"
    sandbox.pay(NUMBER)
    assert place(merchant).data["code"] == "OUT_TRADE_NO_USED"


def test_an_order_is_closed(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant)
    close = f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
    assert merchant.post(close, {"mchid": merchant.account.mchid}).status == 204
    assert query(merchant).data["trade_state"] == "CLOSED"
    assert place(merchant).data["code"] == "ORDER_CLOSED"
    with pytest.raises(ValueError, match="it is CLOSED"):
        sandbox.pay(NUMBER)
    place(merchant, "another1")
    sandbox.pay("another1")
    answer = merchant.post("/v3/pay/transactions/out-trade-no/another1/close", {"mchid": merchant.account.mchid})
    assert answer.data["code"] == "ORDERPAID"
    with pytest.raises(LookupError, match="no order nobody"):
        sandbox.pay("nobody")
    assert query(merchant, "nobody00").data["code"] == "ORDER_NOT_EXIST"


def test_an_order_closes_when_its_time_is_over(sandbox: Sandbox, merchant: Any, monkeypatch: Any) -> None:
    soon = sandbox.context.now().replace(year=2090).isoformat(timespec="seconds")
    place(merchant, time_expire=soon)
    assert "time_expire" not in query(merchant).data  # real answers do not repeat what was asked
    monkeypatch.setattr(sandbox.context, "clock", lambda: 4_000_000_000.0)
    with pytest.raises(ValueError, match="it is CLOSED"):
        sandbox.pay(NUMBER)
    monkeypatch.undo()
    for wrong in ("tomorrow", "2090-01-01", "2090-01-01T10:00:00", "20900101100000", "2090-01-01 10:00:00+08:00"):
        assert place(merchant, "another1", time_expire=wrong).data["detail"]["value"] == wrong
    assert place(merchant, "another2", time_expire="2090-12-31T15:59:60+08:00").status == 200
    assert place(merchant, "another3", time_expire="2090-12-31T15:59:00.5Z").status == 200
    assert place(merchant, "another4", time_expire="2019-12-31T15:59:60+08:00").status == 200


@pytest.mark.parametrize(
    ("kind", "field"),
    [("jsapi", "prepay_id"), ("app", "prepay_id"), ("h5", "h5_url"), ("native", "code_url")],
)
def test_each_kind_gives_its_front_end_what_it_needs(merchant: Any, kind: str, field: str) -> None:
    body = sent(merchant)
    if kind == "jsapi":
        body["payer"] = {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    if kind == "h5":
        body["scene_info"] = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    answer = merchant.post(f"/v3/pay/transactions/{kind}", body)
    assert list(answer.data) == [field]


def test_orders_of_a_service_provider(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    body = {
        "sp_appid": "wx8888888888888888",
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": "1900000110",
        "description": "商品",
        "out_trade_no": NUMBER,
        "notify_url": receiver.url,
        "amount": {"total": 1},
        "payer": {"sp_openid": "oSpF8uMuAJO_M2pxb1Q9zNjWeS6o", "sub_openid": "oSubFuMuAJO_M2pxb1Q9zNjWeS6o"},
    }
    assert "prepay_id" in merchant.post("/v3/pay/partner/transactions/jsapi", body).data
    sandbox.pay(NUMBER)
    target = (
        f"/v3/pay/partner/transactions/out-trade-no/{NUMBER}?sp_mchid={merchant.account.mchid}&sub_mchid=1900000110"
    )
    result = merchant.get(target).data
    assert result["payer"] == {
        "sp_openid": "oSpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "sub_openid": "oSubFuMuAJO_M2pxb1Q9zNjWeS6o",
    }
    assert result["sub_mchid"] == "1900000110"
    del body["payer"]["sub_openid"]
    merchant.post("/v3/pay/partner/transactions/jsapi", {**body, "out_trade_no": "another1"})
    sandbox.pay("another1")
    assert merchant.get(target.replace(NUMBER, "another1")).data["payer"] == {
        "sp_openid": "oSpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    }


def abroad(merchant: Any, number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    return {
        "appid": "wx1",
        "mchid": merchant.account.mchid,
        "sp_appid": "wx1",
        "sp_mchid": merchant.account.mchid,
        "sub_mchid": "1900000110",
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "trade_type": "NATIVE",
        "merchant_category_code": "1011",
        "amount": {"total": 888, "currency": "HKD"},
        **changes,
    }


def numbers(merchant: Any) -> str:
    return f"mchid={merchant.account.mchid}&sp_mchid={merchant.account.mchid}&sub_mchid=1900000110"


def test_orders_abroad_have_an_id(sandbox: Sandbox, merchant: Any) -> None:
    assert merchant.post("/v3/global/transactions/native", abroad(merchant)).status == 200
    target = f"/v3/global/transactions/out-trade-no/{NUMBER}?{numbers(merchant)}"
    assert "transaction_id" not in merchant.get(target).data
    sandbox.pay(NUMBER)
    result = merchant.get(target).data
    assert result["amount"]["payer_currency"] == "HKD"
    assert len(result["id"]) == 28


def test_a_payment_code_does_all_that_a_payment_does(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False  # the official page of payment codes has no contract
    contract = {"contract_code": "code1", "contract_display_account": "张三", "plan_id": "1"}
    body = sent(merchant, payer={"auth_code": "130061098828009406"}, contract_info=contract)
    assert merchant.post("/v3/pay/transactions/codepay", body).data["trade_state"] == "SUCCESS"
    assert sandbox.store.entry("contract", "code1")["state"] == "SIGNED"


def test_an_authorisation_code_pays_at_once_and_is_reversed(sandbox: Sandbox, merchant: Any) -> None:
    body = sent(merchant, payer={"auth_code": "130061098828009406"}, scene_info={"store_info": {"id": "1"}})
    del body["notify_url"]
    result = merchant.post("/v3/pay/transactions/codepay", body).data
    assert (result["trade_state"], result["trade_type"]) == ("SUCCESS", "MICROPAY")
    reverse = f"/v3/pay/transactions/out-trade-no/{NUMBER}/reverse"
    answer = merchant.post(reverse, {"appid": merchant.account.appid, "mchid": merchant.account.mchid})
    assert answer.data["out_trade_no"] == NUMBER
    assert query(merchant).data["trade_state"] == "REVOKED"
    assert "REVOKED" in (bills.trades(sandbox.context, sandbox.context.day()) or b"").decode()
    abroad_body = abroad(merchant, "another1", payer={"auth_code": "1"}, trade_type="MICROPAY")
    del abroad_body["notify_url"]
    assert merchant.post("/v3/transactions/micropay", abroad_body).data["trade_state"] == "SUCCESS"
    reverse = "/v3/transactions/out-trade-no/another1/reverse"
    from wechatpay import catalogue

    operation = catalogue.operation("POST v3/transactions/out-trade-no/{out_trade_no}/reverse")
    assert operation is not None
    values = {each.name: each.example for each in operation.request.json or ()}
    names = {"mchid": merchant.account.mchid, "sp_mchid": merchant.account.mchid}
    assert merchant.post(reverse, {**values, **{k: v for k, v in names.items() if k in values}}).status == 204


@pytest.mark.parametrize("paid", [False, True])
def test_an_order_of_a_front_end_is_not_reversed(sandbox: Sandbox, merchant: Any, paid: bool) -> None:
    # https://pay.weixin.qq.com/doc/v2/merchant/4011941171: only payment codes are reversed
    place(merchant)
    if paid:
        sandbox.pay(NUMBER)
    body = {"appid": merchant.account.appid, "mchid": merchant.account.mchid}
    refused = merchant.post(f"/v3/pay/transactions/out-trade-no/{NUMBER}/reverse", body)
    assert (refused.status, refused.data["code"]) == (400, "INVALID_REQUEST")
    assert query(merchant).data["trade_state"] == ("SUCCESS" if paid else "NOTPAY")


def combined(merchant: Any, url: str) -> dict[str, Any]:
    return {
        "combine_appid": merchant.account.appid,
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "P20150806125346",
        "scene_info": {"device_id": "POS1:1", "payer_client_ip": "14.17.22.32"},
        "sub_orders": [
            {
                "mchid": merchant.account.mchid,
                "sub_mchid": "1900000110",
                "attach": "店",
                "amount": {"total_amount": amount, "currency": "CNY"},
                "out_trade_no": number,
                "description": "商品",
            }
            for number, amount in (("sub00001", 100), ("sub00002", 250))
        ],
        "notify_url": url,
    }


def test_a_combined_order_is_paid_in_one_go(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    assert "code_url" in merchant.post("/v3/combine-transactions/native", combined(merchant, receiver.url)).data
    target = "/v3/combine-transactions/out-trade-no/P20150806125346"
    before = merchant.get(target).data
    assert [each["trade_state"] for each in before["sub_orders"]] == ["NOTPAY", "NOTPAY"]
    paid = sandbox.pay("P20150806125346")
    assert [order["total"] for order in paid] == [100, 250]
    result = merchant.get(target).data
    assert [each["amount"]["payer_amount"] for each in result["sub_orders"]] == [100, 250]
    assert result["combine_payer_info"]["openid"]
    assert sandbox.callbacks.wait()
    _, resource = receiver.opened(sandbox)
    assert resource["combine_out_trade_no"] == "P20150806125346"
    assert len(resource["sub_orders"]) == 2
    assert merchant.get("/v3/combine-transactions/out-trade-no/none").data["code"] == "ORDER_NOT_EXIST"


def test_a_combined_order_is_closed(merchant: Any) -> None:
    body = combined(merchant, "http://127.0.0.1:9/")
    del body["scene_info"]["device_id"]
    merchant.post("/v3/combine-transactions/native", body)
    sub_orders = [
        {"mchid": merchant.account.mchid, "out_trade_no": each["out_trade_no"]} for each in body["sub_orders"]
    ]
    target = "/v3/combine-transactions/out-trade-no/P20150806125346"
    answer = merchant.post(target + "/close", {"combine_appid": merchant.account.appid, "sub_orders": sub_orders})
    assert answer.status == 204
    assert [each["trade_state"] for each in merchant.get(target).data["sub_orders"]] == ["CLOSED", "CLOSED"]


# refunds


def refund(merchant: Any, number: str, fen: int, order: str = NUMBER, **changes: Any) -> Any:
    body = {
        "out_trade_no": order,
        "out_refund_no": number,
        "amount": {"refund": fen, "total": 100, "currency": "CNY"},
        **changes,
    }
    return merchant.post("/v3/refund/domestic/refunds", {k: v for k, v in body.items() if v is not None})


def test_refunds_in_parts_add_up_and_are_notified(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    place(merchant)
    assert refund(merchant, "R1", 30).data["code"] == "RESOURCE_NOT_EXISTS"  # page 4013071036
    sandbox.pay(NUMBER)
    sandbox.callbacks.wait()
    first = refund(merchant, "R1", 30, notify_url=receiver.url).data
    assert (first["status"], first["amount"]["refund"]) == ("PROCESSING", 30)
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "REFUND.SUCCESS"
    assert resource["amount"] == {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30}
    assert resource["refund_status"] == "SUCCESS"
    assert refund(merchant, "R1", 30, notify_url=receiver.url).data["status"] == "SUCCESS"
    assert refund(merchant, "R1", 31).data["code"] == "INVALID_REQUEST"
    assert refund(merchant, "R2", 71).data["message"] == "退款金额大于订单剩余可退金额: 退款 71，剩余 70"
    assert refund(merchant, "R2", 70).status == 200
    assert refund(merchant, "R3", 1).data["code"] == "INVALID_REQUEST"
    result = merchant.get("/v3/refund/domestic/refunds/R2").data
    assert result["status"] == "SUCCESS"
    assert result["success_time"]
    assert query(merchant).data["trade_state"] == "REFUND"
    assert merchant.get("/v3/refund/domestic/refunds/R9").data["code"] == "RESOURCE_NOT_EXISTS"


def test_a_refund_names_its_order_and_its_total(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant)
    sandbox.pay(NUMBER)
    assert refund(merchant, "R1", 30, out_trade_no=None).data["detail"]["field"] == "/transaction_id"
    assert refund(merchant, "R1", 30, "another1").data["code"] == "RESOURCE_NOT_EXISTS"
    answer = refund(merchant, "R1", 30, amount={"refund": 30, "total": 99, "currency": "CNY"})
    assert answer.data["message"] == "订单金额不一致: 订单金额 100，请求中为 99"


def test_refunds_end_as_requested(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset()
    place(merchant)
    sandbox.pay(NUMBER)
    sandbox.callbacks.wait()
    for number, status in (("R1", "CLOSED"), ("R2", "ABNORMAL")):
        refund(merchant, number, 50, notify_url=receiver.url)
        assert merchant.get(f"/v3/refund/domestic/refunds/{number}").data["status"] == "PROCESSING"
        sandbox.finish_refund(number, status)
        assert sandbox.callbacks.wait()
        assert receiver.opened(sandbox)[0]["event_type"] == f"REFUND.{status}"
        assert "success_time" not in merchant.get(f"/v3/refund/domestic/refunds/{number}").data
    assert query(merchant).data["trade_state"] == "REFUND"
    with pytest.raises(ValueError, match="is CLOSED, not PROCESSING"):
        sandbox.finish_refund("R1")
    with pytest.raises(ValueError, match="'LOST' is not a choice"):
        sandbox.finish_refund("R1", "LOST")
    with pytest.raises(LookupError, match="no refund R9"):
        sandbox.finish_refund("R9")


def test_an_order_whose_only_refund_is_closed_stays_a_refunded_one(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset()
    place(merchant)
    sandbox.pay(NUMBER)
    refund(merchant, "R1", 100)
    sandbox.finish_refund("R1", "CLOSED")
    assert query(merchant).data["trade_state"] == "REFUND"  # an end: official page 4012791870
    assert refund(merchant, "R2", 100).status == 200


def test_an_abnormal_refund_goes_to_another_account(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.automatic = frozenset()
    place(merchant)
    sandbox.pay(NUMBER)
    refund_id = refund(merchant, "R1", 100).data["refund_id"]
    body = {
        "out_refund_no": "R1",
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": merchant.encrypt("6222"),
        "real_name": merchant.encrypt("张三"),
    }
    target = f"/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"
    assert merchant.post(target, body).data["code"] == "INVALID_REQUEST"
    sandbox.finish_refund("R1", "ABNORMAL")
    assert merchant.post(target, body).data["status"] == "PROCESSING"
    assert sandbox.journal[-1].opened == {"body/bank_account": "6222", "body/real_name": "张三"}


def test_refunds_abroad_are_listed(sandbox: Sandbox, merchant: Any) -> None:
    merchant.post("/v3/global/transactions/native", abroad(merchant))
    sandbox.pay(NUMBER)
    body = {
        name: value
        for name, value in abroad(merchant).items()
        if name in ("appid", "mchid", "sp_appid", "sp_mchid", "sub_mchid", "out_trade_no")
    }
    ids = []
    for number in ("R1", "R2", "R3"):
        amount = {"refund": 100, "total": 888, "currency": "HKD"}
        ids.append(merchant.post("/v3/global/refunds", {**body, "out_refund_no": number, "amount": amount}).data["id"])
    query_ = numbers(merchant)
    assert merchant.get(f"/v3/global/refunds/id/{ids[0]}?{query_}").data["out_refund_no"] == "R1"
    assert merchant.get(f"/v3/global/refunds/out-refund-no/R2?{query_}").data["id"] == ids[1]
    page = merchant.get(f"/v3/global/refunds?{query_}&out_trade_no={NUMBER}&offset=1&count=1").data
    assert [each["out_refund_no"] for each in page["data"]] == ["R2"]
    assert (page["total_num"], page["current_total_num"]) == (3, 1)


# bills


def rows(content: bytes) -> tuple[list[dict[str, str]], dict[str, str]]:
    text = content.decode("utf-8-sig")
    assert content.startswith(b"\xef\xbb\xbf")
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    head, *table, summary, totals = lines
    return (
        [dict(zip(head, (cell.removeprefix("`") for cell in line), strict=True)) for line in table],
        dict(zip(summary, (cell.removeprefix("`") for cell in totals), strict=True)),
    )


def shop(sandbox: Sandbox, merchant: Any) -> str:
    for index, total in enumerate((1, 100, 333, 98765)):
        place(merchant, f"order{index:03}", total, description="一,二")
        sandbox.pay(f"order{index:03}")
    refund(merchant, "R1", 33, "order002", amount={"refund": 33, "total": 333, "currency": "CNY"})
    refund(merchant, "R2", 1, "order000", amount={"refund": 1, "total": 1, "currency": "CNY"})
    return day_over(sandbox)


def day_over(sandbox: Sandbox) -> str:
    day = sandbox.context.day()
    sandbox.clock.advance(days=2)
    return day


def download(sandbox: Sandbox, merchant: Any, answer: Any) -> bytes:
    url = answer.data["download_url"]
    assert url.startswith("http://127.0.0.1:1/")
    reply = merchant.get("/" + url.removeprefix("http://127.0.0.1:1/"))
    assert "Wechatpay-Signature" not in reply.headers
    content = bytes(reply.body)
    if "tartype" in url:
        content = gzip.decompress(content)
    assert hashlib.sha1(content).hexdigest() == answer.data["hash_value"]
    return content


def test_the_trade_bill_adds_up_to_the_fen(sandbox: Sandbox, merchant: Any) -> None:
    day = shop(sandbox, merchant)
    table, totals = rows(download(sandbox, merchant, merchant.get(f"/v3/bill/tradebill?bill_date={day}")))
    assert totals["总交易单数"] == "6"
    for name, total in (
        ("应结订单金额", "应结订单总金额"),
        ("退款金额", "退款总金额"),
        ("手续费", "手续费总金额"),
        ("订单金额", "订单总金额"),
        ("申请退款金额", "申请退款总金额"),
    ):
        assert sum(Decimal(row[name]) for row in table) == Decimal(totals[total]), name
    assert totals["订单总金额"] == "991.99"
    assert totals["退款总金额"] == "0.34"
    assert {row["商品名称"] for row in table} == {"一\\ 二"}
    zipped = merchant.get(f"/v3/bill/tradebill?bill_date={day}&tar_type=GZIP&bill_type=SUCCESS")
    paid, totals = rows(download(sandbox, merchant, zipped))
    assert len(paid) == 4
    assert "退款金额" not in paid[0]
    back, _ = rows(download(sandbox, merchant, merchant.get(f"/v3/bill/tradebill?bill_date={day}&bill_type=REFUND")))
    assert [row["商户退款单号"] for row in back] == ["R1", "R2"]


def test_the_fund_flow_ends_at_the_balance(sandbox: Sandbox, merchant: Any) -> None:
    day = shop(sandbox, merchant)
    table, totals = rows(download(sandbox, merchant, merchant.get(f"/v3/bill/fundflowbill?bill_date={day}")))
    income = sum(Decimal(row["收支金额(元)"]) for row in table if row["收支类型"] == "收入")
    outgo = sum(Decimal(row["收支金额(元)"]) for row in table if row["收支类型"] == "支出")
    assert (income, outgo) == (Decimal(totals["收入金额"]), Decimal(totals["支出金额"]))
    assert Decimal(table[-1]["账户结余(元)"]) == income - outgo
    assert int(totals["资金流水总笔数"]) == len(table)


def test_a_wholly_refunded_order_costs_nothing(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant, total=101)  # 0.606 fen of commission: 1; of 50: 0
    sandbox.pay(NUMBER)
    for number, fen in (("R1", 50), ("R2", 50), ("R3", 1)):
        assert refund(merchant, number, fen, amount={"refund": fen, "total": 101, "currency": "CNY"}).status == 200
    day = day_over(sandbox)
    table, totals = rows(download(sandbox, merchant, merchant.get(f"/v3/bill/tradebill?bill_date={day}")))
    assert sum(Decimal(row["手续费"]) for row in table) == Decimal(totals["手续费总金额"]) == 0
    assert Decimal(table[0]["手续费"]) == Decimal("0.01")
    table, _ = rows(download(sandbox, merchant, merchant.get(f"/v3/bill/fundflowbill?bill_date={day}")))
    assert table[-1]["账户结余(元)"] == "0.00"


def test_days_without_moves_have_no_bill(sandbox: Sandbox, merchant: Any) -> None:
    for kind in ("tradebill", "fundflowbill"):
        assert merchant.get(f"/v3/bill/{kind}?bill_date={day_over(sandbox)}").data["code"] == "NO_STATEMENT_EXIST"
    assert merchant.get("/v3/bill/tradebill?bill_date=2090-06-11").data["code"] == "INVALID_REQUEST"
    assert merchant.get("/v3/bill/tradebill?bill_date=yesterday").data["detail"]["value"] == "yesterday"


def test_a_bill_of_some_kind_may_be_empty(sandbox: Sandbox, merchant: Any) -> None:
    place(merchant)
    sandbox.pay(NUMBER)
    day = day_over(sandbox)
    assert merchant.get(f"/v3/bill/tradebill?bill_date={day}&bill_type=REFUND").data["code"] == "NO_STATEMENT_EXIST"


def test_made_up_links_lead_to_a_file_too(merchant: Any) -> None:
    merchant.sandbox.context.strict = False
    url = merchant.get("/v3/funds-to-oversea/bill-download-url").data["download_url"]
    assert merchant.get(url.removeprefix("http://127.0.0.1:1")).body.startswith(b"sandbox file ")


def test_statements_are_signed_by_their_digest(sandbox: Sandbox, merchant: Any) -> None:
    target = f"/v3/global/statements?date=20190611&mchid={merchant.account.mchid}"
    answer = merchant.get(target)
    digest = hashlib.sha1(answer.body).hexdigest()
    assert answer.headers["Wechatpay-Statement-Sha1"] == digest
    assert answer.signed(json.dumps({"sha1": digest}).replace(" ", "").encode())
    zipped = merchant.get(target, headers={"accept-encoding": "gzip"})
    assert gzip.decompress(zipped.body) == answer.body
    day = shop(sandbox, merchant).replace("-", "")
    assert b"order003" in merchant.get(target.replace("20190611", day)).body


def test_users_may_pay_by_themselves(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset({"pay", "refund"})
    place(merchant, notify_url=receiver.url)
    assert query(merchant).data["trade_state"] == "SUCCESS"
    merchant.post("/v3/combine-transactions/native", combined(merchant, receiver.url))
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 2
    none = {**combined(merchant, receiver.url), "combine_out_trade_no": "none0001", "sub_orders": []}
    assert merchant.post("/v3/combine-transactions/native", none).data["detail"] == {"location": "body", "value": 0}
    sandbox.context.strict = False
    assert merchant.post("/v3/combine-transactions/native", none).data["detail"]["field"] == "/sub_orders"
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 2


def test_a_field_that_a_flow_needs_is_asked_for(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    answer = merchant.post("/v3/pay/transactions/native", {})
    assert answer.data["detail"]["field"] == "/out_trade_no"


def test_a_fault_of_the_sandbox_is_reported_and_logged(merchant: Any, caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(orders, "deadline", None)
    answer = place(merchant)
    assert (answer.status, answer.data["code"]) == (500, "SYSTEM_ERROR")
    assert "could not answer" in caplog.text


@pytest.mark.parametrize("wrong", ["99999999999999", "2090-13-01T10:00:00+08:00"])
def test_a_time_that_no_calendar_has_is_refused(sandbox: Any, merchant: Any, wrong: str) -> None:
    sandbox.context.strict = False
    assert place(merchant, time_expire=wrong).data["detail"]["field"] == "/time_expire"


def test_a_fault_is_added_by_name(sandbox: Any, merchant: Any) -> None:
    sandbox.fault("error", code="SYSTEM_ERROR", times=1)
    assert place(merchant).data["code"] == "SYSTEM_ERROR"


def test_the_former_place_of_a_payment(sandbox: Any, merchant: Any) -> None:
    place(merchant)
    with pytest.warns(DeprecationWarning, match="use Sandbox.pay"):
        (paid,) = orders.pay(sandbox.context, NUMBER, openid="o1")
    assert (paid["state"], paid["openid"]) == ("SUCCESS", "o1")
