"""The gateway: checks of a request, one after the other, and its response."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from attrs import evolve

from chainable.sandbox.http import Reply
from chainable.spelling import did_you_mean
from taobao_top.catalogue.definitions import PACKAGED, Catalogue
from taobao_top.sandbox import fake_data, parameter_validation
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.faults import HEADER, Fault, played
from taobao_top.sandbox.operations import NEED_SESSION, OPERATIONS, OWN_CHECKS, ReceivedCall
from taobao_top.sandbox.response_encoding import ERROR_ROOT, JSON, XML, as_json, as_xml, root
from taobao_top.sandbox.sessions import Session
from taobao_top.sandbox.signature import PUBLIC, SIGN_METHODS, shown
from taobao_top.sandbox.signature_diagnosis import check
from taobao_top.sandbox.times import epoch, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.destination import Destination
    from chainable.sandbox.randomness import Randomness
    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.request import TopRequest

__all__ = ["PUBLIC", "Gateway"]

TOLERANCE = 600
"""How far a timestamp may be off, seconds."""

QIMEN = "/router/qimen/service"
TEXT = "text/plain;charset=UTF-8"
SEPARATOR = "\r\n-S-\r\n"
SHARED = "#PUBLIC#"
NOTHING = "N"
"""A request of a batch that has no parameters of its own."""


SETTINGS = ("strict", "batch_limit", "max_body", "callback_hosts", "simplified_root")


class Gateway:
    """
    The gateway, without the network.

    Args:
        clock: Seconds since 1970.
        random: Where ids come from.

    Attributes:
        applications: The apps there are, by app_key.
        strict: Whether APIs that the catalogue lacks, and parameters that do not fit it, are refused.
        batch_limit: How many requests one batch may hold.
        max_body: The largest request taken, bytes; beyond is 413.
        catalogue: The methods that are known.
        callback_hosts: Hosts besides loopback that the controls may have called; ``*`` for all.
        simplified_root: Keep the root in simplified answers, as some samples of the platform show it.
    """

    def __init__(self, clock: Callable[[], float], random: Randomness) -> None:
        self.clock = clock
        self.random = random
        self.applications: dict[str, Application] = {}
        self.strict = True
        self.catalogue: Catalogue = PACKAGED
        self.batch_limit = 20
        self.max_body = 64 * 1024 * 1024
        self.callback_hosts: frozenset[str] = frozenset()
        self.simplified_root = False

    def settings(self) -> dict[str, Any]:
        """Return the settings that change how calls are answered."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def latest(self) -> Application:
        """The app that was made last: its journal has the requests without an app_key."""
        return next(reversed(self.applications.values()))

    def may_call(self, destination: Destination) -> bool:
        """Return whether a request to the controls may have the sandbox call there."""
        return destination.is_loopback or not self.callback_hosts.isdisjoint({"*", destination.host})

    def answer(self, request: TopRequest) -> Reply:
        """Answer a call to ``/router/rest`` or the qimen address; ValueError: the fault header cannot be read."""
        parameters = request.parameters
        method = parameters.get("method") or None
        app = self.applications.get(parameters.get("app_key", ""))
        fault = self.fault(app, request, method)
        record = self._record("call", app, request, method, fault)

        def carried_out() -> dict[str, Any]:
            checked = self.authenticate(request, record)
            checked.throttle.check(parameters["method"], record["at"])
            return self.carry_out(checked, parameters, request, record, fault)

        return self._finished(app, self._written(carried_out, parameters, request.path, record), record, fault)

    def batch(self, request: TopRequest) -> Reply:
        """Answer a batch, each of its requests for itself; one error body answers a batch that is refused as such."""
        given = request.parameters
        app = self.applications.get(given.get("app_key", ""))
        fault = self.fault(app, request, "batch")
        record = self._record("batch", app, request, None, fault)
        separator = request.headers.get("top-api-separator", SEPARATOR)
        try:
            checked = self.authenticate(request, record, batch=True)
            _fail(fault)
            items = _items(request.body, separator, self.batch_limit)
            parts = [self._item(checked, request, {**_shared(given), **item}, record) for item in items]
            answer = Reply(body=separator.encode().join(parts), content_type=TEXT)
        except GatewayError as refusal:
            answer = self._written(_raising(refusal), given, request.path, record)
        return self._finished(app, answer, record, fault)

    def _finished(self, app: Application | None, answer: Reply, record: dict[str, Any], fault: Fault | None) -> Reply:
        """Write a request into the journal, and return its response with its date, its mark and its fault."""
        entry = (app or self.latest).journal.write(status=answer.status, answer=answer.body, **record)
        mark = {"sandbox-answer": "generated"} if entry.generated else {}
        dated = answer.with_headers({"date": formatdate(record["at"], usegmt=True), **mark})
        return dated if fault is None else played(dated, fault)

    def _item(self, app: Application, request: TopRequest, parameters: dict[str, str], batch: dict[str, Any]) -> bytes:
        method = parameters.get("method") or None
        fault = app.faults.take(method, {"error"}, lambda: parameters)
        single = evolve(request, parameters=parameters, body=b"", headers={})
        record = self._record("item", app, single, method, fault)
        record["verified"] = True

        def carried_out() -> dict[str, Any]:
            if method is None:
                raise GatewayError(21, "isv.missing-method", "neither the request nor #PUBLIC# says method")
            app.throttle.check(method, record["at"])
            return self.carry_out(app, parameters, single, record, fault)

        answer = self._written(carried_out, parameters, "/router/rest", record)
        entry = app.journal.write(status=answer.status, answer=answer.body, **record)
        batch["generated"] |= entry.generated
        return answer.body

    def _record(
        self, kind: str, app: Application | None, request: TopRequest, method: str | None, fault: Fault | None
    ) -> dict[str, Any]:
        return {
            "kind": kind,
            "at": self.clock() if app is None else app.clock(),
            "verb": request.verb,
            "path": request.path,
            "method": method,
            "parameters": request.parameters,
            "files": request.files,
            "body": request.body,
            "headers": request.headers,
            "fault": None if fault is None else fault.kind,
            "generated": False,
        }

    def fault(self, app: Application | None, request: TopRequest, method: str | None) -> Fault | None:
        """Return the fault to play on this request, out of its header or the app's list."""
        header = request.headers.get(HEADER)
        if header is not None:
            return Fault.of_header(header)
        return None if app is None else app.faults.take(method, values=lambda: request.parameters)

    def _written(
        self, make: Callable[[], dict[str, Any]], parameters: Mapping[str, str], path: str, record: dict[str, Any]
    ) -> Reply:
        request_id = self.random.hex(8, "request_id")
        try:
            members = {**make(), "request_id": request_id}
            name = root(parameters["method"])
        except GatewayError as refusal:
            members = refusal.members(request_id)
            name = ERROR_ROOT
            record.update(code=refusal.code, sub_code=refusal.sub_code, sub_msg=refusal.sub_msg, generated=False)
        if path == QIMEN:
            name, members = "response", _qimen(name, members)
        if parameters.get("format") in {"json", "json2"}:
            simplify = parameters.get("simplify") == "true" and path != QIMEN
            body = as_json(name, members, simplify=simplify, rooted=self.simplified_root)
            return Reply(body=body, content_type=JSON)
        return Reply(body=as_xml(name, members), content_type=XML)

    def authenticate(self, request: TopRequest, record: dict[str, Any], *, batch: bool = False) -> Application:
        """
        Check everything about a request that does not depend on the API, and return the app that calls.

        The record gets what was found out, for the journal; a batch has no method.

        Raises:
            GatewayError: In this order: 9, 21, 28, 29, 32 to 34, 30, 31, 40 (sign_method), 24, 25.
        """
        given = request.parameters
        if request.verb not in {"GET", "POST"} or (request.files and request.verb != "POST"):
            raise GatewayError(9, "isv.http-action-not-allowed", "send calls with POST (or GET), uploads with POST")
        if not given.get("method") and not batch:
            raise GatewayError(21, "isv.missing-method", "the public parameter method is missing")
        if not given.get("app_key"):
            raise GatewayError(28, "isv.missing-app-key", "the public parameter app_key is missing")
        app = self.applications.get(given["app_key"])
        if app is None:
            raise GatewayError(29, "isv.appkey-not-exists", "no app of this sandbox has this app_key")
        _version(given)
        now = record["at"]
        _timestamp(given, now)
        self._signature(app, request, record)
        app.once(given["sign"], now)
        return app

    def _signature(self, app: Application, request: TopRequest, record: dict[str, Any]) -> None:
        given = request.parameters
        sign_method = given.get("sign_method", "")
        if not sign_method:
            raise GatewayError(
                40, "isv.missing-parameter:sign_method", "sign_method is required", subject="sign_method"
            )
        if not given.get("sign"):
            raise GatewayError(24, "isv.missing-signature", "the public parameter sign is missing")
        if sign_method not in SIGN_METHODS:
            raise GatewayError(25, "isv.invalid-signature", f"sign_method must be {', '.join(SIGN_METHODS)}")
        signed = {name: value for name, value in given.items() if name != "sign"}
        record["signed"] = shown(sign_method, signed, request.body)
        mistake = check(given["sign"], sign_method, app.account.app_secret, signed, request.body, request.files)
        if mistake is not None:
            record["mistake"] = mistake
            raise GatewayError(25, "isv.invalid-signature", mistake)
        record["verified"] = True

    def carry_out(
        self,
        app: Application,
        parameters: Mapping[str, str],
        request: TopRequest,
        record: dict[str, Any],
        fault: Fault | None,
    ) -> dict[str, Any]:
        """
        Carry out a call of an app, unless a fault prevents it.

        Raises:
            GatewayError: 23, 22, 26, 27, 40, 41, what the API itself refuses, and what the fault says.
        """
        if parameters.get("format", "xml") not in {"xml", "json", "xml2", "json2"}:
            raise GatewayError(23, "isv.invalid-format", "format must be xml or json")
        members: dict[str, Any] = {}
        if fault is None or fault.takes_effect:
            members = self._executed(app, parameters, request, record)
        _fail(fault)
        return members

    def _executed(
        self, app: Application, parameters: Mapping[str, str], request: TopRequest, record: dict[str, Any]
    ) -> dict[str, Any]:
        method = parameters["method"]
        known = self.catalogue.method(method)
        if known is None:
            note = f"the catalogue lists no API {method}{did_you_mean(method, self.catalogue.methods())}"
            if self.strict:
                raise GatewayError(22, "isv.invalid-method", note)
            record["notes"] = (note,)
        operation = OPERATIONS.get(method)
        with app.lock:
            session = self._session(app, parameters.get("session"), method, None if known is None else known.session)
            business = {name: value for name, value in parameters.items() if name not in PUBLIC}
            values: dict[str, Any] = dict(business)
            if known is not None:
                record["notes"] = tuple(parameter_validation.unknown(known, business, request.files))
                if operation is not None or (self.strict and not request.body):
                    values = parameter_validation.parameters(
                        known, business, request.files, inside=method not in OWN_CHECKS
                    )
            call = ReceivedCall(
                method=method,
                known=known,
                app=app,
                session=session,
                business=business,
                values=values,
                files=request.files,
                body=request.body,
                now=record["at"],
            )
            if operation is not None:
                return operation(call)
            record["generated"] = known is not None
            return {} if known is None else fake_data.answer(known, business)

    def _session(self, app: Application, given: str | None, method: str, catalogued_as: str | None) -> Session | None:
        if given and method == "taobao.top.secret.get" and given.startswith("_"):
            return Session(session=given, user_id=0, nick="", expires=None)
        if given:
            return app.sessions.check(given)
        if catalogued_as == "required" or method in NEED_SESSION or method in app.need_session:
            raise GatewayError(26, "isv.missing-session", f"{method} acts for a seller: send session")
        return None


