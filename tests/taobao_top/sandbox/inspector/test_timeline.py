"""The history of a trade, the app in the terms of other clients, and what the checks of a signature found."""

import json
import re

import pytest

from taobao_top.sandbox.inspector import timeline

TIME = "taobao.time.get"


def steps(found):
    return [step.get("what") or step.get("method") or step.get("topic") for step in found["steps"]]


def test_what_happened_to_a_trade_is_told_in_its_order(ask, call, sandbox):
    clock = sandbox.application.clock
    (tid, other) = sandbox.trades.add(2)
    clock.advance(60)
    call("taobao.trade.fullinfo.get", fields="tid,status", tid=str(tid), session=sandbox.account.session)
    call("taobao.trade.fullinfo.get", fields="tid,status", tid=str(other), session=sandbox.account.session)
    clock.advance(60)
    sandbox.trades.pay(tid)
    clock.advance(60)
    messages = [sandbox.messages.publish(f"topic{n}", {"tid": tid}) for n in range(4)]
    sandbox.messages.publish("another", {"tid": other})
    taken = sandbox.messages.take("default", 3)
    sandbox.messages.confirm(taken[0].id)
    sandbox.messages.fail(taken[1].id, "broken")
    found = ask(f"inspector/trades/{tid}")
    assert found["trade"]["tid"] == str(tid)
    assert steps(found)[:3] == ["created", "taobao.trade.fullinfo.get", "pay_time"]
    assert {
        step["number"]: (step["state"], step["reason"]) for step in found["steps"] if step["step"] == "message"
    } == {
        str(messages[0].id): ("confirmed", ""),
        str(messages[1].id): ("failed", "broken"),
        str(messages[2].id): ("unconfirmed", ""),
        str(messages[3].id): ("waiting", ""),
    }
    ask(f"inspector/trades/{tid}", "POST", {"act": "ship"})
    ask(f"inspector/trades/{tid}", "POST", {"act": "finish"})
    assert {"consign_time", "end_time"} <= set(steps(ask(f"inspector/trades/{tid}")))


def test_a_history_has_an_end_and_a_trade_that_is_gone_says_so(ask, sandbox, monkeypatch):
    (tid,) = sandbox.trades.add(1)
    sandbox.trades.pay(tid)
    monkeypatch.setattr(timeline, "MOST", 1)
    found = ask(f"inspector/trades/{tid}")
    assert (len(found["steps"]), found["count"]) == (1, 2)
    reply = ask.reply("inspector/trades/77")
    assert reply.status_code == 404
    assert "77" in reply.json()["zh"]
    assert "77 (any more)" in reply.json()["error"]


def test_the_app_is_told_without_its_secrets(ask, sandbox, monkeypatch):
    found = ask(f"inspector/connect?origin={sandbox.origin}")
    account = sandbox.account
    assert found["values"] == {"app_key": account.app_key, "gateway": f"{sandbox.origin}/router/rest"}
    assert len(found["code"]) == 6
    for each in found["code"]:
        assert account.app_key in each["code"]
        assert not re.search(r"<[a-z_]+>", each["code"])
    for secret in (account.app_secret, account.session):
        assert secret not in json.dumps(found)
    secrets = ask("inspector/secrets", "POST")
    assert secrets == {"app_secret": account.app_secret, "session": account.session}
    monkeypatch.setenv("TAOBAO_TOP_APP_SECRET", secrets["app_secret"])
    monkeypatch.setenv("TAOBAO_TOP_SESSION", secrets["session"])
    made = {}
    exec(found["code"][0]["code"], made)
    with made["client"] as client:
        assert client.taobao.time.get().data


def test_the_reason_of_a_refusal_is_named(ask, call, sandbox):
    def of():
        return ask.last()["check"]

    call(TIME)
    assert of() == "verified"
    call.raw(TIME, timestamp="2020-01-01 00:00:00")
    assert of() == "stale"
    call.raw(TIME, v="1.0")
    assert of() == "refused"
    sandbox.fault("html", times=1, executed=False)
    call.raw(TIME)
    assert of() == "verified"


@pytest.mark.parametrize(("sign", "check"), [("0" * 32, "wrong"), ("", "absent")])
def test_a_wrong_signature_is_one(ask, call, sign, check):
    call.raw(TIME, after={"sign": sign})
    assert ask.last()["check"] == check


def test_the_clock_is_told(ask, sandbox):
    before = ask("inspector/changes")
    sandbox.application.clock.advance(90)
    after = ask("inspector/changes")
    assert (before["ahead"], after["ahead"], after["run"]) == (0, 90, before["run"])
    assert after["now"] - before["now"] >= 90
