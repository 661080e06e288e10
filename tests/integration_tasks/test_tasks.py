"""
The hidden checks of the ten tasks: what a solution does is read off the sandbox's books and journal.

A solution sees its ``task.md`` and the skill (``docs/skill``), not this file.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chainable import BEIJING, APIError
from wechatpay.sandbox import Sandbox

NATIVE = "POST v3/pay/transactions/native"
CODEPAY = "POST v3/pay/transactions/codepay"
REFUNDS = "POST v3/refund/domestic/refunds"


def ordered(sandbox, number, total=100, **more):
    """Place an order and pay it; its transaction id."""
    sandbox.client().v3.pay.transactions.native.post(
        json={
            "appid": sandbox.account.appid,
            "mchid": sandbox.account.mchid,
            "description": "充电宝",
            "out_trade_no": number,
            "notify_url": "https://shop.example/notify",
            "amount": {"total": total},
            **more,
        }
    )
    return sandbox.pay(number)[0]["transaction_id"]


def state(sandbox, number):
    query = sandbox.client().v3.pay.transactions.out_trade_no._out_trade_no_
    return query.get(out_trade_no=number, params={"mchid": sandbox.account.mchid}).data


def eventually(condition, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


# 1. Native order


def test_native_order(solution, wechatpay_sandbox):
    client = wechatpay_sandbox.client()
    link = solution.place(client, "native-0001", 1234, "https://shop.example/notify")
    assert link.startswith("weixin://")
    assert solution.place(client, "native-0001", 1234, "https://shop.example/notify") == link
    wechatpay_sandbox.pay("native-0001")
    assert state(wechatpay_sandbox, "native-0001")["amount"]["total"] == 1234
    with pytest.raises(solution.AlreadyPaid):
        solution.place(client, "native-0001", 1234, "https://shop.example/notify")


def test_native_order_survives_a_lost_answer_and_reports_refusals(solution, wechatpay_sandbox):
    client = wechatpay_sandbox.client()
    wechatpay_sandbox.fault("reset", operation=NATIVE, times=1, executed=True)
    with suppress(Exception):
        solution.place(client, "native-0002", 1, "https://shop.example/notify")
    assert solution.place(client, "native-0002", 1, "https://shop.example/notify")
    wechatpay_sandbox.fault("error", operation=NATIVE, code="NO_AUTH", times=1)
    with pytest.raises(APIError) as caught:
        solution.place(client, "native-0003", 1, "https://shop.example/notify")
    assert caught.value.code == "NO_AUTH"


# 2. Notifications


@pytest.fixture
def shop(solution, wechatpay_sandbox, tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as books, books:
        books.execute("CREATE TABLE orders (number TEXT PRIMARY KEY, fen INTEGER, state TEXT)")
        books.execute("CREATE TABLE bookings (number TEXT, fen INTEGER)")
        books.executemany("INSERT INTO orders VALUES (?, ?, 'NOTPAY')", [("order-1", 100), ("order-2", 200)])
    app = solution.create_app(wechatpay_sandbox.client(), path)

    def booked():
        with closing(sqlite3.connect(path)) as books:
            return (
                sorted(books.execute("SELECT number, fen FROM bookings")),
                dict(books.execute("SELECT number, state FROM orders")),
            )

    return app, booked


def success(sandbox, number, total, **more):
    return sandbox.notification(
        "TRANSACTION.SUCCESS",
        {
            "mchid": sandbox.account.mchid,
            "out_trade_no": number,
            "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
            **more,
        },
    )


def delivered(app, message, end=b""):
    headers, body = message
    return app.test_client().post("/notify", headers=dict(headers), data=body + end).status_code


def test_notification_books_once(shop, wechatpay_sandbox):
    app, booked = shop
    message = success(wechatpay_sandbox, "order-1", 100)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: delivered(app, message), range(8)))
    assert any(200 <= status < 300 for status in statuses)
    assert 200 <= delivered(app, message) < 300
    assert 200 <= delivered(app, success(wechatpay_sandbox, "order-1", 100)) < 300
    assert booked() == ([("order-1", 100)], {"order-1": "PAID", "order-2": "NOTPAY"})


def test_notification_refuses_what_is_not_the_order(shop, wechatpay_sandbox):
    app, booked = shop
    assert delivered(app, success(wechatpay_sandbox, "order-1", 100), end=b" ") >= 400
    assert 200 <= delivered(app, success(wechatpay_sandbox, "order-1", 1)) < 300
    assert 200 <= delivered(app, success(wechatpay_sandbox, "order-2", 200, mchid="1900000999")) < 300
    dollars = {"total": 200, "payer_total": 200, "currency": "USD", "payer_currency": "USD"}
    assert 200 <= delivered(app, success(wechatpay_sandbox, "order-2", 200, amount=dollars)) < 300
    assert booked() == ([], {"order-1": "NOTPAY", "order-2": "NOTPAY"})


# 3. Refunds


@pytest.mark.parametrize("fault", [None, "reset", "half_body", "error"])
def test_refund_happens_once(solution, wechatpay_sandbox, fault):
    ordered(wechatpay_sandbox, "refund-0001", 100)
    client = wechatpay_sandbox.client()
    if fault:
        settings = {"code": "SYSTEM_ERROR"} if fault == "error" else {}
        wechatpay_sandbox.fault(fault, operation=REFUNDS, times=4, executed=True, **settings)
    found = None
    for _ in range(6):
        with suppress(Exception):
            found = solution.refund(client, "refund-0001", "R-0001", 30, 100)
            break
    assert found in {"PROCESSING", "SUCCESS"}
    assert solution.refund(client, "refund-0001", "R-0001", 30, 100) == "SUCCESS"
    # 70 fen are left: one refund of 30, no second one.
    assert solution.refund(client, "refund-0001", "R-0002", 70, 100) in {"PROCESSING", "SUCCESS"}


def test_refund_reports_how_it_ended(solution):
    with Sandbox(automatic=()) as sandbox:
        ordered(sandbox, "refund-0002", 100)
        client = sandbox.client()
        assert solution.refund(client, "refund-0002", "R-0003", 30, 100) == "PROCESSING"
        sandbox.finish_refund("R-0003", "ABNORMAL")
        assert solution.refund(client, "refund-0002", "R-0003", 30, 100) == "ABNORMAL"


# 4. Payment codes


class Till:
    """Waits by moving the sandbox's clock; after ``seconds`` in all, ``then`` happens."""

    def __init__(self, sandbox, seconds=0.0, then=None):
        self.sandbox, self.seconds, self.then, self.waited = sandbox, seconds, then, 0.0

    def __call__(self, seconds):
        self.waited += seconds
        assert self.waited < 600, "waits for ever"
        self.sandbox.clock.advance(seconds=seconds)
        if self.then is not None and self.waited >= self.seconds:
            then, self.then = self.then, None
            then()