def _version(given: Mapping[str, str]) -> None:
    version = given.get("v", "")
    if not version:
        raise GatewayError(32, "isv.missing-version", "the public parameter v is missing")
    if version != "2.0":
        code = 34 if version.replace(".", "", 1).isdecimal() else 33
        raise GatewayError(code, "isv.invalid-version", "v must be 2.0")


def _timestamp(given: Mapping[str, str], now: float) -> None:
    text = given.get("timestamp", "")
    if not text:
        raise GatewayError(30, "isv.missing-timestamp", "the public parameter timestamp is missing")
    at = epoch(text)
    if at is None:
        raise GatewayError(31, "isv.invalid-timestamp", "timestamp must be yyyy-MM-dd HH:mm:ss in GMT+8")
    off = at - now
    if abs(off) > TOLERANCE:
        direction = "ahead of" if off > 0 else "behind"
        zone = "; whole hours: written in another time zone?" if abs(off / 3600 - round(off / 3600)) < 1 / 60 else ""
        raise GatewayError(
            31,
            "isv.invalid-timestamp",
            f"timestamp is {abs(off):.0f} s {direction} the gateway, where it is {written(now)} (GMT+8){zone}",
        )


def _fail(fault: Fault | None) -> None:
    if fault is not None and fault.kind == "error":
        raise GatewayError(fault.code, fault.sub_code, fault.sub_msg)


