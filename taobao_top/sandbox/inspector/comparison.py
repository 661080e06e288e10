"""The signed string of a call piece by piece: as it has to be, and as one of the usual mistakes made it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from attrs import evolve

from chainable.sandbox.inspector import Comparison, Part, aligned
from taobao_top.sandbox.signature import SIGN_METHODS
from taobao_top.sandbox.signature_diagnosis import found, right
from taobao_top.sandbox.times import epoch, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taobao_top.sandbox.account import Account
    from taobao_top.sandbox.journal import Entry

__all__ = ["checked", "compared"]

USUAL = "hmac-sha256"
SKEW = 600
"""How far a timestamp may be off, seconds."""

STALE = 31
"""The code of a timestamp that is too far off."""
CHECKED = ("call", "batch")
"""The kinds of entries whose signature the gateway checks."""
UNSIGNED = ("item", "oauth")
CONNECT = ("app_key", "group_name", "timestamp")
FIRST, LAST = ("secret before",), ("body", "secret behind")


def compared(entry: Entry, account: Account, veiled: Callable[[str], str]) -> Comparison:
    """Compare what an entry's signature covers with what it has to cover; ``veiled`` hides what must not be shown."""
    if entry.kind in UNSIGNED or (entry.kind == "channel" and entry.method != "connect"):
        return Comparison("unsigned")
    received = entry.parameters.get("sign", "")
    parameters = _covered(entry)
    named = "md5" if entry.kind in {"channel", "outbound"} else entry.parameters.get("sign_method", "")
    way = named if named in SIGN_METHODS else USUAL
    expected = right(account.app_secret, parameters, entry.body)
    left = _veiled(expected.shown(way), veiled)
    signature = expected.signature(way)
    header = tuple(
        evolve(part, expected=_maybe(part.expected, veiled), received=_maybe(part.received, veiled))
        for part in _header(entry, account, way, signature)
    )
    if not received:
        return Comparison("absent", aligned(left, None), header)
    how = found(received, way, account.app_secret, parameters, entry.body, entry.files)
    if how is None:
        return Comparison("other", aligned(left, None), header)
    parts = aligned(left, _veiled(how.signing.shown(how.way), veiled), first=FIRST, last=LAST)
    return Comparison("found" if how.en else "verified", parts, header, how.zh, how.en)


def checked(entry: Entry, comparison: Comparison) -> str:
    """
    Return what the sandbox found when it checked a signature.

    Returns:
        ``verified`` or ``unsigned``; ``stale``: the signature is right, its time is not; ``refused``: right, and refused
        before it was checked; else ``absent`` or ``wrong``. Faults are played behind the check.
    """
    if comparison.state == "verified" and entry.kind in CHECKED and not entry.verified:
        return "stale" if entry.code == STALE else "refused"
    return comparison.state if comparison.state in ("verified", "unsigned", "absent") else "wrong"


def _covered(entry: Entry) -> dict[str, str]:
    """The texts that are signed: for calls all but the signature, with named headers where the platform calls."""
    if entry.kind == "channel":
        return {name: entry.parameters.get(name, "") for name in CONNECT}
    listed = entry.headers.get("top-sign-list", "") if entry.kind == "outbound" else ""
    headers = {name: unquote(entry.headers.get(name, "")) for name in listed.split(",") if name}
    return {**headers, **{name: value for name, value in entry.parameters.items() if name != "sign"}}


def _header(entry: Entry, account: Account, way: str, signature: str) -> Iterator[Part]:
    given = entry.parameters
    yield Part("app_key", account.app_key, given.get("app_key"))
    if entry.kind != "channel":
        yield Part("sign_method", way, given.get("sign_method"))
        yield Part("timestamp", _timely(given.get("timestamp", ""), entry.at), given.get("timestamp"))
        yield Part("v", "2.0", given.get("v"))
    yield Part("sign", signature, given.get("sign"))


def _timely(timestamp: str, now: float) -> str:
    """Return the timestamp if it is near enough, else the one it should have been."""
    sent = epoch(timestamp)
    return timestamp if sent is not None and abs(sent - now) <= SKEW else written(now)


def _maybe(text: str | None, veiled: Callable[[str], str]) -> str | None:
    return None if text is None else veiled(text)


def _veiled(pieces: tuple[tuple[str, str], ...], veiled: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, veiled(text)) for name, text in pieces)
