"""``clock`` of both command lines."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("span", "ahead"), [("+1d", 86_400), ("2h30m", 9000), ("+90", 90), ("+1d1h1m1s", 90_061), ("now", 0)]
)
def test_the_time_is_moved(wx, top, sandbox, gateway, span, ahead):
    for run, running in ((wx, sandbox), (top, gateway)):
        result = run("clock", span, "--sandbox", running.file)
        assert (result.code, result.data["ahead"], running.clock.offset) == (0, ahead, ahead)
        assert run("clock", "--sandbox", running.file).data["ahead"] == ahead
        assert run("clock", "--sandbox", running.file, "--", f"-{ahead}").code == 0
        assert running.clock.offset == 0


@pytest.mark.parametrize("span", ["+", "tomorrow", "1h1d", "1.5d", ""])
def test_other_spans_are_refused(wx, sandbox, span):
    result = wx("clock", span, "--sandbox", sandbox.file)
    assert (result.code, "write +1d, +2h30m or +90 (seconds), or now" in result.err.replace("\n", " ")) == (2, True)
