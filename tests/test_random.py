"""Jitter uses its own random source: a seed of the program changes nothing, and drawing from it disturbs no one."""

from __future__ import annotations

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def _others_draw():
    """A thread that draws from Python's shared numbers all the time, as the pings of a WebSocket do now and then."""
    stopping = threading.Event()

    def draw() -> None:
        while not stopping.is_set():
            random.getrandbits(32)
            time.sleep(0)  # lets the test go on

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.mark.usefixtures("_others_draw")
def test_strategies_do_not_mind_what_other_threads_draw():
    @settings(max_examples=200, database=None)
    @given(st.text(min_size=20))
    def drawn(text):
        assert text

    drawn()
