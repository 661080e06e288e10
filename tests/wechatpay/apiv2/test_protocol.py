"""Calls of APIv2 from the chain to the bytes, and from the bytes to data or an error."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import pickle
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from chainable.chain import path_of
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from chainable.signing import Signer
from wechatpay import catalogue
from wechatpay.apiv2.keys import sandbox_key
from wechatpay.apiv2.protocol import APIv2
from wechatpay.apiv2.signing import ParamSigner, WorkWXSigner, verify_parameters
from wechatpay.catalogue import Operation, Upload
from wechatpay.request import RequestSpec
from wechatpay.sensitive import Ciphertext, Sensitive
from wechatpay.xml import XML

SECRET = "0123456789abcdef0123456789ABCDEF"
OK = {"return_code": "SUCCESS", "result_code": "SUCCESS"}
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


def known(key, **rules):
    method, _, path = key.partition(" ")
    rules = {"body": "xml", "answer": "xml", "merchant_number_field": "mch_id", **rules}
    return {key: Operation(key=key, method=method, path=path, **rules)}


UNIFIED = known(
    "POST v2/pay/unifiedorder",
    title="统一下单",
    page="https://pay.weixin.qq.com/doc/v2/x",
    sign_types=("MD5", "HMAC-SHA256"),
    sign_type_parameter=True,
    encoded_fields={"xml": {"detail": "json", "risk_info": "urlencode"}},
)


class TestRequests:
    def test_the_leading_v2_is_not_sent(self, client, platform):
        """It only selects the protocol."""
        platform.answer(OK)

        client.v2.pay.unifiedorder.post(xml={"appid": "wx"})

        assert platform.requests[0].url == "https://api.mch.weixin.qq.com/pay/unifiedorder"
        assert platform.requests[0].headers["Content-Type"] == "text/xml; charset=utf-8"

    def test_merchant_nonce_and_sign_are_filled_in(self, make_client, platform):
        """And the caller's mapping is not touched."""
        client = make_client(UNIFIED)
        platform.answer(OK)
        given = {
            "appid": "wx",
            "total_fee": 0,
            "attach": None,
            "detail": {"goods": [{"id": 1, "x": None}]},
            "risk_info": {"a": "1&"},
            "time_expire": datetime(2026, 1, 1, 2, tzinfo=timezone.utc),
        }
        before = dict(given)

        client.v2.pay.unifiedorder.post(xml=given)

        (sent,) = platform.received
        verify_parameters(sent, SECRET)
        sent.pop("sign")
        assert sent == {
            "appid": "wx",
            "total_fee": "0",
            "detail": '{"goods":[{"id":1}]}',
            "risk_info": "a=1%26",
            "time_expire": "20260101100000",
            "mch_id": "1900000109",
            "nonce_str": "nonce1",
        }
        assert given == before

    def test_what_is_given_is_kept(self, make_client, platform):
        """Merchant number, nonce, algorithm."""
        client = make_client(UNIFIED)
        platform.answer(OK)

        client.v2.pay.unifiedorder.post(
            xml={"mch_id": "7", "nonce_str": "n", "sign_type": "HMAC-SHA256", "sign": "old"}
        )

        (sent,) = platform.received
        assert (sent["mch_id"], sent["nonce_str"], len(sent["sign"])) == ("7", "n", 64)
        verify_parameters(sent, SECRET)

    @pytest.mark.parametrize("field", ["mch_id", "mchid", "combine_mch_id"])
    def test_the_merchant_number_has_the_name_the_operation_gives_it(self, make_client, platform, field):
        """Three names for one thing."""
        client = make_client(known("POST v2/pay/closeorder", merchant_number_field=field))
        platform.answer(OK)
        platform.answer(OK)

        client.v2.pay.closeorder.post(xml={})
        make_client().v2.a.b.post(xml={field: "8"})

        assert platform.received[0][field] == "1900000109"
        assert {name for name in platform.received[1] if name.endswith(("mch_id", "mchid"))} == {field}

    def test_an_operation_may_have_no_merchant_number(self, make_client, platform):
        """Then none is sent."""
        client = make_client(known("POST v2/pay/closeorder", merchant_number_field=None, nonceless=True))
        platform.answer(OK)

        client.v2.pay.closeorder.post(xml={"x": "1"})

        assert list(platform.received[0]) == ["x", "sign"]

    def test_nothing_but_the_fill_ins_is_needed(self, client, platform):
        """A POST without ``xml`` sends what is filled in."""
        platform.answer(OK)

        client.v2.a.b.post()

        assert list(platform.received[0]) == ["mch_id", "nonce_str", "sign"]

    def test_profit_sharing_takes_hmac_only(self, make_client, platform):
        """The algorithm and its name are filled in."""
        rules = known("POST v2/secapi/pay/profitsharing", sign_types=("HMAC-SHA256",), sign_type_parameter=True)
        client = make_client(rules)
        platform.answer(OK, sign="HMAC-SHA256")

        client.v2.secapi.pay.profitsharing.post(xml={"appid": "wx"})

        (sent,) = platform.received
        assert (sent["sign_type"], len(sent["sign"])) == ("HMAC-SHA256", 64)
        verify_parameters(sent, SECRET)
        with pytest.raises(CodecError, match="sign_type: this operation takes HMAC-SHA256, not 'MD5'"):
            client.v2.secapi.pay.profitsharing.post(xml={"sign_type": "MD5"})

    def test_transfers_take_md5_only(self, make_client, platform):
        """Even of a client that prefers HMAC."""
        rules = known("POST v2/pay/facepay", sign_types=("MD5",), unsigned_answer=True)
        client = make_client(rules, secret=None, v2_signer=ParamSigner("HMAC-SHA256", SECRET))
        platform.answer(OK, sign=None)
        platform.answer(OK)

        client.v2.pay.facepay.post(xml={})
        client.v2.pay.other.post(xml={})

        first, second = platform.received
        assert ("sign_type" in first, len(first["sign"])) == (False, 32)
        assert (second["sign_type"], len(second["sign"])) == ("HMAC-SHA256", 64)

    @pytest.mark.parametrize(
        ("signer", "named"),
        [
            (ParamSigner("MD5", SECRET), "MD5"),
            (ParamSigner("HMAC-SHA256", SECRET), "HMAC-SHA256"),
            (None, "MD5"),
        ],
    )
    @pytest.mark.usefixtures("no_certificate")
    def test_some_operations_want_the_algorithm_named(self, make_client, platform, signer, named):
        """Even where it is MD5; the client's choice, if the operation takes it."""
        client = make_client(vars_of("POST v2/risk/getpublickey"), v2_signer=signer)
        platform.answer(OK)

        client.v2.risk.getpublickey.post(xml={})

        assert platform.received[0]["sign_type"] == named
        verify_parameters(platform.received[0], SECRET)

    @pytest.mark.usefixtures("no_certificate")
    def test_a_custom_signer_gets_the_algorithm(self, make_client, platform):
        """The first that the operation takes."""
        client = make_client(vars_of("POST v2/risk/getpublickey"), v2_signer=Remote())
        platform.answer(OK)

        client.v2.risk.getpublickey.post(xml={})

        assert platform.received[0]["sign_type"] == "MD5"

    @pytest.mark.usefixtures("no_certificate")
    def test_one_post_has_a_query_as_well(self, make_client, platform):
        """Which is not signed."""
        client = make_client(vars_of("POST v2/secapi/mch/submchmanage"))
        platform.answer(OK)

        client.v2.secapi.mch.submchmanage.post(params={"action": "add", "x": None}, xml={"appid": "wx"})

        assert platform.requests[0].url == "https://api.mch.weixin.qq.com/secapi/mch/submchmanage?action=add"
        assert "action" not in platform.received[0]
        with pytest.raises(TypeError, match="params: a mapping was expected, not list"):
            client.v2.secapi.mch.submchmanage.post(params=["add"])

    def test_no_two_attempts_share_a_nonce(self, make_client, platform):
        """A repeated call is signed anew."""
        rules = known("POST v2/secapi/pay/refundv2", idempotent_by=("xml", "out_refund_no"))
        client = make_client(rules)
        platform.answer({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "SYSTEMERROR"})
        platform.answer(OK)

        client.v2.secapi.pay.refundv2.post(xml={"out_refund_no": "1"})

        first, second = platform.received
        assert (first["nonce_str"], second["nonce_str"]) == ("nonce1", "nonce2")
        assert first["sign"] != second["sign"]
        verify_parameters(second, SECRET)

    def test_system_errors_of_other_calls_are_not_repeated(self, client, platform):
        """Nobody knows whether that pays twice."""
        platform.answer({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "SYSTEMERROR"})

        with pytest.raises(APIError, match="SYSTEMERROR") as caught:
            client.v2.a.pay.post(xml={"out_trade_no": "1"})

        assert len(platform.requests) == 1
        assert caught.value.retryable

    def test_without_a_nonce_of_ours_one_is_made(self, make_client, platform):
        """32 characters."""
        client = make_client(nonce=None)
        platform.answer(OK)

        client.v2.a.b.post(xml={})

        assert len(platform.received[0]["nonce_str"]) == 32

    def test_queries_are_signed_as_well(self, make_client, platform):
        """A GET carries everything in its query."""
        client = make_client(known("GET v2/papay/h5entrustweb", nonceless=True))
        platform.answer({**OK, "redirect_url": "https://x/"})

        data = client.v2.papay.h5entrustweb.get(params={"plan_id": 7, "notify_url": "https://a/?b=c", "x": None}).data

        (request,) = platform.requests
        query = dict(parse_qsl(urlsplit(request.url).query))
        verify_parameters(query, SECRET)
        assert (query["plan_id"], query["notify_url"], request.body) == ("7", "https://a/?b=c", None)
        assert data["redirect_url"] == "https://x/"

    def test_a_plain_request_is_not_signed(self, make_client, platform):
        """Where the catalogue says so."""
        client = make_client(
            known("POST v2/pay/closeorder", unsigned_request=True), secret=None, v2_signer=ParamSigner("MD5", SECRET)
        )
        platform.answer(OK)

        client.v2.pay.closeorder.post(xml={"x": "1"})

        assert platform.received == [{"x": "1", "mch_id": "1900000109"}]

    @pytest.mark.parametrize(
        ("verb", "options", "words"),
        [
            ("post", {"json": {}}, r"give xml=\{"),
            ("post", {"data": b"<xml/>"}, r"give xml=\{"),
            ("post", {"params": {"a": 1}}, "this POST carries everything in its body"),
            ("get", {"files": {"a": 1}}, "carries its parameters in the query"),
            ("get", {"xml": {"a": 1}}, "carries its parameters in the query"),
            ("post", {"xml": ["a"]}, "a mapping of names to values was expected, not list"),
            ("post", {"xml": {}, "stream": True}, "stream=True is for file downloads"),
        ],
    )
    def test_options_of_the_other_protocol_are_refused(self, client, verb, options, words):
        """Before anything is sent."""
        with pytest.raises(TypeError, match=words):
            getattr(client.v2.a.b, verb)(**options)

    def test_without_a_key_nothing_is_sent(self, make_client):
        """The setting is named."""
        with pytest.raises(ConfigurationError, match=r"give secret= \(or v2_signer=\)"):
            make_client(secret=None).v2.a.b.post(xml={})

    def test_a_body_error_names_the_field(self, client):
        """A float for an amount."""
        with pytest.raises(CodecError, match="total_fee: a float is not exact"):
            client.v2.a.b.post(xml={"total_fee": 1.0})


