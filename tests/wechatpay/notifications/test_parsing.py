"""From headers and bytes to a notification, and every way in which that fails."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.structures import CaseInsensitiveDict
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.test import EnvironBuilder

from chainable.deduplication import MemoryStore
from chainable.errors import (
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    SignatureError,
)
from chainable.i18n import message_of, translate
from chainable.times import BEIJING
from wechatpay import catalogue
from wechatpay.crypto.aes import APIv3Key
from wechatpay.notifications import Notification, Notifications
from wechatpay.signing import RSAVerifier

if TYPE_CHECKING:
    import requests

    from tests.wechatpay.platform_side import Platform

NOW = 1_790_000_000
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
SECRET = "ABCDEF0123456789abcdef0123456789"
PAID = {"out_trade_no": "1217752501201407033233368018", "amount": {"total": 100, "currency": "CNY"}}


class TestV3:
    def test_opens_a_notification(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)

        notification = notifications.parse(platform.headers(body), body)

        assert notification.id == "EV-2018022511223320873"
        assert notification.event_type == "TRANSACTION.SUCCESS"
        assert notification.summary == "支付成功"
        assert notification.create_time == datetime(2026, 9, 21, 10, 34, 56, tzinfo=BEIJING)
        assert notification.resource == PAID
        assert notification.raw == body
        assert notification.version == "v3"
        assert notification.original_type == "transaction"
        assert notification.envelope["resource_type"] == "encrypt-resource"
        assert notification.event is catalogue.event("TRANSACTION.SUCCESS")

    def test_numbers_are_exact(self, platform: Platform, notifications: Notifications) -> None:
        """Integers above 2**53 stay as they are, fractions become Decimal."""
        body = platform.body(b'{"total": 90071992547409931, "rate": 0.1}')

        resource = notifications.parse(platform.headers(body), body).resource

        assert resource == {"total": 90071992547409931, "rate": Decimal("0.1")}

    @pytest.mark.parametrize("event", [e for e in catalogue.events() if e.version == "v3"], ids=lambda e: e.name)
    def test_every_catalogued_event(self, event: Any, platform: Platform, notifications: Notifications) -> None:
        for event_type in event.event_types or (event.name,):
            body = platform.body({"kind": event.name}, event_type)

            notification = notifications.parse(platform.headers(body), body)

            assert notification.event_type == event_type
            assert notification.resource == {"kind": event.name}
            assert notification.event is not None

    def test_unknown_events_are_handed_over(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID, "BRAND.NEW", original_type="new", summary=None)

        notification = notifications.parse(platform.headers(body), body)

        assert notification.event_type == "BRAND.NEW"
        assert notification.summary == ""
        assert notification.resource == PAID
        assert notification.event is None

    def test_associated_data_may_be_absent(self, notifications: Notifications, platform: Platform) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        ciphertext = AESGCM(APIV3_KEY.encode()).encrypt(b"fdasflkja484", b"{}", None)
        sealed = {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "fdasflkja484",
            "ciphertext": base64.b64encode(ciphertext).decode(),
        }
        for resource in (sealed, sealed | {"associated_data": ""}, sealed | {"associated_data": None}):
            body = platform.body({}, resource=resource)
            assert notifications.parse(platform.headers(body), body).resource == {}

    def test_two_apiv3_keys_during_a_reset(self, platform: Platform) -> None:
        """Ciphertext under the previous key still decrypts."""
        verifier = RSAVerifier({platform.serial: platform.key.public_key()}, clock=lambda: NOW)
        body = platform.body(PAID)

        notifications = Notifications(verifier, apiv3_key=APIv3Key("f" * 32, APIV3_KEY))

        assert notifications.parse(platform.headers(body), body).resource == PAID


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as in an ASGI scope: https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope"""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class TestHeaders:
    @pytest.mark.parametrize(
        "dress",
        [
            dict,
            CaseInsensitiveDict,
            MappingProxyType,
            lambda headers: {name.lower(): value for name, value in headers.items()},
            lambda headers: {name.upper(): value for name, value in headers.items()},
            lambda headers: {name.replace("-", "_"): value for name, value in headers.items()},
            lambda headers: {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()},
            lambda headers: EnvironBuilder(method="POST", headers=headers).get_environ(),
            lambda headers: EnvironBuilder(method="POST", headers=headers).get_request().headers,
            lambda headers: {1: "a number", **{name.lower(): value for name, value in headers.items()}},
            lambda headers: dict(raw(headers)),
            raw,
            lambda headers: tuple(raw(headers)),
            lambda headers: iter(raw(headers)),
            lambda headers: list(headers.items()),
            lambda headers: [list(pair) for pair in headers.items()],
            lambda headers: {"type": "http", "asgi": {}, "method": "POST", "headers": raw(headers)},
            lambda headers: {"type": "http", "headers": tuple(raw(headers))},
            lambda headers: [*raw(headers), (b"wechatpay-signature", b"a second one")],
            lambda headers: {name: value.encode() for name, value in headers.items()},
            lambda headers: {name: f" {value}\t" for name, value in headers.items()},
            lambda headers: {name: f"{value}\r\n" for name, value in headers.items()},
            lambda headers: {"httpMethod": "POST", "headers": headers, "multiValueHeaders": None},
            lambda headers: {"headers": None, "multiValueHeaders": {name: [value] for name, value in headers.items()}},
            lambda headers: {
                "headers": {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()}
            },
            lambda headers: [{"name": name, "value": value} for name, value in headers.items()],
            lambda headers: StarletteHeaders(headers).raw,
            lambda headers: StarletteHeaders(headers),
        ],
        ids=[
            "dict",
            "requests",
            "proxy",
            "lower",
            "upper",
            "underscores",
            "META",
            "environ",
            "werkzeug",
            "odd names",
            "dict of bytes",
            "pairs of bytes",
            "tuple",
            "iterator",
            "pairs of texts",
            "lists of two",
            "scope",
            "scope with a tuple",
            "twice",
            "values of bytes",
            "blanks",
            "line ends",
            "event",
            "event with lists",
            "event with objects",
            "objects",
            "raw of Starlette",
            "Starlette",
        ],
    )
    def test_any_form(self, dress: Any, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)

        assert notifications.parse(dress(platform.headers(body)), body).resource == PAID

    @pytest.mark.parametrize("name", ["Timestamp", "Nonce", "Signature", "Serial"])
    def test_a_missing_header(self, name: str, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)
        headers = platform.headers(body)
        del headers[f"Wechatpay-{name}"]

        with pytest.raises(SignatureError) as caught:
            notifications.parse(headers, body)

        assert caught.value.reason == "missing"
        assert caught.value.response is None

    def test_headers_in_lists_of_one_are_read(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)
        lists = {name: [value] for name, value in platform.headers(body).items()}

        assert (
            notifications.parse(lists, body).event_type == notifications.parse(platform.headers(body), body).event_type
        )

    @pytest.mark.parametrize("value", [None, 17, [b"x", b"y"]])
    def test_a_header_that_is_not_text_is_refused(
        self, value: Any, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.body(PAID)

        with pytest.raises(SignatureError) as caught:
            notifications.parse(platform.headers(body) | {"Wechatpay-Signature": value}, body)

        assert caught.value.reason == "missing"


class TestBody:
    @pytest.mark.parametrize("body", ["{}", {"id": 1}, bytearray(b"{}"), memoryview(b"{}"), None])
    def test_bytes_alone(self, body: Any, notifications: Notifications) -> None:
        with pytest.raises(TypeError, match=r"body is a .*request\.get_data\(\) of Flask"):
            notifications.parse({}, body)

    @pytest.mark.parametrize(
        ("rewrite", "hint"),
        [
            (lambda body: json.dumps(json.loads(body), ensure_ascii=False).encode(), "white space"),
            (lambda body: json.dumps(json.loads(body), indent=2).encode(), "white space"),
            (lambda body: b"\n" + body, "white space"),
            (
                lambda body: json.dumps(
                    json.loads(body), sort_keys=True, ensure_ascii=False, separators=(",", ":")
                ).encode(),
                "another order",
            ),
            (lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(), "escaped"),
        ],
    )
    def test_a_body_that_was_written_again(
        self, rewrite: Any, hint: str, platform: Platform, notifications: Notifications
    ) -> None:
        """A body that the framework has read already: the error says so."""
        body = platform.body(PAID)

        with pytest.raises(SignatureError, match=f"parsed and written again .*{hint}") as caught:
            notifications.parse(platform.headers(body), rewrite(body))

        assert caught.value.reason == "mismatch"

    @pytest.mark.parametrize(
        ("pack", "hint", "zh"),
        [
            (base64.b64encode, r"b64decode\(body\)", "请传 base64.b64decode(body)"),
            (gzip.compress, "gzip", "请传代理压缩之前的原始字节"),
            (lambda body: b"\n" + body, "white space", "成员之间有空白"),
        ],
    )
    def test_a_body_that_was_packed(
        self, pack: Any, hint: str, zh: str, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.body(PAID)

        with pytest.raises(SignatureError, match=hint) as caught:
            notifications.parse(platform.headers(body), pack(body))

        assert caught.value.reason == "mismatch"
        assert zh in translate(message_of(caught.value), "zh")
        assert "This body" not in translate(message_of(caught.value), "zh")

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"id":"EV-1"}', b"[1]", b"\xff\xfe"])
    def test_no_hint_where_there_is_nothing_to_see(
        self, body: bytes, platform: Platform, notifications: Notifications
    ) -> None:
        with pytest.raises(SignatureError, match=r"\)$") as caught:
            notifications.parse(platform.headers(b"other"), body)

        assert caught.value.reason == "mismatch"


class TestForgeries:
    def test_another_key(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)
        other = rsa.generate_private_key(65537, 2048)
        forged = type(platform)(other).headers(body)

        with pytest.raises(SignatureError) as caught:
            notifications.parse(forged, body)

        assert caught.value.reason == "mismatch"
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize("offset", [301, -301])
    def test_an_old_message(self, offset: int, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)

        with pytest.raises(SignatureError, match="301 seconds") as caught:
            notifications.parse(platform.headers(body, timestamp=str(NOW - offset)), body)

        assert caught.value.reason == "stale"

    @pytest.mark.parametrize("offset", [300, -300])
    def test_five_minutes_are_allowed(self, offset: int, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)

        assert notifications.parse(platform.headers(body, timestamp=str(NOW - offset)), body)

    def test_an_unknown_key(self, platform: Platform) -> None:
        from wechatpay.certificates import PlatformCertificates

        body = platform.body(PAID)
        notifications = Notifications(RSAVerifier(PlatformCertificates(), clock=lambda: NOW))

        with pytest.raises(SignatureError, match="add it to certs=") as caught:
            notifications.parse(platform.headers(body), body)

        assert caught.value.reason == "unknown_key"

    @pytest.mark.parametrize(
        "signature",
        [
            "WECHATPAY/SIGNTEST/" + "A" * 325,
            "WECHATPAY/SIGNTEST/zyx",
            "WECHATPAY/SIGNTEST/" + base64.b64encode(bytes(242)).decode(),
        ],
    )
    def test_a_probe_is_labelled_after_it_failed(
        self, signature: str, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.body(PAID)

        with pytest.raises(SignatureError, match="on purpose") as caught:
            notifications.parse(platform.headers(body, signature=signature), body)

        assert caught.value.reason == "probe"

    def test_a_probe_gets_no_way_of_its_own(self, platform: Platform, notifications: Notifications) -> None:
        """An old probe is old first, a probe without a known key has an unknown key first."""
        body = platform.body(PAID)
        headers = platform.headers(body, signature="WECHATPAY/SIGNTEST/AAAA", timestamp=str(NOW - 999))

        with pytest.raises(SignatureError) as caught:
            notifications.parse(headers, body)

        assert caught.value.reason == "stale"

    @pytest.mark.parametrize("signature", ["not base64!", "A", "签名", ""])
    def test_invalid_base64_is_a_mismatch(
        self, signature: str, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.body(PAID)

        with pytest.raises(SignatureError) as caught:
            notifications.parse(platform.headers(body, signature=signature), body)

        assert caught.value.reason == "mismatch"

    def test_another_scheme_is_named(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID)
        headers = platform.headers(body, signature="AAAA", scheme="WECHATPAY2-SM2-WITH-SM3")

        with pytest.raises(SignatureError, match="signed by WECHATPAY2-SM2-WITH-SM3: that takes a verifier") as caught:
            notifications.parse(headers, body)

        assert caught.value.reason == "mismatch"

    def test_an_error_shows_nothing_of_the_message(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body({"payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}})

        with pytest.raises(SignatureError) as caught:
            notifications.parse(platform.headers(b"other"), body)

        assert "EV-2018" not in str(caught.value)


class TestContents:
    def test_another_apiv3_key(self, platform: Platform) -> None:
        """Authentic, yet closed: an error of its own, which names the key."""
        verifier = RSAVerifier({platform.serial: platform.key.public_key()}, clock=lambda: NOW)
        body = platform.body(PAID)

        with pytest.raises(DecryptionError, match="APIv3 key, not the APIv2 key"):
            Notifications(verifier, apiv3_key=APIv3Key("f" * 32)).parse(platform.headers(body), body)

    def test_no_apiv3_key(self, platform: Platform) -> None:
        verifier = RSAVerifier({platform.serial: platform.key.public_key()}, clock=lambda: NOW)
        body = platform.body(PAID)

        with pytest.raises(ConfigurationError, match="apiv3_key="):
            Notifications(verifier).parse(platform.headers(body), body)

    def test_another_algorithm(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(PAID, resource=platform.sealed(PAID, algorithm="AEAD_SM4_GCM"))

        with pytest.raises(DecryptionError, match="encrypted by AEAD_SM4_GCM"):
            notifications.parse(platform.headers(body), body)

    def test_further_algorithms_and_verifiers_plug_in(self, platform: Platform) -> None:
        """A custom scheme for both: the verifier and the decrypter."""

        class Mirror:
            def verify(self, response: requests.Response) -> None:
                assert response.headers["wechatpay-signature-type"] == "MIRROR"
                assert response.status_code == 200
                if response.headers["Wechatpay-Signature"].encode() != response.content[::-1]:
                    raise SignatureError("no reflection")

        notifications = Notifications(Mirror(), ciphers={"AEAD_MIRROR": lambda text, nonce, extra: text[::-1].encode()})
        sealed = {"algorithm": "AEAD_MIRROR", "ciphertext": '{"a":1}'[::-1], "nonce": ""}
        body = platform.body({}, summary="", resource=sealed)
        signature = body[::-1].decode()

        parsed = notifications.parse(platform.headers(body, signature=signature, scheme="MIRROR"), body)

        assert parsed.resource == {"a": 1}
        assert notifications.knows("whatever")
        with pytest.raises(SignatureError, match="no reflection"):
            notifications.parse(platform.headers(body, scheme="MIRROR"), body)

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"{}",
            b"",
            b'"text"',
            b'{"id":"1","event_type":"x"}',
            b'{"id":"1","event_type":"x","resource":null}',
            b'{"id":"1","event_type":"x","resource":{}}',
            b'{"id":1,"event_type":"x","resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"","nonce":""}}',
            b'{"id":"1","event_type":"x","resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":[],"nonce":""}}',
            b'{"id":"1","event_type":"x","resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"","nonce":"\\ud800"}}',
            b"{",
            b"\xff",
        ],
    )
    def test_signed_but_no_notification(self, body: bytes, platform: Platform, notifications: Notifications) -> None:
        with pytest.raises(CodecError):
            notifications.parse(platform.headers(body), body)

    def test_sealed_but_no_json(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body(b"no json")

        with pytest.raises(CodecError):
            notifications.parse(platform.headers(body), body)


class TestV2:
    FIELDS = MappingProxyType(
        {
            "appid": "wx2421b1c4370ec43b",
            "mch_id": "1900000109",
            "nonce_str": "5d2b6c2a8db53831f7eda20af46e531c",
            "out_trade_no": "1409811653",
            "result_code": "SUCCESS",
            "return_code": "SUCCESS",
            "time_end": "20260903131540",
            "total_fee": "1",
            "coupon_fee_0": "0",
            "attach": "支付测试",
            "transaction_id": "1004400740201409030005092168",
        }
    )

    @pytest.mark.parametrize("sign_type", ["MD5", "HMAC-SHA256"])
    def test_the_digests_length_tells_the_algorithm(
        self, sign_type: str, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.xml(dict(self.FIELDS), sign_type=sign_type)

        notification = notifications.parse({}, body)

        assert notification.version == "v2"
        assert notification.event_type == "transaction-success"
        assert notification.event is catalogue.event("transaction-success", "v2")
        assert notification.resource["attach"] == "支付测试"
        assert notification.create_time == datetime(2026, 9, 3, 13, 15, 40, tzinfo=BEIJING)
        assert notification.raw == body

    @pytest.mark.parametrize("more", [{"contract_id": "Wx15463511252015071056489715"}, {"trade_state": "PAY_FAIL"}])
    def test_a_contract_payment_is_told_apart(
        self, more: dict[str, str], platform: Platform, notifications: Notifications
    ) -> None:
        notification = notifications.parse({}, platform.xml({**self.FIELDS, **more, "trade_type": "PAP"}))

        assert notification.event_type == "pap-transaction-processed"
        assert notification.event is catalogue.event("pap-transaction-processed", "v2")

    def test_white_space_before_the_xml(self, platform: Platform, notifications: Notifications) -> None:
        body = b"\n " + platform.xml(dict(self.FIELDS))

        assert notifications.parse({}, body).resource["total_fee"] == "1"

    def test_unknown_fields_count(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.xml({**self.FIELDS, "brand_new": "1"})

        assert notifications.parse({}, body).resource["brand_new"] == "1"

    def test_a_changed_field(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.xml(dict(self.FIELDS)).replace(b"[CDATA[1]]", b"[CDATA[2]]")

        with pytest.raises(SignatureError, match="APIv2") as caught:
            notifications.parse({}, body)

        assert caught.value.reason == "mismatch"

    def test_a_missing_sign_is_not_a_signature(self, platform: Platform, notifications: Notifications) -> None:
        with pytest.raises(SignatureError) as caught:
            notifications.parse({}, platform.xml(dict(self.FIELDS), sign_type=None))

        assert caught.value.reason == "missing"

    def test_no_secret(self, platform: Platform) -> None:
        notifications = Notifications(RSAVerifier({}))

        with pytest.raises(ConfigurationError, match="secret="):
            notifications.parse({}, platform.xml(dict(self.FIELDS)))

    def test_refunds_are_opened(self, platform: Platform, notifications: Notifications) -> None:
        inner = "<root><refund_id>50</refund_id><refund_status>SUCCESS</refund_status><success_time>2026-09-03 13:15:40</success_time></root>"
        fields = {
            "return_code": "SUCCESS",
            "mch_id": "1900000109",
            "nonce_str": "n",
            "req_info": platform.req_info(inner),
        }

        notification = notifications.parse({}, platform.xml(fields, sign_type=None))

        assert notification.event_type == "refund-processed"
        assert notification.resource == {
            "refund_id": "50",
            "refund_status": "SUCCESS",
            "success_time": "2026-09-03 13:15:40",
        }
        assert notification.envelope["mch_id"] == "1900000109"
        assert notification.create_time == datetime(2026, 9, 3, 13, 15, 40, tzinfo=BEIJING)

    def test_what_surrounds_a_refund_is_not_believed(self, platform: Platform, notifications: Notifications) -> None:
        """Type and id come from what only the key opens, for the envelope is not signed."""
        fields = {"req_info": platform.req_info("<root><refund_id>50</refund_id></root>")}
        honest = notifications.parse({}, platform.xml(fields, sign_type=None))

        dressed = notifications.parse(
            {}, platform.xml(fields | {"event_type": "TRANSACTION.SUCCESS", "event_id": "1"}, sign_type=None)
        )

        assert (dressed.event_type, dressed.id) == (honest.event_type, honest.id)

    def test_a_signed_refund_must_be_signed_well(self, platform: Platform, notifications: Notifications) -> None:
        fields = {"mch_id": "1900000109", "req_info": platform.req_info("<root><refund_id>50</refund_id></root>")}
        good = platform.xml(fields)

        assert notifications.parse({}, good).resource == {"refund_id": "50"}
        with pytest.raises(SignatureError):
            notifications.parse({}, good.replace(b"1900000109", b"1900000110"))

    @pytest.mark.parametrize("req_info", ["!", "", "AAAA", "A" * 64])
    def test_a_refund_under_another_key(self, req_info: str, platform: Platform, notifications: Notifications) -> None:
        with pytest.raises(DecryptionError):
            notifications.parse({}, platform.xml({"req_info": req_info}, sign_type=None))

    def test_a_refund_that_is_there_twice(self, notifications: Notifications) -> None:
        with pytest.raises(CodecError, match="nested, or there twice"):
            notifications.parse({}, b"<xml><req_info>a</req_info><req_info>b</req_info></xml>")

    @pytest.mark.parametrize("event", [e for e in catalogue.events() if e.version == "v2"], ids=lambda e: e.name)
    def test_every_catalogued_event(self, event: Any, platform: Platform, notifications: Notifications) -> None:
        names = [field.name.replace("$n", "0") for field in event.fields]
        fields = {name: "1" for name in names if name not in {"sign", "sign_type"}}
        if event.event_type:
            fields["event_type"] = event.event_type
        if event.encryption == "aes-ecb":
            fields["req_info"] = platform.req_info("<root><refund_id>50</refund_id></root>")
        if event.encryption == "aes-gcm":
            sealed = platform.sealed({"order_id": "15"})
            fields |= {
                "event_algorithm": sealed["algorithm"],
                "event_ciphertext": sealed["ciphertext"],
                "event_nonce": sealed["nonce"],
                "event_associated_data": sealed["associated_data"],
                "event_id": "EV-7",
            }
        sign_type = {"aes-ecb": None, "aes-gcm": "HMAC-SHA256"}.get(event.encryption, "MD5")

        notification = notifications.parse({}, platform.xml(fields, sign_type=sign_type))

        assert notification.event is event
        if event.encryption == "aes-gcm":
            assert notification.resource == {"order_id": "15"}
            assert notification.id == "EV-7"

    def test_an_unknown_kind_is_handed_over(self, platform: Platform, notifications: Notifications) -> None:
        notification = notifications.parse({}, platform.xml({"brand": "new"}))

        assert notification.event_type == ""
        assert notification.event is None
        assert notification.id.startswith("v2:")

    def test_a_sealed_event_without_an_apiv3_key(self, platform: Platform) -> None:
        fields = {"event_ciphertext": "AAAA", "event_nonce": "fdasflkja484", "event_id": "EV-7"}

        with pytest.raises(ConfigurationError, match="apiv3_key="):
            Notifications(RSAVerifier({}), secret=SECRET).parse({}, platform.xml(fields))

    def test_the_same_thing_has_the_same_id(self, platform: Platform, notifications: Notifications) -> None:
        """A repetition may have another nonce and another algorithm; another state is another thing."""
        first = notifications.parse({}, platform.xml(dict(self.FIELDS)))
        again = notifications.parse({}, platform.xml({**self.FIELDS, "nonce_str": "other"}, sign_type="HMAC-SHA256"))
        failed = notifications.parse({}, platform.xml({**self.FIELDS, "result_code": "FAIL"}))

        assert first.id == again.id
        assert first.id != failed.id

    @pytest.mark.parametrize(
        "body",
        [
            b"<",
            b"<xml>",
            b"<xml/>",
            b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><sign>&a;</sign></xml>',
            b"<xml><sign><a>1</a></sign></xml>",
            b"<xml><sign>\xff</sign></xml>",
            b"<a>" * 100_000,
        ],
    )
    def test_dangerous_xml(self, body: bytes, notifications: Notifications) -> None:
        with pytest.raises((CodecError, SignatureError)):
            notifications.parse({}, body)


class TestOnce:
    def test_each_once(self, notifications: Notifications) -> None:
        store = MemoryStore()
        notification = Notification("EV-1", "TRANSACTION.SUCCESS", "", {}, {}, b"")

        with notifications.once(notification, store) as first:
            assert first
            with pytest.raises(InProgress), notifications.once(notification, store):
                pytest.fail("two at once")
        with notifications.once(notification, store) as first:
            assert not first

    @pytest.mark.parametrize(("version", "days"), [("v3", 7), ("v2", 365)])
    def test_ids_of_apiv2_are_remembered_for_a_year(
        self, notifications: Notifications, version: str, days: int
    ) -> None:
        """They carry no time, so an old one that is sent again passes the check."""
        now = 0.0
        store = MemoryStore(clock=lambda: now)
        notification = Notification("EV-1", "TRANSACTION.SUCCESS", "", {}, {}, b"", version)
        firsts = []
        for day in (0, days - 1, days):
            now = day * 86400.0
            with notifications.once(notification, store) as first:
                firsts.append(first)

        assert firsts == [True, False, True]

    def test_merchants_share_a_store(self, platform: Platform) -> None:
        """The same id of two merchants is two messages."""
        store = MemoryStore()
        notification = Notification("EV-1", "TRANSACTION.SUCCESS", "", {}, {}, b"")
        for mchid in ("1900000109", "1900000110", None):
            with Notifications(RSAVerifier({}), mchid=mchid).once(notification, store) as first:
                assert first

    def test_knows_its_keys(self, platform: Platform, notifications: Notifications) -> None:
        assert notifications.knows(platform.serial)
        assert not notifications.knows("7132D72A03E93CDDF8C03BBD1F37EEDF15AD4E5B")
