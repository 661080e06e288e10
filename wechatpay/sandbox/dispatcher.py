"""Answers one request: verifies it, lets its flow answer, applies faults, signs the response, writes the journal."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import evolve

from wechatpay import catalogue
from wechatpay.sandbox import apiv2, router
from wechatpay.sandbox.faults import (
    CUTS,
    HEADER,
    MESSAGES,
    SIGNATURE_KINDS,
    STATUS_OF_CODE,
    UNDONE,
    Fault,
    Faults,
    values_of,
)
from wechatpay.sandbox.http import Refusal, Reply, internal_error, pointer
from wechatpay.sandbox.journal import Entry, Journal
from wechatpay.sandbox.parameter_rules import check_together
from wechatpay.sandbox.request_validation import RequestValidation, check_gateway
from wechatpay.sandbox.request_validation_v2 import RequestValidationV2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.http import Request
    from wechatpay.sandbox.routing import ReceivedCall, Routes

__all__ = ["Dispatcher"]

REASONS: Mapping[str, int] = {
    "SIGN_ERROR": 268443699,
    "FREQUENCY_LIMITED": 268447840,
    "ORDER_NOT_EXIST": 268512771,
}


class Dispatcher:
    """
    Answers requests to the platform's API.

    Attributes:
        go_down: Closes the main host's ports, for the fault ``down``.
        rotate: Makes a new platform certificate, for the fault ``rotate``.
    """

    def __init__(self, context: SandboxContext, routes: Routes, *, journal: Journal, faults: Faults) -> None:
        self.context = context
        self.journal = journal
        self.faults = faults
        self.go_down: Callable[[], None] = lambda: None
        self.rotate: Callable[[], str] = context.account.rotate
        self._routes = routes
        self._long = frozenset(key.rpartition("/")[2] for key in routes.apart)
        self._validation = RequestValidation(context.account, context.clock)
        self._validation_v2 = RequestValidationV2(context.account)

    def forget_nonces(self) -> None:
        """Accept the nonces of past requests again."""
        self._validation.verifier.nonces.clear()

    def takes_long(self, request: Request) -> bool:
        """
        Return whether the request is answered in a thread of its own.

        With faults it is not: the fault ``down`` closes ports, which the serving thread does itself.
        """
        last = request.path.rpartition("/")[2]
        return last in self._long and not len(self.faults) and not request.header(HEADER)

    def handle(self, request: Request) -> Reply:
        """Answer one request, and write it into the journal."""
        started = time.perf_counter()
        entry = Entry(id=self.journal.next_id(), time=self.context.clock(), request=shortened(request))
        with self.context.lock:
            reply = self._answer(request, entry)
            self.context.run_scheduled()
        entry.answered(reply, (time.perf_counter() - started) * 1000)
        self.journal.add(entry)
        return reply

    def _answer(self, request: Request, entry: Entry) -> Reply:
        found = router.find(request.method, request.segments)
        operation = found.operation if isinstance(found, router.Found) else None
        entry.version = router.protocol(request.segments)
        if operation is not None:
            entry.operation, entry.title = operation.key, operation.title
        hits: list[Fault] = []
        try:
            hits = self._match(request, found, entry)
            reply = self._respond(request, found, entry, hits)
        except Exception as error:  # noqa: BLE001 (answered as an error of the sandbox, and logged)
            refusal = error if isinstance(error, Refusal) else internal_error(error)
            entry.code, entry.message = refusal.code, refusal.note
            in_xml = entry.version == "v2" and not refusal.silent
            reply = apiv2.refusal_xml(refusal) if in_xml else refusal.reply()
        signature = ""
        if hits:
            reply = apply_fault(reply, hits)
            signature = next((fault.kind for fault in hits if fault.kind in SIGNATURE_KINDS), "")
        return self._finished(request, reply, entry, signature)

    def _match(self, request: Request, found: router.Found | router.NotFound, entry: Entry) -> list[Fault]:
        variables = found.variables if isinstance(found, router.Found) else {}
        try:
            hits = self.faults.of_request(request, entry.operation, lambda: values_of(request, variables))
        except ValueError as error:
            raise Refusal.of_field("header", "/Sandbox-Fault", str(error)) from None
        if hits:
            entry.fault = ", ".join(fault.kind for fault in hits)
        return hits

    def _respond(
        self,
        request: Request,
        found: router.Found | router.NotFound,
        entry: Entry,
        hits: list[Fault],
    ) -> Reply:
        """Return the response of the flow, or of the fault that comes instead of it."""
        serve = self._serve_v2 if entry.version == "v2" else self._serve
        if not hits:
            return serve(request, found, entry, unfinished=False)
        unfinished = entry.operation in self._routes.unfinished and any(fault.kind == "pending" for fault in hits)
        passing = ("pending",) if unfinished else ()
        preventing = next((each for each in hits if not each.takes_effect and each.kind not in passing), None)
        if preventing is None:
            reply = serve(request, found, entry, unfinished=unfinished)
            preventing = next((fault for fault in hits if fault.kind in UNDONE and fault.kind not in CUTS), None)
            if preventing is None:
                return reply
        if preventing.kind == "down":
            self.go_down()
        if preventing.kind in CUTS or preventing.kind == "down":
            return Reply(cut="close" if preventing.kind == "close" else "reset", signed=False)
        refusal = refusal_of(preventing)
        entry.code, entry.message = refusal.code, refusal.message
        if entry.version == "v2":
            reply = evolve(self._failure(found, refusal, "MD5"), status=preventing.status or 200)
        else:
            reply = refusal.reply()
        return (
            reply.with_headers({"Retry-After": f"{preventing.seconds:g}"}) if preventing.kind == "throttle" else reply
        )

    def _failure(self, found: router.Found | router.NotFound, refusal: Refusal, algorithm: str) -> Reply:
        """Return an error of a v2 operation."""
        if isinstance(found, router.NotFound):
            return apiv2.refusal_xml(refusal)
        return apiv2.failure(found.operation, refusal, self.context.account, algorithm)

    def _serve_v2(
        self, request: Request, found: router.Found | router.NotFound, entry: Entry, *, unfinished: bool
    ) -> Reply:
        if isinstance(found, router.NotFound):
            raise absent(request, found)
        call, algorithm = self._validation_v2.call(request, found, entry, strict=self.context.strict)
        try:
            if self.context.strict:
                check_together(call.operation, self.context.account, call.body)
            answer = self._flow(evolve(call, unfinished=True) if unfinished else call, entry)
        except Refusal as refusal:
            entry.code, entry.message = refusal.code, refusal.note
            return self._failure(found, refusal, algorithm)
        if isinstance(answer, Reply):
            return evolve(answer, signed=False)
        if call.operation.answer == "json":
            return evolve(Reply.of(answer), signed=False)
        return apiv2.success(call.operation, answer, self.context.account, algorithm)

    def _serve(
        self, request: Request, found: router.Found | router.NotFound, entry: Entry, *, unfinished: bool
    ) -> Reply:
        brand = request.segments[0] == "brand"  # the catalogue has no operation of these
        strict = self.context.strict
        if isinstance(found, router.NotFound) and strict and not brand:
            raise absent(request, found)
        if strict:
            check_gateway(request)
        parts = self._validation.verify(request, entry)
        if isinstance(found, router.NotFound):
            self._validation.serial(request, strict=strict, required=brand)
            return Reply.of({})
        call = self._validation.call(request, found, parts, entry, strict=strict)
        self.context.webhooks.serial = call.serial
        answer = self._flow(evolve(call, unfinished=True) if unfinished else call, entry)
        return answer if isinstance(answer, Reply) else Reply.of(answer)

    def _flow(self, call: ReceivedCall, entry: Entry) -> Any:
        """Return the response of the operation's flow, or of the catalogue; a missing field that the flow needs is refused."""
        handler = self._routes.handlers.get(call.operation.key)
        if handler is None:
            entry.generated = True
            return self.context.catalogue_response(call)
        apart = call.operation.key in self._routes.apart
        try:
            with self.context.unlocked() if apart else self.context.change():
                return handler(self.context, call)
        except KeyError as error:
            raise Refusal.of_field("body", pointer(str(error.args[0])), "此字段为必填项") from None

    def _finished(self, request: Request, reply: Reply, entry: Entry, fault: str) -> Reply:
        """Return the headers of every answer, and the signature where there is one."""
        reason = REASONS.get(entry.code, 0)
        headers = {
            "Server": "sandbox",
            "Date": http_date(int(self.context.clock())),
            "Request-ID": f"08{self.context.account.random.hex(12, 'response').upper()}-{reason}",
            **({"Sandbox-Answer": "generated"} if entry.generated else {}),
        }
        if entry.version == "v2":
            return finished(reply, headers)
        operation = catalogue.operation(entry.operation or "")
        unsigned = not reply.signed or (reply.status < 300 and operation is not None and operation.unsigned_answer)
        if fault == "missing-signature" or (unsigned and fault == ""):
            return finished(reply, headers)
        if fault == "rotate":
            serial = self.rotate()
        else:
            serial = request.header("wechatpay-serial") or ""
            if self.context.account.platform_private_key(serial) is None:
                serial = self.context.account.signer(entry.operation)
        return finished(reply, {**headers, **self._signature(reply, serial, entry, fault)})

    def _signature(self, reply: Reply, serial: str, entry: Entry, fault: str) -> dict[str, str]:
        timestamp = str(int(self.context.clock()) - (3600 if fault == "stale" else 0))
        nonce = self.context.account.random.hex(16, "response")
        covered = reply.body if reply.signature_covers is None else reply.signature_covers
        entry.answer_message = b"\n".join((timestamp.encode(), nonce.encode(), covered, b""))
        signature = self.context.account.sign(
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


@lru_cache(maxsize=8)
def http_date(seconds: int) -> str:
    """Return a time as the header ``Date`` has it."""
    return formatdate(seconds, usegmt=True)


def finished(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Return the response with these headers added, and with the encoding of JSON."""
    media = reply.content_type
    return evolve(
        reply,
        headers=(*reply.headers, *headers.items()),
        content_type="application/json; charset=utf-8" if media == "application/json" else media,
    )


def shortened(request: Request, kept: int = 16 * 1024) -> Request:
    """Return the request with no more of its body than the journal keeps."""
    return evolve(request, body=request.body[:kept]) if len(request.body) > kept else request


def absent(request: Request, found: router.NotFound) -> Refusal:
    """Return the error 404, whose note names the nearest path, or 405, whose note names the verbs of the path."""
    if found.verbs:
        verbs = ", ".join(found.verbs)
        return Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not possible here: {verbs}", silent=True)
    near = router.nearest(tuple(map(unquote, request.segments)))
    hint = f"; the nearest is /{near}" if near else ""
    return Refusal(404, "NOT_FOUND", f"no operation has the path {request.path}{hint}", silent=True)


def refusal_of(fault: Fault) -> Refusal:
    """Return the error of a fault."""
    if fault.kind == "throttle":
        return Refusal(429, fault.code or "FREQUENCY_LIMITED", fault.message or MESSAGES["FREQUENCY_LIMITED"])
    if fault.kind == "pending":
        return Refusal(202, fault.code or "USERPAYING", fault.message or MESSAGES["USERPAYING"])
    code = fault.code or "SYSTEM_ERROR"
    status = fault.status or STATUS_OF_CODE.get(code, 400)
    return Refusal(status, code, fault.message or MESSAGES.get(code, f"请求失败: {code}"))


def apply_fault(reply: Reply, hits: list[Fault]) -> Reply:
    """Return the answer with its delay and its cut."""
    for fault in hits:
        if fault.kind == "latency":
            reply = evolve(reply, delay=reply.delay + fault.seconds)
        elif fault.kind in CUTS and not reply.cut:
            reply = evolve(reply, cut=fault.kind)
    return reply