class Remote(Signer):
    """A signature made elsewhere."""

    def __call__(self, r):
        r.body = r.codec.encode({**r.parameters, "sign": "made elsewhere"})
        return r


class RemoteVerifier(Remote):
    """It also checks."""

    def verify(self, response):
        if b"made elsewhere" not in response.content:
            raise SignatureError("not made elsewhere")


class TestPluggedSigners:
    def test_a_signer_that_verifies_does_both(self, make_client, platform):
        """An HSM, a service, another scheme."""
        client = make_client(secret=None, v2_signer=RemoteVerifier())
        platform.answer({**OK, "sign": "made elsewhere"}, sign=None)
        platform.answer({**OK, "sign": "0" * 32}, sign=None)

        assert client.v2.a.b.post(xml={}).verified
        with pytest.raises(SignatureError, match="not made elsewhere"):
            client.v2.a.b.post(xml={})
        assert platform.received[0]["sign"] == "made elsewhere"

    def test_a_signer_that_only_signs_needs_the_key_for_answers(self, make_client, platform):
        """Otherwise they could not be verified."""
        platform.answer(OK)

        assert make_client(v2_signer=Remote()).v2.a.b.post(xml={}).verified
        with pytest.raises(ConfigurationError, match=r"give secret=, or a v2_signer= that has verify"):
            make_client(secret=None, v2_signer=Remote()).v2.a.b.post(xml={})

    def test_wecom_payments_carry_both_signatures(self, make_client, platform):
        """The second one is made for each attempt, too."""
        client = make_client(secret=None, v2_signer=WorkWXSigner(ParamSigner("MD5", SECRET), "agent"))
        platform.answer(OK)

        client.v2.mmpaymkttransfers.sendworkwxredpack.post(xml={"mch_billno": "1", "wxappid": "wx", "act_name": "x"})

        (sent,) = platform.received
        assert len(sent["workwx_sign"]) == 32
        verify_parameters(sent, SECRET)


