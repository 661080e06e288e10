"""Between paths and chains: how a path is written in Python, and what a pasted chain means."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from chainable.errors import PathError
from chainable.path import split
from chainable.resolution import PathResolver
from wechatpay.catalogue import CatalogueNode, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["attributes", "located"]

VERBS = ("get", "post", "put", "patch", "delete")

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9]*([-_]?[a-z0-9]+)*")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9]*(?:_[a-z0-9]+)*)\}")
_TAKEN = {"chain", *VERBS, *(verb + suffix for verb in VERBS for suffix in ("_async", "Async"))}

_REQUEST = re.compile(r"(?:(get|post|put|patch|delete)\s+)?(?:https?://[^/\s]+/)?(\S+?)(?:\?\S*)?", re.IGNORECASE)
_STEP = re.compile(r"""(?:\.|->)\s*chain\(\s*["']([^"']*)["']\s*\)|\[\s*["']([^"']*)["']\s*\]|(?:\.|->)\s*(\w+)""")
_RECEIVER = re.compile(r"\s*(?:(?!v\d)\$?[A-Za-z_]\w*)?\s*(?=\.|->|\[)")


def attributes(path: str) -> str:
    """
    Write an official path as attributes of a client.

    Args:
        path: ``v3/pay/transactions/id/{transaction_id}``.

    Returns:
        ``.v3.pay.transactions.id._transaction_id_``; ``['…']`` where no attribute can say it.
    """
    return "".join(map(_attribute, path.split("/")))


def _attribute(segment: str) -> str:
    variable = _VARIABLE.fullmatch(segment)
    if variable:
        return f"._{variable[1]}_"
    if segment == "":
        return "._empty_"
    if not _ATTRIBUTE.fullmatch(segment):
        return f"[{segment!r}]"
    name = segment.replace("-", "_")
    return f".{name}_" if keyword.iskeyword(name) or name in _TAKEN else f".{name}"


def located(text: str) -> list[str]:
    """
    Find the operations a text points at.

    Args:
        text: A path, with or without verb, host and concrete values; or a
            chain as it is written in Python, PHP or JavaScript.

    Returns:
        Their keys, one for each verb; empty when it points nowhere.
    """
    request = _REQUEST.fullmatch(text)
    try:
        if request and "/" in request[2] and not _chained(text):
            place = PathResolver.start(tree())
            for segment in split(request[2]):
                place = place.literal(segment)
            return list(_keys(place, [request[1]] if request[1] else VERBS))
        return _followed(text)
    except (AttributeError, PathError):
        return []


def _chained(text: str) -> bool:
    return bool(re.search(r"\.chain\(|->|\[|\)", text))


def _followed(text: str) -> list[str]:
    receiver = _RECEIVER.match(text)
    rest = text[receiver.end() :] if receiver else f".{text}"
    place = PathResolver.start(tree())
    position = 0
    while step := _STEP.match(rest, position):
        position = step.end()
        called, item, attribute = step.groups()
        if attribute is None:
            for segment in split(called or item):
                place = place.literal(segment)
            continue
        verb = re.sub("(_async|Async)$", "", attribute)
        if verb in VERBS and not _STEP.match(rest, position):
            return list(_keys(place, [verb]))
        place = place.attribute(attribute)
    return list(_keys(place, VERBS)) if position else []


def _keys(place: PathResolver, verbs: tuple[str, ...] | list[str]) -> Iterator[str]:
    for verb in verbs:
        method = verb.upper()
        branch = place.resolve(method).branch
        if isinstance(branch, CatalogueNode) and method in branch.verbs:
            yield branch.verbs[method]
