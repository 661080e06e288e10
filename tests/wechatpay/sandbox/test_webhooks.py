"""Notifications: every event, the schedule, repeats, forgeries, and the table of what became of them."""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature

from chainable.sandbox.store import Store
from wechatpay import catalogue
from wechatpay.sandbox import FORGERIES, Sandbox
from wechatpay.sandbox.webhook_payloads import place
from wechatpay.sandbox.webhooks import SCHEDULE, Notice, Webhooks, taken

if TYPE_CHECKING:
    from pathlib import Path

ACCEPTED = b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg>OK</return_msg></xml>"


def test_all_events_are_sent(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, ACCEPTED)
    events = list(catalogue.events())
    assert len(events) == 113
    for event in events:
        delivery = sandbox.trigger(event.name, receiver.url, version=event.version)
        assert sandbox.callbacks.wait()
        assert delivery.state == "accepted", event.name
        if event.version == "v3":
            envelope, resource = receiver.opened(sandbox)
            assert envelope["event_type"] == event.name
            assert resource
            continue
        result = receiver.xml()
        names = {each.name for each in event.fields}
        assert {each.name for each in event.fields if each.required} <= result.keys(), event.name
        if "sign" in names:
            hmac = result.get("sign_type") == "HMAC-SHA256" or result.get("algorithm") == "HMAC-SHA256"
            assert result["sign"] == merchant.sign(result, "HMAC-SHA256" if hmac else "MD5")
        if event.encryption == "aes-gcm":
            assert json.loads(unsealed(sandbox, result))


def unsealed(sandbox: Sandbox, result: dict[str, str]) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(sandbox.account.apiv3_key.encode()).decrypt(
        result["event_nonce"].encode(), base64.b64decode(result["event_ciphertext"]), b""
    )


def test_an_event_takes_the_given_values(sandbox: Sandbox, receiver: Any) -> None:
    sandbox.trigger("TRANSACTION.SUCCESS", to=receiver.url, set={"amount.total": 1, "out_trade_no": "X1"})
    sandbox.callbacks.wait()
    resource = receiver.opened(sandbox)[1]
    assert (resource["amount"]["total"], resource["out_trade_no"]) == (1, "X1")
    assert resource["mchid"] == sandbox.account.mchid
    sandbox.trigger("REFUND.SUCCESS", to=receiver.url, set={"amount.refund": 7, "new.deep": "x"})
    sandbox.callbacks.wait()
    resource = receiver.opened(sandbox)[1]
    assert (resource["amount"]["refund"], resource["new"]) == (7, {"deep": "x"})
    assert resource["success_time"][:4] == sandbox.context.stamp()[:4]


def test_an_event_tells_the_order_it_names(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "x",
        "out_trade_no": "order001",
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 77},
    }
    merchant.post("/v3/pay/transactions/native", sent)
    sandbox.trigger("TRANSACTION.SUCCESS", to=receiver.url, set={"out_trade_no": "order001"})
    sandbox.callbacks.wait()
    resource = receiver.opened(sandbox)[1]
    assert (resource["amount"]["total"], resource["trade_state"]) == (77, "SUCCESS")


def test_values_go_into_the_first_of_a_list() -> None:
    content: dict[str, Any] = {"list": [{"a": 1}], "text": "x"}
    place(content, ["list", "a"], 2)
    place(content, ["text", "b"], 3)
    assert content == {"list": [{"a": 2}], "text": {"b": 3}}


def test_unknown_events_and_forgeries_are_named(sandbox: Sandbox, receiver: Any) -> None:
    with pytest.raises(LookupError, match="v3 has no event X"):
        sandbox.trigger("X", to=receiver.url)
    with pytest.raises(ValueError, match="there are signature, probe"):
        sandbox.trigger("REFUND.SUCCESS", to=receiver.url, forgery="nice")


def test_a_message_is_repeated_until_it_is_accepted(sandbox: Sandbox, receiver: Any) -> None:
    receiver.answers = [(500, b""), (302, b""), (201, b""), (204, b"")]
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
    assert sandbox.callbacks.wait()
    assert [attempt.status for attempt in delivery.attempts] == [500, 302, 201, 204]
    assert [attempt.accepted for attempt in delivery.attempts] == [False, False, False, True]
    assert (delivery.state, delivery.next) == ("accepted", None)
    assert len({body for _, body in receiver.received}) == 1
    assert len({headers["wechatpay-nonce"] for headers, _ in receiver.received}) == 4


