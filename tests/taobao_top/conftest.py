"""Fixtures of TOP's tests: a client with a fixed clock, and a mocked gateway."""

from __future__ import annotations

import json
import time
from datetime import datetime
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from chainable.times import BEIJING
from taobao_top import TaobaoTop
from taobao_top.response_parsing import root_name

GATEWAY = "https://gw.api.taobao.com/router/rest"
NOON = datetime(2026, 1, 1, 12, tzinfo=BEIJING).timestamp()


class Gateway:
    """The received requests, decoded, and the next responses."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock

    def answers(self, *bodies, status=200, headers=None, url=GATEWAY):
        """
        Answer the next calls with these: objects as JSON, text and bytes as they are.

        The root ``x_response`` stands for the root of the called method.
        """
        for body in bodies:
            if isinstance(body, Exception):
                self.mock.post(url, body=body)
                continue
            if isinstance(body, dict) and body.keys() == {"x_response"}:
                self.mock.add_callback("POST", url, partial(self._rooted, body["x_response"], status, headers or {}))
                continue
            raw = body if isinstance(body, str | bytes) else json.dumps(body)
            self.mock.post(url, body=raw, status=status, headers=headers)

    @staticmethod
    def _rooted(members, status, headers, request):
        query = dict(parse_qsl(urlsplit(request.url).query))
        method = query.get("method") or dict(parse_qsl(request.body.decode())).get("method", "x")
        return status, headers, json.dumps({root_name(method): members})

    def refuses(self, *errors):
        """Answer the next calls with these members of an error_response."""
        self.answers(*({"error_response": {"request_id": "req1"} | error} for error in errors))

    @property
    def requests(self):
        return [call.request for call in self.mock.calls]

    @property
    def forms(self):
        """The form of every request that came."""
        return [dict(parse_qsl(request.body.decode(), keep_blank_values=True)) for request in self.requests]

    @property
    def form(self):
        """The form of the one request that came."""
        (form,) = self.forms
        return form

    @property
    def query(self):
        """The query of the one request that came."""
        (request,) = self.requests
        return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


@pytest.fixture
def in_zone(monkeypatch):
    """Let the machine stand elsewhere."""

    def move(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def gateway():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Gateway(mock)


@pytest.fixture
def waits():
    """The seconds the client would have slept between attempts."""
    return []


@pytest.fixture
def make_top(waits):
    """Make a client; its attempts do not wait."""
    made = []

    def make(**settings):
        top = TaobaoTop(**{"app_key": "12345678", "app_secret": "s3cret-app", "clock": lambda: NOON} | settings)
        object.__setattr__(top._pipeline, "sleep", waits.append)
        object.__setattr__(top._pipeline, "jitter", lambda: 1.0)
        made.append(top)
        return top

    yield make
    for top in made:
        top.close()


@pytest.fixture
def top(make_top):
    return make_top()
