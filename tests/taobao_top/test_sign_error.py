"""The explanation of a refused signature shows no secret or personal token."""

from __future__ import annotations

import json
import logging

import pytest

from taobao_top import TaobaoTop
from taobao_top.errors import TopError
from taobao_top.signing import MD5Signer
from tests.taobao_top.conftest import NOON

ODD = ("s3cret-app", 's "3\\cret', "密钥 🔑", "a=b&c%2B+", "[s.3]*cret$", "<s3>&cret'", "\\1\\g<0>")
"""Unusual secrets."""


def refused(make_top, gateway, call, **settings):
    gateway.refuses({"code": 25, "msg": "Invalid signature"})
    with pytest.raises(TopError) as caught:
        call(make_top(**settings))
    return caught.value


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256", "sha256"])
@pytest.mark.parametrize("secret", ODD)
def test_the_app_secret_is_masked_wherever_it_appears(make_top, gateway, caplog, secret, method):
    caplog.set_level(logging.DEBUG)

    for call in (
        lambda top: top.a.b(x=f"before {secret} after"),
        lambda top: top.a.b(x={"inner": [secret, {"key": f"-{secret}-"}]}),
        lambda top: top.a.b({secret: "1"}),
        lambda top: top.a.b(json.dumps({"inner": secret}, ensure_ascii=False).encode()),
        lambda top: top.a.b(json.dumps({"inner": secret}).encode()),
    ):
        error = refused(make_top, gateway, call, app_secret=secret, sign_method=method)

        shown = f"{error.explain()} {error.explain().zh} {error} {error!r} {caplog.text}"
        for form in {secret, secret.strip(), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
            assert form not in shown
        assert "***" in error.explain()


@pytest.mark.parametrize(
    "call",
    [
        lambda top: top.a.b(x="for sess10n-of-a-seller only", session="sess10n-of-a-seller"),
        lambda top: top.a.b(x={"access_token": "sess10n-of-a-seller", "password": 'sess10n-of-a-seller"'}),
        lambda top: top.a.b(b'{"user": {"sessionKey" : "sess10n-of-a-seller"}}'),
        lambda top: top.a.b(b"<request><token>sess10n-of-a-seller</token></request>"),
        lambda top: top.a.b(b"session=sess10n-of-a-seller&x=1", headers={"Content-Type": "text/plain"}),
    ],
)
def test_sessions_tokens_and_passwords_are_masked_in_any_format(make_top, gateway, call):
    explained = refused(make_top, gateway, call).explain()

    for text in (explained, explained.zh):
        assert "sess10n" not in text
        assert "***" in text


def test_the_signed_text_is_explained_in_chinese_as_well(make_top, gateway):
    signer = MD5Signer(secret=" 0dd-one ")  # a signer that somebody made keeps what it was given
    error = refused(make_top, gateway, lambda top: top.a.b(x="1"), app_secret=None, sign_method=signer)
    text = error.comparison().zh
    assert error.explain("zh").endswith(text)

    assert text.splitlines()[:2] == [
        "网关算出的签名与所发的不同。所签的字符串如下（机密已遮盖）：",
        "  对 ***app_key12345678formatjsonmethoda.bsign_methodmd5timestamp2026-01-01 12:00:00v2.0x1*** 做 MD5，*** 代表 app_secret",
    ]
    assert "app_secret 的开头或末尾有空白" in text
    assert "\n  x = 1\n" in text


@pytest.mark.parametrize(("ahead", "words"), [(7300, "本机快 7300 秒"), (-7300, "本机慢 7300 秒")])
def test_a_timestamp_in_milliseconds_is_compared_with_the_gateways_clock(make_top, gateway, ahead, words):
    gateway.answers({"error_response": {"code": "IllegalTimestamp"}}, headers={"Date": "Thu, 01 Jan 2026 04:00:00 GMT"})
    with pytest.raises(TopError) as caught:
        make_top(sign_method="sha256", clock=lambda: NOON + ahead).a.b()

    text = caught.value.explain()
    assert f"{7300} seconds {'fast' if ahead > 0 else 'slow'}" in text
    assert words in text.zh


def test_a_signature_of_a_sync_gateway_is_explained(make_top, gateway):
    gateway.answers({"error_response": {"code": "IncompleteSignature", "type": "ISV", "msg": "not conform"}})
    with pytest.raises(TopError, match="it takes sign_method='sha256'") as caught:
        make_top().a.b()

    assert "HMAC-SHA256, keyed with the app_secret, of app_key12345678" in caught.value.explain()


def test_the_sessions_of_calls_in_a_batch_are_masked(make_top, gateway):
    gateway.answers(
        {"error_response": {"code": 25, "msg": "Invalid signature"}}, url="https://gw.api.taobao.com/router/batch"
    )
    top = make_top(session="sess10n-of-one")
    with top.batch() as batch:
        batch.taobao.trades.sold.get(fields="tid")
        batch.taobao.trades.sold.get(fields="tid", session="sess10n-of-another")

    text = batch.answers[0].explain()

    assert "method=taobao.trades.sold.get" in text
    assert "fields=tid" in text
    assert "sess10n" not in text


def test_ordinary_values_are_shown_as_they_were_signed(make_top, gateway):
    text = refused(make_top, gateway, lambda top: top.a.b(x={"nick": "中", "list": [1, True]}, y="a=b&c=<d>")).explain()

    assert 'x = {"nick":"中","list":[1,true]}' in text
    assert 'v2.0x{"nick":"中","list":[1,true]}ya=b&c=<d>' in text


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Thu, 01 Jan 2026 04:20:00 -0000", "1200 seconds slow"),
        ("Thu, 01 Jan 2026 12:20:00 +0800", "1200 seconds slow"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "does not have"),
        ("", "does not have"),
    ],
)
def test_the_Date_header_is_the_same_moment_in_any_zone(top, gateway, in_zone, zone, date, words):
    in_zone(zone)
    gateway.answers({"error_response": {"code": 31}}, headers={"Date": date})

    with pytest.raises(TopError) as caught:
        top.a.b()

    assert words in caught.value.explain()


def test_no_repr_of_the_client_has_the_secret_or_the_session():
    for secret in ODD:
        top = TaobaoTop(app_key="1", app_secret=secret, session="sess10n")
        for shown in (top, top._settings, top._settings.signer, top.a.b, top.spi, top.oauth, top.batch()):
            assert secret not in repr(shown)
            assert "sess10n" not in repr(shown)
        top.close()
