"""
The states of coupons, of the stocks they are of, and of what is built on them: gift activities, subsidies, partners.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012460564 (cash coupons),
https://pay.weixin.qq.com/doc/v3/merchant/4012534928 (merchant coupons).
"""

from wechatpay.sandbox.flows.states import States, Transition

__all__ = [
    "ACTIVITY",
    "BUSIFAVOR_COUPON",
    "BUSIFAVOR_STOCK",
    "FAVOR_COUPON",
    "FAVOR_STOCK",
    "PARTNERSHIP",
    "SUBSIDY",
    "SUBSIDY_RETURN",
]

FAVOR_STOCK = States(
    first=("unactivated",),
    transitions={
        "start": Transition(("unactivated",), "running", "merchant", books="代金券预算"),
        "pause": Transition(("running",), "paused", "merchant"),
        "restart": Transition(("paused",), "running", "merchant"),
        "stop": Transition(("unactivated", "running", "paused"), "stoped", "merchant"),
        "return the budget": Transition(("running", "paused", "stoped"), "stoped", "platform", books="代金券预算退回"),
    },
)
"""The platform's spelling is ``stoped``. Starting a prepaid stock takes its budget from the merchant's account."""

FAVOR_COUPON = States(
    first=("SENDED",),
    transitions={
        "use": Transition(("SENDED",), "USED", "user", "COUPON.USE"),
        "return": Transition(("USED",), "SENDED", "platform"),
        "expire": Transition(("SENDED",), "EXPIRED", "platform"),
    },
)
"""A payment uses a coupon; the refund of the whole order gives it back."""

BUSIFAVOR_STOCK = States(
    first=("RUNNING",),
    transitions={
        "pause": Transition(("RUNNING",), "PAUSED", "merchant"),
        "restart": Transition(("PAUSED",), "RUNNING", "merchant"),
        "stop": Transition(("RUNNING", "PAUSED"), "STOPED", "merchant"),
    },
)
"""The merchant pauses and stops stocks in the platform's console."""

BUSIFAVOR_COUPON = States(
    first=("AVAILABLE",),
    transitions={
        "send": Transition(("AVAILABLE",), "SENDED", "merchant", "COUPON.SEND"),
        "withdraw": Transition(("AVAILABLE",), "DELETED", "merchant"),
        "use": Transition(("SENDED",), "USED", "merchant"),
        "return": Transition(("USED",), "SENDED", "merchant"),
        "deactivate": Transition(("SENDED",), "DEACTIVATED", "merchant"),
        "delete": Transition(("SENDED", "EXPIRED"), "DELETED", "user"),
        "expire": Transition(("SENDED",), "EXPIRED", "platform"),
    },
)
"""A code is available until it is sent: https://pay.weixin.qq.com/doc/v3/merchant/4012465890."""

SUBSIDY = States(
    first=("ACCEPTED",),
    transitions={
        "succeed": Transition(("ACCEPTED",), "SUCCESS", "platform", books="商家券营销补差"),
        "fail": Transition(("ACCEPTED",), "FAIL", "platform"),
        "return": Transition(("SUCCESS", "PARTIAL_RETURN"), "PARTIAL_RETURN", "merchant"),
        "return all": Transition(("SUCCESS", "PARTIAL_RETURN"), "FULL_RETURN", "merchant"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4017147336."""

SUBSIDY_RETURN = States(
    first=("RETURN_RECEIPT_ACCEPTED",),
    transitions={
        "succeed": Transition(
            ("RETURN_RECEIPT_ACCEPTED",), "RETURN_RECEIPT_SUCCESS", "platform", books="商家券营销补差回退"
        ),
        "fail": Transition(("RETURN_RECEIPT_ACCEPTED",), "RETURN_RECEIPT_FAIL", "platform"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4017147344."""

ACTIVITY = States(
    first=("CREATE_ACT_STATUS",),
    transitions={
        "begin": Transition(("CREATE_ACT_STATUS",), "ONGOING_ACT_STATUS", "platform"),
        "pause": Transition(("ONGOING_ACT_STATUS",), "STOP_ACT_STATUS", "merchant"),
        "resume": Transition(("STOP_ACT_STATUS",), "ONGOING_ACT_STATUS", "merchant"),
        "terminate": Transition(
            ("CREATE_ACT_STATUS", "ONGOING_ACT_STATUS", "STOP_ACT_STATUS"), "TERMINATE_ACT_STATUS", "merchant"
        ),
        "end": Transition(("ONGOING_ACT_STATUS", "STOP_ACT_STATUS"), "OVER_TIME_ACT_STATUS", "platform"),
    },
)
"""Gifts after payment: https://pay.weixin.qq.com/doc/v3/merchant/4012487971."""

PARTNERSHIP = States(
    first=("ESTABLISHED",),
    transitions={
        "terminate": Transition(("ESTABLISHED",), "TERMINATED", "merchant"),
        "build": Transition(("TERMINATED",), "ESTABLISHED", "merchant"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012380498."""
