"""The ASGI application of the sandbox: paths, compression, faults."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import struct
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from attrs import evolve

from chainable.sandbox.control_api import ControlError, members
from chainable.sandbox.header_values import header_value
from taobao_top.sandbox.control_api import EXPECTED, refused
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.gateway import QIMEN, Reply
from taobao_top.sandbox.request import Request, receive_whole
from taobao_top.sandbox.response_encoding import ERROR_ROOT, JSON, XML, as_json, as_xml
from taobao_top.sandbox.sessions import OAuthRefusal
from taobao_top.sandbox.tmc_connection import TmcConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from taobao_top.sandbox.control_api import ControlApi
    from taobao_top.sandbox.gateway import Gateway

__all__ = ["Web"]

HTML = "text/html;charset=UTF-8"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
ELSEWHERE = "https://elsewhere.invalid/router/rest"
COMPRESSED_FROM = 512
"""Smaller answers are not worth compressing, bytes."""

_ADDRESS = re.compile(r"[!-~]+")
_STRING_END = re.compile(rb'": ?"')


class Web:
    """
    The ASGI application.

    Args:
        gateway: What answers the calls.
        controls: Answers ``/_sandbox/…``.
        host: The address bound; the controls answer under this name and those of loopback only, so that a page
            whose name was pointed at this machine does not reach them.
    """

    def __init__(self, gateway: Gateway, controls: ControlApi, host: str) -> None:
        self._gateway = gateway
        self._controls = controls
        self._host = host
        self._places: dict[str, Callable[[Scope, bytes], Awaitable[Reply]]] = {
            "/router/rest": self._call,
            "/top/router/rest": self._call,
            QIMEN: self._call,
            "/router/batch": self._call,
            "/authorize": self._authorize,
            "/token": self._token,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        if scope["type"] == "websocket":
            await TmcConnection(scope, receive, send, self._gateway.applications.get).serve()
            return
        try:
            whole = await receive_whole(receive, self._gateway.max_body)
        except OverflowError as error:
            await _send(_text(413, str(error)), scope, send)
            return
        if whole is None:
            return
        path = scope["path"]
        place = (
            self._administer
            if path == "/_sandbox" or path.startswith("/_sandbox/")
            else self._places.get(path, self._nowhere)
        )
        answer = await place(scope, whole)
        at = self._gateway.clock() if answer.at is None else answer.at
        dated = evolve(answer, headers={**answer.headers, "date": formatdate(at, usegmt=True)})
        await _played(dated, scope, receive, send)

    async def _call(self, scope: Scope, whole: bytes) -> Reply:
        try:
            request = await Request.read(scope, whole)
            batch = request.path == "/router/batch"
            return self._gateway.batch(request) if batch else self._gateway.answer(request)
        except GatewayError as refusal:  # the request could not even be read
            return _unread(scope, refusal)
        except ValueError as error:
            return _text(400, f"Sandbox-Fault: {error}")

    async def _nowhere(self, scope: Scope, whole: bytes) -> Reply:
        return _text(404, "calls go to /router/rest, batches to /router/batch, tokens to /token")

    async def _administer(self, scope: Scope, whole: bytes) -> Reply:
        answer = await self._administered(scope, whole)
        return evolve(answer, headers={**answer.headers, "x-content-type-options": "nosniff"})

    async def _administered(self, scope: Scope, whole: bytes) -> Reply:
        verb = scope["method"]
        try:
            sent = members(
                verb,
                scope["state"]["target"],
                ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
                whole,
                secure=scope["scheme"] == "https",
                address=self._host,
            )
        except ControlError as error:
            return _text(error.status, error.message)
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        path = scope["path"].removeprefix("/_sandbox").removeprefix("/")
        if path == "" or path.startswith("inspector/"):
            return await asyncio.to_thread(self._page, verb, path, asked, sent)
        status, found = await asyncio.to_thread(self._controls, verb, path, asked.get("app_key"), sent)
        return _json(status, found)

    def _page(self, verb: str, path: str, asked: dict[str, str], members: dict[str, Any]) -> Reply:
        try:
            return self._controls.page(verb, path, asked, members)
        except EXPECTED as error:
            return _json(*refused(error))

    async def _authorize(self, scope: Scope, whole: bytes) -> Reply:
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        app = self._gateway.applications.get(asked.get("client_id", ""))
        if app is None:
            return _text(400, "client_id is no app_key of this sandbox")
        uri = asked.get("redirect_uri", "")
        if not _ADDRESS.fullmatch(uri) or app.sessions.redirect_uri not in {None, uri}:
            return _text(400, "redirect_uri is not the registered one")
        state = {"state": asked["state"]} if "state" in asked else {}
        kind = asked.get("response_type")
        if kind == "code":
            answer = {"code": app.sessions.code(redirect_uri=uri), **state}
            mark = "&" if "?" in uri else "?"
        elif kind == "token":
            answer = app.sessions.fragment(state)
            mark = "#"
        else:
            answer = {"error": "unsupported_response_type", "error_description": "response_type must be code", **state}
            mark = "&" if "?" in uri else "?"
        return Reply(body=b"", content_type=HTML, status=302, headers={"location": f"{uri}{mark}{urlencode(answer)}"})

    async def _token(self, scope: Scope, whole: bytes) -> Reply:
        form: dict[str, str] = {}
        try:
            request = await Request.read(scope, whole)
            form = request.parameters
            status, members = 200, self._granted(request)
        except OAuthRefusal as refusal:
            status, members = 400, {"error": refusal.error, "error_description": refusal.description}
        except GatewayError as refusal:
            status, members = 400, {"error": "invalid_request", "error_description": refusal.sub_msg}
        body = json.dumps(members, separators=(",", ":")).encode()
        app = self._gateway.applications.get(form.get("client_id", ""), self._gateway.latest)
        app.journal.write(
            kind="oauth",
            at=self._gateway.clock(),
            verb=scope["method"],
            path="/token",
            method=form.get("grant_type"),
            parameters=form,
            verified=status == 200,
            sub_code=members.get("error"),
            sub_msg=members.get("error_description"),
            status=status,
            answer=body,
        )
        return Reply(body=body, content_type="application/json;charset=UTF-8", status=status)

    def _granted(self, request: Request) -> dict[str, Any]:
        if request.verb != "POST":
            raise OAuthRefusal("invalid_request", "tokens are asked for with POST")
        app = self._gateway.applications.get(request.parameters.get("client_id", ""))
        if app is None:
            raise OAuthRefusal("invalid_client", "client_id is no app_key of this sandbox")
        with app.lock:
            return app.sessions.granted(request.parameters)


def _text(status: int, text: str) -> Reply:
    return Reply(body=text.encode(), content_type="text/plain;charset=UTF-8", status=status)


def _json(status: int, found: Any) -> Reply:
    # ASCII only: a text may hold half a character, which UTF-8 cannot say
    return Reply(body=json.dumps(found).encode(), content_type="application/json", status=status)


def _unread(scope: Scope, refusal: GatewayError) -> Reply:
    members = refusal.members("unread")
    if b"format=json" in scope["query_string"]:
        return Reply(body=as_json(ERROR_ROOT, members), content_type=JSON)
    return Reply(body=as_xml(ERROR_ROOT, members), content_type=XML)


async def _played(answer: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    fault = answer.fault
    if fault is None:
        await _send(answer, scope, send)
        return
    if fault.seconds and await _gone(receive, fault.seconds):
        return
    if fault.kind == "reset":
        _reset(scope)
        await _abort(scope, receive, b"")
    elif fault.kind == "close":
        await _abort(scope, receive, b"")
    elif fault.kind == "half_body":
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {answer.content_type}\r\ncontent-length: {len(answer.body)}\r\n\r\n"
        await _abort(scope, receive, head.encode() + answer.body[: len(answer.body) // 2])
    else:
        await _send(_spoilt(answer), scope, send)


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait, no longer than the caller does; True once the caller is gone."""
    try:
        await asyncio.wait_for(receive(), seconds)
    except asyncio.TimeoutError:
        return False
    return True


