"""
A small shop in Flask and SQLite: order, pay, be notified, refund, check the bill.

Try it without money::

    python examples/shop.py

starts a sandbox and the shop, and prints the commands to play with.  With a real
account, put its settings into the environment (``WECHATPAY_MCHID`` and so on)
and serve :func:`create_app` with any WSGI server, its ``NOTIFY_URL`` pointing at
``/wechatpay/notify``.
"""

from __future__ import annotations

import os
import secrets
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, jsonify, request
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from chainable.deduplication.sqlalchemy import SQLAlchemyStore, claim_table
from chainable.errors import APIError
from wechatpay import Notification, WeChatPay, bills
from wechatpay.notifications.flask import handler

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

PRICES = {"tea": 1, "coffee": 2800, "cake": 3650}  # fen
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS orders (
        number TEXT PRIMARY KEY, sku TEXT NOT NULL, fen INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'NOTPAY', transaction_id TEXT
    )""",
    """
    CREATE TABLE IF NOT EXISTS refunds (
        number TEXT PRIMARY KEY, order_number TEXT NOT NULL REFERENCES orders, fen INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'PROCESSING'
    )""",
)


class Books:
    """The shop's data in one SQLite file; every change is one transaction."""

    def __init__(self, path: Path) -> None:
        engine = create_engine(f"sqlite:///{path}")
        self.sessions = sessionmaker(engine)
        metadata = MetaData()
        claim_table(metadata)
        metadata.create_all(engine)
        with self.sessions.begin() as session:
            for statement in SCHEMA:
                session.execute(text(statement))

    def write(self, statement: str, **values: Any) -> None:
        """Change something."""
        with self.sessions.begin() as session:
            session.execute(text(statement), values)

    def read(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.sessions() as session:
            return [dict(row) for row in session.execute(text(query), values).mappings()]

    def order(self, number: str) -> dict[str, Any]:
        """An order, or 404."""
        found = self.read("SELECT * FROM orders WHERE number = :number", number=number)
        if not found:
            abort(404)
        return found[0]


class Shop:
    """
    What the shop does, without the web around it.

    Args:
        client: Places orders and refunds.
        books: What the shop knows.
        notify_url: Where the platform reaches the shop.
    """

    def __init__(self, client: WeChatPay, books: Books, notify_url: str) -> None:
        self._client = client
        self._notify_url = notify_url
        self.books = books

    def order(self, sku: str) -> tuple[str, str]:
        """Place an order; its number and the link of the QR code."""
        number = secrets.token_hex(16)
        self.books.write(
            "INSERT INTO orders (number, sku, fen) VALUES (:number, :sku, :fen)",
            number=number,
            sku=sku,
            fen=PRICES[sku],
        )
        answer = self._client.v3.pay.transactions.native.post(
            json={
                "appid": "wxd678efh567hg6787",
                "mchid": self._client.mchid,
                "description": sku,
                "out_trade_no": number,
                "notify_url": self._notify_url,
                "amount": {"total": PRICES[sku], "currency": "CNY"},
            }
        )
        return number, answer.data["code_url"]

    def show(self, number: str) -> dict[str, Any]:
        """An order; the notification may be late, so an unpaid one is asked for."""
        found = self.books.order(number)
        if found["state"] == "NOTPAY":
            node = self._client.v3.pay.transactions.out_trade_no._out_trade_no_
            order: Any = node.get(out_trade_no=number, params={"mchid": self._client.mchid}).data
            if order["trade_state"] == "SUCCESS":
                with self.books.sessions.begin() as session:
                    self.paid(order, session)
                found = self.books.order(number)
        return found

    def paid(self, order: dict[str, Any], session: Session) -> None:
        """Book a payment once, if number, merchant, amount and currency are those of the order; commit elsewhere."""
        amount = order["amount"]
        if order["mchid"] == self._client.mchid and amount["currency"] == "CNY":
            session.execute(
                text(
                    "UPDATE orders SET state = 'PAID', transaction_id = :transaction_id "
                    "WHERE number = :number AND fen = :fen AND state = 'NOTPAY'"
                ),
                {
                    "transaction_id": order["transaction_id"],
                    "number": order["out_trade_no"],
                    "fen": amount["total"],
                },
            )

    def refund(self, number: str, fen: int, refund_number: str) -> None:
        """Ask for a refund under this number; an APIError says no."""
        found = self.books.order(number)
        self.books.write(
            "INSERT OR IGNORE INTO refunds (number, order_number, fen) VALUES (:number, :order_number, :fen)",
            number=refund_number,
            order_number=number,
            fen=fen,
        )
        self._client.v3.refund.domestic.refunds.post(
            json={
                "out_trade_no": number,
                "out_refund_no": refund_number,
                "amount": {"refund": fen, "total": found["fen"], "currency": "CNY"},
                "notify_url": self._notify_url,
            }
        )

    def refunded(self, refund: dict[str, Any], session: Session) -> None:
        """Book how a refund ended; commit elsewhere."""
        session.execute(
            text("UPDATE refunds SET state = :state WHERE number = :number AND fen = :fen"),
            {
                "state": refund["refund_status"],
                "number": refund["out_refund_no"],
                "fen": refund["amount"]["refund"],
            },
        )

    def billed(self, day: str) -> dict[str, int]:
        """Return the fen by number of the order or refund, as the bill of a day has them; empty without a bill."""
        saved = BytesIO()
        try:
            self._client.download(self._client.v3.bill.tradebill.get(params={"bill_date": day}), saved)
        except APIError as error:
            if error.code != "NO_STATEMENT_EXIST":
                raise
            return {}
        saved.seek(0)
        found: dict[str, int] = {}
        for row in bills.read(saved):
            trade: Any = row
            refunded = trade.trade_state == "REFUND"
            number = trade.out_refund_no if refunded else trade.out_trade_no
            found[number] = int((trade.refund_amount if refunded else trade.total) * 100)
        return found

    def check(self, day: str) -> dict[str, Any]:
        """Compare the bill of a day with the books: numbers that only one of them has, amounts that differ."""
        billed = self.billed(day)
        booked = {
            row["number"]: row["fen"]
            for row in self.books.read(
                "SELECT number, fen FROM orders WHERE state = 'PAID'"
                " UNION ALL SELECT number, fen FROM refunds WHERE state = 'SUCCESS'"
            )
        }
        wrong = sorted(number for number in billed.keys() | booked.keys() if billed.get(number) != booked.get(number))
        return {"billed": len(billed), "booked": len(booked), "wrong": wrong}


def create_app(client: WeChatPay, path: Path, notify_url: str) -> Flask:
    """
    Make the shop's web application.

    Args:
        client: Places orders and refunds, and checks notifications.
        path: The SQLite file.
        notify_url: Where the platform reaches ``/wechatpay/notify``.
    """
    app = Flask(__name__)
    shop = Shop(client, Books(path), notify_url)
    # The claim on a notification and its booking are committed together, or not at all.
    store = SQLAlchemyStore(shop.books.sessions)

    @app.post("/orders")
    def order() -> ResponseReturnValue:
        sku = request.get_json()["sku"]
        if sku not in PRICES:
            abort(400)
        number, code_url = shop.order(sku)
        return jsonify(number=number, code_url=code_url), 201

    @app.get("/orders/<number>")
    def show(number: str) -> ResponseReturnValue:
        return jsonify(shop.show(number))

    @app.post("/orders/<number>/refunds")
    def refund(number: str) -> ResponseReturnValue:
        sent = request.get_json()
        refund_number = sent.get("number") or secrets.token_hex(16)
        try:
            shop.refund(number, sent["fen"], refund_number)
        except APIError as error:
            if error.retryable:  # the same number again, later: never a new one
                return jsonify(number=refund_number, error=error.code), 503
            shop.books.write(
                "UPDATE refunds SET state = :state WHERE number = :number", state=error.code, number=refund_number
            )
            return jsonify(number=refund_number, error=error.code), 409
        return jsonify(number=refund_number), 202

    @app.get("/check/<day>")
    def check(day: str) -> ResponseReturnValue:
        return jsonify(shop.check(day))

    @app.post("/wechatpay/notify")
    @handler(client, store)
    def notified(notification: Notification[Any]) -> None:
        if notification.event_type == "TRANSACTION.SUCCESS":
            shop.paid(notification.resource, store.session)
        elif notification.event_type.startswith("REFUND."):
            shop.refunded(notification.resource, store.session)

    return app


def main() -> None:
    """Play: a sandbox in which users pay at once, and the shop in front of it."""
    from wechatpay.sandbox import Sandbox

    port = int(os.environ.get("PORT", "5000"))
    with Sandbox(automatic=("pay", "refund")) as sandbox:
        app = create_app(sandbox.client(), Path("shop.db"), f"http://127.0.0.1:{port}/wechatpay/notify")
        print(
            f"curl -X POST http://127.0.0.1:{port}/orders -H 'content-type: application/json' -d '{{\"sku\":\"cake\"}}'"
        )
        print(f"curl http://127.0.0.1:{port}/check/{sandbox.context.day()}")
        app.run(port=port)


if __name__ == "__main__":
    main()
