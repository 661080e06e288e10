"""The platform: takes a request, lets it through the gate, lets a flow answer, signs the answer."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import evolve

from chainable.sandbox.header_values import location
from wechatpay import catalogue
from wechatpay.sandbox import apiv2, directory, flows, notices
from wechatpay.sandbox.callbacks import Callbacks
from wechatpay.sandbox.faults import CUTS, SIGNATURE_KINDS, STATUS_OF_CODE, UNDONE, Fault, Faults
from wechatpay.sandbox.intake import Intake
from wechatpay.sandbox.intake_v2 import IntakeV2
from wechatpay.sandbox.journal import Entry, Journal
from wechatpay.sandbox.messages import Refusal, Reply, pointer
from wechatpay.sandbox.plausible import Imagination
from wechatpay.sandbox.validation import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.callbacks import Delivery
    from wechatpay.sandbox.ledger import Ledger
    from wechatpay.sandbox.messages import Request

__all__ = ["BEIJING", "Platform"]

logger = logging.getLogger("wechatpay.sandbox")

BEIJING = timezone(timedelta(hours=8))
REASONS: Mapping[str, int] = {
    "SIGN_ERROR": 268443699,
    "INVALID_REQUEST": 268498688,
    "FREQUENCY_LIMITED": 268447840,
    "ORDER_NOT_EXIST": 268512771,
}


class Platform:
    """
    Everything behind the listeners.

    Args:
        account: The merchant, and the platform's keys.
        ledger: What is remembered.
        clock: Seconds since the epoch.
        strict: Whether requests are checked against the catalogue in full.
        journal: Where requests are noted.
        faults: What is to break.
        callbacks: What notifies the merchant.
        automatic: What users do by themselves at once: ``pay``, ``confirm``, ``sign``; and ``refund``.
    """

    def __init__(
        self,
        account: Account,
        ledger: Ledger,
        *,
        clock: Callable[[], float],
        strict: bool = True,
        journal: Journal | None = None,
        faults: Faults | None = None,
        callbacks: Callbacks | None = None,
        automatic: Collection[str] = ("refund",),
    ) -> None:
        self.account = account
        self.ledger = ledger
        self.clock = clock
        self.strict = strict
        self.journal = journal if journal is not None else Journal()
        self.faults = faults if faults is not None else Faults()
        self.callbacks = callbacks if callbacks is not None else Callbacks(account, clock, ledger)
        self.automatic = frozenset(automatic)
        self.intake = Intake(account, clock)
        self.intake_v2 = IntakeV2(account)
        self._afterwards: list[Callable[[], object]] = []
        self.base_url = "http://127.0.0.1/"
        self.lock = RLock()
        self.go_down: Callable[[], None] = lambda: None
        self.rotate: Callable[[], str] = account.rotate

    @contextmanager
    def change(self) -> Iterator[None]:
        """Alone, and as one: whatever is written inside is written, or nothing is."""
        with self.lock, self.ledger.transaction():
            yield

    # time

    def now(self) -> datetime:
        """The time in Beijing."""
        return datetime.fromtimestamp(self.clock(), BEIJING)

    def stamp(self) -> str:
        """The time as v3 writes it."""
        return self.now().isoformat(timespec="seconds")

    def day(self) -> str:
        """The day in Beijing."""
        return self.now().date().isoformat()

    # what happens besides answering

    @property
    def notify_url(self) -> str | None:
        """Where the merchant wants to be told what no request names a place for, as set in the platform's console."""
        return self.ledger.setting("notify_url") or None

    @notify_url.setter
    def notify_url(self, url: str | None) -> None:
        self.ledger.set("notify_url", url or "")

    def notify(self, url: str | None, name: str, content: Mapping[str, Any], version: str = "v3") -> Delivery | None:
        """Send a notification to the merchant, if it said where."""
        if not url:
            return None
        event = notices.event_of(name, version)
        content = {member: value for member, value in content.items() if value is not None}
        notice = (
            notices.notice_v3(self.account, event, name, content, self.stamp())
            if version == "v3"
            else notices.notice_v2(self.account, event, content)
        )
        return self.callbacks.send(str(url), notice)

    def later(self, what: str, deed: Callable[[], object]) -> None:
        """Do something after the answer, if it happens by itself here."""
        if what in self.automatic:
            self._afterwards.append(deed)

    def later_paid(self, number: str) -> None:
        """The user may pay this order at once."""
        self.later("pay", lambda: flows.orders.pay(self, number))

    def later_refunded(self, number: str) -> None:
        """This refund may end at once."""
        self.later("refund", lambda: flows.refunds.finish(self, number))

    def later_confirmed(self, number: str, *, at_once: bool) -> None:
        """The user may take this transfer at once; one that was authorised before needs no user."""
        if at_once:
            self._afterwards.append(lambda: flows.transfers.confirm(self, number))
        else:
            self.later("confirm", lambda: flows.transfers.confirm(self, number))

    def later_signed(self, number: str) -> None:
        """The user may sign this contract at once."""
        self.later("sign", lambda: flows.contracts.sign(self, number))

    def later_deducted(self, number: str) -> None:
        """This order is paid out of a contract: no user is asked."""
        self._afterwards.append(lambda: flows.orders.pay(self, number))

    def later_authorized(self, number: str) -> None:
        """The user may allow transfers without confirmation at once."""
        self.later("confirm", lambda: flows.authorizations.confirm(self, number))

    def later_transferred(self, number: str) -> None:
        """This batch of transfers ends after the answer: no user is asked."""
        self._afterwards.append(lambda: flows.transfers.finish(self, number))

    def later_confirmed_service(self, number: str) -> None:
        """The user may confirm this service order at once."""
        self.later("confirm", lambda: flows.payscore.confirm(self, number))

    def later_paid_service(self, number: str) -> None:
        """The user may pay this service order at once."""
        self.later("pay", lambda: flows.payscore.paid(self, number))

    # requests

    def handle(self, request: Request) -> Reply:
        """Answer one request; whatever happens is in the journal."""
        started = time.perf_counter()
        entry = Entry(id=self.journal.next_id(), time=self.clock(), request=shortened(request))
        with self.lock:
            reply = self._answer(request, entry)
            deeds, self._afterwards = self._afterwards, []
            for deed in deeds:
                with suppress(LookupError, ValueError), self.change():  # somebody was quicker
                    deed()
        entry.answered(reply, (time.perf_counter() - started) * 1000)
        self.journal.add(entry)
        return reply

    def _answer(self, request: Request, entry: Entry) -> Reply:
        found = directory.find(request.method, request.segments)
        operation = found.operation if isinstance(found, directory.Found) else None
        entry.version = directory.protocol(request.segments)
        if operation is not None:
            entry.operation, entry.title = operation.key, operation.title
        struck: tuple[Fault, ...] = ()
        try:
            struck = self._strike(request, entry)
            reply = self._deed(request, found, entry, struck)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is answered, and told)
            refusal = error if isinstance(error, Refusal) else stumbled(error)
            entry.code, entry.message = refusal.code, refusal.message
            reply = apiv2.refusal_xml(refusal) if entry.version == "v2" else refusal.reply()
        reply = disturbed(reply, struck)
        signature = next((fault.kind for fault in struck if fault.kind in SIGNATURE_KINDS), "")
        return self._finished(request, reply, entry, signature)

    def _strike(self, request: Request, entry: Entry) -> tuple[Fault, ...]:
        try:
            struck = self.faults.strike(request, entry.operation)
        except ValueError as error:
            raise Refusal.of_field("header", "/Sandbox-Fault", str(error)) from None
        entry.fault = ", ".join(fault.kind for fault in struck)
        return struck

    def _deed(
        self,
        request: Request,
        found: directory.Found | directory.NotFound,
        entry: Entry,
        struck: tuple[Fault, ...],
    ) -> Reply:
        """What the flow answers, or what a fault says instead of it."""
        undone = next((fault for fault in struck if not fault.acts), None)
        if undone is None:
            serve = self._serve_v2 if entry.version == "v2" else self._serve
            reply = serve(request, found, entry)
            undone = next((fault for fault in struck if fault.kind in UNDONE and fault.kind not in CUTS), None)
            if undone is None:
                return reply
        if undone.kind == "down":
            self.go_down()
        if undone.kind in CUTS or undone.kind == "down":
            return Reply(cut="close" if undone.kind == "close" else "reset", signed=False)
        refusal = refusal_of(undone)
        entry.code, entry.message = refusal.code, refusal.message
        if entry.version == "v2":
            reply = evolve(self._failure(found, refusal, "MD5"), status=undone.status or 200)
        else:
            reply = refusal.reply()
        return reply.with_headers({"Retry-After": f"{undone.seconds:g}"}) if undone.kind == "throttle" else reply

    def _failure(self, found: directory.Found | directory.NotFound, refusal: Refusal, algorithm: str) -> Reply:
        """The no of a v2 business."""
        if isinstance(found, directory.NotFound):
            return apiv2.refusal_xml(refusal)
        return apiv2.failure(found.operation, refusal, self.account, algorithm)

    def _serve_v2(self, request: Request, found: directory.Found | directory.NotFound, entry: Entry) -> Reply:
        if isinstance(found, directory.NotFound):
            raise absent(request, found)
        call, algorithm = self.intake_v2.call(request, found, entry, strict=self.strict)
        try:
            answer = self._flow(call)
        except Refusal as refusal:
            entry.code, entry.message = refusal.code, refusal.message
            return self._failure(found, refusal, algorithm)
        if isinstance(answer, Reply):
            return evolve(answer, signed=False)
        if call.operation.answer == "json":
            return evolve(Reply.of(answer), signed=False)
        return apiv2.success(call.operation, answer, self.account, algorithm)

    def _serve(self, request: Request, found: directory.Found | directory.NotFound, entry: Entry) -> Reply:
        parts = self.intake.verify(request, entry)
        if isinstance(found, directory.NotFound):
            brand = request.segments[0] == "brand"  # the catalogue has no operation of these
            if brand or not self.strict:
                self.intake.serial(request, strict=self.strict, required=brand)
                return Reply.of({})
            raise absent(request, found)
        call = self.intake.call(request, found, parts, entry, strict=self.strict)
        self.callbacks.serial = call.serial
        answer = self._flow(call)
        return answer if isinstance(answer, Reply) else Reply.of(answer)

    def _flow(self, call: Call) -> Any:
        """What the operation's flow answers, or the catalogue for it; a field it cannot do without is asked for."""
        handler = flows.routes.get(call.operation.key) or Platform.made_up
        try:
            with self.change():
                return handler(self, call)
        except KeyError as error:
            raise Refusal.of_field("body", pointer(str(error.args[0])), "missing, and needed here") from None

    # answers

    def imagination(self, call: Call, *, sparse: bool = False) -> Imagination:
        """What makes up the unknown parts of this call's answer."""
        known = {**call.query, **call.body, **call.variables}
        return Imagination(
            account=self.account,
            subject=f"{call.operation.key}\n{sorted(call.variables.items())}\n{identity(known)}",
            known=known,
            base_url=call.request.origin or self.base_url,
            version="v2" if call.operation.path.startswith("v2/") else "v3",
            conceal=self.account.conceal,
            sparse=sparse,
        )

    def answer(self, call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The documented facts in the shape of this operation's answer; what it requires besides is made up."""
        fields = call.operation.response.fields
        names = {each.name for each in fields}
        told = {name: fact for name, fact in facts.items() if name in names or numbered(name, names)}
        return self.imagination(call, sparse=True).fill(fields, told)

    def made_up(self, call: Call) -> Any:
        """What the catalogue says of this operation's answer, made up."""
        content = call.operation.answer
        if content == "empty":
            return None
        if content in ("binary", "text"):
            text = f"sandbox file of {call.request.path}\n".encode()
            return Reply(body=text, content_type="application/octet-stream")
        if content == "redirect":
            where = (
                call.get("redirect_uri")
                or call.get("notify_url")
                or f"{call.request.origin or self.base_url}_sandbox/pages/h5"
            )
            return Reply(status=302, headers=(("Location", location(str(where))),), signed=False)
        return self.imagination(call).fill(call.operation.response.fields)

    def _finished(self, request: Request, reply: Reply, entry: Entry, fault: str) -> Reply:
        """The headers of every answer, and the signature where there is one."""
        reason = REASONS.get(entry.code, 0)
        headers = {
            "Server": "sandbox",
            "Date": formatdate(self.clock(), usegmt=True),
            "Request-ID": f"08{secrets.token_hex(12).upper()}-{reason}",
        }
        if entry.version == "v2":
            return reply.with_headers(headers)
        operation = catalogue.operation(entry.operation or "")
        unsigned = not reply.signed or (reply.status < 300 and operation is not None and operation.unsigned_answer)
        if fault == "missing-signature" or (unsigned and fault == ""):
            return reply.with_headers(headers)
        if fault == "rotate":
            serial = self.rotate()
        else:
            serial = request.header("wechatpay-serial") or ""
            if self.account.platform_private_key(serial) is None:
                serial = self.account.certificate_serial
        return reply.with_headers({**headers, **self._signature(reply, serial, entry, fault)})

    def _signature(self, reply: Reply, serial: str, entry: Entry, fault: str) -> dict[str, str]:
        timestamp = str(int(self.clock()) - (3600 if fault == "stale" else 0))
        nonce = secrets.token_hex(16)
        covered = reply.body if reply.signature_covers is None else reply.signature_covers
        entry.answer_message = b"\n".join((timestamp.encode(), nonce.encode(), covered, b""))
        signature = self.account.sign(serial, b"something else" if fault == "bad-signature" else entry.answer_message)
        if fault == "probe":
            signature = "WECHATPAY/SIGNTEST/" + signature[19:]
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Serial": "0" * 40 if fault == "unknown-serial" else serial,
        }


