"""Hooks around attempts: how they announce themselves, what they see, and what they cannot do."""

from __future__ import annotations

import logging
import threading
import traceback
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ContextManager, Optional  # noqa: UP035 (users write it)
from unittest.mock import MagicMock

import pytest
import requests

from chainable import APIError, Attempt, CodecError, Response, hooks
from chainable.client import Client
from chainable.hooks import enters_around
from tests.chainable.test_pipeline import Script, a_call, answered, refused, reset, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nowhere import Nothing  # what is missing at run time


class Span:
    """A class of context managers."""

    made: list[Span] = []

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.before = (attempt.status, attempt.error, attempt.milliseconds)
        self.raised: Any = "not yet"
        Span.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.raised = error
        return True  # which must not matter


@contextmanager
def decorated(attempt: Attempt) -> Iterator[None]:
    yield


def annotated(attempt: Attempt) -> AbstractContextManager[None]:
    return nullcontext()


def of_typing(attempt: Attempt) -> ContextManager[None]:
    return nullcontext()


def bare(attempt: Attempt) -> ContextManager:
    return nullcontext()


def perhaps(attempt: Attempt) -> AbstractContextManager[None] | None:
    return None


def optional(attempt: Attempt) -> Optional[AbstractContextManager[None]]:  # noqa: UP045 (users write it)
    return None


def other_name_missing(attempt: Nothing) -> Span:
    return Span(attempt)


def own_name_missing(attempt: Attempt) -> AbstractContextManager[Nothing]:
    return nullcontext()


def evaluated(attempt: Attempt):
    return nullcontext()


evaluated.__annotations__["return"] = AbstractContextManager[None]


@wraps(decorated)
def wrapping(attempt: Attempt) -> Any:
    return decorated(attempt)


class Recorder:
    """A callable with methods that are hooks."""

    def __call__(self, attempt: Attempt) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def method(self, attempt: Attempt) -> Iterator[None]:
        yield

    def after(self, attempt: Attempt) -> None:
        return


def no_annotation(attempt):
    return


def a_dict(attempt: Attempt) -> dict[str, str]:
    return {}


def unknown(attempt: Attempt) -> Nothing:
    return None


def asynchronous(attempt: Attempt) -> AbstractAsyncContextManager[None]:  # noqa: F821
    return None


class AfterCall:
    def __call__(self, attempt: Attempt) -> None:
        return


class TestAnnouncements:
    @pytest.mark.parametrize(
        "hook",
        [
            decorated,
            annotated,
            of_typing,
            bare,
            perhaps,
            optional,
            other_name_missing,
            own_name_missing,
            evaluated,
            wrapping,
            Recorder(),
            Recorder().method,
            Span,
            partial(annotated),
            partial(Span),
        ],
    )
    def test_a_context_manager_is_announced(self, hook):
        assert enters_around(hook)

    @pytest.mark.parametrize(
        "hook",
        [
            print,
            [].append,
            no_annotation,
            a_dict,
            unknown,
            asynchronous,
            Recorder().after,
            AfterCall(),
            AfterCall,
            MagicMock(),
            lambda attempt: nullcontext(),
            partial(print),
        ],
    )
    def test_other_hooks_are_called_after_the_attempt(self, hook):
        assert not enters_around(hook)

    @pytest.mark.parametrize(
        ("hook", "text", "chinese"),
        [
            (
                lambda attempt: nullcontext(),
                r"<lambda> returned a context manager after the attempt",
                "<lambda> 在请求结束后才返回上下文管理器",
            ),
            (lambda attempt: (yield), r"<lambda> is a generator, of which nothing runs", "<lambda> 是生成器"),
        ],
    )
    def test_one_that_is_too_late_is_warned_of(self, hook, text, chinese):
        with pytest.warns(UserWarning, match=text + r".*decorate it with contextlib\.contextmanager") as warned:
            result, *_ = run(a_call(), answered(), on_attempt=hook)
        assert result.content == b"ok"
        (message,) = warned[0].message.args
        assert chinese in message.zh

    @pytest.mark.filterwarnings("error")
    def test_a_warning_that_is_an_error_does_not_fail_the_call(self, caplog):
        result, *_ = run(a_call(), answered(), on_attempt=lambda attempt: nullcontext())
        assert result.content == b"ok"
        assert "on_attempt raised UserWarning" in caplog.text

    def test_a_mock_is_no_context_manager(self):
        hook = MagicMock()
        run(a_call(), answered(), on_attempt=hook)
        assert hook.call_args.args[0].status == 200


