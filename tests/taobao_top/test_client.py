"""Calls from end to end, without sockets: refusals, retries, promises, settings, secrets."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from datetime import datetime
from types import SimpleNamespace

import pytest
import requests
import responses

import taobao_top
from chainable.errors import APIError, ChainableError, CodecError, ConfigurationError, InProgress
from chainable.pipeline import Pipeline
from chainable.signing import SignableRequest, Signer
from chainable.times import BEIJING
from taobao_top import HMACMD5Signer, MD5Signer, TaobaoTop, TopError
from taobao_top.sessions import MemorySessions
from taobao_top.tokens import Token
from tests.taobao_top.conftest import GATEWAY, NOON

OK = {"x_response": {"request_id": "r9"}}
BAN = {"code": 7, "msg": "App Call Limited", "sub_msg": "This ban will last for 2 more seconds"}
FAULT = {"code": 50, "sub_code": "isp.remote-service-timeout"}


class Remote(Signer):
    """Stamps in a way of its own."""

    def __call__(self, r):
        r.body = r.codec.encode({**r.parameters, "timestamp": "0"})
        return r


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "error", "message"),
        [
            ({"app_key": ""}, ConfigurationError, "app_key"),
            ({"app_key": None}, ConfigurationError, "app_key"),
            ({"app_key": True}, ConfigurationError, "app_key"),
            ({"app_key": "12 34"}, ConfigurationError, "app_key"),
            ({"app_secret": None}, ConfigurationError, "app_secret is missing"),
            ({"app_secret": ""}, ConfigurationError, "app_secret is missing"),
            ({"app_secret": " "}, ConfigurationError, "app_secret: the value is empty"),
            ({"app_secret": b"s"}, ConfigurationError, "app_secret: text was expected, not bytes"),
            ({"app_secret": "s\u200bs"}, ConfigurationError, "app_secret: it holds characters that cannot be seen"),
            (
                {"gateway": "https://gw.api.taobao.com"},
                ConfigurationError,
                "path is missing: https://gw.api.taobao.com/",
            ),
            ({"limiter": "1/second"}, ConfigurationError, r"limiter: an object with attach\(\) was expected"),
            ({"clock": 5}, ConfigurationError, "clock: a function was expected"),
            ({"sign_method": "sha1"}, ConfigurationError, "sign_method: 'hmac-sha256', 'hmac', 'md5'"),
            ({"sign_method": 5}, ConfigurationError, "sign_method"),
            ({"gateway": "http://gw.api.taobao.com/router/rest"}, ConfigurationError, "plain http"),
            ({"gateway": "gw.api.taobao.com"}, ConfigurationError, "gateway: a URL"),
            ({"format": "yaml"}, ConfigurationError, "format"),
            ({"session": 5}, TypeError, "session"),
            ({"timeout": 0}, ConfigurationError, "timeout"),
            ({"retries": -1}, ConfigurationError, "retries"),
            ({"verify": 5}, ConfigurationError, "verify"),
        ],
    )
    def test_a_wrong_setting_is_named_when_the_client_is_made(self, make_top, settings, error, message):
        with pytest.raises(error, match=message):
            make_top(**settings)

    @pytest.mark.parametrize("form", [" {}\n", "'{}'", '"{}"', "\ufeff{}"])
    @pytest.mark.parametrize("name", ["app_key", "app_secret", "session", "gateway", "oauth_url"])
    def test_white_space_and_quotation_marks_are_dropped(self, name, form, make_top):
        given = {"app_key": "12345678", "app_secret": "s3cret-app", "session": "6200", "gateway": GATEWAY}
        given["oauth_url"] = "https://oauth.aliexpress.com"

        with pytest.warns(UserWarning, match=f"^{name}: "):
            top = make_top(**given | {name: form.format(given[name])})

        assert (top.settings.app_key, top.settings.secret.reveal()) == ("12345678", "s3cret-app")
        assert top.settings.session.reveal() == "6200"
        assert (top.settings.gateway, top.settings.oauth_url) == (GATEWAY, "https://oauth.aliexpress.com")

    def test_an_app_key_may_be_a_number(self, make_top, gateway):
        gateway.answers(OK)

        make_top(app_key=12345678).a.b()

        assert gateway.form["app_key"] == "12345678"

    @pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
    def test_the_sign_method_is_named_in_the_call(self, make_top, gateway, method):
        gateway.answers(OK)

        make_top(sign_method=method).a.b()

        assert gateway.form["sign_method"] == method

    def test_any_signer_replaces_the_built_in_ones_without_a_secret(self, make_top, gateway):
        gateway.answers(OK, OK)

        class Remote(Signer):
            def __call__(self, r):
                assert isinstance(r, SignableRequest)
                r.body = r.codec.encode({**r.parameters, "sign": "REMOTE"})
                return r

        make_top(app_secret=None, sign_method=Remote()).a.b()
        make_top(app_secret=None, sign_method=MD5Signer("other")).a.b()

        assert gateway.forms[0]["sign"] == "REMOTE"
        assert gateway.forms[1]["sign_method"] == "md5"

    def test_a_signer_of_plain_requests_finds_the_form_in_the_body(self, make_top, gateway):
        """It may send the form unchanged."""
        gateway.answers(OK, OK)

        class Remote(Signer):
            def __call__(self, r):
                r.body += b"&sign=REMOTE"
                return r

        class Nobody(Signer):
            def __call__(self, r):
                return r

        make_top(app_secret=None, sign_method=Remote()).a.b(x="中", empty="")
        make_top(app_secret=None, sign_method=Nobody()).a.b()

        plain = {"method": "a.b", "app_key": "12345678", "v": "2.0", "format": "json"}
        assert gateway.forms == [plain | {"x": "中", "sign": "REMOTE"}, plain]

    @pytest.mark.parametrize("simplify", ["false", 1, None])
    def test_simplify_must_be_True_or_False(self, make_top, simplify):
        with pytest.raises(ConfigurationError, match="simplify: True or False was expected"):
            make_top(simplify=simplify)

    def test_settings_are_read_from_the_environment(self, monkeypatch, gateway):
        for name, value in {"APP_KEY": "1", "APP_SECRET": "s", "SESSION": "sess10n", "SIGN_METHOD": "md5"}.items():
            monkeypatch.setenv(f"TAOBAO_TOP_{name}", value)
        gateway.answers(OK)

        with TaobaoTop.from_env(format="xml") as top:
            top.a.b()

        assert (gateway.form["session"], gateway.form["sign_method"], gateway.form["format"]) == (
            "sess10n",
            "md5",
            "xml",
        )

    def test_a_file_is_read_in_place_of_the_environment_and_unknown_names_warn(self, tmp_path):
        (tmp_path / "top.env").write_text(
            "TAOBAO_TOP_APP_KEY=9\nTAOBAO_TOP_APP_SECRET='s'\nTAOBAO_TOP_CA=/nowhere\nTAOBAO_TOP_SECRT=x\n"
        )

        with pytest.warns(UserWarning, match="TAOBAO_TOP_SECRT is not a setting"):
            top = TaobaoTop.from_env(file=tmp_path / "top.env", gateway="https://127.0.0.1:1/")

        assert repr(top) == "<TaobaoTop app 9 at https://127.0.0.1:1/>"
        with pytest.raises(ConfigurationError, match="/nowhere"):
            top.a.b()

    @pytest.mark.parametrize("file", [None, "empty.env"])
    def test_a_missing_setting_is_named_with_its_source(self, tmp_path, monkeypatch, file):
        monkeypatch.delenv("TAOBAO_TOP_APP_KEY", raising=False)
        (tmp_path / "empty.env").write_text("")

        with pytest.raises(
            ConfigurationError, match=f"TAOBAO_TOP_APP_KEY is not set{' in .*empty.env' if file else ''}: give"
        ):
            TaobaoTop.from_env(file=file and tmp_path / file)

    def test_a_TOML_file_has_settings_in_its_own_table_or_at_the_top_level(self, tmp_path, gateway):
        (tmp_path / "top.toml").write_text(
            '[taobao_top]\napp_key = "7"\napp_secret = "s"\nformat = "xml"\ntimeout = [1, 2.5]\n'
        )
        (tmp_path / "plain.toml").write_text("timeout = 3\n")
        gateway.answers(OK)

        TaobaoTop.from_file(tmp_path / "top.toml", sign_method="md5").a.b()
        TaobaoTop.from_file(tmp_path / "plain.toml", app_key="7", app_secret="s")

        assert (gateway.form["app_key"], gateway.form["format"], gateway.form["sign_method"]) == ("7", "xml", "md5")
        with pytest.raises(ConfigurationError, match="app_key is not set"):
            TaobaoTop.from_file(tmp_path / "plain.toml")

    @pytest.mark.parametrize(
        ("typo", "name"), [("oath", "oauth"), ("page", "pages"), ("bach", "batch"), ("closed", "close")]
    )
    def test_a_misspelt_name_of_the_client_is_not_a_method(self, top, typo, name):
        with pytest.raises(AttributeError, match=f"no '{typo}': did you mean '{name}'"):
            getattr(top, typo)

    def test_a_closed_client_refuses_calls(self, top):
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            top.a.b()
        with pytest.raises(RuntimeError, match="closed"):
            top.a.b.post_async()

    def test_a_call_can_be_prepared_without_sending_it(self, make_top):
        call = make_top(session=lambda: "sess10n").prepare("a.b", "POST", (), {})

        assert call.parameters["session"] == "sess10n"
        assert make_top().prepare("a.b", "POST", (), {}).repeatable is False


class TestRefusals:
    def test_an_error_response_is_raised_as_TopError(self, top, gateway):
        gateway.refuses(
            {"code": 50, "msg": "Remote service error", "sub_code": "isv.invalid-parameter", "sub_msg": "非法参数"}
        )

        with pytest.raises(
            TopError, match=r"createorder: code 50: Remote service error: isv\.invalid-parameter"
        ) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request={"a": 1})

        error = caught.value
        assert isinstance(error, requests.HTTPError)
        assert (error.code, error.sub_code, error.request_id, error.status_code) == (
            "50",
            "isv.invalid-parameter",
            "req1",
            200,
        )
        assert error.response.request_id == "req1"
        assert error.comparison() is None

    def test_an_error_response_in_XML_is_raised_likewise(self, top, gateway):
        gateway.answers(
            "<?xml version='1.0' encoding='utf-8' ?><error_response><code>27</code><msg>Invalid session</msg>"
            "<sub_code>invalid-sessionkey</sub_code><request_id>r</request_id></error_response><!--top-->"
        )

        with pytest.raises(TopError) as caught:
            top.a.b(format="xml")

        assert caught.value.session_expired
        assert caught.value.request_id == "r"

    @pytest.mark.parametrize("body", ['{"error_response":"bad"}', '{"error_response":[]}', '{"error_response":null}'])
    def test_an_unreadable_refusal_is_a_CodecError(self, top, gateway, body):
        gateway.answers(body)

        with pytest.raises(CodecError, match=r"^a\.b: the response is a refusal that cannot be read"):
            top.a.b()

    @pytest.mark.parametrize("given", [5, b"x", ["x"]])
    def test_a_session_callable_that_returns_no_text_is_refused_before_sending(self, top, gateway, given):
        with pytest.raises(TypeError, match="session: text was expected, not"):
            top.a.b(session=lambda: given)
        with top.batch() as batch:
            batch.a.b(session=lambda: given)

        assert "session: text was expected, not" in str(batch.answers[0])
        assert not gateway.requests

    def test_a_simplified_response_with_a_member_named_code_is_not_an_error(self, make_top, gateway):
        gateway.answers({"code": 7, "msg": "x", "error_response": "text", "request_id": 5})

        definitions = {"a.b": {"answer": {"code": {"type": "Number"}, "msg": {"type": "String"}}}}
        response = make_top(simplify=True, catalogue=definitions).a.b()

        assert response.data["code"] == 7
        assert response.request_id is None

    @pytest.mark.parametrize(
        ("status", "body", "message"),
        [
            (302, "", "HTTP status 302 .redirects are not followed"),
            (404, "<html>", "HTTP status 404 .this is not a response of the gateway itself"),
            (400, '{"error":"x"}', "HTTP status 400"),
            (502, "<html>", "HTTP status 502"),
        ],
    )
    def test_any_error_status_is_raised(self, top, gateway, status, body, message):
        gateway.answers(body, status=status)

        with pytest.raises(TopError, match=message) as caught:
            top.a.b()

        assert caught.value.status_code == status
        assert len(gateway.requests) == 1

    def test_a_refusal_is_read_whatever_the_status(self, top, gateway):
        gateway.answers({"error_response": {"code": 22}}, status=400)

        with pytest.raises(TopError, match="code 22"):
            top.a.b()


class TestRepetition:
    @pytest.mark.parametrize("method", ["taobao.trades.sold.get", "taobao.item.add"])
    def test_short_bans_are_waited_out(self, top, gateway, waits, method):
        """A ban refuses before anything is done, so any call is repeated."""
        gateway.refuses(BAN)
        gateway.answers(OK)

        assert top[method].post().request_id == "r9"
        assert waits == [3.0]

    def test_long_bans_are_raised(self, top, gateway, waits):
        gateway.refuses(BAN | {"sub_msg": "This ban will last for 31062 more seconds"})

        with pytest.raises(TopError) as caught:
            top.taobao.trades.sold.get()

        assert caught.value.throttled
        assert caught.value.retry_after == 31062
        assert not waits

    @pytest.mark.parametrize(("seconds", "waited"), [(10, [11.0]), (11, [])])
    def test_a_ban_of_up_to_ten_seconds_is_waited_out_plus_one_second(self, make_top, gateway, waits, seconds, waited):
        """The platform rounds the seconds down."""
        gateway.refuses(BAN | {"sub_msg": f"This ban will last for {seconds} more seconds"})
        gateway.answers(OK)
        top = make_top()

        if waited:
            assert top.taobao.item.add().request_id == "r9"
        else:
            with pytest.raises(TopError) as caught:
                top.taobao.item.add()
            assert caught.value.retry_after == seconds
        assert waits == waited

    def test_a_ban_beyond_the_deadline_is_raised_at_once(self, make_top, gateway, waits):
        gateway.refuses(BAN | {"sub_msg": "This ban will last for 4 more seconds"})

        with pytest.raises(TopError) as caught:
            make_top(deadline=5).taobao.item.add()

        assert caught.value.retry_after == 4
        assert not waits
        assert len(gateway.requests) == 1

    def test_each_attempt_has_its_own_time_and_signature(self, make_top, gateway):
        moments = iter([NOON, NOON + 5, NOON + 9])
        top = make_top(clock=lambda: next(moments))
        gateway.refuses(BAN, BAN)
        gateway.answers(OK)

        top.taobao.item.add()

        assert [form["timestamp"][-2:] for form in gateway.forms] == ["00", "05", "09"]
        assert len({form["sign"] for form in gateway.forms}) == 3

    def test_a_read_is_repeated_after_a_fault(self, top, gateway, waits):
        gateway.refuses(FAULT, {"code": 10})
        gateway.answers(OK)

        assert top.taobao.trades.sold.get().request_id == "r9"
        assert waits == [0.5, 1.0]

    def test_a_write_is_not_repeated_after_a_fault(self, top, gateway):
        gateway.refuses(FAULT)

        with pytest.raises(TopError) as caught:
            top.taobao.item.add()

        assert not caught.value.retryable
        assert caught.value.maybe_sent

    def test_a_write_marked_repeatable_is_repeated(self, top, gateway):
        gateway.refuses(FAULT)
        gateway.answers(OK)

        top.taobao.item.add(repeatable=True)

        assert len(gateway.requests) == 2

    def test_a_read_marked_not_repeatable_is_not_repeated(self, top, gateway):
        gateway.refuses(FAULT)

        with pytest.raises(TopError):
            top.taobao.trades.sold.get(repeatable=False)

    @pytest.mark.parametrize("status", [503, 429])
    def test_a_read_is_repeated_after_an_error_status(self, top, gateway, status):
        gateway.answers("<html>", status=status)
        gateway.answers(OK)

        top.taobao.trades.sold.get()

        assert len(gateway.requests) == 2

    @pytest.mark.parametrize(("header", "waited"), [("3", [3.0]), ("soon", [0.5]), ("99999", [])])
    def test_a_short_Retry_After_is_slept_and_a_long_one_raised(self, top, gateway, waits, header, waited):
        gateway.answers("<html>", status=503, headers={"Retry-After": header})
        gateway.answers(OK)

        if waited:
            top.taobao.trades.sold.get()
        else:
            with pytest.raises(TopError) as caught:
                top.taobao.trades.sold.get()
            assert caught.value.retry_after == 99999
        assert waits == waited

    def test_retries_limits_the_attempts(self, top, gateway):
        gateway.refuses(*[FAULT] * 5)

        with pytest.raises(TopError):
            top.taobao.trades.sold.get(retries=1)

        assert len(gateway.requests) == 2

    def test_a_write_that_timed_out_is_not_repeated_and_maybe_sent(self, top, gateway):
        gateway.answers(requests.ReadTimeout())

        with pytest.raises(requests.ReadTimeout, match=r"taobao\.item\.add at gw\.api\.taobao\.com") as caught:
            top.taobao.item.add(session="sess10n")

        assert caught.value.maybe_sent
        assert len(gateway.requests) == 1

    def test_a_read_that_timed_out_is_repeated(self, top, gateway):
        gateway.answers(requests.ReadTimeout(), OK)

        assert top.taobao.trades.sold.get().request_id == "r9"


class TestSession:
    def test_a_callable_returns_the_session_of_each_call(self, make_top, gateway):
        gateway.answers(OK, OK)
        sessions = iter(["one", "two"])
        top = make_top(session=lambda: next(sessions))

        top.a.b()
        top.a.b.post_async().wait()

        assert [form["session"] for form in gateway.forms] == ["one", "two"]

    def test_an_expired_session_is_renewed_and_the_call_replayed_once(self, make_top, gateway):
        class Session:
            renewed = []

            def __call__(self):
                return "old"

            def renew(self, expired):
                self.renewed.append(expired)
                return "new"

        gateway.refuses({"code": 27}, {"code": 27})
        top = make_top(session=Session())

        with pytest.raises(TopError):
            top.taobao.item.add(x=1)

        assert [form["session"] for form in gateway.forms] == ["old", "new"]
        assert Session.renewed == ["old"]

    REFUSAL = {"code": 27, "msg": "Invalid session", "sub_code": "session-expired", "request_id": "rq27"}

    @pytest.mark.parametrize(
        "token",
        [
            {"re_expires_in": 0, "refresh_token": "6202"},  # a real one of 2026
            {"re_expires_in": "0", "refresh_token": "6202"},
            {},  # an app that may not refresh
        ],
        ids=["re_expires_in 0", "as text", "no refresh token"],
    )
    @pytest.mark.parametrize("way", ["call", "promise", "batch"])
    def test_the_refusal_is_not_lost_when_the_session_cannot_be_refreshed(self, make_top, gateway, token, way):
        top = make_top()
        kept = Token.of({"access_token": "6201", "expires_in": 31525571} | token, NOON)
        session = top.oauth.session("a", MemorySessions(), token=kept)
        if way == "batch":
            gateway.answers({"error_response": self.REFUSAL}, url=GATEWAY.replace("rest", "batch"))
            with top.batch() as batch:
                batch.a.b(session=session)
            (error,) = batch.answers
        else:
            gateway.refuses(self.REFUSAL)
            with pytest.raises(TopError) as caught:
                top.a.b(session=session) if way == "call" else top.a.b.post_async(session=session).wait()
            error = caught.value

        assert error.session_expired
        assert (error.code, error.sub_code, error.request_id) == ("27", "session-expired", "rq27")
        assert "authorise again" in str(error)
        assert "6201" not in str(error)
        assert not error.maybe_sent
        refusal = error.__cause__
        assert isinstance(refusal, TopError)
        assert "Invalid session" in str(refusal)
        assert error.response.request_id == refusal.request_id == "rq27"

    @pytest.mark.parametrize("cause", [None, OSError("reset")])
    def test_a_renewal_that_fails_for_another_reason_is_raised(self, make_top, gateway, cause):
        failure = InProgress("another process refreshes")
        failure.__cause__ = cause

        class Session:
            def __call__(self):
                return "old"

            def renew(self, expired):
                raise failure

        gateway.refuses(self.REFUSAL)

        with pytest.raises(InProgress) as caught:
            make_top(session=Session()).a.b()
        assert caught.value is failure
        assert failure.__context__.request_id == "rq27"
        assert failure.__cause__ is (failure.__context__ if cause is None else cause)

    def test_a_refused_refresh_keeps_its_own_code(self, make_top, gateway):
        gateway.refuses(self.REFUSAL)
        gateway.answers({"error": "invalid_grant"}, status=400, url="https://oauth.taobao.com/token")
        top = make_top()
        kept = Token(access_token="6201", refresh_token="6202")

        with pytest.raises(TopError) as caught:
            top.a.b(session=top.oauth.session("a", MemorySessions(), token=kept))
        assert (caught.value.code, caught.value.__cause__.code) == ("invalid_grant", "27")

    def test_the_replay_has_the_rest_of_the_deadline(self, make_top, gateway, monkeypatch):
        now, given, run = [1000.0], [], Pipeline.run
        monkeypatch.setattr("taobao_top.client.time", SimpleNamespace(monotonic=lambda: now[0]))
        monkeypatch.setattr(Pipeline, "run", lambda self, call: given.append(call.deadline) or run(self, call))

        class Session:
            def __call__(self):
                return "old"

            def renew(self, expired):
                now[0] += 25
                return "new"

        gateway.refuses({"code": 27})
        gateway.answers(OK)

        make_top(session=Session(), deadline=40).a.b()

        assert given == [40, 15]

    @pytest.mark.parametrize("code", [27, 22])
    def test_without_renew_or_for_another_code_the_error_is_raised(self, make_top, gateway, code):
        gateway.refuses({"code": code})

        with pytest.raises(TopError):
            make_top(session=lambda: "old").a.b()


class TestSyncGateways:
    """AliExpress and Lazada at ``/sync``."""

    SYNC = "https://api-sg.aliexpress.com/sync"

    def test_a_call_is_signed_with_sha256_and_read_as_any_other(self, make_top, gateway):
        root = "aliexpress_affiliate_link_generate_response"
        gateway.answers({root: {"resp_result": {"resp_code": 200}, "request_id": "r"}}, url=self.SYNC)
        top = make_top(gateway=self.SYNC, sign_method="sha256", session="s1")

        response = top.aliexpress.affiliate.link.generate(
            promotion_link_type=0, source_values="https://a/b", tracking_id="t"
        )

        assert response.data["resp_result"] == {"resp_code": 200}
        form = gateway.form
        assert (form["sign_method"], form["timestamp"]) == ("sha256", str(int(NOON * 1000)))
        assert (form["method"], form["session"]) == ("aliexpress.affiliate.link.generate", "s1")

    @pytest.mark.parametrize(("url", "moved"), [(SYNC, False), (GATEWAY, True)])
    def test_only_another_gateway_says_where_methods_have_moved(self, make_top, gateway, url, moved):
        gateway.answers({"error_response": {"code": 22, "msg": "Invalid method"}}, url=url)

        with pytest.raises(TopError) as caught:
            make_top(gateway=url).aliexpress.affiliate.category.get()
        assert ("have moved" in str(caught.value)) is moved

    def test_a_limit_is_waited_for(self, make_top, gateway, waits):
        limit = {"code": "ApiCallLimit", "type": "ISP", "msg": "This ban will last for 1 more seconds"}
        gateway.answers({"error_response": limit}, {"aliexpress_a_b_response": {"n": 1}}, url=self.SYNC)

        assert make_top(gateway=self.SYNC, sign_method="sha256").aliexpress.a.b().data == {"n": 1}
        assert waits == [2.0]

    def test_an_expired_token_is_renewed(self, make_top, gateway):
        class Session:
            def __call__(self):
                return "old"

            def renew(self, expired):
                return "new"

        refusal = {
            "code": "IllegalAccessToken",
            "type": "ISV",
            "msg": "The specified access token is invalid or expired",
        }
        gateway.answers({"error_response": refusal}, {"aliexpress_a_b_response": {"n": 1}}, url=self.SYNC)

        assert make_top(gateway=self.SYNC, session=Session()).aliexpress.a.b().data == {"n": 1}
        assert [form["session"] for form in gateway.forms] == ["old", "new"]


class TestBusiness:
    @pytest.mark.parametrize("data", [{"is_success": False}, {"result": {"success": False}}, {"success": "false"}])
    def test_raise_for_business_raises_for_a_failure_in_the_response(self, top, gateway, data):
        gateway.answers({"b_response": data | {"response_code": "X1", "request_id": "r"}})

        response = top.a.b()

        with pytest.raises(TopError, match=r"a\.b: the call was carried out.*success = '?false") as caught:
            response.raise_for_business()
        assert caught.value.detail["response_code"] == "X1"
        assert caught.value.request_id == "r"
        assert caught.value.code == ""

    def test_raise_for_business_does_not_raise_for_a_success(self, top, gateway):
        gateway.answers({"b_response": {"is_success": True}})

        assert top.a.b().raise_for_business() is None

    def test_a_response_is_pickled_with_its_data_and_method(self, top, gateway):
        gateway.answers({"b_response": {"is_success": False}})

        response = pickle.loads(pickle.dumps(top.a.b()))

        assert response.data == {"is_success": False}
        with pytest.raises(TopError, match=r"a\.b"):
            response.raise_for_business()

    def test_a_response_without_a_request_can_be_pickled(self):
        response = taobao_top.TopResponse()
        response._content = b""

        assert pickle.loads(pickle.dumps(response)).request.url is None


class TestSixForms:
    FORMS = {
        "attributes": lambda top: top.alibaba.finance.insurance.createorder,
        "chain": lambda top: top.chain("alibaba.finance.insurance.createorder"),
        "items": lambda top: top["alibaba.finance.insurance.createorder"],
    }
    WAYS = {
        "post": lambda chain, **p: chain.post(**p),
        "called": lambda chain, **p: chain(**p),
        "then": lambda chain, **p: chain.post_async(**p).then(lambda response: response).wait(),
        "await": lambda chain, **p: asyncio.run(awaited(chain, p)),
    }

    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_all_six_forms_send_the_same_bytes(self, top, gateway, form, way):
        gateway.answers({"alibaba_finance_insurance_createorder_response": {"is_success": True}})

        response = way(form(top), create_order_request={"order_id": "实例值"})

        assert response.data == {"is_success": True}
        (request,) = gateway.requests
        assert request.url == GATEWAY
        assert request.body == (
            b"method=alibaba.finance.insurance.createorder&app_key=12345678&v=2.0&format=json"
            b"&create_order_request=%7B%22order_id%22%3A%22%E5%AE%9E%E4%BE%8B%E5%80%BC%22%7D"
            b"&timestamp=2026-01-01+12%3A00%3A00&sign_method=hmac-sha256"
            b"&sign=" + TestSixForms.signature.encode()
        )

    signature = "to be computed below"


async def awaited(chain, parameters):
    return await chain.post_async(**parameters)


def _signature():
    import hashlib
    import hmac

    message = (
        "app_key12345678" 'create_order_request{"order_id":"实例值"}' "formatjson"
        "methodalibaba.finance.insurance.createorder" "sign_methodhmac-sha256" "timestamp2026-01-01 12:00:00" "v2.0"
    )  # fmt: skip
    return hmac.new(b"s3cret-app", message.encode(), hashlib.sha256).hexdigest().upper()


TestSixForms.signature = _signature()


class TestExplain:
    @pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
    def test_code_25_is_explained_by_the_signed_text_with_secrets_masked(self, make_top, gateway, method):
        gateway.refuses({"code": 25, "msg": "Invalid signature"})
        top = make_top(sign_method=method, session="sess10n")

        with pytest.raises(TopError, match=r"explain\(\)") as caught:
            top.taobao.top.auth.token.refresh(refresh_token="refre5h", nick="中", unknown=True)

        text = caught.value.explain()
        assert "app_key12345678formatjsonmethodtaobao.top.auth.token.refreshnick中refresh_token***session***" in text
        assert "  nick = 中\n" in text
        for secret in ("s3cret-app", "sess10n", "refre5h"):
            assert secret not in text
            assert secret not in str(caught.value)

    def test_white_space_around_the_secret_is_named(self, make_top, gateway):
        gateway.refuses({"code": 25})

        with pytest.raises(TopError) as caught:
            make_top(sign_method=MD5Signer("s3cret-app\n")).a.b()

        assert "white space" in caught.value.explain()

    def test_the_signed_text_of_a_custom_signer_is_shown(self, make_top, gateway):
        class Remote(Signer):
            def __call__(self, r):
                r.body = r.codec.encode({**r.parameters, "sign": "REMOTE"})
                return r

        gateway.refuses({"code": 25})

        with pytest.raises(TopError) as caught:
            make_top(sign_method=Remote()).a.b()

        assert "\n  app_key12345678formatjsonmethoda.bv2.0\n" in caught.value.explain()

    def test_the_texts_of_an_upload_are_shown_and_its_files_are_not(self, top, gateway):
        gateway.refuses({"code": 25})

        with pytest.raises(TopError) as caught:
            top.a.b(title="t1tle", file=b"c0ntent")

        assert "title = t1tle" in caught.value.explain()
        assert "c0ntent" not in caught.value.explain()

    @pytest.mark.parametrize(
        ("date", "words"),
        [
            ("Thu, 01 Jan 2026 04:20:00 GMT", "1200 seconds slow"),
            ("Thu, 01 Jan 2026 03:40:00 GMT", "1200 seconds fast"),
            ("yesterday", "does not have the gateway's time"),
            (None, "does not have the gateway's time"),
        ],
    )
    def test_code_31_is_explained_by_comparing_the_clocks(self, top, gateway, date, words):
        gateway.answers({"error_response": {"code": 31}}, headers={} if date is None else {"Date": date})

        with pytest.raises(TopError, match=r"10 minutes: \.explain") as caught:
            top.a.b()

        text = caught.value.explain()
        assert "stamped 2026-01-01 12:00:00, Beijing time" in text
        assert words in text
        assert "adjust_clock" in text

    def test_a_custom_timestamp_leaves_no_comparison_of_clocks(self, make_top, gateway):
        gateway.answers({"error_response": {"code": 31}}, headers={"Date": "Thu, 01 Jan 2026 04:20:00 GMT"})

        with pytest.raises(TopError) as caught:
            make_top(sign_method=Remote()).a.b()

        assert "does not have" in caught.value.explain()


class TestClock:
    def test_adjust_clock_corrects_the_timestamps_of_later_calls(self, top, gateway):
        gateway.answers({"time_get_response": {"time": "2026-01-01 12:20:00"}}, OK)

        assert top.adjust_clock() == 1200
        top.a.b()

        assert gateway.forms[0]["method"] == "taobao.time.get"
        assert gateway.forms[1]["timestamp"] == "2026-01-01 12:20:00"

    def test_concurrent_corrections_of_the_clock_do_not_add_up(self, top, gateway):
        late = {"time_get_response": {"time": "2026-01-01 12:20:00"}}
        corrected = []

        def answered(_):
            if not corrected:
                corrected.append(None)
                corrected.append(top.adjust_clock())
            return 200, {}, json.dumps(late)

        gateway.mock.add_callback("POST", GATEWAY, answered)

        assert top.adjust_clock() == 0
        assert corrected[1:] == [1200]
        assert top.clock_offset() == 0

    def test_a_signer_without_a_clock_uses_the_corrected_one(self, make_top, gateway):
        gateway.answers({"time_get_response": {"time": "2026-01-01 12:20:00"}}, OK)
        signer = MD5Signer("s3cret-app")
        top = make_top(sign_method=signer)

        assert top.adjust_clock() == 1200
        top.a.b()

        assert [form["timestamp"] for form in gateway.forms] == ["2026-01-01 12:00:00", "2026-01-01 12:20:00"]
        assert signer.clock is None

    @pytest.mark.parametrize("signer", [MD5Signer("s", clock=lambda: NOON), Remote()])
    def test_a_signer_with_its_own_clock_cannot_be_corrected(self, make_top, gateway, signer):
        with pytest.raises(ConfigurationError, match="clock of its own"):
            make_top(sign_method=signer).adjust_clock()

        assert not gateway.requests

    def test_clock_offset_does_not_correct_the_clock(self, top, gateway):
        gateway.answers({"time_get_response": {"time": "2026-01-01 11:59:00"}}, OK)

        assert top.clock_offset() == -60
        top.a.b()

        assert gateway.forms[1]["timestamp"] == "2026-01-01 12:00:00"

    def test_the_Date_of_a_refusal_corrects_a_clock_that_is_far_off(self, top, gateway):
        gateway.answers({"error_response": {"code": 31}}, headers={"Date": "Thu, 01 Jan 2026 04:20:00 GMT"})

        assert top.adjust_clock() == 1200

    @pytest.mark.parametrize("error", [{"code": 31}, {"code": 29}])
    def test_a_refusal_without_a_time_is_raised(self, top, gateway, error):
        gateway.answers({"error_response": error})

        with pytest.raises(TopError):
            top.adjust_clock()

    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
    def test_timestamps_are_in_Beijing_time_whatever_the_machines_zone(self, zone):
        code = (
            "import time; time.tzset(); from taobao_top import MD5Signer; import requests;"
            f"r = MD5Signer('s', clock=lambda: {NOON})(requests.Request('POST', 'https://h/', data={{'a': '1'}}).prepare());"
            "print(r.body.decode())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
        )

        assert "timestamp=2026-01-01+12%3A00%3A00" in done.stdout


class TestSecrets:
    PLANTED = ("s3cret-app", "sess10n", "13800138000", "refre5h")

    def test_no_log_repr_error_or_pickle_has_a_secret_or_personal_data(self, make_top, gateway, caplog):
        caplog.set_level(logging.DEBUG)
        attempts = []
        top = make_top(session="sess10n", on_attempt=attempts.append)
        gateway.answers(
            OK,
            {"error_response": {"code": 50, "sub_code": "isv.x"}},
            "<html>",
            requests.ConnectionError("url?session=sess10n"),
        )
        shown = []

        def call(**extra):
            try:
                shown.append(repr(top.taobao.item.add(mobile="13800138000", refresh_token="refre5h", **extra)))
            except (ChainableError, requests.RequestException) as error:
                shown.append(f"{error!r} {error} {error.args}")
                if isinstance(error, APIError):
                    shown.append(repr(pickle.dumps(error)))

        call()
        call(file=b"x")
        call(file=b"x")
        call(file=b"x")
        shown += [record.getMessage() for record in caplog.records]
        shown += [repr(value) for value in (top, top.a.b, top._settings, top._settings.signer, *attempts)]
        shown += [repr(top.prepare("a.b", "POST", (), {"mobile": "13800138000"}))]
        text = "\n".join(shown)

        assert len(gateway.requests) == 4
        assert len(attempts) == 4
        for secret in self.PLANTED:
            assert secret not in text

    def test_each_attempt_is_logged_in_one_line(self, top, gateway, caplog):
        caplog.set_level(logging.INFO, logger="taobao_top")
        gateway.answers(OK)

        top.taobao.item.add(title="x")

        (record,) = caplog.records
        assert record.name == "taobao_top"
        assert record.getMessage().startswith(
            "POST taobao.item.add at gw.api.taobao.com: status 200, request id r9, attempt 1, "
        )


def test_one_client_serves_many_threads(make_top):
    top = make_top()

    def answer(request):
        form = dict(part.split("=") for part in request.body.decode().split("&"))
        return 200, {}, f'{{"b_response":{{"x":"{form["x"]}"}}}}'

    with responses.RequestsMock() as mock:
        mock.add_callback("POST", GATEWAY, callback=answer)
        wrong = []

        def work(first):
            wrong.extend(x for x in range(first, first + 20) if top.a.b(x=x).data != {"x": str(x)})

        threads = [threading.Thread(target=work, args=(number * 20,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert not wrong


def test_import_loads_nothing_that_a_call_does_not_need():
    code = "import sys, taobao_top; print([m for m in ('cryptography', 'limits', 'redis', 'defusedxml', 'wechatpay') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_lazy_public_names_can_be_imported():
    assert sorted(taobao_top.__all__) == taobao_top.__all__
    for name in set(taobao_top.__all__) - {"__version__"}:
        assert getattr(taobao_top, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        taobao_top.nothing
    assert HMACMD5Signer.sign_method == "hmac"
    assert issubclass(CodecError, ValueError)
    assert datetime.fromtimestamp(NOON, BEIJING).hour == 12
