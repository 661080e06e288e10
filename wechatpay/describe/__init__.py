"""
Descriptions of the operations and notifications of WeChat Pay.

>>> from wechatpay.describe import describe
>>> describe("v3/hire-power-bank/insurance-orders").title
'创建保险订单'
"""

from __future__ import annotations

from functools import cache

from chainable.describe import Candidate, Description, Index, Label
from chainable.i18n import Words
from wechatpay import catalogue
from wechatpay.describe import notifications, operations
from wechatpay.describe.as_python import attributes
from wechatpay.describe.field_rows import glossary
from wechatpay.describe.lookup import find_keys

__all__ = ["attributes", "candidates", "describe", "described", "glossary", "search"]

_PROMINENT = 120
_NOTIFICATIONS = Label("通知", "notifications")
_WEIGHTS = {"deprecated": -200, "discarded": -300, "redesigned": -100, "privated": -50}


def describe(query: str, limit: int | None = 10) -> Description | list[Candidate]:
    """
    Describe the operation or event that a text refers to.

    Args:
        query: A path (``v3/pay/transactions/native``, with or without verb
            and host), a chain as written in code
            (``client.v3.pay.transactions.native``), a key, an event type, a
            title, a part of one, or a word that people use (``商家转账``).
        limit: The maximum number of matches; None for all.

    Returns:
        The description if there is one match, otherwise the possible
        matches, best first. If there are none, those whose names or titles
        are similar, with ``near``; empty without such.
    """
    text = query.strip()
    event = catalogue.event(text) or catalogue.event(text, "v2")
    if event:
        return notifications.described(event)
    keys = find_keys(text)
    if keys:
        found = [candidate for candidate in candidates() if candidate.key in keys]
    else:
        found = [] if _index().knows(text) else [each for each in candidates() if text in (each.title, each.key)]
        if len(found) != 1:
            found = search(text, limit)
    return described(found[0].key) if len(found) == 1 and not found[0].near else found


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
        msg = Words(f"the catalogue has no {key!r}", f"接口目录中没有 {key!r}")
        raise LookupError(msg)
    return notifications.described(event)


def search(text: str, limit: int | None = 10) -> list[Candidate]:
    """
    Search operations and events by parts of their titles, paths and names, best first.

    Args:
        text: Words in Chinese or English, such as the name of a product; ``-``, ``_``, case and blanks do not matter.
        limit: The maximum number of results; None for all.
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
            _product(operation.path),
        )
        for operation in catalogue.operations()
    ]
    for event in catalogue.events():
        key = notifications.key(event)
        found.append(Candidate(key, event.title, f"{event.version} {event.name}", -60, _NOTIFICATIONS))
    return tuple(found)


def _product(path: str) -> str:
    name = glossary.product(path)
    partner = "partner" in path.split("/") and "（" not in name
    return Label(f"{name}（服务商）", f"{name}, partner") if partner else name


@cache
def _index() -> Index:
    return Index(candidates(), glossary.words)
