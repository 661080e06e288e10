"""The clock of the sandboxes."""

from __future__ import annotations

import pytest

from chainable.sandbox.clock import LATEST, Clock


def test_a_clock_is_set_ahead_and_back():
    clock = Clock(lambda: 1000.0)

    assert clock.advance(60) == 60
    assert clock() == 1060
    assert clock.advance(-90) == clock.offset == -30
    assert clock() == 970


@pytest.mark.parametrize("seconds", [-1001.0, LATEST, float("nan"), float("inf")])
def test_a_clock_stays_within_the_years_that_can_be_written(seconds):
    clock = Clock(lambda: 1000.0)

    with pytest.raises(ValueError, match="within the years 1970 to 9998"):
        clock.advance(seconds)

    assert clock() == 1000


def test_members_of_a_request_set_it():
    clock = Clock(lambda: 1_790_000_000.0)
    assert [clock.change({name: 1}) for name in ("seconds", "minutes", "hours", "days")] == [
        {"ahead": 1},
        {"ahead": 61},
        {"ahead": 3661},
        {"ahead": 90_061},
    ]
    assert clock.as_json() == {"now": "2026-09-22T23:14:21+08:00", "ahead": 90_061}
    assert clock.reset() == {"now": "2026-09-21T22:13:20+08:00", "ahead": 0}
    for wrong in ({}, {"weeks": 1}, {"days": 1, "hours": 1}):
        with pytest.raises(TypeError):
            clock.change(wrong)
    for wrong in ({"days": None}, {"days": "x"}, {"days": 10**400}, {"days": 1e12}, {"seconds": float("nan")}):
        with pytest.raises(ValueError, match="seconds: the clock stays|days: a number is expected"):
            clock.change(wrong)


def test_others_hear_of_it():
    clock, heard = Clock(lambda: 1000.0), []
    clock.on_move(lambda: heard.append(clock.offset))
    clock.advance(5)
    clock.move(7)
    clock.move(7)
    clock.reset()
    assert heard == [5, 7, 0]
