"""``taobao-top act``, ``trigger``, ``deliveries``, ``listen``."""

from __future__ import annotations

import json

import pytest

from taobao_top.cli.control_client import ControlClient
from taobao_top.cli.deliveries import trigger
from taobao_top.sandbox.actions import ACTIONS


def test_orders_are_added_paid_and_confirmed_by_command(top, gateway):
    (tid,) = top("act", "add_trades", "payment=9.90", "--sandbox", gateway.file, "--json").data
    assert (
        top("act", "pay", f"tid={tid}", "--sandbox", gateway.file, "--json").data["status"] == "WAIT_SELLER_SEND_GOODS"
    )
    changed = top("act", "change", f"tid={tid}", "buyer_nick=b", "--sandbox", gateway.file, "--json").data
    assert (changed["buyer_nick"], changed["status"]) == ("b", "WAIT_SELLER_SEND_GOODS")
    assert top("act", "confirm", f"tid={tid}", "--sandbox", gateway.file, "--json").data["status"] == "TRADE_FINISHED"
    assert top("act", "close", f"tid={tid}", "--sandbox", gateway.file, "--json").data["status"] == "TRADE_CLOSED"
    found = top("act", "list_trades", "--sandbox", gateway.file, "--json").data
    assert [each["payment"] for each in found if each["tid"] == tid] == [9.9]


def test_the_platform_bans_and_time_passes(top, gateway):
    def refused():
        return top("request", "taobao.time.get", "--env", gateway.file).code

    assert refused() == 0
    assert top("act", "ban", "seconds=60", "--sandbox", gateway.file).code == 0
    assert refused() == 1
    assert top("act", "unban", "--sandbox", gateway.file).code == 0
    assert refused() == 0
    ahead = top("act", "advance", "seconds=60", "--sandbox", gateway.file, "--json").data["ahead"]
    assert top("act", "advance", "seconds=-60", "--sandbox", gateway.file, "--json").data["ahead"] == ahead - 60
    assert top("act", "rotate", "--sandbox", gateway.file, "--json").data["version"] >= 2
    assert top("act", "drop", "hard=true", "--sandbox", gateway.file, "--json").data == {"dropped": 0}
    assert top("act", "limit", "calls=1000", "--sandbox", gateway.file).code == 0
    assert top("act", "unban", "--sandbox", gateway.file).code == 0
    assert top("act", "authorize", "nick=n", "--sandbox", gateway.file, "--json").data["taobao_user_nick"] == "n"
    assert top("act", "code", "--sandbox", gateway.file, "--json").data["code"]


def test_the_actions_are_listed_in_both_languages(top, gateway):
    result = top("act", "--sandbox", gateway.file)
    assert result.code == 0
    for name in ACTIONS:
        assert name in result.out
    assert "the buyer pays" in result.out
    assert "tid: number of the order" in result.out
    assert "买家付款" in top("act", "--sandbox", gateway.origin, "--lang", "zh").out
    assert top("act", "--sandbox", gateway.file, "--json").data["actions"] == list(ACTIONS)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["act", "payy"], "there is no action 'payy'. Did you mean 'pay'?"),
        (["act", "pay"], "pay: values are missing: tid=…"),
        (["act", "pay", "tid=1"], "response of the sandbox: the seller has no trade 1"),
        (["act", "ban", "seconds=x"], "response of the sandbox: "),
        (["deliveries", "1"], "no message 1"),
        (["deliveries", "1", "--redeliver"], "response of the sandbox: no message 1"),
        (["deliveries", "--redeliver"], "--redeliver: give the ID of a message"),
        (["trigger", "taobao.a.b"], "--to is missing: the URL of your SPI"),
        (["trigger", "a_b_C", "--forgery"], "--to is missing"),
        (["trigger", "taobao.a.b", "--to", "spi"], "--to spi: a URL was expected"),
        (["listen", "--to", "here"], "--to here: a URL was expected"),
        (["trigger", "taobao_trade_TradeBuyerPai"], "not a known topic; did you mean 'taobao_trade_TradeBuyerPay'"),
        (["trigger", "taobao_trade_TradeBuyerPai"], "--any-topic"),
        (["trigger", "Taobao_Trad_TradeBuyerPay"], "not a known topic; did you mean 'taobao_trade_TradeBuyerPay'"),
        (["trigger", "taobao_trade_Qqq"], "taobao_trade has no known topic of this name"),
        (["act", "publish", "topic=taobao_trade_TradePaid"], "did you mean"),
    ],
)
def test_wrong_use_says_what_is_wrong(top, gateway, line, words):
    result = top(*line, "--sandbox", gateway.file)
    assert result.code == 2
    assert words in result.err.replace("\n", " ")


def test_a_place_without_a_sandbox_is_named(top, tmp_path):
    empty = tmp_path / "a.env"
    empty.write_text("TAOBAO_TOP_APP_KEY=1\n")
    assert "TAOBAO_TOP_GATEWAY is missing" in top("deliveries", "--sandbox", empty).err
    assert "neither a URL" in top("deliveries", "--sandbox", tmp_path / "none").err
    result = top("act", "--sandbox", "http://127.0.0.1:9/")
    assert (result.code, "no sandbox is running at" in result.err) == (3, True)


def test_a_client_of_no_gateway_reads_no_settings():
    with pytest.raises(NotImplementedError):
        super(ControlClient, ControlClient).hosts(None)


