"""``/_sandbox/…``: the sandbox's own controls as JSON over HTTP, for clients in any language."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from attrs import asdict, has
from requests import RequestException

from chainable.i18n import Words
from chainable.sandbox.control_api import ControlError, Controls, check_arguments, members, whole
from chainable.sandbox.http import Reply
from chainable.sandbox.snapshot import in_json
from taobao_top.sandbox.actions import described
from taobao_top.sandbox.control_errors import in_both
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.faults import Fault
from taobao_top.sandbox.rate_limits import APP_API, Limit
from taobao_top.sandbox.request import asked
from taobao_top.sandbox.spi_calls import call_spi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chainable.sandbox.http import Request
    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.gateway import Gateway
    from taobao_top.sandbox.inspector import Inspector

__all__ = ["ControlApi", "as_text"]


class ControlApi:
    """
    The controls.

    ``GET`` account, actions (what each does and takes, in both languages), state (how many records of each kind;
    state/<kind> has them, with ``offset`` and ``limit``), journal, faults, trades, messages, deliveries,
    snapshot, clock; ``POST`` faults, bans, limits,
    trades (or trades/<tid> to change one, trades/<tid>/pay), messages,
    deliveries/<id>/redeliver, sessions, codes, spi,
    clock (ahead by ``seconds``, ``minutes``, ``hours`` or ``days``), secret (a new key for ``taobao.top.secret.get``),
    reset (forget all state), restore (a ``snapshot``, as GET snapshot returns it);
    ``DELETE`` clock (back to now), journal, faults (one of them, by its members, or all), bans,
    connections (of the message channel: closed, or cut with ``hard``).
    ``GET /_sandbox/`` itself is the inspector, a page for people.
    """

    def __init__(self, gateway: Gateway, address: str, hosts: Iterable[str] = ()) -> None:
        self._gateway = gateway
        self._address = address
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._inspector: Inspector | None = None
        self.origins: Mapping[str, str | None] = {}
        self._controls = Controls(
            {
                "GET actions": lambda *_: {"actions": list(found := described()), "described": found},
                "GET account": lambda app, _: _account(gateway, app, self.origins),
                "GET state": lambda app, _: app.kinds(),
                "GET state/{kind}": _state,
                "GET journal": _journal,
                "DELETE journal": lambda app, _: app.journal.clear(),
                "GET faults": lambda app, _: [fault.members() for fault in app.faults],
                "POST faults": _add_fault,
                "DELETE faults": _remove_faults,
                "POST bans": _ban,
                "POST limits": _limit,
                "DELETE bans": lambda app, _: app.throttle.clear(),
                "GET trades": lambda app, _: app.trades.all(),
                "POST trades": lambda app, members: _call("trades", app.trades.add, members),
                "POST trades/{tid}": _change,
                "POST trades/{tid}/pay": lambda app, _, tid: app.trades.pay(tid),
                "GET messages": _messages,
                "GET deliveries": lambda app, _: {"connections": len(app.queue.links), "deliveries": _deliveries(app)},
                "POST deliveries/{id}/redeliver": _redeliver,
                "POST messages": lambda app, members: asdict(_call("messages", app.queue.publish, members)),
                "POST sessions": _session,
                "POST codes": lambda app, members: {"code": _call("codes", app.sessions.code, members)},
                "POST spi": lambda app, members: _spi(gateway, app, members),
                "GET clock": lambda app, _: app.clock.as_json(),
                "POST clock": lambda app, members: app.clock.change(members),
                "DELETE clock": lambda app, _: app.clock.reset(),
                "POST reset": lambda app, _: app.reset(),
                "GET snapshot": lambda app, _: {"snapshot": base64.b64encode(app.snapshot()).decode()},
                "POST restore": lambda app, members: app.restore(in_json(members)),
                "POST secret": lambda app, _: {"version": app.rotate_secret()},
                "DELETE connections": lambda app, members: {"dropped": _call("connections", app.queue.drop, members)},
            }
        )

    def handle(self, request: Request) -> Reply:
        """Answer one request below ``/_sandbox/``; the inspector's code is loaded with the first one to it."""
        try:
            sent = members(request, self._address, self._hosts)
            reply = self._reply(request.method, "/".join(request.segments[1:]), asked(request), sent)
        except ControlError as error:
            reply = as_json(in_both(error, error.message), error.status)
        except GatewayError as error:
            reply = as_json({**error.members(""), **in_both(LookupError(error.sub_msg), str(error.sub_msg))}, 400)
        except (TypeError, ValueError, OverflowError, KeyError) as error:
            reply = as_json(in_both(error, str(error)), 400)
        except LookupError as error:
            reply = as_json(in_both(error, str(error)), 404)
        except RequestException as error:
            name = type(error).__name__
            text = Words(f"the server called does not answer: {name}", f"被调用的服务器没有响应：{name}")
            reply = as_json({"error": text, "zh": text.zh}, 502)
        return reply.with_headers({"x-content-type-options": "nosniff"})

    def _reply(self, verb: str, path: str, query: dict[str, str], sent: dict[str, Any]) -> Reply:
        if path == "" or path.startswith("inspector/"):
            if self._inspector is None:
                from taobao_top.sandbox.inspector import Inspector

                self._inspector = Inspector(self._gateway)
            return self._inspector.handle(verb, path, query, sent)
        app_key = query.get("app_key")
        app = self._gateway.latest if app_key is None else self._gateway.applications.get(app_key)
        if app is None:
            raise LookupError(Words(f"no app {app_key}", f"没有 app_key 为 {app_key} 的应用"))
        try:
            control, values = self._controls.find(verb, path.split("/"))
        except LookupError as error:
            return as_json({**in_both(error, str(error)), "known": self._controls.names}, 404)
        asked_for = {name: value for name, value in query.items() if name != "app_key"} if verb == "GET" else {}
        return as_json(control(app, {**asked_for, **sent}, *values))


