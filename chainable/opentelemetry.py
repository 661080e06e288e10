"""
Traces and metrics by OpenTelemetry: a span for each call, with a span for each attempt below it.

::

    from chainable.opentelemetry import instrument

    instrument()

The spans and the metric follow the stable semantic conventions of HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/).  Paths are templates: no
span, metric or header has a value of a call, and messages of errors are left out.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable._version import __version__
from chainable.client import Client
from chainable.extras import extra
from chainable.hooks import current_observer, observe
from chainable.i18n import Words

with extra("otel", "opentelemetry"):
    from opentelemetry import context, metrics, trace
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from chainable.attempt import Attempt
    from chainable.call import Call

__all__ = ["instrument", "uninstrument"]

_SCHEMA = "https://opentelemetry.io/schemas/1.30.0"
# The boundaries that the conventions recommend, in seconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_PORTS = {"https": 443, "http": 80}
_LONGEST_ID = 128  # characters
# The instrumentations of HTTP libraries look for these keys; the API gives them no public name.
_ALL_SUPPRESSED: str | None = getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", None)
_HTTP_SUPPRESSED: str | None = getattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None)


def instrument(
    client: Client | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    propagate: bool = False,
) -> None:
    """
    Make spans and metrics of the calls of one client, or of all clients of this process.

    A second call replaces the settings of the first; one client's take
    precedence over those of all.  While an attempt is sent, the
    instrumentations of requests and urllib3 are suppressed: they would count it twice
    and show its whole URL.

    Args:
        client: The client; None for all, including those that are made later.
        tracer_provider: Makes the spans; None for the global provider.
        meter_provider: Makes the metrics; None for the global provider.
        propagate: Send ``traceparent`` and ``tracestate`` with each attempt. They are not signed, and they tell the
            platform the ids of your traces. Baggage is never sent.

    Raises:
        TypeError: *client* is not a client.

    .. versionadded:: 0.1.0
    """
    observer = _Tracing(tracer_provider, meter_provider, propagate=propagate)
    if client is None:
        observe(observer)
    else:
        _checked(client).observe(observer)


def uninstrument(client: Client | None = None) -> None:
    """
    Undo :func:`instrument`.

    Args:
        client: The client that was instrumented; None for what was set for all clients.

    .. versionadded:: 0.1.0
    """
    if client is not None:
        _checked(client).observe(None)
    elif isinstance(current_observer(), _Tracing):
        observe(None)


def _checked(client: object) -> Client:
    if not isinstance(client, Client):
        msg = Words(
            f"client: a {type(client).__name__} was given; pass a client, or nothing for all clients",
            f"client：所给的是 {type(client).__name__}，应为客户端；不给则对全部客户端生效",
        )
        raise TypeError(msg)
    return client


class _Tracing:
    """The observer that makes spans and metrics."""

    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, *, propagate: bool
    ) -> None:
        self._tracer = trace.get_tracer("chainable", __version__, tracer_provider, _SCHEMA)
        meter = metrics.get_meter("chainable", __version__, meter_provider, _SCHEMA)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._propagator = TraceContextTextMapPropagator() if propagate else None

    @contextmanager
    def call(self, call: Call, /) -> Iterator[None]:
        if _is_suppressed():
            yield
            return
        attributes = {"url.template": _template(call.label), **_method(call.verb)}
        with self._span(call.verb, call.label, SpanKind.INTERNAL, attributes) as span:
            try:
                yield
            except BaseException as error:
                _fail(span, _error_type(error, getattr(error, "status_code", None)), error)
                raise

    @contextmanager
    def attempt(self, attempt: Attempt, /) -> Iterator[dict[str, str]]:
        headers: dict[str, str] = {}
        if _is_suppressed():
            yield headers
            return
        shared: dict[str, Any] = {
            "url.template": _template(attempt.path),
            **_method(attempt.verb),
            **_server(attempt),
        }
        attributes = {**shared, "url.full": f"{attempt.scheme}://{attempt.host}/{attempt.path}"}
        if attempt.number > 1:
            attributes["http.request.resend_count"] = attempt.number - 1
        with self._span(attempt.verb, attempt.path, SpanKind.CLIENT, attributes) as span:
            if self._propagator is not None:
                self._propagator.inject(headers)
            failure: BaseException | None = None
            try:
                yield headers
            except BaseException as error:
                failure = error
                raise
            finally:
                outcome: dict[str, Any] = {}
                if attempt.status is not None:
                    outcome["http.response.status_code"] = attempt.status
                if attempt.request_id is not None:
                    span.set_attribute("chainable.request_id", attempt.request_id[:_LONGEST_ID])
                span.set_attributes(outcome)
                if failure is not None:
                    outcome["error.type"] = _error_type(failure, attempt.status)
                    _fail(span, outcome["error.type"], failure)
                self._duration.record(attempt.milliseconds / 1000, {**shared, **outcome})

    @contextmanager
    def sending(self) -> Iterator[None]:
        if _HTTP_SUPPRESSED is None or _is_suppressed():
            yield
            return
        token = context.attach(context.set_value(_HTTP_SUPPRESSED, True))
        try:
            yield
        finally:
            context.detach(token)

    def _span(self, verb: str, path: str, kind: SpanKind, attributes: dict[str, Any]) -> Any:
        return self._tracer.start_as_current_span(
            f"{verb if verb in _METHODS else 'HTTP'} {_template(path)}",
            kind=kind,
            attributes=attributes,
            record_exception=False,  # its message may hold values
            set_status_on_exception=False,
        )


def _is_suppressed() -> bool:
    return _ALL_SUPPRESSED is not None and bool(context.get_value(_ALL_SUPPRESSED))


def _template(label: str) -> str:
    """Return the label of a call as a path; that of a method has no slash, and stays."""
    return f"/{label}" if "/" in label else label


def _method(verb: str) -> dict[str, Any]:
    return {"http.request.method": verb if verb in _METHODS else "_OTHER"}


def _server(attempt: Attempt) -> dict[str, Any]:
    parts = urlsplit(f"//{attempt.host}")
    return {"server.address": parts.hostname or "", "server.port": parts.port or _PORTS.get(attempt.scheme, 0)}


def _error_type(error: BaseException, status: int | None) -> str:
    """Return the status of a refusal by HTTP, or the class of the error: both have few values."""
    if status is not None and status >= 400:
        return str(status)
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _fail(span: Span, error_type: str, error: BaseException) -> None:
    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", error_type)
    maybe_sent = getattr(error, "maybe_sent", None)
    if isinstance(maybe_sent, bool):
        span.set_attribute("chainable.maybe_sent", maybe_sent)
