"""State of an app that is kept in a file, taken as a snapshot, brought back, and dropped."""

from __future__ import annotations

import base64

import pytest
import requests

from taobao_top.sandbox import Sandbox


def ask(sandbox, method, path, members=None):
    url = f"{sandbox.origin}/_sandbox/{path}?app_key={sandbox.account.app_key}"
    answer = requests.request(method, url, json=members, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def publish(sandbox):
    """Have a message in each of the places where one can be."""
    for topic in ("confirmed", "held", "out"):
        sandbox.messages.publish(topic)
    confirmed, held, _ = sandbox.messages.take("default", 3)
    sandbox.messages.confirm(confirmed.id)
    sandbox.messages.fail(held.id, "no stock")
    for kind in ("lost", "late", "out_of_order"):
        sandbox.fault(kind, method="notify *", seconds=100)
        sandbox.messages.publish(kind)
    sandbox.messages.sent_by_client(confirmed)


def test_a_snapshot_brings_the_state_back(sandbox):
    (tid,) = sandbox.trades.add()
    publish(sandbox)
    sandbox.error(15, match={"tid": "7"})
    sandbox.limit(5)
    sandbox.ban(60)
    sandbox.clock.advance(days=1)
    before, messages = sandbox.snapshot(), sandbox.messages.dump()

    sandbox.trades.pay(tid)
    sandbox.reset()
    assert (len(sandbox.trades), len(sandbox.journal), sandbox.clock.offset) == (0, 0, 0)
    assert sandbox.messages.dump()["out"] == []
    assert sandbox.application.sessions.check(sandbox.account.session)
    sandbox.restore(before)

    assert sandbox.trades.get(tid)["status"] == "WAIT_BUYER_PAY"
    assert sandbox.messages.dump() == messages
    assert [fault.match for fault in sandbox.application.faults] == [{"tid": "7"}]
    assert len(sandbox.application.throttle.limits) == len(sandbox.application.throttle.bans) == 1
    assert sandbox.clock.offset == 86_400
    assert {message.topic for message in sandbox.messages.take("default", 9)} == {"held", "late", "out"}


def test_a_message_that_waits_is_part_of_the_state(sandbox):
    sandbox.messages.publish("waiting")
    before = sandbox.snapshot()
    sandbox.reset()
    assert sandbox.messages.take("default", 9) == []
    sandbox.restore(before)
    assert [message.topic for message in sandbox.messages.take("default", 9)] == ["waiting"]


def test_a_snapshot_belongs_to_its_app(sandbox):
    with Sandbox(beside=sandbox) as other, pytest.raises(ValueError, match="another account"):
        other.restore(sandbox.snapshot())


def test_snapshots_and_messages_over_the_control_api(sandbox):
    publish(sandbox)
    taken = ask(sandbox, "GET", "snapshot")
    assert base64.b64decode(taken["snapshot"]) == sandbox.snapshot()
    listed = ask(sandbox, "GET", "messages")
    assert (listed["waiting"], listed["unconfirmed"]) == (3, 1)
    assert [len(listed[name]) for name in ("confirmed", "failed", "lost", "sent")] == [1, 1, 1, 1]
    assert listed["failed"][0]["reason"] == "no stock"
    assert listed["sent"][0]["topic"] == "confirmed"
    ask(sandbox, "POST", "reset", {})
    assert ask(sandbox, "GET", "messages")["waiting"] == 0
    ask(sandbox, "POST", "restore", taken)
    assert ask(sandbox, "GET", "messages") == listed


def test_a_state_file_keeps_the_clock(tmp_path):
    with Sandbox(state=tmp_path / "state.db", https=False) as sandbox:
        sandbox.clock.advance(days=3)
        account = sandbox.account
    with Sandbox(data=tmp_path / "state.db", https=False) as sandbox:  # the former name
        assert (sandbox.account, sandbox.clock.offset) == (account, 3 * 86_400)


def test_a_client_has_the_clock_of_its_sandbox(sandbox):
    client = sandbox.client()
    sandbox.clock.advance(days=400)
    before = ask(sandbox, "GET", "clock")["now"][:19].replace("T", " ")
    told = client.taobao.time.get().data["time"]
    assert before <= told <= ask(sandbox, "GET", "clock")["now"][:19].replace("T", " ")
    assert ask(sandbox, "DELETE", "clock")["ahead"] == 0


def test_unconfirmed_messages_are_due_again_when_time_goes_by(sandbox):
    class Link:
        group, woken = "default", 0

        def wake(self):
            self.woken += 1

    link = Link()
    sandbox.messages.join(link)
    sandbox.messages.publish("A")
    sandbox.messages.take("default", 1)
    before = link.woken
    sandbox.clock.advance(601)
    assert link.woken == before + 1
    assert [message.topic for message in sandbox.messages.take("default", 1)] == ["A"]
    sandbox.messages.leave(link)


def test_a_reset_puts_every_switch_back():
    with Sandbox(strict=False, batch_limit=3) as sandbox:
        app, gateway = sandbox.application, sandbox.service.gateway
        before = gateway.settings()
        gateway.strict, gateway.batch_limit, gateway.max_body = True, 7, 9
        gateway.callback_hosts, gateway.simplified_root = frozenset({"*"}), True
        app.searchable.add("phone")
        app.need_session.add("taobao.time.get")
        app.refuse_repeats = True
        assert gateway.settings() != before
        with Sandbox(beside=sandbox) as other:
            other.reset()
            assert gateway.batch_limit == 7  # the settings are the first app's
        sandbox.reset()
        assert gateway.settings() == before
        assert (gateway.strict, gateway.batch_limit) == (False, 3)
        assert (app.searchable, app.need_session, app.refuse_repeats) == (set(), set(), False)


def test_account_and_state_over_http(sandbox):
    found = ask(sandbox, "GET", "account")
    assert (found["app_key"], found["origin"], found["gateway"]) == (
        sandbox.account.app_key,
        sandbox.origin,
        sandbox.gateway,
    )
    assert (found["https_gateway"], found["strict"]) == (sandbox.https_gateway, True)
    assert not {sandbox.account.app_secret, sandbox.account.session} & {str(value) for value in found.values()}
    numbers = sandbox.trades.add(3)
    assert ask(sandbox, "GET", "state")["trade"] == 3
    url = f"{sandbox.origin}/_sandbox/state/trade"
    part = requests.get(url, params={"app_key": sandbox.account.app_key, "offset": 1, "limit": 1}, timeout=5).json()
    assert ([each["tid"] for each in part["entries"]], part["total"], part["offset"]) == ([numbers[1]], 3, 1)
    assert len(ask(sandbox, "GET", "state/trade")["entries"]) == 3
    assert requests.get(url, params={"limit": "x"}, timeout=5).status_code == 400
    assert requests.get(url, params={"size": "1"}, timeout=5).status_code == 400


def test_trades_are_those_of_the_platform(sandbox):
    (tid,) = sandbox.trades.add(seller_memo="x", status="SELLER_CONSIGNED_PART")
    for wrong, text, zh in (
        (
            {"paymnt": "1.00"},
            "a trade has no member 'paymnt'; did you mean 'payment'",
            "订单没有字段 'paymnt'，您是否想用",
        ),
        ({"status": "PAID"}, "status: 'PAID' is not a choice", "可选：TRADE_NO_CREATE_PAY"),
    ):
        for call in (sandbox.trades.add, lambda **members: sandbox.trades.change(tid, **members)):
            with pytest.raises(ValueError, match=text) as refused:
                call(**wrong)
            assert zh in refused.value.args[0].zh
        url = f"{sandbox.origin}/_sandbox/trades?app_key={sandbox.account.app_key}"
        answer = requests.post(url, json=wrong, timeout=5)
        assert (answer.status_code, text in answer.json()["error"]) == (400, True)
    assert len(sandbox.trades) == 1
