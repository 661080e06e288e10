"""The pipeline: retries, verification, requests and reports."""

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

from chainable import APIError, Call, CodecError, Response, SignatureError, explain
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
    """Mark an error like a transport that is certain that nothing was sent."""
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
    """A transport with a list of outcomes: it returns responses and raises errors."""

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
            "parse": lambda response: response,
            "retries": 3,
        }
        | changes
    )


def run(call: Call, *outcomes: Any, **options: Any) -> tuple[Any, Script, list[float]]:
    script = Script(*outcomes)
    slept: list[float] = []
    options = {"jitter": lambda: 0.5} | options
    pipeline = Pipeline(script, logging.getLogger("pipeline"), sleep=slept.append, **options)
    try:
        result: Any = pipeline.run(call)
    except (requests.RequestException, ChainableError) as error:
        result = error
    return result, script, slept


class TestRetries:
    def test_a_response_ends_the_call(self):
        result, script, slept = run(a_call(), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 1
        assert slept == []

    @pytest.mark.parametrize(
        "error", [reset(), requests.ReadTimeout("late"), requests.exceptions.ChunkedEncodingError("cut")]
    )
    def test_an_unknown_outcome_is_not_retried(self, error):
        result, script, _ = run(a_call(), error)

        assert type(result) is type(error)
        assert result.maybe_sent
        assert len(script.requests) == 1

    def test_a_repeatable_call_is_retried_with_a_new_signature(self):
        result, script, slept = run(a_call(repeatable=True), reset(), requests.ReadTimeout("late"), answered())

        assert result.content == b"ok"
        assert [request.headers["Authorization"] for request in script.requests] == ["1", "2", "3"]
        assert slept == [0.25, 0.5]

    def test_the_retries_end(self):
        result, script, _ = run(a_call(repeatable=True, retries=1), reset(), reset())

        assert isinstance(result, requests.ConnectionError)
        assert len(script.requests) == 2

    def test_if_nothing_was_sent_the_other_host_is_tried_immediately(self):
        urls = ("https://a.example/", "https://b.example/")
        result, script, slept = run(a_call(urls=urls), refused(), refused(), answered())

        assert result.content == b"ok"
        assert [request.url for request in script.requests] == [urls[0], urls[1], urls[0]]
        assert slept == [0.0, 0.5]

    def test_after_a_reset_while_connecting_nothing_was_sent(self):
        result, script, _ = run(a_call(), unsent(reset()), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 2

    def test_of_a_proxy_that_refuses_the_tunnel_the_status_is_said_and_nothing_else(self):
        refusal = OSError("Tunnel connection failed: 407 ask bob@example.com")
        result, _, _ = run(a_call(retries=0), unsent(requests.exceptions.ProxyError(MaxRetryError(None, "/", refusal))))

        assert "the proxy refused the tunnel: HTTP 407 (nothing was sent)" in str(result)
        assert "bob" not in str(result)

    def test_an_error_without_maybe_sent_counts_as_maybe_sent(self):
        error = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))
        result, script, _ = run(a_call(), error)

        assert result.maybe_sent
        assert len(script.requests) == 1

    def test_maybe_sent_of_an_earlier_attempt_is_kept_after_a_network_error(self):
        result, script, _ = run(a_call(repeatable=True, retries=2), reset(), refused(), refused())

        assert len(script.requests) == 3
        assert result.maybe_sent
        assert "nothing was sent" not in str(result)

    def test_after_an_unknown_outcome_only_a_repeatable_call_tries_another_host(self):
        urls = ("https://a.example/", "https://b.example/")
        result, script, _ = run(a_call(urls=urls, repeatable=True), reset(), refused(), answered())

        assert result.content == b"ok"
        assert [request.url for request in script.requests] == [urls[0], urls[0], urls[1]]

    def test_maybe_sent_of_an_earlier_attempt_is_kept_after_an_api_error(self):
        def answer(response):
            raise APIError("no", maybe_sent=False, status_code=401)

        result, _, _ = run(a_call(repeatable=True, parse=answer), reset(), answered(401))

        assert isinstance(result, APIError)
        assert result.maybe_sent

    def test_an_unreadable_response_was_maybe_sent(self):
        def answer(response):
            raise CodecError("no JSON")

        result, _, _ = run(a_call(parse=answer), answered())

        assert isinstance(result, CodecError)
        assert result.maybe_sent

    def test_a_request_that_cannot_be_signed_was_not_sent(self):
        class Broken(Counting):
            def __call__(self, r):
                raise CodecError("no")

        result, _, _ = run(a_call(signer=Broken()))

        assert result.maybe_sent is False

    def test_nothing_is_sent_if_the_deadline_passes_during_signing(self):
        class Slow(Counting):
            def __call__(self, r):
                time.sleep(0.1)
                return super().__call__(r)

        result, script, _ = run(a_call(signer=Slow(), deadline=0.05), answered())

        assert isinstance(result, requests.Timeout)
        assert result.maybe_sent is False
        assert script.requests == []
        assert explain(result, "en").splitlines()[:2] == [
            "The deadline of the call passed.",
            "Nothing was sent: the call can be repeated.",
        ]

    def test_maybe_sent_of_an_earlier_attempt_is_kept_after_a_failing_signer(self):
        class Remote(Counting):
            def __call__(self, r):
                if self.count:
                    raise requests.ConnectionError("the signing service is gone")
                return super().__call__(r)

        result, script, _ = run(a_call(signer=Remote(), repeatable=True, retries=1), reset())

        assert len(script.requests) == 1
        assert result.maybe_sent

    def test_a_subclass_of_the_user_is_raised_as_its_class_in_requests(self):
        class Own(requests.ReadTimeout):
            def __init__(self, code, *, request=None):
                super().__init__(str(code), request=request)

        result, _, _ = run(a_call(), Own(7))

        assert type(result) is requests.ReadTimeout

    def test_an_untrusted_certificate_is_never_retried(self):
        error = requests.exceptions.SSLError(MaxRetryError(None, "/", ssl.SSLCertVerificationError(1, "self-signed")))
        result, script, _ = run(
            a_call(urls=("https://a.example/", "https://b.example/"), repeatable=True), unsent(error)
        )

        assert len(script.requests) == 1
        assert not result.maybe_sent
        assert "verify=" in str(result)

    def test_a_transient_api_error_is_retried_for_repeatable_calls_only(self):
        def answer(response):
            raise APIError("busy", retryable=True, status_code=500)

        never, once, _ = run(a_call(parse=answer), answered(500))
        again, often, _ = run(a_call(parse=answer, repeatable=True), *[answered(500)] * 4)

        assert isinstance(never, APIError)
        assert len(once.requests) == 1
        assert isinstance(again, APIError)
        assert len(often.requests) == 4

    def test_a_transient_api_error_that_executed_nothing_is_retried_for_any_call(self):
        outcomes = [APIError("limit", retryable=True, maybe_sent=False, retry_after=2.0), None]

        def answer(response):
            error = outcomes.pop(0)
            if error:
                raise error
            return response

        result, script, slept = run(a_call(parse=answer), answered(), answered())

        assert result.content == b"ok"
        assert len(script.requests) == 2
        assert slept == [2.0]

    @pytest.mark.parametrize(
        "error", [APIError("no", retryable=False), APIError("top up", retryable=True, transient=False)]
    )
    def test_a_permanent_api_error_is_not_retried(self, error):
        def answer(response):
            raise error

        _, script, _ = run(a_call(parse=answer, repeatable=True), answered())

        assert len(script.requests) == 1

    def test_a_long_retry_after_is_raised_not_slept(self):
        def answer(response):
            raise APIError("ban", retryable=True, retry_after=31062.0)

        result, script, slept = run(a_call(parse=answer, repeatable=True), answered())

        assert result.retry_after == 31062.0
        assert (len(script.requests), slept) == (1, [])

    def test_the_jitter_does_not_use_the_global_random_sequence(self):
        """A seed does not give two processes the same jitter, and the jitter takes no number from the sequence."""
        waits = []
        for _ in range(2):
            random.seed(20261121)
            before = random.getstate()
            _, _, slept = run(a_call(repeatable=True), reset(), answered(), jitter=Pipeline(None, None).jitter)
            assert random.getstate() == before
            waits += slept
        assert len(set(waits)) == 2

    def test_the_deadline_ends_the_retries(self):
        result, script, slept = run(a_call(repeatable=True, deadline=0.1), reset())

        assert isinstance(result, requests.ConnectionError)
        assert slept == []
        assert script.timeouts[0][0] <= 0.1

    def test_a_forged_response_is_not_retried(self):
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

    def test_a_successful_response_without_signature_raises(self):
        assert isinstance(run(a_call(verifier=self.Missing()), answered())[0], SignatureError)

    def test_an_error_response_without_signature_is_unverified(self):
        result, *_ = run(a_call(verifier=self.Missing()), answered(502))

        assert not result.verified

    def test_a_valid_signature_sets_verified(self):
        assert run(a_call(verifier=self.Right()), answered())[0].verified

    @pytest.mark.parametrize("change", [{"unsigned": True}, {"stream": True}])
    def test_an_unsigned_response_is_not_verified(self, change):
        assert not run(a_call(verifier=self.Missing(), **change), answered())[0].verified

    def test_error_responses_of_unsigned_calls_are_verified(self):
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

    def test_only_a_post_without_body_has_a_length(self):
        _, get, _ = run(a_call(verb="GET", body=None, signer=None), answered())
        _, post, _ = run(a_call(body=None), answered())

        assert "Content-Length" not in get.requests[0].headers
        assert post.requests[0].headers["Content-Length"] == "0"

    def test_headers_of_the_user_take_precedence(self):
        _, script, _ = run(a_call(headers={"User-Agent": "mine"}), answered())

        assert script.requests[0].headers["User-Agent"] == "mine"