def _items(body: bytes, separator: str, limit: int) -> list[dict[str, str]]:
    try:
        parts = body.decode().split(separator)
        shared = _parsed(parts.pop(0)[len(SHARED) :]) if parts[0].startswith(SHARED) else {}
        items = [{**shared, **({} if part in {NOTHING, ""} else _parsed(part))} for part in parts]
    except ValueError:
        raise GatewayError(47, "isv.invalid-encoding", "the batch must be url-encoded UTF-8") from None
    if len(items) > limit:
        raise GatewayError(41, "isv.batch-over-limit", f"the batch has {len(items)} requests, {limit} are allowed")
    return items


def _parsed(part: str) -> dict[str, str]:
    return dict(parse_qsl(part, keep_blank_values=True, strict_parsing=True, errors="strict"))


def _shared(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in {"sign", "method"}}


def _raising(refusal: GatewayError) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        raise refusal

    return make


def _qimen(name: str, members: dict[str, Any]) -> dict[str, Any]:
    if name == ERROR_ROOT:
        # {"response":{"flag":"failure","code":25,"message":"Invalid signature","request_id":"…"}} of a real gateway
        return {
            "flag": "failure",
            "code": members["code"],
            "message": members["msg"],
            **{
                key: members[old]
                for key, old in (("sub_code", "sub_code"), ("sub_message", "sub_msg"))
                if members.get(old)
            },
            "request_id": members["request_id"],
        }
    return {"flag": "success", "code": "0", "message": "", **members.get("response", {})}
