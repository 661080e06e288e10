"""The stored objects, and their histories."""

import json
import pkgutil
import re
from importlib import import_module
from urllib.parse import quote

import pytest

from wechatpay.sandbox import flows
from wechatpay.sandbox.flows.states import States
from wechatpay.sandbox.inspector import timeline
from wechatpay.sandbox.inspector.page import FILES, SHORT, SHOWN


def look(ask, number, kind="order"):
    return ask(f"inspector/objects/{kind}/{number}")


def steps(found):
    return [(step["step"], step.get("what") or step.get("operation") or step.get("event")) for step in found["steps"]]


def refund(merchant, order, number, fen, url=None):
    content = {
        "out_trade_no": order,
        "out_refund_no": number,
        "amount": {"refund": fen, "total": 1234, "currency": "CNY"},
    }
    content |= {"notify_url": url} if url else {}
    entry = merchant.send(merchant.request("POST", "/v3/refund/domestic/refunds", json.dumps(content).encode()))
    assert entry.status == 200, entry.message


def test_what_happened_to_an_order_is_told_in_its_order(ask, sandbox, merchant, receiver):
    receiver.answers += [(500, b"")]
    merchant.order("T20260101001", 1234, notify_url=receiver.url)
    merchant.order("T202601010012", 1234)  # begins with the other's number
    target = f"/v3/pay/transactions/out-trade-no/T20260101001?mchid={sandbox.account.mchid}"
    merchant.send(merchant.request("GET", target))
    sandbox.pay("T20260101001")
    assert sandbox.callbacks.wait()
    refund(merchant, "T20260101001", "R20260101001", 100, receiver.url)
    sandbox.finish_refund("R20260101001")
    assert sandbox.callbacks.wait()
    found = look(ask, "T20260101001")
    happened = steps(found)
    booked = [step for step in happened if step[0] == "booked"]
    assert [step for step in happened if step[0] != "booked"] == [
        ("request", "POST v3/pay/transactions/native"),
        ("fact", "created"),
        ("request", "GET v3/pay/transactions/out-trade-no/{out_trade_no}"),
        ("fact", "success_time"),
        ("notified", "TRANSACTION.SUCCESS"),
        ("notified", "TRANSACTION.SUCCESS"),
        ("request", "POST v3/refund/domestic/refunds"),
        ("fact", "create_time"),
        ("fact", "success_time"),
        ("notified", "REFUND.SUCCESS"),
    ]
    assert len(booked) >= 2
    attempts = [step for step in found["steps"] if step.get("event") == "TRANSACTION.SUCCESS"]
    assert [(each["attempt"], each["status"], each["accepted"]) for each in attempts] == [
        (1, 500, False),
        (2, 200, True),
    ]
    assert (found["state"], found["amount"], found["currency"]) == ("REFUND", 1234, "CNY")
    assert [(each["kind"], each["number"], each["amount"], each["state"]) for each in found["related"]] == [
        ("refund", "R20260101001", 100, "SUCCESS")
    ]
    assert found["entry"]["out_trade_no"] == json.loads(found["object"])["out_trade_no"] == "T20260101001"


def test_a_refund_leads_to_its_order_and_is_found_by_the_platforms_number(ask, sandbox, merchant):
    merchant.order("T20260101001", 1234)
    sandbox.pay("T20260101001")
    refund(merchant, "T20260101001", "R20260101001", 100)
    number = sandbox.store.get("refund", "R20260101001")["refund_id"]
    found = look(ask, number, "refund")
    assert (found["number"], found["amount"]) == ("R20260101001", 100)
    assert [each["number"] for each in found["related"]] == ["T20260101001"]