@pytest.mark.usefixtures("consumer")
def test_a_message_is_confirmed_by_a_consumer(top, gateway):
    result = top("trigger", "taobao_trade_TradeBuyerPay", "-d", "tid=7", "-d", "buyer=张", "--sandbox", gateway.file)
    assert result.code == 0
    assert '{"tid": 7, "buyer": "张"}' in result.out
    data = top("trigger", "taobao_trade_TradeBuyerPay", "--sandbox", gateway.file, "--json").data
    assert (data["state"], data["deliveries"], data["content"]) == ("confirmed", 1, "{}")
    again = top("deliveries", data["id"], "--redeliver", "--sandbox", gateway.file, "--json").data
    assert again["id"] == data["id"]


def test_a_topic_that_is_not_known_goes_with_an_option(top, gateway):
    for topic in ("taobao_trade_TradePaid", "my_shop_Opened", "orders"):
        result = top("trigger", topic, "--any-topic", "--wait", "0", "--sandbox", gateway.file, "--json")
        assert (result.code, result.data["topic"]) == (1, topic)
    assert top("act", "publish", "topic=my_shop_Opened", "--sandbox", gateway.file).code == 0
    assert "是否要写 'taobao_trade_TradeCreate'" in top(
        "trigger", "taobao_trade_tradeCreate", "--sandbox", gateway.file, "--lang", "zh"
    ).err.replace("\n", "")


def test_topics_are_completed():
    parameter = next(each for each in trigger.params if each.name == "name")
    found = [
        each.value
        for each in parameter.shell_complete(
            trigger.make_context("trigger", [], resilient_parsing=True), "taobao_trade_TradeBuyer"
        )
    ]
    assert found == ["taobao_trade_TradeBuyerPay", "taobao_trade_TradeBuyerPaySubOut", "taobao_trade_TradeBuyerStepPay"]


@pytest.mark.usefixtures("consumer")
def test_a_message_that_fails_says_why(top, gateway):
    result = top("trigger", "a_fail_C", "--sandbox", gateway.file, "--json")
    assert (result.code, result.data["state"], result.data["reason"]) == (1, "failed", "no")
    assert "处理失败" in top("deliveries", result.data["id"], "--sandbox", gateway.file, "--lang", "zh").out


def test_a_message_that_nobody_takes_is_said(top, gateway):
    result = top("trigger", "a_b_C", "--group", "g", "--wait", "0", "--sandbox", gateway.file)
    assert result.code == 1
    assert "no consumer is connected" in result.err
    rows = top("deliveries", "--sandbox", gateway.file, "--json").data["deliveries"]
    assert [(each["topic"], each["group"], each["state"]) for each in rows][-1] == ("a_b_C", "g", "waiting")
    assert "a_b_C" in top("deliveries", "--sandbox", gateway.file).out


@pytest.mark.usefixtures("consumer")
def test_a_consumer_that_is_slow_is_no_missing_one(top, gateway, monkeypatch):
    monkeypatch.setattr(type(gateway.messages), "links", property(lambda queue: [object()]))
    monkeypatch.setattr(type(gateway.messages), "_wake", lambda queue, group: None)
    result = top("trigger", "a_wait_C", "--wait", "0.1", "--sandbox", gateway.file)
    assert (result.code, result.err) == (1, "")
    assert "handed out" in result.out


@pytest.mark.parametrize(
    ("forgery", "status", "code"),
    [(False, 200, 0), (False, 401, 1), (False, 500, 1), (True, 401, 0), (True, 200, 4), (True, 500, 1)],
)
def test_an_spi_is_called_and_judged(top, gateway, receiver, forgery, status, code):
    receiver.status = status
    line = ["trigger", "taobao.shop.check", "-d", "tid=1", "--to", receiver.url, "--sandbox", gateway.file]
    result = top(*line, *(["--forgery"] if forgery else []))
    assert (result.code, str(status) in result.out) == (code, True)
    assert ("does not verify signatures" in result.err) is (code == 4)
    assert json.loads(receiver.came[-1][1]) == {"tid": 1}
    data = top(*line, "--json").data
    assert data == {"status": status, "body": "", "refused": status == 401}


def test_messages_are_shown_as_they_change_and_posted(top, gateway, receiver, interrupted, waiting, consumer):
    receiver.status = 200
    old = gateway.messages.publish("a_old_C", '"\x1b[2J"', group="g")

    def happened():
        if not waiting():
            return False
        if not sent:
            sent.append(gateway.messages.publish("a_b_C", {"名": 1}))
        return bool(receiver.came)

    sent = []
    interrupted(happened)
    result = top("listen", "--to", receiver.url, "--sandbox", gateway.file)
    assert result.code == 0
    assert f'· #{old.id} a_old_C "\\x1b[2J" (waiting)' in result.out
    assert f'#{sent[0].id} a_b_C {{"名": 1}} (' in result.out
    assert f"#{sent[0].id} -> {receiver.url}: 200" in result.out
    posted = json.loads(receiver.came[0][1])
    assert (posted["topic"], json.loads(posted["content"]), len(receiver.came)) == ("a_b_C", {"名": 1}, 1)


def test_a_url_that_nobody_serves_is_said_in_json_lines(top, gateway, interrupted, waiting):
    sent = []

    def happened():
        if not waiting():
            return False
        sent.append(sent or gateway.messages.publish("a_b_C", group="g"))
        return len(sent) > 60

    interrupted(happened)
    result = top("listen", "--to", "http://127.0.0.1:9/", "--sandbox", gateway.file, "--json")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert {"id": sent[0].id, "to": "http://127.0.0.1:9/", "response": "ConnectionError"} in lines
    assert any(line.get("topic") == "a_b_C" for line in lines)


def test_messages_are_shown_without_a_url(top, gateway, interrupted, waiting):
    gateway.messages.publish("a_b_C", group="g")
    interrupted(waiting)
    assert "（待投递）" in top("listen", "--sandbox", gateway.file, "--lang", "zh").out
