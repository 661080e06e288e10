"""The page, and its requests beside those of the control API."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.http import Reply
from chainable.sandbox.inspector import GUARDS, File, Files, readable
from taobao_top.sandbox.errors import MESSAGES
from taobao_top.sandbox.faults import KINDS
from taobao_top.sandbox.inspector import connect
from taobao_top.sandbox.inspector.advice import advice
from taobao_top.sandbox.inspector.comparison import checked, compared
from taobao_top.sandbox.inspector.python_source import spelled
from taobao_top.sandbox.inspector.redactor import TOKENS, Redactor
from taobao_top.sandbox.inspector.replay import REPEATED, called, replayed
from taobao_top.sandbox.inspector.snapshot import change_session, change_trade, seller, state
from taobao_top.sandbox.inspector.timeline import looked_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.gateway import Gateway
    from taobao_top.sandbox.journal import Entry

__all__ = ["FILES", "Inspector"]

FILES = Files(
    "taobao_top.sandbox.inspector",
    (
        "app.js",
        "connect.js",
        "colours.css",
        "faults.js",
        "inspector.js",
        "inspector.svg",
        "messages.js",
        "requests.js",
        "trade.js",
        "trades.js",
        "i18n.js",
    ),
)
ROOM = "inspector"
MOST = 200


class Inspector:
    """The page of the apps of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._run = secrets.token_hex(8)

    def handle(self, verb: str, path: str, asked: Mapping[str, str], members: Mapping[str, Any]) -> Reply:
        """
        Answer one request for a path below ``/_sandbox/``, empty for the page; ``app_key`` in the query names the app.

        Raises:
            LookupError: Unknown page, app or request.
            ValueError: A number is not valid, or the request cannot be repeated.
        """
        match (verb, *path.split("/")):
            case ("GET", ""):
                return _served(FILES.index)
            case ("GET", "inspector", name) if name in FILES:
                return _served(FILES[name])
            case (_, "inspector", *rest):
                return _json(self._answer(self._app(asked.get("app_key")), verb, rest, asked, members))
        raise LookupError(Words(f"nothing is at {verb} /_sandbox/{path}", f"{verb} /_sandbox/{path} 不存在"))

    def _app(self, app_key: str | None) -> Application:
        app = self._gateway.latest if app_key is None else self._gateway.applications.get(app_key)
        if app is None:
            raise LookupError(Words(f"no app {app_key}", f"没有 app_key 为 {app_key} 的应用"))
        return app

    def _answer(
        self, app: Application, verb: str, rest: list[str], asked: Mapping[str, str], members: Mapping[str, Any]
    ) -> Any:
        match (verb, *rest):
            case ("GET", "catalogue"):
                return self._catalogue(app)
            case ("GET", "changes"):
                return self._changes(app, int(asked.get("after", 0)), asked.get("seen", ""), asked.get("room", ""))
            case ("GET", "entries", number):
                return self._details(app, _entry(app, number))
            case ("GET", "trades", tid):
                return self._veil(app)(looked_up(app, tid))
            case ("GET", "connect"):
                return connect.settings(app.account, asked.get("origin", ""))
            case ("POST", "secrets"):
                return {"app_secret": app.account.app_secret, "session": app.account.session}
            case ("POST", "entries", number, "replay"):
                return replayed(self._gateway, app, _entry(app, number))
            case ("POST", "trades", tid):
                return change_trade(app, tid, str(members["act"]))
            case ("POST", "sessions", known_as):
                return change_session(app, known_as, str(members["act"]))
            case ("POST", "spi"):
                return called(self._gateway, app, members)
        raise LookupError(
            Words(
                f"nothing is at {verb} /_sandbox/inspector/{'/'.join(rest)}",
                f"{verb} /_sandbox/inspector/{'/'.join(rest)} 不存在",
            )
        )

    def _catalogue(self, app: Application) -> dict[str, Any]:
        return {
            "app_key": app.account.app_key,
            "kinds": dict(KINDS),
            "codes": {str(code): message for code, message in MESSAGES.items()},
        }

    def _changes(self, app: Application, after: int, seen: str, room: str) -> dict[str, Any]:
        """Return the entries after one, and everything else if it is not what was seen."""
        kept = list(app.journal)
        written = app.journal.written
        veil = self._veil(app)
        others = {
            **veil({**state(app), **(seller(app) if room == "trades" else {})}),
            "apps": list(self._gateway.applications),
        }
        mark = hashlib.sha256(json.dumps(others).encode()).hexdigest()
        return {
            "first": kept[0].number if kept else written + 1,
            "last": kept[-1].number if kept else written,
            "entries": [self._row(entry, veil) for entry in kept if entry.number > after][-MOST:],
            "mark": mark,
            "run": self._run,
            "now": app.clock(),
            "ahead": app.clock.offset,
            **({} if mark == seen else others),
        }

    def _veil(self, app: Application, entry: Entry | None = None) -> Redactor:
        tokens = [session.session for session in app.sessions.all()]
        if entry is not None:
            tokens += [value for name, value in entry.parameters.items() if name in TOKENS]
        return Redactor((each.account.app_secret for each in tuple(self._gateway.applications.values())), tokens)

    def _details(self, app: Application, entry: Entry) -> dict[str, Any]:
        from taobao_top.describe.methods import described

        veil = self._veil(app, entry)
        known = self._gateway.catalogue.method(entry.method or "")
        comparison = compared(entry, app.account, veil.text)
        return {
            **self._row(entry, veil),
            "parameters": [[veil(name), veil(value)] for name, value in entry.parameters.items()],
            "files": [
                [veil(each.name), veil(each.filename), each.content_type, len(each.content)] for each in entry.files
            ],
            "headers": [[veil(name), veil(value)] for name, value in entry.headers.items()],
            "body": veil(readable(entry.body)),
            "answer": veil(readable(entry.answer)),
            "sub_msg": veil(entry.sub_msg),
            "message": MESSAGES.get(entry.code or 0, ""),
            "advice": advice(entry),
            "notes": veil(entry.notes),
            "check": checked(entry, comparison),
            "comparison": comparison.as_json(),
            "description": described(known).to_json() if known else None,
            "forms": [{"name": form.name, "code": veil(form.code)} for form in spelled(entry, known)],
            "replay": entry.kind in REPEATED,
        }

    def _row(self, entry: Entry, veil: Redactor) -> dict[str, Any]:
        known = self._gateway.catalogue.method(entry.method or "")
        return {
            "id": entry.number,
            "kind": entry.kind,
            "time": entry.at,
            "verb": entry.verb,
            "path": veil(entry.path[:512]),
            "method": veil((entry.method or "")[:512]),
            "title": (known.title or "") if known else "",
            "status": entry.status,
            "code": entry.code,
            "sub_code": veil(entry.sub_code),
            "verified": entry.verified,
            "fault": entry.fault,
            "generated": entry.generated,
        }


def _entry(app: Application, number: str) -> Entry:
    found = app.journal.find(int(number)) if re.fullmatch("[0-9]{1,15}", number) else None
    if found is None:
        raise LookupError(Words(f"request {number} is not kept", f"请求 {number} 的记录不存在，或已被清除"))
    return found


def _json(found: Any) -> Reply:
    # ASCII only: a text may hold half a character, which UTF-8 cannot say
    return Reply(body=json.dumps(found).encode(), headers=tuple(GUARDS.items()))


def _served(file: File) -> Reply:
    return Reply(body=file.content, content_type=file.content_type, headers=tuple(GUARDS.items()))
