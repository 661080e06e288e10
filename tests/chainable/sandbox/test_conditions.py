"""What a fault's ``match`` says, and the values that fit."""

from __future__ import annotations

import pytest

from chainable.sandbox.conditions import hold, read_conditions

REFUND = {
    "out_refund_no": "R2",
    "amount": {"refund": 100, "currency": "CNY"},
    "sub_orders": [{"out_trade_no": "A"}, {"out_trade_no": "B"}],
    "order_info": '{"tid": 42, "open": true}',
    "list": '[{"tid": 7}]',
    "broken": "{",
}


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"out_refund_no": "R2"}, True),
        ({"out_refund_no": "R"}, False),
        ({"out_refund_no": "R*"}, True),
        ({"amount.refund": 100}, True),
        ({"amount.refund": ">=100"}, True),
        ({"amount.refund": ">100"}, False),
        ({"amount.refund": "<100.5"}, True),
        ({"amount.refund": "<= 99"}, False),
        ({"amount.currency": ">1"}, False),
        ({"out_refund_no": "R2", "amount.currency": "USD"}, False),
        ({"sub_orders.out_trade_no": "B"}, True),
        ({"sub_orders.out_trade_no": "C"}, False),
        ({"order_info.tid": "42", "order_info.open": True}, True),
        ({"list.tid": 7}, True),
        ({"broken.tid": 7}, False),
        ({"amount.refund.more": "1"}, False),
        ({"unknown": "*"}, False),
        ("out_refund_no=R2, amount.refund >= 100", True),
        ("amount.refund<100", False),
        ("", True),
    ],
)
def test_values_fit(conditions, fits):
    assert hold(read_conditions(conditions), REFUND) is fits


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        ("R2", "R2"),
        ("a=1, a=2", "NAME=VALUE"),
        ("a=1, b", " b"),
        ("a>R", "a>R"),
        ({"a": ">NaN"}, "a>NaN"),
        ({"a": ["1"]}, "a="),
        ({1: "1"}, "1=1"),
        (7, "7"),
    ],
)
def test_other_conditions_are_refused(conditions, shown):
    with pytest.raises(ValueError, match="match: ") as caught:
        read_conditions(conditions)
    assert shown in str(caught.value)
    assert "match：" in caught.value.args[0].zh
