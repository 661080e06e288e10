"""The gateway of the guide: a client made of public names, and a sandbox that checks it."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal

import pytest
import requests

from chainable import APIError
from examples.toy_gateway import Toy, ToySandbox


@pytest.fixture
def sandbox():
    with ToySandbox("secret") as started:
        yield started


@pytest.fixture
def client(sandbox):
    with sandbox.client() as made:
        yield made


def test_calls_are_signed_and_answered(sandbox, client):
    created = client.shop.parcel.create(number="p1", weight=Decimal("1.50"), note={"gift": True})
    found = client.shop.parcel.get({"number": "p1"})

    assert created.data == found.data == {"number": "p1", "weight": "1.50", "state": "created"}
    fields = dict(sandbox.journal[0].parameters)
    sign = fields.pop("sign")
    message = "".join(f"{name}{fields[name]}" for name in sorted(fields))
    assert sign == hmac.new(b"secret", message.encode(), hashlib.sha256).hexdigest()
    assert {fields["app"], fields["method"], fields["note"]} == {"toy-app", "shop.parcel.create", '{"gift":true}'}


def test_a_wrong_secret_is_refused(sandbox):
    with (
        Toy("toy-app", "other", sandbox.server.origin(0)) as client,
        pytest.raises(APIError, match="code 25") as caught,
    ):
        client.shop.parcel.get(number="p1")
    assert not caught.value.maybe_sent
    assert not caught.value.transient


@pytest.mark.parametrize("name", ["shop.parcel.get", "shop.parcel.send"])
def test_what_is_unknown_is_refused(client, name):
    with pytest.raises(APIError, match="code 41"):
        client[name](number="p1")


def test_a_parcel_is_made_once(client):
    client.shop.parcel.create(number="p1")
    with pytest.raises(APIError, match="exists already"):
        client.shop.parcel.create(number="p1")


@pytest.mark.parametrize("kind", ["reset", "half_body"])
def test_a_read_is_repeated_after_a_fault_and_a_write_is_not(sandbox, client, kind):
    client.shop.parcel.create(number="p1")
    sandbox.faults.add(kind, method="shop.parcel.get")
    assert client.shop.parcel.get(number="p1").data["state"] == "created"
    assert [entry.name for entry in sandbox.journal].count("shop.parcel.get") == 2

    sandbox.faults.add(kind, method="shop.parcel.create", executed=True)
    with pytest.raises(requests.RequestException) as caught:
        client.shop.parcel.create(number="p2")
    assert caught.value.maybe_sent
    assert len(sandbox.journal.of("shop.parcel.create")) == 2
    assert client.shop.parcel.get(number="p2").data["state"] == "created"


def test_a_ban_is_waited_for(sandbox, client):
    sandbox.faults.add("error", code=7, message="this ban will last for 1 more second", match={"number": "p1"})
    assert client.shop.parcel.create(number="p1").data["number"] == "p1"
    assert [entry.answer["code"] for entry in sandbox.journal] == [7, 0]
    assert sandbox.journal[0].volume > 0


def test_a_slow_answer_meets_the_timeout_of_the_call(sandbox, client):
    sandbox.faults.add("latency", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        client.shop.parcel.create(number="p1", timeout=0.1, retries=0)


def test_a_file_is_refused(client):
    with pytest.raises(TypeError, match="takes no files"):
        client.shop.parcel.create(label=b"x")


def test_a_refused_fault_says_how_it_is_written(sandbox):
    with pytest.raises(ValueError, match=r"kind: 'rest' is not a fault.*reset"):
        sandbox.faults.add("rest")
