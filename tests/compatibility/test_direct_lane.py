"""The direct lane beside mocks, recorders and tracers of requests: it sends nothing past the first two."""

from __future__ import annotations

import gc
from unittest import mock

import pytest
import requests_mock
import responses
import sentry_sdk
import vcr
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from sentry_sdk.integrations.stdlib import StdlibIntegration
from sentry_sdk.transport import Transport as SentryTransport

from chainable import DirectTransport
from chainable.opentelemetry import instrument, uninstrument

MOCKS = {
    "responses": lambda: responses.RequestsMock(assert_all_requests_are_fired=False),
    "requests-mock": requests_mock.Mocker,
    "vcrpy": lambda: vcr.use_cassette("never-written.yaml", record_mode="none"),
    "unittest.mock": lambda: mock.patch("requests.Session.send"),
}


def attempt(kind, client):
    """Call, and return the answer or the error; a batch returns the error of its call."""
    try:
        return kind.call(client)
    except Exception as error:
        return error


@pytest.fixture
def direct():
    one = DirectTransport()
    yield one
    one.close()


@pytest.mark.parametrize("made", MOCKS.values(), ids=MOCKS)
def test_a_mock_or_recorder_is_an_error_and_nothing_is_sent(kind, direct, made):
    client = kind.make(transport=direct)
    kind.call(client)  # a connection that is kept must not be used past the mock
    before = kind.arrived()
    with made():
        found = attempt(kind, client)
    assert getattr(found, "reason", None) == "requests_mocked", found
    assert kind.arrived() == before
    kind.call(client)
    assert kind.arrived() > before


@pytest.mark.block_network
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its refusal leaves a socket open
def test_pytest_recording_blocks_the_network(kind, direct):
    before = kind.arrived()
    assert "Network is disabled" in str(attempt(kind, kind.make(transport=direct, retries=0)))
    gc.collect()  # while the warning is ignored
    assert kind.arrived() == before


@pytest.fixture
def exporter():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrument(tracer_provider=provider)
    for instrumentor in (RequestsInstrumentor, URLLib3Instrumentor):
        instrumentor().instrument(tracer_provider=provider)
    yield exporter
    for instrumentor in (URLLib3Instrumentor, RequestsInstrumentor):
        instrumentor().uninstrument()
    uninstrument()
    provider.shutdown()


def test_our_spans_are_the_same_beside_the_instrumentations(kind, direct, exporter):
    before = kind.arrived()
    kind.call(kind.make(transport=direct, retries=0))
    assert kind.arrived() > before
    (attempt,) = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.CLIENT]
    (call,) = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.INTERNAL]
    assert attempt.parent.span_id == call.context.span_id
    assert attempt.attributes["server.port"] == kind.port


class Dropped(SentryTransport):
    def capture_envelope(self, envelope):
        """Send it nowhere."""


def test_sentry_is_no_mock(kind, direct):
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn="https://key@sentry.invalid/1",
            transport=Dropped,
            traces_sample_rate=1.0,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[StdlibIntegration()],
        )
        try:
            before = kind.arrived()
            kind.call(kind.make(transport=direct))
        finally:
            sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)
    assert kind.arrived() > before