def test_times_to_come_are_told_while_they_count(ask, sandbox, merchant):
    merchant.order("T20260101001", notify_url="http://elsewhere.example/", time_expire="2999-01-01T00:00:00+08:00")
    planned = [step["what"] for step in look(ask, "T20260101001")["steps"] if step["step"] == "planned"]
    assert sorted(planned) == ["closes", "expires"]
    sandbox.pay("T20260101001")
    found = look(ask, "T20260101001")
    assert "planned" not in {step["step"] for step in found["steps"]}
    assert [(step["event"], step["state"], step["time"]) for step in found["steps"] if step["step"] == "pending"] == [
        ("TRANSACTION.SUCCESS", "blocked", None)
    ]


def test_times_of_a_second_stand_at_its_end_where_nothing_else_is_known(ask, sandbox, merchant):
    merchant.order("T20260101001")
    sandbox.pay("T20260101001")
    sandbox.journal.clear()
    sandbox.callbacks.clear()
    assert [step for step in steps(look(ask, "T20260101001")) if step[0] == "fact"] == [
        ("fact", "created"),
        ("fact", "success_time"),
    ]


@pytest.mark.parametrize("kind", ["order", "refund", "no such kind"])
def test_what_is_gone_says_so_in_both_languages(ask, kind):
    reply = ask.reply(f"inspector/objects/{kind.replace(' ', '%20')}/gone01")
    said = json.loads(reply.body)
    assert reply.status == 404
    assert "gone01 (any more)" in said["message"]
    assert "gone01 不存在，或已被清空" in said["zh"]


def test_every_kind_has_a_history(ask, sandbox, merchant):
    sandbox.context.strict = False
    posts = {
        "/v3/fund-app/mch-transfer/transfer-bills": {"out_bill_no": "bill1", "transfer_amount": 5, "openid": "o"},
        "/v3/payscore/serviceorder": {"out_order_no": "serv1", "service_id": "1"},
        "/v3/hire-power-bank/insurance-orders": {"out_order_no": "insu1", "openid": "o", "service_id": "s"},
        "/v3/papay/insurance-sign/contracts/pre-entrust-sign/app": {"out_contract_code": "cont1", "plan_id": 1},
        "/v3/papay/sign/contracts/pre-entrust-sign": {"out_contract_code": "dedu1", "plan_id": 1},
        "/v3/fund-app/mch-transfer/user-confirm-authorization": {"out_authorization_no": "auth1", "openid": "o"},
    }
    for target, content in posts.items():
        sent = {"appid": sandbox.account.appid, **content}
        assert merchant.send(merchant.request("POST", target, json.dumps(sent).encode())).status < 300
    merchant.v2("/pay/unifiedorder", {"body": "t", "out_trade_no": "tea001", "total_fee": "500", "trade_type": "APP"})
    seen = set()
    for kind in ask("inspector/money")["kinds"]:
        for listed in ask(f"inspector/objects/{kind.replace(' ', '%20')}")["rows"]:
            found = look(ask, quote(listed["number"], safe=""), kind.replace(" ", "%20"))
            if kind in SHOWN.values():
                seen.add(kind)
                assert "request" in {step["step"] for step in found["steps"]}, kind
                assert found["state"], kind
    assert seen >= {"order", "transfer bill", "service order", "insurance order", "contract", "transfer authorization"}


def test_entries_of_any_shape_are_listed(ask, sandbox):
    sandbox.store.put("odd", "a", ["no members"])
    sandbox.store.put("odd", "b", {"receivers": [{"amount": 1}, {"amount": 2}, 3], "finish_time": "20260101080000"})
    sandbox.store.put(
        "odd", "c", {"amount": {"refund": 4, "total": 5}, "update_time": "soon", "state": 1, "time": None}
    )
    rows = ask("inspector/objects/odd")["rows"]
    assert [(row["number"], row["amount"], row["time"]) for row in rows] == [
        ("c", 4, None),
        ("b", 3, 1767225600.0),
        ("a", None, None),
    ]
    assert look(ask, "a", "odd")["steps"] == []
    assert [step["time"] for step in look(ask, "b", "odd")["steps"]] == [1767225600.0]


