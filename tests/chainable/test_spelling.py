"""Names that are one edit away from a known one."""

from __future__ import annotations

import pytest

from chainable.spelling import one_edit


@pytest.mark.parametrize(
    "word", ["timeou", "imeout", "tmeout", "timeouts", "ttimeout", "timexout", "tomeout", "timeuot"]
)
def test_a_letter_removed_added_changed_or_swapped_is_one_edit(word):
    assert one_edit(word, "timeout")


@pytest.mark.parametrize("word", ["", "timeo", "tiemotu", "timeoutss", "retries", "tmieuot", "timex"])
def test_more_is_another_word(word):
    assert not one_edit(word, "timeout")
