"""Signatures over parameters: message and digest apart, checked with hashlib and hmac directly."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.masking import Secret
from chainable.signing import SignableRequest
from wechatpay.apiv2.signing import (
    NonceSigner,
    ParamSigner,
    WorkWXSigner,
    signature,
    verify_parameters,
)
from wechatpay.xml import XML

SECRET = "192006250b4c09247ec02edce69f6a2d"

# The example of the official page: every stage has its text there.
PARAMETERS = {
    "appid": "wxd930ea5d5a258f4f",
    "mch_id": "10000100",
    "device_info": "1000",
    "body": "test",
    "nonce_str": "ibuaiVcKdpRxkhJA",
}
MESSAGE = (
    "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100"
    "&nonce_str=ibuaiVcKdpRxkhJA&key=192006250b4c09247ec02edce69f6a2d"
)
MD5_SIGN = "9A0A8659F005D6984697E2CA0A9CF3B7"
HMAC_SIGN = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest().upper()


class TestStages:
    def test_the_message_is_the_published_one(self):
        """ASCII order, the key at the end."""
        assert signature("MD5", PARAMETERS, Secret(SECRET)) == md5(MESSAGE)

    def test_both_digests_are_the_published_ones(self):
        """MD5 and HMAC-SHA256 over the same message."""
        assert signature("MD5", PARAMETERS, Secret(SECRET)) == MD5_SIGN
        assert signature("HMAC-SHA256", PARAMETERS, Secret(SECRET)) == HMAC_SIGN

    def test_empty_values_and_the_sign_do_not_count(self):
        """But zero does (a defect of wechatpy)."""
        parameters = {"b": "", "a": "0", "sign": "X", "B": "中"}

        assert signature("MD5", parameters, Secret("k")) == md5("B=中&a=0&key=k")

    def test_names_are_sorted_by_ascii(self):
        """Capitals first, underscores between."""
        parameters = {"a_b": "1", "aB": "1", "ab": "1", "A": "1"}

        assert signature("MD5", parameters, Secret("k")) == md5("A=1&aB=1&a_b=1&ab=1&key=k")

    @given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5)), st.text("abc1", min_size=1))
    def test_digests_are_those_of_the_standard_library(self, parameters, secret):
        """Computed once more by hand."""
        pairs = sorted((name, value) for name, value in parameters.items() if value and name != "sign")
        text = "".join(f"{name}={value}&" for name, value in pairs) + f"key={secret}"
        try:
            octets = text.encode()
        except UnicodeEncodeError:
            return

        by_hmac = hmac.new(secret.encode(), octets, "sha256").hexdigest().upper()

        assert signature("MD5", parameters, Secret(secret)) == md5(text)
        assert signature("HMAC-SHA256", parameters, Secret(secret)) == by_hmac


class TestSigner:
    def test_parameters_are_signed(self):
        """MD5 needs no sign_type, HMAC is named and signed itself."""
        assert ParamSigner("MD5", SECRET).sign(PARAMETERS) == {**PARAMETERS, "sign": MD5_SIGN}

        signed = ParamSigner("HMAC-SHA256", SECRET).sign(PARAMETERS)

        assert signed["sign_type"] == "HMAC-SHA256"
        text = MESSAGE.replace("&key=", "&sign_type=HMAC-SHA256&key=")
        assert signed["sign"] == hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest().upper()

    def test_the_sign_type_of_the_parameters_goes_first(self):
        """The platform checks by it, so it is what counts."""
        signed = ParamSigner("MD5", SECRET).sign({**PARAMETERS, "sign_type": "HMAC-SHA256"})

        assert len(signed["sign"]) == 64

    def test_an_unknown_sign_type_is_reported(self):
        """A typing mistake is not sent."""
        with pytest.raises(CodecError, match="sign_type: 'MD5' or 'HMAC-SHA256' was expected, not 'SHA1'"):
            ParamSigner("MD5", SECRET).sign({"sign_type": "SHA1"})

    @pytest.mark.parametrize(("sign_type", "secret"), [("SHA1", SECRET), ("MD5", ""), ("MD5", None)])
    def test_settings_are_checked(self, sign_type, secret):
        """At construction."""
        with pytest.raises(ConfigurationError, match="sign_type|secret"):
            ParamSigner(sign_type, secret)

    def test_the_repr_shows_no_secret(self):
        """Nor does that of the WeCom signer."""
        signer = WorkWXSigner(ParamSigner("MD5", SECRET), "agent-secret")

        assert SECRET not in repr(signer)
        assert "agent-secret" not in repr(signer)

    def test_the_parameters_of_a_call_are_signed_into_its_body(self):
        """Once per attempt, without the sign of the last one."""
        request = SignableRequest()
        request.headers = requests.structures.CaseInsensitiveDict()
        request.parameters = PARAMETERS
        request.codec = XML
        signer = ParamSigner("MD5", SECRET)

        for _ in range(2):
            assert signer(request) is request
            assert XML.decode(request.body) == {**PARAMETERS, "sign": MD5_SIGN}
            assert request.headers["Content-Length"] == str(len(request.body))
        assert request.parameters == PARAMETERS

    @pytest.mark.parametrize("as_text", [True, False])
    def test_a_plain_request_is_read_and_signed(self, as_text):
        """``requests.post(url, data=xml, auth=ParamSigner(…))``."""
        body = XML.encode({**PARAMETERS, "sign": "old"})
        request = requests.Request(
            "POST", "https://h/x", data=body.decode() if as_text else body, auth=ParamSigner("MD5", SECRET)
        ).prepare()

        assert XML.decode(request.body) == {**PARAMETERS, "sign": MD5_SIGN}
        assert request.headers["Content-Length"] == str(len(request.body))
        assert request.headers["Content-Type"] == "text/xml; charset=utf-8"

    def test_a_plain_request_without_body_is_signed_in_its_query(self):
        """Browser pages are asked for so."""
        request = requests.Request("GET", "https://h/x", params={"b": "中 &", "a": "1"}).prepare()

        signed = dict(parse_qsl(urlsplit(ParamSigner("MD5", SECRET)(request).url).query))

        assert signed == {"b": "中 &", "a": "1", "sign": md5(f"a=1&b=中 &&key={SECRET}")}

    def test_a_request_without_a_url_is_signed_all_the_same(self):
        """requests leaves the URL out of a request that is not prepared."""
        request = requests.PreparedRequest()
        request.headers = requests.structures.CaseInsensitiveDict()

        assert ParamSigner("MD5", SECRET)(request).url.startswith("?sign=")
        request = SignableRequest()
        request.parameters = {"a": "1"}
        assert ParamSigner("MD5", SECRET)(request).url.startswith("?a=1&sign=")

    def test_bodies_that_cannot_be_signed_are_reported(self):
        """No XML, nested XML, a stream."""
        for body, error in ((b"{}", CodecError), (b"<x><a><b>1</b></a></x>", CodecError), (iter([b"x"]), TypeError)):
            request = requests.PreparedRequest()
            request.headers = requests.structures.CaseInsensitiveDict()
            request.body = body
            with pytest.raises(error):
                ParamSigner("MD5", SECRET)(request)

    def test_using_another_algorithm_keeps_the_key(self):
        """The same signer, if nothing changes."""
        signer = ParamSigner("MD5", SECRET)

        assert signer.using("MD5") is signer
        assert len(signer.using("HMAC-SHA256").sign(PARAMETERS)["sign"]) == 64


class TestNonceSigner:
    def test_each_attempt_has_its_own_nonce(self):
        """And it is signed."""
        nonces = iter("ab")
        request = SignableRequest()
        request.headers = requests.structures.CaseInsensitiveDict()
        request.parameters, request.codec = {"a": "1"}, XML
        signer = NonceSigner(ParamSigner("MD5", SECRET), lambda: next(nonces))

        first, second = (XML.decode(signer(request).body) for _ in range(2))

        assert (first["nonce_str"], second["nonce_str"]) == ("a", "b")
        verify_parameters(first, SECRET)
        verify_parameters(second, SECRET)

    def test_other_requests_pass(self):
        """Without parameters there is no nonce."""
        request = requests.Request("POST", "https://h/x", data=XML.encode(PARAMETERS)).prepare()

        signed = NonceSigner(ParamSigner("MD5", SECRET), lambda: "x")(request)

        assert XML.decode(signed.body)["nonce_str"] == PARAMETERS["nonce_str"]


class TestWorkWX:
    RED_PACKET = {
        "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "mch_billno": "123456",
        "mch_id": "10000098",
        "wxappid": "wx8888888888888888",
        "sender_name": "XX活动",
        "re_openid": "oxTWIuGaIt6gTKsQRLau2M0yL16E",
        "total_amount": "1000",
        "act_name": "XXX",
        "remark": "remark",
    }
    TRANSFER = {
        "appid": "wxe062425f740c8888",
        "mch_id": "1900000109",
        "device_info": "013467007045764",
        "nonce_str": "3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS",
        "partner_trade_no": "100000982017072019616",
        "openid": "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
        "check_name": "NO_CHECK",
        "amount": "100",
        "desc": "节日快乐!",
        "ww_msg_type": "NORMAL_MSG",
    }

    @pytest.mark.parametrize(
        ("parameters", "text"),
        [
            (
                RED_PACKET,
                (
                    "act_name=XXX&mch_billno=123456&mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
                    "&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&total_amount=1000&wxappid=wx8888888888888888&secret=agent"
                ),
            ),
            (
                TRANSFER,
                (
                    "amount=100&appid=wxe062425f740c8888&desc=节日快乐!&mch_id=1900000109"
                    "&nonce_str=3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS&openid=ohO4Gt7wVPxIT1A9GjFaMYMiZY1s"
                    "&partner_trade_no=100000982017072019616&ww_msg_type=NORMAL_MSG&secret=agent"
                ),
            ),
        ],
    )
    def test_payments_carry_the_second_signature(self, parameters, text):
        """Over its own fields, and covered by the first one."""
        request = SignableRequest()
        request.headers = requests.structures.CaseInsensitiveDict()
        request.parameters, request.codec = parameters, XML

        sent = XML.decode(WorkWXSigner(ParamSigner("MD5", SECRET), "agent")(request).body)

        assert sent["workwx_sign"] == hashlib.md5(text.encode()).hexdigest().upper()
        verify_parameters(sent, SECRET)

    def test_other_calls_pass(self):
        """An ordinary red packet has no WeCom fields, and a plain request no parameters."""
        signer = WorkWXSigner(ParamSigner("MD5", SECRET), "agent")
        ordinary = {name: value for name, value in self.RED_PACKET.items() if name != "wxappid"}
        request = requests.Request("POST", "https://h/x", data=XML.encode(PARAMETERS)).prepare()

        assert "workwx_sign" not in signer.sign(ordinary)
        assert XML.decode(signer(request).body)["sign"] == MD5_SIGN

    def test_it_stands_for_its_inner_signer(self):
        """The algorithm and key of the ordinary signature are named and changed."""
        signer = WorkWXSigner(ParamSigner("MD5", SECRET), "agent")

        assert (signer.sign_type, signer.secret) == ("MD5", SECRET)
        assert signer.using("HMAC-SHA256").sign_type == "HMAC-SHA256"


class TestVerification:
    @pytest.mark.parametrize("sign", [MD5_SIGN, HMAC_SIGN, MD5_SIGN.lower()])
    def test_pain_25_the_length_tells_the_algorithm(self, sign):
        """Answers often leave sign_type out, or empty."""
        verify_parameters({**PARAMETERS, "sign": sign}, SECRET)
        verify_parameters({**PARAMETERS, "sign": sign, "sign_type": ""}, SECRET)

    def test_pain_25_the_sign_type_goes_before_the_length(self):
        """The named algorithm decides."""
        signed = ParamSigner("HMAC-SHA256", SECRET).sign(PARAMETERS)

        verify_parameters(signed, SECRET)
        with pytest.raises(SignatureError):
            verify_parameters({**signed, "sign_type": "MD5"}, SECRET)

    def test_pain_25_unknown_fields_count(self):
        """A field of next year is part of the message."""
        signed = ParamSigner("MD5", SECRET).sign({**PARAMETERS, "of_next_year": "1"})

        verify_parameters(signed, SECRET)
        signed.pop("of_next_year")
        with pytest.raises(SignatureError, match="not that of this message"):
            verify_parameters(signed, SECRET)

    @pytest.mark.parametrize("sign", [None, "", ["a", "b"], {}])
    def test_pain_25_a_missing_sign_is_refused(self, sign):
        """It is not a reason to skip the check."""
        with pytest.raises(SignatureError, match="has no sign") as caught:
            verify_parameters({**PARAMETERS, "sign": sign}, SECRET)

        assert caught.value.reason == "missing"

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"sign": "0" * 32}, "not that of this message"),
            ({"sign": "密" * 32}, "not that of this message"),
            ({"sign": "abc"}, "a sign of 3 characters"),
            ({"sign": MD5_SIGN, "sign_type": "RSA"}, "belongs to neither"),
            ({"sign": MD5_SIGN, "sign_type": ["MD5"]}, "belongs to neither"),
            ({"sign": MD5_SIGN, "list": {"a": "1"}}, "nested elements cannot be covered"),
        ],
    )
    def test_wrong_signatures_are_refused(self, fields, words):
        """With the response and without the expected value."""
        response = requests.Response()

        with pytest.raises(SignatureError, match=words) as caught:
            verify_parameters({**PARAMETERS, **fields}, SECRET, response=response)

        assert (caught.value.reason, caught.value.response) == ("mismatch", response)
        assert MD5_SIGN not in str(caught.value)

    def test_another_key_is_refused(self):
        """The key decides."""
        with pytest.raises(SignatureError, match="or the key was replaced"):
            verify_parameters({**PARAMETERS, "sign": MD5_SIGN}, SECRET + "x")
