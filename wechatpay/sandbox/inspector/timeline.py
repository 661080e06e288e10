"""The stored objects, and the history of each: its times, requests, notifications and bookings, in their order."""

from __future__ import annotations

import json
import pkgutil
import re
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chainable.i18n import Words
from wechatpay.sandbox import flows
from wechatpay.sandbox.context import BEIJING
from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.objects import Objects
from wechatpay.sandbox.inspector import notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.platform import Platform
    from wechatpay.sandbox.webhooks import Delivery

__all__ = ["listed", "looked_up"]

PAGE = 50
"""Objects of one page of a list, and related objects of each kind."""
LONGEST = 64 * 1024
"""Characters of an object that the page shows."""
MOST = 300
"""Steps of one history: the last ones."""
BOOKED = ("move", accounts.ENTRY)
"""The kinds of entries that say how money moved begin so."""
AMOUNTS = ("refund", "amount", "transfer_amount", "total_amount", "order_amount", "total")
"""The members that hold an object's amount, in this order: a refund has the amount of its order too."""
NAMING = ("refund", "voucher", "number", "order")
"""Members of an entry of money that name the object it belongs to, the nearest first."""
PLANNED = ("expires", "closes")
"""Members with a time to come, in seconds since 1970."""
OPEN = frozenset({"NOTPAY", "USERPAYING"})
"""States in which an order can expire."""
WHOLE = 0.999
"""Where in its second a time stands of which nothing else is known."""
SLOWEST = 60
"""Seconds that a request takes at most until it has made an object."""
Owner = tuple[str, str]
"""Kind and number of an object."""
Owners = dict[str, Owner]
"""The objects by each of their numbers."""


@cache
def known() -> Mapping[str, Objects]:
    """Return the kinds of objects of all flows."""
    modules = [import_module(f"{flows.__name__}.{each.name}") for each in pkgutil.iter_modules(flows.__path__)]
    values = [value for module in modules for value in vars(module).values()]
    values += [each for value in values if isinstance(value, tuple) for each in value]
    found = [getattr(each, "objects", each) for each in values]  # a kind of applications has its objects
    return {str(each.kind): each for each in found if isinstance(each, Objects)}


def is_index(kind: str) -> bool:
    """Return whether entries of a kind only lead to objects, such as the codes of one stock."""
    return kind[-1:].isdigit() and not kind.startswith(BOOKED)


def listed(platform: Platform, kind: str, text: str, page: int) -> dict[str, Any]:
    """
    Return a page of the objects of one kind, newest first, whose data holds a text; the first page is 0.

    Raises:
        LookupError: No flow has this kind, and nothing was stored of it.
    """
    if kind not in known() and not platform.store.count(kind):
        raise LookupError(Words(f"there is no kind {kind} (any more)", f"没有类别 {kind}，或已被清空"))
    found = platform.store.newest(kind, PAGE + 1, *([text] if text else []), offset=page * PAGE)
    return {
        "rows": [row(kind, number, inner(kind, entry)) for number, entry in found[:PAGE]],
        "more": len(found) > PAGE,
    }


