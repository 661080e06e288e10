"""Authorisation: codes, tokens, their refresh and their expiry."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from taobao_top import TopError

TIME = "taobao.time.get"
BACK = "https://shop.example/back?x=1"


@pytest.fixture
def authorize(call, sandbox):
    def get(**asked):
        given = {"response_type": "code", "client_id": sandbox.account.app_key, "redirect_uri": BACK} | asked
        return call.http.get(sandbox.origin + "/authorize", params=given, allow_redirects=False)

    return get


@pytest.fixture
def token(call, sandbox):
    def post(**asked):
        form = {"client_id": sandbox.account.app_key, "client_secret": sandbox.account.app_secret} | asked
        return call.http.post(sandbox.origin + "/token", data=form)

    return post


@pytest.fixture
def code(authorize):
    def get():
        return parse_qs(urlsplit(authorize().headers["Location"]).query)["code"][0]

    return get


def test_a_code_of_the_authorize_page_becomes_a_session_for_calls(call, authorize, token):
    answer = authorize(state="s 1")
    assert answer.status_code == 302
    asked = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert answer.headers["Location"].startswith(BACK + "&code=")
    assert (asked["x"], asked["state"]) == ("1", "s 1")
    answer = token(grant_type="authorization_code", code=asked["code"], redirect_uri=BACK)
    assert answer.status_code == 200
    found = answer.json()
    assert found["token_type"] == "Bearer"
    assert found["expires_in"] == 365 * 86400
    assert {"refresh_token", "re_expires_in", "r1_expires_in", "w2_expires_in", "taobao_user_nick"} <= found.keys()
    assert call(TIME, session=found["access_token"])["time"]


def refused(answer):
    assert answer.status_code == 400
    assert answer.json()["error_description"]
    return answer.json()["error"]


def test_a_code_is_accepted_once_and_for_30_minutes(call, sandbox, token, code):
    once = code()
    asked = {"grant_type": "authorization_code", "code": once, "redirect_uri": BACK}
    assert token(**asked).ok
    assert refused(token(**asked)) == "invalid_grant"
    assert [entry.verified for entry in sandbox.journal if entry.kind == "oauth"] == [True, False]
    old = code()
    sandbox.advance(30 * 60)
    assert refused(token(grant_type="authorization_code", code=old, redirect_uri=BACK)) == "invalid_grant"


def test_the_token_endpoint_refuses_incomplete_and_wrong_requests(call, sandbox, token, code):
    asked = {"grant_type": "authorization_code", "redirect_uri": BACK}
    assert refused(token(**asked)) == "invalid_request"
    assert refused(token(code=code(), grant_type="authorization_code")) == "invalid_request"
    assert refused(token(code=code(), **asked | {"redirect_uri": "https://other/"})) == "redirect_uri_mismatch"
    assert refused(token(code=code(), **asked, client_secret="x")) == "invalid_client"
    assert refused(token(code=code(), **asked, client_id="x")) == "invalid_client"
    assert refused(token(grant_type="password")) == "unsupported_grant_type"
    assert refused(token(grant_type="refresh_token")) == "invalid_request"
    assert refused(call.http.get(sandbox.origin + "/token")) == "invalid_request"
    twice = call.http.post(sandbox.origin + "/token?grant_type=a", data={"grant_type": "b"})
    assert refused(twice) == "invalid_request"


def test_the_authorize_page_refuses_wrong_apps_addresses_and_response_types(sandbox, authorize):
    assert authorize(client_id="x").status_code == 400
    assert authorize(redirect_uri="").status_code == 400
    sandbox.sessions.redirect_uri = "https://registered/"
    assert authorize().status_code == 400
    assert "code=" in authorize(redirect_uri="https://registered/").headers["Location"]
    sandbox.sessions.redirect_uri = None
    assert "error=unsupported_response_type" in authorize(response_type="x").headers["Location"]
    plain = authorize(response_type="x", redirect_uri="https://shop/").headers["Location"]
    assert plain.startswith("https://shop/?error=")


def test_the_fragment_of_the_client_flow_is_signed(call, sandbox, authorize):
    location = authorize(response_type="token", state="s").headers["Location"]
    found = dict(parse_qsl(urlsplit(location).fragment))
    sign = found.pop("top_sign")
    text = "".join(name + found[name] for name in sorted(found))
    secret = sandbox.account.app_secret
    assert hashlib.md5(f"{secret}{text}{secret}".encode()).hexdigest().upper() == sign
    assert found["state"] == "s"
    assert call(TIME, session=found["access_token"])["time"]


def test_a_refresh_ends_the_old_session_and_refresh_token(call, sandbox, token, code):
    first = token(grant_type="authorization_code", code=code(), redirect_uri=BACK).json()
    second = token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert call.refused(TIME, session=first["access_token"])["code"] == 27
    assert call(TIME, session=second["access_token"])["time"]
    assert refused(token(grant_type="refresh_token", refresh_token=first["refresh_token"])) == "invalid_grant"
    sandbox.advance(366 * 86400)
    assert call.refused(TIME, session=second["access_token"])["code"] == 27
    assert refused(token(grant_type="refresh_token", refresh_token=second["refresh_token"])) == "invalid_grant"
    sandbox.sessions.refreshable = False
    assert refused(token(grant_type="refresh_token", refresh_token="x")) == "unauthorized_client"


def test_tokens_are_created_and_refreshed_by_signed_methods(call, sandbox):
    code = sandbox.sessions.code(nick="小店", user_id=7)
    first = json.loads(call("taobao.top.auth.token.create", code=code)["token_result"])
    assert first["taobao_user_id"] == "7"
    assert first["taobao_user_nick"] == "%E5%B0%8F%E5%BA%97"
    assert first["expire_time"] > 1_700_000_000_000
    assert {"refresh_token_valid_time", "r1_valid", "w2_valid"} <= first.keys()
    error = call.refused("taobao.top.auth.token.create", code=code)
    assert (error["code"], error["sub_code"]) == (50, "isv.invalid-grant")
    token = first["refresh_token"]
    second = json.loads(call("taobao.top.auth.token.refresh", refresh_token=token)["token_result"])
    assert second["access_token"] != first["access_token"]
    assert call.refused("taobao.top.auth.token.refresh", refresh_token=token)["sub_code"] == "isv.invalid-grant"


def test_expired_and_withdrawn_sessions_are_refused(call, sandbox):
    made = sandbox.sessions.tokens(1, "a")["access_token"]
    sandbox.sessions.expire(made)
    assert "expired" in call.refused(TIME, session=made)["sub_msg"]
    sandbox.sessions.withdraw(sandbox.account.session)
    assert call.refused(TIME, session=sandbox.account.session)["sub_code"] == "invalid-sessionkey"


def test_a_session_of_another_app_is_refused(call, taobao_sandbox_server):
    assert call.refused(TIME, session=taobao_sandbox_server.account.session)["code"] == 27


def test_an_app_that_may_not_refresh_lets_the_seller_authorise_again(sandbox):
    sandbox.sessions.refreshable = False
    with sandbox.client() as top:
        granted = top.oauth.token(code=sandbox.sessions.code(), redirect_uri=BACK)
        with pytest.raises(TopError) as caught:
            top.oauth.refresh(granted)
        assert (caught.value.code, caught.value.session_expired) == ("unauthorized_client", True)
        sandbox.sessions.refreshable = True
        with pytest.raises(TopError) as other:
            top.oauth.refresh("5000 unknown")
        assert other.value.session_expired
