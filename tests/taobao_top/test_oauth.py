"""The authorisation page, tokens in both forms, the fragment of apps without a server."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date, datetime, timedelta, timezone
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
import responses

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.masking import Secret
from chainable.signing import Signer
from chainable.times import BEIJING
from taobao_top import TaobaoTop, TopError
from taobao_top.oauth import Token
from taobao_top.response_reading import ResponseError
from taobao_top.sessions import MemorySessions
from tests.taobao_top.conftest import NOON

TOKEN = "https://oauth.taobao.com/token"
NICK = "商家"
ANSWER = {
    "access_token": "acce55",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "refre5h",
    "re_expires_in": 7200,
    "r1_expires_in": 3600,
    "r2_expires_in": 1800,
    "w1_expires_in": 3600,
    "w2_expires_in": 900,
    "taobao_user_nick": quote(NICK),
    "taobao_user_id": "2054718218",
    "taobao_open_uid": "AAE",
    "sub_taobao_user_id": 5,
    "sub_taobao_user_nick": quote("商家:子"),
}


REST = "https://api-sg.aliexpress.com/rest"


EXCHANGES = [
    pytest.param((f"{REST}/auth/token/create", lambda top: top.oauth.token(code="c0de")), id="sync create"),
    pytest.param((f"{REST}/auth/token/refresh", lambda top: top.oauth.refresh("r0")), id="sync refresh"),
    pytest.param((TOKEN, lambda top: top.oauth.token(code="c0de", redirect_uri="https://a/")), id="token"),
    pytest.param((TOKEN, lambda top: top.oauth.refresh("r0")), id="refresh"),
]


class TestSyncGateways:
    """AliExpress and Lazada: signed calls, the path in front of what is signed."""

    @pytest.fixture
    def top(self, make_top):
        return make_top(gateway="https://api-sg.aliexpress.com/sync", sign_method="sha256")

    TOKENS = {
        "access_token": "a1",
        "refresh_token": "r1",
        "expires_in": 86400,
        "refresh_expires_in": 172800,
        "expire_time": 1767326400000,
        "user_id": "200042360",
        "user_nick": "cn1",
        "sp": "ae",
        "code": "0",
        "request_id": "q",
    }

    def test_the_authorisation_page(self, top, make_top):
        url = top.oauth.authorize_url("https://a/b", state="x")
        assert url.startswith("https://api-sg.aliexpress.com/oauth/authorize?")
        query = parse_qs(urlsplit(url).query)
        assert (query["force_auth"], query["client_id"], query["redirect_uri"], query["state"]) == (
            ["true"],
            ["12345678"],
            ["https://a/b"],
            ["x"],
        )
        lazada = make_top(gateway="https://api.lazada.com.my/sync", oauth_url="https://auth.lazada.com")
        assert lazada.oauth.authorize_url("https://a").startswith("https://auth.lazada.com/oauth/authorize?")
        old = make_top(gateway="https://api-sg.aliexpress.com/sync", oauth_url="https://oauth.aliexpress.com")
        assert old.oauth.authorize_url("https://a").startswith("https://oauth.aliexpress.com/authorize?")

    @pytest.mark.parametrize(
        ("path", "secret", "exchange"),
        [
            ("/auth/token/create", {"code": "c0de"}, lambda oauth: oauth.token(code="c0de")),
            ("/auth/token/refresh", {"refresh_token": "r0"}, lambda oauth: oauth.refresh("r0")),
        ],
    )
    def test_tokens_are_exchanged_by_signed_calls(self, top, gateway, path, secret, exchange):
        gateway.answers(self.TOKENS, url=REST + path)

        token = exchange(top.oauth)

        assert (token.access_token, token.refresh_token, token.user_id) == ("a1", "r1", "200042360")
        assert (token.expires, token.refresh_expires) == (at(86400), at(172800))
        form = gateway.form
        sign = form.pop("sign")
        assert form == secret | {
            "app_key": "12345678",
            "sign_method": "sha256",
            "timestamp": str(int(NOON * 1000)),
        }
        message = path + "".join(name + form[name] for name in sorted(form))
        assert sign == hmac.new(b"s3cret-app", message.encode(), hashlib.sha256).hexdigest().upper()

    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            (
                {"type": "ISV", "code": "IllegalRefreshToken", "message": "is invalid or expired", "request_id": "q"},
                200,
            ),
            (
                {"error_response": {"code": "IllegalRefreshToken", "msg": "is invalid or expired", "request_id": "q"}},
                200,
            ),
            ({"code": "IllegalRefreshToken", "message": "is invalid or expired", "request_id": "q"}, 400),
        ],
    )
    def test_a_refused_refresh_token_means_to_authorise_again(self, top, gateway, answer, status):
        gateway.answers(answer, status=status, url=f"{REST}/auth/token/refresh")

        with pytest.raises(TopError, match="code IllegalRefreshToken: is invalid or expired") as caught:
            top.oauth.refresh("r0")
        error = caught.value
        assert (error.code, error.session_expired, error.request_id) == ("IllegalRefreshToken", True, "q")
        assert "r0" not in str(error)

    @pytest.mark.parametrize("status", [200, 502])
    def test_a_page_is_not_a_token(self, top, gateway, status):
        gateway.answers("<html>busy</html>", status=status, url=f"{REST}/auth/token/create")

        error = CodecError if status == 200 else TopError
        with pytest.raises(error, match="HTML" if status == 200 else "HTTP status 502") as caught:
            top.oauth.token(code="c0de")
        assert "c0de" not in str(caught.value)
        assert caught.value.args[0].zh.startswith("token：")

    @pytest.mark.parametrize("exchange", EXCHANGES)
    @pytest.mark.parametrize(
        ("body", "message", "code"),
        [
            (
                {"error": "invalid_client", "error_description": "d"},
                "token: HTTP status 200: invalid_client: d",
                "invalid_client",
            ),
            ({"error": "invalid_grant"}, "token: HTTP status 200: invalid_grant", "invalid_grant"),
            ({"error_code": "gw.x", "error_message": "m"}, "token: code gw.x: m", "gw.x"),
            ({"ret": ["FAIL_SYS::x"]}, "token: code FAIL_SYS: x", "FAIL_SYS"),
        ],
    )
    def test_refusals_in_other_forms_are_kept_at_both_servers(
        self, top, make_top, gateway, exchange, body, message, code
    ):
        url, call = exchange
        gateway.answers(body, url=url)

        with pytest.raises(TopError, match=f"^{message}") as caught:
            call(top if "/rest/" in url else make_top())
        error = caught.value
        assert (error.code, error.maybe_sent, json.loads(error.response.content)) == (code, True, body)
        assert error.session_expired is (code == "invalid_grant")
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize("exchange", EXCHANGES)
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("{}", "the response has no access_token"),
            ('{"error_response": {}}', "the response has no access_token"),
            ('{"rgv587_flag":"sm"}', "the response has no access_token"),
            ("<html>busy</html>", "the response is a page of HTML"),
            ("", "the body of the response is empty"),
            ("null", "the response is JSON, but not an object"),
            ("[]", "the response is JSON, but not an object"),
            ('{"access_token": ["a"]}', "the access_token of the response is not text"),
            ('{"access_token": {"a": "b"}}', "the access_token of the response is not text"),
            ('{"access_token": "a", "refresh_token": {"a": "b"}}', "the refresh_token of the response is not text"),
            ('{"access_token": "a", "expires_in": "abc"}', "the response has a lifetime that is not a number"),
            ('{"access_token": "a", "expires_in": "3600.0"}', "the response has a lifetime that is not a number"),
        ],
    )
    def test_what_is_no_token_comes_with_its_response_at_both_servers(
        self, top, make_top, gateway, exchange, body, message
    ):
        url, call = exchange
        gateway.answers(body, url=url)

        # One label, and the sentence behind it.
        with pytest.raises(ResponseError, match=f"^token: {message}") as caught:
            call(top if "/rest/" in url else make_top())
        error = caught.value
        assert (error.maybe_sent, error.response.content) == (True, body.encode())
        assert error.args[0].zh.startswith("token：应答")
        assert error.args[0].zh.count("token：") == 1

    @pytest.mark.parametrize(
        ("body", "message", "code"),
        [
            ({"error": "invalid_client"}, "HTTP status 400: invalid_client", "invalid_client"),
            ({"ret": ["FAIL_SYS::x"]}, "code FAIL_SYS: x", "FAIL_SYS"),
            ({"access_token": "a"}, "token: HTTP status 400$", ""),
            ({}, "token: HTTP status 400$", ""),
        ],
    )
    @pytest.mark.parametrize("exchange", EXCHANGES)
    def test_refusals_under_an_error_status_are_kept(self, top, make_top, gateway, exchange, body, message, code):
        url, call = exchange
        gateway.answers(body, status=400, url=url)

        with pytest.raises(TopError, match=message) as caught:
            call(top if "/rest/" in url else make_top())
        assert (caught.value.code, caught.value.status_code) == (code, 400)

    def test_a_response_without_a_token_is_a_CodecError(self, top, gateway):
        gateway.answers({"code": "0"}, url=f"{REST}/auth/token/create")

        with pytest.raises(CodecError, match="token: the response has no access_token"):
            top.oauth.token(code="c0de")


def at(seconds):
    return datetime.fromtimestamp(NOON, BEIJING) + timedelta(seconds=seconds)


class TestAuthorizeURL:
    def test_the_URL_of_the_authorisation_page_has_all_parameters(self, top):
        url = top.oauth.authorize_url("https://shop.example/back?a=1", state="x y", view="wap")

        assert url.startswith("https://oauth.taobao.com/authorize?")
        assert parse_qs(urlsplit(url).query) == {
            "response_type": ["code"],
            "client_id": ["12345678"],
            "redirect_uri": ["https://shop.example/back?a=1"],
            "view": ["wap"],
            "state": ["x y"],
        }

    @pytest.mark.parametrize(
        ("gateway", "base"),
        [
            ("https://gw.api.taobao.com/router/rest", "https://oauth.taobao.com/"),
            ("https://qimen.api.taobao.com/router/qimen/service", "https://oauth.taobao.com/"),
            ("https://hu3cgwt0tc.api.taobao.com/router/qm", "https://oauth.taobao.com/"),  # an app of qimen
            ("https://gw-us.api.taobao.com/router/rest", "https://oauth.taobao.com/"),  # a region
            ("https://eco.taobao.com/router/rest", "https://oauth.taobao.com/"),
            ("https://GW.api.Taobao.com:443/router/rest", "https://oauth.taobao.com/"),
            ("https://nottaobao.com/router/rest", "https://nottaobao.com/"),
            ("https://taobao.com.example/router/rest", "https://taobao.com.example/"),
            ("https://gw.api.tbsandbox.com/router/rest", "https://oauth.tbsandbox.com/"),
            ("https://qimenapi.tbsandbox.com/router/qimen/service", "https://oauth.tbsandbox.com/"),
            ("http://127.0.0.1:8000/router/rest", "http://127.0.0.1:8000/"),
            ("https://forwarder.example/top", "https://forwarder.example/"),
        ],
    )
    def test_a_client_of_another_gateway_authorises_there(self, make_top, gateway, base):
        oauth = make_top(gateway=gateway).oauth

        assert oauth.authorize_url("https://a/").startswith(base)
        assert "state" not in oauth.authorize_url("https://a/")
        assert repr(oauth) == f"<OAuth of app 12345678 at {gateway}>"

    @pytest.mark.parametrize(
        ("server", "sp"), [("https://oauth.aliexpress.com", "ae"), ("https://oauth.alibaba.com/", "ICBU")]
    )
    def test_the_server_and_the_site_can_be_named(self, make_top, gateway, server, sp):
        oauth = make_top(oauth_url=server).oauth
        host = server.rstrip("/")

        url = oauth.authorize_url("https://a/", sp=sp)
        assert url.startswith(f"{host}/authorize?")
        assert parse_qs(urlsplit(url).query)["sp"] == [sp]
        gateway.answers(ANSWER, ANSWER, url=f"{host}/token")
        oauth.token(code="c0de", redirect_uri="https://a/")
        oauth.refresh("refre5h")
        assert [form["grant_type"] for form in gateway.forms] == ["authorization_code", "refresh_token"]

    @pytest.mark.parametrize("server", ["oauth.aliexpress.com", "", 5, "ftp://a", "https://name:word@a"])
    def test_a_server_that_is_not_a_URL_is_refused(self, make_top, server):
        with pytest.raises(ConfigurationError, match="oauth_url") as caught:
            make_top(oauth_url=server)
        assert "word" not in str(caught.value)

    def test_the_server_is_read_from_the_environment_and_from_files(self, monkeypatch, tmp_path):
        settings = tmp_path / "top.toml"
        settings.write_text('app_key = "1"\napp_secret = "s3cret"\noauth_url = "https://oauth.alibaba.com"\n')
        monkeypatch.setenv("TAOBAO_TOP_OAUTH_URL", "https://oauth.aliexpress.com")
        with TaobaoTop.from_file(settings) as top:
            assert top.settings.oauth_url == "https://oauth.alibaba.com"
        with TaobaoTop.from_env(app_key="1", app_secret="s3cret") as top:
            assert top.settings.oauth_url == "https://oauth.aliexpress.com"


ALIEXPRESS = {
    "access_token": "5000gC0",
    "refresh_token": "5000HHk1",
    "w1_valid": 1559008461793,
    "refresh_token_valid_time": 1559108461769,
    "w2_valid": 1527474260769,
    "user_id": "706388888",
    "expire_time": 1559008461793,
    "r2_valid": "1527731660769",
    "locale": "zh_CN",
    "r1_valid": 1559008461793,
    "sp": "ae",
    "user_nick": "cn10001234",
}
"""A real response of oauth.aliexpress.com."""


class TestTokensOfAliExpress:
    def test_moments_in_milliseconds_are_read(self):
        token = Token.of(ALIEXPRESS, 1527472461.0)

        assert token.expires == datetime(2019, 5, 28, 1, 54, 21, 793000, timezone.utc)
        assert token.refresh_expires == datetime(2019, 5, 29, 5, 41, 1, 769000, timezone.utc)
        assert token.r1_expires == token.w1_expires == token.expires
        assert token.r2_expires == datetime(2018, 5, 31, 1, 54, 20, 769000, timezone.utc)
        assert token.w2_expires == datetime(2018, 5, 28, 2, 24, 20, 769000, timezone.utc)
        assert (token.user_id, token.user_nick) == ("706388888", "cn10001234")
        assert Token.from_dict(token.as_dict()) == token

    def test_lifetimes_take_precedence_over_moments(self):
        moments = {"expire_time": 1559008461793, "refresh_token_valid_time": 1767841169000, "user_id": "7"}

        token = Token.of(ANSWER | moments, NOON)

        assert (token.expires, token.refresh_expires) == (at(3600), at(7200))
        assert token.user_id == ANSWER["taobao_user_id"]

    def test_the_refresh_token_of_lazada_expires(self):
        token = Token.of({"access_token": "a", "expires_in": 604800, "refresh_expires_in": "2592000"}, NOON)

        assert (token.expires, token.refresh_expires) == (at(604800), at(2592000))

    @pytest.mark.parametrize("moment", ["soon", [], 10**20, float("nan")])
    def test_a_moment_that_is_not_a_number_is_a_CodecError(self, moment):
        with pytest.raises(CodecError, match="a lifetime that is not a number"):
            Token.of(ALIEXPRESS | {"expire_time": moment}, NOON)

    def test_a_session_is_refreshed_when_the_moment_has_passed(self, make_top, gateway):
        server = "https://oauth.aliexpress.com"
        gateway.answers(ALIEXPRESS | {"access_token": "NEW"}, url=f"{server}/token")
        top = make_top(oauth_url=server, clock=lambda: 1559008472.0)

        assert top.oauth.session("ae", MemorySessions(), token=Token.of(ALIEXPRESS, 1527472461.0))() == "NEW"


class TestToken:
    def test_a_code_is_exchanged_with_the_app_secret_in_the_form(self, top, gateway):
        gateway.answers(ANSWER, url=TOKEN)

        token = top.oauth.token(code="c0de", redirect_uri="https://shop.example/back")

        assert gateway.form == {
            "grant_type": "authorization_code",
            "code": "c0de",
            "redirect_uri": "https://shop.example/back",
            "client_id": "12345678",
            "client_secret": "s3cret-app",
        }
        assert (token.access_token, token.refresh_token) == ("acce55", "refre5h")
        assert (token.expires, token.refresh_expires) == (at(3600), at(7200))
        assert (token.r1_expires, token.r2_expires) == (at(3600), at(1800))
        assert (token.w1_expires, token.w2_expires) == (at(3600), at(900))
        assert (token.user_id, token.user_nick, token.open_uid) == ("2054718218", NICK, "AAE")
        assert (token.sub_user_id, token.sub_user_nick) == ("5", "商家:子")
        for hidden in ("acce55", "refre5h", NICK, "2054718218"):
            assert hidden not in repr(token)

    def test_a_refresh_token_is_exchanged_for_a_new_token(self, top, gateway):
        gateway.answers({"access_token": "new"}, url=TOKEN)

        token = top.oauth.refresh("refre5h")

        assert gateway.form["grant_type"] == "refresh_token"
        assert gateway.form["refresh_token"] == "refre5h"
        assert token == Token("new")

    @pytest.mark.parametrize("life", [None, ""])
    def test_missing_or_empty_lifetimes_do_not_lose_the_token(self, top, gateway, life):
        gateway.answers({"access_token": "new", "expires_in": 60, "r2_expires_in": life}, url=TOKEN)

        token = top.oauth.refresh("refre5h")

        assert (token.expires, token.r2_expires) == (at(60), None)

    @pytest.mark.parametrize("simplify", [True, False])
    def test_both_exchanges_can_be_signed_methods(self, make_top, gateway, simplify):
        text = json.dumps(ANSWER)
        gateway.answers(
            {"top_auth_token_create_response": {"token_result": text}},
            {"top_auth_token_refresh_response": {"token_result": text}},
        )
        oauth = make_top(session="another", simplify=simplify, format="xml").oauth

        assert oauth.token(code="c0de", signed=True).expires == at(3600)
        assert oauth.refresh(Token("a", "refre5h"), signed=True).access_token == "acce55"

        first, second = gateway.forms
        assert (first["method"], first["code"]) == ("taobao.top.auth.token.create", "c0de")
        assert (second["method"], second["refresh_token"]) == ("taobao.top.auth.token.refresh", "refre5h")
        assert "session" not in first

    @pytest.mark.parametrize(
        ("error", "expired"),
        [
            ({"code": 15, "sub_code": "isv.invalid-grant"}, True),
            ({"code": 50, "sub_code": "isv.refresh-token-expired"}, True),
            ({"code": 11, "sub_code": "isv.permission-api-package-limit"}, False),
            ({"code": 15, "sub_code": "isp.remote-service-timeout"}, False),
            ({"code": 25}, False),
        ],
    )
    def test_a_refused_signed_refresh_is_an_expired_session(self, top, gateway, error, expired):
        gateway.refuses(error)

        with pytest.raises(TopError) as caught:
            top.oauth.refresh("refre5h", signed=True)

        assert caught.value.session_expired is expired
        assert len(gateway.requests) == 1

    def test_a_code_needs_the_redirect_uri(self, top):
        with pytest.raises(ConfigurationError, match="redirect_uri"):
            top.oauth.token(code="c0de")

    @pytest.mark.parametrize("token", ["", Token("a"), Token("a", "")])
    def test_a_missing_refresh_token_is_an_expired_session(self, top, token):
        with pytest.raises(TopError, match="authorise again") as caught:
            top.oauth.refresh(token)

        assert caught.value.session_expired

    def test_the_form_needs_the_app_secret_beside_a_custom_signer(self, make_top):
        class Remote(Signer):
            def __call__(self, r):
                return r

        with pytest.raises(ConfigurationError, match="app_secret is needed"):
            make_top(app_secret=None, sign_method=Remote()).oauth.refresh("x")

    @pytest.mark.parametrize(
        ("status", "body", "message", "expired"),
        [
            (
                400,
                {"error": "invalid_grant", "error_description": "used before"},
                "HTTP status 400: invalid_grant: used before",
                True,
            ),
            (400, {"error": "invalid_client"}, "HTTP status 400: invalid_client", False),
            (200, {"error": "invalid_grant"}, "HTTP status 200: invalid_grant", True),
            (502, "<html>", "HTTP status 502$", False),
            (302, "", "HTTP status 302$", False),
        ],
    )
    def test_a_refusal_has_its_reason_and_neither_code_nor_secret(self, top, gateway, status, body, message, expired):
        gateway.answers(body, status=status, url=TOKEN)

        with pytest.raises(TopError, match=message) as caught:
            top.oauth.token(code="c0de", redirect_uri="https://a/")

        assert caught.value.session_expired is expired
        assert caught.value.status_code == status
        assert "c0de" not in str(caught.value)
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize(
        "body",
        ["<html>", "", "{}", '{"access_token":"x","expires_in":"soon"}', '{"access_token":"x","expires_in":1e400}'],
    )
    def test_a_response_without_a_token_is_a_CodecError(self, top, gateway, body):
        gateway.answers(body, url=TOKEN)

        with pytest.raises(CodecError, match="^token: "):
            top.oauth.refresh("x")

    @pytest.mark.parametrize("data", [{"token_result": "[]"}, {}, {"token_result": ""}])
    def test_a_signed_response_without_a_token_is_a_CodecError(self, top, gateway, data):
        gateway.answers({"top_auth_token_create_response": data})

        with pytest.raises(CodecError, match=r"^taobao\.top\.auth\.token\.create: the response has no access_token"):
            top.oauth.token(code="x", signed=True)

    @pytest.mark.parametrize(
        ("result", "code", "message"),
        [
            ({"error_code": "9", "error_msg": "bad refresh"}, "9", "bad refresh"),
            ({"error_code": "isv.x", "error_msg": "bad code"}, "isv.x", "bad code"),
            ({"error": "invalid_grant", "error_description": "used before"}, "invalid_grant", "used before"),
        ],
    )
    @pytest.mark.parametrize("opened", [True, False])
    def test_a_refusal_inside_a_signed_response_is_kept(self, top, gateway, result, code, message, opened):
        data = {"token_result": json.dumps(result)} if opened else result
        gateway.answers({"top_auth_token_refresh_response": data})

        with pytest.raises(TopError, match=message) as caught:
            top.oauth.refresh("refre5h", signed=True)
        error = caught.value
        assert str(error).startswith("taobao.top.auth.token.refresh: ")
        assert (error.code, error.maybe_sent, error.response.method) == (code, True, "taobao.top.auth.token.refresh")
        assert "bad" in error.response.text or error.session_expired

    @pytest.mark.parametrize("change", [{"access_token": ["a"]}, {"expires_in": "abc"}, {"expires_in": "3600.0"}])
    def test_a_malformed_token_of_a_signed_response_comes_with_its_response(self, top, gateway, change):
        gateway.answers({"top_auth_token_refresh_response": {"token_result": json.dumps(ANSWER | change)}})

        with pytest.raises(ResponseError, match=r"^taobao\.top\.auth\.token\.refresh: the ") as caught:
            top.oauth.refresh("refre5h", signed=True)
        assert caught.value.maybe_sent is True
        assert caught.value.response.status_code == 200

    def test_a_closed_client_requests_no_token(self, top):
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            top.oauth.refresh("x")

    def test_a_token_is_restored_from_its_dict_and_unknown_members_are_ignored(self):
        token = Token.of(ANSWER, NOON)

        assert Token.from_dict(json.loads(json.dumps(token.as_dict() | {"later": "x"}))) == token


@pytest.mark.parametrize("name", ["expires", "refresh_expires", "r1_expires", "r2_expires", "w1_expires", "w2_expires"])
class TestEnds:
    def test_a_naive_expiry_raises_and_the_message_shows_how_to_fix_it(self, name):
        with pytest.raises(TypeError, match=r"the datetime has no time zone: pass an aware one, .*chainable\.BEIJING"):
            Token("SECRET", **{name: datetime(2026, 1, 1, 10)})
        with pytest.raises(TypeError, match="time zone"):
            Token.from_dict({"access_token": "SECRET", name: "2026-01-01T10:00:00"})

    @pytest.mark.parametrize("value", [1767232800, 1767232800.0, "2026-01-01T10:00:00+08:00", date(2026, 1, 1)])
    def test_an_expiry_that_is_not_a_datetime_raises(self, name, value):
        with pytest.raises(
            TypeError, match=f"^{name}: a datetime with a zone was expected, not {type(value).__name__}$"
        ):
            Token("SECRET", **{name: value})

    @pytest.mark.parametrize("zone", [BEIJING, timezone.utc, timezone(timedelta(hours=-12))])
    def test_an_expiry_may_be_in_any_zone(self, name, zone):
        for moment in (datetime(2026, 1, 1, 10), datetime.min, datetime.max):
            aware = moment.replace(tzinfo=zone)
            assert getattr(Token("SECRET", **{name: aware}), name) is aware


class TestFragment:
    def fragment(self, secret="s3cret-app", **changes):
        members = {
            "access_token": "acce55",
            "expires_in": "3600",
            "taobao_user_nick": quote(NICK),
            "state": "",
        } | changes
        text = "".join(name + members[name] for name in sorted(members))
        members["top_sign"] = hashlib.md5(f"{secret}{text}{secret}".encode()).hexdigest().upper()
        return urlencode(members)

    @pytest.mark.parametrize("before", ["", "#", "https://shop.example/back#"])
    def test_a_genuine_fragment_gives_its_token(self, top, before):
        token = top.oauth.from_fragment(before + self.fragment())

        assert token.access_token == "acce55"
        assert token.expires == at(3600)
        assert token.user_nick == NICK

    @pytest.mark.parametrize(
        "change", [lambda text: text.replace("acce55", "other"), lambda text: text.replace("state=", "state=x")]
    )
    def test_a_changed_fragment_is_refused(self, top, change):
        with pytest.raises(SignatureError, match="top_sign does not belong") as caught:
            top.oauth.from_fragment(change(self.fragment()))

        assert caught.value.reason == "mismatch"

    @pytest.mark.parametrize("end", ["lower", "longer", "\udcff", "密", "&name=\udcff"])
    def test_top_sign_must_be_exactly_the_upper_case_signature(self, top, end):
        text = self.fragment()
        sign = dict(parse_qsl(text))["top_sign"]
        changed = {"lower": sign.lower(), "longer": sign + "0"}.get(end, sign + end)
        assert changed != sign

        with pytest.raises(SignatureError, match="top_sign does not belong"):
            top.oauth.from_fragment(text.replace(sign, changed))

    def test_a_genuine_fragment_without_a_token_is_a_CodecError(self, top):
        with pytest.raises(CodecError, match="no access_token"):
            top.oauth.from_fragment(self.fragment(access_token=""))

    def test_a_fragment_without_a_signature_is_refused(self, top):
        found = dict(parse_qsl(self.fragment()))
        del found["top_sign"]

        with pytest.raises(SignatureError) as caught:
            top.oauth.from_fragment(urlencode(found))

        assert caught.value.reason == "missing"


def test_a_session_uses_the_clients_clock_and_refresh(top):
    store = MemorySessions()

    session = top.oauth.session("shop", store, token=Token.of(ANSWER, NOON))

    assert session() == "acce55"
    assert store.load("shop").user_nick == NICK
    assert top.oauth.session("shop", store)() == "acce55"


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("refresh_token", lambda oauth: oauth.refresh(["s3cret-r0"])),
        ("refresh_token", lambda oauth: oauth.refresh({"refresh_token": "s3cret-r0"}, signed=True)),
        ("refresh_token", lambda oauth: oauth.refresh(Secret(b"s3cret-r0"))),
        ("code", lambda oauth: oauth.token(code=["s3cret-c0de"], redirect_uri="https://a/")),
        ("code", lambda oauth: oauth.token(code=b"s3cret-c0de", signed=True)),
        ("code", lambda oauth: oauth.token(code=None, redirect_uri="https://a/")),
        ("redirect_uri", lambda oauth: oauth.token(code="c0de", redirect_uri=["https://a/"])),
        ("redirect_uri", lambda oauth: oauth.authorize_url(None)),
        ("state", lambda oauth: oauth.authorize_url("https://a/", state=["s3cret"])),
        ("view", lambda oauth: oauth.authorize_url("https://a/", view=None)),
        ("fragment", lambda oauth: oauth.from_fragment(b"s3cret=1")),
        ("fragment", lambda oauth: oauth.from_fragment({"s3cret": "1"})),
        ("name", lambda oauth: oauth.session(7, MemorySessions())),
        ("token", lambda oauth: oauth.session("seller-1", MemorySessions(), token="s3cret")),
    ],
)
def test_arguments_of_another_kind_are_refused_before_anything_is_sent(make_top, name, call):
    with (
        responses.RequestsMock() as network,
        pytest.raises(TypeError, match=f"^{name}: .* was expected") as caught,
    ):
        call(make_top().oauth)
    assert f"{name}：应为" in caught.value.args[0].zh
    assert "s3cret" not in str(caught.value)
    assert not network.calls
