"""Transfer to a user; the number makes a repeat the same transfer."""

from __future__ import annotations

from wechatpay import Sensitive, WeChatPay

NAME_FROM, NAME_ABOVE = 200_000, 30  # fen


def pay_out(client: WeChatPay, number: str, openid: str, fen: int, name: str) -> dict[str, str | None]:
    """Return state and package_info."""
    transfers = client.v3.fund_app.mch_transfer.transfer_bills
    named = {"user_name": Sensitive(name)} if fen >= NAME_FROM else {}
    made = transfers.post(
        json={
            "appid": "wxd678efh567hg6787",
            "out_bill_no": number,
            "openid": openid,
            "transfer_amount": fen,
            "transfer_remark": "新会员有礼",
            "transfer_scene_id": "1000",
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "新会员有礼"},
                {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"},
            ],
            **named,
        }
    ).data
    waiting = made["state"] == "WAIT_USER_CONFIRM"
    return {"state": made["state"], "package_info": made.get("package_info") if waiting else None}
