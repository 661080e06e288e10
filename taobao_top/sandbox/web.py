"""The addresses of the sandbox: calls, batches, authorisation, the controls, the message channel."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from attrs import evolve

from chainable.i18n import Words
from chainable.sandbox.control_api import PREFIX
from chainable.sandbox.http import Reply
from taobao_top.sandbox.control_api import as_text
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.faults import HTML
from taobao_top.sandbox.gateway import QIMEN
from taobao_top.sandbox.request import TopRequest, asked, path_of
from taobao_top.sandbox.response_encoding import ERROR_ROOT, JSON, XML, as_json, as_xml
from taobao_top.sandbox.sessions import OAuthRefusal
from taobao_top.sandbox.tmc_connection import TmcConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chainable.sandbox.http import Request
    from chainable.sandbox.websocket import WebSocket
    from taobao_top.sandbox.control_api import ControlApi
    from taobao_top.sandbox.gateway import Gateway

__all__ = ["Web"]

COMPRESSED_FROM = 512
"""Smaller answers are not worth compressing, bytes."""

_ADDRESS = re.compile(r"[!-~]+")


class Web:
    """Answers every request: calls by the gateway, ``/_sandbox/…`` by the controls."""

    def __init__(self, gateway: Gateway, controls: ControlApi) -> None:
        self._gateway = gateway
        self._controls = controls
        self._places: dict[str, Callable[[Request], Reply]] = {
            "/router/rest": self._call,
            "/top/router/rest": self._call,
            QIMEN: self._call,
            "/router/batch": self._call,
            "/authorize": self._authorize,
            "/token": self._token,
        }

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        """Answer one request; those to the controls, which may call other servers, in another thread."""
        if (request.header("upgrade") or "").lower() == "websocket":
            return Reply(channel=self._serve)
        path = path_of(request)
        is_control = path.split("/", 2)[1:2] == [PREFIX]
        if len(request.body) > self._gateway.max_body:
            return _too_large(self._gateway.max_body, is_control)
        if is_control:
            return asyncio.to_thread(self._finished, request, self._controls.handle)
        return self._finished(request, self._places.get(path, _nowhere))

    async def _serve(self, channel: WebSocket) -> None:
        await TmcConnection(channel, self._gateway.applications.get, self._gateway.random).serve()

    def _finished(self, request: Request, place: Callable[[Request], Reply]) -> Reply:
        """Return the response of a place with its date, compressed if the client takes that."""
        answer = place(request)
        names = {name for name, _ in answer.headers}
        if "date" not in names:
            answer = answer.with_headers({"date": formatdate(self._gateway.clock(), usegmt=True)})
        if len(answer.body) < COMPRESSED_FROM or "content-encoding" in names or answer.cut or not _takes_gzip(request):
            return answer
        zipped = {"content-encoding": "gzip", "vary": "accept-encoding"}
        return evolve(answer, body=gzip.compress(answer.body, 1)).with_headers(zipped)

    def _call(self, request: Request) -> Reply:
        try:
            call = TopRequest.read(request)
            return self._gateway.batch(call) if call.path == "/router/batch" else self._gateway.answer(call)
        except GatewayError as refusal:  # the request could not even be read
            members = refusal.members("unread")
            if "format=json" in request.query_string:
                return Reply(body=as_json(ERROR_ROOT, members), content_type=JSON)
            return Reply(body=as_xml(ERROR_ROOT, members), content_type=XML)
        except ValueError as error:
            return as_text(400, f"Sandbox-Fault: {error}")

    def _authorize(self, request: Request) -> Reply:
        given = asked(request)
        app = self._gateway.applications.get(given.get("client_id", ""))
        if app is None:
            return as_text(400, "client_id is no app_key of this sandbox")
        uri = given.get("redirect_uri", "")
        if not _ADDRESS.fullmatch(uri) or app.sessions.redirect_uri not in {None, uri}:
            return as_text(400, "redirect_uri is not the registered one")
        state = {"state": given["state"]} if "state" in given else {}
        kind = given.get("response_type")
        mark = "&" if "?" in uri else "?"
        if kind == "code":
            answer = {"code": app.sessions.code(redirect_uri=uri), **state}
        elif kind == "token":
            answer = app.sessions.fragment(state)
            mark = "#"
        else:
            answer = {"error": "unsupported_response_type", "error_description": "response_type must be code", **state}
        return Reply(content_type=HTML, status=302, headers=(("location", f"{uri}{mark}{urlencode(answer)}"),))

    def _token(self, request: Request) -> Reply:
        form: dict[str, str] = {}
        try:
            call = TopRequest.read(request)
            form = call.parameters
            status, members = 200, self._granted(call)
        except OAuthRefusal as refusal:
            status, members = 400, {"error": refusal.error, "error_description": refusal.description}
        except GatewayError as refusal:
            status, members = 400, {"error": "invalid_request", "error_description": refusal.sub_msg}
        body = json.dumps(members, separators=(",", ":")).encode()
        app = self._gateway.applications.get(form.get("client_id", ""), self._gateway.latest)
        app.journal.write(
            kind="oauth",
            at=app.clock(),
            verb=request.method,
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

    def _granted(self, request: TopRequest) -> dict[str, Any]:
        if request.verb != "POST":
            raise OAuthRefusal("invalid_request", "tokens are asked for with POST")
        app = self._gateway.applications.get(request.parameters.get("client_id", ""))
        if app is None:
            raise OAuthRefusal("invalid_client", "client_id is no app_key of this sandbox")
        with app.lock:
            return app.sessions.granted(request.parameters)


def _too_large(limit: int, is_control: bool) -> Reply:
    text = Words(f"the body is larger than {limit} bytes", f"请求体超过 {limit} 字节")
    if is_control:
        return Reply(body=json.dumps({"error": text, "zh": text.zh}).encode(), status=413)
    return as_text(413, text)


def _nowhere(request: Request) -> Reply:
    return as_text(404, "calls go to /router/rest, batches to /router/batch, tokens to /token")


def _takes_gzip(request: Request) -> bool:
    return any(name == "accept-encoding" and "gzip" in value for name, value in request.headers)
