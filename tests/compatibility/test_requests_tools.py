"""What people put around requests works around a client: mocks, recorders, tracers, adapters."""

from __future__ import annotations

import gc
import socket
import ssl
from functools import partial
from urllib.parse import urlsplit

import pytest
import requests
import requests_mock
import responses
import sentry_sdk
import vcr
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter
from requests_toolbelt.adapters.source import SourceAddressAdapter
from requests_toolbelt.adapters.ssl import SSLAdapter
from sentry_sdk.integrations.stdlib import StdlibIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.transport import Transport as SentryTransport

REFUSED = {"status_code": 400, "text": '{"code": "PARAM_ERROR", "message": "mocked"}'}


def attempt(kind, client):
    """Call; what a mock answers may be no answer that the client takes."""
    try:
        return kind.call(client)
    except Exception as error:
        return error


def test_these_tests_reach_no_other_machine():
    with socket.socket() as outside, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 9))  # an address of documentation


class TestMocks:
    def test_responses(self, kind):
        before = kind.arrived()
        with responses.RequestsMock() as mock:
            for method in ("GET", "POST"):
                mock.add(method, responses.matchers.re.compile(".*"), body=REFUSED["text"], status=400)
            mock.assert_all_requests_are_fired = False
            attempt(kind, kind.make())
            assert urlsplit(mock.calls[0].request.url).path == kind.path
        assert kind.arrived() == before

    def test_requests_mock_for_all_sessions(self, kind):
        before = kind.arrived()
        with requests_mock.Mocker() as mock:
            mock.register_uri(requests_mock.ANY, requests_mock.ANY, **REFUSED)
            attempt(kind, kind.make(retries=0))
            assert [request.path for request in mock.request_history] == [kind.path]
        assert kind.arrived() == before

    def test_requests_mock_for_one_session(self, kind):
        before = kind.arrived()
        with requests.Session() as session, requests_mock.Mocker(session=session) as mock:
            mock.register_uri(requests_mock.ANY, requests_mock.ANY, **REFUSED)
            attempt(kind, kind.make(http_session=session, retries=0))
            assert [request.path for request in mock.request_history] == [kind.path]
        assert kind.arrived() == before

    def test_an_adapter_of_requests_mock(self, kind):
        before = kind.arrived()
        adapter = requests_mock.Adapter()
        adapter.register_uri(requests_mock.ANY, requests_mock.ANY, **REFUSED)
        with requests.Session() as session:
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            attempt(kind, kind.make(http_session=session, retries=0))
        assert [request.path for request in adapter.request_history] == [kind.path]
        assert kind.arrived() == before

    @pytest.mark.parametrize("made", [requests_mock.Mocker, responses.RequestsMock], ids=["requests-mock", "responses"])
    def test_a_request_that_a_mock_does_not_expect_goes_nowhere(self, kind, made):
        before = kind.arrived()
        with made():
            error = attempt(kind, kind.make(retries=0))
        assert isinstance(error, requests.ConnectionError | requests_mock.NoMockAddress)
        assert kind.arrived() == before


class TestRecorders:
    def test_vcrpy_records_and_replays(self, kind, tmp_path):
        tape = str(tmp_path / "tape.yaml")
        match = ["method", "scheme", "host", "port", "path"]
        client = kind.make()
        kind.call(client)  # a connection that is kept must not be used past the recorder
        with vcr.use_cassette(tape, record_mode="once", match_on=match) as recorded:
            first = kind.call(client)
            assert [urlsplit(request.uri).path for request in recorded.requests] == [kind.path]
        before = kind.arrived()
        with vcr.use_cassette(tape, record_mode="none", match_on=match) as replayed:
            second = kind.call(kind.make())
            assert replayed.play_count == 1
        assert kind.arrived() == before
        assert type(first) is type(second)
        kind.call(client)  # and goes on afterwards
        assert kind.arrived() > before

    @pytest.mark.block_network
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its refusal leaves a socket open
    def test_pytest_recording_blocks_the_network(self, kind):
        before = kind.arrived()
        assert isinstance(attempt(kind, kind.make(retries=0)), Exception)
        gc.collect()  # while the warning is ignored
        assert kind.arrived() == before


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


class TestTracers:
    @pytest.mark.parametrize("instrumentor", [RequestsInstrumentor, URLLib3Instrumentor])
    def test_opentelemetry_sees_a_span_and_sends_its_header(self, kind, instrumentor, spans):
        provider, exporter = spans
        instrumentor().instrument(tracer_provider=provider)
        try:
            kind.call(kind.make())
        finally:
            instrumentor().uninstrument()
        (span,) = exporter.get_finished_spans()
        assert kind.path in str(span.attributes.get("http.url") or span.attributes.get("url.full"))

    def test_sentry_sees_the_request(self, kind):
        seen = []

        class Kept(SentryTransport):
            def capture_envelope(self, envelope):
                seen.append(envelope)

        with sentry_sdk.isolation_scope():
            sentry_sdk.init(
                dsn="https://key@sentry.invalid/1",
                transport=Kept,
                traces_sample_rate=1.0,
                default_integrations=False,  # they stay in the process, and change the frameworks of other tests
                auto_enabling_integrations=False,
                integrations=[StdlibIntegration(), ThreadingIntegration(propagate_scope=True)],
            )
            try:
                with sentry_sdk.start_transaction(name="pay"):
                    kind.call(kind.make())
                sentry_sdk.flush()
            finally:
                sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)
        spans = [
            span
            for envelope in seen
            for item in envelope.items
            if (event := item.get_transaction_event())
            for span in event["spans"]
        ]
        assert [span["op"] for span in spans if kind.path in span.get("description", "")] == ["http.client"]


ADAPTERS = {
    "source address": partial(SourceAddressAdapter, ("127.0.0.1", 0)),
    "keep alive": TCPKeepAliveAdapter,
    "protocol": partial(SSLAdapter, ssl.PROTOCOL_TLS_CLIENT),
    "host header": HostHeaderSSLAdapter,
}


class TestAdapters:
    @pytest.mark.parametrize("make", ADAPTERS.values(), ids=ADAPTERS)
    def test_a_lent_adapter_carries_every_call(self, kind, sandbox, make):
        used = []
        adapter = make()
        kept = adapter.send

        def send(request, **options):
            used.append(urlsplit(request.url).path)
            return kept(request, **options)

        adapter.send = send
        with requests.Session() as session:
            session.cert = tuple(str(sandbox.folder / name) for name in ("apiclient_cert.pem", "apiclient_key.pem"))
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            before = kind.arrived()
            kind.call(kind.make(http_session=session))
        assert used == [kind.path]
        assert kind.arrived() > before
