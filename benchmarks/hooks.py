"""
What hooks and OpenTelemetry cost a call, in µs of CPU time, without signatures and without a network.

    python benchmarks/hooks.py
"""

from __future__ import annotations

import logging
import time
import timeit
from contextlib import contextmanager
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from chainable import Call, Pipeline, Response
from chainable.opentelemetry import instrument, uninstrument

CALL = Call(
    verb="POST",
    label="v3/x/{id}",
    urls=("https://a.example/v3/x/1",),
    headers={},
    body=b"{}",
    signer=None,
    verifier=None,
    parse=lambda response: response,
)
LOGGER = logging.getLogger("silent")


class Nowhere:
    """A transport that answers at once."""

    def __init__(self) -> None:
        self.response: Response[Any] = Response()
        self.response.status_code = 200
        self.response.set_content(b"ok")

    def send(self, request: Any, /, **options: Any) -> Response[Any]:
        return self.response

    def close(self) -> None:
        return


class WithoutSeam(Pipeline):
    """A pipeline that neither looks for an observer nor for a hook that is entered around attempts."""

    def run(self, call: Call) -> Response[Any]:
        return self._attempt(call, 0, time.monotonic() + self.deadline, 1, sent=False)


@contextmanager
def around(attempt: Any) -> Any:
    yield


def microseconds(pipeline: Pipeline) -> float:
    return min(timeit.repeat(partial(pipeline.run, CALL), number=2000, repeat=20, timer=time.process_time)) / 2000 * 1e6


def main() -> None:
    LOGGER.addHandler(logging.NullHandler())
    LOGGER.propagate = False
    plain = Pipeline(Nowhere(), LOGGER)
    print(f"without the seam and without retries    {microseconds(WithoutSeam(Nowhere(), LOGGER)):6.1f}")
    print(f"without a hook                          {microseconds(plain):6.1f}")
    print(f"a hook after each attempt               {microseconds(Pipeline(Nowhere(), LOGGER, lambda _: None)):6.1f}")
    print(f"a hook around each attempt              {microseconds(Pipeline(Nowhere(), LOGGER, around)):6.1f}")
    instrument()
    print(f"OpenTelemetry without an SDK            {microseconds(plain):6.1f}")
    tracer_provider, meter_provider = TracerProvider(), MeterProvider()
    instrument(tracer_provider=tracer_provider, meter_provider=meter_provider)
    print(f"OpenTelemetry's SDK without an exporter {microseconds(plain):6.1f}")
    uninstrument()
    tracer_provider.shutdown()
    meter_provider.shutdown()


if __name__ == "__main__":
    main()
