"""The methods that the sandbox carries out."""

from __future__ import annotations

import base64
import json

import pytest

from taobao_top.sandbox import Sandbox

ORDER = "alibaba.finance.insurance.createorder"


def _order(**changes):
    day = "2026-01-01 10:00:00"
    policy = {
        "fee_amount": "10.00",
        "actual_received_amount": "10.00",
        "effective_time": day,
        "expiration_time": "2027-01-01 10:00:00",
        "is_renew_policy": False,
        "policy_no": "P1",
        "guaranteed_amount": "10.00",
    }
    return {
        "identifier": "I1",
        "order_id": "O1",
        "total_guaranteed_amount": "100",
        "effective_time": day,
        "policy_list": [policy],
        "total_actual_received_amount": "100.00",
        "total_fee_amount": "10.00",
        "out_user_id": "U1",
        "payment_type": "monthly",
        "item_id": "1",
        "institution": "xx",
        "total_installments": 1,
        "product_code": "C1",
        "expiration_time": "2027-01-01 10:00:00",
        "apply_time": day,
        "tenant": "DTAO",
        "attributes": json.dumps({"spm": "xxx"}),
    } | changes


def test_an_insurance_order_is_created(call, sandbox):
    answer = call(ORDER, create_order_request=json.dumps(_order()))
    assert answer["root"] == "alibaba_finance_insurance_createorder_response"
    assert (answer["is_success"], answer["response_code"]) == (True, "SUCCESS")
    assert sandbox.application.insurance.get("I1") == _order()


def test_a_repeated_order_succeeds_and_another_with_its_identifier_fails(call):
    first = call(ORDER, create_order_request=json.dumps(_order()))
    again = call(ORDER, create_order_request=json.dumps(_order(), indent=1))
    assert first["is_success"] is again["is_success"] is True
    other = call(ORDER, create_order_request=json.dumps(_order(order_id="O2")))
    assert other["is_success"] is False
    assert other["response_code"] == "IDENTIFIER_CONFLICT"
    assert other["response_msg"]


@pytest.mark.parametrize(
    ("request_text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        (json.dumps(_order(tenant=None)), "tenant is required"),
        (json.dumps(_order(effective_time="2026-01-01T10:00:00")), "effective_time must be"),
        (json.dumps(_order(policy_list=[{}])), "policy_list.0."),
        (json.dumps(_order(expiration_time="2025-01-01 10:00:00")), "before effective_time"),
    ],
)
def test_bad_orders_are_refused_with_code_50(call, request_text, complaint):
    error = call.refused(ORDER, create_order_request=request_text)
    assert (error["code"], error["msg"]) == (50, "Remote service error")
    assert error["sub_code"] == "isv.invalid-parameter"
    assert complaint in error["sub_msg"]


def test_an_order_without_its_parameter_is_refused_with_code_40(call):
    assert call.refused(ORDER)["code"] == 40


def test_an_order_is_checked_in_lenient_mode_too(call, taobao_sandbox_server):
    gateway = taobao_sandbox_server.service.gateway
    gateway.strict = False
    try:
        assert call.refused(ORDER, create_order_request="{}")["code"] == 50
        assert call.refused(ORDER)["code"] == 40
    finally:
        gateway.strict = True


def test_new_trades_shift_the_pages_of_a_list(call, sandbox):
    first = sandbox.trades.add(5)
    one = call.seller("taobao.trades.sold.get", fields="tid,status", page_size="2", page_no="1")
    assert one["total_results"] == 5
    assert [trade["tid"] for trade in one["trades"]["trade"]] == [first[4], first[3]]
    assert one["trades"]["trade"][0].keys() == {"tid", "status"}
    (new,) = sandbox.trades.add()
    two = call.seller("taobao.trades.sold.get", fields="tid", page_size="2", page_no="2")
    assert [trade["tid"] for trade in two["trades"]["trade"]] == [first[3], first[2]]  # one came again
    assert new == first[4] + 1
    last = call.seller("taobao.trades.sold.get", fields="tid", page_size="4", page_no="2", use_has_next="true")
    assert "total_results" not in last
    assert last["has_next"] is False
    beyond = call.seller("taobao.trades.sold.get", fields="tid", page_size="4", page_no="3", use_has_next="true")
    assert "trades" not in beyond


def test_trades_are_filtered_by_status_buyer_and_time(call, sandbox):
    old, paid = sandbox.trades.add(2)
    sandbox.advance(100)
    sandbox.trades.pay(paid)

    def numbers(api, **asked):
        found = call.seller(api, fields="tid,orders.status", **asked)
        return [trade.get("tid") for trade in found.get("trades", {}).get("trade", [])]

    sold = "taobao.trades.sold.get"
    assert numbers(sold, status="WAIT_SELLER_SEND_GOODS") == [paid]
    assert numbers(sold, buyer_nick="nobody") == []
    assert numbers(sold, start_created="2000-01-01 00:00:00", end_created="2000-01-02 00:00:00") == []
    moved = sandbox.trades.get(paid)["modified"]
    later = {"start_modified": moved, "end_modified": f"{moved[:10]} 23:59:59"}
    assert numbers("taobao.trades.sold.increment.get", **later) == [paid]
    assert old not in numbers("taobao.trades.sold.increment.get", **later)
    for wrong in ({"page_size": "101"}, {"page_no": "0"}, {"page_no": "1.5"}):
        error = call.refused(sold, session=sandbox.account.session, fields="tid", **wrong)
        assert error["code"] == 41


