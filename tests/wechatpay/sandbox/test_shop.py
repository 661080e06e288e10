"""The example shop, end to end: its server, the sandbox, and notifications between them over real sockets."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from werkzeug.serving import make_server

from examples.shop import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wechatpay.sandbox import Sandbox


class Shop:
    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.server = make_server("127.0.0.1", 0, lambda environ, start: self.app(environ, start), threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.app = create_app(sandbox.client(), folder / "shop.db", f"{self.url}/wechatpay/notify")
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.http = requests.Session()
        self.http.trust_env = False

    def stop(self) -> None:
        self.http.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, method: str, path: str, sent: Any = None) -> tuple[int, Any]:
        answer = self.http.request(method, self.url + path, json=sent, timeout=60)
        self.sandbox.callbacks.wait()
        kind = answer.headers["Content-Type"]
        return answer.status_code, answer.json() if kind == "application/json" else answer.text


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(sandbox, tmp_path)
    yield shop
    shop.stop()


def test_from_the_order_to_the_bill(sandbox: Sandbox, shop: Shop) -> None:
    status, made = shop.call("POST", "/orders", {"sku": "cake"})
    assert status == 201
    assert made["code_url"].startswith("weixin://")
    number = made["number"]
    assert shop.call("GET", f"/orders/{number}")[1]["state"] == "NOTPAY"
    sandbox.pay(number)
    sandbox.callbacks.wait()
    assert [delivery.state for delivery in sandbox.callbacks] == ["accepted"]
    assert shop.call("GET", f"/orders/{number}")[1]["state"] == "PAID"

    assert shop.call("POST", f"/orders/{number}/refunds", {"fen": 1000, "number": "R1"})[0] == 202
    assert shop.call("POST", f"/orders/{number}/refunds", {"fen": 3000, "number": "R2"}) == (
        409,
        {"number": "R2", "error": "INVALID_REQUEST"},
    )
    other = shop.call("POST", "/orders", {"sku": "tea"})[1]["number"]
    shop.server.app = lambda environ, start: _unavailable(start)  # type: ignore[assignment]
    sandbox.pay(other)
    sandbox.callbacks.wait()
    day = sandbox.context.day()
    sandbox.clock.advance(days=2)  # the bill of a day is made on the next one
    shop.server.app = lambda environ, start: shop.app(environ, start)
    assert shop.call("GET", f"/check/{day}")[1]["wrong"] == [other]
    assert shop.call("GET", f"/orders/{other}")[1]["state"] == "PAID"
    assert shop.call("GET", f"/check/{day}") == (200, {"billed": 3, "booked": 3, "wrong": []})


def _unavailable(start: Any) -> list[bytes]:
    start("503 Service Unavailable", [("Content-Length", "0")])
    return [b""]


def test_repeated_and_forged_notifications_change_nothing(
    sandbox: Sandbox, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.callbacks, "scale", 0.001)  # time for the shop to finish before the last repeat
    number = shop.call("POST", "/orders", {"sku": "coffee"})[1]["number"]
    url = f"{shop.url}/wechatpay/notify"
    result = {"out_trade_no": number, "amount.total": 2800}
    for forgery in ("signature", "stale", "serial", "body", "missing"):
        delivery = sandbox.trigger("TRANSACTION.SUCCESS", url, result, forgery=forgery)
        sandbox.callbacks.wait()
        assert delivery.attempts[0].status >= 400
        assert not delivery.accepted_forgery
    sandbox.trigger("TRANSACTION.SUCCESS", url, {**result, "amount.total": 1})
    sandbox.callbacks.wait()
    assert shop.call("GET", f"/orders/{number}")[1]["state"] == "NOTPAY"
    delivery = sandbox.trigger("TRANSACTION.SUCCESS", url, result, forgery="probe", duplicates=3, concurrent=True)
    sandbox.callbacks.wait()
    assert delivery.state == "accepted"
    assert not delivery.accepted_forgery
    assert shop.call("GET", f"/orders/{number}")[1]["state"] == "PAID"


def test_a_day_on_which_nothing_happened_has_no_bill(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.clock.advance(days=2)
    day = (sandbox.context.now() - timedelta(days=2)).date()
    assert shop.call("GET", f"/check/{day}") == (200, {"billed": 0, "booked": 0, "wrong": []})
    sandbox.faults.add("error", operation="GET v3/bill/*", code="NO_AUTH")
    assert shop.call("GET", f"/check/{day}")[0] == 500


def test_what_the_shop_does_not_have(sandbox: Sandbox, shop: Shop) -> None:
    assert shop.call("POST", "/orders", {"sku": "gold"})[0] == 400
    assert shop.call("GET", "/orders/none")[0] == 404
    number = shop.call("POST", "/orders", {"sku": "tea"})[1]["number"]
    sandbox.pay(number)
    sandbox.faults.add("error", operation="POST v3/refund/*", code="SYSTEM_ERROR")
    assert shop.call("POST", f"/orders/{number}/refunds", {"fen": 1})[0] == 503
