"""Faults, played over real sockets; and the list they wait in."""

from __future__ import annotations

import json
import re

import pytest
import requests

from taobao_top.sandbox import KINDS, Fault, Sandbox
from taobao_top.sandbox.faults import Faults

ITEM = "taobao.item.seller.get"
ASKED = {"fields": "num_iid,title,skus", "num_iid": "5"}


def test_latency(call, sandbox):
    sandbox.fault("latency", seconds=0.05)
    answer = call.raw(ITEM, **ASKED)
    assert answer.elapsed.total_seconds() >= 0.05
    assert answer.json()["item_seller_get_response"]
    assert sandbox.journal[-1].fault == "latency"


@pytest.mark.parametrize("kind", ["reset", "close"])
@pytest.mark.parametrize("secure", [False, True])
def test_cut_connections(call, sandbox, kind, secure):
    sandbox.fault(kind)
    call.http.verify = str(sandbox.ca)
    with pytest.raises(requests.ConnectionError):
        call.raw(ITEM, url=sandbox.https_gateway if secure else None, **ASKED)
    assert call(ITEM, **ASKED)["item"]


def test_half_a_body(call, sandbox):
    sandbox.fault("half_body")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call.raw(ITEM, **ASKED)


def test_empty(call, sandbox):
    sandbox.fault("empty")
    answer = call.raw(ITEM, **ASKED)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("status", [200, 429, 502, 503])