def row(kind: str, number: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of a list: number, state, amount in fen and time of an object."""
    about = known().get(kind)
    names = (about.state if about else "state", *(name for name in found if name.endswith(("state", "status"))))
    state = next((found[name] for name in names if isinstance(found.get(name), str)), "")
    times = sorted(time for _, time in times_of(found))
    return {
        "kind": kind,
        "number": number,
        "state": state,
        "amount": amount_of(found),
        "currency": str(found.get("currency") or "CNY"),
        "time": times[0] if times else None,
    }


def inner(kind: str, entry: Any) -> dict[str, Any]:
    """Return the object in an entry of the store; of lists, those of accounts alone have members, a text has none."""
    if kind.startswith(accounts.ENTRY):
        return accounts.members(entry)
    about = known().get(kind)
    found = about.of(entry) if about else entry
    return found if isinstance(found, dict) else {}


def amount_of(found: Mapping[str, Any]) -> int | None:
    """Return the amount of an object in fen, None without one."""
    for name in AMOUNTS:
        value = found.get(name)
        if isinstance(value, dict):
            value = amount_of(value)
        if isinstance(value, int):
            return value
    parts = [each["amount"] for each in members(found) if isinstance(each.get("amount"), int)]
    return sum(parts) if parts else None


def members(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the objects in the lists of an object, such as the receivers of a split."""
    for value in found.values():
        if isinstance(value, list):
            yield from (each for each in value if isinstance(each, dict))


def times_of(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Return the times of an object and of the objects in its lists, by the names of their members."""
    for each in (found, *members(found)):
        for name, value in each.items():
            if name == "created" or name.endswith("time"):
                moment = seconds(value)
                if moment:  # the platform writes 1970 where nothing happened yet
                    yield name, moment


def seconds(text: Any) -> float | None:
    """Return a time of v3 (RFC 3339) or v2 (fourteen digits) in seconds since 1970; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        if text.isdigit():
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING).timestamp()
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def looked_up(platform: Platform, kind: str, number: str) -> dict[str, Any]:
    """
    Return an object with its history, oldest step first.

    Raises:
        LookupError: There is none, or it was forgotten.
    """
    entry = platform.store.value(kind, number)
    about = known().get(kind)
    if entry is None:
        name, name_zh = (about.kind, about.kind.zh) if about else (kind, kind)
        raise LookupError(Words(f"there is no {name} {number} (any more)", f"{name_zh} {number} 不存在，或已被清空"))
    found = inner(kind, entry)
    own = str(found.get(about.number, number)) if about else number
    related = list(_related(platform, kind, set(numbers_of(kind, own, found))))
    objects = [(kind, own, found), *((name, id_, inner(name, other)) for name, id_, other in related)]
    owners = {each: (name, id_) for name, id_, other in reversed(objects) for each in numbers_of(name, id_, other)}
    steps = [
        *(step for each in objects for step in _facts(*each, platform.clock())),
        *_bookings(platform, numbers_of(kind, own, found), owners),
        *_happened(platform, owners),
    ]
    return {
        **row(kind, own, found),
        "object": json.dumps(entry, ensure_ascii=False, indent=2, default=str)[:LONGEST],
        "entry": entry,
        "related": [row(*each) for each in objects[1:]],
        "steps": in_order(steps)[-MOST:],
        "count": len(steps),
    }


def _related(platform: Platform, kind: str, numbers: set[str]) -> Iterator[tuple[str, str, Any]]:
    """Return kind, id and entry of the objects of other kinds that name one of the numbers."""
    texts = [json.dumps(number, ensure_ascii=False) for number in numbers]
    for name in platform.store.kinds():
        if name != kind and name in known():
            for id_, entry in platform.store.newest(name, PAGE, *texts):
                yield name, id_, entry


def numbers_of(kind: str, number: str, found: Mapping[str, Any]) -> list[str]:
    """Return an object's number, and the platform's if it has one."""
    about = known().get(kind)
    return [number, *([str(found[about.id])] if about and about.id and found.get(about.id) else [])]


def _facts(kind: str, number: str, found: Mapping[str, Any], now: float) -> Iterator[dict[str, Any]]:
    about = {**row(kind, number, found), "owners": [(kind, number)]}
    for name, time in dict.fromkeys(times_of(found)):
        yield {**about, "step": "planned" if time > now else "fact", "time": time, "what": name}
    for name in PLANNED:
        due = found.get(name)
        if isinstance(due, (int, float)) and due > now and about["state"] in OPEN:
            yield {**about, "step": "planned", "time": float(due), "what": name}


def _bookings(platform: Platform, numbers: list[str], owners: Owners) -> Iterator[dict[str, Any]]:
    texts = [json.dumps(number, ensure_ascii=False) for number in numbers]
    for kind in platform.store.kinds():
        for _, stored in reversed(platform.store.newest(kind, PAGE, *texts)) if kind.startswith(BOOKED) else ():
            move = inner(kind, stored)
            named = [owners[each] for each in map(move.get, NAMING) if each in owners]
            yield {
                "step": "booked",
                "kind": kind,
                "time": seconds(move.get("time")),
                "what": str(move.get("kind") or move.get("name") or kind),
                "owners": named[:1],
                **{name: move.get(name) for name in ("amount", "fee", "balance")},
            }


def _happened(platform: Platform, owners: Owners) -> Iterator[dict[str, Any]]:
    """Return the requests that name one of the numbers, and the attempts to notify of it."""
    mentioned = mentioning(owners)
    for entry in platform.journal:
        named = mentioned(entry.request.target.encode(errors="replace"), entry.request.body, entry.answer)
        if named:
            yield {**_request(entry), "owners": named}
    for delivery in platform.callbacks:
        text = notification.opened(delivery.notice, platform.account)
        named = mentioned(delivery.notice.body, text.encode(errors="replace"))
        yield from ({**step, "owners": named} for step in _notified(delivery) if named)


def forms_of(number: str) -> set[str]:
    """Return a number as it stands in JSON, in XML and in a URL."""
    plain = number.encode(errors="replace").decode()
    return {plain, quote(plain, safe=""), *(json.dumps(plain, ensure_ascii=each)[1:-1] for each in (True, False))}


def mentioning(owners: Owners) -> Callable[..., list[tuple[str, str]]]:
    """Return a function to the objects that texts name: their numbers stand there as a whole, in JSON, XML or a URL."""
    names = {form.encode(): owner for number, owner in owners.items() if number for form in forms_of(number)}
    either = b"|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    pattern = re.compile(rb'(?<=["/=\[>])(?:' + either + rb')(?=["/?&<\]]|$)')

    def mentioned(*texts: bytes) -> list[tuple[str, str]]:
        return list(dict.fromkeys(names[number] for text in texts for number in pattern.findall(text)))

    return mentioned


def _request(entry: Entry) -> dict[str, Any]:
    return {
        "step": "request",
        "time": entry.time,
        "id": entry.id,
        "operation": entry.operation,
        "title": entry.title,
        "method": entry.request.method,
        "status": entry.status,
        "code": entry.code,
        "fault": entry.fault,
        "generated": entry.generated,
    }


def _notified(delivery: Delivery) -> Iterator[dict[str, Any]]:
    shown = notification.row(delivery)
    about = {name: shown[name] for name in ("id", "event", "title", "version", "state")}
    for index, attempt in enumerate(delivery.attempts):
        kept = {name: getattr(attempt, name) for name in ("status", "error", "forgery", "accepted", "duplicate")}
        yield {"step": "notified", "time": attempt.time, "attempt": index + 1, **about, **kept}
    if delivery.due is not None or not delivery.attempts:
        yield {"step": "pending", "time": delivery.due, **about}


def in_order(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Return the steps by time.

    Times of objects are whole seconds: what was created comes behind the request that did it, what became of it before
    its second's first notification, or behind its last request; those that name the object count.
    """
    seen: dict[tuple[str, Owner, int], list[float]] = {}
    made: dict[Owner, list[float]] = {}
    for step in steps:
        if step["step"] in ("request", "notified"):
            for owner in step["owners"]:
                seen.setdefault((step["step"], owner, int(step["time"])), []).append(step["time"])
                if step.get("method", "GET") != "GET":
                    made.setdefault(owner, []).append(step["time"])

    def place(step: dict[str, Any]) -> tuple[float, int]:
        time = step["time"]
        if time is None:
            return float("inf"), 0
        if step["step"] not in ("fact", "booked") or not step["owners"]:
            return time, 1
        owner, second = step["owners"][0], int(time)
        if step["step"] == "fact" and step["what"].startswith("creat"):
            near = [each for each in made.get(owner, ()) if time - SLOWEST < each < time + 1]
            return min(near, default=time + WHOLE), 2
        told = seen.get(("notified", owner, second))
        return (min(told), 0) if told else (max(seen.get(("request", owner, second), [time + WHOLE])), 3)

    return sorted(steps, key=place)
