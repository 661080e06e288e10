from io import StringIO

import pytest
from rich.console import Console

from chainable.cli.describe import print_candidates, print_description
from chainable.describe import Candidate, Description, Label, Row, Table
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


def test_notifications_are_shown_and_with_everything_the_error_codes():
    native = described("POST v3/pay/transactions/native")
    text = printed(print_description, native)
    assert "TRANSACTION.SUCCESS  支付成功" in text
    assert "OUT_TRADE_NO_USED" in text
    assert "不存在：请检查" not in text
    assert "频繁：放慢后用原单号" in text
    short = printed(lambda found, console: print_description(found, console, whole=False), native)
    assert "TRANSACTION.SUCCESS  支付成功" in short
    assert "OUT_TRADE_NO_USED" not in short
    event = printed(print_description, described("event v3 HIRE_POWER_BANK.RECEIVE_INSURANCE"))
    assert "POST v3/hire-power-bank/insurance-orders  创建保险订单" in event
    assert "错误码" not in event


def test_candidates_are_shown_one_to_a_line():
    text = printed(print_candidates, [Candidate("k", "标题", "POST v3/x"), Candidate("l", "另一个", "GET v3/y")])
    assert [line.split() for line in text.splitlines()] == [["标题", "POST", "v3/x"], ["另一个", "GET", "v3/y"]]


def short(shown, console):
    print_description(shown, console, whole=False)


def test_of_an_operation_the_shortest_call_is_shown_and_the_others_on_demand():
    found = described("POST v3/pay/transactions/native")
    text = printed(short, found)
    assert text.count("最简调用（仅必填参数）") == 1
    assert "'mchid': client.mchid,\n" in text
    assert "'attach'" not in text
    for name in ("同步纯链式", "同步声明式", "异步纯链式"):
        assert name not in text
    assert text.rstrip().endswith("加 --all 查看含全部参数的 6 种写法、全部可选值、错误码、另外 1 个官方页面")
    everything = printed(print_description, found)
    assert "加 --all" not in everything
    assert "最简调用" not in everything


def test_a_description_begins_with_the_call_and_the_required_parameters():
    lines = printed(short, described("POST v3/pay/transactions/native")).splitlines()
    names = [line.split()[1] for line in lines if line.startswith("│")]
    assert names.index("notify_url") < names.index("attach")
    assert names.index("total") < names.index("currency") < names.index("notify_url")
    assert "Wechatpay-Serial" not in names
    assert next(at for at, line in enumerate(lines) if "client.v3.pay" in line) < 10


def test_what_the_client_fills_in_is_left_out_of_a_short_description():
    text = printed(short, method("taobao.trades.sold.get"))
    assert "sign_method" not in text
    assert text.index("请求参数") < text.index("公共参数")
    assert "response_trade" not in text
    assert "应答 XML" not in text
    assert "fields='<fields>',\n)" in text


def test_objects_whose_members_are_all_filled_in_are_left_out():
    rows = (Row(name="headers", type="object"), Row(name="serial", type="string", depth=1, filled=True))
    assert "headers" not in printed(short, Description(key="k", title="t", name="n", tables=(Table("x", rows),)))


def test_further_official_pages_are_mentioned():
    found = Description(key="k", title="t", name="n", links=("https://a.cn/1", "https://a.cn/2", "https://a.cn/3"))
    text = printed(short, found)
    assert "https://a.cn/2" not in text
    assert text.rstrip().endswith("加 --all 查看另外 2 个官方页面")


def test_long_lists_of_values_are_cut_unless_all_are_asked_for(monkeypatch):
    row = Row(name="bank", type="string", enum=tuple(f"B{number}" for number in range(30)))
    short = Row(name="way", type="string", enum=("a", "b"))
    found = Description(key="k", title="t", name="n", tables=(Table("x", (row, short)),))
    text = printed(lambda shown, console: print_description(shown, console, whole=False), found)
    assert "B7 …（共 30 个）" in text
    assert "B8" not in text
    assert "a | b" in text
    assert text.rstrip().endswith("加 --all 查看全部可选值")
    assert "B29" in printed(print_description, found)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    text = printed(lambda shown, console: print_description(shown, console, whole=False), found)
    assert "B7 … (30 in all)" in text
    assert "--all shows all values" in text
    few = Description(key="k", title="t", name="n", tables=(Table("x", (short,)),))
    assert "--all" not in printed(lambda shown, console: print_description(shown, console, whole=False), few)


def test_the_steps_of_a_notification_are_shown_always():
    found = described("event v3 TRANSACTION.SUCCESS")
    text = printed(lambda shown, console: print_description(shown, console, whole=False), found)
    assert "验签并解密" in text
    assert "只处理一次" in text


def test_meanings_are_in_the_language_of_the_command(monkeypatch):
    found = described("POST v3/pay/transactions/native")
    assert "Merchant number" not in printed(print_description, found)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    text = printed(print_description, found)
    assert "Merchant number" in text
    assert "商户号；" not in text


def test_a_list_that_is_cut_says_so_and_names_are_whole():
    found = [
        Candidate("k", "标题", f"POST v3/{number}/{'x' * 60}", 0, Label("退款", "refunds")) for number in range(12)
    ]
    text = printed(lambda shown, console: print_candidates(shown, console, limit=10), found, width=60)
    assert "共 12 个，以上为前 10 个；加 --all 查看全部" in text
    assert "…" not in text
    assert text.count("退款") == 10
    text = printed(print_candidates, found)
    assert "--all" not in text
    assert text.count("标题") == 12
    assert "--all" not in printed(lambda shown, console: print_candidates(shown, console, limit=12), found)


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