def identity(known: Mapping[str, Any]) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(repr(sorted(known.items(), key=lambda item: item[0])).encode()).hexdigest()


def shortened(request: Request, kept: int = 16 * 1024) -> Request:
    """The request with no more of its body than the journal keeps."""
    return evolve(request, body=request.body[:kept]) if len(request.body) > kept else request


def absent(request: Request, found: directory.NotFound) -> Refusal:
    """404 with the nearest path, or 405 with the verbs the path has."""
    if found.verbs:
        verbs = ", ".join(found.verbs)
        return Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not possible here: {verbs}")
    near = directory.nearest(tuple(map(unquote, request.segments)))
    hint = f"; the nearest is /{near}" if near else ""
    return Refusal(404, "NOT_FOUND", f"no operation has the path {request.path}{hint}")


def refusal_of(fault: Fault) -> Refusal:
    """What a fault says."""
    if fault.kind == "throttle":
        return Refusal(429, fault.code or "FREQUENCY_LIMITED", fault.message or "Too frequent, slow down")
    if fault.kind == "pending":
        return Refusal(202, fault.code or "USERPAYING", fault.message or "Accepted, not finished yet")
    code = fault.code or "SYSTEM_ERROR"
    status = fault.status or STATUS_OF_CODE.get(code, 400)
    return Refusal(status, code, fault.message or f"The sandbox was told to answer {code}")


def stumbled(error: Exception) -> Refusal:
    """A fault of the sandbox itself: it is logged, and told as what it is."""
    logger.error("the sandbox could not answer", exc_info=error)
    return Refusal(500, "SYSTEM_ERROR", f"the sandbox could not answer: {type(error).__name__}: {error}")


def disturbed(reply: Reply, struck: tuple[Fault, ...]) -> Reply:
    """The answer with its delay and its cut."""
    for fault in struck:
        if fault.kind == "latency":
            reply = evolve(reply, delay=reply.delay + fault.seconds)
        elif fault.kind in CUTS and not reply.cut:
            reply = evolve(reply, cut=fault.kind)
    return reply
