"""What the gateway refuses, in which words, and what it answers otherwise; over real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import xml.etree.ElementTree as ET

import pytest

TIME = "taobao.time.get"


def test_a_verified_call(call, sandbox):
    answer = call(TIME)
    assert answer["root"] == "time_get_response"
    assert len(answer["time"]) == len("2026-01-01 00:00:00")
    (entry,) = sandbox.journal
    assert entry.verified
    assert (entry.kind, entry.verb, entry.path, entry.method) == ("call", "POST", "/router/rest", TIME)
    assert entry.code is None
    assert entry.status == 200
    assert json.loads(entry.answer)["time_get_response"]["time"] == answer["time"]


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_every_sign_method(call, sign_method):
    assert call(TIME, sign_method=sign_method, extra="中文 &=+%")["time"]


def test_parameters_in_query_and_form(call, sandbox):
    assert call.raw(TIME, verb="GET").json()["time_get_response"]
    assert call.raw(TIME, query=True).json()["time_get_response"]
    given = call.parameters("taobao.item.seller.get", fields="title", num_iid="1")
    given["sign"] = call.sign(given)
    form = {name: given.pop(name) for name in ("fields", "num_iid")}
    assert "error_response" not in call.http.post(sandbox.gateway, params=given, data=form).json()


def test_https_with_the_throw_away_authority(call, sandbox):
    call.http.verify = str(sandbox.ca)
    assert call(TIME, url=sandbox.https_gateway)["time"]
    assert call.raw(TIME, url=sandbox.https_gateway.replace("127.0.0.1", "localhost")).ok


REFUSED = {
    "verb": (9, {"method": TIME, "verb": "PUT"}),
    "no method": (21, {"method": None}),
    "unknown method": (22, {"method": "no.such.method"}),
    "format": (23, {"method": TIME, "format": "json5"}),
    "no sign": (24, {"method": TIME, "after": {"sign": ""}}),
    "wrong secret": (25, {"method": TIME, "secret": "x"}),
    "changed afterwards": (25, {"method": TIME, "after": {"v": "2.0", "session": "x"}}),
    "sign_method": (25, {"method": TIME, "sign_method": "sha1"}),
    "no sign_method": (40, {"method": TIME, "after": {"sign_method": ""}}),
    "no session": (26, {"method": "taobao.trades.sold.get", "fields": "tid"}),
    "wrong session": (27, {"method": TIME, "session": "6123456789"}),
    "no app_key": (28, {"method": TIME, "app_key": None}),
    "unknown app_key": (29, {"method": TIME, "app_key": "1"}),
    "no timestamp": (30, {"method": TIME, "timestamp": None}),
    "timestamp": (31, {"method": TIME, "timestamp": "2026-1-1T00:00"}),
    "no version": (32, {"method": TIME, "v": None}),
    "version": (33, {"method": TIME, "v": "two"}),
    "old version": (34, {"method": TIME, "v": "1.0"}),
    "missing": (40, {"method": "taobao.item.seller.get", "fields": "title"}),
    "wrong type": (41, {"method": "taobao.item.seller.get", "fields": "title", "num_iid": "one"}),
    "twice": (43, {"method": TIME, "url": "?v=2.0"}),
    "latin-1": (47, {"method": TIME, "url": "?x=%E9"}),
    "charset": (47, {"method": TIME, "headers": {"Content-Type": "application/x-www-form-urlencoded;charset=GBK"}}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refusals(call, sandbox, why):
    code, options = REFUSED[why]
    url = sandbox.gateway + options.get("url", "")
    answer = call.raw(**options | {"url": url})
    if options.get("format") == "json5" or code in {43, 47}:  # the format is not known: XML
        root = ET.fromstring(answer.content)
        assert root.tag == "error_response"
        assert root.findtext("code") == str(code)
        assert root.findtext("sub_msg")
        return
    error = answer.json()["error_response"]
    assert error["code"] == code
    assert error["msg"]
    assert error["sub_code"]
    assert error["sub_msg"]
    assert error["request_id"]


def test_what_is_unreadable_is_refused_in_the_format_asked_for(call, sandbox):
    answer = call.http.get(sandbox.gateway + "?format=json&v=1&v=2").json()["error_response"]
    assert (answer["code"], answer["msg"]) == (43, "Parameter error:v")
    raw = call.http.post(sandbox.gateway + "?format=json", data="a=\xe9".encode("latin-1")).json()
    assert raw["error_response"]["code"] == 47
    many = "&".join(f"p{i}=1" for i in range(10_001))
    raw = call.http.post(sandbox.gateway + "?format=json", data=many).json()
    assert raw["error_response"]["code"] == 43


def test_a_wrong_signature_is_explained_in_answer_and_journal(call, sandbox):
    given = call.parameters(TIME)
    error = call.refused(TIME, sign=call.sign(given).lower(), timestamp=given["timestamp"])
    assert "upper-case" in error["sub_msg"]
    entry = sandbox.journal[-1]
    assert not entry.verified
    assert entry.code == 25
    assert "upper-case" in entry.mistake
    assert entry.signed.startswith(f"app_key{sandbox.account.app_key}formatjsonmethod{TIME}")
    call.refused(TIME, secret="x", sign_method="md5")
    assert sandbox.journal[-1].signed.startswith("********app_key")
    assert sandbox.account.app_secret not in sandbox.journal[-1].signed


def test_timestamps(call, sandbox):
    now = sandbox.application.clock()
    assert call(TIME, at=now - 590)["time"]
    assert call(TIME, at=now + 590)["time"]
    assert call(TIME, timestamp=str(int(now * 1000)))["time"]
    behind = call.refused(TIME, at=now - 700)
    assert behind["code"] == 31
    assert "behind" in behind["sub_msg"]
    assert "zone" not in behind["sub_msg"]
    assert "another time zone" in call.refused(TIME, at=now + 7 * 3600)["sub_msg"]
    sandbox.advance(3600)
    answer = call.raw(TIME, at=now)
    assert answer.json()["error_response"]["code"] == 31
    assert answer.headers["Date"]


def test_a_repeated_request(call, stopped):
    given = call.parameters(TIME)
    given["sign"] = call.sign(given)

    def again():
        return call.http.post(stopped.gateway, data=given).json()

    assert "error_response" not in again()
    assert "error_response" not in again()  # two honest calls of one second are the same request
    stopped.advance(3)
    assert again()["error_response"]["sub_code"] == "sandbox.repeated-request"
    stopped.advance(-3)
    stopped.application.refuse_repeats = True
    assert again()["error_response"]["code"] == 31


def test_remembered_requests_are_bounded(sandbox):
    for number in range(10_010):
        sandbox.application.once(str(number), 1.0)
    assert len(sandbox.application._seen) == 10_000


def test_xml_is_the_default_and_has_the_same_shape(call):
    fields = {"fields": "num_iid,skus", "num_iid": "7"}
    as_json = call.raw("taobao.item.seller.get", **fields).json()["item_seller_get_response"]["item"]
    answer = call.raw("taobao.item.seller.get", format=None, **fields)
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "item_seller_get_response"
    assert root.findtext("item/num_iid") == "7"
    assert [sku.findtext("sku_id") for sku in root.findall("item/skus/sku")] == [
        str(sku["sku_id"]) for sku in as_json["skus"]["sku"]
    ]
    assert root.findtext("request_id")
    error = ET.fromstring(call.raw("no.such", format="xml").content)
    assert (error.tag, error.findtext("code")) == ("error_response", "22")


def test_simplify(call, taobao_sandbox_server):
    fields = {"fields": "num_iid,skus", "num_iid": "7", "simplify": "true"}
    answer = call.raw("taobao.item.seller.get", **fields).json()
    assert isinstance(answer["item"]["skus"], list)
    assert answer["request_id"]
    assert "error_response" in call.raw("no.such", simplify="true").json()
    taobao_sandbox_server.service.gateway.simplified_root = True
    try:
        rooted = call.raw("taobao.item.seller.get", **fields).json()
        assert isinstance(rooted["item_seller_get_response"]["item"]["skus"], list)
    finally:
        taobao_sandbox_server.service.gateway.simplified_root = False


def test_gzip_when_asked(call, sandbox):
    options = {"fields": "num_iid,skus,desc,title,props_name,item_imgs", "num_iid": "8"}
    zipped = call.raw("taobao.item.seller.get", **options)
    assert zipped.headers["Content-Encoding"] == "gzip"
    plain = call.raw("taobao.item.seller.get", headers={"Accept-Encoding": "identity"}, **options)
    assert "Content-Encoding" not in plain.headers
    host, port = sandbox.origin.removeprefix("http://").split(":")
    given = call.parameters("taobao.item.seller.get", **options)
    given["sign"] = call.sign(given)
    request = call.http.prepare_request(__import__("requests").Request("POST", sandbox.gateway, data=given))
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("POST", "/router/rest", request.body, {**request.headers, "Accept-Encoding": "gzip"})
    assert b"item_seller_get_response" in gzip.decompress(connection.getresponse().read())
    connection.close()


def test_generic_answers_are_stable_apart_from_the_request_id(call):
    one, two = (call("taobao.item.seller.get", fields="title,price", num_iid="9") for _ in range(2))
    assert one.pop("request_id") != two.pop("request_id")
    assert one == two
    assert call("taobao.item.seller.get", fields="title,price", num_iid="10")["item"] != one["item"]


def test_unknown_parameters_are_noted_not_refused(call, sandbox):
    assert call(TIME, num_idd="1")["time"]
    assert sandbox.journal[-1].notes == (
        f"the catalogue lists no parameter num_idd of {TIME}: the platform ignores it",
    )


def test_lenient_answers_what_the_catalogue_lacks(call, taobao_sandbox_server):
    gateway = taobao_sandbox_server.service.gateway
    gateway.strict = False
    try:
        assert call("taobao.new.thing.get", x="1")["root"] == "new_thing_get_response"
        assert "item" in call("taobao.item.seller.get", num_iid="one")
    finally:
        gateway.strict = True


def test_apis_can_be_made_to_need_a_session(call, sandbox):
    sandbox.application.need_session.add(TIME)
    assert call.refused(TIME)["code"] == 26
    assert call.seller(TIME)["time"]
    assert call.refused("taobao.tbk.sc.general.link.parse")["code"] == 26  # the catalogue says so


def test_an_unknown_app_key_is_written_into_the_latest_journal(call, sandbox):
    call.refused(TIME, app_key="77")
    assert sandbox.journal[-1].code == 29


def test_other_addresses(call, sandbox):
    answer = call.http.get(sandbox.origin + "/nowhere")
    assert answer.status_code == 404
    assert "/router/rest" in answer.text


def test_too_much(call, sandbox, taobao_sandbox_server):
    gateway = taobao_sandbox_server.service.gateway
    gateway.max_body, usual = 1000, gateway.max_body
    try:
        answer = call.http.post(sandbox.gateway, data=b"x" * 3000)
        assert (answer.status_code, answer.text) == (413, "the body is larger than 1000 bytes")
    finally:
        gateway.max_body = usual


def test_a_caller_that_goes_away(call, sandbox):
    host, port = sandbox.origin.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.putrequest("POST", "/router/rest")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"half")
    connection.close()
    assert call(TIME)["time"]


def test_made_up_answers_say_so(call, sandbox):
    def mark(*args, **members):
        answer = call.raw(*args, **members)
        entry = sandbox.journal[-1]
        return answer.headers.get("sandbox-answer"), entry.generated

    assert mark("taobao.item.seller.get", fields="title", num_iid="9") == ("generated", True)
    assert mark(TIME) == (None, False)
    assert mark("taobao.item.seller.get", fields="title") == (None, False)
    sandbox.fault("error", method="taobao.item.*", executed=True)
    assert mark("taobao.item.seller.get", fields="title", num_iid="9") == (None, False)
