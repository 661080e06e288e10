"""Add the receiver, share, unfreeze the rest; each step is the same when repeated."""

from __future__ import annotations

from typing import Any

from wechatpay import Sensitive, WeChatPay

APPID = "wxd678efh567hg6787"


def share(client: WeChatPay, transaction_id: str, number: str, receiver: str, name: str, fen: int) -> dict[str, Any]:
    """Return how the receiver's part ended, why it failed, and what is still frozen."""
    sharing = client.v3.profitsharing
    sharing.receivers.add.post(
        json={
            "appid": APPID,
            "type": "MERCHANT_ID",
            "account": receiver,
            "name": Sensitive(name),
            "relation_type": "STORE",
        }
    )
    split = sharing.orders.post(
        json={
            "appid": APPID,
            "transaction_id": transaction_id,
            "out_order_no": number,
            "receivers": [{"type": "MERCHANT_ID", "account": receiver, "amount": fen, "description": "分账"}],
            "unfreeze_unsplit": False,
        }
    )
    sharing.orders.unfreeze.post(
        json={"transaction_id": transaction_id, "out_order_no": f"{number}-rest", "description": "解冻剩余资金"}
    )
    found = sharing.orders._out_order_no_.get(out_order_no=number, params={"transaction_id": transaction_id}).data
    (part,) = [each for each in found["receivers"] if each["account"] == receiver]
    unsplit = sharing.transactions._transaction_id_.amounts.get(transaction_id=transaction_id).data["unsplit_amount"]
    assert split.data["out_order_no"] == number
    return {"result": part["result"], "fail_reason": part.get("fail_reason"), "unsplit": unsplit}
