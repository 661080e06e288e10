"""Files over a connection that breaks: whole and checked, or as before; the URL's client goes on."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
import time
from typing import Any

import pytest
import requests

from chainable.errors import ChainableError, SignatureError
from tests.chainable.fault_server import reset
from wechatpay.sandbox import Sandbox

BILL = "交易时间,公众账号ID\r\n".encode() + b"`2026-01-01 10:00:00,`wx1\r\n" * 20_000
PACKED = gzip.compress(os.urandom(60_000) + BILL)
ENDED = threading.Event()


def head(length: int | None, *more: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", *more, "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def then_reset(data: bytes) -> Any:
    def step(connection: Any) -> None:
        connection.sendall(data)
        time.sleep(0.02)
        reset(connection)

    return step


def then_close(data: bytes) -> Any:
    def step(connection: Any) -> None:
        connection.sendall(data)
        connection.close()

    return step


def drip(connection: Any) -> None:
    connection.sendall(head(len(BILL)))
    while not ENDED.wait(0.02):
        connection.sendall(b"`")


FAULTS = {
    "reset before headers": reset,
    "reset in the body": then_reset(head(len(BILL)) + BILL[:300_000]),
    "closed in the body": then_close(head(len(BILL)) + BILL[:300_000]),
    "a chunk cut": then_close(head(None) + b"fff\r\nabc"),
    "no last chunk": then_close(head(None) + b"3\r\nabc\r\n"),
    "a chunk without size": then_close(head(None) + b"zz\r\nabc\r\n"),
    "a slow drip": drip,
    "truncated gzip": then_close(head(len(PACKED) - 20) + PACKED[:-20]),
    "truncated gzip of the transfer": then_close(head(len(PACKED) - 20, "Content-Encoding: gzip") + PACKED[:-20]),
    "a wrong hash": then_close(head(3) + b"abc"),
    "a length too short": then_close(head(len(BILL) - 10) + BILL),
    "a length too long": then_close(head(len(BILL) + 10) + BILL),
    "an empty file": then_close(head(0)),
    "503": then_close(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
}


@pytest.fixture
def kept(tmp_path):
    """Yesterday's bill in the place of today's: it stays, alone."""
    path = tmp_path / "bill.csv"
    path.write_bytes(b"yesterday")
    return path


def apply(client: Any) -> Any:
    return client.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})


@pytest.fixture
def bank(gateway, serve, make_client):
    """A client with an application whose URL leads to these steps."""

    def open_(*steps: Any, **settings: Any) -> Any:
        files = serve(*steps)
        result = {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(BILL).hexdigest(),
            "download_url": f"{files.url}v3/billdownload/file?token=x",
        }
        # One host for both: the client asks no other for its files.
        first = gateway.answer(json.dumps(result).encode())

        def application(connection: Any) -> None:
            connection.sendall(first)

        front = serve(application)
        client = make_client(front.url, backup_url=files.url, **{"retries": 0} | settings)
        return client, files

    yield open_
    ENDED.clear()


@pytest.mark.parametrize("fault", list(FAULTS))
def test_nothing_half_written(bank, kept, fault):
    """The error is of a documented class, the old file stands, no part lies beside it."""
    client, files = bank(FAULTS[fault])

    result = apply(client)
    if fault == "a slow drip":
        object.__setattr__(client.settings, "deadline", 0.5)
    with pytest.raises((requests.RequestException, SignatureError)) as caught:
        client.download(result, kept)
    ENDED.set()

    assert isinstance(caught.value, SignatureError) or caught.value.maybe_sent in {True, False}
    assert kept.read_bytes() == b"yesterday"
    assert os.listdir(kept.parent) == ["bill.csv"]
    assert len(files.requests) == 1 or fault == "a slow drip"  # which may end before it begins


def order(client: Any, number: str) -> dict[str, Any]:
    return {
        "appid": "wxd678efh567hg6787",
        "mchid": client.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 100},
    }


RETRIED = [
    name for name in FAULTS if name not in {"a wrong hash", "a slow drip", "a length too short", "an empty file"}
]


@pytest.mark.parametrize("fault", RETRIED)
def test_broken_then_fine(bank, gateway, kept, fault):
    """The next attempt starts anew, signed anew."""
    client, files = bank(FAULTS[fault], head(len(BILL)) + BILL, retries=1)

    saved = client.download(apply(client), kept)

    assert saved.verified
    assert kept.read_bytes() == BILL
    assert len(files.requests) == 2
    assert len(set(gateway.nonces)) == len(gateway.nonces) == 3


def test_the_platform_in_pieces(tmp_path):
    """The sandbox's own bill, over faults of its own, then whole."""
    with Sandbox() as sandbox:
        client = sandbox.client(retries=2)
        client.v3.pay.transactions.native.post(json=order(client, "order001"))
        sandbox.pay("order001")
        day = sandbox.context.day()
        sandbox.clock.advance(days=2)
        for kind in ("reset", "half_body", "reset-body"):
            sandbox.faults.add(kind, operation="GET /v3/billdownload/file", times=1)
            result = client.v3.bill.tradebill.get(params={"bill_date": day})
            assert client.download(result, tmp_path / "bill.csv").verified
        assert os.listdir(tmp_path) == ["bill.csv"]


def test_orders_on_a_platform_that_breaks_after_the_deed():
    """Reset after the order was made: the repetition meets its own order, and there is one."""
    with Sandbox() as sandbox:
        client = sandbox.client(retries=3)
        for number, kind in enumerate(["reset", "half_body", "reset-body", "close"]):
            sandbox.faults.add(kind, operation="*transactions/native", times=1, executed=True)
            answer = client.v3.pay.transactions.native.post(json=order(client, f"order00{number}"))
            assert answer.data["code_url"]
        sent = [entry.authorization["nonce_str"] for entry in sandbox.journal]
        assert len(set(sent)) == len(sent) == 8

        # Signatures that are wrong: never repeated, for the platform did answer.
        for kind, reason in {"bad-signature": "mismatch", "unknown-serial": "unknown_key", "stale": "stale"}.items():
            sandbox.faults.add(kind, operation="*transactions/native", times=1)
            with pytest.raises(ChainableError) as caught:
                client.v3.pay.transactions.native.post(json=order(client, f"order-{reason}"))
            assert caught.value.reason == reason
