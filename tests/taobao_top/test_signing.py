"""The three signatures, stage by stage, against vectors and against hashlib and hmac."""

from __future__ import annotations

import hashlib
import hmac
import io
from datetime import datetime, timedelta, timezone
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
SIGNERS = [MD5Signer, HMACMD5Signer, HMACSHA256Signer]


def expected(name, message, secret=SECRET):
    """What the standard library says, written down a second time."""
    key = secret.encode()
    if name == "md5":
        digest = hashlib.md5(key + message + key).hexdigest()
    else:
        digest = hmac.new(key, message, {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256}[name]).hexdigest()
    return digest.upper()


def query_of(request):
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def form_of(request):
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


class TestStages:
    def test_the_string_to_sign_is_sorted_and_joined(self):
        """Names in order, each with its value, nothing between them."""
        assert string_to_sign({"foo_bar": "3", "foo": "1", "bar": "2", "Foo": "0"}) == b"Foo0bar2foo1foo_bar3"

    def test_a_raw_body_follows(self):
        """The body of JSON, XML and batch calls is appended as it is."""
        assert string_to_sign({"b": "中"}, b'{"a":1}') == "b中".encode() + b'{"a":1}'

    def test_the_charset_is_that_of_the_text(self):
        """Names and values in the charset asked for."""
        assert string_to_sign({"b": "中"}, charset="gbk") == b"b" + "中".encode("gbk")

    def test_the_printed_vector(self):
        """The one signature the documents print."""
        assert MD5Signer(SECRET).sign(PRINTED) == "66987CB115214E59E6EC978214934FB8"

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_digest(self, signer):
        """Each digest is the standard library's."""
        message = string_to_sign(PRINTED | {"nick": "中文"})

        assert signer(SECRET).digest(message).hex().upper() == expected(signer.sign_method, message)

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_explain_masks_the_secret(self, signer):
        """What was digested can be shown to people."""
        text = signer(SECRET).explain("app_key1")

        assert "app_key1" in text
        assert SECRET not in text

    def test_beijing_time(self, monkeypatch):
        """The time stamp is that of Beijing, whatever the machine's zone."""
        monkeypatch.setenv("TZ", "America/New_York")

        assert timestamp(NOON) == "2016-01-01 12:00:00"


class TestSecret:
    @pytest.mark.parametrize("secret", ["", None, b"helloworld"])
    def test_must_be_text(self, secret):
        """A missing secret is refused, and never shown."""
        with pytest.raises(ConfigurationError, match="app_secret") as caught:
            MD5Signer(secret)

        assert "helloworld" not in str(caught.value)

    @pytest.mark.parametrize("signer", SIGNERS)
    def test_is_not_shown(self, signer):
        """A signer's repr is short and has no secret in it."""
        assert SECRET not in repr(signer(SECRET))

    def test_is_taken_literally(self):
        """White space around a secret belongs to it."""
        assert MD5Signer(" s ").sign({}) == expected("md5", b"", " s ")


def known(codec=FORM, /, **parameters):
    request = SignableRequest()
    request.prepare("POST", "https://gw.api.taobao.com/router/rest", headers={"Content-Type": FORM.content_type})
    request.parameters = parameters
    request.codec = codec
    return request


class TestKnownParameters:
    @pytest.mark.parametrize("signer", SIGNERS)
    def test_form(self, signer):
        """The form leaves with what was signed, and with the signature."""
        request = signer(SECRET, clock=lambda: NOON)(known(method="a.b", nick="中 文&"))

        form = form_of(request)
        sign = form.pop("sign")
        assert form == {
            "method": "a.b",
            "nick": "中 文&",
            "timestamp": "2016-01-01 12:00:00",
            "sign_method": signer.sign_method,
        }
        assert sign == expected(signer.sign_method, string_to_sign(form))
        assert request.headers["Content-Length"] == str(len(request.body))
        assert "?" not in request.url

    def test_again(self):
        """The next attempt has a new time and a new signature, nothing twice."""
        moments = iter([NOON, NOON + 60])
        signer = MD5Signer(SECRET, clock=lambda: next(moments))
        request = known(method="a.b")

        first = form_of(signer(request))
        second = form_of(signer(request))

        assert first["timestamp"] == "2016-01-01 12:00:00"
        assert second["timestamp"] == "2016-01-01 12:01:00"
        assert first["sign"] != second["sign"]

    def test_blank_values(self):
        """Blank values are neither signed nor sent."""
        form = form_of(MD5Signer(SECRET, clock=lambda: NOON)(known(method="a.b", x="", y=" \t", z=" 1")))

        assert "x" not in form
        assert "y" not in form
        assert form["z"] == " 1"
        sign = form.pop("sign")
        assert sign == expected("md5", string_to_sign(form))

    def test_raw_body(self):
        """A JSON body is part of the string, the parameters stay in the query."""
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

    def test_multipart(self):
        """Text parts are signed, files are not; the signature is in the query."""
        request = known(None, method="a.b", title="t")
        request.url += "?method=a.b"
        request.body = b"--x--"
        request.signed_body = b""

        query = query_of(MD5Signer(SECRET, clock=lambda: NOON)(request))

        sign = query.pop("sign")
        assert "title" not in query
        assert sign == expected("md5", string_to_sign(query | {"title": "t"}))


