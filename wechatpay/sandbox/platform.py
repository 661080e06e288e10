"""The platform: takes a request, lets it through the gate, lets a flow answer, signs the answer."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import datetime, timedelta, timezone
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import evolve
from cryptography.hazmat.primitives import hashes

from wechatpay.sandbox import directory, flows, multipart
from wechatpay.sandbox.call import Call, Upload
from wechatpay.sandbox.faults import SIGNATURE_KINDS, STATUS_OF_CODE, Fault, Faults
from wechatpay.sandbox.gate import Gate
from wechatpay.sandbox.journal import Entry, Journal
from wechatpay.sandbox.messages import Refusal, Reply, pointer
from wechatpay.sandbox.plausible import Imagination
from wechatpay.sandbox.validation import Validator, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.ledger import Ledger
    from wechatpay.sandbox.messages import Request

__all__ = ["BEIJING", "Platform"]

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
    ) -> None:
        self.account = account
        self.ledger = ledger
        self.clock = clock
        self.strict = strict
        self.journal = journal if journal is not None else Journal()
        self.faults = faults if faults is not None else Faults()
        self.gate = Gate(account, clock)
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

    # requests

    def handle(self, request: Request) -> Reply:
        """Answer one request; whatever happens is in the journal."""
        started = time.perf_counter()
        entry = Entry(id=self.journal.next_id(), time=self.clock(), request=shortened(request))
        with self.lock:
            reply = self._answer(request, entry)
        entry.answered(reply, (time.perf_counter() - started) * 1000)
        self.journal.add(entry)
        return reply

    def _answer(self, request: Request, entry: Entry) -> Reply:
        found = directory.find(request.method, request.segments)
        operation = found.operation if isinstance(found, directory.Found) else None
        if operation is not None:
            entry.operation, entry.title = operation.key, operation.title
        struck: tuple[Fault, ...] = ()
        try:
            struck = self._strike(request, entry)
            reply = self._deed(request, found, entry, struck)
        except Refusal as refusal:
            entry.code, entry.message = refusal.code, refusal.message
            reply = refusal.reply()
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
            reply = self._serve(request, found, entry)
            undone = next((fault for fault in struck if fault.kind in ("error", "throttle", "pending")), None)
            if undone is None:
                return reply
        if undone.kind == "down":
            self.go_down()
        return faulty(undone)

    def _serve(
        self, request: Request, found: directory.Found | directory.NotFound, entry: Entry
    ) -> Reply:
        covered, parts = self._covered(request)
        signed = self.gate.check(request, covered)
        entry.verified = True
        entry.authorization = dict(signed.fields)
        entry.expected_message = signed.message
        if isinstance(found, directory.NotFound):
            raise absent(request, found)
        call, opened = self._checked(request, found, parts)
        entry.opened = opened
        handler = flows.routes.get(found.operation.key)
        answer = handler(self, call) if handler else self._generic(call)
        return answer if isinstance(answer, Reply) else Reply.of(answer)

    def _covered(self, request: Request) -> tuple[bytes, list[multipart.Part]]:
        """What the signature has to cover: the body, or the meta part of an upload."""
        content_type = request.header("content-type") or ""
        if not content_type.lower().startswith("multipart/"):
            return request.body, []
        try:
            parts = multipart.parse(content_type, request.body)
        except ValueError as error:
            raise Refusal.of_field("header", "/Content-Type", str(error)) from None
        meta = next((part.content for part in parts if part.name == "meta"), None)
        if meta is None:
            raise Refusal.of_field("body", "/meta", "an upload needs a part called meta")
        return meta, parts

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
            body, files = self._upload(operation, parts, validator)
        else:
            body, files = self._body(operation, request, validator), ()
        return Call(operation, request, variables, query, body, files, serial), validator.opened

    def _serial(self, request: Request) -> str:
        """The key the answer is signed with: the one asked for, else the certificate."""
        asked = request.header("wechatpay-serial")
        if asked is None:
            return self.account.certificate_serial
        if asked not in self.account.certs:
            if self.strict:
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
                raise Refusal.of_field(
                    "header", "/Content-Type", "application/json is expected", value=content_type
                )
            try:
                value = parse_json(request.body)
            except ValueError:
                raise Refusal.of_field("body", "", "the body is no JSON in UTF-8") from None
            if not isinstance(value, dict):
                raise Refusal.of_field("body", "", "the body has to be a JSON object")
        return validator.check("body", operation.request.json or (), value)

    def _upload(
        self, operation: Operation, parts: list[multipart.Part], validator: Validator
    ) -> tuple[dict[str, Any], tuple[Upload, ...]]:
        files = tuple(
            Upload(part.name, part.filename, part.content) for part in parts if part.filename is not None
        )
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
        digest_matches(operation, body, files)
        return body, files

    # answers

    def imagination(self, call: Call, *, sparse: bool = False) -> Imagination:
        """What makes up the unknown parts of this call's answer."""
        known = {**call.query, **call.body, **call.variables}
        return Imagination(
            account=self.account,
            subject=f"{call.operation.key}\n{sorted(call.variables.items())}\n{identity(known)}",
            known=known,
            base_url=self.base_url,
            version="v2" if call.operation.path.startswith("v2/") else "v3",
            conceal=self.account.conceal,
            sparse=sparse,
        )

    def answer(self, call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts in the shape of this operation's answer; what it requires besides is made up."""
        return self.imagination(call, sparse=True).fill(call.operation.response.fields, facts)

    def _generic(self, call: Call) -> Any:
        content = call.operation.response.content
        if content == "empty":
            return None
        if content == "binary":
            return Reply(
                body=f"sandbox file of {call.request.target}\n".encode(),
                content_type="application/octet-stream",
            )
        return self.imagination(call).fill(call.operation.response.fields)

    def _finished(self, request: Request, reply: Reply, entry: Entry, fault: str) -> Reply:
        """The headers of every answer, and the signature where there is one."""
        reason = REASONS.get(entry.code, 0)
        headers = {"Server": "sandbox", "Request-ID": f"08{secrets.token_hex(12).upper()}-{reason}"}
        operation = entry.operation or ""
        unsigned = not reply.signed or (reply.status < 300 and operation in flows.UNSIGNED)
        if fault == "missing-signature" or (unsigned and fault == ""):
            return reply.with_headers(headers)
        if fault == "rotate":
            serial = self.account.rotate()
        else:
            asked = request.header("wechatpay-serial")
            serial = asked if asked in self.account.certs and asked else self.account.certificate_serial
        return reply.with_headers({**headers, **self._signature(reply, serial, entry, fault)})

    def _signature(self, reply: Reply, serial: str, entry: Entry, fault: str) -> dict[str, str]:
        timestamp = str(int(self.clock()) - (3600 if fault == "stale" else 0))
        nonce = secrets.token_hex(16)
        covered = reply.body if reply.signature_covers is None else reply.signature_covers
        entry.answer_message = b"\n".join((timestamp.encode(), nonce.encode(), covered, b""))
        signature = self.account.sign(
            serial, b"something else" if fault == "bad-signature" else entry.answer_message
        )
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


def digest_matches(operation: Operation, meta: Mapping[str, Any], files: tuple[Upload, ...]) -> None:
    """Compare the digest in meta with the file."""
    upload = operation.upload
    if upload is None or upload.digest is None or not files:
        return
    claimed = str(meta.get(upload.digest, ""))
    sm3 = any("SM3" in str(value) for value in meta.values())
    if sm3:
        digest = hashes.Hash(hashes.SM3())
        digest.update(files[0].content)
        actual = digest.finalize().hex()
    else:
        actual = hashlib.new(upload.hash, files[0].content).hexdigest()
    if claimed.lower() != actual:
        raise Refusal.of_field(
            "body", f"/meta/{upload.digest}", f"the file's {'sm3' if sm3 else upload.hash} is {actual}", value=claimed
        )


def faulty(fault: Fault) -> Reply:
    """What a fault answers by itself."""
    if fault.kind == "throttle":
        code = fault.code or "FREQUENCY_LIMITED"
        refusal = Refusal(429, code, fault.message or "Too frequent, slow down")
        return refusal.reply().with_headers({"Retry-After": f"{fault.seconds:g}"})
    if fault.kind == "pending":
        return Refusal(202, fault.code or "USERPAYING", fault.message or "Accepted, not finished yet").reply()
    if fault.kind == "error":
        code = fault.code or "SYSTEM_ERROR"
        status = fault.status or STATUS_OF_CODE.get(code, 400)
        return Refusal(status, code, fault.message or f"The sandbox was told to answer {code}").reply()
    return Reply(cut="reset")


def disturbed(reply: Reply, struck: tuple[Fault, ...]) -> Reply:
    """The answer with its delay and its cut."""
    for fault in struck:
        if fault.kind == "latency":
            reply = evolve(reply, delay=reply.delay + fault.seconds)
        elif fault.kind in ("reset", "close", "half", "reset-body"):
            reply = evolve(reply, cut=fault.kind)
    return reply