def _spoilt(answer: Reply) -> Reply:
    fault = answer.fault
    assert fault is not None
    if fault.kind == "empty":
        return evolve(answer, body=b"")
    if fault.kind == "html":
        return evolve(answer, body=PAGE, content_type=HTML, status=fault.status)
    if fault.kind == "truncated":
        return evolve(answer, body=answer.body[: len(answer.body) // 2])
    if fault.kind == "control_characters":
        return evolve(answer, body=_STRING_END.sub(b'":"\x01\t\n', answer.body))
    if fault.kind == "content_type":
        return evolve(answer, content_type=HTML)
    if fault.kind == "broken_gzip":
        return evolve(answer, headers={**answer.headers, "content-encoding": "gzip"})
    if fault.kind == "huge":
        return evolve(answer, body=answer.body.ljust(fault.size))
    if fault.kind == "redirect":
        return evolve(answer, body=b"", status=302, headers={**answer.headers, "location": ELSEWHERE})
    return answer


async def _send(answer: Reply, scope: Scope, send: Send) -> None:
    body = answer.body
    headers = [(b"content-type", header_value(answer.content_type).encode())]
    headers += [(name.encode(), header_value(value).encode()) for name, value in answer.headers.items()]
    if len(body) >= COMPRESSED_FROM and "content-encoding" not in answer.headers and _takes_gzip(scope):
        body = gzip.compress(body, 1)
        headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _takes_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def _reset(scope: Scope) -> None:
    connection = scope["state"]["transport"].get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _abort(scope: Scope, receive: Receive, raw: bytes) -> None:
    """Write bytes past the HTTP layer and close the connection."""
    transport = scope["state"]["transport"]
    if raw:
        transport.write(raw)
        transport.close()
    else:
        transport.abort()
    await receive()  # tells of the end of the connection