def test_pages(call, sandbox, status):
    sandbox.fault("html", status=status)
    answer = call.raw(ITEM, **ASKED)
    assert answer.status_code == status
    assert answer.text.startswith("<html>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_truncated_text(call, sandbox):
    sandbox.fault("truncated")
    answer = call.raw(ITEM, **ASKED)
    assert answer.text.startswith('{"item_seller_get_response"')
    with pytest.raises(ValueError):
        answer.json()


def test_raw_control_characters(call, sandbox):
    sandbox.fault("control_characters")
    answer = call.raw(ITEM, **ASKED)
    with pytest.raises(ValueError):
        answer.json()
    assert json.loads(answer.text, strict=False)["item_seller_get_response"]["item"]["title"].startswith("\x01\t\n")


def test_wrong_content_type(call, sandbox):
    sandbox.fault("content_type")
    answer = call.raw(ITEM, **ASKED)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.json()


def test_broken_gzip(call, sandbox):
    sandbox.fault("broken_gzip")
    with pytest.raises(requests.exceptions.ContentDecodingError):
        call.raw(ITEM, **ASKED)


def test_huge(call, sandbox):
    sandbox.fault("huge", size=300_000)
    assert len(call.raw(ITEM, **ASKED).content) == 300_000


def test_redirects(call, sandbox):
    sandbox.fault("redirect")
    answer = call.raw(ITEM, **ASKED)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://elsewhere.invalid/")


def test_platform_errors(call, sandbox):
    sandbox.error(15, "isp.top-remote-connection-timeout", "timeout")
    error = call.refused(ITEM, **ASKED)
    assert (error["code"], error["sub_code"]) == (15, "isp.top-remote-connection-timeout")
    sandbox.fault("error")
    assert call.refused(ITEM, **ASKED)["sub_code"].startswith("isp.")
    sandbox.error(999)
    error = call.refused(ITEM, **ASKED)
    assert (error["code"], error["msg"]) == (999, "Error")
    assert "sub_code" not in error


def test_a_failed_call_may_have_taken_effect_or_not(call, sandbox):
    (tid,) = sandbox.trades.add()
    close = {"tid": str(tid), "close_reason": "x"}
    sandbox.error(50, "isp.remote-service-timeout")
    session = sandbox.account.session
    assert call.refused("taobao.trade.close", session=session, **close)
    assert sandbox.trades.get(tid)["status"] == "WAIT_BUYER_PAY"
    sandbox.error(50, "isp.remote-service-timeout", executed=True)
    assert call.refused("taobao.trade.close", session=session, **close)
    assert sandbox.trades.get(tid)["status"] == "TRADE_CLOSED_BY_TAOBAO"
    (tid,) = sandbox.trades.add()
    sandbox.fault("reset", executed=True)
    with pytest.raises(requests.ConnectionError):
        call.seller("taobao.trade.close", tid=str(tid), close_reason="x")
    assert sandbox.trades.get(tid)["status"] == "TRADE_CLOSED_BY_TAOBAO"


def test_faults_by_header(call, sandbox):
    error = call.refused(ITEM, headers={"Sandbox-Fault": "error; code=7; sub_code=a.b; sub_msg=c=d"}, **ASKED)
    assert (error["code"], error["sub_code"], error["sub_msg"]) == (7, "a.b", "c=d")
    assert call.raw(ITEM, headers={"Sandbox-Fault": "html; status=503"}, **ASKED).status_code == 503
    for header in ("no_such", "html; status=x", "html; colour=red"):
        answer = call.raw(ITEM, headers={"Sandbox-Fault": header}, **ASKED)
        assert answer.status_code == 400
        assert answer.text.startswith("Sandbox-Fault: ")


def test_a_refused_request_meets_its_fault_as_well(call, sandbox):
    sandbox.fault("latency", seconds=0.01)
    assert call.refused(ITEM, secret="x", **ASKED)["code"] == 25
    assert sandbox.journal[-1].fault == "latency"


def test_the_list():
    faults = Faults()
    faults.add(Fault(kind="close", method="a.b", times=2))
    faults.add(Fault(kind="reset", method="a.*", after=1, times=None))
    faults.add(Fault(kind="error"))
    assert [fault.kind for fault in faults] == ["close", "reset", "error"]
    assert faults.take("a.b").kind == "close"
    assert faults.take("a.b").kind == "close"
    assert faults.take("a.b") is None  # the one that passes before the reset
    assert faults.take("a.c").kind == "reset"
    assert faults.take(None).kind == "error"
    assert faults.take("x") is None
    assert faults.take("a.d", {"error"}) is None
    assert faults.take("a.d").kind == "reset"
    faults.clear()
    assert not list(faults)


def test_old_names_of_the_readers_are_deprecated():
    with pytest.warns(DeprecationWarning, match="use read"):
        assert Fault.from_members({"kind": "close"}) == Fault(kind="close")
    with pytest.warns(DeprecationWarning, match="use of_header"):
        assert Fault.from_header("close; times=2") == Fault(kind="close", times=2)


def test_kinds_are_described_and_unknown_ones_refused():
    assert all(KINDS.values())
    with pytest.raises(ValueError, match="kind"):
        Fault(kind="no_such")
    fault = Fault.read({"kind": "close", "times": None, "executed": "true"})
    assert fault.members() == Fault(kind="close", times=None, executed=True).members()


def test_a_fault_that_counts_down_is_still_the_same_one():
    faults = Faults()
    often = Fault(kind="html", times=3, after=1)
    for fault in (Fault(kind="html"), Fault(kind="html", times=None), often):
        faults.add(fault)
    faults.discard(Fault(kind="html", times=None))
    faults.discard(Fault(kind="html"))
    faults.take("a.b")
    faults.take("a.b")
    assert [(fault.times, fault.after) for fault in faults] == [(2, 0)]
    for other in (
        Fault(kind="html", times=1, after=1),
        Fault(kind="html", times=None, after=1),
        Fault(kind="html", times=3, after=1, status=500),
    ):
        with pytest.raises(LookupError, match="used up"):
            faults.discard(other)
    faults.add(Fault(kind="html", times=3, after=2))
    with pytest.raises(LookupError, match="used up"):
        faults.discard(Fault(kind="html", times=1, after=0))
    faults.discard(often)
    assert [fault.after for fault in faults] == [2]


# by number, and of messages


def test_one_trade_fails_and_the_others_do_not(call, sandbox):
    first, second = sandbox.trades.add(2)
    sandbox.error(15, "isv.trade-not-exist", match={"tid": first}, method="taobao.trade.fullinfo.get", times=None)
    session = sandbox.account.session
    answers = [
        call.raw("taobao.trade.fullinfo.get", fields="tid", tid=str(tid), session=session).json()
        for tid in (second, first)
    ]
    assert "trade_fullinfo_get_response" in answers[0]
    assert answers[1]["error_response"]["sub_code"] == "isv.trade-not-exist"


def topics(sandbox, count=10):
    return [message.topic for message in sandbox.messages.take("default", count)]


def test_a_message_is_lost(sandbox):
    sandbox.fault("lost", method="notify taobao_trade_TradeBuyerPay", match={"tid": 7})
    for tid in (7, 8):
        sandbox.messages.publish("taobao_trade_TradeBuyerPay", {"tid": tid})
    assert [message.content for message in sandbox.messages.take("default", 9)] == ['{"tid": 8}']
    assert [message.content for message in sandbox.messages.lost] == ['{"tid": 7}']
    states = requests.get(f"{sandbox.origin}/_sandbox/deliveries?app_key={sandbox.account.app_key}", timeout=5).json()
    assert [each["state"] for each in states["deliveries"]] == ["lost", "handed out"]


def test_a_message_is_late(sandbox):
    sandbox.fault("late", method="notify A", seconds=500)
    sandbox.messages.publish("A")
    sandbox.messages.publish("B")
    assert sandbox.messages.waiting == 2
    assert topics(sandbox) == ["B"]
    sandbox.advance(501)
    assert topics(sandbox) == ["A"]


def test_a_message_is_doubled(sandbox):
    sandbox.fault("doubled")
    sandbox.messages.publish("A")
    sandbox.messages.publish("B")
    assert topics(sandbox) == ["A", "B", "A"]


def test_a_message_comes_behind_the_next_one(sandbox):
    sandbox.fault("out_of_order", method="notify *")
    sandbox.messages.publish("A")
    assert (topics(sandbox), sandbox.messages.waiting) == ([], 1)
    sandbox.messages.publish("B")
    assert topics(sandbox) == ["B", "A"]


@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("taobao.trade.fullinfo.gt", "did you mean taobao.trade.fullinfo.get / "),
        ("taobao.tradez.*", "did you mean taobao.trade"),
        ("batches", "did you mean batch?"),
        ("7", "taobao_top.catalogue.methods() lists all"),
    ],
)
def test_a_fault_of_a_method_that_there_is_not_is_refused(sandbox, call, method, hint):
    with pytest.raises(ValueError, match=re.escape(hint)) as caught:
        sandbox.fault("close", method=method)
    assert "不存在" in caught.value.args[0].zh
    answer = requests.post(f"{sandbox.origin}/_sandbox/faults", json={"kind": "close", "method": method}, timeout=9)
    assert answer.status_code == 400
    assert hint in answer.text
    assert not list(sandbox.application.faults)
    sandbox.service.gateway.strict = False
    try:
        assert sandbox.fault("close", method=method) in list(sandbox.application.faults)
    finally:
        sandbox.service.gateway.strict = True


