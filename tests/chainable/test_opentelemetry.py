"""Spans and metrics of calls and attempts."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests
from opentelemetry import context, metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chainable import APIError, SignatureError, hooks, opentelemetry
from chainable.client import Client
from chainable.opentelemetry import instrument, uninstrument
from tests.chainable.test_pipeline import Script, a_call, answered, refused, reset


class Closing(Script):
    def close(self):
        return


class Gateway(Client):
    """A gateway whose call is that of the test."""

    def __init__(self, *outcomes: Any, **options: Any) -> None:
        self.script = Closing(*outcomes)
        super().__init__(logger=logging.getLogger("gateway"), transport=self.script, **options)

    def prepare(self, path, verb, positional, keywords):
        return a_call(**{"verb": verb, **keywords})

    def post(self, **changes: Any) -> Any:
        return self.send("x", "POST", (), changes)


class Telemetry:
    """Providers that keep what they get."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader])

    def providers(self) -> dict[str, Any]:
        return {"tracer_provider": self.tracer_provider, "meter_provider": self.meter_provider}

    def spans(self) -> tuple[Any, ...]:
        """Return the finished spans; a call comes after its attempts."""
        return self.exporter.get_finished_spans()

    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        return (
            {}
            if data is None
            else {
                metric.name: metric
                for resource in data.resource_metrics
                for scope in resource.scope_metrics
                for metric in scope.metrics
            }
        )

    def points(self) -> list[Any]:
        return list(self.metrics()["http.client.request.duration"].data.data_points)

    def close(self) -> None:
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()


@pytest.fixture
def telemetry():
    made = Telemetry()
    yield made
    uninstrument()
    made.close()


@pytest.fixture
def on(telemetry):
    instrument(**telemetry.providers())
    return telemetry


class TestSpans:
    def test_a_call_has_a_span_with_one_below_it_for_each_attempt(self, on):
        def answer(response):
            response.request_id = "08F-1"
            return response

        Gateway(refused(), answered()).post(retries=1, parse=answer, urls=("https://a.example:8443/v3/x/SECRET",))

        first, second, call = on.spans()
        assert call.name == first.name == second.name == "POST /v3/x/{id}"
        assert call.kind is SpanKind.INTERNAL
        assert first.kind is second.kind is SpanKind.CLIENT
        assert call.parent is None
        assert first.parent.span_id == second.parent.span_id == call.context.span_id
        assert dict(call.attributes) == {"url.template": "/v3/x/{id}", "http.request.method": "POST"}
        assert call.status.status_code is StatusCode.UNSET
        shared = {
            "url.template": "/v3/x/{id}",
            "url.full": "https://a.example:8443/v3/x/{id}",
            "http.request.method": "POST",
            "server.address": "a.example",
            "server.port": 8443,
        }
        assert dict(first.attributes) == {
            **shared,
            "error.type": "requests.exceptions.ConnectionError",
            "chainable.maybe_sent": False,
        }
        assert first.status.status_code is StatusCode.ERROR
        assert dict(second.attributes) == {
            **shared,
            "http.request.resend_count": 1,
            "http.response.status_code": 200,
            "chainable.request_id": "08F-1",
        }
        assert second.status.status_code is StatusCode.UNSET
        assert call.instrumentation_scope.name == "chainable"

    def test_the_label_of_a_method_is_no_path(self, on):
        Gateway(answered()).post(label="shop.item.get", urls=("http://a.example/router/rest?sign=SECRET",))

        attempt, call = on.spans()
        assert call.name == "POST shop.item.get"
        assert attempt.attributes["url.template"] == "shop.item.get"
        assert attempt.attributes["url.full"] == "http://a.example/shop.item.get"
        assert attempt.attributes["server.port"] == 80

    def test_a_verb_of_nobody_is_other(self, on):
        Gateway(answered()).send("x", "PURGE", (), {})
        assert {(span.name, span.attributes["http.request.method"]) for span in on.spans()} == {
            ("HTTP /v3/x/{id}", "_OTHER")
        }

    @pytest.mark.parametrize(
        ("raised", "status", "error_type"),
        [
            (APIError("SECRET", code="NO_AUTH", status_code=403), 403, "403"),
            (APIError("SECRET", code="FAIL", status_code=200), 200, "chainable.errors.APIError"),
            (SignatureError("SECRET", reason="wrong"), 200, "chainable.errors.SignatureError"),
            (ZeroDivisionError("SECRET"), 200, "ZeroDivisionError"),
            (KeyboardInterrupt(), 200, "KeyboardInterrupt"),
        ],
    )
    def test_errors_have_a_type_and_no_text(self, on, raised, status, error_type):
        def parse(response):
            raise raised

        with pytest.raises(type(raised)):
            Gateway(answered(status)).post(parse=parse)

        attempt, call = on.spans()
        for span in (attempt, call):
            assert span.status.status_code is StatusCode.ERROR
            assert span.status.description is None
            assert span.events == ()
            assert span.attributes["error.type"] == error_type
        assert attempt.attributes["http.response.status_code"] == status
        (point,) = on.points()
        assert point.attributes["error.type"] == error_type

    def test_whether_the_platform_may_have_it_is_on_both_spans(self, on):
        with pytest.raises(requests.ConnectionError):
            Gateway(reset()).post()
        assert [span.attributes["chainable.maybe_sent"] for span in on.spans()] == [True, True]

    def test_the_parent_is_the_span_of_the_caller_in_promises_too(self, on):
        tracer = on.tracer_provider.get_tracer("shop")
        with Gateway(answered(), answered()) as client, tracer.start_as_current_span("order") as order:
            client.post()
            client.submit("x", "POST", (), {}).wait(10)

        parents = [span.parent.span_id for span in on.spans() if span.kind is SpanKind.INTERNAL and span.parent]
        assert parents == [order.get_span_context().span_id] * 2
        assert {span.context.trace_id for span in on.spans()} == {order.get_span_context().trace_id}

    def test_what_on_attempt_makes_is_below_the_attempt(self, on):
        found = []
        Gateway(answered(), on_attempt=lambda _: found.append(trace.get_current_span().get_span_context())).post()
        attempt, _ = on.spans()
        assert [context.span_id for context in found] == [attempt.context.span_id]

    def test_a_long_id_is_cut(self, on):
        def answer(response):
            response.request_id = "x" * 1000
            return response

        Gateway(answered()).post(parse=answer)
        assert on.spans()[0].attributes["chainable.request_id"] == "x" * 128


