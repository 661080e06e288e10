"""Mistakes of newcomers, in both languages: ``explain("zh")`` says the details in Chinese too."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

import pytest

from chainable.errors import DecryptionError, SignatureError, UnknownKeyError
from chainable.explanation import explain
from wechatpay import WeChatPay
from wechatpay.apiv3.field_decryption import decrypt_text
from wechatpay.certificates import PlatformCertificates
from wechatpay.crypto.aes import APIv3Key, open_req_info
from wechatpay.sandbox import Sandbox
from wechatpay.xml import XML

CHINESE = re.compile(r"[\u3400-\u9fff]")
SERIAL = "7E9C2B1F0D3A4856C9E1F2A3B4C5D6E7F8091A2B"


@pytest.fixture(scope="module")
def client():
    with Sandbox() as sandbox, sandbox.client() as client:
        yield client


def details(work):
    with pytest.raises(Exception) as caught:
        work()
    assert caught.value.args[0].isascii() or "…" in caught.value.args[0]
    return explain(caught.value, "zh").splitlines()[-1]


ORDER = {"amount": {"total": Decimal("1.00")}}


@pytest.mark.parametrize(
    ("work", "chinese"),
    [
        (
            lambda c: c.v3.pay.transactions.jsapi.post(json=ORDER),
            "详情：amount.total：应为整数，不能是 Decimal：金额单位是分，1.00 元请传 100",
        ),
        (
            lambda c: c.v2.pay.unifiedorder.post(xml={"total_fee": Decimal("1.00")}),
            "详情：total_fee：应为整数，不能是 Decimal：金额单位是分，1.00 元请传 100",
        ),
        (lambda c: c.v2.pay.unifiedorder.post(xml={"total_fee": 1.0}), "详情：total_fee：float 不精确"),
        (
            lambda c: c.v3.fund_app.mch_transfer.transfer_bills.post(json={"user_name": "张三"}),
            "详情：user_name：敏感字段必须加密：请用 Sensitive('…') 包裹",
        ),
        (
            lambda c: c.v3.pay.transactions.out_trade_no._out_trade_no_.get(params={"mchid": "1"}),
            "详情：路径变量 'out_trade_no' 没有值：请在调用请求方法时传入 out_trade_no=...",
        ),
        (
            lambda c: c["v3/pay/Transactions/jsapi"].post(json={}),
            "详情：接口目录中这个路径写作 'v3/pay/transactions/jsapi'：请照此书写",
        ),
        (lambda c: c.v3.pay.transactions.jsapi.pots(json={}), "是否要写 .post(…)"),
        (lambda c: c.v3.pay.transactions.jsapo(json={}), "不能直接调用：请写 .post(json=…)"),
        (lambda c: c.v3.pay.transactions(json={}), "不是接口，只是更长路径的前半段"),
        (lambda c: c.v3.certificates(json={}), "没有带请求体的 POST，不能直接调用：请用 .get(…)"),
        (lambda c: c.zzzz, "WeChatPay 没有属性 'zzzz'；其他路径请写成"),
        (lambda c: c.encrpt, "；是否要写 'encrypt'"),
        (lambda c: c.v3.certificates.get.x, "'get' 会发送请求"),
        (lambda c: c.v3.certificates.get({}), "get() 只接受具名参数：请写成 get(params={…})"),
        (
            lambda c: c.v3.pay.transactions.jsapi.post(jsno={}),
            "'jsno' 既不是调用选项，也不是 v3/pay/transactions/jsapi 的路径变量；是否要写 'json'？",
        ),
        (
            lambda c: c.v3.pay.transactions.jsapi.post(description="a"),
            "：它是接口参数，请写成 post(json={'description': …})",
        ),
        (lambda c: c.v3.pay.transactions.jsapi.post(body={}), "：请写成 post(json={…})"),
        (
            lambda c: c.v3.pay.transactions.jsapi.post(json={"time_expire": datetime(2026, 1, 1)}),
            "详情：time_expire：datetime 没有时区",
        ),
        (lambda c: WeChatPay(mchidd="1"), "详情：WeChatPay() 没有参数 'mchidd'；是否要写 'mchid'？"),
        (lambda c: WeChatPay(notify_url="1"), "详情：WeChatPay() 没有参数 'notify_url'；"),
    ],
)
def test_a_mistake_in_a_call_is_described_in_chinese(client, work, chinese):
    assert chinese in details(lambda: work(client))


@pytest.mark.parametrize(
    ("value", "chinese"),
    [
        (True, "详情：a：APIv2 没有布尔值"),
        ("\0", "详情：a：XML 不允许字符 U+0000"),
        (Decimal("NaN"), "详情：a：NaN 不是数字"),
        ({1}, "详情：a：set 无法写成 XML"),
        (datetime(2026, 1, 1), "详情：a：datetime 没有时区"),
    ],
)
def test_what_xml_cannot_hold_is_described_in_chinese(value, chinese):
    assert chinese in details(lambda: XML.encode({"a": value}))


def test_a_ciphertext_of_another_key_is_described_in_chinese(client):
    with pytest.raises(DecryptionError) as caught:
        APIv3Key("k" * 32).open("A" * 44, "n" * 12)
    assert "所给的 APIv3 密钥解不开这段密文" in caught.value.explain("zh")

    with pytest.raises(DecryptionError) as caught:
        open_req_info("k" * 32, "AAAA", XML.decode)
    assert "解不开 req_info" in caught.value.explain("zh")

    with pytest.raises(DecryptionError) as caught:
        decrypt_text(client.settings.decryption_key(), "AAAA")
    assert "商户私钥解不开这段密文" in caught.value.explain("zh")


def test_a_store_without_certs_and_key_says_so_in_both_languages():
    with pytest.raises(UnknownKeyError) as caught:
        _ = PlatformCertificates().default_serial
    assert "neither certs= nor apiv3_key= was given" in str(caught.value)
    assert caught.value.explain("zh").endswith(
        "详情：没有配置 certs，也没有 apiv3_key：请传入微信支付公钥 certs={…} 或 apiv3_key（用于下载平台证书）"
    )
    with pytest.raises(UnknownKeyError) as caught:
        PlatformCertificates()[SERIAL]
    assert "neither certs= nor apiv3_key= was given" in str(caught.value)


def test_a_store_with_a_key_and_nothing_to_fetch_with_does_not_ask_for_the_key():
    with pytest.raises(UnknownKeyError) as caught:
        PlatformCertificates(apiv3_key=APIv3Key("k" * 32))[SERIAL]
    assert "neither" not in str(caught.value)
    assert f"没有序列号或 ID 为 {SERIAL} 的平台密钥（已有：无）" in caught.value.explain("zh")


def test_a_failed_download_is_described_in_chinese():
    def fetch(serial):
        raise OSError("no network")

    with pytest.raises(UnknownKeyError) as caught:
        PlatformCertificates(apiv3_key=APIv3Key("k" * 32), fetch=fetch)[SERIAL]
    assert "（已有：无）；下载平台证书失败（OSError：no network）" in caught.value.explain("zh")


def test_a_text_that_is_not_a_serial_is_described_in_chinese():
    with pytest.raises(UnknownKeyError) as caught:
        PlatformCertificates()["x y z"]
    assert CHINESE.search(caught.value.explain("zh").splitlines()[-1])


def test_a_stale_message_says_by_how_much_in_chinese(client):
    from requests import Response

    from wechatpay.signing import RSAVerifier

    response = Response()
    response._content = b""
    response.headers.update(
        {
            "Wechatpay-Timestamp": "1000",
            "Wechatpay-Nonce": "n",
            "Wechatpay-Signature": "s",
            "Wechatpay-Serial": SERIAL,
        }
    )
    for now, words in ((2000, "早 1000 秒"), (0, "晚 1000 秒")):
        with pytest.raises(SignatureError) as caught:
            RSAVerifier({}, clock=lambda now=now: now).verify(response)
        assert f"详情：消息的时间比本机时钟{words}，最多允许相差 300 秒" in caught.value.explain("zh")
    with pytest.raises(SignatureError) as caught:
        RSAVerifier(PlatformCertificates(), clock=lambda: 1000).verify(response)
    assert "详情：签名所用的平台密钥，客户端没有：没有配置 certs，也没有 apiv3_key" in caught.value.explain("zh")
