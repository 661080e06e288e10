"""``wechatpay act``, and rules of faults from a file."""

from __future__ import annotations

import json
import re

import pytest

from chainable import APIError
from taobao_top import TaobaoTop
from wechatpay import WeChatPay

ORDER = {
    "appid": "wxd678efh567hg6787",
    "mchid": "1900000109",
    "description": "茶",
    "out_trade_no": "act00001",
    "notify_url": "http://127.0.0.1:9/",
    "amount": {"total": 1},
}


def test_an_order_is_paid_by_command(wx, sandbox):
    with sandbox.client() as client:
        client.v3.pay.transactions.native.post(json=ORDER)
    assert "pay" in wx("act", "--sandbox", sandbox.file, "--json").data["actions"]
    assert "confirm_transfer" in wx("act", "--sandbox", sandbox.base_url).out
    result = wx("act", "pay", "number=act00001", "--sandbox", sandbox.file)
    assert (result.code, result.out.splitlines()[0]) == (
        0,
        "pay: Pay an order, or all orders of a combined one; the merchant is notified.",
    )
    assert re.fullmatch(
        r"  out_trade_no=act00001  transaction_id=\d+  state=SUCCESS  total=1", result.out.splitlines()[1]
    )
    with sandbox.client() as client:
        client.v3.pay.transactions.native.post(json=ORDER | {"out_trade_no": "act00002"})
    result = wx("act", "pay", "number=act00002", "--sandbox", sandbox.file, "--json")
    assert (result.code, result.data[0]["state"]) == (0, "SUCCESS")
    assert wx("act", "pay", "number=act00001", "--sandbox", sandbox.file).code == 2
    result = wx("act", "zzzz", "--sandbox", sandbox.file)
    assert result.code == 2
    assert "there is no action 'zzzz'. Without ACTION, all are listed." in result.err
    assert (
        "没有操作 'zzzz'。不带 ACTION 可列出全部操作。"
        in wx("--lang", "zh", "act", "zzzz", "--sandbox", sandbox.file).err
    )
    assert "Did you mean 'pay'?" in wx("act", "pya", "--sandbox", sandbox.file).err
    assert "Did you mean 'confirm_transfer'" in " ".join(
        wx("act", "confirm_transfr", "--sandbox", sandbox.file).err.split()
    )


def test_a_missing_sandbox_is_explained(wx, top):
    expected = "Missing option '--sandbox'. Start a sandbox in another terminal ({} sandbox --write-env sandbox.env)"
    assert expected.format("wechatpay") in wx("act", "pay").err
    assert expected.format("taobao-top") in top("deliveries").err
    assert "请先在另一个终端启动沙箱（wechatpay sandbox --write-env sandbox.env），再加上 --sandbox sandbox.env。" in (
        wx("--lang", "zh", "deliveries").err
    )


def test_what_actions_take_is_listed(wx, top, sandbox, gateway):
    shown = wx("act", "--sandbox", sandbox.file).out
    assert "number: its number" in shown
    assert "[state=SUCCESS]" in shown
    found = wx("act", "--sandbox", sandbox.file, "--json").data
    assert found["takes"]["fault"][0].startswith("kind: which one (error, throttle, ")
    assert found["takes"]["rotate"] == []
    found = top("act", "--sandbox", gateway.file, "--json").data
    assert found["takes"]["pay"] == ["tid: number of the order"]
    assert found["takes"]["add_trades"][1].startswith(
        "[status]: the state of the order (TRADE_NO_CREATE_PAY, WAIT_BUYER_PAY, "
    )
    assert "买家付款" in top("--lang", "zh", "act", "--sandbox", gateway.file).out


