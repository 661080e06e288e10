"""
Take the notifications of WeChat Pay in Django: each order is booked once.

Run it::

    export WECHATPAY_MCHID=… WECHATPAY_CERTS=PUB_KEY_ID_…=pub_key.pem WECHATPAY_APIV3_KEY=…
    python examples/django_notifications.py migrate
    python examples/django_notifications.py runserver

and give ``https://…/wechatpay/notify`` as ``notify_url`` when you place an order.
It is a whole project in one file; in yours, the view stands in ``views.py``.
"""

from __future__ import annotations

import os
import secrets
import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connection
from django.urls import path

from chainable.deduplication.django import DjangoStore
from wechatpay import Notification, WeChatPay
from wechatpay.notifications.django import handler

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=os.environ.get("HOSTS", "127.0.0.1,localhost").split(","),
    INSTALLED_APPS=["chainable.deduplication.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("ORDERS", "orders.db")}},
)
django.setup()

client = WeChatPay.from_env()
store = DjangoStore()


@handler(client, store)
def notified(notification: Notification) -> None:
    """Take whatever the platform tells."""
    if notification.event_type == "TRANSACTION.SUCCESS":
        book(notification)


def book(notification: Notification) -> None:
    """Mark the order as paid, if it is the order that was paid; the claim on the notification is committed with it."""
    paid = notification.resource
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders SET state = 'PAID', transaction_id = %s "
            "WHERE out_trade_no = %s AND mchid = %s AND fen = %s AND currency = %s AND state = 'NOTPAY'",
            (
                paid["transaction_id"],
                paid["out_trade_no"],
                paid["mchid"],
                paid["amount"]["total"],
                paid["amount"]["currency"],
            ),
        )


# As notify_url says it, without a slash at the end: the platform does not follow redirects.
urlpatterns = [path("wechatpay/notify", notified)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
