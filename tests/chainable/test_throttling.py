"""The seconds that a refusal asks to wait, in the words of several platforms."""

from __future__ import annotations

import pytest

from chainable.throttling import ban_seconds, header_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("This ban will last for 3 more seconds", 3),
        ("app call limited; this ban will last for 2 more minutes", 120),
        ("The Ban Will Last For 1 More Hour", 3600),
        ("try again in 2 minutes", 120),
        ("Please retry after 90 seconds.", 90),
        ("请 5 分钟后再试", 300),
        ("请在3个小时之后重试", 10800),
        ("30秒以后", 30),
    ],
)
def test_the_wait_is_read_in_seconds(text, seconds):
    assert ban_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "Invalid session", "5 seconds ago", "a ban of 3 seconds", "again in a minute"])
def test_a_text_without_a_wait_gives_none(text):
    assert ban_seconds(text) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), (None, None), ("", None), ("-1", None), ("1.5", None), ("٣", None), ("Fri, 01 Jan", None)],
)
def test_a_header_gives_whole_seconds(value, seconds):
    assert header_seconds(value) == seconds
