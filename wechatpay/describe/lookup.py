"""Find the operations that a path, or a chain pasted from code, refers to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainable.errors import PathError
from chainable.path import split
from chainable.resolution import PathResolver
from wechatpay.catalogue import CatalogueNode, tree
from wechatpay.describe.as_python import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["find_keys"]

_REQUEST = re.compile(r"(?:(get|post|put|patch|delete)\s+)?(?:https?://[^/\s]+/)?(\S+?)(?:\?\S*)?", re.IGNORECASE)
_STEP = re.compile(r"""(?:\.|->)\s*chain\(\s*["']([^"']*)["']\s*\)|\[\s*["']([^"']*)["']\s*\]|(?:\.|->)\s*(\w+)""")
_RECEIVER = re.compile(r"\s*(?:(?!v\d)\$?[A-Za-z_]\w*)?\s*(?=\.|->|\[)")


def find_keys(text: str) -> list[str]:
    """
    Find the keys of the operations that a text refers to, one for each verb.

    The text is a path, with or without verb, host and concrete values, or a chain as written in Python, PHP or
    JavaScript.
    """
    request = _REQUEST.fullmatch(text)
    try:
        if request and "/" in request[2] and not re.search(r"\.chain\(|->|\[|\)", text):
            resolver = PathResolver.start(tree())
            for segment in split(request[2]):
                resolver = resolver.literal(segment)
            return list(_keys(resolver, [request[1]] if request[1] else VERBS))
        return _keys_of_chain(text)
    except (AttributeError, PathError):
        return []


def _keys_of_chain(text: str) -> list[str]:
    receiver = _RECEIVER.match(text)
    rest = text[receiver.end() :] if receiver else f".{text}"
    resolver = PathResolver.start(tree())
    position = 0
    while step := _STEP.match(rest, position):
        position = step.end()
        called, item, attribute = step.groups()
        if attribute is None:
            for segment in split(called or item):
                resolver = resolver.literal(segment)
            continue
        verb = re.sub("(_async|Async)$", "", attribute)
        if verb in VERBS and not _STEP.match(rest, position):
            return list(_keys(resolver, [verb]))
        resolver = resolver.attribute(attribute)
    return list(_keys(resolver, VERBS)) if position else []


def _keys(resolver: PathResolver, verbs: Sequence[str]) -> Iterator[str]:
    for verb in verbs:
        method = verb.upper()
        branch = resolver.resolve(method).branch
        if isinstance(branch, CatalogueNode) and method in branch.verbs:
            yield branch.verbs[method]
