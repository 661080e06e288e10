"""Forged requests to a notify_url: no response helps an attacker, and every error is documented."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainable.deduplication import MemoryStore
from chainable.errors import ChainableError, CodecError, DecryptionError, SignatureError
from chainable.times import BEIJING
from wechatpay import Merchants
from wechatpay.notification import Notification
from wechatpay.notifications.handler import NotificationHandler

if TYPE_CHECKING:
    from tests.wechatpay.platform_side import Platform
    from wechatpay.notifications import Notifications

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refund(req_info: str, around: str = "") -> bytes:
    return f"<xml><req_info>{req_info}</req_info>{around}</xml>".encode()


class TestRefunds:
    def test_nothing_tells_a_wrong_padding_from_a_wrong_text(self, notifications: Notifications) -> None:
        """One random block in 256 ends as a padding does."""
        seen: set[tuple[type[Exception], str]] = set()
        for text in ("", "!", "AAAA", "QUI", "密", *(base64.b64encode(os.urandom(16)).decode() for _ in range(2_000))):
            with pytest.raises(ChainableError) as caught:
                notifications.parse({}, refund(text))
            seen.add((type(caught.value), str(caught.value)))

        assert len(seen) == 1
        assert next(iter(seen))[0] is DecryptionError

    def test_blocks_behind_a_genuine_refund(self, platform: Platform, notifications: Notifications) -> None:
        """Nor does a right beginning: the last block alone decides, and it tells nothing."""
        genuine = base64.b64decode(platform.req_info("<root><refund_id>50</refund_id></root>"))
        seen = set()
        for _ in range(1_000):
            with pytest.raises(ChainableError) as caught:
                notifications.parse({}, refund(base64.b64encode(genuine + os.urandom(16)).decode()))
            seen.add((type(caught.value), str(caught.value)))
        assert len(seen) == 1

    def test_right_padding_around_wrong_text(self, platform: Platform, notifications: Notifications) -> None:
        for inner in ("", "no XML", "<a>", "<!DOCTYPE a><a/>", "<a>b</a>", "<a>b<c/></a>"):
            with pytest.raises(DecryptionError, match="does not open with the APIv2 key"):
                notifications.parse({}, refund(platform.req_info(inner)))

    def test_one_status_for_all(self, client: Any) -> None:
        handler = NotificationHandler(client, MemoryStore())
        blocks = (base64.b64encode(os.urandom(16)).decode() for _ in range(1_500))
        replies = {
            (one.status, one.body) for one in (handler({}, refund(text), lambda _: None) for text in ("", "!", *blocks))
        }

        assert len(replies) == 1
        assert next(iter(replies))[0] == 500

    def test_the_time_is_that_of_what_was_sealed(self, platform: Platform, notifications: Notifications) -> None:
        sealed = platform.req_info("<root><success_time>2026-09-03 13:15:40</success_time></root>")
        for around in (
            "<success_time>20010101000000</success_time>",
            "<time_end>20010101000000</time_end><event_create_time>20010101000000</event_create_time>",
            '<sub_order_list>{"order_list": [{"time_end": "20010101000000"}]}</sub_order_list>',
        ):
            found = notifications.parse({}, refund(sealed, around))
            assert found.create_time == datetime(2026, 9, 3, 13, 15, 40, tzinfo=BEIJING)

    def test_a_sealed_refund_without_a_time_has_none(self, platform: Platform, notifications: Notifications) -> None:
        sealed = platform.req_info("<root><refund_id>50</refund_id></root>")
        found = notifications.parse({}, refund(sealed, "<success_time>20010101000000</success_time>"))

        assert found.create_time is None


class TestTimes:
    @pytest.mark.parametrize(
        ("orders", "moment"),
        [
            (
                {"order_list": [{"time_end": "20260608103456"}, {"time_end": "20260608103457"}, {"time_end": "x"}]},
                datetime(2026, 6, 8, 10, 34, 57, tzinfo=BEIJING),
            ),
            ({"order_list": [{}]}, None),
            ({"order_list": []}, None),
            ([], None),
        ],
    )
    def test_combined_orders(
        self, orders: Any, moment: datetime | None, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.xml({"combine_out_trade_no": "C", "sub_order_list": json.dumps(orders)})

        assert notifications.parse({}, body).create_time == moment

    @pytest.mark.parametrize("text", ["no JSON", "\ud800", ["a"], None])
    def test_damaged_lists(self, text: Any) -> None:
        assert Notification("1", "x", "", {}, {"sub_order_list": text}, b"", "v2").create_time is None


class TestSignatures:
    @pytest.mark.parametrize("tail", ["AAAA", "!!!", "=" * 50, "\n=", " A", "="])
    def test_nothing_may_stand_behind_a_signature(
        self, tail: str, platform: Platform, notifications: Notifications
    ) -> None:
        body = platform.body({"a": 1})
        headers = platform.headers(body)
        assert notifications.parse(headers, body).resource == {"a": 1}

        with pytest.raises(SignatureError):
            notifications.parse(headers | {"Wechatpay-Signature": headers["Wechatpay-Signature"] + tail}, body)

    def test_stray_bits_and_characters(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body({"a": 1})
        headers = platform.headers(body)
        right = headers["Wechatpay-Signature"]
        assert right.endswith("==")  # of 256 bytes: four bits of the last character count for nothing
        after = {"A": "B", "Q": "R", "g": "h", "w": "x"}[right[-3]]
        for wrong in (f"{right[:-3]}{after}==", f"{right[:9]}\n{right[9:]}", f"{right[:9]}*{right[9:]}", right[:-1]):
            with pytest.raises(SignatureError):
                notifications.parse(headers | {"Wechatpay-Signature": wrong}, body)

    def test_a_ciphertext_has_one_spelling(self, platform: Platform, notifications: Notifications) -> None:
        sealed = platform.sealed({"a": 1})
        body = platform.body(None, resource=sealed | {"ciphertext": sealed["ciphertext"] + "===="})

        with pytest.raises(DecryptionError, match="not base64"):
            notifications.parse(platform.headers(body), body)

    def test_the_sign_of_v2(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.xml({"transaction_id": "1"})
        before, _, rest = body.partition(b"<sign>")
        sign, _, after = rest.partition(b"</sign>")
        sign = sign.removeprefix(b"<![CDATA[").removesuffix(b"]]>").decode()
        mixed = sign[:16] + sign[16:].lower()
        assert mixed not in {sign, sign.lower()}

        def signed(text: str) -> bytes:
            return before + b"<sign>" + text.encode() + b"</sign>" + after

        assert notifications.parse({}, signed(sign)).id == notifications.parse({}, signed(sign.lower())).id
        for wrong in (mixed, f" {sign}", f"{sign}\n", sign + "0", sign.replace(sign[0], chr(ord(sign[0]) + 0xFEE0), 1)):
            with pytest.raises(SignatureError):
                notifications.parse({}, signed(wrong))


class TestHeaders:
    NAMES = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")

    @pytest.mark.parametrize("name", [*NAMES, "Wechatpay-Signature-Type"])
    @pytest.mark.parametrize(
        "value", ["\udcff", "密", "\ud800" * 99, "", "\x00", "９" * 10, "1" * 5_000, b"1", 1, None, ["1"]]
    )
    def test_strange_values(self, name: str, value: Any, platform: Platform, notifications: Notifications) -> None:
        body = platform.body({"a": 1})
        headers = platform.headers(body) | {name: value}
        if name == "Wechatpay-Signature-Type":
            body += b" "

        with pytest.raises(SignatureError) as caught:
            notifications.parse(headers, body)
        str(caught.value).encode()  # a log can write it

    @QUICK
    @given(changes=st.dictionaries(st.sampled_from(NAMES), st.text() | st.binary() | st.none() | st.characters()))
    def test_any_values(self, changes: dict[str, Any], platform: Platform, notifications: Notifications) -> None:
        body = b"{}"
        try:
            notifications.parse(platform.headers(body) | changes, body)
        except (SignatureError, CodecError) as error:
            str(error).encode()

    @pytest.mark.parametrize(
        "headers", [None, ["ab"], [("a", "b", "c")], [("a", "b"), 7], [(1, "b")], {"a"}, "text", b"bytes", 7]
    )
    def test_other_forms(self, headers: Any, client: Any) -> None:
        for parse in (client.notifications.parse, Merchants([client]).parse):
            with pytest.raises(TypeError, match="headers: a mapping of names to texts or a list of pairs"):
                parse(headers, b"{}")

    @pytest.mark.parametrize(
        "headers", [[], [("a", "b")], [(b"wechatpay-nonce", b"1")], {b"a": b"b"}, {"headers": []}, {"headers": "x"}]
    )
    def test_no_signature_in_any_form(self, headers: Any, client: Any) -> None:
        for parse in (client.notifications.parse, Merchants([client]).parse):
            with pytest.raises(SignatureError) as caught:
                parse(headers, b"{}")
            assert caught.value.reason == "missing"

    def test_bytes_beyond_ascii_are_a_wrong_signature(self, platform: Platform, notifications: Notifications) -> None:
        body = platform.body({"a": 1})
        raw = {name.lower().encode(): value.encode() + b"\xff" for name, value in platform.headers(body).items()}

        with pytest.raises(SignatureError):
            notifications.parse(raw, body)

    @pytest.mark.parametrize("serial", ["\udcff", "PUB_KEY_ID_\udcff", "密"])
    def test_a_strange_serial_for_several_merchants(self, serial: str, client: Any) -> None:
        with pytest.raises(SignatureError) as caught:
            Merchants([client]).parse(dict.fromkeys(self.NAMES, serial), b"{}")
        str(caught.value).encode()
