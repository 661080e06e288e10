"""Patterns of faults, and the names that they can mean."""

from __future__ import annotations

import pytest

from chainable.sandbox.patterns import can_mean

CLOSE = "POST v3/orders/{number}/close"


@pytest.mark.parametrize(
    "pattern",
    [
        CLOSE,
        "*",
        "**",
        "POST *",
        "*/close",
        "POST v3/orders/7/close",
        "POST v3/orders/*/close",
        "POST v3/orders/order-?/close",
        "POST v3/orders/order-*",
        "P[OU]ST v3/orders/7/close",
        "*7*",
        "POST v3/orders/{number}/close*",
    ],
)
def test_a_pattern_that_means_an_operation(pattern: str) -> None:
    assert can_mean(pattern, CLOSE)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "POST v3/orders",
        "POST v3/orders/7/clse",
        "POST v3/orders/7/8/close",
        "POST v3/orders//close",
        "GET *",
        "*/close/*/",
        "POST v3/order/*",
        "POST v3/orders/7/close?",
    ],
)
def test_a_pattern_that_means_none(pattern: str) -> None:
    assert not can_mean(pattern, CLOSE)
