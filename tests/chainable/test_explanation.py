"""Errors in plain words, in both languages: what happened, what to do, what may have been sent."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys

import pytest
import requests

import chainable
from chainable import explanation
from chainable.errors import (
    APIError,
    ChainableError,
    ClaimError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    PathError,
    SignatureError,
    UnknownKeyError,
)
from chainable.explanation import explain
from chainable.i18n import Words
from chainable.response import Response

CHINESE = re.compile(r"[\u3400-\u9fff]")
NOT_SENT, MAYBE_SENT = explanation._NOT_SENT, explanation._MAYBE_SENT


def network(kind, **attributes):
    error = kind("broken")
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


class TestLanguages:
    @pytest.mark.parametrize(
        ("variables", "chinese"),
        [
            ({}, False),
            ({"LANG": "zh_CN.UTF-8"}, True),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
            ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, True),
        ],
    )
    def test_the_environment_decides(self, monkeypatch, variables, chinese):
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        text = PathError("wrong").explain()

        assert bool(CHINESE.search(text)) is chinese
        assert CHINESE.search(text.zh)

    def test_it_can_be_told(self, monkeypatch):
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        error = PathError("wrong")

        assert (
            error.explain("en")
            == "The path of this call is wrong, and nothing was sent: correct it as the details say.\nDetails: wrong"
        )
        assert (
            error.explain("zh")
            == error.explain(lang="en").zh
            == "调用路径有误，请求没有发出：请按下面的详情修改。\n详情：wrong"
        )
        with pytest.raises(ValueError, match="lang: 'en' or 'zh' was expected, not 'fr'"):
            error.explain("fr")

    @pytest.mark.parametrize("name", [name for name, value in vars(explanation).items() if isinstance(value, Words)])
    def test_each_text_has_both_languages(self, name):
        text = vars(explanation)[name]

        assert CHINESE.search(text.zh)
        assert not CHINESE.search(text)

    def test_each_text_of_a_table_has_both_languages(self):
        tables = (*explanation._KINDS, *explanation._NETWORK, *explanation._SIGNATURES.items())
        for _, text in tables:
            assert isinstance(text, Words)
            assert CHINESE.search(text.zh)
            assert not CHINESE.search(text)

    def test_it_needs_no_command_line(self):
        code = (
            "import sys, chainable; chainable.explain(ValueError('x'), 'zh');"
            "assert not {'click', 'rich', 'chainable.cli'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestKinds:
    @pytest.mark.parametrize(
        ("error", "english", "chinese"),
        [
            (PathError("x"), "The path of this call is wrong", "调用路径有误"),
            (ConfigurationError("x"), "a setting of the client is wrong", "配置有误"),
            (UnknownKeyError("x"), "no key of this serial", "没有该序列号"),
            (CodecError("x"), "cannot be written", "无法按平台的格式写出"),
            (DecryptionError("x"), "made for another key", "另一把密钥"),
            (InProgress("x"), "do not acknowledge it", "不要应答成功"),
            (ClaimError("x"), "was not recorded", "没有记录成功"),
            (TypeError("x"), "in a way that does not exist", "调用写法有误"),
            (AttributeError("x"), "This name does not exist", "没有这个名称"),
            (ChainableError("x"), "Another error", "其他错误"),
            (ValueError("x"), "Another error", "其他错误"),
        ],
    )
    def test_what_happened_is_said_before_the_details(self, error, english, chinese):
        text = chainable.explain(error, "en")

        assert english in text.splitlines()[0]
        assert chinese in text.zh.splitlines()[0]
        assert (text.splitlines()[-1], text.zh.splitlines()[-1]) == ("Details: x", "详情：x")

    def test_an_error_without_a_message_has_its_name(self):
        assert explain(KeyboardInterrupt(), "en").endswith("Details: KeyboardInterrupt")

    def test_a_body_that_cannot_be_read_may_have_been_sent(self):
        error = CodecError("x")
        error.maybe_sent = True

        assert MAYBE_SENT in explain(error, "en")
        assert MAYBE_SENT.zh in explain(error, "zh")

    def test_a_setting_is_named_in_both_languages(self):
        error = ConfigurationError("timeout: seconds were expected", reason="not_seconds", setting="timeout")

        assert explain(error, "en") == "timeout: seconds were expected"
        assert explain(error, "zh") == "timeout：应为正的秒数"
        assert explain(pickle.loads(pickle.dumps(error)), "zh") == "timeout：应为正的秒数"


class TestSignatures:
    @pytest.mark.parametrize("reason", [*explanation._SIGNATURES, "of the future"])
    def test_each_reason(self, reason):
        inbound, outbound = (
            SignatureError("no", reason=reason),
            SignatureError("no", reason=reason, response=Response()),
        )

        assert explain(inbound, "en").splitlines()[1] == "Details: no"
        assert explain(outbound, "en").splitlines()[1] == MAYBE_SENT
        assert explain(outbound, "zh").splitlines()[1] == MAYBE_SENT.zh
        assert CHINESE.search(explain(inbound, "zh").splitlines()[0])


class TestNetwork:
    @pytest.mark.parametrize(
        ("error", "english", "chinese"),
        [
            (network(requests.exceptions.ProxyError), "proxy did not connect", "代理没有连通"),
            (network(requests.exceptions.SSLError), "(TLS) failed", "TLS"),
            (network(requests.exceptions.SSLError, bad_certificate=True), "not trusted", "不受信任"),
            (network(requests.ConnectTimeout), "could not be reached in time", "连接超时"),
            (network(requests.ReadTimeout), "No response arrived", "等待应答超时"),
            (network(requests.Timeout, deadline_passed=True), "deadline of the call passed", "总时限"),
            (network(requests.ConnectionError), "failed or was closed", "连接失败"),
            (network(requests.exceptions.ChunkedEncodingError), "did not arrive whole", "没有完整收到"),
        ],
    )
    def test_each_kind(self, error, english, chinese):
        text = explain(error, "en")

        assert english in text.splitlines()[0]
        assert chinese in text.zh.splitlines()[0]
        assert text.splitlines()[1:] == [MAYBE_SENT, "Details: broken"]

    def test_whether_it_was_sent(self):
        assert NOT_SENT in explain(network(requests.ConnectTimeout, maybe_sent=False), "en")
        assert MAYBE_SENT in explain(network(requests.ConnectTimeout, maybe_sent=True), "en")


class TestRefusals:
    def test_the_status_is_that_of_the_response(self):
        response = requests.Response()
        response.status_code = 403
        error = APIError("gone", code="7", response=response)

        assert error.status_code == 403
        assert "refused the call: 7, HTTP 403" in explain(error)
        assert "平台拒绝了这次调用：7，HTTP 403" in explain(error, "zh")

    def test_a_refusal_without_a_response_has_no_status(self):
        error = APIError("gone", code="7")

        assert error.status_code is None
        assert "refused the call: 7" in explain(error)
        assert "HTTP" not in explain(error)
        assert "HTTP" not in explain(error, "zh")

    def test_an_unknown_code(self):
        error = APIError("a.b: X; sentence", code="X", status_code=400, sentence="错了", request_id="r-1")

        assert error.explain("en").splitlines() == [
            "The platform refused the call: X, HTTP 400: 错了",
            explanation._UNKNOWN_CODE,
            "For the platform's support: request id r-1",
        ]
        assert error.explain("zh").splitlines() == [
            "平台拒绝了这次调用：X，HTTP 400：错了",
            explanation._UNKNOWN_CODE.zh,
            "联系平台客服请提供请求号：r-1",
        ]

    def test_what_to_do(self):
        advice = Words("slow down", "放慢")
        error = APIError("x", code="B", status_code=429, retryable=True, advice=advice)

        assert error.explain("zh").splitlines() == [
            "平台拒绝了这次调用：B，HTTP 429",
            "放慢。",
            explanation._RETRYABLE.zh,
        ]
        assert "\nSlow down.\n" in error.explain("en")
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert again.explain("zh") == error.explain("zh")
        assert APIError("x", code="B", retryable=True).explain("en").splitlines()[1:] == [explanation._RETRYABLE]

    def test_an_outcome_that_is_unknown(self):
        assert explanation._PENDING in APIError("x", code="P", status_code=202, pending=True).explain("en")
        assert MAYBE_SENT in APIError("x", code="E", status_code=500).explain("en")
        assert MAYBE_SENT not in APIError("x", code="E", status_code=500, maybe_sent=False).explain("en")
        assert MAYBE_SENT not in APIError("x", code="E", status_code=403).explain("en")

    def test_a_signature_is_compared(self):
        error = APIError(
            "x", code="S", status_code=401, advice="look below", explain=lambda: Words("line 2", "第 2 行")
        )

        assert error.explain("en").splitlines() == ["The platform refused the call: S, HTTP 401", "line 2"]
        assert error.explain("zh").splitlines()[-1] == "第 2 行"

    def test_a_message_in_both_languages_says_it_all(self):
        error = APIError(Words("a.b: code 7", "a.b：错误码 7"), code="7", retryable=True)

        assert error.explain("zh").splitlines() == ["a.b：错误码 7", explanation._RETRYABLE.zh]
