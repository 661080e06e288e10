"""The states of Pay Score: service orders, permissions, plans and what users sign of them."""

from __future__ import annotations

from wechatpay.sandbox.flows.states import States, Transition

__all__ = ["DISCOUNT_CARD", "PERMISSION", "PLAN", "SERVICE_ORDER", "SIGNED_PLAN"]

SERVICE_ORDER = States(
    first=("CREATED", "USER_CONFIRM"),
    transitions={
        "confirm": Transition(("CREATED",), "USER_CONFIRM", "user", "PAYSCORE.USER_CONFIRM"),
        "expire": Transition(("CREATED",), "EXPIRED", "platform"),
        "complete": Transition(("USER_CONFIRM",), "MCH_COMPLETE", "merchant"),
        "waive": Transition(("USER_CONFIRM", "MCH_COMPLETE"), "DONE", "merchant"),
        "modify": Transition(("MCH_COMPLETE",), "MCH_COMPLETE", "merchant"),
        "collect": Transition(("MCH_COMPLETE",), "MCH_COMPLETE", "merchant"),
        "pay": Transition(("MCH_COMPLETE",), "DONE", "user", "PAYSCORE.USER_PAID", "pay"),
        "sync": Transition(("MCH_COMPLETE",), "DONE", "merchant"),
        "cancel": Transition(("CREATED", "USER_CONFIRM", "MCH_COMPLETE"), "REVOKED", "merchant"),
    },
)
"""
``state``, and where that is ``DOING`` its ``state_description``; ``waive`` completes for nothing, or lowers to nothing.

https://pay.weixin.qq.com/doc/v3/partner/4013194035, https://pay.weixin.qq.com/doc/v3/partner/4012458758
"""

PERMISSION = States(
    first=("UNBINDUSER",),
    transitions={
        "open": Transition(("UNBINDUSER",), "AVAILABLE", "user", "PAYSCORE.USER_OPEN_SERVICE"),
        "close": Transition(("AVAILABLE",), "UNAVAILABLE", "user", "PAYSCORE.USER_CLOSE_SERVICE"),
        "terminate": Transition(("AVAILABLE",), "UNAVAILABLE", "merchant", "PAYSCORE.USER_CLOSE_SERVICE"),
    },
)
"""``authorization_state``: https://pay.weixin.qq.com/doc/v3/merchant/4012647401."""

PLAN = States(first=("NORMAL",), transitions={"stop": Transition(("NORMAL",), "STOP", "merchant")})
"""``plan_state``: https://pay.weixin.qq.com/doc/v3/merchant/4012470804."""

SIGNED_PLAN = States(
    first=("UNSIGNED",),
    transitions={
        "sign": Transition(("UNSIGNED",), "SIGNED", "user", "PAYSCORE.USER_SIGN_PLAN"),
        "use": Transition(("SIGNED",), "SIGNED", "merchant"),
        "finish": Transition(("SIGNED",), "COMPLETE", "user"),
        "cancel": Transition(("SIGNED",), "SIGN_PLAN_CANCEL", "user", "PAYSCORE.USER_CANCEL_SIGN_PLAN"),
        "stop": Transition(("SIGNED",), "SIGN_PLAN_CANCEL", "merchant", "PAYSCORE.USER_CANCEL_SIGN_PLAN"),
        "expire": Transition(("UNSIGNED", "SIGNED"), "EXPIRE", "platform"),
    },
)
"""``sign_state``: https://pay.weixin.qq.com/doc/v3/merchant/4012470990."""

DISCOUNT_CARD = States(
    first=("PREPARED",),
    transitions={
        "take": Transition(("PREPARED",), "ONGOING", "user", "DISCOUNT_CARD.USER_ACCEPTED"),
        "finish": Transition(("ONGOING",), "FINISHED", "platform", "DISCOUNT_CARD.AGREEMENT_ENDED"),
        "break": Transition(("ONGOING",), "UNFINISHED", "user", "DISCOUNT_CARD.AGREEMENT_ENDED"),
        "pay": Transition(("UNFINISHED",), "UNFINISHED", "user", "DISCOUNT_CARD.USER_PAID", "pay"),
    },
)
"""``state``, without the days in which records can be corrected (SETTLING); a card that was not taken has none yet.

https://pay.weixin.qq.com/wiki/doc/apiv3/wxpay/discount-card/chapter3_3.shtml
"""
