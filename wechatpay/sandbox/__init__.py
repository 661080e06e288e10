"""
A local, stateful WeChat Pay with fault injection, for development and tests.

::

    from wechatpay.sandbox import Sandbox

    with Sandbox() as sandbox:
        client = sandbox.client()

It checks every signature with code that shares nothing with the client.  Needs
the extra ``[sandbox]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.lazy import lazy_attributes

if TYPE_CHECKING:
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.faults import KINDS, Fault
    from wechatpay.sandbox.journal import Entry, Journal
    from wechatpay.sandbox.sandbox import Sandbox
    from wechatpay.sandbox.webhooks import FORGERIES, Attempt, Delivery

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

_MODULES = {
    "FORGERIES": "webhooks",
    "KINDS": "faults",
    "Account": "account",
    "Attempt": "webhooks",
    "Delivery": "webhooks",
    "Entry": "journal",
    "Fault": "faults",
    "Journal": "journal",
    "Sandbox": "sandbox",
}

__getattr__ = lazy_attributes(__name__, {name: f"{__name__}.{home}" for name, home in _MODULES.items()})
