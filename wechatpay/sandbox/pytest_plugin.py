"""
Fixtures for tests against the sandbox.

Name it in the ``conftest.py`` at the root of your tests; other tests do not load it::

    pytest_plugins = ["wechatpay.sandbox.pytest_plugin"]

One server runs for the whole session (under xdist: one in each worker), its
keys and its client are made once; every test starts without state, requests and
faults, and now: ``wechatpay_sandbox.clock.advance(days=1)`` moves the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay import WeChatPay
    from wechatpay.sandbox import Sandbox

__all__ = ["wechatpay_client", "wechatpay_sandbox", "wechatpay_sandbox_server", "wechatpay_session_client"]


@pytest.fixture(scope="session")
def wechatpay_sandbox_server() -> Iterator[Sandbox]:
    """The sandbox of this test session, which :func:`wechatpay_sandbox` empties for each test."""
    from wechatpay.sandbox import Sandbox

    with Sandbox(callback_scale=0.0) as sandbox:
        yield sandbox


@pytest.fixture
def wechatpay_sandbox(wechatpay_sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """A sandbox without state, requests and faults; notifications are repeated at once."""
    wechatpay_sandbox_server.reset()
    yield wechatpay_sandbox_server
    wechatpay_sandbox_server.reset()


@pytest.fixture(scope="session")
def wechatpay_session_client(wechatpay_sandbox_server: Sandbox) -> WeChatPay:
    """The client of the session."""
    return wechatpay_sandbox_server.client()


@pytest.fixture
def wechatpay_client(wechatpay_sandbox: Sandbox, wechatpay_session_client: WeChatPay) -> WeChatPay:
    """A client of the sandbox's account, connected already from the second test on."""
    assert wechatpay_sandbox.account.mchid == wechatpay_session_client.mchid
    return wechatpay_session_client
