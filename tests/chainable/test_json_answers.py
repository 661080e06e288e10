"""A JSON response gives its data; what arrived in its place is named."""

from __future__ import annotations

import pytest

from chainable.errors import APIError, CodecError
from chainable.json_answers import read_json
from chainable.response import Response


def answer(body, status=200, **headers):
    response = Response()
    response.status_code = status
    response.label = "shop.orders.list"
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.set_content(body)
    return response


def test_the_data_is_returned_and_set():
    response = answer(b'{"a": 12345678901234567890}')

    assert read_json(response) == response.data == {"a": 12345678901234567890}


def test_a_response_without_content_has_no_data():
    assert read_json(answer(b"", 204)) is None


def test_another_type_is_read_when_it_is_expected():
    assert read_json(answer(b"[1]"), kind=list) == [1]
    assert read_json(answer(b'"now"'), kind=object) == "now"
    assert read_json(answer(b"null"), kind=object) is None


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b"", {}, "the body of the response is empty"),
        (b"[1]", {}, "JSON of the type list, dict was expected"),
        (b'{"a": ', {"Content_Type": "application/json"}, r"not JSON: .* \(application/json, 6 bytes\)"),
        (b"\xff", {}, r"not UTF-8 .* \(no content type, 1 bytes\)"),
        (
            b" <html>",
            {"Content_Type": "text/html"},
            r"a web page or XML .* \(text/html, 7 bytes\): is the address right",
        ),
    ],
)
def test_what_arrived_in_place_of_an_answer_is_named(body, headers, words):
    with pytest.raises(CodecError, match=f"^shop.orders.list: .*{words}"):
        read_json(answer(body, **headers))


@pytest.mark.parametrize(
    ("status", "body", "transient", "maybe_sent", "detail", "words"),
    [
        (302, b"", False, True, None, "redirects are not followed"),
        (400, b'{"code": "x"}', False, False, {"code": "x"}, "the request was refused"),
        (429, b"slow down", True, False, None, "try again later"),
        (502, b"<html>", True, True, None, "try again later"),
        (500, b'{"code": "x"}', True, True, {"code": "x"}, "try again later"),
    ],
)
def test_another_status_is_an_error(status, body, transient, maybe_sent, detail, words):
    with pytest.raises(APIError, match=f"^shop.orders.list: HTTP status {status} .*{words}") as caught:
        read_json(answer(body, status, Retry_After="7"))
    error = caught.value
    assert (error.code, error.status_code, error.transient, error.maybe_sent, error.detail, error.retry_after) == (
        str(status),
        status,
        transient,
        maybe_sent,
        detail,
        7.0,
    )
    assert not error.retryable


def test_a_platform_may_refuse_in_json_of_any_status():
    assert read_json(answer(b'{"error_code": "x"}', 401), any_status=True) == {"error_code": "x"}
    for body in (b"", b"<html>", b"[]"):
        with pytest.raises(APIError, match="HTTP status 503"):
            read_json(answer(body, 503), any_status=True)
