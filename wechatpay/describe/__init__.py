"""
Descriptions of the operations and notifications of WeChat Pay.

>>> from wechatpay.describe import describe
>>> describe("v3/hire-power-bank/insurance-orders").title
'创建保险订单'
"""

from __future__ import annotations

from functools import cache

from chainable.describe import Candidate, Description, Index
from wechatpay import catalogue
from wechatpay.describe import notifications, operations
from wechatpay.describe.as_python import attributes
from wechatpay.describe.field_rows import glossary
from wechatpay.describe.lookup import find_keys

__all__ = ["attributes", "candidates", "describe", "described", "glossary", "search"]

_PROMINENT = 120
_WEIGHTS = {"deprecated": -200, "discarded": -300, "redesigned": -100, "privated": -50}


def describe(query: str) -> Description | list[Candidate]:
    """
    Describe the operation or event that a text refers to.

    Args:
        query: A path (``v3/pay/transactions/native``, with or without verb
            and host), a chain as written in code
            (``client.v3.pay.transactions.native``), a key, an event type, a
            title, or a part of one.

    Returns:
        The description if there is one match, otherwise the possible
        matches, best first; empty if there are none.
    """
    text = query.strip()
    event = catalogue.event(text) or catalogue.event(text, "v2")
    if event:
        return notifications.described(event)
    keys = find_keys(text)
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
        LookupError: The key is not in the catalogue.
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
    Search operations and events by parts of their titles, paths and names, best first.

    Args:
        text: Words in Chinese or English; ``-``, ``_``, case and blanks do not matter.
        limit: The maximum number of results.
    """
    return _index().search(text, limit)


@cache
def candidates() -> tuple[Candidate, ...]:
    """Return all operations and events."""
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
