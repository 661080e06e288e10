"""How a call is made of its parameters and options, and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
from datetime import datetime
from decimal import Decimal
from email.parser import BytesParser
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.datastructures import Headers, UploadFile
from werkzeug.datastructures import FileStorage

from chainable.errors import CodecError, ConfigurationError
from chainable.spelling import one_edit
from chainable.times import BEIJING
from taobao_top.options import OPTIONS

OK = {"x_response": {}}


def sign(parameters, body=b"", secret="s3cret-app"):
    message = "".join(name + parameters[name] for name in sorted(parameters)).encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().upper()


class TestForm:
    def test_all_parameters_are_in_the_signed_form_and_none_in_the_query(self, top, gateway):
        gateway.answers(OK)

        top.taobao.item.seller.get(
            fields=["num_iid", "title"], num_iid=123, session="sess10n", nick="中 文", unknown=True
        )

        form = gateway.form
        assert form.pop("sign") == sign(form)
        assert form == {
            "method": "taobao.item.seller.get",
            "app_key": "12345678",
            "v": "2.0",
            "format": "json",
            "session": "sess10n",
            "timestamp": "2026-01-01 12:00:00",
            "sign_method": "hmac-sha256",
            "fields": "num_iid,title",
            "num_iid": "123",
            "nick": "中 文",
        }
        (request,) = gateway.requests
        assert request.method == "POST"
        assert "?" not in request.url
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
        assert request.headers["Accept-Encoding"] == "gzip"

    def test_an_object_is_sent_as_one_JSON_parameter(self, top, gateway):
        gateway.answers({"alibaba_finance_insurance_createorder_response": {"is_success": True, "request_id": "r"}})

        response = top.alibaba.finance.insurance.createorder.post(
            create_order_request={
                "identifier": "实例值",
                "effective_time": datetime(2026, 1, 1, 10, tzinfo=BEIJING),
                "policy_list": [{"is_renew_policy": False, "fee_amount": "10.00"}],
                "attributes": '{"spm":"xxx"}',
                "plan": None,
            }
        )

        assert gateway.form["create_order_request"] == (
            '{"identifier":"实例值","effective_time":"2026-01-01 10:00:00",'
            '"policy_list":[{"is_renew_policy":false,"fee_amount":"10.00"}],"attributes":"{\\"spm\\":\\"xxx\\"}"}'
        )
        assert response.data == {"is_success": True, "request_id": "r"}
        assert response.request_id == "r"

    def test_mapping_and_keywords_are_merged_and_not_changed(self, top, gateway):
        gateway.answers(OK)
        given = {"from": 1, "dimission.employee": {"a": None}, "b": ""}

        top["taobao.tvpay.auth.apply"].post(given, other=True, unknown=True)

        form = gateway.form
        assert (form["from"], form["dimission.employee"], form["other"]) == ("1", "{}", "true")
        assert "b" not in form
        assert given == {"from": 1, "dimission.employee": {"a": None}, "b": ""}

    def test_a_business_parameter_named_like_an_option_goes_into_the_mapping(self, top, gateway):
        gateway.answers(OK)

        top.taobao.cloudpush.push({"timeout": 5}, target="x")

        assert gateway.form["timeout"] == "5"

    @pytest.mark.parametrize(
        ("options", "name", "value"),
        [
            ({"target_app_key": 87654321}, "target_app_key", "87654321"),
            ({"simplify": True}, "simplify", "true"),
            ({"format": "xml"}, "format", "xml"),
        ],
    )
    def test_platform_options_are_sent_as_public_parameters(self, top, gateway, options, name, value):
        gateway.answers(OK)

        top.a.b(**options)

        assert gateway.form[name] == value

    def test_simplify_is_not_sent_with_XML(self, make_top, gateway):
        gateway.answers("<x_response><ids list='true'><number>1</number></ids></x_response>")

        response = make_top(simplify=True, format="xml").a.b()

        assert "simplify" not in gateway.form
        assert response.data == {"ids": ["1"]}

    def test_an_empty_session_omits_the_clients(self, make_top, gateway):
        gateway.answers(OK)

        make_top(session="sess10n").a.b(session="")

        assert "session" not in gateway.form

    def test_headers_are_sent_and_the_content_type_of_a_form_stays(self, top, gateway):
        gateway.answers(OK)

        top.a.b(headers={"X-Trace": "1", "content-type": "text/plain", "user-agent": "mine"})

        (request,) = gateway.requests
        assert request.headers["X-Trace"] == "1"
        assert request.headers["User-Agent"] == "mine"
        assert request.headers["Content-Type"].startswith("application/x-www-form-urlencoded")


class TestQimen:
    """Custom methods of qimen: formats and versions of their own (QimenCloudClient and setTopApiVersion in Java)."""

    @pytest.mark.parametrize("way", ["mapping", "keyword"])
    def test_a_version_in_place_of_2_0_is_sent_and_signed(self, top, gateway, way):
        gateway.answers({"response": {"flag": "success"}})
        if way == "mapping":
            top["jushuitan.order.list.query"]({"page_index": 1, "v": "3.0"}, target_app_key="23060081")
        else:
            top["jushuitan.order.list.query"](page_index=1, v="3.0", target_app_key="23060081")

        form = gateway.form
        signature = form.pop("sign")
        assert (form["v"], form["page_index"]) == ("3.0", "1")
        assert signature == sign(form)

    @pytest.mark.parametrize("parameters", [{"x": 1}, {"x": 1, "v": ""}, {"x": 1, "v": None}])
    def test_without_one_it_is_2_0(self, top, gateway, parameters):
        gateway.answers({"b_response": {}})
        top.a.b(parameters)

        assert gateway.form["v"] == "2.0"

    def test_uploads_and_raw_bodies_send_it_in_the_query_once(self, top, gateway):
        gateway.answers({"b_response": {}}, {"b_response": {}})
        top.a.b({"image": io.BytesIO(b"GIF89a"), "v": "1.0"})
        top.a.b(b"{}")

        upload, raw = gateway.requests
        assert parse_qs(urlsplit(upload.url).query)["v"] == ["1.0"]
        assert b'name="v"' not in upload.body
        assert parse_qs(urlsplit(raw.url).query)["v"] == ["2.0"]

    @pytest.mark.parametrize(
        ("form", "body"),
        [
            ("json2", '{"response":{"flag":"success","code":"0"}}'),
            ("xml2", "<?xml version='1.0'?><response><flag>success</flag><code>0</code></response>"),
        ],
    )
    @pytest.mark.parametrize("of", ["call", "client"])
    def test_formats_of_qimen(self, make_top, gateway, form, body, of):
        gateway.answers(body)
        if of == "call":
            response = make_top()["a.order.query"](page=1, format=form)
        else:
            response = make_top(format=form)["a.order.query"](page=1)

        assert gateway.form["format"] == form
        assert response.data == {"flag": "success", "code": "0"}

    @pytest.mark.parametrize(("form", "simplified"), [("json", True), ("json2", True), ("xml", False), ("xml2", False)])
    def test_only_JSON_is_simplified(self, top, gateway, form, simplified):
        gateway.answers({"b_response": {}} if simplified else "<b_response/>")
        top.a.b(format=form, simplify=True)

        assert ("simplify" in gateway.form) is simplified


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda top: top.a.b({"x": 1}, x=2), TypeError, "'x' is given twice"),
            (lambda top: top.a.b({"x": 1}, {"y": 1}), TypeError, "2 positional arguments were given"),
            (lambda top: top.a.b("x=1"), TypeError, "a mapping of parameters was expected, or bytes .* not str"),
            (lambda top: top.a.b({1: 2}), TypeError, "name of a parameter is text, not 1"),
            (lambda top: top.a.b(method="c.d"), TypeError, "'method' is filled in by the client"),
            (lambda top: top.a.b({"sign": "x"}), TypeError, "'sign' is filled in"),
            (lambda top: top.a.b({"session": "x"}), TypeError, r"'session' is an option: pass it by name, .*session="),
            (lambda top: top.a.b(sesion="x"), TypeError, "'sesion' is one letter away from the option 'session'"),
            (lambda top: top.a.b(timeouts=3), TypeError, "'timeouts' is one letter away from the option 'timeout'"),
            (
                lambda top: top.taobao.cloudpush.push(timeout=3),
                TypeError,
                "'timeout' is an option of every call, and a par",
            ),
            (lambda top: top.a.b(price=0.5), TypeError, "price: a float"),
            (lambda top: top.a.b(x=object()), TypeError, "x: a object cannot be written"),
            (lambda top: top.a.b(ids=["a,b"]), CodecError, r"ids\[0\] contains a comma"),
            (lambda top: top.a.b(format="yaml"), ConfigurationError, "format: 'json' or 'xml'"),
            (lambda top: top.a.b(session=5), TypeError, "session: text or a callable"),
            (lambda top: top.a.b(target_app_key=b"x"), TypeError, "target_app_key: text"),
            (lambda top: top.a.b(timeout=-1), ConfigurationError, "timeout"),
            (lambda top: top.a.b(retries=-1), ConfigurationError, "retries"),
            (lambda top: top.a.b(headers="x"), ConfigurationError, "headers"),
            (lambda top: top.a.b(headers={"X": "a\r\nb"}), ConfigurationError, "one line"),
            (lambda top: top.a.b(decode=5), TypeError, "decode: names of members"),
            (lambda top: top.a.b(decode=(1,)), TypeError, "decode: names of members"),
            (
                lambda top: top.a.b(repeatable="no"),
                ConfigurationError,
                "repeatable: True or False was expected, not str",
            ),
            (lambda top: top.a.b(simplify="false"), ConfigurationError, "simplify: True or False"),
            (lambda top: top.a.b(stream=1), ConfigurationError, "stream: True or False"),
            (lambda top: top.a.b(b"<x/>", file=b"x"), TypeError, "a raw body and files cannot go together"),
        ],
    )
    def test_a_mistake_is_named_and_nothing_is_sent(self, top, gateway, call, error, message):
        with pytest.raises(error, match=message):
            call(top)

        assert not gateway.requests

    def test_a_mistake_in_post_async_is_raised_at_once(self, top, gateway):
        with pytest.raises(TypeError, match="one letter away"):
            top.a.b.post_async(sesion="x")

    def test_a_parameter_of_the_catalogue_is_not_taken_for_a_misspelt_option(self, top, gateway):
        gateway.answers(OK)
        from taobao_top import catalogue

        name = next(name for name in catalogue.methods() if "Timeout" in catalogue.method(name).types)
        top[name](Timeout="5")

        assert gateway.form["Timeout"] == "5"

    @pytest.mark.parametrize(
        ("word", "near"),
        [
            ("session", None), ("sesion", "session"), ("sessions", "session"), ("sessoin", "session"), ("zession", "session"),
            ("xsession", "session"), ("sessio", "session"), ("ssesion", "session"), ("sseions", None), ("form", None), ("formats", "format"),
            ("decoed", "decode"), ("decdeo", None), ("retires", "retries"), ("stream_", "stream"), ("s", None), ("", None),
        ],
    )  # fmt: skip
    def test_one_edit_is_a_letter_added_removed_changed_or_swapped(self, word, near):
        assert [option for option in OPTIONS if option != word and one_edit(word, option)] == ([near] if near else [])


class TestFiles:
    def parts(self, request):
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        return {
            part.get_param("name", header="Content-Disposition"): part
            for part in BytesParser().parsebytes(head + request.body).get_payload()
        }

    def test_files_are_unsigned_parts_and_public_parameters_are_in_the_query(self, top, gateway, tmp_path):
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n--")
        gateway.answers(OK)

        top.alibaba.ai.ar.service.detect(img_data=tmp_path / "a.png", version="中", num=2, session="sess10n")

        (request,) = gateway.requests
        parts = self.parts(request)
        assert parts["img_data"].get_payload(decode=True) == b"\x89PNG\r\n--"
        assert parts["img_data"].get_filename() == "a.png"
        assert parts["img_data"].get_content_type() == "image/png"
        assert parts["version"].get_payload(decode=True) == "中".encode()
        query = gateway.query
        signature = query.pop("sign")
        assert "version" not in query
        assert signature == sign(query | {"version": "中", "num": "2"})

    @pytest.mark.parametrize("content", [b"abc", io.BytesIO(b"abc"), ("b.jpg", b"abc")])
    def test_bytes_and_streams_are_files_of_unknown_methods(self, top, gateway, content):
        gateway.answers(OK)

        top.un.known(image=content)

        assert self.parts(gateway.requests[0])["image"].get_payload(decode=True) == b"abc"

    def test_a_method_with_files_sends_a_form_without_them(self, top, gateway):
        gateway.answers(OK)

        top.alibaba.ai.ar.service.detect(num=1)

        assert gateway.form["num"] == "1"

    @pytest.mark.parametrize("way", ["at once", "promise", "await"])
    @pytest.mark.parametrize("framework", ["Flask", "FastAPI"])
    def test_the_uploads_of_frameworks_have_name_and_type(self, top, gateway, way, framework):
        """And one that was read before is refused, whichever way."""
        gateway.answers(OK)
        if framework == "Flask":
            file = FileStorage(io.BytesIO(b"\xff\xd8"), filename="a.jpg", name="field", content_type="image/x-shop")
        else:
            file = UploadFile(
                io.BytesIO(b"\xff\xd8"), filename="a.jpg", headers=Headers({"content-type": "image/x-shop"})
            )
        node = top.alibaba.ai.ar.service.detect

        async def awaited():
            return await node.post_async(img_data=file)

        def send():
            if way == "await":
                return asyncio.run(awaited())
            return node.post_async(img_data=file).wait() if way == "promise" else node(img_data=file)

        send()

        part = self.parts(gateway.requests[0])["img_data"]
        assert (part.get_filename(), part.get_content_type()) == ("a.jpg", "image/x-shop")
        assert part.get_payload(decode=True) == b"\xff\xd8"
        (file.file if framework == "FastAPI" else file).read()
        with pytest.raises(CodecError, match="img_data has no bytes: it is at its end"):
            send()
        assert len(gateway.requests) == 1

    def test_a_path_as_text_is_a_file(self, top, gateway, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "a.png").write_bytes(b"\x89PNG")
        gateway.answers(OK)

        top.alibaba.ai.ar.service.detect(img_data="a.png")

        part = self.parts(gateway.requests[0])["img_data"]
        assert (part.get_filename(), part.get_content_type()) == ("a.png", "image/png")
        assert part.get_payload(decode=True) == b"\x89PNG"

    def test_neither_the_responses_url_nor_its_pickle_has_the_session(self, top, gateway):
        import pickle

        gateway.answers(OK)

        response = top.a.b(file=b"x", session="sess10n")

        assert response.url == "https://gw.api.taobao.com/router/rest"
        assert b"sess10n" not in pickle.dumps(response)
        assert pickle.loads(pickle.dumps(response)).request.url == response.url


class TestRawBody:
    @pytest.mark.parametrize(
        ("body", "headers", "content_type"),
        [
            ('{"a":"中"}'.encode(), {}, "application/json; charset=utf-8"),
            (b" <request/>", {}, "text/xml; charset=utf-8"),
            (b"<request/>", {"Content-Type": "application/xml"}, "application/xml"),
            (b"", {"X-A": "1"}, "application/json; charset=utf-8"),
        ],
    )
    def test_a_raw_body_is_sent_unchanged_and_signed_after_the_parameters(
        self, top, gateway, body, headers, content_type
    ):
        gateway.answers({"response": {"flag": "success"}})

        response = top.taobao.qimen.entryorder.create(body, customerId="c1", headers=headers)

        (request,) = gateway.requests
        query = gateway.query
        assert (request.body or b"") == body
        assert request.headers["Content-Type"] == content_type
        assert query.pop("sign") == sign(query, body)
        assert query["customerId"] == "c1"
        assert response.data == {"flag": "success"}


class TestAnswers:
    def test_large_integers_of_a_response_are_exact(self, top, gateway):
        gateway.answers('{"trade_get_response":{"trade":{"tid":123456789012345678901,"fee":0.10}}}', OK)

        trade = top.taobao.trade.get(tid=1).data["trade"]
        top.taobao.trade.get(tid=trade["tid"], fee=trade["fee"], unknown=True)

        assert trade["fee"] == Decimal("0.10")
        assert (gateway.forms[1]["tid"], gateway.forms[1]["fee"]) == ("123456789012345678901", "0.10")

    def test_an_XML_response_of_a_known_method_equals_the_JSON_one(self, top, gateway):
        gateway.answers(
            "<trades_sold_get_response><trades><trade><tid>12345678901234567</tid></trade></trades>"
            "<has_next>true</has_next><request_id>r</request_id></trades_sold_get_response>"
        )

        response = top.taobao.trades.sold.get(fields="tid", format="xml")

        assert response.data["trades"] == {"trade": [{"tid": 12345678901234567}]}
        assert response.request_id == "r"

    @pytest.mark.parametrize("decode", [("token_result",), "token_result", True, ["token_result", "none"]])
    def test_decode_opens_JSON_text_in_the_response(self, top, gateway, decode):
        gateway.answers({"top_auth_token_create_response": {"token_result": '{"expires_in":1}'}})

        response = top.taobao.top.auth.token.create(code="x", decode=decode)

        assert response.data["token_result"] == {"expires_in": 1}

    @pytest.mark.parametrize("decode", [None, False, ()])
    def test_JSON_text_stays_text_without_decode(self, top, gateway, decode):
        gateway.answers({"top_auth_token_create_response": {"token_result": "{}"}})

        assert top.taobao.top.auth.token.create(code="x", decode=decode).data["token_result"] == "{}"

    def test_decode_names_the_method_and_the_member_that_is_not_JSON(self, top, gateway):
        gateway.answers({"a_b_response": {"c": "{"}})

        with pytest.raises(CodecError, match=r"^a\.b: the text of 'c' is not JSON"):
            top.a.b(decode="c")

    def test_decode_True_does_nothing_for_unknown_methods(self, top, gateway):
        gateway.answers({"b_response": {"c": "{}"}})

        assert top.a.b(decode=True).data == {"c": "{}"}

    def test_a_streamed_response_is_not_read(self, top, gateway):
        gateway.answers(OK)

        response = top.a.b(stream=True)

        assert response.data is None
        assert b"".join(response.iter_content(4)) == b'{"a_b_response": {}}'

    @pytest.mark.parametrize("body", ["<!DOCTYPE html><html/>", "", '{"a":', "[1]"])
    def test_an_unreadable_response_is_named_with_its_method(self, top, gateway, body):
        gateway.answers(body)

        with pytest.raises(CodecError, match=r"^a\.b: the "):
            top.a.b()