def test_after_a_day_nothing_is_sent_any_more(sandbox: Sandbox, receiver: Any) -> None:
    assert sum(SCHEDULE) > 24 * 3600
    receiver.default = (400, b"")
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
    assert sandbox.callbacks.wait()
    assert (delivery.state, len(delivery.attempts)) == ("given up", 16)
    again = sandbox.callbacks.redeliver(delivery.id)
    assert again.notice is delivery.notice
    with pytest.raises(LookupError, match="delivery 0 is not kept"):
        sandbox.callbacks.redeliver(0)
    sandbox.callbacks.wait()


def test_a_late_duplicate_that_is_accepted_ends_it_well(sandbox: Sandbox, receiver: Any) -> None:
    receiver.default = (503, b"")
    callbacks = Webhooks(sandbox.account, time.time, sandbox.store, scale=0.0)
    delivery = callbacks.send(receiver.url, Notice("1", "X", "v3", b"{}"))
    assert callbacks.wait()
    assert delivery.state == "given up"
    receiver.default = (204, b"")
    with callbacks._changed:
        callbacks._put(delivery, 0.0, "duplicate")
    assert callbacks.wait()
    assert (delivery.state, delivery.next, delivery.due) == ("accepted", None, None)
    assert list(sandbox.store.all("_delivery"))[-1]["state"] == "accepted"
    callbacks.stop()


def test_a_refused_connection_is_an_error_of_the_attempt(sandbox: Sandbox) -> None:
    delivery = sandbox.trigger("REFUND.SUCCESS", to="http://127.0.0.1:9/")
    assert sandbox.callbacks.wait()
    assert delivery.attempts[0].status == 0
    assert "Connection" in delivery.attempts[0].error


def test_duplicates_come_after_or_at_once(sandbox: Sandbox, receiver: Any) -> None:
    for concurrent in (False, True):
        delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url, duplicates=2, concurrent=concurrent)
        assert sandbox.callbacks.wait()
        assert [attempt.accepted for attempt in delivery.attempts] == [True] * 3
    receiver.default = (500, b"")
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url, duplicates=1)
    assert sandbox.callbacks.wait()
    assert [attempt.duplicate for attempt in delivery.attempts].count(True) == 1
    assert len(delivery.attempts) == 17


@pytest.mark.parametrize("forgery", [each for each in FORGERIES if each != "probe"])
def test_forged_messages_are_tried_once(sandbox: Sandbox, receiver: Any, forgery: str) -> None:
    receiver.answers = [(401, b"")]
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url, forgery=forgery)
    assert sandbox.callbacks.wait()
    assert (delivery.state, len(delivery.attempts), delivery.accepted_forgery) == ("given up", 1, False)
    headers, _ = receiver.received[0]
    if forgery == "missing":
        assert "wechatpay-signature" not in headers
    elif forgery == "serial":
        assert headers["wechatpay-serial"] == "0" * 40
    elif forgery == "stale":
        assert int(headers["wechatpay-timestamp"]) < time.time() - 3000
        receiver.opened(sandbox)
    else:
        with pytest.raises(InvalidSignature):
            receiver.opened(sandbox)
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url, forgery=forgery)
    assert sandbox.callbacks.wait()
    assert delivery.accepted_forgery


