"""A client of APIv2 and a platform that signs with the same key."""

from __future__ import annotations

import itertools
import re

import pytest
import responses

from chainable.masking import Secret
from wechatpay import WeChatPay
from wechatpay.apiv2.signing import signature
from wechatpay.xml import XML

SECRET = "0123456789abcdef0123456789ABCDEF"
HOST = "https://api.mch.weixin.qq.com"


class KnowingClient(WeChatPay):
    """A client whose catalogue is the test's."""

    known: dict = {}

    def operation(self, key):
        return self.known.get(key)


class Platform:
    """Answers as told, remembers what came."""

    def __init__(self, mock):
        self.mock = mock
        self.answers = []
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return self.answers.pop(0)

    def answer(self, fields, *, status=200, sign="MD5", secret=SECRET, headers=None):
        if sign:
            fields = {**fields, "sign": signature(sign, fields, Secret(secret))}
        self.answer_bytes(XML.encode(fields), status=status, headers=headers)

    def answer_bytes(self, body, *, status=200, headers=None):
        self.answers.append((status, {"Request-ID": "08F-268443699", **(headers or {})}, body))

    @property
    def received(self):
        return [XML.decode(request.body) for request in self.requests]


@pytest.fixture
def platform():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        platform = Platform(mock)
        for method in ("GET", "POST"):
            mock.add_callback(method, re.compile("https://.*"), callback=platform)
        yield platform


@pytest.fixture
def make_client():
    """Make clients that are closed at the end; nonces count."""
    made = []

    def make(known=None, **options):
        numbers = itertools.count(1)
        options = {
            "mchid": "1900000109",
            "secret": SECRET,
            "clock": lambda: 1700000000.0,
            "nonce": lambda: f"nonce{next(numbers)}",
            **options,
        }
        client = KnowingClient(**options)
        client.known = known or {}
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()