def test_a_trade_is_paid_shipped_annotated_and_closed(call, sandbox):
    (tid,) = sandbox.trades.add(buyer_nick="小明")
    number = str(tid)
    trade = call.seller("taobao.trade.get", fields="tid,buyer_nick,orders", tid=number)["trade"]
    assert trade["tid"] == tid
    assert trade["buyer_nick"] == "小明"
    assert trade["orders"]["order"][0]["oid"] == tid
    session = sandbox.account.session
    sent = {"tid": number, "company_code": "SF", "out_sid": "1"}
    assert call.refused("taobao.logistics.offline.send", session=session, **sent)["code"] == 50
    sandbox.trades.pay(tid)
    assert call.refused("taobao.trade.close", session=session, tid=number, close_reason="x")["code"] == 50
    assert call.seller("taobao.logistics.offline.send", **sent)["shipping"] == {"is_success": True}
    assert call.seller("taobao.trade.memo.update", tid=number, memo="备注", flag="3")["trade"]["modified"]
    full = call.seller("taobao.trade.fullinfo.get", fields="status,seller_memo,seller_flag", tid=number)["trade"]
    assert full == {"status": "WAIT_BUYER_CONFIRM_GOODS", "seller_memo": "备注", "seller_flag": 3}
    (other,) = sandbox.trades.add()
    assert call.seller("taobao.trade.close", tid=str(other), close_reason="x")["trade"]["tid"] == other
    assert call.refused("taobao.trade.get", session=session, fields="tid", tid="1")["sub_code"] == "isv.trade-not-exist"
    assert len(sandbox.trades) == 2


def test_keys_for_encryption_depend_on_session_user_and_version(call, sandbox):
    first = call("taobao.top.secret.get", random_num="1")
    assert len(base64.b64decode(first["secret"])) == 16
    assert first["secret_version"] == 1
    settings = json.loads(first["app_config"])
    assert (settings["encrypt_slide_size"], settings["current_phone"]) == ("4", "1")
    sandbox.application.searchable.add("phone")
    settings = json.loads(call("taobao.top.secret.get", random_num="1")["app_config"])
    assert (settings["current_phone"], settings["current_nick"]) == ("2", "1")
    assert call("taobao.top.secret.get", random_num="2")["secret"] == first["secret"]
    assert sandbox.rotate_secret() == 2
    second = call("taobao.top.secret.get", random_num="1")
    assert second["secret_version"] == 2
    assert second["secret"] != first["secret"]
    old = call("taobao.top.secret.get", random_num="1", secret_version="1")
    assert old["secret"] == first["secret"]
    error = call.refused("taobao.top.secret.get", random_num="1", secret_version="3")
    assert (error["code"], error["sub_code"]) == (50, "20005")
    mine = call("taobao.top.secret.get", random_num="1", session="_123")
    assert mine["secret"] != second["secret"]
    assert call("taobao.top.secret.get", random_num="1", customer_user_id="7")["secret"] != mine["secret"]


def test_receivers_are_decrypted_from_oaid(call, sandbox):
    query = [{"oaid": "a", "tid": "1", "scene": "1001"}, {"oaid": "b", "tid": "2", "scene": "1001"}]
    answer = call.seller("taobao.top.oaid.decrypt", query_list=json.dumps(query))
    one, two = answer["receiver_list"]["receiver"]
    assert (one["oaid"], one["tid"], one["matched"]) == ("a", "1", True)
    assert one["mobile"] != two["mobile"]
    wrong = call.refused("taobao.top.oaid.decrypt", session=sandbox.account.session, query_list='[{"oaid":"a"}]')
    assert wrong["sub_code"] == "isv.missing-parameter:query_list.0.tid"


def test_a_picture_is_uploaded(call, sandbox):
    picture = {"picture_category_id": "0", "image_input_title": "标题"}
    content = bytes(range(256))
    session = sandbox.account.session
    answer = call.raw(
        "taobao.picture.upload", session=session, files={"img": ("图.jpg", content, "image/jpeg")}, **picture
    )
    uploaded = answer.json()["picture_upload_response"]["picture"]
    assert uploaded["sizes"] == 256
    assert uploaded["title"] == "标题"
    (file,) = sandbox.journal[-1].files
    assert (file.name, file.filename, file.content_type, file.content) == ("img", "图.jpg", "image/jpeg", content)
    assert "\\x" not in repr(sandbox.journal[-1])
    assert call.refused("taobao.picture.upload", session=session, **picture)["sub_code"] == "isv.missing-parameter:img"
    as_text = call.refused("taobao.picture.upload", session=session, img="x", **picture)
    assert (as_text["code"], "multipart" in as_text["sub_msg"]) == (41, True)