def test_payment_code_at_once_or_with_a_password(solution, wechatpay_sandbox):
    client = wechatpay_sandbox.client()
    assert solution.charge(client, "code-0001", 100, "130061098828009406", Till(wechatpay_sandbox)) is True
    wechatpay_sandbox.fault("pending", operation=CODEPAY, times=1)
    till = Till(wechatpay_sandbox, 20, lambda: wechatpay_sandbox.pay("code-0002"))
    assert solution.charge(client, "code-0002", 100, "130061098828009406", till) is True
    assert state(wechatpay_sandbox, "code-0002")["trade_state"] == "SUCCESS"


def test_payment_code_that_nobody_confirms_is_reversed(solution, wechatpay_sandbox):
    client = wechatpay_sandbox.client()
    for number, then in (("code-0003", None), ("code-0004", lambda: wechatpay_sandbox.fail_payment("code-0004"))):
        wechatpay_sandbox.fault("pending", operation=CODEPAY, times=1)
        assert solution.charge(client, number, 100, "130061098828009406", Till(wechatpay_sandbox, 10, then)) is False
        assert state(wechatpay_sandbox, number)["trade_state"] == "REVOKED"


@pytest.mark.parametrize("fault", ["reset", "half_body", "error"])
def test_payment_code_whose_answer_is_lost(solution, wechatpay_sandbox, fault):
    client = wechatpay_sandbox.client()
    settings = {"code": "SYSTEM_ERROR"} if fault == "error" else {}
    wechatpay_sandbox.fault(fault, operation=CODEPAY, times=3, executed=True, **settings)
    assert solution.charge(client, "code-0005", 100, "130061098828009406", Till(wechatpay_sandbox)) is True
    assert state(wechatpay_sandbox, "code-0005")["trade_state"] == "SUCCESS"
    paid = [entry for entry in wechatpay_sandbox.journal.of(CODEPAY) if entry.request]
    assert len(paid) <= 3


