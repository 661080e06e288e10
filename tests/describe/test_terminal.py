from io import StringIO

import pytest
from rich.console import Console

from chainable.cli.describe import print_candidates, print_description
from chainable.describe import Candidate
from taobao_top.describe import described as method
from wechatpay.describe import described


@pytest.fixture(autouse=True)
def chinese(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")


def printed(write, shown, width=120):
    console = Console(file=StringIO(), width=width)
    write(shown, console)
    return console.file.getvalue()


def test_an_operation_is_shown_with_everything_known():
    text = printed(print_description, described("POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"))
    for piece in (
        "保险商户JSAPI预签约",
        "POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi",
        "https://pay.weixin.qq.com/doc/v3/merchant/4012528600",
        "请求参数",
        "返回字典",
        "      total *",
        "real_name * 🔒",
        "可选值 ID_CARD",
        "redirect_url",
    ):
        assert piece in text, piece
    for name in ("同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"):
        assert text.count(name) == 1


def test_code_can_be_pasted_from_the_terminal():
    found = described("GET v3/pay/transactions/id/{transaction_id}")
    text = printed(print_description, found, width=60)
    lines = [line.rstrip() for line in text.splitlines()]
    code = found.forms[0].code.rstrip().splitlines()
    start = lines.index(code[0])
    assert lines[start : start + len(code)] == code


def test_samples_and_facts_are_shown():
    text = printed(print_description, method("alibaba.finance.insurance.createorder"))
    assert "类目 场景金融保险" in text
    assert "<alibaba_finance_insurance_createorder_response>" in text


def test_candidates_are_shown_one_to_a_line():
    text = printed(print_candidates, [Candidate("k", "标题", "POST v3/x"), Candidate("l", "另一个", "GET v3/y")])
    assert [line.split() for line in text.splitlines()] == [["标题", "POST", "v3/x"], ["另一个", "GET", "v3/y"]]


def test_labels_are_english_for_an_english_terminal(monkeypatch):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    text = printed(print_description, described("POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"))
    for piece in ("request parameters", "type", "description", "one of ID_CARD", "response dict", "sync, chain()"):
        assert piece in text, piece
    for piece in ("请求参数", "可选值", "返回字典", "同步纯链式"):
        assert piece not in text, piece
    text = printed(print_description, method("alibaba.finance.insurance.createorder"))
    assert "category 场景金融保险" in text
    assert "response, JSON" in text
