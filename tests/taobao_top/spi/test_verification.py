"""Calls of the platform are verified in every part, or refused."""

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


def raw(headers):
    """Headers as in an ASGI scope: https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope"""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class TestAuthentic:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "^the body of the call is empty$"),
            (b"{", "^the body of the call is not JSON"),
            (b"<a>", "^the body of the call is not XML"),
        ],
    )
    def test_an_unreadable_body_is_named_as_that_of_the_call(self, top, call, body, words):
        with pytest.raises(CodecError, match=words):
            verify(top, call(body=body, content_type=JSON)).data

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"<request><orderLines><orderLine><planQty>1</planQty></orderLine></orderLines></request>", "text/xml"),
            (b"<request><orderLines><planQty>1</planQty></orderLines></request>", "text/xml"),
            (b'{"orderLines":{"orderLine":{"planQty":"1"}}}', JSON),
            (b'{"request":{"orderLines":[{"planQty":1}]}}', JSON),
        ],
    )
    def test_an_order_with_one_line_has_a_list_of_one_line(self, top, call, body, content_type):
        made = call({"method": "taobao.qimen.entryorder.create"}, body=body, content_type=content_type)

        assert verify(top, made).data == {"orderLines": {"orderLine": [{"planQty": 1}]}}

    @pytest.mark.parametrize(
        "form",
        [
            lambda url: url.partition("?")[2],
            lambda url: "?" + url.partition("?")[2],
            lambda url: url.encode(),
            lambda url: url.partition("?")[2].encode(),
            lambda url: url + "#part",
        ],
    )
    def test_the_query_alone_and_bytes(self, top, call, form):
        made = call({"nick": "中 文&=+/?"})

        assert verify(top, made, url=form(made.url)).parameters["nick"] == "中 文&=+/?"

    @pytest.mark.parametrize("url", [None, {"sign": "1"}, 7])
    def test_a_parsed_query_is_named(self, top, call, url):
        with pytest.raises(TypeError, match=r"url: the URL with its query .*get_full_path"):
            verify(top, call(), url=url)

    def test_a_body_without_its_content_type_is_named(self, top, call):
        made = call(body=b"{}", content_type=JSON)
        with pytest.raises(SignatureError, match="Content-Type header is missing"):
            verify(top, made, headers={})

    def test_a_cut_off_character_is_read_as_Java_does(self, top, call):
        assert verify(top, call(body=b'{"a":"\xe4\xb8"}', content_type=JSON)).data == {"a": "\ufffd"}

    def test_every_parameter_of_the_query_is_signed(self, top, call):
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
    def test_a_raw_body_is_signed(self, top, call, content_type):
        charset = "gbk" if "GBK" in content_type else "utf-8"
        body = '{"a":"中"}'.encode(charset)

        found = verify(top, call({"x": "中"}, body=body, content_type=content_type, charset=charset))

        assert found.body == body
        assert found.parameters["x"] == "中"

    def test_data_is_decoded_JSON_or_the_content_of_the_XML_root(self, top, call):
        assert verify(top, call(body=b'{"a":1}', content_type=JSON)).data == {"a": 1}
        xml = verify(top, call(body=b"<request><order><no>1</no></order></request>", content_type="text/xml"))
        assert xml.data == {"order": {"no": "1"}}
        assert xml.xml
        with pytest.raises(CodecError, match="empty"):
            verify(top, call()).data

    def test_a_form_has_parameters_and_those_of_the_query_take_precedence(self, top, call):
        found = verify(top, call({"x": "query"}, form={"y": "1 2", "x": "form"}))

        assert found.parameters["x"] == "query"
        assert found.parameters["y"] == "1 2"
        assert found.body == b""

    def test_headers_in_top_sign_list_are_signed_and_a_missing_one_is_empty(self, top, call):
        found = verify(top, call(headers={"X-Nick": "中文", "x-empty": ""}))

        assert found.headers == {"X-Nick": "中文", "x-empty": ""}

    @pytest.mark.parametrize(
        "spell",
        [
            lambda headers: headers,
            lambda headers: {name.lower(): value for name, value in headers.items()},
            lambda headers: {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()},
            lambda headers: dict(raw(headers)),
            raw,
            lambda headers: tuple(raw(headers)),
            lambda headers: {"type": "http", "headers": raw(headers)},
            lambda headers: list(headers.items()),
        ],
    )
    def test_headers_may_be_of_HTTP_WSGI_Django_or_ASGI(self, top, call, spell):
        made = call(headers={"X-Nick": "中文"})

        assert verify(top, made, headers=spell(made.headers)).headers == {"X-Nick": "中文"}

    @pytest.mark.parametrize("cut", ["", "https://shop.example"])
    def test_the_url_may_be_whole_or_a_path_and_its_fragment_is_ignored(self, top, call, cut):
        made = call({"x": "1"})

        assert verify(top, made, url=made.url.removeprefix(cut) + "#part").parameters["x"] == "1"

    def test_the_texts_of_a_multipart_body_are_signed(self, top, call):
        body = requests.Request("POST", "https://h/", data={"title": "中"}, files={"image": b"x"}).prepare()
        made = call({"title": "中"})
        headers = {"Content-Type": body.headers["Content-Type"]}

        found = verify(top, made, headers=headers, body=body.body)

        assert found.parameters["title"] == "中"
        assert found.body == b""
        with pytest.raises(SignatureError):
            verify(top, call(), headers=headers, body=body.body)

    def test_format_xml_asks_for_XML_without_a_body(self, top, call):
        assert verify(top, call({"format": "xml"})).xml

    def test_a_pair_with_two_equals_signs_in_the_query_is_ignored(self, top, call):
        found = verify(top, call({"x": "1"}, raw="&evil=a=b&"))

        assert "evil" not in found.parameters

    @pytest.mark.parametrize("body", [b"x", b'{"a":1}'])
    def test_an_unsigned_body_is_not_passed_on(self, top, call, body):
        made = call()

        assert verify(top, made, body=body).body == b""
        assert verify(top, made, body=body, headers={"Content-Type": "application/octet-stream"}).body == b""

    def test_the_repr_shows_no_personal_data(self, top, call):
        assert "13800138000" not in repr(verify(top, call({"mobile": "13800138000"})))

    def test_an_adjusted_clock_is_used(self, make_top, call):
        top = make_top(clock=lambda: 0.0)
        top._settings.clock.offset = datetime(2026, 1, 1, 12, tzinfo=BEIJING).timestamp()

        assert verify(top, call())

    def test_a_second_equals_sign_in_a_form_belongs_to_the_value(self, top, call):
        made = call(form={"token": "YWI=", "x": "a=b"})
        made.body = made.body.replace(b"%3D", b"=")

        found = verify(top, made)

        assert found.parameters["token"] == "YWI="
        assert found.parameters["x"] == "a=b"

    @pytest.mark.parametrize("charset", ["utf-8", "gbk"])
    def test_a_form_may_have_unescaped_characters(self, top, call, charset):
        made = call(form={"名": "中"}, content_type=f"{FORM}; charset={charset}", charset=charset)
        made.body = "名=中".encode(charset)

        assert verify(top, made).parameters["名"] == "中"

    def test_texts_of_a_multipart_body_are_read_in_the_charset_of_its_type(self, top, call):
        made = call({"title": "中"}, charset="gbk")
        body = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n中\r\n--x--\r\n'.encode("gbk")

        found = verify(top, made, headers={"Content-Type": "multipart/form-data; charset=GBK; boundary=x"}, body=body)

        assert found.parameters["title"] == "中"

    def test_texts_that_only_the_multipart_body_has_are_read_in_its_charset(self, top, call):
        made = call(form={"title": "中"}, charset="gbk", content_type="multipart/form-data; charset=GBK; boundary=x")
        made.body = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n中\r\n--x--\r\n'.encode("gbk")

        assert verify(top, made).parameters["title"] == "中"

    def test_XML_with_a_byte_order_mark_is_XML(self, top, call):
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
    def test_any_changed_part_is_refused(self, top, call, change):
        made = call({"x": "1"}, body=b'{"a":1}', content_type=JSON, headers={"X-Nick": "me"})

        with pytest.raises(SignatureError, match="does not belong to this call") as caught:
            verify(top, made, **change(made))

        assert caught.value.reason == "mismatch"

    def test_bytes_outside_the_named_charset_are_refused(self, top, call):
        made = call(body=b"x", content_type="text/plain; charset=gb2312")

        with pytest.raises(SignatureError):
            verify(top, made, url=made.url + "&x=%ff%ff")

    @pytest.mark.parametrize("name", ["method", "x", "sign", "timestamp"])
    def test_a_header_named_like_a_parameter_is_not_passed_on(self, top, call, name):
        made = call({"x": "1"})
        headers = made.headers | {"top-sign-list": name, name: "evil"}

        try:
            found = verify(top, made, headers=headers)
        except SignatureError:
            return
        assert "evil" not in {*found.headers.values(), *found.parameters.values()}

    @pytest.mark.parametrize("headers", [None, [("a", "b", "c")], "text"])
    def test_headers_of_another_form_are_refused(self, top, call, headers):
        with pytest.raises(TypeError, match="headers: a mapping"):
            verify(top, call(), headers=headers)

    def test_a_call_for_another_app_is_refused(self, top, call):
        with pytest.raises(SignatureError, match="another app_secret"):
            verify(top, call(secret="other"))

    @pytest.mark.parametrize(
        "url", ["https://shop.example/spi", "https://shop.example/spi?method=a.b&sign=", "", "/spi?sign"]
    )
    def test_a_call_without_a_signature_is_refused(self, top, url):
        with pytest.raises(SignatureError) as caught:
            top.spi.verify({}, url)

        assert caught.value.reason == "missing"

    @pytest.mark.parametrize("at", ["2026-01-01 11:49:59", "2026-01-01 12:10:01", "yesterday", "", None])
    def test_old_and_future_calls_and_calls_without_a_time_are_refused(self, top, call, at):
        with pytest.raises(SignatureError) as caught:
            verify(top, call(at=at))

        assert caught.value.reason == "stale"

    def test_the_tolerance_of_a_calls_time_can_be_set(self, top, call):
        made = call(at="2026-01-01 11:00:00")

        assert top.spi.verify(made.headers, made.url, tolerance=3600)

    def test_a_body_as_text_is_refused(self, top, call):
        with pytest.raises(TypeError, match="bytes as they were sent"):
            verify(top, call(), body="x")

    def test_verification_needs_the_app_secret(self, make_top):
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
def test_any_other_call_is_a_SignatureError(headers, query, body):
    with pytest.raises(SignatureError):
        SPI_OF_TESTS.verify(headers, f"/?{query}&sign=0", body)
