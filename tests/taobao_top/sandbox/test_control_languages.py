"""Errors of the controls and of the page, in both languages."""

from __future__ import annotations

import pytest
import requests

from taobao_top.sandbox import Sandbox
from taobao_top.sandbox.control_errors import in_both


@pytest.fixture
def control(sandbox):
    with requests.Session() as http:
        http.trust_env = False

        def ask(verb, path, content=None, **options):
            reply = http.request(verb, f"{sandbox.origin}/_sandbox/{path}", json=content, **options)
            assert reply.headers["Content-Type"] == "application/json"
            return reply.status_code, reply.json()

        yield ask


@pytest.mark.parametrize(
    ("verb", "path", "content", "status", "english", "chinese"),
    [
        ("GET", "nothing", None, 404, "nothing is at GET /_sandbox/nothing", "GET /_sandbox/nothing 不存在"),
        ("GET", "inspector/no", None, 404, "nothing is at GET /_sandbox/inspector/no", "GET /_sandbox/inspector/no 不存在"),
        ("POST", "", {}, 404, "nothing is at POST /_sandbox/", "POST /_sandbox/ 不存在"),
        ("GET", "trades?app_key=1", None, 404, "no app 1", "没有 app_key 为 1 的应用"),
        ("POST", "trades/1", {}, 400, "the seller has no trade 1", "卖家没有订单 1"),
        ("POST", "inspector/trades/1", {"act": "pay"}, 400, "the seller has no trade 1", "卖家没有订单 1"),
        ("POST", "inspector/trades/1", {"act": "steal"}, 404,
         "there is no steal: there are pay, ship, finish, close", "没有操作 steal，可用的操作：pay、ship、finish、close"),
        ("POST", "inspector/sessions/1", {"act": "expire"}, 404, "there is no such session any more", "该授权会话已不存在"),
        ("GET", "inspector/entries/7", None, 404, "request 7 is not kept", "请求 7 的记录不存在，或已被清除"),
        ("GET", "inspector/entries/x", None, 404, "request x is not kept", "请求 x 的记录不存在，或已被清除"),
        ("POST", "bans", {}, 400,
         "bans takes seconds, method, code, sub_code: seconds is missing", "bans 的参数：seconds、method、code、sub_code；缺少 seconds"),
        ("POST", "bans", {"seconds": "x"}, 400, "seconds: a number is expected", "seconds：应为数字"),
        ("POST", "bans", {"seconds": 10**400}, 400, "seconds: a number is expected", "seconds：应为数字"),
        ("POST", "bans", {"seconds": "inf"}, 400,
         "a ban ends at some time", "限流必须有结束时间，seconds 必须是有限的数值"),
        ("POST", "limits", {"calls": -1}, 400, "'calls' must be >= 0: -1", "参数不正确：'calls' must be >= 0: -1"),
        ("POST", "clock", {"seconds": 10**400}, 400, "seconds: a number is expected", "seconds：应为数字"),
        ("POST", "clock", {"days": None}, 400, "days: a number is expected", "days：应为数字"),
        ("POST", "limits", {"calls": 1, "per": 2}, 400,
         "limits takes calls, seconds, ban, method: per is unknown", "limits 的参数：calls、seconds、ban、method；没有参数 per"),
        ("POST", "trades/1", {"tid": 2}, 400, "trades takes nothing: tid is unknown", "trades 的参数：无；没有参数 tid"),
        ("POST", "sessions", {"user_id": "x"}, 400, "user_id: a whole number is expected", "user_id：应为整数"),
        ("POST", "restore", {"snapshot": 3}, 400,
         "snapshot: the text is expected that GET snapshot returned", "snapshot：应为 GET snapshot 返回的文本"),
        ("POST", "spi", {"app": 1, "url": "x"}, 400,
         "spi takes url, method, parameters, form, body, content_type, headers, forged, age, verify, timeout: app is unknown",
         "spi 的参数：url、method、parameters、form、body、content_type、headers、forged、age、verify、timeout；没有参数 app"),
        ("POST", "messages", {}, 400,
         "messages takes topic, content, group, user_id, nick, gzip: topic is missing", "messages 的参数：topic、content、group、user_id、nick、gzip；缺少 topic"),
        ("POST", "codes", {"nobody": 1}, 400,

         "codes takes user_id, nick, redirect_uri: nobody is unknown", "codes 的参数：user_id、nick、redirect_uri；没有参数 nobody"),
        ("POST", "trades", {"self": 1}, 400,
         "trades takes count: self is unknown", "trades 的参数：count；没有参数 self"),
        ("POST", "spi", {"url": "http://127.0.0.1:9/"}, 502,
         "the server called does not answer: ConnectionError", "被调用的服务器没有响应：ConnectionError"),
    ],
)  # fmt: skip
def test_an_error_of_the_controls_has_both_languages(control, verb, path, content, status, english, chinese):
    answered, error = control(verb, path, content)
    assert (answered, error["error"], error["zh"]) == (status, english, chinese)


def test_a_trade_that_is_not_there_is_still_the_platforms_error(control, call):
    _, error = control("POST", "trades/1", {})
    assert (error["code"], error["sub_code"]) == (50, "isv.trade-not-exist")
    assert error["sub_msg"] == error["error"]
    answer = call.refused("taobao.trade.fullinfo.get", session=call.sandbox.account.session, fields="tid", tid="1")
    assert answer["sub_msg"] == "the seller has no trade 1"
    assert "zh" not in answer


def test_a_refused_request_is_answered_as_json(control):
    for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Content-Type": "text/plain"}, 415)):
        answered, error = control("POST", "trades", {"count": 1}, headers=headers)
        assert (answered, sorted(error)) == (status, ["error", "zh"])


def test_a_body_that_is_too_large(control, sandbox):
    usual = sandbox.service.gateway.max_body
    sandbox.service.gateway.max_body = 10
    try:
        answered, error = control("POST", "trades", {"buyer_nick": "somebody"})
    finally:
        sandbox.service.gateway.max_body = usual
    assert (answered, error) == (413, {"error": "the body is larger than 10 bytes", "zh": "请求体超过 10 字节"})


def test_a_replay_in_both_languages(control, call, sandbox, taobao_sandbox_server):
    call.batch({"method": "taobao.time.get"})
    item = sandbox.journal[0].number
    _, error = control("POST", f"inspector/entries/{item}/replay", {})
    assert error["zh"] == "item 类型的记录不能重新发送"
    with Sandbox(beside=taobao_sandbox_server) as newer:
        call.refused("taobao.time.get", app_key="nobody")
        number = newer.journal[-1].number
        with Sandbox(beside=taobao_sandbox_server):
            _, error = control("POST", f"inspector/entries/{number}/replay?app_key={newer.account.app_key}", {})
    assert error["zh"] == "该请求记在另一个应用的日志中，或者记录已被清除"


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (TypeError("'>=' not supported"), "参数不正确：'>=' not supported"),
        (ValueError("half \ud83d"), "参数不正确：half ?"),
        (ValueError(), "参数不正确："),
    ],
)
def test_an_unknown_message_is_kept_behind_its_kind(error, chinese):
    assert in_both(error, "e") == {"error": "e", "zh": chinese}
