"""A trade with its history: its times, the requests that name it, and the messages about it, in their order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.times import epoch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.messages import Message

__all__ = ["looked_up"]

MOST = 300
"""Steps of one history: the last ones."""
TIMES = ("created", "pay_time", "consign_time", "end_time", "modified")


def looked_up(app: Application, tid: str) -> dict[str, Any]:
    """Return a trade with its history, oldest step first; LookupError if there is none."""
    try:
        trade = app.trades.get(tid)
    except GatewayError:
        raise LookupError(Words(f"there is no trade {tid} (any more)", f"订单 {tid} 不存在，或已被清空")) from None
    steps = sorted((*_facts(trade), *_requests(app, tid), *_messages(app, tid)), key=lambda step: step["time"])
    return {"trade": {**trade, "tid": str(trade["tid"])}, "steps": steps[-MOST:], "count": len(steps)}


def _facts(trade: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    times = {name: epoch(str(trade.get(name, ""))) for name in TIMES}
    for name, time in times.items():
        if time is not None and (name != "modified" or list(times.values()).count(time) == 1):
            yield {"step": "fact", "time": time, "what": name}


def _requests(app: Application, tid: str) -> Iterator[dict[str, Any]]:
    names = re.compile(rb"(?<!\d)" + re.escape(tid).encode() + rb"(?!\d)")
    for entry in app.journal:
        texts = (*(value.encode(errors="replace") for value in entry.parameters.values()), entry.body, entry.answer)
        if any(map(names.search, texts)):
            yield {
                "step": "request",
                "time": entry.at,
                "id": entry.number,
                "kind": entry.kind,
                "method": entry.method or "",
                "path": entry.path[:512],
                "status": entry.status,
                "code": entry.code,
                "fault": entry.fault,
                "generated": entry.generated,
            }


def _messages(app: Application, tid: str) -> Iterator[dict[str, Any]]:
    queue, failed = app.queue, dict(app.queue.failed)
    states = [*((each, "confirmed") for each in queue.done), *((each, "unconfirmed") for each in queue.out)]
    states += [(each, "failed" if each.id in failed else "waiting") for each in queue.queued]
    for message, state in states:
        if re.search(rf"(?<!\d){re.escape(tid)}(?!\d)", message.content):
            yield _message(message, state, failed.get(message.id, ""))


def _message(message: Message, state: str, reason: str) -> dict[str, Any]:
    return {
        "step": "message",
        "time": message.published,
        "topic": message.topic,
        "number": str(message.id),
        "state": state,
        "deliveries": message.deliveries,
        "reason": reason,
    }
