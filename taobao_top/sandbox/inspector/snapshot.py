"""The page's data besides requests: faults, limits, messages, trades, sessions."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import asdict

from chainable.i18n import Words
from taobao_top.sandbox.inspector.redactor import masked
from taobao_top.sandbox.times import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.messages import Message
    from taobao_top.sandbox.sessions import Session

__all__ = ["change_session", "change_trade", "seller", "state"]

MOST = 100
TRADE = ("tid", "title", "buyer_nick", "payment", "status", "created", "modified")


def state(app: Application) -> dict[str, Any]:
    """Faults, bans, limits, the clock, the key's version and messages, as JSON values."""
    queue, now = app.queue, app.clock()
    return {
        "faults": [fault.members() for fault in app.faults],
        "bans": [
            {"method": method, "until": until, "code": code, "sub_code": sub_code}
            for method, until, code, sub_code in app.throttle.bans
            if until > now
        ],
        "limits": [asdict(limit) for limit in app.throttle.limits],
        "ahead": app.clock.offset,
        "secret_version": app.secret_version,
        "messages": {
            "connections": len(queue.links),
            "waiting": _newest(queue.queued),
            "unconfirmed": _newest(queue.out),
            "confirmed": [str(number) for number in islice(reversed(queue.confirmed), MOST)],
            "failed": [[str(number), reason] for number, reason in islice(reversed(queue.failed), MOST)],
            "sent": _newest(queue.sent),
        },
    }


def _newest(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(message.id),  # more digits than the page's numbers have
            "topic": message.topic,
            "content": message.content,
            "group": message.group,
            "time": message.published,
            "deliveries": message.deliveries,
        }
        for message in islice(reversed(messages), MOST)
    ]


def seller(app: Application) -> dict[str, Any]:
    """Trades and sessions, newest first, as JSON values: no session in full."""
    now = app.clock()
    return {
        "trades": [{name: str(trade.get(name, "")) for name in TRADE} for trade in app.trades.newest(MOST)],
        "sessions": [
            {
                "id": _known_as(session),
                "token": masked(session.session),
                "nick": session.nick,
                "user_id": str(session.user_id),
                "expires": session.expires,
                "expired": session.expires is not None and session.expires <= now,
            }
            for session in islice(reversed(app.sessions.all()), MOST)
        ],
    }


def _known_as(session: Session) -> str:
    return hashlib.sha256(session.session.encode()).hexdigest()[:16]


def change_trade(app: Application, tid: str, act: str) -> None:
    """Change a trade as its buyer or seller; LookupError for an unknown act, GatewayError for an unknown trade."""
    now = written(app.clock())
    acts: Mapping[str, Mapping[str, str]] = {
        "pay": {"status": "WAIT_SELLER_SEND_GOODS", "pay_time": now},
        "ship": {"status": "WAIT_BUYER_CONFIRM_GOODS", "consign_time": now},
        "finish": {"status": "TRADE_FINISHED", "end_time": now},
        "close": {"status": "TRADE_CLOSED", "end_time": now},
    }
    app.trades.change(tid, **_one_of(acts, act))


def change_session(app: Application, known_as: str, act: str) -> None:
    """Expire or withdraw a session, or make it valid again; LookupError for an unknown act or session."""
    sessions = app.sessions
    acts: Mapping[str, Callable[[Session], None]] = {
        "expire": lambda session: sessions.expire(session.session),
        "withdraw": lambda session: sessions.withdraw(session.session),
        "revive": sessions.revive,
    }
    do = _one_of(acts, act)
    for session in sessions.all():
        if _known_as(session) == known_as:
            do(session)
            return
    raise LookupError(Words("there is no such session any more", "该授权会话已不存在"))


def _one_of(acts: Mapping[str, Any], act: str) -> Any:
    if act not in acts:
        raise LookupError(
            Words(f"there is no {act}: there are {', '.join(acts)}", f"没有操作 {act}，可用的操作：{'、'.join(acts)}")
        )
    return acts[act]
