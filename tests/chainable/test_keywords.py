"""Constructors name the argument that is meant by a name of another SDK, and show no value."""

from __future__ import annotations

import inspect

import pytest

from taobao_top import TaobaoTop
from taobao_top.other_names import OTHER_NAMES as TOP_NAMES
from wechatpay import WeChatPay
from wechatpay.other_names import OTHER_NAMES

# Java: com.wechat.pay.java.core.RSAAutoCertificateConfig.Builder; Go: core/option.WithWechatPayAutoAuthCipher;
# PHP: wechatpay/wechatpay Builder::factory, EasyWeChat; Node: wechatpay-node-v3; Python: wechatpayv3, wechatpy.
WECHATPAY = {
    "api_v3_key": "apiv3_key",
    "apiV3Key": "apiv3_key",
    "mchAPIv3Key": "apiv3_key",
    "secret_key": "apiv3_key",
    "mch_id": "mchid",
    "merchantId": "mchid",
    "mchID": "mchid",
    "cert_serial_no": "serial",
    "serial_no": "serial",
    "merchantSerialNumber": "serial",
    "mchCertSerialNumber": "serial",
    "privateKey": "private_key",
    "privateKeyFromPath": "private_key",
    "api_key": "secret",
    "v2_secret_key": "secret",
    "mch_cert": "merchant_cert",
    "mch_key": "merchant_key",
    "passphrase": "merchant_cert_password",
    "proxy": "proxies",
    "baseURL": "base_url",
    "retrys": "retries",
}
TOP = {
    "base_url": "gateway",
    "url": "gateway",
    "appkey": "app_key",
    "appKey": "app_key",
    "secret": "app_secret",
    "appSecret": "app_secret",
    "client_secret": "app_secret",
    "session_key": "session",
    "access_token": "session",
    "signMethod": "sign_method",
    "sign_type": "sign_method",
    "simplfy": "simplify",
}


@pytest.mark.parametrize(
    ("client", "name", "meant"),
    [(WeChatPay, *pair) for pair in WECHATPAY.items()] + [(TaobaoTop, *pair) for pair in TOP.items()],
)
def test_a_name_of_another_sdk(client, name, meant):
    with pytest.raises(TypeError) as caught:
        client(**{"clock": None, name: "PLANTED"})

    assert str(caught.value) == f"{client.__name__}() has no argument {name!r}; did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("public_key_id", "; write certs={'PUB_KEY_ID_…': 'pub_key.pem'}"),
        ("publicKeyFromPath", "; write certs={'PUB_KEY_ID_…': 'pub_key.pem'}"),
        ("cert_dir", "; write certs={'PUB_KEY_ID_…': 'pub_key.pem'}"),
        ("appid", "; it belongs to each call, json={…}, or to all of them: defaults={…}"),
        ("notify_url", "; it belongs to each call, json={…}, or to all of them: defaults={…}"),
        ("zzz", ""),
        ("PLANTED0123456789abcdef", ""),
    ],
)
def test_what_is_not_a_renamed_argument(name, words):
    with pytest.raises(TypeError) as caught:
        WeChatPay(**{name: "PLANTED"})

    assert str(caught.value).endswith(words)
    assert "PLANTED" not in str(caught.value)


def test_settings_of_programs_and_files_are_checked_alike(monkeypatch):
    monkeypatch.setenv("SHOP_MCHID", "1900000109")
    with pytest.raises(TypeError, match="has no argument 'mch_id'; did you mean 'mchid'"):
        WeChatPay.from_env("SHOP_", mch_id="1")


@pytest.mark.parametrize(("client", "names"), [(WeChatPay, OTHER_NAMES), (TaobaoTop, TOP_NAMES)])
def test_every_suggestion_is_an_argument(client, names):
    parameters = inspect.signature(client).parameters
    for name, meant in names.items():
        assert name == name.lower().replace("_", "")
        assert " " in meant or meant in parameters, name
        assert name not in {known.replace("_", "") for known in parameters}, name


def test_the_signature_is_that_of_the_client():
    assert {"private_key_password", "merchant_cert_password"} < inspect.signature(WeChatPay).parameters.keys()