def test_a_probe_is_followed_by_the_genuine_message(sandbox: Sandbox, receiver: Any) -> None:
    receiver.answers = [(401, b""), (200, b"")]
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url, forgery="probe")
    assert sandbox.callbacks.wait()
    assert [attempt.forgery for attempt in delivery.attempts] == ["probe", ""]
    assert receiver.received[0][0]["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert delivery.state == "accepted"
    assert not delivery.accepted_forgery
    receiver.opened(sandbox)


def test_v2_messages_are_forged_in_their_own_way(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code>FAIL</return_code></xml>")
    sandbox.trigger("transaction-success", to=receiver.url, version="v2", forgery="signature")
    sandbox.callbacks.wait()
    result = receiver.xml()
    assert result["sign"] != merchant.sign(result)
    sandbox.trigger("refund-processed", to=receiver.url, version="v2", forgery="signature")
    sandbox.callbacks.wait()
    assert len(base64.b64decode(receiver.xml()["req_info"])) == 48


def test_what_counts_as_taken() -> None:
    assert [taken("v3", status, b"") for status in (200, 204, 201, 302, 500)] == [True, True, False, False, False]
    assert taken("v2", 200, ACCEPTED)
    assert not taken("v2", 500, ACCEPTED)
    assert not taken("v2", 200, b"SUCCESS")


def test_only_this_machine_is_called_unless_configured(sandbox: Sandbox) -> None:
    for url in ("https://api.test.com", "ftp://127.0.0.1/", "http:///x", "nothing", "http://[::1/x"):
        delivery = sandbox.trigger("REFUND.SUCCESS", to=url)
        assert (delivery.state, delivery.attempts, delivery.next) == ("blocked", [], None)
    open_ = Webhooks(sandbox.account, time.time, sandbox.store, hosts=("*",))
    assert open_._may_call("https://api.test.com/x")
    open_.stop()
    some = Webhooks(sandbox.account, time.time, sandbox.store, hosts=("merchant.example",))
    assert some._may_call("https://merchant.example/x")
    assert not some._may_call("https://other.example/x")


def test_a_blocked_message_tells_what_it_would_have_been_sent_with(sandbox: Sandbox, receiver: Any) -> None:
    result = sandbox.trigger("REFUND.SUCCESS", to="https://api.test.com/notify").as_json()
    headers = {name.lower(): value for name, value in result["headers"].items()}
    receiver.received.append((headers, result["body"].encode()))
    assert receiver.opened(sandbox)[0]["event_type"] == "REFUND.SUCCESS"
    assert sandbox.trigger("REFUND.SUCCESS", to=receiver.url).headers == {}
    assert sandbox.callbacks.wait()


def test_a_merchant_may_speak_tls_with_a_certificate_of_the_sandbox(sandbox: Sandbox, receiver: Any) -> None:
    context = sandbox.account.authority.server_context("127.0.0.1")
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    callbacks = Webhooks(sandbox.account, time.time, sandbox.store, scale=0.0)
    notice = Notice("1", "X", "v3", b"{}")
    delivery = callbacks.send(receiver.url.replace("http:", "https:"), notice)
    assert callbacks.wait()
    assert delivery.state == "accepted", delivery.attempts
    callbacks.stop()


def test_a_delivery_is_printed_as_json(sandbox: Sandbox, receiver: Any) -> None:
    delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
    sandbox.callbacks.wait()
    result = json.loads(json.dumps(delivery.as_json()))
    assert result["event_type"] == "REFUND.SUCCESS"
    assert result["attempts"][0]["status"] == 200
    assert list(sandbox.callbacks) == [delivery]
    assert sandbox.callbacks[0] is delivery
    assert len(sandbox.callbacks) == 1


def test_the_key_signs_that_the_merchant_asks_with(tmp_path: Path, new_merchant: Any, receiver: Any) -> None:
    data = tmp_path / "sandbox.db"

    def signer(sandbox: Sandbox) -> str:
        sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
        assert sandbox.callbacks.wait()
        receiver.opened(sandbox)
        return str(receiver.received[-1][0]["wechatpay-serial"])

    with Sandbox(data=data) as sandbox:
        merchant = new_merchant(sandbox)
        account = sandbox.account
        assert signer(sandbox) == account.public_key_id
        merchant.get("/v3/certificates", headers={"wechatpay-serial": None})
        old = account.certificate_serial
        assert signer(sandbox) == old
        merchant.get("/v3/certificates")
        assert signer(sandbox) == account.public_key_id
        new = sandbox.rotate()
        merchant.get("/v3/certificates", headers={"wechatpay-serial": old})
        assert signer(sandbox) == old
    with Sandbox(data=data) as sandbox:
        assert signer(sandbox) == old
        sandbox.retire(old)
        assert signer(sandbox) == sandbox.account.public_key_id
        new_merchant(sandbox).get("/v3/certificates", headers={"wechatpay-serial": None})
        assert signer(sandbox) == new
        sandbox.reset()
        assert signer(sandbox) == sandbox.account.public_key_id


def test_what_waits_survives_a_restart(tmp_path: Path, receiver: Any) -> None:
    receiver.default = (500, b"")
    path = tmp_path / "sandbox.db"
    with Sandbox(data=path, callback_scale=1000.0) as sandbox:
        result = sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
        sandbox.trigger("REFUND.SUCCESS", to="https://elsewhere.example/")
        while result.next != 15000.0:  # tried, and put off
            assert not sandbox.callbacks.wait(0.01)
        assert result.due is not None
        assert result.due - time.time() > 14000
    with Sandbox(data=path, callback_scale=1000.0) as sandbox:  # not due yet
        waiting, blocked = sandbox.callbacks
        assert (waiting.state, blocked.state) == ("waiting", "blocked")
        assert waiting.notice == result.notice
        assert waiting.attempts == result.attempts
        assert waiting.due == pytest.approx(result.due, abs=1)
        assert not sandbox.callbacks.wait(0.05)
    later = time.time() + 20000
    receiver.default = (200, b"")
    with Sandbox(data=path, clock=lambda: later) as sandbox:  # due long since
        assert sandbox.callbacks.wait()
        waiting = sandbox.callbacks.find(result.id)
        assert [attempt.status for attempt in waiting.attempts] == [500, 200]
        assert receiver.opened(sandbox)[0]["id"] == result.notice.id
        assert sandbox.trigger("REFUND.SUCCESS", to=receiver.url).id == 3
        assert sandbox.callbacks.redeliver(result.id).id == 4
        assert sandbox.callbacks.wait()
    with Sandbox(data=path) as sandbox:
        assert [each.state for each in sandbox.callbacks] == ["accepted", "blocked", "accepted", "accepted"]
        assert sandbox.callbacks.wait(0)
        sandbox.reset()
    with Sandbox(data=path) as sandbox:
        assert len(sandbox.callbacks) == 0
    assert len(receiver.received) == 4


def test_an_attempt_under_way_when_it_stops_is_written_down(tmp_path: Path, receiver: Any) -> None:
    receiver.answers = [(500, b"")]
    path = tmp_path / "sandbox.db"
    sandbox = Sandbox(data=path, callback_scale=1.0)
    with receiver._lock, sandbox:  # who answers has to wait for that lock
        delivery = sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
        while sandbox.callbacks._due:
            sandbox.callbacks.wait(0.01)
        threading.Timer(0.05, receiver._lock.release).start()
        sandbox.stop()
        receiver._lock.acquire()
    assert (delivery.state, len(delivery.attempts)) == ("waiting", 1)
    later = time.time() + 20
    with Sandbox(data=path, clock=lambda: later) as sandbox:
        assert sandbox.callbacks.wait()
        assert sandbox.callbacks[0].state == "accepted"


def test_only_the_last_deliveries_are_kept(sandbox: Sandbox, receiver: Any) -> None:
    store = Store()
    callbacks = Webhooks(sandbox.account, time.time, store, size=2)
    for number in range(3):
        callbacks.send(receiver.url, Notice(str(number), "X", "v3", b"{}"))
        assert callbacks.wait()
    assert [result["event_id"] for result in store.all("_delivery")] == ["1", "2"]
    callbacks.stop()
    store.close()


def test_waiting_messages_are_dropped_when_forgotten(sandbox: Sandbox, receiver: Any) -> None:
    receiver.default = (500, b"")
    callbacks = Webhooks(sandbox.account, time.time, sandbox.store, scale=1000.0)
    notice = Notice("1", "X", "v3", b"{}")
    delivery = callbacks.send(receiver.url, notice)
    while delivery.next != 15000.0:
        assert not callbacks.wait(0.01)
    callbacks.clear()
    assert callbacks.wait(5)
    assert (delivery.state, len(callbacks)) == ("given up", 0)
    callbacks.send(receiver.url, notice)
    callbacks.stop()


def test_an_attempt_under_way_ends_quietly(sandbox: Sandbox) -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))
    arrived, go = threading.Event(), threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                arrived.set()
                go.wait(4)
                connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    callbacks = Webhooks(sandbox.account, time.time, sandbox.store, scale=0.0)
    forgotten = callbacks.send(url, Notice("1", "X", "v3", b"{}"))
    assert arrived.wait(60)
    callbacks.clear()
    go.set()
    assert callbacks.wait()
    assert (forgotten.state, len(forgotten.attempts)) == ("given up", 1)
    arrived.clear()
    go.clear()
    late = callbacks.send(url, Notice("1", "X", "v3", b"{}"))
    assert arrived.wait(60)
    threading.Timer(0.05, go.set).start()
    callbacks.stop()
    assert len(late.attempts) == 1
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("event", "summary"),
    [
        ("TRANSACTION.SUCCESS", "支付成功"),
        ("MCHTRANSFER.BILL.FINISHED", "商家转账单据终态通知"),
        ("PAYSCORE.USER_CONFIRM", "微信支付分服务订单用户已确认"),
        ("PAYSCORE.USER_OPEN_SERVICE", "签约成功"),
        ("COUPON.USE", "代金券核销通知"),
    ],
)
def test_summaries_are_those_of_real_notifications(sandbox: Sandbox, event: str, summary: str) -> None:
    notice = sandbox.trigger(event, "https://elsewhere.example/n").notice
    assert json.loads(notice.body)["summary"] == summary
