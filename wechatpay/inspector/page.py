"""The page and what it asks for besides the sandbox's own JSON."""

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

from chainable.inspector import GUARDS, File, Files, readable
from wechatpay import catalogue
from wechatpay.inspector import notification
from wechatpay.inspector.comparison import compared, compared_notice
from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.callbacks import FORGERIES
from wechatpay.sandbox.faults import KINDS, STATUS_OF_CODE
from wechatpay.sandbox.gate import BRAND_SCHEME, SCHEME
from wechatpay.sandbox.journal import KEPT
from wechatpay.sandbox.messages import Reply, Request, as_json
from wechatpay.sandbox.trigger import content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.inspector import Comparison
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.sandbox import Sandbox

__all__ = ["FILES", "Inspector"]

ROOM = "inspector"
FILES = Files(
    "wechatpay.inspector",
    (
        "callbacks.js",
        "events.js",
        "faults.js",
        "inspector.js",
        "inspector.svg",
        "money.js",
        "requests.js",
        "words.js",
    ),
)
MOST = 200
SHORTEST = 340
"""Characters of the shortest ciphertext of a key of 2048 bits, in base64."""
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
"""The rooms of the ledger that the page shows, by the name it knows them by."""


class Inspector:
    """
    The page of one sandbox.

    Args:
        sandbox: What it shows.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def pages(self) -> dict[str, Callable[[Request], Reply]]:
        """Its answers by first segment below ``/_sandbox/``."""
        return {"": self._index, ROOM: self.handle}

    def _index(self, request: Request) -> Reply:
        if request.method != "GET":
            raise LookupError(f"nothing is at {request.method} {request.path}")
        return _served(FILES.index)

    def handle(self, request: Request) -> Reply:
        """
        Answer one request below ``/_sandbox/inspector/``.

        Raises:
            LookupError: There is no such page or request.
            ValueError: A number is none, or the request cannot be repeated.
        """
        match (request.method, *request.segments[2:]):
            case ("GET", name) if name in FILES:
                return _served(FILES[name])
            case ("GET", "catalogue"):
                return _told(self._catalogue())
            case ("GET", "changes"):
                return _told(self._changes(int(request.query.get("after", 0)), request.query.get("seen", "")))
            case ("GET", "entries", number):
                return _told(self._details(self._entry(number)))
            case ("POST", "entries", number, "replay"):
                return _told(self._replay(self._entry(number)))
            case ("GET", "deliveries", number):
                delivery = self._sandbox.callbacks.find(int(number))
                return _told(notification.told(delivery, self._sandbox.account))
            case ("GET", "events", version, name):
                return _told(content_of(self._sandbox.platform, name, version, {}))
            case ("GET", "money"):
                return _told(self._money())
            case ("POST", "refund"):
                return _told(self._refund(request))
        raise LookupError(f"nothing is at {request.method} {request.path}")

    def _entry(self, number: str) -> Entry:
        found = self._sandbox.journal.find(int(number))
        if found is None:
            raise LookupError(f"request {number} is not kept")
        return found

    # what it shows

    def _catalogue(self) -> dict[str, Any]:
        sandbox = self._sandbox
        return {
            "events": [
                {"name": event.name, "version": event.version, "title": event.title}
                for event in sorted(catalogue.events(), key=lambda event: (event.version == "v2", event.name))
            ],
            "kinds": dict(KINDS),
            "forgeries": dict(FORGERIES),
            "codes": list(STATUS_OF_CODE),
            "mchid": sandbox.account.mchid,
            "base_url": sandbox.base_url,
            "https_url": sandbox.https_url,
            "backup_url": sandbox.backup_url,
            "today": sandbox.platform.day(),
        }

    def _changes(self, after: int, seen: str) -> dict[str, Any]:
        """The requests after one, the callbacks and faults if they are not those seen, and whether money moved."""
        sandbox = self._sandbox
        kept = list(sandbox.journal)
        deliveries = deque(sandbox.callbacks, MOST)
        others: dict[str, Any] = {
            "deliveries": [notification.row(each) for each in deliveries],
            "faults": sandbox.faults.as_json(),
        }
        mark = hashlib.sha256(json.dumps(others).encode()).hexdigest()
        return {
            "first": kept[0].id if kept else sandbox.journal.count + 1,
            "last": kept[-1].id if kept else sandbox.journal.count,
            "entries": [_row(entry) for entry in kept if entry.id > after][-MOST:],
            "mark": mark,
            "money": sandbox.ledger.changes,
            **({} if mark == seen else others),
        }

    def _details(self, entry: Entry) -> dict[str, Any]:
        from wechatpay.describe import described
        from wechatpay.inspector.spelling import spelled

        account = self._sandbox.account
        request = entry.request
        answer = _compared_answer(entry, self._sandbox)
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
            "answer_opened": dict(_revealed(entry, self._sandbox)),
            "comparison": compared(entry, account).as_json(),
            "answer_comparison": answer.as_json() if answer else None,
            "description": described(entry.operation).to_json() if entry.operation else None,
            "forms": [{"name": form.name, "code": form.code} for form in spelled(entry)],
        }

    def _money(self) -> dict[str, Any]:
        ledger = self._sandbox.ledger
        shown = {name: list(deque(ledger.all(kind), MOST))[::-1] for name, kind in SHOWN.items()}
        return {**shown, "kinds": ledger.kinds()}

    # requests of its own, signed as the merchant

    def _replay(self, entry: Entry) -> dict[str, Any]:
        request = entry.request
        if len(request.body) >= KEPT:
            raise ValueError("the body is too long to be kept in full: it cannot be sent again")
        if entry.version == "v3" and entry.verified:
            request = self._signed(request, entry.expected_message.split(b"\n", 4)[4][:-1])
        return self._sent(request)

    def _refund(self, request: Request) -> dict[str, Any]:
        sent = json.loads(request.body)
        order = self._sandbox.ledger.entry("order", str(sent["out_trade_no"]))
        body = as_json(
            {
                "out_trade_no": order["out_trade_no"],
                "out_refund_no": f"R{secrets.token_hex(8)}",
                "amount": {"refund": int(sent["refund"]), "total": order["total"], "currency": order["currency"]},
                **{name: value for name, value in order["parties"].items() if name == "sub_mchid"},
                **({"notify_url": sent["notify_url"]} if sent.get("notify_url") else {}),
            }
        )
        headers = (("host", request.header("host") or ""), ("content-type", "application/json"))
        refund = Request("POST", "/v3/refund/domestic/refunds", headers, body, secure=True)
        return self._sent(self._signed(refund, body))

    def _sent(self, request: Request) -> dict[str, Any]:
        reply = self._sandbox.platform.handle(request)
        return {"id": self._sandbox.journal.count, "status": reply.status}

    def _signed(self, request: Request, covered: bytes) -> Request:
        account, platform = self._sandbox.account, self._sandbox.platform
        brand = request.segments[0] == "brand"
        timestamp, nonce = str(int(platform.clock())), secrets.token_hex(16)
        message = platform.intake.gate.message(request, timestamp, nonce, covered)
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


def _compared_answer(entry: Entry, sandbox: Sandbox) -> Comparison | None:
    """What the answer is signed over; None if it bears no signature and should bear none."""
    if not entry.answer_message and "missing-signature" not in entry.fault:
        return None
    headers = {name.lower(): value for name, value in entry.answer_headers}
    covered = entry.answer_message.split(b"\n", 2)[2][:-1] if entry.answer_message else entry.answer
    return compared_notice(headers, covered, sandbox.account, entry.time)


def _revealed(entry: Entry, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """The encrypted fields of an answer, opened with the key of the sandbox's merchant."""
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
                yield pointer, reveal(sandbox.account.key, text)
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


def _told(answer: dict[str, Any]) -> Reply:
    # ASCII only: a request may hold half a character, which UTF-8 cannot say
    return Reply(body=json.dumps(answer, default=str).encode()).with_headers(GUARDS)


def _served(file: File) -> Reply:
    return Reply(body=file.content, content_type=file.content_type).with_headers(GUARDS)
