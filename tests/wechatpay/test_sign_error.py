"""SIGN_ERROR, explained from what the platform shows: four lines, 8 characters of the body and a newline, the length."""

from __future__ import annotations

import json

import pytest

from chainable import APIError
from wechatpay import WeChatPay
from wechatpay.apiv2.errors import V2_CODES
from wechatpay.apiv3.errors import CODES
from wechatpay.apiv3.sign_error import explain
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.signature_diagnosis import truncated

HEAD = "POST\n/v3/pay/transactions/jsapi\n1756951532\nIXlHDnWguGbz7uMOL7xdPibFoV342jP3\n"
BODY = '{"amount":{"total":1},"description":"商品"}'
AGREES = "The platform checked the very message that was signed."


def said(theirs, *, ours=HEAD + BODY + "\n", length=-1, **more):
    """Explain the error of a message, with the length of our own unless another is given."""
    length = len(ours.encode()) if length == -1 else length
    information = {"truncated_sign_message": theirs, "sign_message_length": length, **more}
    detail = {"code": "SIGN_ERROR", "detail": {"sign_information": information}}
    return explain(ours.encode(), detail)


@pytest.mark.parametrize(
    "theirs",
    [
        HEAD + '{"amount\n',  # as seen: github.com/wechatpay-apiv3/wechatpay-go, SIGN_ERROR of JSAPI orders
        HEAD + '{"amount',
        HEAD + BODY + "\n",
        HEAD,
        HEAD[:-1],
        HEAD[:20],
        "",
    ],
)
def test_a_shown_beginning_that_agrees_means_the_key(theirs):
    """The newline behind the cut is the message's own last one."""
    text = said(theirs)

    assert text.startswith(AGREES)
    assert "private_key=" in text
    assert "mchid=" in text
    assert "clock" not in text
    assert "时钟" not in text.zh


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("", "\n"),
        ("{}", "{}\n"),
        ('{"a":"中文字"}', '{"a":"中文\n'),
        ('{"a":"中文字"}', '{"a":"\ufffd\ufffd\n'),  # 8 bytes, which end inside a character
        ('{\n  "appid": "wx1"\n}', '{\n  "appi\n'),
        ('{\n  "appid": "wx1"\n}', '{\n  "appi'),
        ("\n\n\n\n\n\n\n\n\n{}", "\n" * 9),
    ],
)
def test_bodies_of_any_form_agree(body, shown):
    """Short, empty, of several lines, cut inside a character."""
    assert said(HEAD + shown, ours=f"{HEAD}{body}\n").startswith(AGREES)


@pytest.mark.parametrize(
    ("shown", "length"),
    [("\n", len(HEAD) + 1), ("", len(HEAD) + 1), ("\n", str(len(HEAD) + 1)), ("\n", None)],
)
def test_an_empty_shown_body_means_that_none_arrived(shown, length):
    """As in github.com/TheNorthMemory/wechatpay-axios-plugin/issues/58: POST, sign_message_length 71, two newlines."""
    text = said(HEAD + shown, length=length)

    assert text.startswith(
        f"No body arrived at the platform: it checked an empty body where {len(BODY.encode())} bytes"
    )
    assert text.zh.startswith("请求体没有到达平台")
    assert "private_key" not in text


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (HEAD.replace("POST", "GET") + "\n", "The verb differs"),
        (HEAD.replace("/jsapi", "/jsapi?a=1") + '{"amount\n', "The target differs"),
        (HEAD.replace("/jsapi", "") + '{"amount\n', "signed '/jsapi', received nothing"),
        (HEAD.replace("1756951532", "1756951533") + '{"amount\n', "The timestamp differs"),
        (HEAD.replace("IXl", "ixl") + '{"amount\n', "The nonce differs"),
        (HEAD + '{ "amoun\n', "The body differs from character 2 on"),
        (HEAD + '{"appid"\n', "The body differs from character 4 on"),
        (HEAD + '{"amoun{\n', "The body differs from character 8 on"),
        (HEAD + "<xml>\n", "The body differs from character 1 on"),
    ],
)
def test_real_differences_are_found(theirs, words):
    """In each line, and in the beginning of the body."""
    assert words in said(theirs)


def test_a_body_that_was_not_signed_is_a_difference():
    """A GET whose request got a body on the way."""
    ours = "GET\n/v3/certificates\n1\nn\n\n"

    assert "signed nothing, received '{}'" in said("GET\n/v3/certificates\n1\nn\n{}\n", ours=ours, length=None)