@pytest.fixture
def spans():
    Span.made.clear()
    return Span.made


class TestOutcomes:
    def test_each_attempt_has_a_manager_that_sees_the_outcome(self, spans):
        def answer(response):
            response.request_id = "08F-1"
            return response

        result, *_ = run(a_call(repeatable=True, parse=answer), reset(), answered(), on_attempt=Span)

        assert result.content == b"ok"
        assert [span.before for span in spans] == [(None, None, 0.0)] * 2
        first, second = (span.attempt for span in spans)
        assert (first.number, first.status, first.error) == (1, None, "ConnectionError")
        assert (second.number, second.status, second.error, second.request_id) == (2, 200, None, "08F-1")
        assert (second.verb, second.path, second.host, second.scheme) == ("POST", "v3/x/{id}", "a.example", "https")
        assert isinstance(spans[0].raised, requests.ConnectionError)
        assert "SECRET" not in str(spans[0].raised)
        assert spans[1].raised is None

    def test_a_manager_cannot_suppress_an_error(self, spans):
        error, *_ = run(a_call(), reset(), on_attempt=Span)

        assert isinstance(error, requests.ConnectionError)
        assert spans[0].raised is error
        assert error.__context__ is None

    def test_errors_of_the_platform_and_interruptions_are_seen(self, spans):
        def refuse(response):
            raise APIError("no", code="NO_AUTH", status_code=403)

        def interrupt(response):
            raise KeyboardInterrupt

        run(a_call(parse=refuse), answered(403), on_attempt=Span)
        with pytest.raises(KeyboardInterrupt):
            run(a_call(parse=interrupt), answered(), on_attempt=Span)

        assert [(span.attempt.status, span.attempt.error) for span in spans] == [(403, "APIError"), (200, None)]
        assert isinstance(spans[1].raised, KeyboardInterrupt)

    def test_the_manager_is_around_the_signature(self):
        order = []

        @contextmanager
        def around(attempt):
            order.append("enter")
            yield
            order.append(f"exit {attempt.status}")

        def sign(request):
            order.append("sign")
            return request

        run(a_call(signer=sign), answered(), on_attempt=around)

        assert order == ["enter", "sign", "exit 200"]

    def test_a_hook_may_return_nothing(self):
        assert run(a_call(), answered(), on_attempt=perhaps)[0].content == b"ok"

    def test_the_line_of_the_log_stays(self, caplog):
        caplog.set_level(logging.INFO)
        run(a_call(), answered(), on_attempt=decorated)
        assert "POST v3/x/{id} at a.example: status 200, request id None, attempt 1" in caplog.text

    def test_a_slow_hook_counts_against_the_deadline(self, monkeypatch):
        now = [0.0]
        monkeypatch.setattr("chainable.pipeline.time.monotonic", lambda: now[0])

        @contextmanager
        def slow(attempt):
            now[0] += 61
            yield

        error, script, _ = run(a_call(), answered(), on_attempt=slow)

        assert isinstance(error, requests.Timeout)
        assert error.maybe_sent is False
        assert script.requests == []


def broken_before(attempt: Attempt) -> AbstractContextManager[None]:
    raise ValueError("SECRET")


@contextmanager
def broken_enter(attempt: Attempt) -> Iterator[None]:
    raise ValueError("SECRET")
    yield


@contextmanager
def broken_exit(attempt: Attempt) -> Iterator[None]:
    yield
    raise requests.ConnectTimeout("SECRET")  # which would repeat a payment if it were the attempt's


@contextmanager
def yields_twice(attempt: Attempt) -> Iterator[None]:
    yield
    yield


@contextmanager
def replaces_the_error(attempt: Attempt) -> Iterator[None]:
    try:
        yield
    except Exception:
        raise ValueError("SECRET") from None
    raise ValueError("SECRET")


def no_manager(attempt: Attempt) -> AbstractContextManager[None]:
    return "SECRET"


BROKEN = [broken_before, broken_enter, broken_exit, yields_twice, replaces_the_error, no_manager]


