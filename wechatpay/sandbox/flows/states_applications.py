"""
The states of applications: brands that join, changes of what the platform knows of a merchant.

In each table the changes stand in the order of the way to the good end; then come those that lead away from it.
"""

from wechatpay.sandbox.flows.states import States, Transition

__all__ = ["ALTERATION", "BRAND_APPLYMENT", "REJECTED"]

AUDITING = "APPLYMENT_STATE_AUDITING"
REJECTED = "APPLYMENT_STATE_REJECTED"
CANCELED = "APPLYMENT_STATE_CANCELED"

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
