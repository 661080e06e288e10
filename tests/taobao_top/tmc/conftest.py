"""A sandbox with its message channel, and clients of it that lose no time."""

from __future__ import annotations

import time

import pytest

from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server
from taobao_top.tmc import TMC

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]


@pytest.fixture
def sandbox(taobao_sandbox):
    return taobao_sandbox


@pytest.fixture
def make(sandbox):
    """Make a TMC of the sandbox's app; all are stopped in the end."""
    made = []

    def make(**settings):
        quick = {"url": sandbox.channel_url, "proxy": None, "pull_every": 0.02, "backoff": (0.01, 0.02)}
        settings = {**quick, "timeout": 60.0} | settings
        tmc = TMC(settings.pop("top", None) or sandbox.client(), **settings)
        made.append(tmc)
        return tmc

    yield make
    for tmc in made:
        tmc.stop()


def eventually(condition, seconds=60.0):
    """Wait until the condition holds; its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)
    return value


@pytest.fixture(name="eventually")
def _eventually():
    return eventually
