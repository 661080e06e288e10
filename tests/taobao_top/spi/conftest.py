"""Calls as the platform makes them, signed here with hashlib alone."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import quote, quote_plus

import pytest

from chainable.times import BEIJING

NOON = datetime(2026, 1, 1, 12, tzinfo=BEIJING).timestamp()


class PlatformCall:
    """One call of the platform: url, headers, body."""

    def __init__(self, url, headers, body):
        self.url = url
        self.headers = headers
        self.body = body

    @property
    def target(self):
        return self.url.removeprefix("https://shop.example")


def platform_call(
    query=None,
    *,
    form=None,
    body=None,
    content_type=None,
    headers=None,
    secret="s3cret-app",
    charset="utf-8",
    at="2026-01-01 12:00:00",
    raw="",
):
    query = {
        "method": "taobao.sandbox.stock.query",
        "app_key": "12345678",
        "timestamp": at,
        "sign_method": "hmac-sha256",
    } | (query or {})
    query = {name: value for name, value in query.items() if value is not None}
    signed = query | {name: value for name, value in (form or {}).items() if name not in query} | (headers or {})
    text = "".join(name + signed[name] for name in sorted(signed)).encode(charset)
    covered = body if body is not None and content_type and not content_type.startswith("multipart") else b""
    digest = hashlib.md5(secret.encode() + text + covered + secret.encode()).hexdigest().upper()
    encoded = "&".join(
        f"{quote_plus(name, encoding=charset)}={quote_plus(value, encoding=charset)}" for name, value in query.items()
    )
    sent = {name: quote(value) for name, value in (headers or {}).items()}
    if headers:
        sent["top-sign-list"] = ", ".join([*headers, ""])
    if form is not None:
        content_type = content_type or "application/x-www-form-urlencoded"
        body = "&".join(
            f"{quote_plus(name, encoding=charset)}={quote_plus(value, encoding=charset)}"
            for name, value in form.items()
        ).encode()
    if content_type:
        sent["Content-Type"] = content_type
    return PlatformCall(f"https://shop.example/spi?{encoded}{raw}&sign={digest}", sent, body or b"")


@pytest.fixture
def call():
    return platform_call
