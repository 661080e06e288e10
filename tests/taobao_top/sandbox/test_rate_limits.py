"""Limits and bans."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.rate_limits import Limit, Throttle

TIME = "taobao.time.get"


@contextmanager
def refused(words):
    with pytest.raises(GatewayError) as caught:
        yield
    assert caught.value.sub_msg.endswith(words)


def test_a_ban_names_its_remaining_seconds(call, stopped):
    stopped.ban(31_062)
    error = call.refused(TIME)
    assert error["code"] == 7
    assert error["sub_code"] == "accesscontrol.limited-by-app-api-access-count"
    assert error["sub_msg"] == "This ban will last for 31062 more seconds"
    stopped.advance(31_061)
    assert call.refused(TIME)["sub_msg"] == "This ban will last for 1 more second"
    stopped.advance(1)
    assert call(TIME)["time"]


def test_a_ban_may_be_for_one_method_with_its_own_code(call, sandbox):
    sandbox.ban(60, method=TIME, code=4, sub_code="isv.user-call-limited")
    assert call.refused(TIME)["code"] == 4
    assert call("taobao.appip.get")["ip"]


def test_a_call_beyond_a_limit_starts_a_ban(call, stopped):
    stopped.limit(2, seconds=10, ban=3, method=TIME)
    assert call(TIME)["time"]
    assert call(TIME)["time"]
    assert "3 more seconds" in call.refused(TIME)["sub_msg"]
    assert call("taobao.appip.get")["ip"]
    stopped.advance(11)
    assert call(TIME)["time"]


def test_limits_count_in_a_sliding_window():
    throttle = Throttle()
    throttle.limit(Limit(calls=2, seconds=10, ban=1))
    for now in (0.0, 9.0, 10.0):
        throttle.check("a", now)
    with pytest.raises(GatewayError):
        throttle.check("a", 11.0)
    throttle.clear()
    throttle.check("a", 11.0)


def test_a_limit_of_no_calls_refuses_every_call():
    throttle = Throttle()
    throttle.limit(Limit(calls=0))
    with pytest.raises(GatewayError, match="7 App Call Limited"):
        throttle.check("a", 0.0)


@pytest.mark.parametrize("step", [3600.0, 86_400.0])
def test_a_clock_that_is_set_back_neither_lengthens_a_ban_nor_resets_counts(step):
    throttle = Throttle()
    throttle.limit(Limit(calls=2, seconds=10, ban=5))
    for now in (100_000.0, 100_001.0):
        throttle.check("a", now)

    with refused("5 more seconds"):
        throttle.check("a", 100_001.0 - step)
    with refused("1 more second"):
        throttle.check("a", 100_005.0 - step)
    with refused("1 more second"):
        throttle.check("a", 100_002.0 - 2 * step)
    throttle.check("a", 100_020.0 - 2 * step)


def test_a_ban_set_after_the_clock_was_set_back_counts_in_the_new_time():
    throttle = Throttle()
    throttle.check("a", 100_000.0)
    throttle.ban(96_460.0)

    with refused("60 more seconds"):
        throttle.check("a", 96_400.0)
    throttle.check("a", 96_460.0)
