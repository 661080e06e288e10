"""
The direct transport reads what a server sends as the default does, or raises: a bounded part of the comparison.

``python -m tools.fuzz_transports 100000`` is the long one.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .transports import Behaviour, Duel, drawn


@pytest.fixture
def duel():
    with Duel() as duel:
        yield duel


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_drawn_behaviours_have_the_same_outcome_or_an_error(duel):
    for seed in range(300):
        duel.fight(drawn(random.Random(seed)), seed)

    assert duel.differences == []
    assert duel.counts["behaviours"] == 300
    assert duel.counts["equal: an answer"] > 100
    assert duel.counts["equal: an error"] > 30
    assert duel.counts["stricter"] < 100


HEADS = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 2",
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b"Connection: close",
            b"X: y",
            b"X y: z",
        ]
    ),
    max_size=4,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    start=st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.0 200 OK", b"HTTP/1.1 100 Wait", b""]
    ),
    fields=HEADS,
    body=st.sampled_from([b"ok", b"2\r\nok\r\n0\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\n"]) | st.binary(max_size=30),
    cut=st.integers(0, 200),
)
def test_any_bytes_have_the_same_outcome_or_an_error(duel, start, fields, body, cut):
    data = b"\r\n".join([start, *fields, b"", b""]) + body
    duel.fight(Behaviour("POST", [data[:cut], data[cut:]], b"", "close"), data)

    assert duel.differences == []


def test_a_wrong_reading_is_found(duel, monkeypatch):
    """The comparison itself can fail."""
    from chainable import direct_transport

    monkeypatch.setattr(direct_transport, "_read_plain", lambda connection, length: b"wrong")
    duel.fight(Behaviour("POST", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], b"", "close"), 0)

    assert len(duel.differences) == 2  # the answer, and the one of the next request
