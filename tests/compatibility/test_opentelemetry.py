"""Our spans of every kind of call, alone and beside the instrumentations of requests and urllib3."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from chainable import APIError
from chainable.opentelemetry import instrument, uninstrument


class Telemetry:
    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader])

    def spans(self):
        return self.exporter.get_finished_spans()

    def durations(self):
        """Return how many durations were measured."""
        data = json.loads(self.reader.get_metrics_data().to_json())
        return sum(
            point["count"]
            for resource in data["resource_metrics"]
            for scope in resource["scope_metrics"]
            for metric in scope["metrics"]
            if metric["name"] in {"http.client.request.duration", "http.client.duration"}
            for point in metric["data"]["data_points"]
        )

    def text(self):
        """Return all that leaves the process."""
        spans = "".join(span.to_json() for span in self.spans())
        return spans + self.reader.get_metrics_data().to_json()


@pytest.fixture
def telemetry():
    made = Telemetry()
    instrument(tracer_provider=made.tracer_provider, meter_provider=made.meter_provider)
    yield made
    uninstrument()
    made.tracer_provider.shutdown()
    made.meter_provider.shutdown()


@contextmanager
def instrumented(instrumentors, telemetry):
    for instrumentor in instrumentors:
        instrumentor().instrument(tracer_provider=telemetry.tracer_provider, meter_provider=telemetry.meter_provider)
    try:
        yield
    finally:
        for instrumentor in instrumentors:
            instrumentor().uninstrument()


@pytest.mark.parametrize(
    "instrumentors",
    [(), (RequestsInstrumentor,), (URLLib3Instrumentor,), (RequestsInstrumentor, URLLib3Instrumentor)],
    ids=["alone", "requests", "urllib3", "both"],
)
def test_each_kind_of_call_has_its_two_spans_once(kind, telemetry, instrumentors):
    with instrumented(instrumentors, telemetry):
        kind.call(kind.make(retries=0))

    (attempt,) = [span for span in telemetry.spans() if span.kind is SpanKind.CLIENT]
    (call,) = [span for span in telemetry.spans() if span.kind is SpanKind.INTERNAL]
    assert attempt.parent.span_id == call.context.span_id
    assert attempt.attributes["server.port"] == kind.port
    assert urlsplit(attempt.attributes["url.full"]).scheme == ("https" if kind.secure else "http")
    assert attempt.attributes["http.response.status_code"]
    assert "http.method" not in attempt.attributes
    assert telemetry.durations() == 1


def test_the_instrumentations_see_what_is_not_a_call(sandbox, telemetry):
    """A signer over the network has its own span, below the attempt."""
    import requests

    with instrumented([RequestsInstrumentor], telemetry), sandbox.client(retries=0) as client:
        kept = client.settings.signer

        class Remote(type(kept)):
            def __init__(self):
                return

            def __call__(self, r):
                requests.get(sandbox.base_url, timeout=10)
                return kept(r)

        with sandbox.client(retries=0, signer=Remote()) as other:
            other.v3.certificates.get()

    signing, attempt, _ = telemetry.spans()
    assert signing.name == "GET"
    assert attempt.name == "GET /v3/certificates"
    assert signing.parent.span_id == attempt.context.span_id


def test_no_span_and_no_metric_has_a_secret_or_a_person(sandbox, top_sandbox, telemetry):
    person = "oPLANTEDperson0123456789"
    number = "order-PLANTED-0123456789"
    session = "6100PLANTEDsession0123456789"
    with sandbox.client(retries=0) as client, top_sandbox.client(session=session, retries=0) as top:
        for call in (
            lambda: client.v3.pay.transactions.out_trade_no._out_trade_no_.get(
                out_trade_no=number, params={"mchid": client.mchid}
            ),
            lambda: client.chain(f"v3/pay/transactions/id/{number}").get(params={"mchid": client.mchid}),
            lambda: client.v3.pay.transactions.jsapi.post(json={"payer": {"openid": person}, "out_trade_no": number}),
            lambda: client.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": number}),
            lambda: top.taobao.trade.get(fields="tid", tid=f"{number}{person}"),
            lambda: top.taobao.time.get(),
        ):
            with suppress(APIError):
                call()
        secrets = [person, number, session, client.mchid]
        secrets += [value for name, value in {**sandbox.env(), **top_sandbox.env()}.items() if "URL" not in name]

    text = telemetry.text()
    assert len(telemetry.spans()) == 12
    names = {span.name for span in telemetry.spans()}
    assert "GET /v3/pay/transactions/out-trade-no/{out_trade_no}" in names
    assert "POST taobao.time.get" in names
    for secret in secrets:
        assert len(secret) < 5 or secret not in text, secret
    assert not re.search(r"sign|nonce|Authorization", text)
