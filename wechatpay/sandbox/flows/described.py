"""What the catalogue says of an answer: the values of a field, and the names it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay import catalogue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from wechatpay.catalogue import Field

__all__ = ["choices", "documented"]


def choices(key: str, *names: str) -> tuple[str, ...]:
    """Return the values that the catalogue lists for a field of an operation's answer or of a v3 event, outermost first."""
    operation, event = catalogue.operation(key), catalogue.event(key, "v3")
    fields = operation.response.fields if operation else event.resource if event else ()
    found: tuple[Any, ...] = ()
    for name in names:
        fields, found = next(((each.fields, each.enum) for each in fields if each.name == name), ((), ()))
    return tuple(map(str, found))


def documented(fields: Collection[Field], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those facts that an answer has a name for, at every depth: products call the same thing differently."""
    known = {each.name: each for each in fields}
    told: dict[str, Any] = {}
    for name, fact in facts.items():
        if name in known:
            inner = known[name].fields
            if isinstance(fact, dict):
                told[name] = documented(inner, fact)
            elif isinstance(fact, list):
                told[name] = [documented(inner, each) for each in fact]
            else:
                told[name] = fact
    return told
