"""The platform: takes a request, lets it through the gate, lets a flow answer, signs the answer."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from datetime import datetime, timedelta, timezone
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import evolve
from cryptography.hazmat.primitives import hashes

from wechatpay import catalogue
from wechatpay.sandbox import apiv2, directory, flows, multipart, notices
from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.apiv2 import GateV2
from wechatpay.sandbox.call import Call, Upload
from wechatpay.sandbox.callbacks import Callbacks
from wechatpay.sandbox.faults import CUTS, SIGNATURE_KINDS, STATUS_OF_CODE, UNDONE, Fault, Faults
from wechatpay.sandbox.gate import Gate
from wechatpay.sandbox.journal import Entry, Journal
from wechatpay.sandbox.messages import Refusal, Reply, pointer
from wechatpay.sandbox.plausible import Imagination
from wechatpay.sandbox.validation import Validator, numbered, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.callbacks import Delivery
    from wechatpay.sandbox.ledger import Ledger
    from wechatpay.sandbox.messages import Request

__all__ = ["BEIJING", "Platform"]

logger = logging.getLogger("wechatpay.sandbox")

DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "md5": hashes.MD5(),  # noqa: S303 (the platform's)
    "sm3": hashes.SM3(),
}

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
        self.callbacks = callbacks if callbacks is not None else Callbacks(account, clock)
        self.automatic = frozenset(automatic)
        self.gate = Gate(account, clock)
        self.gate_v2 = GateV2(account)
        self._afterwards: list[Callable[[], object]] = []
        self.base_url = "http://127.0.0.1/"
        self.lock = RLock()
        self.go_down: Callable[[], None] = lambda: None

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
        self.later("sign", lambda: flows.insurance.sign(self, number))

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
        operation = found.operation
        parts = self._parts(request) if operation.upload else []
        files = uploaded(parts)
        sent = {part.name: part.content.decode(errors="replace") for part in parts if part.filename is None}
        parameters = self.gate_v2.parameters(operation, request, sent)
        signed = self.gate_v2.check(operation, request, parameters)
        entry.verified = True
        entry.authorization = {name: parameters[name] for name in ("mch_id", "sign_type", "sign") if name in parameters}
        entry.expected_message = signed.message.encode()
        serial = parameters.get("cert_sn") or self.account.certificate_serial
        bank = (operation.key_operation or "").endswith("getpublickey")

        def open_v2(ciphertext: str) -> str:
            if bank:
                return reveal(self.account.bank_key, ciphertext)
            return self.account.reveal(serial, ciphertext)

        validator = Validator(operation.path, open_v2, self.strict)
        fields = operation.request
        documented = fields.xml or fields.query or fields.multipart or ()
        names = {each.name for each in documented}
        extra = {"nonce_str", "sign", "sign_type"} - names
        business = {name: value for name, value in parameters.items() if name not in extra and value != ""}
        business |= {file.name: "" for file in files}
        if operation.upload:
            documented = tuple(each for each in documented if each.type != "file")
            business = {name: value for name, value in business.items() if name in sent}
            digest_matches(operation.upload, business, files)
        variables = validator.check("path", fields.path or (), found.variables, text=True)
        body = validator.check("body", documented, business, text=True)
        entry.opened = validator.opened
        query = body if operation.method == "GET" else {}
        call = Call(operation, request, variables, query, body, files)
        try:
            answer = self._flow(call)
        except Refusal as refusal:
            entry.code, entry.message = refusal.code, refusal.message
            return self._failure(found, refusal, signed.algorithm)
        if isinstance(answer, Reply):
            return evolve(answer, signed=False)
        if operation.answer == "json":
            return evolve(Reply.of(answer), signed=False)
        return apiv2.success(operation, answer, self.account, signed.algorithm)

    def _serve(self, request: Request, found: directory.Found | directory.NotFound, entry: Entry) -> Reply:
        covered, parts = self._covered(request)
        signed = self.gate.check(request, covered)
        entry.verified = True
        entry.authorization = dict(signed.fields)
        entry.expected_message = signed.message
        if isinstance(found, directory.NotFound):
            if request.segments[0] == "brand" or not self.strict:
                self._serial(request, required=request.segments[0] == "brand")
                return Reply.of({})  # the catalogue has no brand operation
            raise absent(request, found)
        call, opened = self._checked(request, found, parts)
        entry.opened = opened
        answer = self._flow(call)
        return answer if isinstance(answer, Reply) else Reply.of(answer)

    def _flow(self, call: Call) -> Any:
        """What the operation's flow answers, or the catalogue for it; a field it cannot do without is asked for."""
        handler = flows.routes.get(call.operation.key) or Platform._generic
        try:
            return handler(self, call)
        except KeyError as error:
            raise Refusal.of_field("body", pointer(str(error.args[0])), "missing, and needed here") from None

    def _covered(self, request: Request) -> tuple[bytes, list[multipart.Part]]:
        """What the signature has to cover: the body, or the meta part of an upload."""
        if not (request.header("content-type") or "").lower().startswith("multipart/"):
            return request.body, []
        parts = self._parts(request)
        meta = next((part.content for part in parts if part.name == "meta"), None)
        if meta is None:
            raise Refusal.of_field("body", "/meta", "an upload needs a part called meta")
        return meta, parts

    def _parts(self, request: Request) -> list[multipart.Part]:
        try:
            return multipart.parse(request.header("content-type") or "", request.body)
        except ValueError as error:
            raise Refusal.of_field("header", "/Content-Type", str(error)) from None

    def _checked(
        self, request: Request, found: directory.Found, parts: list[multipart.Part]
    ) -> tuple[Call, dict[str, str]]:
        operation = found.operation
        serial = self._serial(request)
        asked = request.header("wechatpay-serial")

        def reveal(ciphertext: str) -> str:
            if asked is None:
                raise Refusal.of_field(
                    "header", "/Wechatpay-Serial", "missing: it has to name the key the fields are encrypted with"
                )
            return self.account.reveal(asked, ciphertext)

        validator = Validator(operation.path, reveal, self.strict)
        fields = operation.request
        variables = validator.check("path", fields.path or (), found.variables, text=True)
        query = validator.check("query", fields.query or (), request.query, text=True)
        self._headers(operation, request)
        if operation.upload:
            body, files = self._upload(operation, operation.upload, parts, validator)
        else:
            body, files = self._body(operation, request, validator), ()
        return Call(operation, request, variables, query, body, files, serial), validator.opened

    def _serial(self, request: Request, *, required: bool = False) -> str:
        """The key the answer is signed with: the one asked for, else the certificate."""
        asked = request.header("wechatpay-serial")
        if asked is None and not required:
            return self.account.certificate_serial
        if asked is None or self.account.platform_private_key(asked) is None:
            if self.strict or required:
                raise Refusal.of_field(
                    "header",
                    "/Wechatpay-Serial",
                    "names no platform public key and no platform certificate of this account",
                    value=asked,
                    code="INVALID_REQUEST",
                )
            return self.account.certificate_serial
        return asked

    def _headers(self, operation: Operation, request: Request) -> None:
        for each in operation.request.headers or ():
            needed = each.required and each.name != "Wechatpay-Serial"  # with encrypted fields only
            if needed and self.strict and not request.header(each.name.lower()):
                raise Refusal.of_field("header", pointer(each.name), "required, but missing")

    def _body(self, operation: Operation, request: Request, validator: Validator) -> dict[str, Any]:
        if not request.body:
            value: Any = {}
        else:
            content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
            if content_type != "application/json":
                raise Refusal.of_field("header", "/Content-Type", "application/json is expected", value=content_type)
            try:
                value = parse_json(request.body)
            except ValueError:
                raise Refusal.of_field("body", "", "the body is no JSON in UTF-8") from None
            if not isinstance(value, dict):
                raise Refusal.of_field("body", "", "the body has to be a JSON object")
        return validator.check("body", operation.request.json or (), value)

    def _upload(
        self, operation: Operation, upload: catalogue.Upload, parts: list[multipart.Part], validator: Validator
    ) -> tuple[dict[str, Any], tuple[Upload, ...]]:
        files = uploaded(parts)
        sent = {part.name: part.content.decode(errors="replace") for part in parts}
        expected = operation.request.multipart or ()
        for each in expected:
            if each.required and each.name not in sent:
                raise Refusal.of_field("body", pointer(each.name), "required, but missing")
        try:
            meta = parse_json(sent.get("meta", "").encode())
        except ValueError:
            raise Refusal.of_field("body", "/meta", "a text that holds JSON is expected") from None
        described = next((each for each in expected if each.name == "meta"), None)
        body = validator.check("meta", described.fields if described else (), meta)
        digest_matches(upload, body, files)
        return body, files

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

    def _generic(self, call: Call) -> Any:
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
            return Reply(status=302, headers=(("Location", str(where)),), signed=False)
        return self.imagination(call).fill(call.operation.response.fields)

    def _finished(self, request: Request, reply: Reply, entry: Entry, fault: str) -> Reply:
        """The headers of every answer, and the signature where there is one."""
        reason = REASONS.get(entry.code, 0)
        headers = {"Server": "sandbox", "Request-ID": f"08{secrets.token_hex(12).upper()}-{reason}"}
        if entry.version == "v2":
            return reply.with_headers(headers)
        operation = catalogue.operation(entry.operation or "")
        unsigned = not reply.signed or (reply.status < 300 and operation is not None and operation.unsigned_answer)
        if fault == "missing-signature" or (unsigned and fault == ""):
            return reply.with_headers(headers)
        if fault == "rotate":
            serial = self.account.rotate()
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