# 5. Transfers


def test_transfer(solution, wechatpay_sandbox):
    client = wechatpay_sandbox.client()
    balance = client.v3.merchant.fund.balance._account_type_
    before = balance.get(account_type="OPERATION").data["available_amount"]
    made = solution.pay_out(client, "bill0001", "o-MYE42l80oelYMDE34nYD456Xoy", 1000, "张三")
    assert made["state"] == "WAIT_USER_CONFIRM"
    assert made["package_info"]
    again = solution.pay_out(client, "bill0001", "o-MYE42l80oelYMDE34nYD456Xoy", 1000, "张三")
    assert again["state"] == "WAIT_USER_CONFIRM"
    wechatpay_sandbox.confirm_transfer("bill0001")
    done = solution.pay_out(client, "bill0001", "o-MYE42l80oelYMDE34nYD456Xoy", 1000, "张三")
    assert done == {"state": "SUCCESS", "package_info": None}
    assert balance.get(account_type="OPERATION").data["available_amount"] == before - 1000


@pytest.mark.parametrize(("fen", "named"), [(30, None), (29, False), (200_000, True)])
def test_transfer_sends_the_name_encrypted_when_it_must(solution, wechatpay_sandbox, fen, named):
    client = wechatpay_sandbox.client()
    solution.pay_out(client, "bill0002", "o-MYE42l80oelYMDE34nYD456Xoy", fen, "李四光")
    entry = wechatpay_sandbox.journal.of("POST v3/fund-app/mch-transfer/transfer-bills")[-1]
    assert entry.status == 200
    assert "李四光".encode() not in entry.request.body
    if named is not None:
        assert (b"user_name" in entry.request.body) is named


# 6. Profit sharing


@pytest.fixture
def frozen(wechatpay_sandbox):
    transaction = ordered(wechatpay_sandbox, "share-0001", 1000, settle_info={"profit_sharing": True})
    wechatpay_sandbox.clock.advance(minutes=2)
    return transaction


def test_profit_sharing(solution, wechatpay_sandbox, frozen):
    client = wechatpay_sandbox.client()
    expected = {"result": "SUCCESS", "fail_reason": None, "unsplit": 0}
    assert solution.share(client, frozen, "split0001", "86693852", "某商户", 200) == expected
    assert solution.share(client, frozen, "split0001", "86693852", "某商户", 200) == expected
    added = wechatpay_sandbox.journal.of("POST v3/profitsharing/receivers/add")[0]
    assert "某商户".encode() not in added.request.body


def test_profit_sharing_goes_on_after_a_lost_answer(solution, wechatpay_sandbox, frozen):
    client = wechatpay_sandbox.client()
    wechatpay_sandbox.fault("reset", operation="POST v3/profitsharing/orders", times=3, executed=True)
    found = None
    for _ in range(4):
        with suppress(Exception):
            found = solution.share(client, frozen, "split0002", "86693852", "某商户", 300)
            break
    assert found == {"result": "SUCCESS", "fail_reason": None, "unsplit": 0}


# 7. Bills


def test_bill(solution):
    morning = datetime.fromisoformat("2026-03-05T10:00:00+08:00").timestamp()
    with Sandbox(clock=lambda: morning) as sandbox:
        for number, total in (("order-1", 101), ("order-2", 1999), ("order-3", 5), ("order-4", 700)):
            ordered(sandbox, number, total)
        client = sandbox.client()
        client.v3.refund.domestic.refunds.post(
            json={
                "out_trade_no": "order-4",
                "out_refund_no": "refund-4",
                "amount": {"refund": 100, "total": 700, "currency": "CNY"},
            }
        )
        sandbox.clock.advance(hours=24)
        books = {"order-1": 101, "order-2": 1998, "order-4": 700, "order-9": 9}
        assert solution.differences(client, "2026-03-05", books) == {
            "order-2": "amount",
            "order-3": "missing here",
            "order-9": "missing there",
        }
        assert solution.differences(client, "2026-03-04", {"order-8": 1}) == {"order-8": "missing there"}
        assert solution.differences(client, "2026-03-04", {}) == {}
        with pytest.raises(APIError):
            solution.differences(client, "2026-03-06", {})


# 8. Orders of a seller