class TestBrokenHooks:
    @pytest.mark.parametrize("hook", BROKEN)
    def test_the_call_succeeds_once(self, hook, caplog):
        result, script, _ = run(a_call(repeatable=True), answered(), on_attempt=hook)

        assert result.content == b"ok"
        assert len(script.requests) == 1
        assert "on_attempt" in caplog.text
        assert "SECRET" not in caplog.text

    @pytest.mark.parametrize("hook", BROKEN)
    def test_the_error_of_the_call_is_raised(self, hook):
        error, script, _ = run(a_call(), reset(), on_attempt=hook)

        assert type(error) is requests.ConnectionError
        assert error.maybe_sent is True
        assert len(script.requests) == 1

    def test_an_error_that_a_manager_raises_again_is_not_logged(self, caplog):
        class Again(Span):
            def __exit__(self, kind, error, trace):
                raise error

        error, *_ = run(a_call(), reset(), on_attempt=Again)

        assert type(error) is requests.ConnectionError
        assert caplog.text == ""

    def test_an_interruption_in_a_hook_passes_and_nothing_was_sent(self):
        @contextmanager
        def interrupted(attempt):
            raise KeyboardInterrupt
            yield

        script = Script(answered())
        with pytest.raises(KeyboardInterrupt):
            hooked(script, interrupted)
        assert script.requests == []

    def test_frames_show_no_value(self):
        with pytest.raises(requests.ConnectionError) as caught:
            hooked(Script(reset()), decorated)
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        assert "_watched" in shown
        assert "SECRET" not in shown


def hooked(script: Script, hook: Any) -> Any:
    from chainable.pipeline import Pipeline

    return Pipeline(script, logging.getLogger("pipeline"), hook).run(a_call())


def giving(*headers: Any) -> Any:
    given = list(headers)

    @contextmanager
    def hook(attempt):
        yield given[attempt.number - 1]

    return hook


class TestHeaders:
    def test_trace_headers_are_sent_with_their_attempt_after_the_signature(self):
        signed = []

        def sign(request):
            signed.append(dict(request.headers))
            return request

        hook = giving({"traceparent": "00-1"}, {"TraceParent": "00-2", "tracestate": "a=b", "baggage": "c=d"})
        _, script, _ = run(a_call(repeatable=True, signer=sign), reset(), answered(), on_attempt=hook)

        first, second = (request.headers for request in script.requests)
        assert first["traceparent"] == "00-1"
        assert "tracestate" not in first
        assert (second["traceparent"], second["tracestate"], second["baggage"]) == ("00-2", "a=b", "c=d")
        assert not any("traceparent" in headers for headers in signed)

    @pytest.mark.parametrize(
        "given",
        [
            {"Authorization": "SECRET"},
            {"Content-Length": "1"},
            {1: "SECRET"},
            {"traceparent": "SECRET\r\nX: y"},
            {"traceparent": "SECRET" * 2000},
            {"traceparent": "值"},
            {"traceparent": b"SECRET"},
            {"traceparent": ""},
        ],
    )
    def test_other_headers_and_bad_values_are_not_sent(self, given, caplog):
        _, script, _ = run(a_call(), answered(), on_attempt=giving(given))

        assert set(script.requests[0].headers) == {"User-Agent", "Accept-Encoding", "Authorization", "Content-Length"}
        assert script.requests[0].headers["Authorization"] == "1"
        assert "not sent" in caplog.text
        assert "SECRET" not in caplog.text

    def test_a_header_of_the_call_stays(self):
        _, script, _ = run(
            a_call(headers={"Traceparent": "mine"}), answered(), on_attempt=giving({"traceparent": "other"})
        )
        assert script.requests[0].headers["traceparent"] == "mine"

    def test_a_mapping_that_breaks_is_no_header_and_the_manager_is_left(self, caplog):
        left = []

        class Breaking(dict):
            def items(self):
                raise ValueError("SECRET")

        @contextmanager
        def hook(attempt):
            yield Breaking()
            left.append(attempt.status)

        result, *_ = run(a_call(), answered(), on_attempt=hook)
        assert result.content == b"ok"
        assert left == [200]
        assert "on_attempt raised ValueError" in caplog.text

    def test_nothing_is_added_if_signing_fails(self):
        def sign(request):
            raise CodecError("no")

        assert isinstance(run(a_call(signer=sign), on_attempt=giving({"traceparent": "00-1"}))[0], CodecError)