def as_text(status: int, text: str) -> Reply:
    """Return a sentence as a response."""
    return Reply(body=text.encode(), content_type="text/plain;charset=UTF-8", status=status)


def as_json(found: Any, status: int = 200) -> Reply:
    """Return a JSON value as a response, in ASCII: a text may hold half a character, which UTF-8 cannot say."""
    return Reply(body=json.dumps(found).encode(), status=status)


def _account(gateway: Gateway, app: Application, origins: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the app and where it is served, without its secrets."""
    rest = {name.replace("origin", "gateway"): origin and f"{origin}/router/rest" for name, origin in origins.items()}
    return {"app_key": app.account.app_key, "strict": gateway.strict, **origins, **rest}


def _state(app: Application, members: dict[str, Any], kind: str) -> dict[str, Any]:
    def state(offset: Any = 0, limit: Any = -1) -> dict[str, Any]:
        return app.state(kind, whole("offset", offset), whole("limit", limit))

    found: dict[str, Any] = _call("state", state, members)
    return found


def _journal(app: Application, members: dict[str, Any]) -> Any:
    return [_readable(entry) for entry in app.journal]


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (tuple, list)):
        return [_readable(element) for element in value]
    if isinstance(value, dict):
        return {name: _readable(member) for name, member in value.items()}
    return _readable(asdict(value, recurse=False)) if has(type(value)) else value


def _add_fault(app: Application, members: dict[str, Any]) -> None:
    app.faults.add(Fault.read(members))


def _remove_faults(app: Application, members: dict[str, Any]) -> None:
    if members:
        app.faults.discard(Fault.read(members))
    else:
        app.faults.clear()


def _call(name: str, function: Callable[..., Any], members: dict[str, Any]) -> Any:
    """Call what a control does with the members of its body; TypeError says what it takes."""
    check_arguments(name, function, members)
    return function(**members)


def _change(app: Application, members: dict[str, Any], tid: str) -> Any:
    check_arguments("trades", app.trades.change, members, hidden=("self", "tid"))
    return app.trades.change(tid, **members)


def _limit(app: Application, members: dict[str, Any]) -> None:
    app.throttle.limit(_call("limits", Limit, members))


def _ban(app: Application, members: dict[str, Any]) -> None:
    def ban(seconds: Any, method: str | None = None, code: int = 7, sub_code: str = APP_API) -> None:
        try:
            until = app.clock() + float(seconds)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(Words("seconds: a number is expected", "seconds：应为数字")) from None
        app.throttle.ban(until, method=method, code=code, sub_code=sub_code)

    _call("bans", ban, members)


def _messages(app: Application, members: dict[str, Any]) -> Any:
    """Return how many messages wait and are unconfirmed, and those confirmed, failed, lost, and sent by clients."""
    queue = app.queue
    return {
        "waiting": queue.waiting,
        "unconfirmed": queue.unconfirmed,
        "confirmed": queue.confirmed,
        "failed": [{"id": number, "reason": reason} for number, reason in queue.failed],
        "lost": [message.id for message in queue.lost],
        "sent": [asdict(message) for message in queue.sent],
    }


def _deliveries(app: Application) -> list[dict[str, Any]]:
    """Return all messages with their states, oldest first."""
    queue = app.queue
    reasons = dict(queue.failed)
    # The last state of a message counts: one that is confirmed may have been handed out once more.
    states = [(message, "confirmed") for message in queue.done]
    states += [(message, "handed out") for message in queue.out]
    states += [(message, "lost") for message in queue.lost]
    states += [(message, "failed" if message.id in reasons else "waiting") for message in queue.queued]
    found = {
        message.id: {**asdict(message), "state": state, "reason": reasons.get(message.id, "")}
        for message, state in states
    }
    return [found[number] for number in sorted(found)]


def _redeliver(app: Application, members: dict[str, Any], number: str) -> Any:
    """Hand a message out once more, and return it as it is then."""
    queue = app.queue
    message = next((each for each in (*queue.queued, *queue.out, *queue.done) if str(each.id) == number), None)
    if message is None:
        raise LookupError(Words(f"no message {number}", f"没有编号为 {number} 的消息"))
    queue.repeat(message)
    return next(each for each in _deliveries(app) if each["id"] == message.id)


def _session(app: Application, members: dict[str, Any]) -> Any:
    return app.sessions.tokens(
        whole("user_id", members.get("user_id", 2054718218)), str(members.get("nick", "sandbox_seller"))
    )


def _spi(gateway: Gateway, app: Application, members: dict[str, Any]) -> Any:
    check_arguments("spi", call_spi, members, hidden=("app", "allowed"))
    outcome = call_spi(app, **members, allowed=gateway.may_call)
    return {"status": outcome.status, "headers": outcome.headers, "body": _readable(outcome.body)}
