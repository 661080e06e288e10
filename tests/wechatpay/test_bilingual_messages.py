"""Mistakes of newcomers, in both languages: ``explain("zh")`` says the details in Chinese too."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

import pytest
from requests import Request

from chainable.codecs import JSON
from chainable.errors import APIError, DecryptionError, SignatureError, UnknownKeyError
from chainable.explanation import explain
from chainable.resolution import PathResolver
from chainable.response import Response
from wechatpay import WeChatPay
from wechatpay.apiv3 import sign_error
from wechatpay.apiv3.errors import NOTHING, api_error
from wechatpay.apiv3.field_decryption import decrypt_text
from wechatpay.catalogue import Field
from wechatpay.certificates import PlatformCertificates
from wechatpay.crypto.aes import APIv3Key, open_req_info
from wechatpay.request import RequestSpec, _misspelt
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


def refusal(status, content):
    response = Response()
    response.status_code = status
    response._content = content if isinstance(content, bytes) else JSON.encode(content)
    response.request = Request("POST", "https://127.0.0.1/").prepare()
    return api_error(response, name="POST v3/a", about="", verbs=NOTHING)


class TestFields:
    """Errors of a request name the fields, and no value."""

    @pytest.mark.parametrize(
        ("body", "names"),
        [
            ({"detail": {"field": "/amount/total", "value": "SECRET"}}, "/amount/total"),
            ({"detail": [{"field": "payer.openid"}, {"field": "a[0]"}, "b"]}, "payer.openid、a[0]"),
            ({"message": "输入源“/body/description”映射到字段“商品描述”失败"}, "/body/description"),
        ],
    )
    def test_the_fields_are_named(self, body, names):
        error = refusal(400, {"code": "PARAM_ERROR", **body})

        assert f"请改正 detail 或 message 指出的字段；字段：{names}。" in error.explain("zh")
        assert f"; field: {names.replace('、', ', ')}" in str(error)
        assert "SECRET" not in str(error) + error.explain("zh") + error.explain("en")

    @pytest.mark.parametrize("field", ["张三", "11010119900101001X", "/a/11010119900101001X", 5, None, "a b"])
    def test_what_is_not_a_name_is_not_shown(self, field):
        error = refusal(400, {"code": "PARAM_ERROR", "detail": {"field": field}})

        assert "请改正 detail 或 message 指出的字段。" in error.explain("zh")
        assert "field:" not in str(error)

    def test_other_codes_name_no_field(self):
        assert "field:" not in str(refusal(400, {"code": "NOT_ENOUGH", "detail": {"field": "a"}}))

    def test_a_misspelt_field_of_the_request_is_suggested(self, client):
        body = {"mchid": client.mchid, "descripton": "x", "amount": {"totl": 1}, "Name": [{"x": 1}], "goods": 5}
        with pytest.raises(APIError) as caught:
            client.v3.pay.transactions.jsapi.post(json=body)

        text = caught.value.explain("zh")
        assert "请求中有 descripton，是否要写 description？；请求中有 totl，是否要写 total？" in text
        assert "the request has 'descripton': did you mean 'description'?" in str(caught.value)

    def test_a_list_is_searched_and_an_unknown_path_has_no_fields(self):
        fields = (Field("goods", fields=(Field("price"),)),)

        assert list(_misspelt({"goods": [{"prise": 1}], 1: 2}, fields)) == [("prise", "price")]
        assert list(_misspelt({"goods": 1, "good": 2}, fields)) == []

    def test_no_operation_no_fields(self, client):
        with pytest.raises(APIError) as caught:
            client.v3.no.such.path.post(json={})
        assert "did you mean" not in str(caught.value)
        assert (
            RequestSpec(client.settings, PathResolver.start(None).literal("v3"), "GET", (), {}).misspelt_fields() == ""
        )


class TestPaths:
    def test_an_unknown_path_says_so_in_both_languages(self, client):
        with pytest.raises(APIError) as caught:
            client.v3.no.such.path.post(json={})

        assert "it came from something in between, or the path is wrong; the catalogue does not" in str(caught.value)
        assert (
            "应答不是平台的错误格式：它来自中间设备，或路径有误；接口目录中没有这个路径：请核对它与官方文档是否一致。"
            in caught.value.explain("zh")
        )
        assert "Is it spelled" not in caught.value.explain("en")
        assert caught.value.explain("en").splitlines()[1].endswith("as on the official page?")

    @pytest.mark.parametrize(
        ("written", "right"),
        [
            ("v3/pay/transactons/native", "v3/pay/transactions/native"),
            ("v3/pay/transactions/nativ", "v3/pay/transactions/native"),
            ("v3/refund/domestic/refund", "v3/refund/domestic/refunds"),
        ],
    )
    def test_a_misspelt_path_is_compared_with_the_catalogue(self, client, written, right):
        with pytest.raises(APIError) as caught:
            client[written].post(json={})

        assert f"the catalogue does not know this path; did you mean '{right}'" in str(caught.value)
        assert f"接口目录中没有这个路径；是否要写 '{right}'" in caught.value.explain("zh")

    def test_a_path_of_another_verb_is_not_suggested(self, client):
        with pytest.raises(APIError) as caught:
            client.v3.certificate.post(json={})

        assert "did you mean" not in str(caught.value)

    def test_another_verb_is_named_in_both_languages(self, client):
        with pytest.raises(APIError) as caught:
            client.v3.pay.transactions.jsapi.get()

        assert "接口目录中这个路径的请求方法是 POST，不是 GET。" in caught.value.explain("zh")

    def test_a_broken_gateway_is_not_a_wrong_path(self):
        error = refusal(502, b"<html>")

        assert "try again later" in str(error)
        assert "路径有误" not in error.explain("zh")


class TestClock:
    CLOCK = (
        "本机时钟与平台相差超过 5 分钟：请同步时钟；沙箱时钟被拨过时，用 wechatpay clock now --sandbox 环境文件 恢复，"
        "或为客户端传入返回沙箱时间的 clock=。"
    )

    @pytest.mark.parametrize(
        "body",
        [
            {"message": "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"},
            {"message": "时间戳已过期"},
            {"detail": {"field": "timestamp"}},
        ],
    )
    def test_a_refused_timestamp_is_the_clock(self, body):
        error = refusal(401, {"code": "SIGN_ERROR", **body})

        assert self.CLOCK in error.explain("zh")
        assert "synchronize it" in error.explain("en")
        assert "wechatpay clock now --sandbox" in error.explain("en")
        assert "clock= that returns" in error.explain("en")
        assert "private_key" not in error.explain("en")

    def test_another_refusal_is_not_the_clock(self):
        assert self.CLOCK not in refusal(401, {"code": "SIGN_ERROR", "message": "签名错误"}).explain("zh")

    def test_the_comparison_without_a_body_says_what_it_lacks(self):
        assert "平台没有给出它验签的内容" in sign_error.explain(None, None).zh


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("STATEMENT_CREATING", "Ask again after ten o'clock, Beijing time", "请在北京时间 10 点后再下载"),
        ("NO_STATEMENT_EXIST", "A day without transactions has none", "当天没有交易时不生成账单"),
        ("RESOURCE_NOT_EXISTS", "check number and merchant", "请检查单号与商户号"),
    ],
)
def test_what_does_not_exist_is_explained(code, english, chinese):
    error = refusal(404, {"code": code, "message": "没有"})
    assert english.casefold() in error.explain("en").casefold()
    assert chinese in error.explain("zh")


def test_a_merchant_without_certificates_is_told_to_pass_the_public_key():
    with Sandbox(keys="public-key") as sandbox, sandbox.client() as client, pytest.raises(APIError) as caught:
        client.v3.certificates.get()

    assert "pass it in certs=, by its id" in str(caught.value)
    assert "请在 certs= 中以公钥 ID 传入公钥" in caught.value.explain("zh")
