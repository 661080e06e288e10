"""Settings of sandboxes, whole and broken."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("WECHATPAY_", "TAOBAO_TOP_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared_wechatpay():
    from wechatpay.sandbox import Sandbox

    with Sandbox(callback_scale=0.001) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_wechatpay):
    yield shared_wechatpay
    shared_wechatpay.reset()


@pytest.fixture
def settings(sandbox):
    """What ``from_env`` reads, names in lower case."""
    found = {name.removeprefix("WECHATPAY_").lower(): value for name, value in sandbox.env().items()}
    found["certs"] = dict(part.split("=") for part in found["certs"].split(","))
    return found


@pytest.fixture(scope="session")
def shared_top():
    from taobao_top.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def gateway(shared_top):
    yield shared_top
    shared_top.application.faults.clear()
    shared_top.application.clock.offset = 0


@pytest.fixture
def app(gateway):
    return {name.removeprefix("TAOBAO_TOP_").lower(): value for name, value in gateway.env().items()}
