"""The page, and its requests beside those of the control API."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import evolve
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.i18n import Words
from chainable.sandbox.inspector import GUARDS, File, Files, readable
from wechatpay import catalogue
from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.authentication import BRAND_SCHEME, SCHEME
from wechatpay.sandbox.faults import KINDS, STATUS_OF_CODE
from wechatpay.sandbox.http import Reply, Request, as_json
from wechatpay.sandbox.inspector import notification
from wechatpay.sandbox.inspector.comparison import compared, compared_notice
from wechatpay.sandbox.journal import KEPT
from wechatpay.sandbox.signature_diagnosis import five_lines
from wechatpay.sandbox.trigger import content_of
from wechatpay.sandbox.webhooks import FORGERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.sandbox.inspector import Comparison
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.platform import Platform

__all__ = ["FILES", "Inspector"]

ROOM = "inspector"
FILES = Files(
    "wechatpay.sandbox.inspector",
    (
        "callbacks.js",
        "events.js",
        "faults.js",
        "inspector.js",
        "inspector.svg",
        "money.js",
        "requests.js",
        "i18n.js",
    ),
)
MOST = 200
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
    """The page of one sandbox."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def handle(self, request: Request) -> Reply:
        """
        Answer one request of ``/_sandbox/``, or below ``/_sandbox/inspector/``.

        Raises:
            LookupError: Unknown page or request.
            ValueError: A number is not valid, or the request cannot be repeated.
        """
        match (request.method, *request.segments[2:]):
            case ("GET",) if request.segments[-1] == "":
                return _served(FILES.index)
            case ("GET", name) if name in FILES:
                return _served(FILES[name])
            case ("GET", "catalogue"):
                return _json(self._catalogue())
            case ("GET", "changes"):
                return _json(self._changes(int(request.query.get("after", 0)), request.query.get("seen", "")))
            case ("GET", "entries", number):
                return _json(self._details(self._entry(number)))
            case ("POST", "entries", number, "replay"):
                return _json(self._replay(self._entry(number)))
            case ("GET", "deliveries", number):
                delivery = self._platform.callbacks.find(int(number))
                return _json(notification.details(delivery, self._platform.account))
            case ("GET", "events", version, name):
                return _json(content_of(self._platform.context, name, version, {}))
            case ("GET", "money"):
                return _json(self._money())
            case ("POST", "refund"):
                return _json(self._refund(request))
        place = f"{request.method} {request.path}"
        raise LookupError(Words(f"nothing is at {place}", f"{place} 不存在"))

    def _entry(self, number: str) -> Entry:
        found = self._platform.journal.find(int(number))
        if found is None:
            raise LookupError(Words(f"request {number} is not kept", f"没有请求 {number} 的记录"))
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
        }

    def _changes(self, after: int, seen: str) -> dict[str, Any]:
        """The requests after one, the callbacks and faults if they are not those seen, and whether money moved."""
        platform = self._platform
        kept = list(platform.journal)
        deliveries = deque(platform.callbacks, MOST)
        others: dict[str, Any] = {
            "deliveries": [notification.row(each) for each in deliveries],
            "faults": platform.faults.as_json(),
        }
        mark = hashlib.sha256(json.dumps(others).encode()).hexdigest()
        return {
            "first": kept[0].id if kept else platform.journal.count + 1,
            "last": kept[-1].id if kept else platform.journal.count,
            "entries": [_row(entry) for entry in kept if entry.id > after][-MOST:],
            "mark": mark,
            "money": platform.store.changes,
            **({} if mark == seen else others),
        }

    def _details(self, entry: Entry) -> dict[str, Any]:
        from wechatpay.describe import described
        from wechatpay.sandbox.inspector.python_source import spelled

        account = self._platform.account
        request = entry.request
        answer = _compared_answer(entry, self._platform)
        return {
            **_row(entry),
            "target": request.target,
            "operation": entry.operation,
            "message": entry.message,
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
            "comparison": compared(entry, account).as_json(),
            "answer_comparison": answer.as_json() if answer else None,
            "description": described(entry.operation).to_json() if entry.operation else None,
            "forms": [{"name": form.name, "code": form.code} for form in spelled(entry)],
        }

    def _money(self) -> dict[str, Any]:
        store = self._platform.store
        shown = {name: list(deque(store.all(kind), MOST))[::-1] for name, kind in SHOWN.items()}
        return {**shown, "kinds": store.kinds()}

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
    }


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
