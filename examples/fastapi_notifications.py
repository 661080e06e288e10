"""
Take the notifications of WeChat Pay in FastAPI: each order is booked once.

Run it::

    export WECHATPAY_MCHID=… WECHATPAY_CERTS=PUB_KEY_ID_…=pub_key.pem WECHATPAY_APIV3_KEY=…
    export ORDERS=sqlite:///orders.db          # or postgresql+psycopg://…, mysql+pymysql://…
    uvicorn --factory examples.fastapi_notifications:create_app

and give ``https://…/wechatpay/notify`` as ``notify_url`` when you place an order.
"""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from chainable.deduplication.sqlalchemy import SQLAlchemyStore, claim_table
from wechatpay import Notification, WeChatPay
from wechatpay.notifications.fastapi import handler


def book(notification: Notification, session: Session) -> None:
    """Mark the order as paid, if it is the order that was paid; the claim on the notification is committed with it."""
    paid = notification.resource
    session.execute(
        text(
            "UPDATE orders SET state = 'PAID', transaction_id = :transaction_id WHERE out_trade_no = :out_trade_no "
            "AND mchid = :mchid AND fen = :fen AND currency = :currency AND state = 'NOTPAY'"
        ),
        {
            "transaction_id": paid["transaction_id"],
            "out_trade_no": paid["out_trade_no"],
            "mchid": paid["mchid"],
            "fen": paid["amount"]["total"],
            "currency": paid["amount"]["currency"],
        },
    )


def create_app() -> FastAPI:
    """Make the application."""
    app = FastAPI()
    client = WeChatPay.from_env()
    engine = create_engine(os.environ.get("ORDERS", "sqlite:///orders.db"))
    metadata = MetaData()
    claim_table(metadata)
    metadata.create_all(engine)
    store = SQLAlchemyStore(sessionmaker(engine))

    # Not "async": the database blocks, and a plain function runs in a thread of its own.
    @app.post("/wechatpay/notify")
    @handler(client, store)
    def notified(notification: Notification) -> None:
        if notification.event_type == "TRANSACTION.SUCCESS":
            book(notification, store.session)

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