def test_many_objects_come_page_by_page(ask, sandbox, merchant):
    merchant.order("T0")
    order = merchant.order("BASE0001") and sandbox.store.get("order", "BASE0001")
    with sandbox.store.transaction():
        for number in range(2 * timeline.PAGE):
            sandbox.store.put("order", f"T{number:07d}", {**order, "out_trade_no": f"T{number:07d}"})
    first = ask("inspector/objects/order")
    assert [len(first["rows"]), first["rows"][0]["number"], first["more"]] == [timeline.PAGE, "T0000099", True]
    last = ask("inspector/objects/order?page=2")
    assert ([row["number"] for row in last["rows"]], last["more"]) == (["BASE0001"], False)
    found = ask("inspector/objects/order?text=T000009")
    assert [row["number"] for row in found["rows"]] == [f"T{number:07d}" for number in range(99, 89, -1)]
    assert len(ask("inspector/money")["orders"]) == SHORT


def test_a_history_has_an_end(ask, sandbox, merchant, monkeypatch):
    monkeypatch.setattr(timeline, "MOST", 3)
    merchant.order("T20260101001")
    sandbox.pay("T20260101001")
    found = look(ask, "T20260101001")
    assert (len(found["steps"]), found["count"] > 3) == (3, True)


def test_a_booking_says_what_the_account_holds_then(ask, sandbox, merchant):
    merchant.order("paid01", 1000)
    sandbox.pay("paid01")
    booked = [step for step in look(ask, "paid01")["steps"] if step["step"] == "booked" and step["balance"] is not None]
    assert [(step["what"], step["amount"], step["balance"]) for step in booked] == [("交易", 1000, 994)]
    assert all(step["time"] for step in booked)


def test_1970_stands_for_no_time():
    assert list(timeline.times_of({"finish_time": "1970-01-01T08:00:00+08:00"})) == []


def test_every_state_has_words():
    modules = [import_module(f"{flows.__name__}.{each.name}") for each in pkgutil.iter_modules(flows.__path__)]
    tables = [value for module in modules for value in vars(module).values() if isinstance(value, States)]
    changes = [change for table in tables for change in table.transitions.values()]
    states = {state for table in tables for state in table.first} | {change.after for change in changes}
    words = (FILES["states.js"].content + FILES["i18n.js"].content).decode()
    assert [state for state in sorted(states) if not re.search(rf"(?m)\b{state}(: '|\|)", words)] == []


def test_every_object_of_a_flow_is_known_and_mere_lists_are_not_shown(ask, sandbox, merchant):
    assert {"applyment", "ecommerce applyment", "account intention", "brand applyment", "name alteration"} <= set(
        timeline.known()
    )
    merchant.order("paid01", 1000)
    sandbox.pay("paid01")
    sandbox.store.put("coupon use 77", "paid01", {"order": "paid01"})
    kinds = ask("inspector/money")["kinds"]
    assert "account entry BASIC" in kinds
    assert "coupon use 77" not in kinds
    assert "coupon use 77" not in {each["kind"] for each in look(ask, "paid01")["related"]}
    (entry,) = ask("inspector/objects/account%20entry%20BASIC")["rows"]
    assert (entry["amount"], entry["time"] is None) == (1000, False)


def test_what_is_to_come_is_no_fact(ask, sandbox):
    tomorrow = "2099-01-01T00:00:00+08:00"
    sandbox.store.put("coupon", "c1", {"create_time": "2020-01-01T00:00:00+08:00", "available_end_time": tomorrow})
    assert [(step["what"], step["step"]) for step in look(ask, "c1", "coupon")["steps"]] == [
        ("create_time", "fact"),
        ("available_end_time", "planned"),
    ]


def test_a_kind_or_notification_that_is_not_there_is_named(ask):
    assert b"there is no kind nokind" in ask.reply("inspector/objects/nokind").body
    assert b"delivery abc is not kept" in ask.reply("inspector/deliveries/abc").body
    assert ask("inspector/objects/order")["rows"] == []
