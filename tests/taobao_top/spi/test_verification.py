"""Calls of the platform are authentic in every part, or refused."""

from __future__ import annotations

from datetime import datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.signing import Signer
from chainable.times import BEIJING
from taobao_top import TaobaoTop
from taobao_top.spi.verification import SPI

JSON = "application/json;charset=utf-8"
FORM = "application/x-www-form-urlencoded"


def verify(top, call, **changes):
    return top.spi.verify(
        changes.get("headers", call.headers), changes.get("url", call.url), changes.get("body", call.body)
    )


class TestAuthentic:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "^the body of the call is empty$"),
            (b"{", "^the body of the call is not JSON"),
            (b"<a>", "^the body of the call is not XML"),
        ],
    )
    def test_a_body_that_cannot_be_read(self, top, call, body, words):
        """It is told of the call, for there is no answer yet."""
        with pytest.raises(CodecError, match=words):
            verify(top, call(body=body, content_type=JSON)).data

    def test_query(self, top, call):
        """Everything in the query, empty values and all letters."""
        found = verify(top, call({"nick": "中 文&=+", "empty": ""}))

        assert found.method == "taobao.sandbox.stock.query"
        assert found.time == datetime(2026, 1, 1, 12, tzinfo=BEIJING)
        assert found.parameters["nick"] == "中 文&=+"
        assert found.parameters["empty"] == ""
        assert "sign" not in found.parameters
        assert found.body == b""
        assert not found.xml

    @pytest.mark.parametrize(
        "content_type", [JSON, "text/xml", "application/xml; charset=GBK", "text/plain", "Application/JSON"]
    )
    def test_body(self, top, call, content_type):
        """Raw bodies are part of the signature."""
        charset = "gbk" if "GBK" in content_type else "utf-8"
        body = '{"a":"中"}'.encode(charset)

        found = verify(top, call({"x": "中"}, body=body, content_type=content_type, charset=charset))

        assert found.body == body
        assert found.parameters["x"] == "中"

    def test_data(self, top, call):
        """The body decoded, JSON or what is inside of XML."""
        assert verify(top, call(body=b'{"a":1}', content_type=JSON)).data == {"a": 1}
        xml = verify(top, call(body=b"<request><order><no>1</no></order></request>", content_type="text/xml"))
        assert xml.data == {"order": {"no": "1"}}
        assert xml.xml
        with pytest.raises(CodecError, match="empty"):
            verify(top, call()).data

    def test_form(self, top, call):
        """A form is parameters; those of the query go first."""
        found = verify(top, call({"x": "query"}, form={"y": "1 2", "x": "form"}))

        assert found.parameters["x"] == "query"
        assert found.parameters["y"] == "1 2"
        assert found.body == b""

    def test_headers(self, top, call):
        """Headers named in top-sign-list are signed; one that is missing counts as empty."""
        found = verify(top, call(headers={"X-Nick": "中文", "x-empty": ""}))

        assert found.headers == {"X-Nick": "中文", "x-empty": ""}

    @pytest.mark.parametrize(
        "spell",
        [
            lambda headers: headers,
            lambda headers: {name.lower(): value for name, value in headers.items()},
            lambda headers: {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()},
        ],
    )
    def test_any_mapping_of_headers(self, top, call, spell):
        """As HTTP writes them, or as WSGI and Django do."""
        made = call(headers={"X-Nick": "中文"})

        assert verify(top, made, headers=spell(made.headers)).headers == {"X-Nick": "中文"}

    @pytest.mark.parametrize("cut", ["", "https://shop.example"])
    def test_any_form_of_url(self, top, call, cut):
        """The whole URL, or its path; what the browser keeps is ignored."""
        made = call({"x": "1"})

        assert verify(top, made, url=made.url.removeprefix(cut) + "#part").parameters["x"] == "1"

    def test_files(self, top, call):
        """Of a multipart body the texts are signed."""
        body = requests.Request("POST", "https://h/", data={"title": "中"}, files={"image": b"x"}).prepare()
        made = call({"title": "中"})
        headers = {"Content-Type": body.headers["Content-Type"]}

        found = verify(top, made, headers=headers, body=body.body)

        assert found.parameters["title"] == "中"
        assert found.body == b""
        with pytest.raises(SignatureError):
            verify(top, call(), headers=headers, body=body.body)

    def test_xml_is_wanted(self, top, call):
        """The caller may ask for XML without a body."""
        assert verify(top, call({"format": "xml"})).xml

    def test_pair_with_two_equals_signs(self, top, call):
        """Such a pair is none: neither signed nor handed on."""
        found = verify(top, call({"x": "1"}, raw="&evil=a=b&"))

        assert "evil" not in found.parameters

    @pytest.mark.parametrize("body", [b"x", b'{"a":1}'])
    def test_unsigned_body(self, top, call, body):
        """A body that is no part of the signature is not handed on."""
        made = call()

        assert verify(top, made, body=body).body == b""
        assert verify(top, made, body=body, headers={"Content-Type": "application/octet-stream"}).body == b""

    def test_no_secrets_in_repr(self, top, call):
        """Nothing personal shows."""
        assert "13800138000" not in repr(verify(top, call({"mobile": "13800138000"})))

    def test_adjusted_clock(self, make_top, call):
        """A corrected clock counts here as well."""
        top = make_top(clock=lambda: 0.0)
        top._settings.clock.offset = datetime(2026, 1, 1, 12, tzinfo=BEIJING).timestamp()

        assert verify(top, call())

    def test_a_form_is_read_as_forms_are(self, top, call):
        """The rule about a second '=' is that of the query; in a form it is part of the value."""
        made = call(form={"token": "YWI=", "x": "a=b"})
        made.body = made.body.replace(b"%3D", b"=")

        found = verify(top, made)

        assert found.parameters["token"] == "YWI="
        assert found.parameters["x"] == "a=b"

    @pytest.mark.parametrize("charset", ["utf-8", "gbk"])
    def test_a_form_of_raw_bytes(self, top, call, charset):
        """Some senders leave letters of other scripts as they are."""
        made = call(form={"名": "中"}, content_type=f"{FORM}; charset={charset}", charset=charset)
        made.body = "名=中".encode(charset)

        assert verify(top, made).parameters["名"] == "中"

    def test_texts_of_files_in_their_charset(self, top, call):
        """The texts of a multipart body are in the charset its type names."""
        made = call({"title": "中"}, charset="gbk")
        body = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n中\r\n--x--\r\n'.encode("gbk")

        found = verify(top, made, headers={"Content-Type": "multipart/form-data; charset=GBK; boundary=x"}, body=body)

        assert found.parameters["title"] == "中"

    def test_texts_beside_files_in_their_charset(self, top, call):
        """What stands in the body alone is read in that charset as well."""
        made = call(form={"title": "中"}, charset="gbk", content_type="multipart/form-data; charset=GBK; boundary=x")
        made.body = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n中\r\n--x--\r\n'.encode("gbk")

        assert verify(top, made).parameters["title"] == "中"

    def test_a_byte_order_mark(self, top, call):
        """XML that begins with one is XML."""
        made = call(body="\ufeff<request><no>1</no></request>".encode(), content_type="text/xml")

        found = verify(top, made)

        assert found.xml
        assert found.data == {"no": "1"}


