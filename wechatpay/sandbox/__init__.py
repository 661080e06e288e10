"""
A WeChat Pay of one's own, on loopback: strict, with state, and breakable.

::

    from wechatpay.sandbox import Sandbox

    with Sandbox() as sandbox:
        client = sandbox.client()

It checks every signature with code that shares nothing with the client.
"""

from __future__ import annotations

from wechatpay.sandbox.account import Account
from wechatpay.sandbox.callbacks import FORGERIES, Attempt, Delivery
from wechatpay.sandbox.faults import KINDS, Fault
from wechatpay.sandbox.journal import Entry, Journal
from wechatpay.sandbox.sandbox import Sandbox

__all__ = [
    "FORGERIES",
    "KINDS",
    "Account",
    "Attempt",
    "Delivery",
    "Entry",
    "Fault",
    "Journal",
    "Sandbox",
]
