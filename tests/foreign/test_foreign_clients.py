"""Both sandboxes, called by clients that share nothing with this project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import wechatpayv3
import wechatpayv3.core

from taobao_top.sandbox import Sandbox as TaobaoSandbox
from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOTIFY_URL = "https://shop.example/notify"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(callback_scale=0.0) as running:
        yield running


def notification(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.callbacks.wait()
    delivery = sandbox.callbacks[-1]
    return {"headers": dict(delivery.headers), "body": delivery.notice.body.decode()}


def test_wechatpay_axios_plugin(sandbox: Sandbox, node: Callable[..., Any]) -> None:
    account = sandbox.account
    settings = {
        "base_url": sandbox.https_url,
        "mchid": account.mchid,
        "appid": account.appid,
        "serial": account.serial,
        "private_key": account.private_key,
        "merchant_cert": account.merchant_cert,
        "public_key_id": account.public_key_id,
        "public_key": account.public_key,
        "apiv3_key": account.apiv3_key,
        "secret": account.secret,
        "notify_url": NOTIFY_URL,
    }

    def run(*parts: str, **more: Any) -> dict[str, Any]:
        return dict(node("wechatpay.cjs", {**settings, **more, "parts": parts}, account.ca))

    got = run("order", "unknown", "foreign", "query", "close", "certificates", "upload", "v2")
    assert got["order"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert got["unknown"][0] == 400
    assert got["unknown"][1]["detail"] == {"location": None, "value": ["/body/foo"]}
    assert got["foreign"][1]["code"] == "APPID_MCHID_NOT_MATCH"
    assert (got["query"], got["close"]) == ("NOTPAY", 204)
    assert got["certificates"] == [[account.certificate_serial, "-----BEGIN CERTIFICATE-----"]]
    assert got["upload"]
    assert got["v2"].startswith("weixin://")
    sandbox.pay("axios-0001")
    got = run("query", "refund", "v2refund", "notification", notification=notification(sandbox))
    assert got == {"query": "SUCCESS", "refund": "PROCESSING", "v2refund": "SUCCESS", "notification": [True, "SUCCESS"]}


@pytest.mark.parametrize("keys", ["public-key", "certificate"])
def test_wechatpayv3(tmp_path: Path, keys: str) -> None:
    with Sandbox(callback_scale=0.0, keys=keys) as sandbox:
        use_wechatpayv3(sandbox, tmp_path, by_public_key=keys == "public-key")


def use_wechatpayv3(sandbox: Sandbox, tmp_path: Path, *, by_public_key: bool) -> None:
    account = sandbox.account

    class Gateway(wechatpayv3.core.Core):
        """Its address is written into the client."""

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, sandbox.base_url[:-1] if name == "_gate_way" else value)

    keys = {"public_key": account.public_key, "public_key_id": account.public_key_id} if by_public_key else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wechatpayv3.core, "Core", Gateway)
        client = wechatpayv3.WeChatPay(
            wechatpayv3.WeChatPayType.NATIVE,
            account.mchid,
            account.private_key,
            account.serial,
            account.appid,
            account.apiv3_key,
            notify_url=NOTIFY_URL,
            timeout=(30, 30),
            **keys,
        )
    code, text = client.pay(description="商品", out_trade_no="python-0001", amount={"total": 100})
    assert (code, list(json.loads(text))) == (200, ["code_url"])
    code, text = client.pay(description="商品", out_trade_no="x", amount={"total": 100})
    assert (code, json.loads(text)["code"]) == (400, "PARAM_ERROR")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    assert client.image_upload(str(picture))[0] == 200  # its Content-Type has no boundary
    sandbox.pay("python-0001")
    assert json.loads(client.query(out_trade_no="python-0001")[1])["trade_state"] == "SUCCESS"
    told = notification(sandbox)
    assert client.decrypt_callback(told["headers"], told["body"])
    code, text = client.refund(
        "R1", {"refund": 100, "total": 100, "currency": "CNY"}, out_trade_no="python-0001", notify_url=NOTIFY_URL
    )
    assert (code, json.loads(text)["status"]) == (200, "PROCESSING")
    assert client.close("python-0002")[0] == 204


def test_node_taobao_topclient(node: Callable[..., Any]) -> None:
    with TaobaoSandbox() as sandbox:
        account = sandbox.account
        settings = {"url": sandbox.gateway, "app_key": account.app_key, "app_secret": account.app_secret}
        got = node("taobao_top.cjs", settings)
    assert len(got["time"]["time"]) == len("2026-01-01 00:00:00")
    assert (got["unknown"], got["unsigned"]) == (22, 25)
