"""Book payments in the transaction that claims their notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.orm import sessionmaker

from chainable.deduplication.sqlalchemy import SQLAlchemyStore, claim_table
from wechatpay.notifications.flask import endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from wechatpay import Notification, WeChatPay


def create_app(client: WeChatPay, path: Path) -> Flask:
    """Make the application with ``POST /notify``."""
    engine = create_engine(f"sqlite:///{path}")
    metadata = MetaData()
    claim_table(metadata)
    metadata.create_all(engine)
    store = SQLAlchemyStore(sessionmaker(engine))

    def paid(notification: Notification[Any]) -> None:
        if notification.event_type != "TRANSACTION.SUCCESS":
            return
        order = notification.resource
        if order["mchid"] != client.mchid or order["amount"]["currency"] != "CNY":
            return
        values = {"number": order["out_trade_no"], "fen": order["amount"]["total"]}
        updated = store.session.execute(
            text("UPDATE orders SET state = 'PAID' WHERE number = :number AND fen = :fen AND state = 'NOTPAY'"), values
        )
        if updated.rowcount == 1:
            store.session.execute(text("INSERT INTO bookings (number, fen) VALUES (:number, :fen)"), values)

    app = Flask(__name__)
    app.post("/notify")(endpoint(client, store, paid))
    return app
