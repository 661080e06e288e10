"""The authorisation page, tokens in both forms, the fragment of apps without a server."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta, timezone
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.signing import Signer
from chainable.times import BEIJING
from taobao_top import TopError
from taobao_top.oauth import Token
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


def at(seconds):
    return datetime.fromtimestamp(NOON, BEIJING) + timedelta(seconds=seconds)


class TestAuthorizeURL:
    def test_page(self, top):
        """Everything the page needs is in its query."""
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
            ("https://gw.api.tbsandbox.com/router/rest", "https://oauth.tbsandbox.com/"),
            ("https://qimenapi.tbsandbox.com/router/qimen/service", "https://oauth.tbsandbox.com/"),
            ("http://127.0.0.1:8000/router/rest", "http://127.0.0.1:8000/"),
            ("https://forwarder.example/top", "https://forwarder.example/"),
        ],
    )
    def test_place(self, make_top, gateway, base):
        """A client that is pointed elsewhere authorises there, too."""
        oauth = make_top(gateway=gateway).oauth

        assert oauth.authorize_url("https://a/").startswith(base)
        assert "state" not in oauth.authorize_url("https://a/")
        assert repr(oauth) == f"<OAuth of app 12345678 at {gateway}>"


class TestToken:
    def test_code(self, top, gateway):
        """The code is exchanged at the token address, with the app's secret in the form."""
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

    def test_refresh(self, top, gateway):
        """A refresh token gives a new token."""
        gateway.answers({"access_token": "new"}, url=TOKEN)

        token = top.oauth.refresh("refre5h")

        assert gateway.form["grant_type"] == "refresh_token"
        assert gateway.form["refresh_token"] == "refre5h"
        assert token == Token("new")

    @pytest.mark.parametrize("life", [None, ""])
    def test_lives_that_are_not_told(self, top, gateway, life):
        """A token is not lost over a member that says nothing."""
        gateway.answers({"access_token": "new", "expires_in": 60, "r2_expires_in": life}, url=TOKEN)

        token = top.oauth.refresh("refre5h")

        assert (token.expires, token.r2_expires) == (at(60), None)

    @pytest.mark.parametrize("simplify", [True, False])
    def test_signed(self, make_top, gateway, simplify):
        """Both exchanges are methods of the gateway as well."""
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
    def test_refused_signed(self, top, gateway, error, expired):
        """A refresh token that is refused means that the seller has to authorise again, in this form, too."""
        gateway.refuses(error)

        with pytest.raises(TopError) as caught:
            top.oauth.refresh("refre5h", signed=True)

        assert caught.value.session_expired is expired
        assert len(gateway.requests) == 1

    def test_needs_the_redirect(self, top):
        """The platform compares the address the code was asked with."""
        with pytest.raises(ConfigurationError, match="redirect_uri"):
            top.oauth.token(code="c0de")

    @pytest.mark.parametrize("token", ["", Token("a"), Token("a", "")])
    def test_nothing_to_refresh_with(self, top, token):
        """Apps that may not refresh have no refresh token."""
        with pytest.raises(TopError, match="authorise again") as caught:
            top.oauth.refresh(token)

        assert caught.value.session_expired

    def test_needs_the_secret(self, make_top):
        """A signer object signs calls, but the form needs the secret itself."""

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
    def test_refused(self, top, gateway, status, body, message, expired):
        """A refusal says why; neither code nor secret is in it."""
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
    def test_no_token(self, top, gateway, body):
        """An answer without a token is told."""
        gateway.answers(body, url=TOKEN)

        with pytest.raises(CodecError, match="^token: "):
            top.oauth.refresh("x")

    @pytest.mark.parametrize("data", [{"token_result": "[]"}, {}, {"token_result": ""}])
    def test_no_token_signed(self, top, gateway, data):
        """Likewise in the signed form."""
        gateway.answers({"top_auth_token_create_response": data})

        with pytest.raises(CodecError, match=r"^taobao\.top\.auth\.token\.create: the response has no access_token"):
            top.oauth.token(code="x", signed=True)

    def test_closed(self, top):
        """A closed client asks for no token."""
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            top.oauth.refresh("x")

    def test_kept(self):
        """What a store keeps gives the same token back; what it does not know is left."""
        token = Token.of(ANSWER, NOON)

        assert Token.from_dict(json.loads(json.dumps(token.as_dict() | {"later": "x"}))) == token


@pytest.mark.parametrize("name", ["expires", "refresh_expires", "r1_expires", "r2_expires", "w1_expires", "w2_expires"])
class TestEnds:
    def test_naive(self, name):
        """A datetime without a time zone raises; the error shows how to add one."""
        with pytest.raises(TypeError, match=r"the datetime has no time zone: pass an aware one, .*chainable\.BEIJING"):
            Token("SECRET", **{name: datetime(2026, 1, 1, 10)})
        with pytest.raises(TypeError, match="time zone"):
            Token.from_dict({"access_token": "SECRET", name: "2026-01-01T10:00:00"})

    @pytest.mark.parametrize("value", [1767232800, 1767232800.0, "2026-01-01T10:00:00+08:00", date(2026, 1, 1)])
    def test_no_datetime(self, name, value):
        """Nor does a number or a text."""
        with pytest.raises(
            TypeError, match=f"^{name}: a datetime with a zone was expected, not {type(value).__name__}$"
        ):
            Token("SECRET", **{name: value})

    @pytest.mark.parametrize("zone", [BEIJING, timezone.utc, timezone(timedelta(hours=-12))])
    def test_any_zone(self, name, zone):
        """Any zone will do, at the ends of time as well."""
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
    def test_genuine(self, top, before):
        """A genuine fragment gives its token."""
        token = top.oauth.from_fragment(before + self.fragment())

        assert token.access_token == "acce55"
        assert token.expires == at(3600)
        assert token.user_nick == NICK

    @pytest.mark.parametrize(
        "change", [lambda text: text.replace("acce55", "other"), lambda text: text.replace("state=", "state=x")]
    )
    def test_forged(self, top, change):
        """A changed one is refused."""
        with pytest.raises(SignatureError, match="top_sign does not belong") as caught:
            top.oauth.from_fragment(change(self.fragment()))

        assert caught.value.reason == "mismatch"

    @pytest.mark.parametrize("end", ["lower", "longer", "\udcff", "密", "&name=\udcff"])
    def test_the_signature_has_one_spelling(self, top, end):
        """Capitals, nothing behind them; what no encoding takes is a forgery, too."""
        text = self.fragment()
        sign = dict(parse_qsl(text))["top_sign"]
        changed = {"lower": sign.lower(), "longer": sign + "0"}.get(end, sign + end)
        assert changed != sign

        with pytest.raises(SignatureError, match="top_sign does not belong"):
            top.oauth.from_fragment(text.replace(sign, changed))

    def test_unsigned(self, top):
        """One without a signature as well."""
        found = dict(parse_qsl(self.fragment()))
        del found["top_sign"]

        with pytest.raises(SignatureError) as caught:
            top.oauth.from_fragment(urlencode(found))

        assert caught.value.reason == "missing"


def test_session(top):
    """A session of the client's own clock and refresh."""
    store = MemorySessions()

    session = top.oauth.session("shop", store, token=Token.of(ANSWER, NOON))

    assert session() == "acce55"
    assert store.load("shop").user_nick == NICK
    assert top.oauth.session("shop", store)() == "acce55"
