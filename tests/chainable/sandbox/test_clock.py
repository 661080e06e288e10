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
