"""Limits of one request, counted as the parser reports it."""

from __future__ import annotations

import pytest

from chainable.sandbox import limits
from chainable.sandbox.limits import Allowance


def begun(now=100.0, largest=1000):
    allowance = Allowance(largest)
    allowance.received(1, now)
    allowance.begin()
    return allowance


def test_between_requests_there_is_not_a_deadline():
    allowance = Allowance(10)
    assert allowance.deadline is None
    allowance = begun()
    allowance.headers_complete(None)
    allowance.complete()
    assert (allowance.deadline, allowance.status, allowance.in_body) == (None, 0, False)


def test_the_head_has_a_time_that_no_byte_extends():
    allowance = begun()
    allowance.received(1, 109.0)
    assert allowance.deadline == 100.0 + limits.HEAD_SECONDS


def test_a_body_may_not_fall_silent_nor_last():
    allowance = begun()
    allowance.headers_complete("10")
    allowance.received(1, 105.0)
    assert allowance.deadline == 105.0 + limits.SILENCE
    allowance.received(1, 159.0)
    assert allowance.deadline == 100.0 + limits.SECONDS


def test_fields_are_bounded_in_bytes_and_number():
    allowance = begun()
    allowance.field(limits.LARGEST_HEAD)
    assert allowance.status == 0
    allowance.field(1)
    assert allowance.status == 431
    allowance = begun()
    for _ in range(limits.MOST_FIELDS):
        allowance.field(1)
    assert allowance.status == 0
    allowance.field(1)
    assert allowance.status == 431


def test_a_field_without_end_is_bounded_before_it_is_reported():
    allowance = begun()
    allowance.received(limits.LARGEST_FRAMING, 100.0)
    allowance.parsed()
    assert allowance.status == 431


def test_framing_without_a_body_is_bounded():
    allowance = begun()
    allowance.headers_complete(None)
    allowance.received(limits.LARGEST_FRAMING, 100.0)
    allowance.body(1)
    allowance.parsed()
    assert allowance.status == 0
    allowance.received(limits.LARGEST_FRAMING + 1, 100.0)
    allowance.parsed()
    assert allowance.status == 400


@pytest.mark.parametrize(
    ("length", "status"), [(None, 0), ("1000", 0), ("1001", 413), (b"1001", 413), ("1" * 500, 413)]
)
def test_a_body_is_refused_by_its_length(length, status):
    allowance = begun()
    allowance.headers_complete(length)
    assert allowance.status == status


def test_a_body_is_refused_by_its_bytes():
    allowance = begun()
    allowance.headers_complete(None)
    allowance.body(1000)
    assert allowance.status == 0
    allowance.body(1)
    allowance.field(limits.LARGEST_HEAD + 1)
    assert allowance.status == 413  # the first reason stays
