"""
Fixtures: a sandbox for every test, one server for all of them.

Name them in the ``conftest.py`` at the root of your tests; other tests do not load them::

    pytest_plugins = ["taobao_top.sandbox.pytest_plugin"]

    def test_time(taobao_sandbox):
        assert taobao_sandbox.client().taobao.time.get().data["time"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taobao_top.sandbox import Sandbox

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]


@pytest.fixture(scope="session")
def taobao_sandbox_server() -> Iterator[Sandbox]:
    """Serve the whole test run (of this process: every worker of a parallel run has its own)."""
    from taobao_top.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def taobao_sandbox(taobao_sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """Return a sandbox with an app, a journal and a state of its own, on the server of the run."""
    from taobao_top.sandbox import Sandbox

    with Sandbox(beside=taobao_sandbox_server) as sandbox:
        yield sandbox
