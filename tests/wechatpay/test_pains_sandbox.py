"""Pains of users without a sandbox (5 and 19), reproduced and then solved."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chainable import APIError, SignatureError
from wechatpay.sandbox import Sandbox

ORDER = {
    "appid": "wxd678efh567hg6787",
    "mchid": "1900000109",
    "description": "充电宝",
    "out_trade_no": "native-0001",
    "notify_url": "https://shop.example/notify",
    "amount": {"total": 100, "currency": "CNY"},
}


@pytest.fixture(scope="module")
def own():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def inbox():
    """A merchant's server on loopback that accepts and keeps whatever comes."""
    arrived = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/notify", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def test_pain_05_a_payment_is_tried_without_an_account_and_without_money(own, merchant_key):
    own.reset()
    # A mock that takes everything teaches nothing: this gateway refuses what another key signed …
    with pytest.warns(UserWarning, match="does not belong"):
        stranger = own.client(private_key=merchant_key)
    with pytest.raises(APIError) as caught:
        stranger.v3.pay.transactions.native.post(json=ORDER)
    assert (caught.value.status_code, caught.value.code) == (401, "SIGN_ERROR")
    # … and what the platform's page does not allow …
    client = own.client()
    with pytest.raises(APIError) as caught:
        client.v3.pay.transactions.native.post(json={**ORDER, "amount": {"total": "a lot"}})
    assert caught.value.code == "PARAM_ERROR"
    # … and remembers the rest, from the order to its payment.
    client.v3.pay.transactions.native.post(json=ORDER)
    found = client.v3.pay.transactions.out_trade_no._out_trade_no_
    states = [found.get(out_trade_no="native-0001", params={"mchid": "1900000109"}).data["trade_state"]]
    own.pay("native-0001")
    states.append(found.get(out_trade_no="native-0001", params={"mchid": "1900000109"}).data["trade_state"])
    assert states == ["NOTPAY", "SUCCESS"]


def test_pain_19_any_notification_comes_to_this_machine_forged_ones_too(own, inbox):
    url, arrived = inbox
    client = own.client()
    # The platform reaches no address of this machine; without its key nobody could sign a notification for it either.
    own.trigger("REFUND.SUCCESS", to=url, set={"amount.refund": 7})
    notification = client.notifications.parse(*arrived.get(timeout=60))
    assert (notification.event_type, notification.resource["amount"]["refund"]) == ("REFUND.SUCCESS", 7)
    reasons = []
    for forgery in ("missing", "signature", "stale", "serial", "probe"):
        own.trigger("TRANSACTION.SUCCESS", to=url, forgery=forgery)
        with pytest.raises(SignatureError) as caught:
            client.notifications.parse(*arrived.get(timeout=60))
        reasons.append(caught.value.reason)
        if forgery == "probe":  # a genuine one follows it
            assert client.notifications.parse(*arrived.get(timeout=60)).event_type == "TRANSACTION.SUCCESS"
    assert reasons == ["missing", "mismatch", "stale", "unknown_key", "probe"]
