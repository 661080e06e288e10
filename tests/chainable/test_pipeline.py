"""Attempts: what is repeated, what never is, what is told of each."""

from __future__ import annotations

import logging
import pickle
import random
import socket
import ssl
import time
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from chainable import APIError, Call, CodecError, Response, SignatureError
from chainable.errors import ChainableError
from chainable.pipeline import Pipeline
from chainable.signing import Signer


def answered(status: int = 200, body: bytes = b"ok", headers: dict[str, str] | None = None) -> Response[Any]:
    response: Response[Any] = Response()
    response.status_code = status
    response._content = body
    response._content_consumed = True
    response.headers = CaseInsensitiveDict(headers or {})
    return response


def unsent(error: requests.RequestException) -> requests.RequestException:
    """Mark a failure as a transport does that knows that nothing left."""
    error.maybe_sent = False
    return error


def refused() -> requests.RequestException:
    return unsent(
        requests.ConnectionError(
            MaxRetryError(None, "/v3/x?openid=SECRET", NewConnectionError(None, "[Errno 111] Connection refused"))
        )
    )


def reset() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer")))


class Script:
    """A transport that answers by a list: responses are given, errors raised."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Any] = []
        self.timeouts: list[Any] = []

    def send(self, request: Any, **options: Any) -> Any:
        self.requests.append(request)
        self.timeouts.append(options["timeout"])
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        outcome.request = request
        return outcome


class Counting(Signer):
    """Signs with the number of the attempt."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        self.count += 1
        r.headers["Authorization"] = str(self.count)
        return r


def a_call(**changes: Any) -> Call:
    return Call(
        **{
            "verb": "POST",
            "label": "v3/x/{id}",
            "urls": ("https://a.example/v3/x/SECRET",),
            "headers": {},
            "body": b"{}",
            "signer": Counting(),
            "verifier": None,
            "answer": lambda response: response,
            "retries": 3,
        }
        | changes
    )


def run(call: Call, *outcomes: Any, **options: Any) -> tuple[Any, Script, list[float]]:
    script = Script(*outcomes)
    slept: list[float] = []
    options = {"chance": lambda: 0.5} | options
    pipeline = Pipeline(script, logging.getLogger("pipeline"), sleep=slept.append, **options)
    try:
        result: Any = pipeline.run(call)
    except (requests.RequestException, ChainableError) as error:
        result = error
    return result, script, slept


