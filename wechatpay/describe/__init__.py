"""
What an operation or notification of WeChat Pay is, shown to people.

>>> from wechatpay.describe import describe
>>> describe("v3/hire-power-bank/insurance-orders").title
'创建保险订单'
"""

from __future__ import annotations

from functools import cache

from chainable.describe import Candidate, Description, Index
from wechatpay import catalogue
from wechatpay.describe import notifications, operations
from wechatpay.describe.fields import glossary
from wechatpay.describe.spelling import attributes, located

__all__ = ["attributes", "candidates", "describe", "described", "glossary", "search"]

_PROMINENT = 120
_WEIGHTS = {"deprecated": -200, "discarded": -300, "redesigned": -100, "privated": -50}


def describe(query: str) -> Description | list[Candidate]:
    """
    Describe what a text points at.

    Args:
        query: A path (``v3/pay/transactions/native``, with or without verb
            and host), a chain as written in code
            (``client.v3.pay.transactions.native``), a key, an event type, a
            title, or a part of any.

    Returns:
        The description where the text means one thing, else what it may
        mean, best first; empty where it means nothing.
    """
    text = query.strip()
    event = catalogue.event(text) or catalogue.event(text, "v2")
    if event:
        return notifications.described(event)
    keys = located(text)
    if keys:
        found = [candidate for candidate in candidates() if candidate.key in keys]
    else:
        found = [candidate for candidate in candidates() if text in (candidate.title, candidate.key)]
        if len(found) != 1:
            found = search(text)
    return described(found[0].key) if len(found) == 1 else found


def described(key: str) -> Description:
    """
    Describe an operation or an event by its key.

    Args:
        key: ``POST v3/pay/transactions/native`` or ``event v3 TRANSACTION.SUCCESS``.

    Raises:
        LookupError: The catalogue has none of this key.
    """
    operation = catalogue.operation(key)
    if operation:
        return operations.described(operation)
    kind, _, rest = key.partition(" ")
    version, _, name = rest.partition(" ")
    event = catalogue.event(name, version) if kind == "event" else None
    if event is None:
        msg = f"the catalogue has no {key!r}"
        raise LookupError(msg)
    return notifications.described(event)


def search(text: str, limit: int = 10) -> list[Candidate]:
    """
    Find operations and events by parts of their titles, paths and names, best first.

    Args:
        text: Words in Chinese or English; ``-``, ``_``, case and blanks do not matter.
        limit: How many to give at most.
    """
    return _index().search(text, limit)


@cache
def candidates() -> tuple[Candidate, ...]:
    """Give everything that can be found: the operations and events."""
    prominent = glossary.prominent
    found = [
        Candidate(
            operation.key,
            operation.title,
            operation.key,
            _PROMINENT * (operation.key in prominent)
            + _WEIGHTS.get(operation.status or "", 0)
            - 40 * operation.path.startswith("v2/"),
        )
        for operation in catalogue.operations()
    ]
    for event in catalogue.events():
        key = notifications.key(event)
        found.append(Candidate(key, event.title, f"{event.version} {event.name}", -60))
    return tuple(found)


@cache
def _index() -> Index:
    return Index(candidates())