def test_a_part_without_a_type_is_accepted_and_a_broken_multipart_body_refused(call, sandbox):
    given = call.parameters("taobao.picture.upload", session=sandbox.account.session, picture_category_id="0",
                            image_input_title="t")  # fmt: skip
    given["sign"] = call.sign(given)
    part = b'--b\r\nContent-Disposition: form-data; name="img"; filename="a"\r\n\r\n\x00\xff\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data;charset=UTF-8;boundary=b"}
    answer = call.http.post(sandbox.gateway, params=given, data=part, headers=kind)
    assert "error_response" not in answer.json()
    assert sandbox.journal[-1].files[0].content == b"\x00\xff"
    assert sandbox.journal[-1].files[0].content_type == "application/octet-stream"
    broken = call.http.post(
        sandbox.gateway, params=given, data=b"nothing", headers={"Content-Type": "multipart/form-data"}
    )
    assert broken.json()["error_response"]["sub_code"] == "isv.invalid-multipart"
    assert call.http.put(sandbox.gateway, params=given, data=part, headers=kind).json()["error_response"]["code"] == 9


@pytest.mark.parametrize("kind", ["application/json;charset=utf-8", "text/xml;charset=utf-8", "application/xml"])
def test_raw_bodies_are_signed(call, sandbox, kind):
    body = '{"request":"中文"}'.encode()
    url = sandbox.origin + "/router/qimen/service"
    method = "taobao.qimen.items.synchronize"
    answer = call.raw(method, url=url, body=body, headers={"Content-Type": kind}, customerId="c1").json()
    assert answer["response"]["flag"] == "success"
    assert sandbox.journal[-1].body == body
    given = call.parameters(method, customerId="c1")
    given["sign"] = call.sign(given)
    error = call.http.post(url, params=given, data=body, headers={"Content-Type": kind}).json()["response"]
    assert (error["flag"], error["code"], error["message"]) == ("failure", 25, "Invalid signature")
    assert error["sub_code"] == "isv.invalid-signature"
    assert "raw body" in error["sub_message"]


def test_qimen_responds_in_XML(call, sandbox):
    answer = call.raw("taobao.qimen.items.synchronize", url=sandbox.origin + "/router/qimen/service", body=b"<a/>",
                      headers={"Content-Type": "text/xml"}, format="xml")  # fmt: skip
    assert answer.text.startswith('<?xml version="1.0" encoding="utf-8" ?><response><flag>success</flag>')


def test_messages_are_consumed_and_confirmed_over_HTTP(call, sandbox):
    one = sandbox.messages.publish("taobao_trade_TradeCreate", {"tid": 1})
    two = sandbox.messages.publish("taobao_trade_TradeChanged", '{"tid":2}')
    sandbox.messages.publish("taobao_trade_TradeChanged", group="other")
    taken = call("taobao.tmc.messages.consume", quantity="10")["messages"]["tmc_message"]
    assert [(message["id"], message["topic"]) for message in taken] == [
        (one.id, "taobao_trade_TradeCreate"),
        (two.id, "taobao_trade_TradeChanged"),
    ]
    assert json.loads(taken[0]["content"]) == {"tid": 1}
    assert sandbox.messages.unconfirmed == 2
    assert call("taobao.tmc.messages.confirm", s_message_ids=str(one.id), f_message_ids=f"{two.id},77")["is_success"]
    assert sandbox.messages.confirmed == [one.id]
    assert sandbox.messages.failed == [(two.id, "")]
    again = call("taobao.tmc.messages.consume", quantity="10")["messages"]["tmc_message"]
    assert [message["id"] for message in again] == [two.id]
    assert call("taobao.tmc.messages.confirm", s_message_ids="1")["is_success"] is False
    sandbox.advance(601)  # it was not confirmed
    again = call("taobao.tmc.messages.consume")["messages"]["tmc_message"]
    assert [message["id"] for message in again] == [two.id]
    assert "messages" not in call("taobao.tmc.messages.consume")


def test_messages_are_published_over_HTTP(call, sandbox):
    answer = call("taobao.tmc.message.produce", topic="a_b_C", content="{}", target_group="g")
    assert answer["msg_ids"]["string"] == [str(sandbox.messages.sent[0].id)]
    assert sandbox.messages.sent[0].group == "g"
    assert len(call("taobao.tmc.auth.get", group="g")["result"]) == 32


def test_a_trade_is_paid_once(sandbox):
    (tid,) = sandbox.trades.add()
    sandbox.trades.pay(tid)
    with pytest.raises(ValueError, match="is WAIT_SELLER_SEND_GOODS, not WAIT_BUYER_PAY"):
        sandbox.trades.pay(tid)


def test_an_env_file_without_tls_names_no_ca(tmp_path):
    with Sandbox(https=False) as plain:
        target = plain.write_env(tmp_path / "top.env")
    assert "TAOBAO_TOP_CA" not in target.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["top.env"]
