"""
The states of applications: merchants that join, brands, changes of what the platform knows of a merchant.

In each table the changes stand in the order of the way to the good end; then come those that lead away from it.
"""

from wechatpay.sandbox.flows.states import States, Transition

__all__ = [
    "ALTERATION",
    "APPLYMENT",
    "BRAND_APPLYMENT",
    "CLOSING",
    "ECOMMERCE_APPLYMENT",
    "SETTLEMENT",
    "SUBJECT_APPLYMENT",
]

AUDITING = "APPLYMENT_STATE_AUDITING"
REJECTED = "APPLYMENT_STATE_REJECTED"
CANCELED = "APPLYMENT_STATE_CANCELED"

APPLYMENT = States(
    first=(AUDITING,),
    transitions={
        "verify": Transition((AUDITING,), "APPLYMENT_STATE_TO_BE_CONFIRMED", "platform"),
        "pass": Transition((AUDITING, "APPLYMENT_STATE_TO_BE_CONFIRMED"), "APPLYMENT_STATE_TO_BE_SIGNED", "platform"),
        "sign": Transition(("APPLYMENT_STATE_TO_BE_SIGNED",), "APPLYMENT_STATE_SIGNING", "user"),
        "open": Transition(("APPLYMENT_STATE_SIGNING",), "APPLYMENT_STATE_FINISHED", "platform"),
        "reject": Transition(
            (AUDITING, "APPLYMENT_STATE_TO_BE_CONFIRMED", "APPLYMENT_STATE_TO_BE_SIGNED"), REJECTED, "platform"
        ),
        "submit again": Transition((REJECTED,), AUDITING, "merchant"),
        "cancel": Transition((REJECTED, "APPLYMENT_STATE_TO_BE_SIGNED"), CANCELED, "platform"),
    },
)
"""特约商户进件: https://pay.weixin.qq.com/doc/v3/partner/4012697052."""

ECOMMERCE_APPLYMENT = States(
    first=("CHECKING",),
    transitions={
        "check": Transition(("CHECKING",), "ACCOUNT_NEED_VERIFY", "platform"),
        "verify": Transition(("CHECKING", "ACCOUNT_NEED_VERIFY"), "AUDITING", "user"),
        "pass": Transition(("AUDITING",), "NEED_SIGN", "platform"),
        "sign": Transition(("NEED_SIGN",), "FINISH", "user"),
        "reject": Transition(("CHECKING", "ACCOUNT_NEED_VERIFY", "AUDITING"), "REJECTED", "platform"),
        "freeze": Transition(("AUDITING", "NEED_SIGN"), "FROZEN", "platform"),
        "submit again": Transition(("REJECTED",), "CHECKING", "merchant"),
        "revoke": Transition(
            ("CHECKING", "ACCOUNT_NEED_VERIFY", "AUDITING", "REJECTED", "NEED_SIGN"), "CANCELED", "merchant"
        ),
    },
)
"""二级商户进件: https://pay.weixin.qq.com/doc/v3/partner/4012761138."""

SUBJECT_APPLYMENT = States(
    first=("APPLYMENT_STATE_WAITTING_FOR_AUDIT",),
    transitions={
        "pass": Transition(
            ("APPLYMENT_STATE_WAITTING_FOR_AUDIT",), "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT", "platform"
        ),
        "confirm": Transition(
            ("APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT",),
            "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON",
            "user",
        ),
        "confirm as the legal person": Transition(
            ("APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON",), "APPLYMENT_STATE_PASSED", "user"
        ),
        "reject": Transition(("APPLYMENT_STATE_WAITTING_FOR_AUDIT",), REJECTED, "platform"),
        "freeze": Transition(
            (
                "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT",
                "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON",
            ),
            "APPLYMENT_STATE_FREEZED",
            "platform",
        ),
        "submit again": Transition((REJECTED,), "APPLYMENT_STATE_WAITTING_FOR_AUDIT", "merchant"),
        "revoke": Transition(
            (
                "APPLYMENT_STATE_WAITTING_FOR_AUDIT",
                "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT",
                "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON",
                REJECTED,
            ),
            CANCELED,
            "merchant",
        ),
    },
)
"""商户开户意愿确认: https://pay.weixin.qq.com/doc/v3/partner/4012697168. The spelling WAITTING is the platform's."""

BRAND_APPLYMENT = States(
    first=("APPLYMENT_STATE_WAITING_AUDIT",),
    transitions={
        "pass": Transition(("APPLYMENT_STATE_WAITING_AUDIT",), "APPLYMENT_STATE_WAITING_AUTH", "platform"),
        "confirm": Transition(("APPLYMENT_STATE_WAITING_AUTH",), "APPLYMENT_STATE_OPEN_ACCOUNT", "user"),
        "open": Transition(("APPLYMENT_STATE_OPEN_ACCOUNT",), "APPLYMENT_STATE_FINISH", "platform"),
        "reject": Transition(("APPLYMENT_STATE_WAITING_AUDIT",), "APPLYMENT_STATE_AUDIT_REJECTED", "platform"),
        "submit again": Transition(("APPLYMENT_STATE_AUDIT_REJECTED",), "APPLYMENT_STATE_WAITING_AUDIT", "merchant"),
        "revoke": Transition(
            ("APPLYMENT_STATE_WAITING_AUDIT", "APPLYMENT_STATE_WAITING_AUTH", "APPLYMENT_STATE_AUDIT_REJECTED"),
            CANCELED,
            "merchant",
        ),
    },
)
"""Brands that join."""

ALTERATION = States(
    first=(AUDITING,),
    transitions={
        "pass": Transition((AUDITING,), "APPLYMENT_STATE_MODIFING", "platform"),
        "open": Transition(("APPLYMENT_STATE_MODIFING",), "APPLYMENT_STATE_FINISHED", "platform"),
        "reject": Transition((AUDITING,), REJECTED, "platform"),
        "submit again": Transition((REJECTED,), AUDITING, "merchant"),
        "revoke": Transition((AUDITING, REJECTED), CANCELED, "merchant"),
    },
)
"""Another administrator, subject or name of a merchant. The spelling MODIFING is the platform's."""

CLOSING = States(
    first=("REVIEWING",),
    transitions={
        "pass": Transition(("REVIEWING",), "CANCEL_SUCCESS", "platform"),
        "reject": Transition(("REVIEWING",), "REJECTED", "platform"),
        "submit again": Transition(("REJECTED",), "REVIEWING", "merchant"),
    },
)
"""A marketplace's merchant that gives its account up."""

SETTLEMENT = States(
    first=("AUDITING",),
    transitions={
        "pass": Transition(("AUDITING",), "AUDIT_SUCCESS", "platform"),
        "reject": Transition(("AUDITING",), "AUDIT_FAIL", "platform"),
    },
)
"""Another settlement account: https://pay.weixin.qq.com/doc/v3/partner/4012697715."""
