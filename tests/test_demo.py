"""The demo: what a newcomer runs first, right and wrong."""

from __future__ import annotations

import taobao_top.demo
import wechatpay.demo
import wechatpay.sandbox
from chainable.demo import FORMS, ReceivedRequest, Show, six_forms
from chainable.errors import APIError
from chainable.i18n import Words, translate


class Answer:
    status_code = 200
    data = {"text": "x" * 1000}


def test_the_main_job_of_wechat_pay_is_done_in_six_forms():
    lines: list[str] = []

    assert wechatpay.demo.main(lines.append) == 0
    text = "\n".join(lines)
    for form in FORMS:
        assert text.count(f"\n  {form}  ") == 2
    assert text.count("signature verified") == 13
    assert "decrypted" in text
    assert "张三', …" in text
    assert "11010119900101001X" not in text


def test_the_main_job_of_top_is_done_in_six_forms():
    lines: list[str] = []

    assert taobao_top.demo.main(lines.append) == 0
    text = "\n".join(lines)
    for form in FORMS:
        assert f"\n  {form}  " in text
    for name in ("同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"):
        assert any(translate(line, "zh").startswith(f"  {name}  ") for line in lines)
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


def chinese(lines):
    return "\n".join(translate(line, "zh") for line in lines)


def test_the_lines_are_in_chinese_too():
    lines: list[str] = []

    assert wechatpay.demo.main(lines.append) == 0
    text = chinese(lines)
    for words in (
        "微信支付沙箱：http",
        "创建保险订单  POST v3/",
        "查询保险订单  GET v3/",
        "保险商户JSAPI预签约  POST v3/",
        "按商户单号",
        "请求体 0 字节",
        "验签通过；已解密 ",
        "应答      200",
        "✓ 13 次调用，验签全部通过，应答均符合预期",
    ):
        assert words in text
    for words in ("signature verified", "bytes of body", "calls"):
        assert words not in text
    assert "Query the insurance order  GET" in "\n".join(lines)


def test_the_lines_of_top_are_in_chinese_too():
    lines: list[str] = []

    assert taobao_top.demo.main(lines.append) == 0
    text = chinese(lines)
    for words in ("TOP 沙箱：http", "机构投保创单", "平台拒绝：code 50", "✓ 7 次调用"):
        assert words in text


def test_an_unexpected_result_is_in_chinese_too():
    def broken():
        raise ValueError("no")

    lines: list[str] = []
    show = Show(lines.append, lambda: ReceivedRequest("POST /", 0, verified=False, note=Words("a", "甲")))
    show.call("a", "b", broken)

    assert show.end() == 1
    text = chinese(lines)
    for words in ("验签未通过；甲", "ValueError：no", "✗ 结果与预期不符", "✗ 1 次调用中有 1 次结果与预期不符"):
        assert words in text


def test_a_refusal_has_its_code_in_the_note():
    with wechatpay.sandbox.Sandbox() as sandbox, sandbox.client() as client:
        lines: list[str] = []
        show = Show(lines.append, lambda: wechatpay.demo._arrival(sandbox))
        show.call("a", "b", lambda: client.v3.pay.transactions.jsapi.post(json={}), refused=APIError)

        assert show.end() == 0
    assert "验签通过；PARAM_ERROR：" in chinese(lines)
