"""
Take the notifications of WeChat Pay in FastAPI: each order is booked once.

Run it::

    export WECHATPAY_MCHID=… WECHATPAY_CERTS=PUB_KEY_ID_…=pub_key.pem WECHATPAY_APIV3_KEY=…
    export REDIS_URL=redis://127.0.0.1/0
    uvicorn --factory examples.fastapi_notifications:create_app

and give ``https://…/wechatpay/notify`` as ``notify_url`` when you place an order.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import uvicorn
from fastapi import FastAPI

from chainable.claims import RedisStore
from wechatpay import Notification, WeChatPay
from wechatpay.notifications.starlette import handler

DATABASE = os.environ.get("ORDERS", "orders.db")


def book(notification: Notification) -> None:
    """Mark the order as paid, if it is the order that was paid and nobody has marked it yet."""
    paid = notification.resource
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute(
            "UPDATE orders SET state = 'PAID', transaction_id = ? "
            "WHERE out_trade_no = ? AND mchid = ? AND fen = ? AND currency = ? AND state = 'NOTPAY'",
            (
                paid["transaction_id"],
                paid["out_trade_no"],
                paid["mchid"],
                paid["amount"]["total"],
                paid["amount"]["currency"],
            ),
        )


def create_app() -> FastAPI:
    """Make the application."""
    app = FastAPI()
    client = WeChatPay.from_env()
    store = RedisStore.from_url(os.environ["REDIS_URL"])

    # Not "async": SQLite blocks, and a plain function runs in a thread of its own.
    @app.post("/wechatpay/notify")
    @handler(client, store)
    def notified(notification: Notification) -> None:
        if notification.event_type == "TRANSACTION.SUCCESS":
            book(notification)

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
