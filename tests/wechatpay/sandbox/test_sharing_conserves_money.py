"""Whatever happens to shared orders, no fen appears or disappears, and what waits is held."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

BASE = "/v3/profitsharing"
RECEIVERS = ("86693851", "86693852")


@pytest.mark.parametrize("seed", range(6))
def test_no_fen_is_lost(sandbox: Sandbox, merchant: Any, seed: int) -> None:
    chance, context = random.Random(seed), sandbox.context
    context.automatic = frozenset()
    sandbox.actions["set_sharing_ratio"](merchant.account.mchid, "10000")
    for each in RECEIVERS:
        who = {"appid": "wx1", "type": "MERCHANT_ID", "account": each, "relation_type": "STORE"}
        merchant.post(f"{BASE}/receivers/add", who)
    transactions = []
    for number in ("order001", "order002"):
        sent = {"appid": merchant.account.appid, "mchid": merchant.account.mchid, "description": "x"}
        sent |= {"out_trade_no": number, "notify_url": "http://127.0.0.1:9/", "amount": {"total": 1000}}
        merchant.post("/v3/pay/transactions/native", {**sent, "settle_info": {"profit_sharing": True}})
        transactions.append(sandbox.pay(number)[0]["transaction_id"])
    sandbox.clock.advance(minutes=1)
    began = sum(accounts.balance(context, owner=owner).total for owner in ("", *RECEIVERS))

    def share(index: int) -> Any:
        part = {"type": "MERCHANT_ID", "account": chance.choice(RECEIVERS), "description": "x"}
        parts = [{**part, "amount": chance.randint(1, 200)} for _ in range(chance.randint(1, 2))]
        sent = {"appid": "wx1", "transaction_id": chance.choice(transactions), "out_order_no": f"P{index}"}
        return merchant.post(f"{BASE}/orders", {**sent, "receivers": parts, "unfreeze_unsplit": chance.random() < 0.1})

    def end(_: int) -> Any:
        number = f"P{chance.randrange(40)}"
        return sandbox.actions["finish_split"](number, chance.choice(["SUCCESS", "SUCCESS", "CLOSED"]))

    def back(index: int) -> Any:
        sent = {"out_order_no": f"P{chance.randrange(40)}", "return_mchid": chance.choice(RECEIVERS)}
        sent |= {"out_return_no": f"R{index}", "amount": chance.randint(1, 150), "description": "x"}
        return merchant.post(f"{BASE}/return-orders", sent)

    def end_back(_: int) -> Any:
        return sandbox.actions["finish_return"](f"R{chance.randrange(120)}", chance.choice(["SUCCESS", "FAILED"]))

    for index in range(120):
        try:
            chance.choice([share, end, back, end_back])(index)
        except (LookupError, ValueError):
            continue
        orders = [sandbox.store.entry("order", each) for each in transactions]
        splits = list(sandbox.store.all("profit sharing order"))
        parts = [each for split in splits for each in split["receivers"] if not each["rest"]]
        on_its_way = sum(each["amount"] for each in parts if each["result"] == "PENDING")
        totals = {owner: accounts.balance(context, owner=owner).total for owner in ("", *RECEIVERS)}
        assert sum(totals.values()) + on_its_way == began
        assert accounts.balance(context).held == sum(each["frozen"] for each in orders)
        assert min(totals[each] for each in RECEIVERS) >= 0
    assert parts