class TestAnswers:
    def test_a_verified_answer_is_data(self, client, platform):
        """With unknown fields, in order."""
        platform.answer({**OK, "z": "1", "prepay_id": "wx2", "empty": ""})

        response = client.v2.pay.unifiedorder.post(xml={})

        assert list(response.data)[:5] == ["return_code", "result_code", "z", "prepay_id", "empty"]
        assert (response.verified, response.pending, response.request_id) == (True, False, "08F-268443699")
        assert pickle.loads(pickle.dumps(response)).data == response.data

    @pytest.mark.parametrize("sign", ["MD5", "HMAC-SHA256"])
    def test_either_algorithm_is_known_by_its_length(self, client, platform, sign):
        """Answers often do not name it."""
        platform.answer(OK, sign=sign)

        assert client.v2.a.b.post(xml={}).verified

    def test_pain_25_a_success_without_sign_is_refused(self, client, platform):
        """A missing signature is not a reason to skip the check (WxJava #1890)."""
        platform.answer({**OK, "prepay_id": "forged"}, sign=None)

        with pytest.raises(SignatureError) as caught:
            client.v2.a.b.post(xml={})

        assert caught.value.reason == "missing"

    def test_a_forged_answer_is_refused(self, client, platform):
        """Signed with another key; a refusal likewise."""
        platform.answer(OK, secret="another key")
        platform.answer({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "X"}, secret="another key")

        for _ in range(2):
            with pytest.raises(SignatureError) as caught:
                client.v2.a.b.post(xml={})
            assert caught.value.reason == "mismatch"

    @pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"{}", b"<html><br>", b"<xml><return_code>SUC"])
    def test_other_bodies_carry_no_sign(self, client, platform, body):
        """HTML of a login page, nothing, half an answer."""
        platform.answer_bytes(body)

        with pytest.raises(SignatureError) as caught:
            client.v2.a.b.post(xml={})

        assert caught.value.reason == "missing"

    def test_what_the_platform_does_not_sign_is_not_verified(self, make_client, platform):
        """It is data all the same."""
        client = make_client(known("POST v2/pay/closeorder", unsigned_answer=True))
        platform.answer({**OK, "payment_no": "1"}, sign=None)
        platform.answer_bytes(b"<html><br>")

        response = client.v2.pay.closeorder.post(xml={})

        assert (response.verified, response.data["payment_no"]) == (False, "1")
        with pytest.raises(CodecError, match="not XML"):
            client.v2.pay.closeorder.post(xml={})

    def test_bills_are_bytes(self, make_client, platform):
        """Plain text on success."""
        client = make_client(known("POST v2/pay/downloadbill", answer="binary", unsigned_answer=True))
        platform.answer_bytes("\ufeff交易时间,公众账号ID\r\n".encode())
        platform.answer_bytes(gzip.compress(b"x"))

        first, second = (client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}) for _ in range(2))

        assert first.data.decode() == "\ufeff交易时间,公众账号ID\r\n"
        assert gzip.decompress(second.data) == b"x"
        assert not first.verified

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\r\n"])
    def test_bills_may_be_errors_in_xml(self, make_client, platform, stream, start):
        """Where a file was expected."""
        client = make_client(known("POST v2/pay/downloadbill", answer="binary", unsigned_answer=True))
        platform.answer_bytes(
            start + XML.encode({"return_code": "FAIL", "return_msg": "No Bill Exist", "error_code": "20002"})
        )

        with pytest.raises(APIError, match="No Bill Exist") as caught:
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=stream)

        assert caught.value.code == "20002"

    def test_a_streamed_bill_starts_at_its_beginning(self, make_client, platform):
        """The look at its first bytes costs nothing of it."""
        client = make_client(known("POST v2/pay/downloadbill", answer="binary", unsigned_answer=True))
        bill = "交易时间".encode() * 100
        platform.answer_bytes(bill)
        platform.answer_bytes(bill)

        first, second = (client.v2.pay.downloadbill.post(xml={}, stream=True) for _ in range(2))

        assert b"".join(first.iter_content(7)) == bill
        assert second.content == bill

    @pytest.mark.parametrize("body", [b'{"retcode":0,"access_token":"x"}', b'{"errcode":"0"}', b"[1]"])
    def test_json_answers_are_read(self, make_client, platform, body):
        """One operation has them."""
        client = make_client(
            known("GET v2/appauth/getaccesstoken", answer="json", unsigned_answer=True, nonceless=True)
        )
        platform.answer_bytes(body)

        assert client.v2.appauth.getaccesstoken.get(params={}).data

    def test_json_refusals_are_raised(self, make_client, platform):
        """With their own names of the code."""
        client = make_client(known("GET v2/appauth/getaccesstoken", answer="json", unsigned_answer=True))
        platform.answer_bytes(b'{"retcode": 4001, "retmsg": "invalid code"}')

        with pytest.raises(APIError, match="invalid code") as caught:
            client.v2.appauth.getaccesstoken.get(params={})

        assert caught.value.code == "4001"


