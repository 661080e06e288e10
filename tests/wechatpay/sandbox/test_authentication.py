"""The gate of APIv3: what passes, what does not, and what it says."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from wechatpay.sandbox.authentication import Nonces
from wechatpay.sandbox.http import Refusal, Reply, Request
from wechatpay.sandbox.signature_diagnosis import five_lines

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

ORDER = "/v3/hire-power-bank/insurance-orders"


def test_the_message_is_the_one_of_the_documents(sandbox: Sandbox) -> None:
    body = '{"a":"实例值"}'.encode()
    request = Request("POST", "/v3/x?y=%E4%BD%A0&z=1", (), body)
    stamp = ("1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242")
    assert five_lines(request.method, request.target, stamp, body) == (
        b"POST\n/v3/x?y=%E4%BD%A0&z=1\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n" + body + b"\n"
    )


def test_a_signed_request_passes_and_is_in_the_journal(sandbox: Sandbox, merchant: Any) -> None:
    answer = merchant.get("/v3/certificates?algorithm_type=RSA")
    assert answer.status == 200
    assert answer.signed()
    entry = sandbox.journal[-1]
    assert entry.verified
    assert entry.operation == "GET v3/certificates"
    assert entry.title == "获取平台证书列表"
    assert entry.expected_message.startswith(b"GET\n/v3/certificates?algorithm_type=RSA\n")
    assert entry.answer_message.endswith(answer.body + b"\n")
    assert entry.authorization["mchid"] == sandbox.account.mchid
    assert sandbox.journal.calls("GET v3/certificates") == [entry]
    assert json.loads(json.dumps(entry.as_json()))["operation"] == "GET v3/certificates"


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"scheme": "Bearer"}, "authorization", "the scheme is 'Bearer'"),
        ({"scheme": "WECHATPAY2-SM2-WITH-SM3"}, "authorization", "WECHATPAY2-SHA256-RSA2048 was expected"),
        ({"mchid": "-"}, "mchid", "mchid is missing"),
        ({"nonce_str": ""}, "nonce_str", "nonce_str is missing"),
        ({"timestamp": "-"}, "timestamp", "timestamp is missing"),
        ({"serial_no": "-"}, "serial_no", "serial_no is missing"),
        ({"signature": "-"}, "signature", "signature is missing"),
        ({"realm": "x"}, "realm", "does not belong"),
        ({"mchid": "1"}, "mchid", "mchid 1 is not known here"),
        ({"timestamp": "now"}, "timestamp", "not a number"),
        ({"timestamp": "²"}, "timestamp", "not a number"),
        ({"timestamp": "9" * 5000}, "timestamp", "not a number"),
        ({"timestamp": "1554208460"}, "timestamp", "behind the server's clock"),
        ({"timestamp": "9999999999"}, "timestamp", "ahead of"),
        ({"timestamp": "1795232329000"}, "timestamp", "milliseconds?"),
        ({"serial_no": "ABC"}, "serial_no", "no merchant certificate ABC"),
        ({"signature": "***"}, "signature", "not base64"),
        ({"signature": "YWJj"}, "signature", "has 3 bytes, 256 were expected"),
        ({"signature": base64.b64encode(b"x" * 256).decode()}, "signature", "line by line"),
    ],
)
def test_a_wrong_authorization_is_refused_and_explained(
    merchant: Any, changes: dict[str, str], name: str, words: str
) -> None:
    answer = merchant.get("/v3/certificates", **changes)
    assert (answer.status, answer.data["code"]) == (401, "SIGN_ERROR")
    detail = answer.data["detail"]
    assert detail["field"] == name
    assert detail["location"] == "authorization"
    assert words in answer.note
    assert detail["issue"] == answer.note.zh
    assert any(character > "\u3000" for character in detail["issue"])
    assert detail.get("detail") == ({"issue": "sign not match"} if name == "signature" else None)
    assert not [name for name in answer.headers if name.startswith("Wechatpay-")]


@pytest.mark.parametrize(
    ("target", "changes", "message"),
    [
        (
            "/v3/certificates",
            {"scheme": "Bearer"},
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
        ),
        ("/v3/pay/transactions/id/1?mchid=1", {"scheme": "Bearer"}, "签名信息错误，验签失败"),
        (
            "/v3/certificates",
            {"timestamp": "1554208460"},
            "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
        ),
        ("/v3/certificates", {"serial_no": "ABC"}, "商户证书序列号有误。请使用签名私钥匹配的证书序列号"),
        ("/v3/certificates", {"mchid": "1900000000"}, "签名错误"),
        ("/v3/certificates", {"signature": "YWJj"}, "错误的签名，验签失败"),
    ],
)
def test_the_messages_are_the_platforms(merchant: Any, target: str, changes: dict[str, str], message: str) -> None:
    answer = merchant.get(target, **changes)
    assert (answer.status, answer.data["message"]) == (401, message)


def test_the_serial_is_named_in_the_expected_form(merchant: Any) -> None:
    serial = merchant.account.serial
    assert "capitals" in merchant.get("/v3/certificates", serial_no=serial.lower()).note
    assert "key of the platform" in merchant.get("/v3/certificates", serial_no=merchant.account.public_key_id).note


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "missing"),
        ('WECHATPAY2-SHA256-RSA2048 mchid="1",mchid="1"', "stands twice"),
        ("WECHATPAY2-SHA256-RSA2048 mchid=1", "from character 26 on"),
    ],
)
def test_an_unreadable_authorization_is_refused(merchant: Any, value: str | None, words: str) -> None:
    answer = merchant.get("/v3/certificates", headers={"authorization": value})
    assert answer.status == 401
    assert words in answer.note
    assert "sign_information" not in answer.data["detail"]


def test_a_nonce_is_good_once(merchant: Any) -> None:
    assert merchant.get("/v3/certificates", nonce_str="once").status == 200
    answer = merchant.get("/v3/certificates", nonce_str="once")
    assert answer.status == 401
    assert "used before" in answer.note


def test_only_the_last_nonces_are_kept() -> None:
    nonces = Nonces(2)
    assert [nonces.first(nonce) for nonce in "abacda"] == [True, True, False, True, True, True]
    assert len(nonces) == 3


def signed_otherwise(merchant: Any, message: str, *, algorithm: Any = None) -> str:
    signature = merchant.key.sign(message.encode(), padding.PKCS1v15(), algorithm or hashes.SHA256())
    return base64.b64encode(signature).decode()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("POST\n{path}?a=1\n{time}\n{nonce}\n{body}", "the last line feed is missing"),
        ("POST\n{path}\n{time}\n{nonce}\n{body}\n", "the query is missing"),
        ("POST\n{path}?a=1\n{time}\n{nonce}\n\n", "an empty body"),
        ("post\n{path}?a=1\n{time}\n{nonce}\n{body}\n", "lower case"),
        ("POST\nhttps://127.0.0.1:1{path}?a=1\n{time}\n{nonce}\n{body}\n", "whole URL"),
        ("POST\nv3{path_}?a=1\n{time}\n{nonce}\n{body}\n", "slash at the start"),
        ("POST\n{path}?a=1\n{nonce}\n{time}\n{body}\n", "wrong order"),
        ("POST\r\n{path}?a=1\r\n{time}\r\n{nonce}\r\n{body}\r\n", "CR LF"),
        ('POST\n{path}?a=1\n{time}\n{nonce}\n{{"b": 1, "a": "/"}}\n', "written differently"),
        ('POST\n{path}?a=1\n{time}\n{nonce}\n{{"b":1,"a":"\\/"}}\n', "written differently"),
    ],
)
def test_a_wrong_signature_is_traced_to_what_was_signed(merchant: Any, message: str, words: str) -> None:
    import time

    body = b'{"b":1,"a":"/"}'
    now = str(int(time.time()))
    text = message.format(path=ORDER, path_=ORDER[3:], time=now, nonce="n", body=body.decode())
    request = merchant.request(
        "POST",
        ORDER + "?a=1",
        body,
        timestamp=now,
        nonce_str="n",
        signature=signed_otherwise(merchant, text),
    )
    answer = merchant.send(request)
    assert answer.status == 401
    assert words in answer.note
    result = answer.data["detail"]["sign_information"]
    expected = f"POST\n{ORDER}?a=1\n{now}\nn\n{body.decode()}\n"
    assert result == {
        "method": "POST",
        "url": ORDER + "?a=1",
        "truncated_sign_message": f"POST\n{ORDER}?a=1\n{now}\nn\n{body.decode()[:8]}\n",
        "sign_message_length": len(expected),
    }
    assert answer.data["detail"]["detail"] == {"issue": "sign not match"}
    assert answer.data["detail"]["issue"] == answer.note.zh
    assert answer.headers["Request-ID"].endswith("-268443699")


def test_a_path_that_is_not_escaped_is_traced_too(merchant: Any) -> None:
    import time

    now = str(int(time.time()))
    target = "/v3/certificates?name=\u00e9"  # one byte on the wire
    message = f"GET\n{target}\n{now}\nn\n{{}}\n".encode("latin-1").replace(b"{}", b"")
    wrong = merchant.key.sign(message.replace(b"GET", b"get"), padding.PKCS1v15(), hashes.SHA256())
    signature = base64.b64encode(wrong).decode()
    request = merchant.request("GET", target, timestamp=now, nonce_str="n", signature=signature)
    assert "lower case" in merchant.send(request).note


def test_another_digest_is_recognised(merchant: Any) -> None:
    import time

    now = str(int(time.time()))
    signature = signed_otherwise(merchant, f"GET\n/v3/certificates\n{now}\nn\n\n", algorithm=hashes.SHA1())
    answer = merchant.get("/v3/certificates", timestamp=now, nonce_str="n", signature=signature)
    assert "signed with SHA-1" in answer.note


def test_a_signature_over_another_json_is_none_of_this_one(merchant: Any) -> None:
    answer = merchant.send(merchant.request("POST", ORDER, b'{"a":1}', covered=b'{"a":2}'))
    assert "line by line" in answer.note


def test_a_signature_over_no_json_has_no_other_spelling(merchant: Any) -> None:
    for body in (b"no json", b"[" * 100_000):
        answer = merchant.send(merchant.request("POST", ORDER, body, covered=b"another"))
        assert "line by line" in answer.note


def test_wechatpay_serial_names_a_key_the_account_has(sandbox: Sandbox, merchant: Any) -> None:
    certificate = sandbox.account.certificate_serial
    for serial, expected in (
        (None, certificate),
        (certificate, certificate),
        (sandbox.account.public_key_id, sandbox.account.public_key_id),
    ):
        answer = merchant.get("/v3/certificates", headers={"wechatpay-serial": serial})
        assert answer.headers["Wechatpay-Serial"] == expected
        assert answer.signed()
    answer = merchant.get("/v3/certificates", headers={"wechatpay-serial": "PUB_KEY_ID_0"})
    assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
    assert answer.data["message"] == "平台证书序列号Wechatpay-Serial错误"
    assert answer.data["detail"]["field"] == "/Wechatpay-Serial"
    assert answer.headers["Wechatpay-Serial"] == certificate
    sandbox.context.strict = False
    assert merchant.get("/v3/certificates", headers={"wechatpay-serial": "PUB_KEY_ID_0"}).status == 200


def test_the_body_has_to_be_a_json_object_of_its_media_type(merchant: Any) -> None:
    def issue(body: bytes, kind: str | None = "application/json") -> str:
        answer = merchant.send(merchant.request("POST", ORDER, body, headers={"content-type": kind}))
        assert (answer.status, answer.data["code"]) == (400, "PARAM_ERROR")
        return str(answer.data["message"])

    assert "应为application/json" in issue(b"{}", "text/plain")
    assert "应为application/json" in issue(b"{}", None)
    assert "不是UTF-8编码的JSON" in issue(b"{")
    assert "不是UTF-8编码的JSON" in issue(b'{"a": NaN}')
    assert "不是UTF-8编码的JSON" in issue("{'a'}".encode("utf-16"))
    assert "不是UTF-8编码的JSON" in issue(b'{"a":' + b"[" * 100_000)  # deeper than anybody reads
    assert "不是UTF-8编码的JSON" in issue(rb'{"a": "\ud800"}')  # half of a character
    assert "不是UTF-8编码的JSON" not in issue(rb'{"a": "\ud83d\ude00"}')
    assert issue(b"[]") == "参数错误，请检查 body：请求报文应为JSON对象"


def test_an_unknown_path_is_reported_with_the_nearest(merchant: Any) -> None:
    answer = merchant.get("/v3/certificats")
    assert (answer.status, answer.body) == (404, b"")
    assert "/v3/certificates" in merchant.sandbox.journal[-1].message
    merchant.get("/v3/%00/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
    assert "nearest" not in merchant.sandbox.journal[-1].message
    assert merchant.get("/v3/pay/transactions/id/").status == 404
    answer = merchant.get("/v3/pay/transactions/native")
    assert (answer.status, answer.body) == (405, b"")
    assert merchant.sandbox.journal[-1].message == "GET is not possible here: POST"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": None}, 400),
        ({"user-agent": None}, 400),
        ({"accept": "*/*"}, 200),
        ({"accept-language": "*"}, 406),  # Node's fetch sends it
        ({"accept-language": "zh-CN,zh;q=0.9"}, 406),
        ({"accept-language": "en"}, 200),
        ({"wechatpay-serial": ""}, 200),
    ],
)
def test_the_gateway_looks_at_headers_first(
    sandbox: Sandbox, merchant: Any, headers: dict[str, Any], status: int
) -> None:
    wrong = {"signature": "YWJj"} if status != 200 else {}
    answer = merchant.get("/v3/certificates", headers=headers, **wrong)
    assert answer.status == status
    assert ("Wechatpay-Signature" in answer.headers) == (status == 200)
    sandbox.context.strict = False
    assert merchant.get("/v3/certificates", headers=headers).status == 200


def test_orders_may_come_without_accept(merchant: Any) -> None:
    bare = {"accept": None, "user-agent": None}
    answer = merchant.get("/v3/pay/transactions/id/1?mchid=1900000109", headers=bare)
    assert answer.data["code"] == "ORDER_NOT_EXIST"


def test_an_access_points_prefix_belongs_to_the_target(sandbox: Sandbox, merchant: Any) -> None:
    answer = merchant.get("/hk/v3/refunds/id/1?mchid=1900000109")
    assert answer.data["code"] == "RESOURCE_NOT_EXISTS"
    assert sandbox.journal[-1].operation == "GET v3/refunds/id/{refund_id}"


def test_brand_paths_have_a_scheme_and_a_number_of_their_own(sandbox: Sandbox, merchant: Any) -> None:
    brand = {"scheme": "WECHATPAY-BRAND-SHA256-RSA2048", "mchid": "-", "brand_id": sandbox.account.brand_id}
    answer = merchant.get("/brand/store/brandstores", **brand)
    assert (answer.status, answer.data) == (200, {})
    assert answer.signed()
    answer = merchant.get("/brand/store/brandstores", headers={"wechatpay-serial": None}, **brand)
    assert (answer.status, answer.data["code"]) == (400, "INVALID_REQUEST")
    assert merchant.get("/brand/store/brandstores").status == 401
    answer = merchant.get("/brand/store/brandstores", **{**brand, "brand_id": "1"})
    assert "brand_id 1 is not known" in answer.note


def test_lenient_takes_paths_the_catalogue_does_not_have(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    assert merchant.get("/v3/something/new").data == {}


def test_messages_know_their_parts() -> None:
    request = Request("GET", "/v3/a%2Fb/?x=1&y=&x=2", (("a", "1"), ("a", "2")))
    assert request.segments == ("v3", "a/b", "")
    assert request.query == {"x": "1,2", "y": ""}
    assert request.header("a") == "1"
    assert request.header("b") is None
    assert request.origin is None
    assert Request("GET", "/", (("host", "[::1]:80"),), secure=True).origin == "https://[::1]:80/"
    assert Request("GET", "/", (("host", '"><script>'),)).origin is None
    assert Reply.of(None).status == 204
    assert Refusal(400, "X", "y").reply().body == b'{"code":"X","message":"y"}'