def test_top_orders_lose_none(solution, taobao_sandbox):
    sandbox = taobao_sandbox
    tids = []
    start = datetime.fromtimestamp(sandbox.clock(), BEIJING)
    for _ in range(3):
        tids += sandbox.trades.add(90, payment="1.00")
        sandbox.clock.advance(hours=20)
    end = datetime.fromtimestamp(sandbox.clock(), BEIJING)
    code = sandbox.sessions.code()
    plain = sandbox.client(session=None)
    top = sandbox.client(session=plain.oauth.token(code=code, redirect_uri="https://shop.example/back").access_token)
    leaving = iter(tids[30:60])
    reading = sandbox.journal.of

    def leave():
        seen = 0
        while not stop.is_set():
            now = len(reading("taobao.trades.sold.increment.get"))
            if now > seen:
                seen = now
                for tid in [next(leaving, None) for _ in range(3)]:
                    if tid is not None:
                        sandbox.trades.pay(tid)
            time.sleep(0.001)

    stop = threading.Event()
    changing = threading.Thread(target=leave)
    changing.start()
    try:
        found = solution.changed(top, start - timedelta(minutes=1), end)
    finally:
        stop.set()
        changing.join()
    stayed = set(tids) - set(tids[30:60])
    assert stayed <= set(found)
    assert {found[tid] for tid in stayed} == {"WAIT_BUYER_PAY"}


# 9. Sessions


def test_top_session_is_refreshed_once(solution, taobao_sandbox, tmp_path):
    sandbox = taobao_sandbox
    top = sandbox.client(session=None)
    path = tmp_path / "sessions.json"
    sandbox.sessions.life = 3600.0  # longer than the 600 s before its end at which a session is refreshed
    seller = solution.Seller(top, path, "seller-7")
    assert "state=abc" in seller.authorize_url("https://shop.example/back", "abc")
    seller.authorized(sandbox.sessions.code(user_id=7, nick="seller_7"), "https://shop.example/back")
    sandbox.trades.add(2)
    assert len(seller.sold()) == 2
    sandbox.clock.advance(minutes=61)
    asked = [entry.kind for entry in sandbox.journal].count("oauth")
    others = [solution.Seller(sandbox.client(session=None), path, "seller-7") for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda number: others[number % 4].sold(), range(8)))
    assert all(isinstance(tids, list) for tids in results)
    assert [entry.kind for entry in sandbox.journal].count("oauth") == asked + 1


# 10. Messages


def test_top_messages(solution, taobao_sandbox):
    sandbox = taobao_sandbox
    handled: list[tuple[int, str]] = []
    trouble = [RuntimeError("storage is busy")]

    def handle(tid, status):
        if tid == failing and trouble:
            raise trouble.pop()
        handled.append((tid, status))

    paid, failing, closed = sandbox.trades.add(3)
    for tid in (paid, failing, closed):
        sandbox.trades.pay(tid)
    sandbox.trades.change(closed, status="TRADE_CLOSED")
    tmc = solution.consumer(sandbox.client(), sandbox.channel_url, handle)
    try:

        def publish(topic, content):
            return sandbox.messages.publish(topic, content)

        sandbox.fault("doubled", method="notify *")
        first = publish("taobao_trade_TradeBuyerPay", {"tid": paid, "status": "WAIT_SELLER_SEND_GOODS"})
        late = publish("taobao_trade_TradeBuyerPay", {"tid": closed, "status": "WAIT_SELLER_SEND_GOODS"})
        other = publish("taobao_item_ItemAdd", {"iid": 1})
        again = publish("taobao_trade_TradeBuyerPay", {"tid": failing, "status": "WAIT_SELLER_SEND_GOODS"})
        assert eventually(
            lambda: (
                {first.id, late.id, other.id} <= set(sandbox.messages.confirmed)
                and again.id in [number for number, _ in sandbox.messages.failed]
            )
        )
        sandbox.messages.drop()
        assert eventually(lambda: again.id in sandbox.messages.confirmed)
        assert sorted(handled) == sorted(
            [
                (paid, "WAIT_SELLER_SEND_GOODS"),
                (closed, "TRADE_CLOSED"),
                (failing, "WAIT_SELLER_SEND_GOODS"),
            ]
        )
    finally:
        tmc.stop()


def test_each_task_has_a_statement_and_a_check():
    here = Path(__file__).parent
    checks = [name for name in globals() if name.startswith("test_")]
    tasks = sorted(path.parent.name for path in here.glob("*/task.md"))
    assert len(tasks) == 10
    assert [task for task in tasks if not any(name.startswith(f"test_{task}") for name in checks)] == []
