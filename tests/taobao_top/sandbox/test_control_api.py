"""The controls over HTTP."""

from __future__ import annotations

import gzip
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.taobao_top.sandbox.test_tmc_connection import Consumer

TIME = "taobao.time.get"


@pytest.fixture
def control(call, sandbox):
    def ask(verb, path, members=None, **asked):
        url = f"{sandbox.origin}/_sandbox/{path}"
        answer = call.http.request(verb, url, json=members if members is not None else {}, params=asked)
        return answer.status_code, answer.json()

    return ask


def test_journal(call, control):
    call.raw("taobao.picture.upload", files={"img": ("a", b"\xff")})
    status, (entry,) = control("GET", "journal")
    assert status == 200
    assert entry["code"] == 26
    assert entry["files"][0]["filename"] == "a"
    control("DELETE", "journal")
    assert control("GET", "journal") == (200, [])


def test_faults(call, control):
    assert control("POST", "faults", {"kind": "error", "code": 7, "times": 2}) == (200, None)
    assert control("GET", "faults")[1][0]["code"] == 7
    assert call.refused(TIME)["code"] == 7
    control("DELETE", "faults")
    assert call(TIME)["time"]
    status, answer = control("POST", "faults", {"kind": "no_such"})
    assert status == 400
    assert "kind" in answer["error"]


def test_bans_and_limits(call, control):
    control("POST", "bans", {"seconds": 9})
    assert "9 more seconds" in call.refused(TIME)["sub_msg"]
    control("DELETE", "bans")
    assert call(TIME)["time"]
    control("POST", "limits", {"calls": 0, "ban": 4})
    assert "4 more seconds" in call.refused(TIME)["sub_msg"]
    assert control("POST", "bans", {})[0] == 400


def test_trades(control):
    _, (tid,) = control("POST", "trades", {"count": 1, "buyer_nick": "b"})
    assert control("POST", f"trades/{tid}", {"status": "TRADE_FINISHED"})[1]["status"] == "TRADE_FINISHED"
    assert [trade["buyer_nick"] for trade in control("GET", "trades")[1]] == ["b"]
    status, error = control("POST", "trades/1", {})
    assert (status, error["sub_code"]) == (400, "isv.trade-not-exist")


def test_a_message_may_be_published_compressed(control, sandbox):
    made = control("POST", "messages", {"topic": "a_b_C", "content": {"名": "中"}, "gzip": True})[1]
    assert made["gzip"]
    with Consumer(sandbox) as consumer:
        consumer.send({"__kind": 1})
        assert gzip.decompress(consumer.next()["content"]).decode() == '{"名": "中"}'


def test_messages_sessions_and_codes(call, control, sandbox):
    assert control("POST", "messages", {"topic": "a_b_C"})[1]["topic"] == "a_b_C"
    listed = control("GET", "messages")[1]
    assert listed == {"waiting": 1, "unconfirmed": 0, "confirmed": [], "failed": [], "lost": [], "sent": []}
    made = control("POST", "sessions", {})[1]
    assert call(TIME, session=made["access_token"])["time"]
    code = control("POST", "codes", {})[1]["code"]
    assert sandbox.sessions.redeem(code, None)["access_token"]


def test_deliveries_have_the_last_state_of_each_message(control, sandbox):
    queue = sandbox.messages
    first, second, third = (queue.publish(f"a_b_{number}") for number in range(3))
    queue.take("default", 2)
    queue.confirm(first.id)
    queue.fail(second.id, "no")
    status, found = control("GET", "deliveries")
    assert (status, found["connections"]) == (200, 0)
    assert [(each["id"], each["state"], each["reason"]) for each in found["deliveries"]] == [
        (first.id, "confirmed", ""),
        (second.id, "failed", "no"),
        (third.id, "waiting", ""),
    ]
    assert control("POST", f"deliveries/{first.id}/redeliver")[1]["state"] == "waiting"
    assert [each.id for each in queue.done] == [first.id] == queue.confirmed
    status, error = control("POST", "deliveries/1/redeliver")
    assert (status, error["zh"]) == (404, "没有编号为 1 的消息")


def test_a_trade_is_paid(control):
    _, (tid,) = control("POST", "trades", {})
    assert control("POST", f"trades/{tid}/pay")[1]["pay_time"]


def test_the_clock(call, control, sandbox):
    assert control("POST", "clock", {"seconds": 601}) == (200, {"ahead": 601.0})
    assert call.refused(TIME, timestamp=str(int((sandbox.application.clock() - 601) * 1000)))["code"] == 31
    assert control("POST", "clock", {"seconds": -601}) == (200, {"ahead": 0.0})
    assert call(TIME)["time"]
    for wrong in ({}, {"seconds": "x"}, {"seconds": None}, {"seconds": 1e12}, {"seconds": -1e12}):
        assert control("POST", "clock", wrong)[0] == 400
    for wrong in (float("nan"), float("inf"), 10**400):
        answer = call.http.post(
            f"{sandbox.origin}/_sandbox/clock",
            data=json.dumps({"seconds": wrong}),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400
    assert call(TIME)["time"]


def test_the_key(control, sandbox):
    assert control("POST", "secret", {}) == (200, {"version": 2})
    assert sandbox.application.secret_version == 2


@pytest.mark.parametrize(("hard", "code"), [(False, 1001), (True, None)])
def test_connections(control, sandbox, hard, code):
    with Consumer(sandbox) as consumer:
        assert control("DELETE", "connections", {"hard": hard}) == (200, {"dropped": 1})
        with pytest.raises(ConnectionClosed) as closed:
            consumer.next()
    assert (closed.value.rcvd and closed.value.rcvd.code) == code
    assert control("DELETE", "connections", {"gently": True})[0] == 400


def test_spi(control, sandbox):
    status, outcome = control("POST", "spi", {"url": sandbox.origin + "/nowhere"})
    assert (status, outcome["status"]) == (200, 404)
    assert "router" in outcome["body"]


def test_an_app_is_named_or_the_latest(control, sandbox, taobao_sandbox_server):
    control("POST", "trades", {"count": 1}, app_key=taobao_sandbox_server.account.app_key)
    assert len(sandbox.trades) == 0
    assert control("GET", "trades", app_key="1")[0] == 404
    status, answer = control("GET", "nothing")
    assert status == 404
    assert "GET /_sandbox/journal" in answer["known"]


def test_a_web_page_cannot_reach_the_controls(call, sandbox):
    url = sandbox.origin + "/_sandbox/trades"
    assert call.http.post(url, data='{"count":1}', headers={"Content-Type": "text/plain"}).status_code == 415
    assert call.http.post(url, data="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert len(sandbox.trades) == 0
    named = call.http.get(sandbox.origin + "/_sandbox/journal", headers={"Host": "shop.example:80"})
    assert named.status_code == 403