def test_faults_by_command(wx, top, sandbox, gateway):
    lost = ("operation=notify TRANSACTION.SUCCESS", "match=out_trade_no=act00001", "times=1")
    result = wx("act", "fault", "kind=lost", *lost, "--sandbox", sandbox.file, "--json")
    assert (result.code, result.data["match"]) == (0, {"out_trade_no": "act00001"})
    assert [fault.kind for fault in sandbox.faults] == ["lost"]
    result = wx("act", "fault", "kind=lots", "--sandbox", sandbox.file)
    assert (result.code, "did you mean 'lost'" in " ".join(result.err.split())) == (2, True)
    result = wx("act", "fault", "kind=error", "operation=POST v3/refund/domestic/refund", "--sandbox", sandbox.file)
    assert (result.code, "did you mean POST v3/refund/domestic/refunds" in " ".join(result.err.split())) == (2, True)
    result = wx("--lang", "zh", "act", "clear_faults", "--sandbox", sandbox.file)
    assert (result.code, result.out) == (0, "clear_faults：移除全部故障。\n")
    assert len(sandbox.faults) == 0
    result = top("act", "fault", "kind=close", "method=taobao.trade.fullinfo.gt", "--sandbox", gateway.file)
    assert (result.code, "did you mean taobao.trade.fullinfo.get" in " ".join(result.err.split())) == (2, True)
    assert top("act", "fault", "kind=error", "code=15", "match=tid=7", "--sandbox", gateway.file).code == 0
    assert [fault.match for fault in gateway.application.faults] == [{"tid": "7"}]
    assert top("act", "clear_faults", "--sandbox", gateway.file).code == 0


def test_a_main_host_that_is_down_comes_up_again(wx, sandbox):
    assert wx("act", "down", "--sandbox", sandbox.file).code == 0
    result = wx("act", "--sandbox", sandbox.base_url)
    assert (result.code, "no sandbox is running at" in result.err) == (3, True)
    assert wx("deliveries", "--sandbox", sandbox.file).code == 0
    assert wx("act", "up", "--sandbox", sandbox.file).code == 0
    assert wx("act", "--sandbox", sandbox.base_url).code == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["pay"], "pay takes number, "),
        (["pay"], ": number is missing"),
        (["pay", "number=1", "amount=2"], "amount is unknown"),
        (["rotate", "number=1"], "rotate takes nothing: number is unknown"),
    ],
)
def test_the_arguments_of_an_action_are_listed(wx, sandbox, given, words):
    result = wx("act", *given, "--sandbox", sandbox.file)
    assert result.code == 2
    assert words in result.err


def test_rules_of_a_file_break_a_sandbox(wx, tmp_path, interrupted, waiting):
    rules, file, codes = tmp_path / "rules.json", tmp_path / "sandbox.env", []
    rules.write_text(json.dumps([{"kind": "error", "code": "NOT_ENOUGH", "operation": "GET v3/cert*", "times": 1}]))

    def used():
        if not waiting():
            return False
        with WeChatPay.from_env(file=file) as client:
            try:
                client.v3.certificates.get()
            except APIError as error:
                codes.append(error.code)
        return True

    interrupted(used)
    result = wx("sandbox", "--faults", rules, "--notify-url", "http://127.0.0.1:9/", "--write-env", file)
    assert (result.code, codes) == (0, ["NOT_ENOUGH"])


def test_rules_of_a_file_break_a_gateway(top, tmp_path, interrupted, waiting):
    rules, file, codes = tmp_path / "rules.json", tmp_path / "sandbox.env", []
    rules.write_text(json.dumps([{"kind": "error", "code": 15, "method": "taobao.time.get"}]))

    def used():
        if not waiting():
            return False
        with TaobaoTop.from_env(file=file, retries=0) as client:
            try:
                client["taobao.time.get"]()
            except APIError as error:
                codes.append(error.code)
        return True

    interrupted(used)
    result = top("sandbox", "--faults", rules, "--write-env", file)
    assert (result.code, codes) == (0, ["15"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Expecting"),
        ('{"kind": "error"}', "a list of objects was expected"),
        ("[1]", "a list of objects was expected"),
        ('[{"kind": "colour"}]', "colour"),
        ('[{"kind": "error", "seconds": "soon"}]', "soon"),
        ('[{"kind": "error", "speed": 1}]', "speed"),
    ],
)
def test_a_file_without_rules_is_named(wx, top, tmp_path, text, words):
    rules = tmp_path / "rules.json"
    rules.write_text(text)
    for run in (wx, top):
        result = run("sandbox", "--faults", rules)
        assert result.code == 2
        assert f"--faults {rules}" in result.err.replace("\n", "")
        assert words in result.err


def test_a_file_without_rules_is_described_in_chinese(wx, top, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text("[1]")
    for run in (wx, top):
        assert "：应为对象列表，且每个对象都有 kind" in run("--lang", "zh", "sandbox", "--faults", rules).err.replace(
            "\n", ""
        )
