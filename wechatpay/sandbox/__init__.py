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

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
