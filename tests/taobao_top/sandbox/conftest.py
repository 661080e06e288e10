"""Fixtures of the sandbox's tests: a caller that signs by the documented rules, without the client's code."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
import requests

from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]


class Caller:
    """Calls a sandbox over real sockets."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False

    def parameters(self, method=None, *, at=None, **changes):
        """The text parameters of a call, public ones and the signature among them; None takes one away."""
        moment = datetime.fromtimestamp(
            self.sandbox.application.clock() if at is None else at, timezone(timedelta(hours=8))
        )
        given = {
            "method": method,
            "app_key": self.sandbox.account.app_key,
            "timestamp": moment.strftime("%Y-%m-%d %H:%M:%S"),
            "v": "2.0",
            "sign_method": "hmac-sha256",
            "format": "json",
        } | changes
        return {name: value for name, value in given.items() if value is not None}

    def sign(self, given, body=b"", secret=None):
        text = "".join(name + given[name] for name in sorted(given)).encode() + body
        key = (secret or self.sandbox.account.app_secret).encode()
        match given["sign_method"]:
            case "md5":
                return hashlib.md5(key + text + key).hexdigest().upper()
            case "hmac":
                return hmac.new(key, text, hashlib.md5).hexdigest().upper()
            case _:
                return hmac.new(key, text, hashlib.sha256).hexdigest().upper()

    def raw(self, method=None, *, verb="POST", url=None, body=None, files=None, headers=None, secret=None, sign=None,
            query=False, after=None, **changes):  # fmt: skip
        """Send a call; ``after`` changes parameters once they are signed."""
        given = self.parameters(method, **changes)
        given["sign"] = sign or self.sign(given, body or b"", secret)
        given |= after or {}
        url = url or self.sandbox.gateway
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json;charset=utf-8")
            return self.http.post(url, params=given, data=body, headers=headers)
        if verb != "POST" or query:
            return self.http.request(verb, url, params=given, headers=headers)
        return self.http.post(url, data=given, files=files, headers=headers, allow_redirects=False)

    def __call__(self, method, **options):
        """The inside of a JSON answer."""
        ((name, inside),) = self.raw(method, **options).json().items()
        inside["root"] = name
        return inside

    def refused(self, method, **options):
        """The inside of an ``error_response``."""
        return self.raw(method, **options).json()["error_response"]

    def seller(self, method, **options):
        """As calling, with the seller's session."""
        return self(method, session=self.sandbox.account.session, **options)

    def batch(self, *items, public=None, separator="\r\n-S-\r\n", headers=None, body=None, **changes):
        parts = [item if isinstance(item, str) else urlencode(item) for item in items]
        if public is not None:
            parts.insert(0, "#PUBLIC#" + urlencode(public))
        body = separator.join(parts).encode() if body is None else body
        url = self.sandbox.origin + "/router/batch"
        headers = {"Content-Type": "text/plain;charset=UTF-8"} | (headers or {})
        answer = self.raw(None, url=url, body=body, headers=headers, **changes)
        return [json.loads(part) for part in answer.text.split(separator)]


@pytest.fixture
def sandbox(taobao_sandbox):
    return taobao_sandbox


@pytest.fixture
def stopped(sandbox):
    """The sandbox with a clock that only advance() moves."""
    clock = sandbox.application.clock
    now = clock()
    clock._base = lambda: now
    return sandbox


@pytest.fixture
def call(sandbox):
    caller = Caller(sandbox)
    yield caller
    caller.http.close()
