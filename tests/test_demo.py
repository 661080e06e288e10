"""The demo: what a newcomer runs first, right and wrong."""

from __future__ import annotations

import taobao_top.demo
import wechatpay.demo
import wechatpay.sandbox
from chainable.demo import FORMS, ReceivedRequest, Show, six_forms


class Answer:
    status_code = 200
    data = {"text": "x" * 1000}


def test_the_main_job_of_wechat_pay_is_done_in_six_forms():
    lines: list[str] = []

    assert wechatpay.demo.main(lines.append) == 0
    text = "\n".join(lines)
    for form in FORMS:
        assert text.count(form) == 2
    assert text.count("signature verified") == 13
    assert "decrypted" in text
    assert "张三', …" in text
    assert "11010119900101001X" not in text


def test_the_main_job_of_top_is_done_in_six_forms():
    lines: list[str] = []

    assert taobao_top.demo.main(lines.append) == 0
    text = "\n".join(lines)
    for form in FORMS:
        assert form in text
    assert text.count("signature verified") == 7
    assert "isv.invalid-parameter" in text


def shown(work, arrival, refused=None):
    lines: list[str] = []
    show = Show(lines.append, lambda: arrival)
    show.call("a", "b", work, refused=refused)
    return show.end(), "\n".join(lines)


def test_a_call_that_fails_makes_the_demo_fail():
    def broken():
        raise ValueError("no")

    code, text = shown(broken, ReceivedRequest("POST /", 0, verified=True))

    assert code == 1
    assert "ValueError: no" in text
    assert "1 of 1 calls had an unexpected result" in text


def test_an_answer_where_a_refusal_was_expected_fails():
    assert shown(Answer, ReceivedRequest("POST /", 0, verified=True), refused=ValueError)[0] == 1


def test_what_the_gateway_did_not_verify_fails():
    code, text = shown(Answer, ReceivedRequest("POST /", 0, verified=False, note="SIGN_ERROR"))

    assert code == 1
    assert "NOT VERIFIED; SIGN_ERROR" in text
    assert "…" in text


def test_the_gateways_refusal_is_shown():
    with wechatpay.sandbox.Sandbox() as sandbox, sandbox.client() as client:
        client.v3.hire_power_bank.insurance_orders.post_async(json={}).catch(lambda error: None).wait()

        assert "PARAM_ERROR" in wechatpay.demo._arrival(sandbox).note
    assert len(six_forms([("c", client)] * 3, "post", "", {})) == 6
