"""Limits and bans."""

from __future__ import annotations

import pytest

from taobao_top.sandbox.refusals import Refusal
from taobao_top.sandbox.throttle import Limit, Throttle

TIME = "taobao.time.get"


def test_a_ban_says_how_long_it_lasts(call, stopped):
    stopped.ban(31_062)
    error = call.refused(TIME)
    assert error["code"] == 7
    assert error["sub_code"] == "accesscontrol.limited-by-app-api-access-count"
    assert error["sub_msg"] == "This ban will last for 31062 more seconds"
    stopped.advance(31_061)
    assert call.refused(TIME)["sub_msg"] == "This ban will last for 1 more second"
    stopped.advance(1)
    assert call(TIME)["time"]


def test_a_ban_for_one_api_with_another_code(call, sandbox):
    sandbox.ban(60, method=TIME, code=4, sub_code="isv.user-call-limited")
    assert call.refused(TIME)["code"] == 4
    assert call("taobao.appip.get")["ip"]


def test_a_limit_starts_a_ban(call, stopped):
    stopped.limit(2, seconds=10, ban=3, method=TIME)
    assert call(TIME)["time"]
    assert call(TIME)["time"]
    assert "3 more seconds" in call.refused(TIME)["sub_msg"]
    assert call("taobao.appip.get")["ip"]
    stopped.advance(11)
    assert call(TIME)["time"]


def test_limits_slide():
    throttle = Throttle()
    throttle.limit(Limit(calls=2, seconds=10, ban=1))
    for now in (0.0, 9.0, 10.0):
        throttle.check("a", now)
    with pytest.raises(Refusal):
        throttle.check("a", 11.0)
    throttle.clear()
    throttle.check("a", 11.0)


def test_no_calls_at_all():
    throttle = Throttle()
    throttle.limit(Limit(calls=0))
    with pytest.raises(Refusal, match="7 App Call Limited"):
        throttle.check("a", 0.0)
