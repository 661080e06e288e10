"""The operation of a request: literal segments first, then the catalogue's variables."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from attrs import frozen

from wechatpay import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.catalogue import CatalogueNode, Operation

__all__ = ["Found", "NotFound", "find", "nearest", "protocol"]

PREFIXES = ("hk", "global")


@frozen(eq=False)
class Found:
    """An operation, and the values of its variables."""

    operation: Operation
    variables: Mapping[str, str]


@frozen
class NotFound:
    """No operation has this verb; the verbs of the path, if it has any."""

    verbs: tuple[str, ...]


def protocol(segments: tuple[str, ...]) -> str:
    """Return ``v3`` or ``v2``, by the first segments without an access point's prefix."""
    first = without_prefix(segments)[0]
    return "v3" if first in ("v3", "brand") else "v2"


def without_prefix(segments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the segments without the prefix that some access points have before ``v3``."""
    if len(segments) > 1 and segments[0] in PREFIXES and segments[1] == "v3":
        return segments[1:]
    return segments


def find(method: str, segments: tuple[str, ...]) -> Found | NotFound:
    """Return the operation of this verb and path, or the verbs there are at the path."""
    known = _literal.get((method, segments))
    if known is not None:
        return known
    found = _find(method, segments)
    if isinstance(found, Found) and not found.variables:
        _literal[method, segments] = found  # no more than the catalogue's operations
    return found


_literal: dict[tuple[str, tuple[str, ...]], Found] = {}


def _find(method: str, segments: tuple[str, ...]) -> Found | NotFound:
    segments = without_prefix(segments)
    if protocol(segments) == "v2":
        segments = ("v2", *segments)
    verbs: set[str] = set()
    for branch, values in walk(catalogue.tree(), segments, {}):
        key = branch.verbs.get(method)
        operation = catalogue.operation(key) if key else None
        if operation is not None:
            return Found(operation, values)
        verbs.update(branch.verbs)
    return NotFound(tuple(sorted(verbs)))


def walk(
    branch: CatalogueNode, segments: tuple[str, ...], values: dict[str, str]
) -> Iterator[tuple[CatalogueNode, dict[str, str]]]:
    """Return every place in the tree that these segments can mean, the most literal first."""
    ways = [(branch, 0, values)]
    while ways:
        branch, place, values = ways.pop()
        if place == len(segments):
            yield branch, values
            continue
        segment = segments[place]
        names = {child: name for name, child in branch.variables}
        literal = branch.literal(segment)
        # which may be a variable with one possible value
        found = {names.pop(literal): segment} if literal in names else {}
        if segment:
            ways += [(child, place + 1, {**values, name: segment}) for child, name in reversed(names.items())]
        if literal is not None:
            ways.append((literal, place + 1, {**values, **found}))


def nearest(segments: tuple[str, ...]) -> str | None:
    """Return the catalogued path most like this one, as it goes over the wire."""
    wanted = "/".join(without_prefix(segments))
    paths = {operation.path.removeprefix("v2/") for operation in catalogue.operations()}
    return next(iter(difflib.get_close_matches(wanted, paths, 1, 0.6)), None)
