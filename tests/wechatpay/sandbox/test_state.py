"""State that is kept in a file, taken as a snapshot, brought back, and read page by page."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Request

if TYPE_CHECKING:
    from pathlib import Path


def order(merchant: Any, number: str, url: str = "") -> None:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "thing",
        "out_trade_no": number,
        "notify_url": url or "http://127.0.0.1:9/notify",
        "amount": {"total": 100, "currency": "CNY"},
    }
    assert merchant.post("/v3/pay/transactions/native", sent).status == 200


def ask(sandbox: Sandbox, method: str, target: str, members: Any = None) -> Any:
    headers = (("host", "127.0.0.1"), ("content-type", "application/json"))
    body = b"" if members is None else json.dumps(members).encode()
    reply = sandbox.control_api.handle(Request(method, f"/_sandbox/{target}", headers, body))
    assert reply.status in (200, 204), reply.body
    return json.loads(reply.body) if reply.body else None


def test_a_snapshot_brings_the_state_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    order(merchant, "order-1", receiver.url)
    sandbox.clock.advance(days=1)
    sandbox.faults.add("error", match={"out_trade_no": "x"}, times=3)
    sandbox.context.automatic = frozenset({"pay"})
    certificate = sandbox.account.certificate_serial
    before = sandbox.snapshot()

    sandbox.pay("order-1")
    sandbox.rotate()
    sandbox.clock.advance(days=5)
    sandbox.faults.clear()
    sandbox.context.automatic = frozenset()
    entries = len(sandbox.journal)
    sandbox.restore(before)

    assert "SUCCESS" not in json.dumps(sandbox.store.get("order", "order-1"))
    assert sandbox.clock.offset == 86_400
    assert [fault.match for fault in sandbox.faults] == [{"out_trade_no": "x"}]
    assert sandbox.context.automatic == {"pay"}
    assert sandbox.account.certificate_serial == certificate
    assert (len(sandbox.journal), len(sandbox.callbacks)) == (entries, 0)
    sandbox.faults.clear()
    sandbox.pay("order-1")


def test_a_delivery_that_waited_goes_on(receiver: Any, new_merchant: Any) -> None:
    receiver.answers = [(500, b"")]
    with Sandbox(callback_scale=1.0) as sandbox:
        order(new_merchant(sandbox), "order-1", receiver.url)
        sandbox.pay("order-1")
        while sandbox.callbacks[0].as_json()["attempts"] == []:
            sandbox.callbacks.wait(0.01)
        before = sandbox.snapshot()
        sandbox.reset()
        sandbox.restore(before)
        assert [each.state for each in sandbox.callbacks] == ["waiting"]
        sandbox.clock.advance(60)
        assert sandbox.callbacks.wait()
        assert [each.state for each in sandbox.callbacks] == ["accepted"]


def test_a_snapshot_belongs_to_its_account(sandbox: Sandbox) -> None:
    with Sandbox(seed=1) as first, Sandbox(seed=1) as second:
        order_of_first = first.store
        order_of_first.put("thing", "1", {})
        second.restore(first.snapshot())
        assert second.store.kinds() == {"thing": 1}
        with pytest.raises(ValueError, match="another account"):
            sandbox.restore(first.snapshot())


def test_snapshots_over_the_control_api(sandbox: Sandbox, merchant: Any) -> None:
    order(merchant, "order-1")
    taken = ask(sandbox, "GET", "snapshot")
    assert base64.b64decode(taken["snapshot"])
    ask(sandbox, "POST", "reset", {})
    assert ask(sandbox, "GET", "state") == {}
    ask(sandbox, "POST", "restore", taken)
    assert ask(sandbox, "GET", "state") == {"order": 1}


def test_a_state_file_keeps_the_clock(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path / "state.db") as sandbox:
        sandbox.clock.advance(days=3)
        serial = sandbox.account.serial
    with Sandbox(data=tmp_path / "state.db") as sandbox:  # the former name
        assert (sandbox.account.serial, sandbox.clock.offset) == (serial, 3 * 86_400)
        sandbox.reset()
    with Sandbox(state=tmp_path / "state.db") as sandbox:
        assert sandbox.clock.offset == 0


def test_entries_are_read_page_by_page(sandbox: Sandbox) -> None:
    for number in range(5):
        sandbox.store.put("thing", str(number), {"number": number})
    page = ask(sandbox, "GET", "state/thing?offset=3&limit=10")
    assert page == {"entries": [{"number": 3}, {"number": 4}], "total": 5, "offset": 3}
    assert len(ask(sandbox, "GET", "state/thing")["entries"]) == 5
    assert len(ask(sandbox, "GET", "state/thing?limit=2")["entries"]) == 2
