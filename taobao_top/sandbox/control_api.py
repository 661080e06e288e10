"""``/_sandbox/…``: the sandbox's own controls as JSON over HTTP, for clients in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, has
from requests import RequestException

from chainable.sandbox.control_api import Controls
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.faults import Fault
from taobao_top.sandbox.rate_limits import APP_API, Limit
from taobao_top.sandbox.spi_calls import call_spi

if TYPE_CHECKING:
    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.gateway import Gateway, Reply
    from taobao_top.sandbox.inspector import Inspector

__all__ = ["EXPECTED", "ControlApi", "refused"]

EXPECTED = (TypeError, ValueError, OverflowError, LookupError, RequestException, GatewayError)
"""Errors of requests to the controls; every other one is an error of the sandbox itself."""


class ControlApi:
    """
    The controls.

    ``GET`` journal, faults, trades, messages; ``POST`` faults, bans, limits,
    trades (or trades/<tid> to change one), messages, sessions, codes, spi,
    clock (ahead by ``seconds``), secret (a new key for ``taobao.top.secret.get``);
    ``DELETE`` journal, faults (one of them, by its members, or all), bans,
    connections (of the message channel: closed, or cut with ``hard``).
    ``GET /_sandbox/`` itself is the inspector, a page for people.

    Args:
        gateway: What is controlled.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._inspector: Inspector | None = None
        self._controls = Controls(
            {
                "GET journal": _journal,
                "DELETE journal": lambda app, _: app.journal.clear(),
                "GET faults": lambda app, _: [fault.members() for fault in app.faults],
                "POST faults": _add_fault,
                "DELETE faults": _remove_faults,
                "POST bans": _ban,
                "POST limits": lambda app, members: app.throttle.limit(Limit(**members)),
                "DELETE bans": lambda app, _: app.throttle.clear(),
                "GET trades": lambda app, _: app.trades.all(),
                "POST trades": lambda app, members: app.trades.add(**members),
                "POST trades/{tid}": lambda app, members, tid: app.trades.change(tid, **members),
                "GET messages": _messages,
                "POST messages": lambda app, members: asdict(app.queue.publish(**members)),
                "POST sessions": _session,
                "POST codes": lambda app, members: {"code": app.sessions.code(**members)},
                "POST spi": lambda app, members: _spi(gateway, app, members),
                "POST clock": lambda app, members: {"ahead": app.clock.advance(float(members["seconds"]))},
                "POST secret": lambda app, _: {"version": app.rotate_secret()},
                "DELETE connections": lambda app, members: {"dropped": app.queue.drop(**members)},
            }
        )

    def __call__(self, verb: str, path: str, app_key: str | None, members: dict[str, Any]) -> tuple[int, Any]:
        """
        Answer one request.

        Args:
            verb: The HTTP verb.
            path: Below ``/_sandbox/``.
            app_key: The app's; the one made last by default.
            members: The JSON body.

        Returns:
            The HTTP status, and the JSON body.
        """
        app = self._gateway.latest if app_key is None else self._gateway.applications.get(app_key)
        if app is None:
            return 404, {"error": f"no app {app_key}"}
        try:
            control, values = self._controls.find(verb, path.split("/"))
        except LookupError as error:
            return 404, {"error": str(error), "known": self._controls.names}
        try:
            return 200, control(app, members, *values)
        except EXPECTED as error:
            return refused(error)

    def page(self, verb: str, path: str, asked: dict[str, str], members: dict[str, Any]) -> Reply:
        """
        Answer one request of the page for people; its code is loaded with the first one.

        Args:
            verb: The HTTP verb.
            path: Below ``/_sandbox/``.
            asked: The query.
            members: The JSON body.

        Raises:
            LookupError: Unknown page, app or request.
            Exception: Others of :data:`EXPECTED`.
        """
        if self._inspector is None:
            from taobao_top.sandbox.inspector import Inspector

            self._inspector = Inspector(self._gateway)
        return self._inspector.handle(verb, path, asked, members)


def refused(error: Exception) -> tuple[int, Any]:
    """Return the HTTP status and the body for a wrong request to the controls."""
    if isinstance(error, GatewayError):
        return 400, error.members("")
    if isinstance(error, (TypeError, ValueError, OverflowError, KeyError)):
        return 400, {"error": f"{type(error).__name__}: {error}"}
    if isinstance(error, LookupError):
        return 404, {"error": str(error)}
    return 502, {"error": f"the server called does not answer: {type(error).__name__}"}


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


def _ban(app: Application, members: dict[str, Any]) -> None:
    seconds = float(members.pop("seconds"))
    app.throttle.ban(app.clock() + seconds, **{"sub_code": APP_API, **members})


def _messages(app: Application, members: dict[str, Any]) -> Any:
    return {"waiting": app.queue.waiting, "unconfirmed": app.queue.unconfirmed, "confirmed": app.queue.confirmed}


def _session(app: Application, members: dict[str, Any]) -> Any:
    return app.sessions.tokens(int(members.get("user_id", 2054718218)), str(members.get("nick", "sandbox_seller")))


def _spi(gateway: Gateway, app: Application, members: dict[str, Any]) -> Any:
    outcome = call_spi(app, **members, allowed=gateway.may_call)
    return {"status": outcome.status, "headers": outcome.headers, "body": _readable(outcome.body)}