class TestReports:
    def test_each_attempt_is_logged_in_one_line_without_values(self, caplog):
        caplog.set_level(logging.INFO)
        output = []

        def answer(response):
            response.request_id = "08F-1"
            return response

        run(a_call(repeatable=True, parse=answer), reset(), answered(), on_attempt=output.append)

        assert [attempt.number for attempt in output] == [1, 2]
        assert output[0].error == "ConnectionError"
        assert output[0].status is None
        assert (output[1].verb, output[1].path, output[1].host) == ("POST", "v3/x/{id}", "a.example")
        assert (output[1].status, output[1].request_id, output[1].error) == (200, "08F-1", None)
        assert len(caplog.records) == 2
        assert "SECRET" not in caplog.text
        assert "POST v3/x/{id} at a.example: status 200, request id 08F-1, attempt 2" in caplog.text

    def test_a_failing_on_attempt_does_not_fail_the_call(self, caplog):
        def broken(attempt):
            raise RuntimeError("SECRET")

        result, *_ = run(a_call(), answered(), on_attempt=broken)

        assert result.content == b"ok"
        assert "RuntimeError" in caplog.text
        assert "SECRET" not in caplog.text

    def test_other_errors_are_logged_and_raised(self, caplog):
        caplog.set_level(logging.INFO)

        def answer(response):
            raise CodecError("broken")

        assert isinstance(run(a_call(parse=answer), answered())[0], CodecError)
        with pytest.raises(ZeroDivisionError):
            run(a_call(parse=lambda _: 1 / 0), answered())
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
    def test_network_errors_are_raised_without_values(self, error, text):
        output, *_ = run(a_call(), error)

        assert type(output) is type(error)
        assert text in str(output)
        assert "POST v3/x/{id} at a.example" in str(output)
        assert "SECRET" not in str(output)
        assert output.request.method == "POST"
        assert output.request.url == "https://a.example/v3/x/{id}"
        assert output.__context__ is None
        again = pickle.loads(pickle.dumps(output))
        assert str(again) == str(output)
        assert again.maybe_sent == output.maybe_sent
