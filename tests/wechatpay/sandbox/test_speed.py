"""What one request costs: calls of functions, which do not depend on the machine."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from sqlite3 import ProgrammingError
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox import Sandbox, members

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

MOST = 260
"""Calls of Python functions by an order, or a query of one, from the request to the signed response."""


def calls_of(function: Callable[[], object]) -> int:
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def test_an_order_and_its_query_cost_few_calls(sandbox: Sandbox, merchant: Any) -> None:
    for number in ("order-1", "order-2"):  # the first one fills what is remembered
        sent = {
            "appid": sandbox.account.appid,
            "mchid": sandbox.account.mchid,
            "description": "thing",
            "out_trade_no": number,
            "notify_url": "https://example.com/notify",
            "amount": {"total": 100, "currency": "CNY"},
        }
        order = merchant.request("POST", "/v3/pay/transactions/native", json.dumps(sent).encode())
        query = merchant.request("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={sandbox.account.mchid}")
        costs = [calls_of(partial(merchant.send, request)) for request in (order, query)]
    assert max(costs) <= MOST


def test_the_members_of_many_objects_are_not_all_remembered(monkeypatch: Any) -> None:
    from wechatpay.catalogue.fields import Field

    monkeypatch.setattr(members, "KEPT", len(members._known) + 2)
    for number in range(5):
        fields = (Field(f"f{number}_$n", required=True),)
        found = members.members_of(fields)
        assert members.members_of(fields) is found
        assert found.required == fields
        assert found.first[0][0] == f"f{number}_0"
    assert len(members._known) <= members.KEPT


def test_a_change_that_cannot_begin_holds_no_lock() -> None:
    with Sandbox() as sandbox:
        context = sandbox.context
    with pytest.raises(ProgrammingError), context.change():
        pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(context.lock.acquire, blocking=False).result()