@pytest.mark.parametrize(
    "method", [None, "*", "batch", "taobao.trade.*", "*.get", "taobao.time.get", "notify anything"]
)
def test_a_fault_of_a_method_that_there_is(sandbox, method):
    kind = "lost" if method == "notify anything" else "close"
    assert sandbox.fault(kind, method=method) in list(sandbox.application.faults)


@pytest.mark.parametrize("topic", ["anything", "taobao_trade_TradeBuyerPay", "taobao_trade_*", "acme_shop_Open"])
def test_a_fault_of_a_topic_that_there_may_be(sandbox, topic):
    assert sandbox.fault("lost", method=f"notify {topic}") in list(sandbox.application.faults)


def test_a_fault_of_a_misspelt_topic_is_refused(sandbox):
    with pytest.raises(ValueError, match="did you mean 'taobao_trade_TradeBuyerPay'") as caught:
        sandbox.fault("lost", method="notify taobao_trade_TradeBuyerPayed")
    assert "taobao_trade_TradeBuyerPay" in caught.value.args[0].zh
    sandbox.service.gateway.strict = False
    try:
        assert sandbox.fault("lost", method="notify taobao_trade_TradeBuyerPayed").times == 1
    finally:
        sandbox.service.gateway.strict = True


def test_a_method_that_was_defined_has_faults():
    with Sandbox(catalogue={"group": "acme", "methods": {"taobao.acme.get": {}}}) as sandbox:
        assert sandbox.fault("close", method="taobao.acme.*") in list(sandbox.application.faults)
