"""``Client.call`` builds calls with the defaults of the client."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import responses

from chainable import FORM, APIError, Call, CallOptions, Client, CodecError, PathRoot

URL = "https://gateway.example/orders"


class Gateway(PathRoot, Client):
    def __init__(self, **options: Any) -> None:
        super().__init__(logger=logging.getLogger("gateway"), **options)

    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        return self.call(verb, path.label(), URL, **keywords)


@pytest.fixture
def client():
    with Gateway(timeout=(1, 2), retries=5, deadline=40) as made:
        yield made


def test_the_options_of_the_client_fill_a_call(client):
    call = client.call("GET", "orders", URL)

    assert (call.verb, call.label, call.urls) == ("GET", "orders", (URL,))
    assert (call.timeout, call.retries, call.deadline) == ((1.0, 2.0), 5, 40.0)
    assert (call.stream, call.verify, call.headers, call.body) == (False, None, {}, None)


def test_the_options_of_a_call_come_first(client):
    options = CallOptions((3.0, 4.0), 0, 9.0, {"x-a": "call", "X-B": "b"}, False, False)

    call = client.call("POST", "orders", [URL, "https://backup.example/"], options=options, headers={"X-A": "gateway"})

    assert (call.timeout, call.retries, call.deadline, call.verify) == ((3.0, 4.0), 0, 9.0, False)
    assert call.headers == {"x-a": "call", "X-B": "b"}
    assert call.urls == (URL, "https://backup.example/")


def test_only_reads_are_repeatable_unless_somebody_says_so(client):
    def repeatable(verb, given=None, of_call=None):
        return client.call(verb, "x", URL, repeatable=given, options=CallOptions(repeatable=of_call)).repeatable

    assert [repeatable("GET"), repeatable("POST"), repeatable("POST", True), repeatable("GET", False)] == [
        True,
        False,
        True,
        False,
    ]
    assert [repeatable("POST", False, True), repeatable("GET", True, False)] == [True, False]


def test_the_content_type_is_that_of_the_codec(client):
    assert client.call("POST", "x", URL, codec=FORM).headers == {"Content-Type": FORM.content_type}
    other = client.call("POST", "x", URL, codec=FORM, headers={"content-type": "text/plain"})
    assert other.headers == {"content-type": "text/plain"}


def test_everything_else_reaches_the_call(client):
    given = {
        "body": b"b",
        "parameters": {"a": "b"},
        "codec": FORM,
        "signed_body": b"s",
        "unsigned": True,
        "foreign": True,
        "certificate": ("cert", "key"),
        "signer": object(),
        "verifier": object(),
    }

    call = client.call("POST", "x", URL, **given)

    assert {name: getattr(call, name) for name in given} == given


def test_json_is_read_by_default(client):
    with responses.RequestsMock() as mock:
        mock.get(URL, '{"a": 1}')
        assert client.v1.orders.get().data == {"a": 1}
        mock.post(URL, "<html>")
        with pytest.raises(CodecError, match="a web page") as caught:
            client.v1.orders.post()
        assert caught.value.maybe_sent


def test_a_call_may_be_run_without_a_chain(client):
    with responses.RequestsMock() as mock:
        mock.get(URL, '{"a": 1}')
        assert client.run(client.call("GET", "orders", URL)).data == {"a": 1}
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.run(client.call("GET", "orders", URL))


def test_a_streamed_answer_is_left_unread_and_a_refusal_is_raised(client):
    options = CallOptions(stream=True)
    read = []
    with responses.RequestsMock() as mock:
        mock.get(URL, "a,b")
        response = client.v1.bill.get(options=options)
        assert response.data is None
        assert b"".join(response.iter_content(1)) == b"a,b"
        mock.get(URL, "", status=404)
        with pytest.raises(APIError, match="HTTP status 404"):
            client.v1.bill.get(options=options)
        mock.get(URL, "", status=404)
        client.v1.bill.get(options=options, parse=lambda response: read.append(response) or response)
    assert [response.status_code for response in read] == [404]
