"""The page, and its requests beside those of the control API."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import evolve
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.i18n import Words, translate
from chainable.sandbox.inspector import GUARDS, File, Files, readable
from wechatpay import catalogue
from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.action_words import described
from wechatpay.sandbox.authentication import BRAND_SCHEME, SCHEME
from wechatpay.sandbox.faults import KINDS, STATUS_OF_CODE
from wechatpay.sandbox.http import Reply, Request, as_json
from wechatpay.sandbox.inspector import connect, notification, timeline
from wechatpay.sandbox.inspector.comparison import checked, compared, compared_notice
from wechatpay.sandbox.journal import KEPT
from wechatpay.sandbox.signature_diagnosis import five_lines
from wechatpay.sandbox.trigger import content_of
from wechatpay.sandbox.webhooks import FORGERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainable.sandbox.inspector import Comparison
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.platform import Platform
    from wechatpay.sandbox.webhooks import Delivery

__all__ = ["FILES", "Inspector"]

ROOM = "inspector"
FILES = Files(
    "wechatpay.sandbox.inspector",
    (
        "actions.js",
        "callbacks.js",
        "connect.js",
        "events.js",
        "faults.js",
        "inspector.js",
        "inspector.svg",
        "money.js",
        "objects.js",
        "requests.js",
        "states.js",
        "i18n.js",
    ),
)
MOST = 200
SHORT = 50
"""Objects of each kind in the overview; the others are on the pages of their kind."""
SHORTEST = 340
"""Characters of a ciphertext of a key of 2048 bits, in base64."""
SHOWN = {
    "orders": "order",
    "refunds": "refund",
    "complaints": "complaint",
    "transfers": "transfer bill",
    "services": "service order",
    "contracts": "insurance contract",
    "insurances": "insurance order",
    "deductions": "contract",
    "authorizations": "transfer authorization",
}
"""The rooms of the store that the page shows, by the name it knows them by."""


class Inspector:
    """The page of one sandbox; *env* returns the settings of a client of it, with the paths of its files."""

    def __init__(self, platform: Platform, env: Callable[[], Mapping[str, str]]) -> None:
        self._platform = platform
        self._env = env
        self._run = secrets.token_hex(8)

    def handle(self, request: Request) -> Reply:
        """
        Answer one request of ``/_sandbox/``, or below ``/_sandbox/inspector/``.

        Raises:
            LookupError: Unknown page or request.
            ValueError: A number is not valid, or the request cannot be repeated.
        """
        found = request.segments[2:]
        if request.method == "GET":
            return _served(FILES.index) if request.segments[-1] == "" else self._shown(request, found)
        if request.method == "POST":
            return _json(self._done(request, found))
        raise self._nowhere(request)

    def _shown(self, request: Request, segments: Sequence[str]) -> Reply:
        query = request.query
        match segments:
            case (name,) if name in FILES:
                return _served(FILES[name])
            case ("catalogue",):
                return _json(self._catalogue())
            case ("changes",):
                return _json(self._changes(int(query.get("after", 0)), query.get("seen", "")))
            case ("entries", number):
                return _json(self._details(self._entry(number)))
            case ("deliveries", number):
                return _json(notification.details(self._delivery(number), self._platform.account))
            case ("events", version, name):
                return _json(content_of(self._platform.context, name, version, {}))
            case ("money",):
                return _json(self._money())
            case ("objects", kind):
                page = int(query.get("page", 0))
                return _json(timeline.listed(self._platform, unquote(kind), query.get("text", ""), page))
            case ("objects", kind, number):
                return _json(timeline.looked_up(self._platform, unquote(kind), unquote(number)))
            case ("connect",):
                return _json(connect.settings(self._platform.account, self._env()))
        raise self._nowhere(request)

    def _done(self, request: Request, segments: Sequence[str]) -> dict[str, Any]:
        match segments:
            case ("entries", number, "replay"):
                return self._replay(self._entry(number))
            case ("refund",):
                return self._refund(request)
            case ("secrets",):
                account = self._platform.account
                return {"apiv3_key": account.apiv3_key, "secret": account.secret}
        raise self._nowhere(request)

    def _nowhere(self, request: Request) -> LookupError:
        place = f"{request.method} {request.path}"
        return LookupError(Words(f"nothing is at {place}", f"{place} 不存在"))

    def _entry(self, number: str) -> Entry:
        found = self._platform.journal.find(counted(number))
        if found is None:
            raise LookupError(Words(f"request {number} is not kept", f"没有请求 {number} 的记录"))
        return found

    def _delivery(self, number: str) -> Delivery:
        found = next((each for each in self._platform.callbacks if each.id == counted(number)), None)
        if found is None:
            raise LookupError(Words(f"delivery {number} is not kept", f"没有回调 {number} 的记录"))
        return found

    # what it shows

    def _catalogue(self) -> dict[str, Any]:
        platform = self._platform
        return {
            "events": [
                {"name": event.name, "version": event.version, "title": event.title}
                for event in sorted(catalogue.events(), key=lambda event: (event.version == "v2", event.name))
            ],
            "kinds": dict(KINDS),
            "forgeries": dict(FORGERIES),
            "codes": list(STATUS_OF_CODE),
            "mchid": platform.account.mchid,
            "base_url": platform.context.base_url,
            "https_url": platform.context.https_url,
            "backup_url": platform.context.backup_url,
            "today": platform.context.day(),
            "tables": SHOWN,
            "actions": [{"name": name, **about} for name, about in described(platform.actions).items()],
        }

    def _changes(self, after: int, seen: str) -> dict[str, Any]:
        """
        The requests answered after one, the callbacks and faults if they are not those seen, and whether money moved.

        Requests are answered in another order than they come: one with a smaller number may be new.
        """
        platform = self._platform
        kept = list(platform.journal)
        known = next((place for place in range(len(kept), 0, -1) if kept[place - 1].id == after), 0)
        deliveries = deque(platform.callbacks, MOST)
        others: dict[str, Any] = {
            "deliveries": [notification.row(each) for each in deliveries],
            "faults": platform.faults.as_json(),
        }
        mark = hashlib.sha256(json.dumps(others).encode()).hexdigest()
        return {
            "first": min((entry.id for entry in kept), default=platform.journal.count + 1),
            "last": kept[-1].id if kept else 0,
            "count": len(kept),
            "entries": [_row(entry) for entry in kept[known:][-MOST:]],
            "mark": mark,
            "money": platform.store.changes,
            "run": self._run,
            "now": platform.clock(),
            "ahead": platform.clock.offset,
            **({} if mark == seen else others),
        }

    def _details(self, entry: Entry) -> dict[str, Any]:
        from wechatpay.describe import described
        from wechatpay.sandbox.inspector.python_source import spelled

        account = self._platform.account
        request = entry.request
        comparison, answer = compared(entry, account), _compared_answer(entry, self._platform)
        return {
            **_row(entry),
            "check": checked(entry, comparison),
            "target": request.target,
            "operation": entry.operation,
            "message": entry.message,
            "message_zh": translate(entry.message, "zh"),
            "headers": [list(pair) for pair in request.headers],
            "answer_headers": [list(pair) for pair in entry.answer_headers],
            "body": readable(request.body),
            "answer": readable(entry.answer),
            "cut": len(request.body) >= KEPT,
            "secure": request.secure,
            "certificate": request.certificate,
            "milliseconds": entry.milliseconds,
            "opened": entry.opened,
            "answer_opened": dict(_revealed(entry, self._platform)),
            "comparison": comparison.as_json(),
            "answer_comparison": answer.as_json() if answer else None,
            "description": described(entry.operation).to_json() if entry.operation else None,
            "forms": [{"name": form.name, "code": form.code} for form in spelled(entry)],
        }

    def _money(self) -> dict[str, Any]:
        store = self._platform.store
        shown = {name: [entry for _, entry in store.newest(kind, SHORT)] for name, kind in SHOWN.items()}
        kinds = {kind: count for kind, count in store.kinds().items() if not timeline.is_index(kind)}
        return {**shown, "kinds": kinds}

    # requests of its own, signed as the merchant

    def _replay(self, entry: Entry) -> dict[str, Any]:
        request = entry.request
        if len(request.body) >= KEPT:
            raise ValueError(
                Words(
                    "the body is too long to be kept in full: it cannot be sent again",
                    "请求体过长，没有完整保留，无法重放",
                )
            )
        if entry.version == "v3" and entry.verified:
            request = self._signed(request, entry.expected_message.split(b"\n", 4)[4][:-1])
        return self._sent(request)

    def _refund(self, request: Request) -> dict[str, Any]:
        sent = json.loads(request.body)
        order = self._platform.store.entry("order", str(sent["out_trade_no"]))
        body = as_json(
            {
                "out_trade_no": order["out_trade_no"],
                "out_refund_no": f"R{secrets.token_hex(8)}",
                "amount": {"refund": int(sent["refund"]), "total": order["total"], "currency": order["currency"]},
                **{name: value for name, value in order["parties"].items() if name == "sub_mchid"},
                **({"notify_url": sent["notify_url"]} if sent.get("notify_url") else {}),
            }
        )
        kind = "application/json"
        headers = (
            ("host", request.header("host") or ""),
            ("content-type", kind),
            ("accept", kind),
            ("user-agent", kind),
        )
        refund = Request("POST", "/v3/refund/domestic/refunds", headers, body, secure=True)
        return self._sent(self._signed(refund, body))

    def _sent(self, request: Request) -> dict[str, Any]:
        reply = self._platform.dispatcher.handle(request)
        return {"id": self._platform.journal.count, "status": reply.status}

    def _signed(self, request: Request, covered: bytes) -> Request:
        account, context = self._platform.account, self._platform.context
        brand = request.segments[0] == "brand"
        timestamp, nonce = str(int(context.clock())), secrets.token_hex(16)
        message = five_lines(request.method, request.target, (timestamp, nonce), covered)
        signature = account.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        fields = {
            "brand_id" if brand else "mchid": account.brand_id if brand else account.mchid,
            "nonce_str": nonce,
            "timestamp": timestamp,
            "serial_no": account.serial,
            "signature": base64.b64encode(signature).decode(),
        }
        value = f"{BRAND_SCHEME if brand else SCHEME} " + ",".join(
            f'{name}="{field}"' for name, field in fields.items()
        )
        others = tuple(pair for pair in request.headers if pair[0] != "authorization")
        return evolve(request, headers=(*others, ("authorization", value)))


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "time": entry.time,
        "method": entry.request.method,
        "target": entry.request.target[:512],
        "operation": entry.operation,
        "title": entry.title,
        "status": entry.status,
        "code": entry.code,
        "verified": entry.verified,
        "fault": entry.fault,
        "version": entry.version,
        "generated": entry.generated,
    }


def counted(number: str) -> int:
    """Return the number of a request or delivery; of any other text 0, which none has."""
    return int(number) if re.fullmatch("[0-9]{1,15}", number) else 0


def _compared_answer(entry: Entry, platform: Platform) -> Comparison | None:
    """Compare the signature of a response; None if it has no signature and needs none."""
    if not entry.answer_message and "missing-signature" not in entry.fault:
        return None
    headers = {name.lower(): value for name, value in entry.answer_headers}
    covered = entry.answer_message.split(b"\n", 2)[2][:-1] if entry.answer_message else entry.answer
    return compared_notice(headers, covered, platform.account, entry.time)


def _revealed(entry: Entry, platform: Platform) -> Iterator[tuple[str, str]]:
    """Return the encrypted fields of an answer, opened with the key of the sandbox's merchant."""
    operation = catalogue.operation(entry.operation or "")
    if operation is None or not operation.encrypted_answer_fields:
        return
    try:
        answer = json.loads(entry.answer)
    except ValueError:
        return
    for pointer, text in _texts(answer, ""):
        if len(text) >= SHORTEST:
            try:
                yield pointer, reveal(platform.account.key, text)
            except ValueError:
                continue


def _texts(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _texts(member, f"{at}/{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, f"{at}/{index}")
    elif isinstance(value, str):
        yield at, value


def _json(answer: dict[str, Any]) -> Reply:
    # ASCII only: a request may hold half a character, which UTF-8 cannot say
    return Reply(body=json.dumps(answer, default=str).encode()).with_headers(GUARDS)


def _served(file: File) -> Reply:
    return Reply(body=file.content, content_type=file.content_type).with_headers(GUARDS)
