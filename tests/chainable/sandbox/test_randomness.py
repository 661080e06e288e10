"""Random values of the system, and of a seed."""

from __future__ import annotations

import string
import uuid

import pytest

from chainable.sandbox.randomness import Randomness


def taken(random):
    return [
        random.bytes(16, "a"),
        random.hex(8, "a"),
        random.url_safe(24, "a"),
        random.below(10**18, "a"),
        random.letters(32, "a"),
        random.uuid("a"),
    ]


def test_a_seed_gives_the_same_values():
    assert taken(Randomness(1)) == taken(Randomness(1))
    assert taken(Randomness("1")) == taken(Randomness(1))
    assert not {*taken(Randomness(1))} & {*taken(Randomness(2))}


def test_values_of_other_purposes_change_nothing():
    disturbed = Randomness(7)
    disturbed.hex(8, "b")
    assert taken(disturbed) == taken(Randomness(7))
    assert disturbed.hex(8, "b") != disturbed.hex(8, "b")


def test_the_system_gives_other_values_each_time():
    assert not {*taken(Randomness())} & {*taken(Randomness())}


@pytest.mark.parametrize("random", [Randomness(), Randomness(3)])
def test_forms(random):
    _, digits, url_safe, number, letters, name = taken(random)
    assert (len(digits), len(url_safe), len(letters)) == (16, 32, 32)
    assert int(digits, 16) >= 0
    assert set(url_safe) <= {*string.ascii_letters, *string.digits, "-", "_"}
    assert letters.isalnum()
    assert 0 <= number < 10**18
    assert uuid.UUID(name).version == 4
