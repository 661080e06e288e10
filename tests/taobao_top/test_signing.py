"""The signatures, stage by stage, against vectors and against hashlib and hmac."""

from __future__ import annotations

import hashlib
import hmac
import io
from datetime import datetime, timedelta, timezone
from math import floor
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chainable.codecs import FORM
from chainable.errors import CodecError, ConfigurationError
from chainable.signing import SignableRequest
from taobao_top.signing import (
    HMACMD5Signer,
    HMACSHA256Signer,
    MD5Signer,
    SHA256Signer,
    signed_parts,
    string_to_sign,
    timestamp,
)

SECRET = "helloworld"
PRINTED = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "sign_method": "md5",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}
NOON = datetime(2016, 1, 1, 12, tzinfo=timezone(timedelta(hours=8))).timestamp()
SIGNERS = [MD5Signer, HMACMD5Signer, HMACSHA256Signer, SHA256Signer]
DIGESTS = {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256, "sha256": hashlib.sha256}


def expected(name, message, secret=SECRET):
    """The digest computed with the standard library."""
    key = secret.encode()
    if name == "md5":
        digest = hashlib.md5(key + message + key).hexdigest()
    else:
        digest = hmac.new(key, message, DIGESTS[name]).hexdigest()
    return digest.upper()


def query_of(request):
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def form_of(request):
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


class TestStages:
    def test_the_string_to_sign_is_sorted_and_joined(self):
        assert string_to_sign({"foo_bar": "3", "foo": "1", "bar": "2", "Foo": "0"}) == b"Foo0bar2foo1foo_bar3"

    def test_a_raw_body_is_appended_to_the_string_to_sign(self):
        assert string_to_sign({"b": "中"}, b'{"a":1}') == "b中".encode() + b'{"a":1}'

    def test_names_and_values_are_encoded_in_the_given_charset(self):
        assert string_to_sign({"b": "中"}, charset="gbk") == b"b" + "中".encode("gbk")

    def test_the_documented_example_has_the_documented_signature(self):
        assert MD5Signer(SECRET).sign(PRINTED) == "66987CB115214E59E6EC978214934FB8"

    def test_the_documented_example_of_aliexpress_and_lazada(self):
        """Secret helloworld; the path in front is part of the string to sign at /rest only."""
        # https://open.alitrip.com/docs/doc.htm?articleId=108069&docType=1&treeId=499, and articleId=120693
        message = b"/order/getaccess_tokentestapp_key123456order_id1234sign_methodsha256timestamp1517820392000"
        sign = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"

        assert SHA256Signer(SECRET).digest(message).hex().upper() == sign

    def test_sha256_is_stamped_in_milliseconds(self):
        given = {"app_key": "123456", "method": "aliexpress.ds.product.get", "product_id": "1005003784285827"}
        form = form_of(SHA256Signer(SECRET, clock=lambda: 1517820392.5)(known(**given)))

        assert form.pop("sign") == expected("sha256", string_to_sign(form))
        assert form == given | {"sign_method": "sha256", "timestamp": "1517820392500"}

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_each_digest_equals_that_of_the_standard_library(self, signer):
        message = string_to_sign(PRINTED | {"nick": "中文"})

        assert signer(SECRET).digest(message).hex().upper() == expected(signer.sign_method, message)

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_explain_masks_the_secret(self, signer):
        text = signer(SECRET).explain("app_key1")

        assert "app_key1" in text
        assert SECRET not in text

    @given(st.floats(-(2**35), 2**35))
    def test_a_timestamp_is_that_of_its_second(self, moment):
        moment = floor(moment)
        beijing = datetime.fromtimestamp(moment, timezone(timedelta(hours=8)))

        assert timestamp(moment) == timestamp(moment + 0.999) == beijing.strftime("%Y-%m-%d %H:%M:%S")

    def test_timestamps_are_in_Beijing_time_in_every_zone(self, monkeypatch):
        monkeypatch.setenv("TZ", "America/New_York")

        assert timestamp(NOON) == "2016-01-01 12:00:00"


class TestSecret:
    @pytest.mark.parametrize("secret", ["", None, b"helloworld"])
    def test_a_missing_secret_is_refused_and_not_shown(self, secret):
        with pytest.raises(ConfigurationError, match="app_secret") as caught:
            MD5Signer(secret)

        assert "helloworld" not in str(caught.value)

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_the_repr_of_a_signer_shows_no_secret(self, signer):
        assert SECRET not in repr(signer(SECRET))

    def test_white_space_around_a_secret_belongs_to_it(self):
        assert MD5Signer(" s ").sign({}) == expected("md5", b"", " s ")


def known(codec=FORM, /, **parameters):
    request = SignableRequest()
    request.prepare("POST", "https://gw.api.taobao.com/router/rest", headers={"Content-Type": FORM.content_type})
    request.parameters = parameters
    request.codec = codec
    return request