class TestMetrics:
    def test_the_duration_of_each_attempt_is_measured(self, on):
        with pytest.raises(requests.ConnectionError):
            Gateway(refused(), reset()).post(retries=1)
        Gateway(answered()).post()

        metric = on.metrics()["http.client.request.duration"]
        assert metric.unit == "s"
        shared = {
            "url.template": "/v3/x/{id}",
            "http.request.method": "POST",
            "server.address": "a.example",
            "server.port": 443,
        }
        assert {tuple(sorted(point.attributes.items())): point.count for point in on.points()} == {
            tuple(sorted({**shared, "error.type": "requests.exceptions.ConnectionError"}.items())): 2,
            tuple(sorted({**shared, "http.response.status_code": 200}.items())): 1,
        }
        assert on.points()[0].explicit_bounds[:2] == (0.005, 0.01)


class TestPropagation:
    def test_nothing_is_sent_unless_asked_for(self, on):
        client = Gateway(answered())
        client.post()
        assert "traceparent" not in client.script.requests[0].headers

    def test_each_attempt_sends_its_own_ids_and_no_baggage(self, telemetry):
        from opentelemetry import baggage

        instrument(**telemetry.providers(), propagate=True)
        client = Gateway(refused(), answered())
        token = context.attach(baggage.set_baggage("user", "SECRET"))
        try:
            client.post(retries=1)
        finally:
            context.detach(token)

        sent = [request.headers for request in client.script.requests]
        attempts = [span for span in telemetry.spans() if span.kind is SpanKind.CLIENT]
        assert [headers["traceparent"].rpartition("-")[0] for headers in sent] == [
            f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}" for span in attempts
        ]
        assert not any("baggage" in headers for headers in sent)


class TestSwitch:
    def test_off_again(self, on):
        uninstrument()
        uninstrument()
        Gateway(answered()).post()
        assert on.spans() == ()
        assert hooks.current_observer() is None

    def test_another_observer_stays(self, telemetry):
        other = object()
        hooks.observe(other)
        uninstrument()
        assert hooks.current_observer() is other
        hooks.observe(None)

    def test_one_client_alone(self, telemetry):
        one, other = Gateway(answered(), answered()), Gateway(answered())
        instrument(one, **telemetry.providers())
        one.post()
        other.post()
        assert len(telemetry.spans()) == 2
        uninstrument(one)
        one.post()
        assert len(telemetry.spans()) == 2

    def test_a_client_has_its_spans_once(self, on):
        other = Telemetry()
        client = Gateway(answered())
        instrument(client, **other.providers())
        client.post()
        assert len(other.spans()) == 2
        assert on.spans() == ()
        other.close()

    def test_the_providers_of_the_process_are_the_default(self, telemetry, monkeypatch):
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", telemetry.tracer_provider)
        monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", telemetry.meter_provider)
        instrument()
        Gateway(answered()).post()
        assert len(telemetry.spans()) == 2
        assert len(telemetry.points()) == 1

    @pytest.mark.parametrize("switch", [instrument, uninstrument])
    def test_what_is_no_client_is_named(self, switch):
        with pytest.raises(TypeError, match="a str was given; pass a client, or nothing for all clients"):
            switch("client")

    def test_without_an_sdk_calls_work(self, telemetry):
        instrument(propagate=True)
        client = Gateway(answered())
        assert client.post().content == b"ok"
        assert "traceparent" not in client.script.requests[0].headers


class Looking(Closing):
    """A transport that notes what the instrumentations of HTTP libraries look for."""

    def send(self, request, **options):
        self.suppressed = context.get_value(context._SUPPRESS_HTTP_INSTRUMENTATION_KEY)
        return super().send(request, **options)


class TestSuppression:
    def looking(self):
        seen = []
        transport = Looking(answered())

        def sign(request):
            seen.append(context.get_value(context._SUPPRESS_HTTP_INSTRUMENTATION_KEY))
            return request

        client = Gateway()
        client._pipeline = client._pipeline.__class__(transport, logging.getLogger("gateway"))
        client.post(signer=sign)
        return seen, transport.suppressed

    def test_other_instrumentations_are_silent_while_an_attempt_is_sent_only(self, on):
        assert self.looking() == ([None], True)
        assert context.get_value(context._SUPPRESS_HTTP_INSTRUMENTATION_KEY) is None

    def test_an_api_without_the_key_is_no_error(self, on, monkeypatch):
        monkeypatch.setattr(opentelemetry, "_HTTP_SUPPRESSED", None)
        assert self.looking() == ([None], None)

    def test_calls_are_silent_where_all_is_suppressed(self, on):
        token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            assert self.looking() == ([None], None)
        finally:
            context.detach(token)
        assert on.spans() == ()
        assert on.metrics() == {}
