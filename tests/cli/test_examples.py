"""Every help page has examples, and every example runs as it stands, against the sandboxes."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from rich.cells import cell_len

from chainable.cli.help_formatter import wrap_command
from chainable.errors import SignatureError
from tests.cli.test_common_options import walk
from tests.cli.test_guide import Line, folder  # noqa: F401 (a fixture)

ORDER = {
    "appid": "wxd678efh567hg6787",
    "mchid": "1900000109",
    "description": "茶",
    "out_trade_no": "order-1",
    "notify_url": "http://127.0.0.1:9/",
    "amount": {"total": 1},
}
ENDLESS = {"sandbox", "listen"}


def commands():
    from taobao_top.cli.program import program as top
    from wechatpay.cli.program import program as wx

    return [command for program in (wx, top) for command in walk(program)]


def examples():
    return sorted({example for command in commands() for example in command.examples})


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_every_help_page_has_examples(command):
    assert command.examples
    for example in command.examples:
        assert re.match(r"(echo \S+ \| |eval \"\$\()?(wechatpay|taobao-top) ", example)


@pytest.mark.parametrize("example", examples())
def test_an_example_runs(example, folder, wx, top, sandbox, gateway, consumer, receiver, interrupted, waiting, port):  # noqa: F811
    client = sandbox.client()
    client.v3.pay.transactions.native.post(json=ORDER)

    def judge(headers, body):
        try:
            client.notifications.parse(headers, body)
        except SignatureError:
            return 401
        return 204

    receiver.judge = None if "--state" in example else judge  # the account of a temporary sandbox has other keys
    Path("order.json").write_text(json.dumps(ORDER | {"out_trade_no": "order-2"}))
    sandbox.write_env("sandbox.env", force=True)
    if example.startswith("eval") or " | source" in example:
        example = example.removeprefix('eval "$(').removesuffix(')"').removesuffix(" | source")
    if "bill" in example or "reconcile" in example:
        Path("orders.csv").write_text("out_trade_no,total\norder-1,1\n")
        Path("orders.jsonl").write_text('{"out_trade_no": "order-1", "amount": {"total": 1}}\n')
        sandbox.clock.advance(days=-2)
        sandbox.pay("order-1")
        day = sandbox.context.day()
        sandbox.clock.advance(days=2)
        url = client.v3.bill.tradebill.get(params={"bill_date": day}).data["download_url"]
        example = example.replace("URL", shlex.quote(url))
        if example.endswith(" bill.csv") or "reconcile bill.csv" in example:
            client.download(url, "bill.csv")
    if "taobao-top deliveries" in example:
        gateway.messages.publish("a_b_C", group="another")
    if "restore" in example:
        Path("before.state").write_bytes((gateway if example.startswith("taobao") else sandbox).snapshot())
    line = Line(example, receiver, sandbox, gateway, port)
    if "taobao-top trigger" in example:
        receiver.judge, receiver.status = None, 401 if "--forgery" in example else 200
    if line.arguments[0] in ENDLESS:
        interrupted(waiting)
        line.arguments = [
            f"another-{word}" if word.endswith(".env") and "--write-env" in line.arguments else word
            for word in line.arguments
        ]
    result = {"wechatpay": wx, "taobao-top": top}[line.name](*line.arguments, text=line.input)
    assert result.code == 0, (example, result.out, result.err)


@pytest.mark.parametrize("columns", ["40", "80"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_examples_of_a_page_can_be_pasted(wx, monkeypatch, columns, language):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((int(columns), 24)))
    page = wx("trigger", "--help", "--lang", language).out
    shown = page.partition({"en": "Examples:\n", "zh": "示例：\n"}[language])[2]
    from wechatpay.cli.deliveries import trigger

    assert [shlex.split(line) for line in shown.replace("\\\n", "").splitlines()] == [
        shlex.split(each) for each in trigger.examples
    ]


def test_a_long_command_is_wrapped_between_its_words():
    assert wrap_command("a bb ccc", 80) == ["a bb ccc"]
    rows = wrap_command("wechatpay describe 商家转账 --env sandbox.env", 30)
    assert rows == ["wechatpay describe 商家转账 \\", "    --env sandbox.env"]
    assert all(cell_len(row) <= 30 for row in rows)
    assert wrap_command("x" * 50 + " y", 20) == ["x" * 50 + " \\", "    y"]