class TestRefused:
    @pytest.mark.parametrize(
        "change",
        [
            lambda call: {"url": call.url.replace("stock.query", "stock.update")},
            lambda call: {"url": call.url + "&new=1"},
            lambda call: {"url": call.url.replace("x=1", "x=")},
            lambda call: {"url": call.url.replace("&x=1", "")},
            lambda call: {"url": call.url + "&x=2"},
            lambda call: {"body": call.body + b" "},
            lambda call: {"body": b""},
            lambda call: {"headers": call.headers | {"X-Nick": "other"}},
            lambda call: {"headers": call.headers | {"top-sign-list": ""}},
            lambda call: {"headers": {"Content-Type": "text/xml"}},
            lambda call: {"headers": call.headers | {"Content-Type": "application/octet-stream"}},
            lambda call: {"url": call.url.replace("sign=", "sign=%E4%B8%AD")},
            lambda call: {"url": call.url + "&sign=" + call.url.partition("sign=")[2][:32].lower()},
            lambda call: {"url": call.url.replace("sign=", "sign=+")},
            lambda call: {"url": call.url.replace("sign=", "sign=0")},
            lambda call: {
                "url": call.url + "%ff%fe",
                "headers": call.headers | {"Content-Type": "application/json; charset=gbk"},
            },
        ],
    )
    def test_forged(self, top, call, change):
        """Whatever was changed, the signature does not fit."""
        made = call({"x": "1"}, body=b'{"a":1}', content_type=JSON, headers={"X-Nick": "me"})

        with pytest.raises(SignatureError, match="does not belong to this call") as caught:
            verify(top, made, **change(made))

        assert caught.value.reason == "mismatch"

    def test_bytes_of_another_charset(self, top, call):
        """Bytes that are not of the charset the call names fit no signature."""
        made = call(body=b"x", content_type="text/plain; charset=gb2312")

        with pytest.raises(SignatureError):
            verify(top, made, url=made.url + "&x=%ff%ff")

    @pytest.mark.parametrize("name", ["method", "x", "sign", "timestamp"])
    def test_headers_that_are_not_signed(self, top, call, name):
        """A header that bears the name of a parameter is not covered, so it is not handed on."""
        made = call({"x": "1"})
        headers = made.headers | {"top-sign-list": name, name: "evil"}

        try:
            found = verify(top, made, headers=headers)
        except SignatureError:
            return
        assert "evil" not in {*found.headers.values(), *found.parameters.values()}

    @pytest.mark.parametrize("headers", [None, [("a", "b")], "text"])
    def test_headers_that_are_no_mapping(self, top, call, headers):
        with pytest.raises(TypeError, match="headers: a mapping"):
            verify(top, call(), headers=headers)

    def test_other_secret(self, top, call):
        """A call for another app."""
        with pytest.raises(SignatureError, match="another app_secret"):
            verify(top, call(secret="other"))

    @pytest.mark.parametrize(
        "url", ["https://shop.example/spi", "https://shop.example/spi?method=a.b&sign=", "", "/spi?sign"]
    )
    def test_unsigned(self, top, url):
        """Without a signature it is nobody's."""
        with pytest.raises(SignatureError) as caught:
            top.spi.verify({}, url)

        assert caught.value.reason == "missing"

    @pytest.mark.parametrize("at", ["2026-01-01 11:49:59", "2026-01-01 12:10:01", "yesterday", "", None])
    def test_time(self, top, call, at):
        """An old call, one from the future, one without a time."""
        with pytest.raises(SignatureError) as caught:
            verify(top, call(at=at))

        assert caught.value.reason == "stale"

    def test_tolerance(self, top, call):
        """How old a call may be can be said."""
        made = call(at="2026-01-01 11:00:00")

        assert top.spi.verify(made.headers, made.url, tolerance=3600)

    def test_body_as_text(self, top, call):
        """Text may have been decoded wrongly: bytes are needed."""
        with pytest.raises(TypeError, match="bytes as they were sent"):
            verify(top, call(), body="x")

    def test_without_secret(self, make_top):
        """A signer object cannot verify."""

        class Remote(Signer):
            def __call__(self, r):
                return r

        with pytest.raises(ConfigurationError, match="app_secret"):
            make_top(app_secret=None, sign_method=Remote()).spi


SPI_OF_TESTS = SPI(TaobaoTop(app_key="1", app_secret="s")._settings)


@given(
    st.dictionaries(
        st.sampled_from(["Content-Type", "top-sign-list", "x"]),
        st.sampled_from(
            [
                JSON,
                "multipart/form-data; boundary=x",
                "multipart/form-data",
                "a/b; charset=idna",
                "text/plain; charset=gbk",
                "x,y",
            ]
        )
        | st.text(),
    ),
    st.text(),
    st.binary() | st.just(b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--x--"),
)
def test_anything_else(headers, query, body):
    """Whatever comes, it is refused with the one error there is for it."""
    with pytest.raises(SignatureError):
        SPI_OF_TESTS.verify(headers, f"/?{query}&sign=0", body)
