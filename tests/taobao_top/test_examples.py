"""The examples run against the sandbox."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server
from taobao_top.sessions import FileSessions
from tests.taobao_top.spi.conftest import platform_call

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(taobao_sandbox, monkeypatch, tmp_path):
    for name, value in taobao_sandbox.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TAOBAO_TOP_SESSION")
    monkeypatch.setenv("SECRET_KEY", "for tests")
    monkeypatch.setenv("REDIRECT_URI", "https://shop.example/taobao/back")
    monkeypatch.chdir(tmp_path)
    return taobao_sandbox


def test_a_seller_authorises_and_orders_are_read(environment, capsys):
    """From the platform's page to the orders of the last hour."""
    tids = environment.trades.add(3)
    browser = example("taobao_authorize").create_app().test_client()
    page = browser.get("/taobao/authorize").headers["Location"]
    state = parse_qs(urlsplit(page).query)["state"][0]
    code = environment.sessions.code(redirect_uri="https://shop.example/taobao/back")

    assert page.startswith(environment.https_gateway.removesuffix("/router/rest") + "/authorize?")
    assert browser.get("/taobao/back", query_string={"code": code, "state": "other"}).status_code == 400
    browser.get("/taobao/authorize")
    page = browser.get("/taobao/authorize").headers["Location"]
    state = parse_qs(urlsplit(page).query)["state"][0]
    back = browser.get("/taobao/back", query_string={"code": code, "state": state})
    assert "sandbox_seller: until" in back.text

    example("taobao_orders").main("2054718218")

    printed = capsys.readouterr().out
    assert [str(tid) for tid in tids if str(tid) in printed] == [str(tid) for tid in tids]
    assert FileSessions("sessions.json").load("2054718218").user_nick == "sandbox_seller"


def test_stock_is_answered(environment):
    """A call of the platform is answered, a forged one is not."""
    caller = example("taobao_stock").create_app().test_client()

    def ask(sku, secret):
        from datetime import datetime

        from chainable import BEIJING

        call = platform_call(
            {"sku": sku, "app_key": environment.account.app_key},
            secret=secret,
            at=datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        )
        return json.loads(caller.post("/taobao/stock?" + urlsplit(call.url).query).data)

    secret = environment.account.app_secret
    assert ask("sku-1", secret) == {"flag": "success", "sku": "sku-1", "quantity": 5}
    assert ask("sku-9", secret)["sub_code"] == "isv.sku-not-exist"
    assert ask("sku-1", "forged")["sub_code"] == "sign-check-failure"