def digest_matches(described: catalogue.Upload, meta: Mapping[str, Any], files: tuple[Upload, ...]) -> None:
    """There is a file, and the digest sent along is the file's."""
    if not files:
        raise Refusal.of_field("body", pointer(described.file), "a file is expected")
    claimed = str(meta.get(described.digest or "", ""))
    name = "sm3" if any("SM3" in str(value) for value in meta.values()) else described.hash
    digest = hashes.Hash(DIGESTS[name])
    digest.update(files[0].content)
    actual = digest.finalize().hex()
    if described.digest and claimed.lower() != actual:
        raise Refusal.of_field(
            "body", pointer("meta", described.digest), f"the file's {name} is {actual}", value=claimed
        )


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


def uploaded(parts: list[multipart.Part]) -> tuple[Upload, ...]:
    """The files among the parts."""
    return tuple(Upload(part.name, part.filename, part.content) for part in parts if part.filename is not None)


def disturbed(reply: Reply, struck: tuple[Fault, ...]) -> Reply:
    """The answer with its delay and its cut."""
    for fault in struck:
        if fault.kind == "latency":
            reply = evolve(reply, delay=reply.delay + fault.seconds)
        elif fault.kind in CUTS and not reply.cut:
            reply = evolve(reply, cut=fault.kind)
    return reply
