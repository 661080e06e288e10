"""Official paths as attributes of a client."""

from __future__ import annotations

import keyword
import re

__all__ = ["VERBS", "attributes"]

VERBS = ("get", "post", "put", "patch", "delete")

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9]*([-_]?[a-z0-9]+)*")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9]*(?:_[a-z0-9]+)*)\}")
_RESERVED = {"chain", *VERBS, *(verb + suffix for verb in VERBS for suffix in ("_async", "Async"))}


def attributes(path: str) -> str:
    """
    Write an official path as attributes of a client.

    ``v3/pay/transactions/id/{transaction_id}`` becomes ``.v3.pay.transactions.id._transaction_id_``; a segment that is
    not a valid attribute becomes ``['…']``.
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
    return f".{name}_" if keyword.iskeyword(name) or name in _RESERVED else f".{name}"
