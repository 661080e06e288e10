"""The seller of the example gets its work done in spite of everything."""

from __future__ import annotations

from examples.taobao_sandbox import main


def test_orders_are_closed_in_spite_of_faults(capsys):
    states, refused = main()
    first, *rest = states.values()
    assert first == "WAIT_BUYER_PAY"
    assert rest == ["TRADE_CLOSED_BY_TAOBAO"] * 4
    assert "isp.remote-service-error" in refused
    assert "accesscontrol.limited-by-app-api-access-count" in refused
    assert "all verified: True" in capsys.readouterr().out