class TestKnownParameters:
    @pytest.mark.parametrize("signer", SIGNERS)
    def test_a_form_is_sent_with_what_was_signed_and_the_signature(self, signer):
        request = signer(SECRET, clock=lambda: NOON)(known(method="a.b", nick="中 文&"))

        form = form_of(request)
        sign = form.pop("sign")
        assert form == {
            "method": "a.b",
            "nick": "中 文&",
            "timestamp": "1451620800000" if signer is SHA256Signer else "2016-01-01 12:00:00",
            "sign_method": signer.sign_method,
        }
        assert sign == expected(signer.sign_method, string_to_sign(form))
        assert request.headers["Content-Length"] == str(len(request.body))
        assert "?" not in request.url

    def test_the_next_attempt_has_a_new_time_and_signature(self):
        moments = iter([NOON, NOON + 60])
        signer = MD5Signer(SECRET, clock=lambda: next(moments))
        request = known(method="a.b")

        first = form_of(signer(request))
        second = form_of(signer(request))

        assert first["timestamp"] == "2016-01-01 12:00:00"
        assert second["timestamp"] == "2016-01-01 12:01:00"
        assert first["sign"] != second["sign"]

    def test_blank_values_are_neither_signed_nor_sent(self):
        form = form_of(MD5Signer(SECRET, clock=lambda: NOON)(known(method="a.b", x="", y=" \t", z=" 1")))

        assert "x" not in form
        assert "y" not in form
        assert form["z"] == " 1"
        sign = form.pop("sign")
        assert sign == expected("md5", string_to_sign(form))

    def test_a_raw_body_is_signed_and_its_parameters_stay_in_the_query(self):
        request = known(None, method="a.b", app_key="1")
        request.url += "?method=a.b&app_key=1"
        request.body = b'{"a":1}'
        signer = HMACSHA256Signer(SECRET, clock=lambda: NOON)

        for _ in range(2):
            query = query_of(signer(request))
            sign = query.pop("sign")
            assert list(query) == ["method", "app_key", "timestamp", "sign_method"]
            assert sign == expected("hmac-sha256", string_to_sign(query, b'{"a":1}'))
            assert request.body == b'{"a":1}'

    def test_text_parts_are_signed_and_files_are_not(self):
        request = known(None, method="a.b", title="t")
        request.url += "?method=a.b"
        request.body = b"--x--"
        request.signed_body = b""

        query = query_of(MD5Signer(SECRET, clock=lambda: NOON)(request))

        sign = query.pop("sign")
        assert "title" not in query
        assert sign == expected("md5", string_to_sign(query | {"title": "t"}))


@pytest.mark.parametrize("signer", SIGNERS)
def test_a_secret_with_a_lone_surrogate_is_refused_and_not_shown(signer):
    with pytest.raises(ConfigurationError, match="app_secret") as caught:
        signer("s3cret\udcff")

    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("signer", SIGNERS)
def test_a_lone_surrogate_in_a_parameter_is_refused_without_showing_other_values(signer):
    with pytest.raises(CodecError, match="surrogate") as caught:
        signer(SECRET)(known(session="sess10n", x="\ud800"))

    assert "sess10n" not in str(caught.value)
    assert caught.value.__suppress_context__


class TestAnyRequest:
    def prepared(self, **options):
        return requests.Request("POST", "https://gw.api.taobao.com/router/rest", **options).prepare()

    def signed(self, **options):
        return self.prepared(auth=HMACMD5Signer(SECRET, clock=lambda: NOON), **options)

    def test_a_signer_works_as_auth_of_requests(self):
        request = self.signed(data={"method": "a.b", "x": "", "nick": "中"}, params={"v": "2.0", "method": "other"})

        form = form_of(request)
        sign = form.pop("sign")
        assert query_of(request) == {"v": "2.0"}
        assert "x" not in form
        assert sign == expected("hmac", string_to_sign(form | {"v": "2.0"}))
        assert request.headers["Content-Length"] == str(len(request.body))

    def test_a_form_without_a_query_gets_none(self):
        assert self.signed(data={"method": "a.b"}).url == "https://gw.api.taobao.com/router/rest"

    def test_without_a_body_all_parameters_are_in_the_query(self):
        query = query_of(self.signed(params={"method": "a.b"}))

        sign = query.pop("sign")
        assert sign == expected("hmac", string_to_sign(query))

    @pytest.mark.parametrize("body", ['{"a":"中"}', '{"a":"中"}'.encode()])
    def test_a_raw_body_is_signed_unchanged(self, body):
        request = self.signed(data=body, params={"method": "a.b"}, headers={"Content-Type": "application/json"})

        query = query_of(request)
        sign = query.pop("sign")
        assert sign == expected("hmac", string_to_sign(query, '{"a":"中"}'.encode()))

    def test_the_texts_of_a_multipart_body_are_signed(self):
        request = self.signed(
            data={"title": "中\r\nb", "x": "1"}, files={"image": ("a.png", b"\x89PNG")}, params={"method": "a.b"}
        )

        query = query_of(request)
        sign = query.pop("sign")
        assert set(query) == {"method", "timestamp", "sign_method"}
        assert sign == expected("hmac", string_to_sign(query | {"title": "中\r\nb", "x": "1"}))

    def test_a_content_type_in_bytes_is_understood(self):
        request = self.prepared(data="a=1", headers={"Content-Type": b"application/x-www-form-urlencoded"})

        assert signed_parts(request) == ({"a": "1"}, b"")

    def test_an_existing_sign_is_not_signed(self):
        assert signed_parts(self.prepared(data={"a": "1", "sign": "X"})) == ({"a": "1"}, b"")

    def test_a_stream_is_refused(self):
        with pytest.raises(TypeError, match="bytes"):
            self.signed(data=io.BytesIO(b"x"), headers={"Content-Type": "text/plain"})


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT))
def test_the_signature_fits_the_parameters_read_back_from_the_wire(parameters):
    request = HMACSHA256Signer(SECRET, clock=lambda: NOON)(known(**{"method": "a.b"} | parameters))

    form = form_of(request)
    sign = form.pop("sign")
    assert sign == expected("hmac-sha256", string_to_sign(form))
    assert signed_parts(request)[0] == form


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_of_a_multipart_body_is_read_back(value):
    request = requests.Request("POST", "https://h/", data={"t": value}, files={"f": ("n", b"\r\n--\x00\xff")}).prepare()

    assert signed_parts(request) == ({"t": value}, b"")
