"""
Take the notifications of WeChat Pay in Flask: each order is booked once.

Run it::

    export WECHATPAY_MCHID=… WECHATPAY_CERTS=PUB_KEY_ID_…=pub_key.pem WECHATPAY_APIV3_KEY=…
    export REDIS_URL=redis://127.0.0.1/0
    flask --app examples/flask_notifications run

and give ``https://…/wechatpay/notify`` as ``notify_url`` when you place an order.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from flask import Flask

from chainable.claims import RedisStore
from wechatpay import Notification, WeChatPay
from wechatpay.notifications.flask import handler

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


def create_app() -> Flask:
    """Make the application; ``flask run`` and every WSGI server find it by this name."""
    app = Flask(__name__)
    client = WeChatPay.from_env()
    store = RedisStore.from_url(os.environ["REDIS_URL"])

    @app.post("/wechatpay/notify")
    @handler(client, store)
    def notified(notification: Notification) -> None:
        if notification.event_type == "TRANSACTION.SUCCESS":
            book(notification)

    return app


if __name__ == "__main__":
    create_app().run(port=int(os.environ.get("PORT", "5000")))