@pytest.mark.parametrize("change", [-1, 1, 300])
def test_another_length_is_a_difference(change):
    """Of the rest of the body, in bytes: pay.weixin.qq.com/doc/v3/merchant/4012365342."""
    length = len((HEAD + BODY).encode()) + 1 + change

    text = said(HEAD + '{"amount\n', length=length)

    assert f"it checked {length} bytes where {length - change} bytes were signed" in text
    assert "private_key" not in text


def test_a_length_in_characters_is_a_difference():
    """A gateway that writes ? in place of each Chinese character."""
    assert "bytes were signed" in said(HEAD + '{"amount\n', length=len(HEAD + BODY) + 1)


@pytest.mark.parametrize("length", [None, "", "x", True, "9" * 5000])
def test_unusable_lengths_are_ignored_or_differ(length):
    """The rest is compared all the same."""
    text = said(HEAD + '{"amount\n', length=length)

    assert text.startswith(AGREES) is (length != "9" * 5000)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"method": "POST", "url": "/v3/pay/transactions/jsapi"}, AGREES),
        ({"method": "GET", "url": "/v3/pay/transactions/jsapi"}, "The verb differs"),
        ({"method": "POST", "url": "/pay/transactions/jsapi"}, "The target differs"),
        ({"method": "POST"}, AGREES),
        ({"method": "POST", "url": None}, AGREES),
    ],
)
def test_without_a_text_method_and_url_are_compared(members, words):
    """They stand beside it."""
    assert words in said(None, **members)


def test_the_rest_of_the_body_stays_out():
    """No more of ours than the platform shows of its own."""
    text = said(HEAD + "{'name':\n", ours=HEAD + '{"name":"张三","id":"110101"}\n', length=None)

    assert "differs from character 2" in text
    assert "张" not in text


@pytest.mark.parametrize("code", ["SIGN_ERROR", "SIGN_ERR"])
def test_each_code_of_a_refused_signature_is_explained(code):
    """Risk/getpublickey answers SIGN_ERR: pay.weixin.qq.com/doc/v2/merchant/4011941097."""
    assert "explain()" in CODES[code].advice
    assert "explain()" in V2_CODES[code].advice


def test_the_sandbox_shows_what_the_platform_shows():
    """Of a wrong key, and of a short body."""
    assert truncated((HEAD + BODY + "\n").encode()) == HEAD + '{"amount\n'
    assert truncated((HEAD + "\n").encode()) == HEAD + "\n"
    assert truncated((HEAD + "{}\n").encode()) == HEAD + "{}\n"
    assert truncated((HEAD + "中文字中文字中文字\n").encode()) == HEAD + "中文字中文字中文\n"
    with Sandbox() as sandbox, Sandbox() as other:
        wrong = other.account.private_key
        settings = {"mchid": sandbox.account.mchid, "serial": sandbox.account.serial, "certs": sandbox.account.certs}
        wrong_key = WeChatPay(**settings, private_key=wrong, base_url=sandbox.base_url)
        with wrong_key as client, pytest.raises(APIError) as caught:
            client.v3.pay.transactions.native.post(
                json={
                    "appid": "wx1",
                    "description": "商品",
                    "out_trade_no": "T00001",
                    "notify_url": "https://example.com/",
                    "amount": {"total": 1},
                }
            )
    information = json.loads(caught.value.response.content)["detail"]["sign_information"]
    assert information["truncated_sign_message"].endswith('\n{"appid"\n')
    assert caught.value.comparison().startswith(AGREES)
    assert AGREES in caught.value.explain("en")


@pytest.mark.parametrize(
    "information", [{}, {"truncated_sign_message": ""}, {"sign_message_length": 0}, {"method": 1, "url": None}]
)
def test_nothing_shown_is_nothing_compared(information):
    said = explain(b"POST\n/v3/x\n1\nn\n{}\n", {"sign_information": information})

    assert "did not say what it checked" in said
    assert "没有给出" in said.zh


@pytest.mark.parametrize(
    ("information", "name"), [({"url": "/v3/y"}, "target"), ({"method": "GET", "truncated_sign_message": ""}, "verb")]
)
def test_the_one_line_that_is_shown_is_compared(information, name):
    assert f"The {name} differs" in explain(b"POST\n/v3/x\n1\nn\n{}\n", {"sign_information": information})


def test_one_line_that_agrees_and_a_cut_inside_the_first_lines_are_no_difference():
    message = b"POST\n/v3/pay/transactions\n1\nn\n{}\n"
    for information in (
        {"method": "POST"},
        {"truncated_sign_message": "POST\n/v3/pay/tr\n", "sign_message_length": len(message)},
    ):
        assert "the very message" in explain(message, {"sign_information": information})