@pytest.mark.parametrize("signer", SIGNERS)
def test_a_secret_that_is_no_text(signer):
    """A secret that was read in the wrong encoding is refused at once, and not shown."""
    with pytest.raises(ConfigurationError, match="app_secret") as caught:
        signer("s3cret\udcff")

    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("signer", SIGNERS)
def test_a_parameter_that_is_no_text(signer):
    """What no UTF-8 can carry is refused without showing what stands beside it."""
    with pytest.raises(CodecError, match="surrogate") as caught:
        signer(SECRET)(known(session="sess10n", x="\ud800"))

    assert "sess10n" not in str(caught.value)
    assert caught.value.__suppress_context__


class TestAnyRequest:
    def prepared(self, **options):
        return requests.Request("POST", "https://gw.api.taobao.com/router/rest", **options).prepare()

    def signed(self, **options):
        return self.prepared(auth=HMACMD5Signer(SECRET, clock=lambda: NOON), **options)

    def test_form(self):
        """``requests.post(url, data=..., auth=signer)`` works."""
        request = self.signed(data={"method": "a.b", "x": "", "nick": "中"}, params={"v": "2.0", "method": "other"})

        form = form_of(request)
        sign = form.pop("sign")
        assert query_of(request) == {"v": "2.0"}
        assert "x" not in form
        assert sign == expected("hmac", string_to_sign(form | {"v": "2.0"}))
        assert request.headers["Content-Length"] == str(len(request.body))

    def test_form_alone(self):
        """Without a query there is none afterwards."""
        assert self.signed(data={"method": "a.b"}).url == "https://gw.api.taobao.com/router/rest"

    def test_query(self):
        """Without a body everything is in the query."""
        query = query_of(self.signed(params={"method": "a.b"}))

        sign = query.pop("sign")
        assert sign == expected("hmac", string_to_sign(query))

    @pytest.mark.parametrize("body", ['{"a":"中"}', '{"a":"中"}'.encode()])
    def test_json(self, body):
        """A raw body is signed as it stands."""
        request = self.signed(data=body, params={"method": "a.b"}, headers={"Content-Type": "application/json"})

        query = query_of(request)
        sign = query.pop("sign")
        assert sign == expected("hmac", string_to_sign(query, '{"a":"中"}'.encode()))

    def test_multipart(self):
        """Of a multipart body the texts are signed."""
        request = self.signed(
            data={"title": "中\r\nb", "x": "1"}, files={"image": ("a.png", b"\x89PNG")}, params={"method": "a.b"}
        )

        query = query_of(request)
        sign = query.pop("sign")
        assert set(query) == {"method", "timestamp", "sign_method"}
        assert sign == expected("hmac", string_to_sign(query | {"title": "中\r\nb", "x": "1"}))

    def test_headers_as_bytes(self):
        """A content type given as bytes is understood."""
        request = self.prepared(data="a=1", headers={"Content-Type": b"application/x-www-form-urlencoded"})

        assert signed_parts(request) == ({"a": "1"}, b"")

    def test_sign_is_no_part(self):
        """A signature is not signed again."""
        assert signed_parts(self.prepared(data={"a": "1", "sign": "X"})) == ({"a": "1"}, b"")

    def test_stream(self):
        """A stream is refused: what was signed could not be known."""
        with pytest.raises(TypeError, match="bytes"):
            self.signed(data=io.BytesIO(b"x"), headers={"Content-Type": "text/plain"})


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT))
def test_form_and_signature_agree(parameters):
    """Whatever the parameters, what is read back from the wire is what was signed."""
    request = HMACSHA256Signer(SECRET, clock=lambda: NOON)(known(**{"method": "a.b"} | parameters))

    form = form_of(request)
    sign = form.pop("sign")
    assert sign == expected("hmac-sha256", string_to_sign(form))
    assert signed_parts(request)[0] == form


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_multipart_text_survives(value):
    """Any text of a multipart body is read back as it was sent."""
    request = requests.Request("POST", "https://h/", data={"t": value}, files={"f": ("n", b"\r\n--\x00\xff")}).prepare()

    assert signed_parts(request) == ({"t": value}, b"")