class TestRepeats:
    def test_an_answer_ends_the_call(self):
        result, script, slept = run(a_call(), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 1
        assert slept == []

    @pytest.mark.parametrize(
        "error", [reset(), requests.ReadTimeout("late"), requests.exceptions.ChunkedEncodingError("cut")]
    )
    def test_an_unknown_outcome_is_not_repeated(self, error):
        result, script, _ = run(a_call(), error)

        assert type(result) is type(error)
        assert result.maybe_sent
        assert len(script.requests) == 1

    def test_an_unknown_outcome_is_repeated_where_that_is_safe_each_time_signed_anew(self):
        result, script, slept = run(a_call(repeatable=True), reset(), requests.ReadTimeout("late"), answered())

        assert result.content == b"ok"
        assert [request.headers["Authorization"] for request in script.requests] == ["1", "2", "3"]
        assert slept == [0.25, 0.5]

    def test_the_retries_end(self):
        result, script, _ = run(a_call(repeatable=True, retries=1), reset(), reset())

        assert isinstance(result, requests.ConnectionError)
        assert len(script.requests) == 2

    def test_nothing_sent_goes_to_the_other_host_at_once_and_round_again(self):
        urls = ("https://a.example/", "https://b.example/")
        result, script, slept = run(a_call(urls=urls), refused(), refused(), answered())

        assert result.content == b"ok"
        assert [request.url for request in script.requests] == [urls[0], urls[1], urls[0]]
        assert slept == [0.0, 0.5]

    def test_a_reset_while_connecting_is_nothing_sent(self):
        result, script, _ = run(a_call(), unsent(reset()), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 2

    def test_a_failure_that_the_transport_does_not_mark_is_maybe_sent(self):
        error = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))
        result, script, _ = run(a_call(), error)

        assert result.maybe_sent
        assert len(script.requests) == 1

    def test_an_attempt_that_sent_nothing_does_not_deny_an_earlier_one(self):
        result, script, _ = run(a_call(repeatable=True, retries=2), reset(), refused(), refused())

        assert len(script.requests) == 3
        assert result.maybe_sent
        assert "nothing was sent" not in str(result)

    def test_another_host_is_tried_after_an_unknown_outcome_only_where_repeating_is_safe(self):
        urls = ("https://a.example/", "https://b.example/")
        result, script, _ = run(a_call(urls=urls, repeatable=True), reset(), refused(), answered())

        assert result.content == b"ok"
        assert [request.url for request in script.requests] == [urls[0], urls[0], urls[1]]

    def test_a_refusal_does_not_deny_an_earlier_attempt(self):
        def answer(response):
            raise APIError("no", maybe_sent=False, status_code=401)

        result, _, _ = run(a_call(repeatable=True, answer=answer), reset(), answered(401))

        assert isinstance(result, APIError)
        assert result.maybe_sent

    def test_an_answer_that_cannot_be_read_was_maybe_sent(self):
        def answer(response):
            raise CodecError("no JSON")

        result, _, _ = run(a_call(answer=answer), answered())

        assert isinstance(result, CodecError)
        assert result.maybe_sent

    def test_a_request_that_cannot_be_signed_was_not_sent(self):
        class Broken(Counting):
            def __call__(self, r):
                raise CodecError("no")

        result, _, _ = run(a_call(signer=Broken()))

        assert result.maybe_sent is False

    def test_a_deadline_that_passes_while_the_signer_works_sends_nothing(self):
        class Slow(Counting):
            def __call__(self, r):
                time.sleep(0.1)
                return super().__call__(r)

        result, script, _ = run(a_call(signer=Slow(), deadline=0.05), answered())

        assert isinstance(result, requests.Timeout)
        assert result.maybe_sent is False
        assert script.requests == []

    def test_a_signer_that_fails_does_not_deny_an_earlier_attempt(self):
        class Remote(Counting):
            def __call__(self, r):
                if self.count:
                    raise requests.ConnectionError("the signing service is gone")
                return super().__call__(r)

        result, script, _ = run(a_call(signer=Remote(), repeatable=True, retries=1), reset())

        assert len(script.requests) == 1
        assert result.maybe_sent

    def test_a_network_error_of_the_users_own_class_is_raised_as_requests_class(self):
        class Own(requests.ReadTimeout):
            def __init__(self, code, *, request=None):
                super().__init__(str(code), request=request)

        result, _, _ = run(a_call(), Own(7))

        assert type(result) is requests.ReadTimeout

    def test_a_certificate_that_is_not_trusted_is_never_repeated(self):
        error = requests.exceptions.SSLError(MaxRetryError(None, "/", ssl.SSLCertVerificationError(1, "self-signed")))
        result, script, _ = run(
            a_call(urls=("https://a.example/", "https://b.example/"), repeatable=True), unsent(error)
        )

        assert len(script.requests) == 1
        assert not result.maybe_sent
        assert "verify=" in str(result)

    def test_a_refusal_is_repeated_only_where_both_sides_allow_it(self):
        def answer(response):
            raise APIError("busy", retryable=True, status_code=500)

        never, once, _ = run(a_call(answer=answer), answered(500))
        again, often, _ = run(a_call(answer=answer, repeatable=True), *[answered(500)] * 4)

        assert isinstance(never, APIError)
        assert len(once.requests) == 1
        assert isinstance(again, APIError)
        assert len(often.requests) == 4

    def test_what_was_refused_before_it_was_done_is_repeated_for_any_call(self):
        outcomes = [APIError("limit", retryable=True, maybe_sent=False, retry_after=2.0), None]

        def answer(response):
            error = outcomes.pop(0)
            if error:
                raise error
            return response

        result, script, slept = run(a_call(answer=answer), answered(), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 2
        assert slept == [2.0]

    @pytest.mark.parametrize(
        "error", [APIError("no", retryable=False), APIError("top up", retryable=True, transient=False)]
    )
    def test_a_lasting_refusal_is_not_repeated(self, error):
        def answer(response):
            raise error

        _, script, _ = run(a_call(answer=answer, repeatable=True), answered())

        assert len(script.requests) == 1

    def test_a_long_pause_is_told_not_waited(self):
        def answer(response):
            raise APIError("ban", retryable=True, retry_after=31062.0)

        result, script, slept = run(a_call(answer=answer, repeatable=True), answered())

        assert result.retry_after == 31062.0
        assert (len(script.requests), slept) == (1, [])

    def test_the_waits_are_no_part_of_the_programs_chance(self):
        """A seed of the program's makes no two processes wait alike, and no wait takes a number from its sequence."""
        waits = []
        for _ in range(2):
            random.seed(20261121)
            before = random.getstate()
            _, _, slept = run(a_call(repeatable=True), reset(), answered(), chance=Pipeline(None, None).chance)
            assert random.getstate() == before
            waits += slept
        assert len(set(waits)) == 2

    def test_the_deadline_ends_the_repeats(self):
        result, script, slept = run(a_call(repeatable=True, deadline=0.1), reset())

        assert isinstance(result, requests.ConnectionError)
        assert slept == []
        assert script.timeouts[0][0] <= 0.1

    def test_a_forged_answer_is_not_repeated(self):
        class Never:
            def verify(self, response):
                raise SignatureError("forged")

        result, script, _ = run(a_call(verifier=Never(), repeatable=True), answered())

        assert isinstance(result, SignatureError)
        assert len(script.requests) == 1


class TestVerification:
    class Missing:
        def verify(self, response):
            raise SignatureError("no signature", reason="missing")

    class Right:
        def verify(self, response):
            return None

    def test_a_good_answer_without_signature_is_forged(self):
        assert isinstance(run(a_call(verifier=self.Missing()), answered())[0], SignatureError)

    def test_an_error_without_signature_is_told_as_unverified(self):
        result, *_ = run(a_call(verifier=self.Missing()), answered(502))

        assert not result.verified

    def test_a_right_signature_is_told(self):
        assert run(a_call(verifier=self.Right()), answered())[0].verified

    @pytest.mark.parametrize("change", [{"unsigned": True}, {"stream": True}])
    def test_where_the_platform_does_not_sign_nothing_is_checked(self, change):
        assert not run(a_call(verifier=self.Missing(), **change), answered())[0].verified

    def test_errors_of_unsigned_answers_are_checked_all_the_same(self):
        assert run(a_call(verifier=self.Right(), unsigned=True), answered(400))[0].verified


class TestRequest:
    def test_the_length_is_that_of_the_signed_body(self):
        class Text(Signer):
            def __call__(self, r):
                r.body = "值"
                return r

        _, script, _ = run(a_call(signer=Text()), answered())

        assert script.requests[0].body == "值".encode()
        assert script.requests[0].headers["Content-Length"] == "3"

    def test_no_body_has_no_length_but_for_posts(self):
        _, get, _ = run(a_call(verb="GET", body=None, signer=None), answered())
        _, post, _ = run(a_call(body=None), answered())

        assert "Content-Length" not in get.requests[0].headers
        assert post.requests[0].headers["Content-Length"] == "0"

    def test_the_users_headers_win(self):
        _, script, _ = run(a_call(headers={"User-Agent": "mine"}), answered())

        assert script.requests[0].headers["User-Agent"] == "mine"


class TestTelling:
    def test_one_line_for_each_attempt_without_values(self, caplog):
        caplog.set_level(logging.INFO)
        told = []

        def answer(response):
            response.request_id = "08F-1"
            return response

        run(a_call(repeatable=True, answer=answer), reset(), answered(), on_attempt=told.append)

        assert [attempt.number for attempt in told] == [1, 2]
        assert told[0].error == "ConnectionError"
        assert told[0].status is None
        assert (told[1].verb, told[1].path, told[1].host) == ("POST", "v3/x/{id}", "a.example")
        assert (told[1].status, told[1].request_id, told[1].error) == (200, "08F-1", None)
        assert len(caplog.records) == 2
        assert "SECRET" not in caplog.text
        assert "POST v3/x/{id} at a.example: status 200, request id 08F-1, attempt 2" in caplog.text

    def test_a_broken_metric_breaks_no_payment(self, caplog):
        def broken(attempt):
            raise RuntimeError("SECRET")

        result, *_ = run(a_call(), answered(), on_attempt=broken)

        assert result.content == b"ok"
        assert "RuntimeError" in caplog.text
        assert "SECRET" not in caplog.text

    def test_other_errors_are_told_and_pass(self, caplog):
        caplog.set_level(logging.INFO)

        def answer(response):
            raise CodecError("broken")

        assert isinstance(run(a_call(answer=answer), answered())[0], CodecError)
        with pytest.raises(ZeroDivisionError):
            run(a_call(answer=lambda _: 1 / 0), answered())
        assert "CodecError" in caplog.text
        assert "ZeroDivisionError" in caplog.text

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (reset(), "[Errno 104] reset by peer"),
            (requests.ConnectionError(socket.gaierror(-2, "Name or service not known")), "Name or service not known"),
            (requests.ReadTimeout(ReadTimeoutError(None, "/SECRET", "Read timed out.")), "ReadTimeout"),
            (
                requests.ConnectionError(ProtocolError("x", TimeoutError("the deadline of the call has passed"))),
                "deadline",
            ),
            (requests.exceptions.SSLError(ssl.SSLError("handshake")), "handshake"),
            (requests.ConnectionError("SECRET"), "ConnectionError"),
        ],
    )
    def test_network_failures_are_told_without_values(self, error, text):
        told, *_ = run(a_call(), error)

        assert type(told) is type(error)
        assert text in str(told)
        assert "POST v3/x/{id} at a.example" in str(told)
        assert "SECRET" not in str(told)
        assert told.request.method == "POST"
        assert told.request.url == "https://a.example/v3/x/{id}"
        assert told.__context__ is None
        again = pickle.loads(pickle.dumps(told))
        assert str(again) == str(told)
        assert again.maybe_sent == told.maybe_sent
