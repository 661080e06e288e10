"""The states of applications to become a merchant (进件), and of what belongs to sub-merchants."""

from __future__ import annotations

from wechatpay.sandbox.flows.states import States, Transition

__all__ = [
    "APPLYMENT",
    "CANCELLATION",
    "ECOMMERCE_APPLYMENT",
    "INTENTION",
    "SETTLEMENT_CHANGE",
    "SUB_MERCHANT",
    "VERIFICATION",
]

EDITTING = "APPLYMENT_STATE_EDITTING"
AUDITING = "APPLYMENT_STATE_AUDITING"
REJECTED = "APPLYMENT_STATE_REJECTED"
TO_BE_CONFIRMED = "APPLYMENT_STATE_TO_BE_CONFIRMED"
TO_BE_SIGNED = "APPLYMENT_STATE_TO_BE_SIGNED"
SIGNING = "APPLYMENT_STATE_SIGNING"
CANCELED = "APPLYMENT_STATE_CANCELED"
WAITING = "APPLYMENT_STATE_WAITTING_FOR_AUDIT"
CONTACT = "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_CONTACT"
LEGAL_PERSON = "APPLYMENT_STATE_WAITTING_FOR_CONFIRM_LEGALPERSON"
FREEZED = "APPLYMENT_STATE_FREEZED"

APPLYMENT = States(
    first=(AUDITING,),
    transitions={
        "submit": Transition((EDITTING, REJECTED), AUDITING, "merchant"),
        "fail": Transition((AUDITING,), EDITTING, "platform"),
        "reject": Transition((AUDITING, TO_BE_CONFIRMED), REJECTED, "platform"),
        "approve": Transition((AUDITING,), TO_BE_SIGNED, "platform"),
        "ask to verify": Transition((AUDITING,), TO_BE_CONFIRMED, "platform"),
        "verify": Transition((TO_BE_CONFIRMED,), TO_BE_SIGNED, "user"),
        "sign": Transition((TO_BE_SIGNED,), SIGNING, "user"),
        "finish": Transition((SIGNING,), "APPLYMENT_STATE_FINISHED", "platform"),
        "cancel": Transition((EDITTING, AUDITING, REJECTED, TO_BE_CONFIRMED, TO_BE_SIGNED), CANCELED, "user"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012697168."""

ECOMMERCE_APPLYMENT = States(
    first=("CHECKING",),
    transitions={
        "submit": Transition(("REJECTED",), "CHECKING", "merchant"),
        "reject": Transition(("CHECKING", "ACCOUNT_NEED_VERIFY", "AUDITING"), "REJECTED", "platform"),
        "ask to verify": Transition(("CHECKING",), "ACCOUNT_NEED_VERIFY", "platform"),
        "verify": Transition(("ACCOUNT_NEED_VERIFY",), "AUDITING", "user"),
        "check": Transition(("CHECKING",), "AUDITING", "platform"),
        "approve": Transition(("AUDITING",), "NEED_SIGN", "platform"),
        "approve signed": Transition(("AUDITING",), "FINISH", "platform"),
        "sign": Transition(("NEED_SIGN",), "FINISH", "user"),
        "sign early": Transition(("ACCOUNT_NEED_VERIFY",), "ACCOUNT_NEED_VERIFY", "user"),
        "sign while audited": Transition(("AUDITING",), "AUDITING", "user"),
        "freeze": Transition(("ACCOUNT_NEED_VERIFY", "AUDITING", "NEED_SIGN"), "FROZEN", "platform"),
        "cancel": Transition(
            ("CHECKING", "ACCOUNT_NEED_VERIFY", "AUDITING", "REJECTED", "NEED_SIGN"), "CANCELED", "merchant"
        ),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012691376 (a user may sign before the audit ends: ``sign_state``)."""

INTENTION = States(
    first=(WAITING,),
    transitions={
        "submit": Transition((EDITTING, REJECTED), WAITING, "merchant"),
        "fail": Transition((WAITING,), EDITTING, "platform"),
        "reject": Transition((WAITING,), REJECTED, "platform"),
        "approve": Transition((WAITING,), CONTACT, "platform"),
        "verify": Transition((CONTACT,), LEGAL_PERSON, "user"),
        "sign": Transition((LEGAL_PERSON,), "APPLYMENT_STATE_PASSED", "user"),
        "freeze": Transition((WAITING, CONTACT, LEGAL_PERSON), FREEZED, "platform"),
        "cancel": Transition((EDITTING, WAITING, CONTACT, LEGAL_PERSON, REJECTED, FREEZED), CANCELED, "merchant"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012697715."""

SETTLEMENT_CHANGE = States(
    first=("AUDITING",),
    transitions={
        "succeed": Transition(("AUDITING",), "AUDIT_SUCCESS", "platform"),
        "fail": Transition(("AUDITING",), "AUDIT_FAIL", "platform"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012761169."""

SUB_MERCHANT = States(
    first=("NORMAL",),
    transitions={"cancel": Transition(("NORMAL",), "HAS_BEEN_CANCELLED", "platform")},
)
"""https://pay.weixin.qq.com/doc/v3/partner/4016420099."""

CANCELLATION = States(
    first=("REVIEWING",),
    transitions={
        "reject": Transition(("REVIEWING",), "REJECTED", "platform"),
        "succeed": Transition(("REVIEWING",), "CANCEL_SUCCESS", "platform"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012476223."""

VERIFICATION = States(
    first=("PROCESSING",),
    transitions={
        "succeed": Transition(("PROCESSING",), "SUCCESS", "user"),
        "fail": Transition(("PROCESSING",), "FAIL", "platform"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012471359."""
