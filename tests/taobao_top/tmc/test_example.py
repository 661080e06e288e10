"""The example, against the sandbox."""

from __future__ import annotations

from examples.tmc_orders import channel


def test_the_example_keeps_orders(sandbox, eventually, capsys):
    orders = {}
    sandbox.messages.publish("taobao_trade_TradeChanged", {"tid": 1, "status": "TRADE_FINISHED"})
    sandbox.messages.publish("taobao_refund_RefundCreated", {"tid": 2})
    sandbox.messages.publish("a_b", {})
    with channel(sandbox.client(), orders, url=sandbox.channel_url, proxy=None):
        eventually(lambda: len(sandbox.messages.confirmed) == 3)
    assert orders == {1: "TRADE_FINISHED", 2: "REFUND"}
    assert "a_b" in capsys.readouterr().out
