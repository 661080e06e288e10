"""The notifications that operations lead to, and the error codes that they are answered with: reviewed tables."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.describe import KnownError, Label, Reference
from wechatpay import catalogue
from wechatpay.apiv2.errors import V2_CODES
from wechatpay.apiv3.errors import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["causes", "known_errors", "notifications"]

_CODES = {"v2": V2_CODES, "v3": CODES}


def notifications(key: str) -> Iterator[Reference]:
    """Yield the notifications that an operation leads to, at once or when the user or the platform acts."""
    for name, patterns in _tables()["notifications"].items():
        if _applies(patterns, key):
            version, _, event_type = name.partition(" ")
            events = filter(None, [catalogue.event(event_type, version)])
            yield from (Reference(f"event {name}", event.title) for event in events)


def causes(version: str, name: str) -> Iterator[Reference]:
    """Yield the operations that lead to a notification."""
    patterns = _tables()["notifications"].get(f"{version} {name}", ())
    for operation in catalogue.operations():
        if _applies(patterns, operation.key):
            yield Reference(operation.key, operation.title)


def known_errors(key: str) -> tuple[KnownError, ...]:
    """Return the error codes of an operation; codes about which the same is to be done stand together."""
    version = key.partition(" ")[2].partition("/")[0]
    found: dict[Label, list[str]] = {}
    for code, patterns in _tables()["errors"][version].items():
        if _applies(patterns, key):
            advice = _CODES[version][code].advice
            found.setdefault(Label(advice.zh, str(advice)), []).append(code)
    return tuple(KnownError(tuple(codes), advice) for advice, codes in found.items())


def _applies(patterns: Iterable[str], key: str) -> bool:
    found = False
    for pattern in patterns:
        if _compiled(pattern.removeprefix("!")).fullmatch(key):
            found = not pattern.startswith("!")
    return found


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(Path(__file__).with_name("relations.json").read_text("utf-8"))
    return tables