class TestRefusals:
    def test_a_refusal_names_everything(self, make_client, platform):
        """Operation, code, message, advice, request id, page."""
        client = make_client(UNIFIED)
        platform.answer(
            {"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "ORDERPAID", "err_code_des": "该订单已支付"}
        )

        with pytest.raises(APIError) as caught:
            client.v2.pay.unifiedorder.post(xml={})

        error = caught.value
        assert str(error) == (
            "POST v2/pay/unifiedorder: ORDERPAID; 该订单已支付; the order is paid: it needs no further payment; "
            "reason 268443699; request id 08F-268443699; 统一下单 https://pay.weixin.qq.com/doc/v2/x"
        )
        assert (error.code, error.status_code, error.verified, error.retryable, error.pending) == (
            "ORDERPAID",
            200,
            True,
            False,
            False,
        )
        assert error.detail["err_code_des"] == error.response.data["err_code_des"] == "该订单已支付"

    def test_a_failed_communication_is_unsigned(self, client, platform):
        """``return_code`` FAIL comes without sign."""
        platform.answer({"return_code": "FAIL", "return_msg": "appid不存在"}, sign=None, headers={"Request-ID": "x"})

        with pytest.raises(APIError, match="FAIL; appid不存在; .*this error response itself is not signed") as caught:
            client.v2.a.b.post(xml={})

        assert (caught.value.code, caught.value.verified) == ("FAIL", False)

    def test_userpaying_is_pending(self, client, platform):
        """Neither failed nor done."""
        platform.answer({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "USERPAYING"})

        with pytest.raises(APIError, match="the user is paying") as caught:
            client.v2.pay.micropay.post(xml={})

        assert (caught.value.pending, caught.value.retryable) == (True, False)

    @pytest.mark.parametrize(
        ("status", "body", "code", "words"),
        [
            (502, b"<html>Bad Gateway</html>", "502", "without the platform's error form"),
            (404, b"<html><br>", "404", "the catalogue does not know this path"),
            (503, XML.encode({"return_code": "FAIL", "err_code": "SYSTEMERROR"}), "SYSTEMERROR", "outcome unknown"),
            (302, b"", "302", "a response without"),
        ],
    )
    def test_http_errors_are_refusals(self, make_client, platform, status, body, code, words):
        """Of a gateway in between, or of the platform."""
        platform.answer_bytes(body, status=status, headers={"Request-ID": ""})

        with pytest.raises(APIError, match=words) as caught:
            make_client(retries=0).v2.a.b.post(xml={})

        assert (caught.value.code, caught.value.status_code) == (code, status)
        assert caught.value.retryable is (status >= 500)

    @pytest.mark.parametrize(
        "fields",
        [
            {"return_code": "FAIL", "return_msg": "签名错误"},
            {"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "SIGNERROR"},
            {"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "SIGN_ERR"},  # risk/getpublickey
        ],
    )
    def test_pain_1_refused_signatures_are_explained(self, client, platform, fields):
        """The names that were signed and the likely causes, without values."""
        platform.answer(fields, sign=None)

        with pytest.raises(APIError) as caught:
            client.v2.a.b.post(xml={"appid": "wx-secret", "attach": ""})

        text = caught.value.explain()
        assert "error.explain()" in str(caught.value)
        assert "Signed with MD5, in this order: appid, mch_id, nonce_str, key." in text
        assert "Left out as empty: attach." in text
        assert caught.value.comparison().zh.startswith(
            "签名方式 MD5，参与签名的参数依次为：appid, mch_id, nonce_str, key。\n值为空、未参与签名："
        )
        assert "wx-secret" not in text
        assert SECRET not in text

    def test_other_refusals_have_nothing_to_compare(self, client, platform):
        platform.answer({"return_code": "FAIL"}, sign=None)

        with pytest.raises(APIError) as caught:
            client.v2.a.b.post(xml={})

        assert caught.value.comparison() is None

    def test_an_explanation_without_parameters_is_short(self, platform, make_client):
        """A request that went out elsewhere is not known here."""
        from wechatpay.apiv2.errors import api_error

        platform.answer(OK)
        response = make_client().v2.a.b.post(xml={})
        response.request = None

        error = api_error(response, {"return_code": "FAIL", "err_code": "SIGN_ERROR"}, name="x", about="")

        assert "Left out" not in error.explain()


class TestBrowserPages:
    RULES = known("GET v2/papay/entrustweb", answer="redirect", nonceless=True, encoded_fields={})

    def test_a_page_is_not_called(self, make_client):
        """It is for the user's browser."""
        with pytest.raises(TypeError, match=r"client\.signed_url\(chain, params="):
            make_client(self.RULES).v2.papay.entrustweb.get(params={})

    def test_its_url_is_signed(self, make_client):
        """With everything in the query."""
        client = make_client(self.RULES)

        url = urlsplit(client.signed_url(client.v2.papay.entrustweb, params={"plan_id": "7"}))

        query = dict(parse_qsl(url.query))
        verify_parameters(query, SECRET)
        assert (url.path, set(query)) == ("/papay/entrustweb", {"plan_id", "mch_id", "sign"})

    def test_a_page_without_signature(self, make_client):
        """One of them wants none."""
        client = make_client(known("GET v2/appauth/authindex", answer="redirect", unsigned_request=True))

        assert client.signed_url(client.v2.appauth.authindex, params={}).endswith(
            "/appauth/authindex?mch_id=1900000109"
        )

    def test_other_paths_are_not_pages(self, client, make_client):
        """They are called; and a page takes no body."""
        with pytest.raises(TypeError, match="is not a page for a browser"):
            client.signed_url(client.v2.a.b, params={})
        knowing = make_client(self.RULES)
        spec = RequestSpec(knowing.settings, path_of(knowing.v2.papay.entrustweb), "GET", (), {"xml": {}})
        with pytest.raises(TypeError, match=r"a page takes params"):
            APIv2(knowing.settings, knowing.run).signed_url(spec)


APIV3_KEY = b"a" * 32


def vars_of(*keys):
    """The real catalogue's operations."""
    return {key: catalogue.operation(key) for key in keys}


def certificate_of(key, serial, year):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay")])
    start = datetime(year, 1, 1, tzinfo=timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(serial).not_valid_before(start).not_valid_after(start + timedelta(days=1825))
    return dated.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


class TestEncryptedFields:
    RULES = {
        **known(
            "POST v2/mmpaysptrans/pay_bank",
            encrypted_fields={"xml": {"enc_bank_no": "rsa", "enc_true_name": "rsa"}},
            key_operation="POST v2/risk/getpublickey",
            unsigned_answer=True,
        ),
        **known(
            "POST v2/risk/getpublickey",
            base_uri="https://fraud.mch.weixin.qq.com/",
            base_uri_required=True,
            unsigned_answer=True,
            sign_types=("MD5", "HMAC-SHA256"),
            sign_type_parameter=True,
            sign_type_required=True,
        ),
        **known(
            "POST v2/mchrisk/querymchrisk", encrypted_fields={"xml": {"certificates_name": "rsa"}}, unsigned_answer=True
        ),
    }

    @pytest.fixture
    def pem(self, key):
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()

    def test_bank_fields_are_encrypted_with_the_fetched_key(self, make_client, platform, key, pem):
        """Its PKCS#1 key is asked for once, and kept."""
        client = make_client(self.RULES)
        platform.answer({**OK, "pub_key": pem}, sign=None)
        platform.answer(OK, sign=None)
        platform.answer(OK, sign=None)

        for _ in range(2):
            client.v2.mmpaysptrans.pay_bank.post(
                xml={"enc_bank_no": Sensitive("6225"), "enc_true_name": Sensitive("张三")}
            )

        urls = [request.url for request in platform.requests]
        assert urls[0] == "https://fraud.mch.weixin.qq.com/risk/getpublickey"
        assert urls[1:] == ["https://api.mch.weixin.qq.com/mmpaysptrans/pay_bank"] * 2
        assert platform.received[0]["sign_type"] == "MD5"
        sent = platform.received[2]
        assert key.decrypt(base64.b64decode(sent["enc_true_name"]), OAEP).decode() == "张三"
        verify_parameters(sent, SECRET)

    @pytest.mark.parametrize("answer", [{}, {"pub_key": ""}, {"pub_key": "-----BEGIN X-----"}, {"pub_key": ["a", "b"]}])
    def test_an_answer_without_a_key_is_reported(self, make_client, platform, answer):
        """It names the operation."""
        client = make_client(self.RULES)
        fields = "".join(
            f"<{name}>{each}</{name}>"
            for name, value in answer.items()
            for each in (value if isinstance(value, list) else [value])
        )
        platform.answer_bytes(f"<xml><return_code>SUCCESS</return_code>{fields}</xml>".encode())

        with pytest.raises(CodecError, match="getpublickey answered without a usable key"):
            client.v2.mmpaysptrans.pay_bank.post(xml={"enc_bank_no": Sensitive("6225")})

    def sealed(self, *certificates):
        def seal(certificate):
            pem = certificate.public_bytes(Encoding.PEM)
            ciphertext = AESGCM(APIV3_KEY).encrypt(b"0123456789ab", pem, b"certificate")
            return {
                "serial_no": "0A01",
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "nonce": "0123456789ab",
                    "associated_data": "certificate",
                    "ciphertext": base64.b64encode(ciphertext).decode(),
                },
            }

        return json.dumps({"data": [seal(certificate) for certificate in certificates]})

    @pytest.mark.usefixtures("no_certificate")
    def test_keys_may_come_in_certificates(self, make_client, platform, key):
        """Sealed with the APIv3 key; the youngest is taken, and its serial told."""
        client = make_client(
            vars_of("POST v2/mchrisk/querymchrisk", "POST v2/risk/getcertficates"), apiv3_key=APIV3_KEY
        )
        old, new = (certificate_of(key, serial, year) for serial, year in ((0x0A01, 2024), (0x0B02, 2025)))
        platform.answer({**OK, "certificates": self.sealed(new, old)}, sign="HMAC-SHA256")
        platform.answer(OK, sign=None)

        client.v2.mchrisk.querymchrisk.post(xml={"certificates_name": Sensitive("张三")})

        asked, sent = platform.received
        assert asked["sign_type"] == "HMAC-SHA256"
        assert sent["cert_serial_number"] == "0B02"
        assert key.decrypt(base64.b64decode(sent["certificates_name"]), OAEP).decode() == "张三"

    @pytest.mark.usefixtures("no_certificate")
    def test_certificates_need_the_apiv3_key(self, make_client, platform):
        """The setting is named; and other forms are told."""
        rules = vars_of("POST v2/mchrisk/querymchrisk", "POST v2/risk/getcertficates")
        platform.answer({**OK, "certificates": "{}"}, sign="HMAC-SHA256")
        platform.answer({**OK, "certificates": "{}"}, sign="HMAC-SHA256")
        without, given = make_client(rules), make_client(rules, apiv3_key=APIV3_KEY)
        for client, error, words in (
            (without, ConfigurationError, "give apiv3_key="),
            (given, CodecError, "without a usable key"),
        ):
            with pytest.raises(error, match=words):
                client.v2.mchrisk.querymchrisk.post(xml={"certificates_name": Sensitive("张三")})

    def test_an_uncatalogued_key_operation_is_asked_all_the_same(self, make_client, platform, pem, key):
        """The catalogue may be behind itself."""
        rules = {"POST v2/mmpaysptrans/pay_bank": self.RULES["POST v2/mmpaysptrans/pay_bank"]}
        client = make_client(rules)
        platform.answer({**OK, "pub_key": pem})
        platform.answer(OK, sign=None)

        client.v2.mmpaysptrans.pay_bank.post(xml={"enc_bank_no": Sensitive("6225")})

        assert platform.requests[0].url == "https://api.mch.weixin.qq.com/risk/getpublickey"

    def test_other_fields_take_the_platform_key(self, make_client, platform, key):
        """Where the operation has no key of its own, known or not."""
        client = make_client(self.RULES, certs={"PUB_KEY_ID_01": key.public_key()})
        platform.answer(OK, sign=None)
        platform.answer(OK)

        client.v2.mchrisk.querymchrisk.post(xml={"certificates_name": Sensitive("张三")})
        client.v2.a.b.post(xml={"name": Sensitive("李四")})

        first, second = platform.received
        assert key.decrypt(base64.b64decode(first["certificates_name"]), OAEP).decode() == "张三"
        assert key.decrypt(base64.b64decode(second["name"]), OAEP).decode() == "李四"

    def test_plain_text_is_not_sent(self, make_client):
        """Never by mistake."""
        with pytest.raises(CodecError, match="enc_bank_no: is sent encrypted only"):
            make_client(self.RULES).v2.mmpaysptrans.pay_bank.post(xml={"enc_bank_no": "6225"})

    def test_ciphertext_is_sent_as_it_is(self, make_client, platform):
        """Encrypted elsewhere."""
        client = make_client(self.RULES)
        platform.answer(OK, sign=None)
        platform.answer(OK, sign=None)

        client.v2.mmpaysptrans.pay_bank.post(xml={"enc_bank_no": Ciphertext("QUJD", serial="x")})
        client.v2.mmpaysptrans.pay_bank.post(xml={"enc_bank_no": "QUJE"}, headers={"wechatpay-serial": "x"})

        assert [sent["enc_bank_no"] for sent in platform.received] == ["QUJD", "QUJE"]

    @pytest.mark.parametrize(("text", "words"), [("张" * 72, "at most 214 bytes"), ("\ud800", "lone surrogate")])
    def test_values_that_cannot_be_encrypted_are_reported(self, make_client, key, text, words):
        """With the name of the field, not the value."""
        client = make_client(self.RULES, certs={"PUB_KEY_ID_01": key.public_key()})

        with pytest.raises(CodecError, match=f"certificates_name: .*{words}"):
            client.v2.mchrisk.querymchrisk.post(xml={"certificates_name": Sensitive(text)})


class TestUploads:
    RULES = known(
        "POST v2/secapi/mch/uploadmedia",
        body="multipart",
        nonceless=True,
        upload=Upload(file="media", digest="media_hash", hash="md5", meta=None),
        sign_types=("MD5", "HMAC-SHA256"),
        sign_type_parameter=True,
        sign_type_required=True,
    )

    def test_the_parameters_are_signed_and_the_file_is_not(self, make_client, platform):
        """Number, digest and sign_type are, each in a part of its own."""
        client = make_client(self.RULES)
        platform.answer({**OK, "media_id": "1"})

        data = client.v2.secapi.mch.uploadmedia.post(files={"media": ("图.png", b"png")}).data

        (request,) = platform.requests
        assert data["media_id"] == "1"
        assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
        assert 'filename="图.png"'.encode() in request.body
        assert b'name="media_hash"' in request.body
        boundary = request.headers["Content-Type"].partition("boundary=")[2].encode()
        parts = {
            part.split(b'name="')[1].split(b'"')[0].decode(): part.split(b"\r\n\r\n", 1)[1][:-2].decode()
            for part in request.body.split(b"--" + boundary)[1:-1]
        }
        assert parts.pop("media") == "png"
        verify_parameters(parts, SECRET)
        assert set(parts) == {"mch_id", "media_hash", "sign_type", "sign"}
        assert parts["media_hash"] == hashlib.md5(b"png").hexdigest()

    def test_an_unknown_upload_is_signed_over_its_parameters(self, client, platform):
        """With the names that most operations use."""
        platform.answer(OK)

        client.v2.a.upload.post(files={"file": ("a.png", b"png")})

        assert b'name="sha256"' in platform.requests[0].body
        assert b'name="sign_type"' not in platform.requests[0].body


class TestPlatformSandboxes:
    @pytest.mark.parametrize(
        ("old", "path"), [(False, "xdc/apiv2getsignkey/sign/getsignkey"), (True, "sandboxnew/pay/getsignkey")]
    )
    def test_the_key_is_exchanged(self, make_client, platform, old, path):
        """Both answer without a signature, and know MD5 only."""
        client = make_client(vars_of("POST v2/xdc/apiv2getsignkey/sign/getsignkey"))
        platform.answer({**OK, "sandbox_signkey": "k" * 32}, sign=None)
        platform.answer(OK, sign=None)

        assert sandbox_key(client, old=old) == "k" * 32
        assert platform.requests[0].url == f"https://api.mch.weixin.qq.com/{path}"
        assert set(platform.received[0]) == {"mch_id", "nonce_str", "sign"}
        verify_parameters(platform.received[0], SECRET)
        with pytest.raises(CodecError, match="no sandbox_signkey"):
            sandbox_key(client, old=old)