class Seen:
    """An observer that keeps what it sees."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def call(self, call):
        self.seen.append(f"call {call.label}")
        try:
            yield {"traceparent": "of a call: not sent"}
        finally:
            self.seen.append("call over")

    @contextmanager
    def attempt(self, attempt):
        self.seen.append(f"attempt {attempt.number}")
        try:
            yield {"traceparent": "observer", "tracestate": "observer"}
        finally:
            self.seen.append(f"attempt over: {attempt.status or attempt.error}")

    @contextmanager
    def sending(self):
        self.seen.append("sending")
        yield
        self.seen.append("sent")


@pytest.fixture
def observer():
    seen = Seen()
    hooks.observe(seen)
    yield seen
    hooks.observe(None)


class TestObservers:
    def test_one_observer_sees_all_calls_and_attempts(self, observer):
        run(a_call(), refused(), answered())

        assert observer.seen == [
            "call v3/x/{id}",
            "attempt 1",
            "sending",
            "attempt over: ConnectionError",
            "attempt 2",
            "sending",
            "sent",
            "attempt over: 200",
            "call over",
        ]

    def test_the_hook_of_the_client_is_inside_and_its_headers_come_first(self, observer):
        @contextmanager
        def hook(attempt):
            observer.seen.append("hook")
            yield {"traceparent": "hook"}

        _, script, _ = run(a_call(), answered(), on_attempt=hook)

        assert observer.seen[1:3] == ["attempt 1", "hook"]
        assert script.requests[0].headers["traceparent"] == "hook"
        assert script.requests[0].headers["tracestate"] == "observer"

    def test_a_hook_after_the_attempt_works_beside_an_observer(self, observer):
        attempts = []
        run(a_call(), answered(), on_attempt=attempts.append)
        assert [attempt.status for attempt in attempts] == [200]

    def test_a_pipeline_may_have_its_own(self, observer):
        own = Seen()
        run(a_call(), answered(), observer=own)
        assert own.seen[0] == "call v3/x/{id}"
        assert observer.seen == []

    def test_a_broken_observer_does_not_break_a_call(self, caplog):
        class Broken:
            def __getattr__(self, name):
                if name == "call":
                    return lambda call: 1 / 0
                return lambda *given: no_manager(None)

        result, script, _ = run(a_call(), answered(), observer=Broken())
        assert result.content == b"ok"
        assert len(script.requests) == 1
        assert "observer raised ZeroDivisionError" in caplog.text
        assert "observer returned a str, not a context manager" in caplog.text


class Gateway(Client):
    """A gateway with one call."""

    def prepare(self, path, verb, positional, keywords):
        return a_call()


NAME: ContextVar[str] = ContextVar("NAME", default="nobody")


@pytest.fixture
def gateway():
    with Gateway(logger=logging.getLogger("gateway"), transport=Closing(answered(), answered())) as client:
        yield client


class Closing(Script):
    def close(self):
        return


class TestClients:
    def test_a_client_may_have_its_own_observer(self, gateway, observer):
        own = Seen()
        gateway.observe(own)
        gateway.send("x", None, (), {})
        assert own.seen[0] == "call v3/x/{id}"
        gateway.observe(None)
        gateway.send("x", None, (), {})
        assert observer.seen[0] == "call v3/x/{id}"

    def test_promised_work_sees_the_context_of_the_caller(self, gateway):
        token = NAME.set("Ann")
        try:
            promise = gateway.promise(lambda: (threading.current_thread(), NAME.get()))
        finally:
            NAME.reset(token)
        thread, name = promise.wait(10)
        assert thread is not threading.current_thread()
        assert name == "Ann"
        assert gateway.promise(NAME.get).wait(10) == "nobody"

    def test_promised_work_that_a_callback_starts_may_wait(self, gateway):
        def work():
            return gateway.promise(lambda: 1).wait(10)

        assert gateway.promise(lambda: 0).then(lambda _: gateway.promise(work)).wait(10) == 1

    def test_a_response_is_what_a_promise_gives(self, gateway):
        assert isinstance(gateway.submit("x", None, (), {}).wait(10), Response)
