"""
The states of every object: a table for each kind, a row for each change that can happen to it.

A flow changes a state only by naming a row (:meth:`wechatpay.sandbox.flows.objects.Objects.change`), so a change that
stands in no table cannot be written. Official pages: the state diagrams of each product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AUTHORIZATION",
    "COMPLAINT",
    "CONTRACT",
    "ORDER",
    "REFUND",
    "STATELESS",
    "TRANSFER",
    "States",
    "Transition",
]

Actor = Literal["merchant", "user", "platform"]


@frozen
class Transition:
    """
    One change of a state.

    Args:
        before: The states in which it is possible.
        after: The state it leads to.
        by: Who causes it.
        notifies: The event that the merchant is notified of; empty: none.
        books: The entry that it makes in an account, of :data:`accounts.BUSINESS`; empty: none.
    """

    before: tuple[str, ...]
    after: str
    by: Actor
    notifies: str = ""
    books: str = ""


@frozen
class States:
    """
    The state machine of one kind of object.

    Args:
        first: The states in which an object begins.
        transitions: Its changes by name.
    """

    first: tuple[str, ...]
    transitions: Mapping[str, Transition]

    def after(self, name: str, state: str, what: Words) -> str:
        """
        Return the state that a change leads to.

        Args:
            name: The change.
            state: The object's state now.
            what: Kind and number of the object, for the message.

        Raises:
            KeyError: No change has this name.
            ValueError: The change is not possible in this state.
        """
        transition = self.transitions[name]
        if state not in transition.before:
            allowed = transition.before
            raise ValueError(
                Words(
                    f"the {what} is {state}, not {' or '.join(allowed)}",
                    f"{what.zh} 的状态是 {state}，应为 {' 或 '.join(allowed)}",
                )
            )
        return transition.after

    @property
    def all(self) -> frozenset[str]:
        """Every state."""
        return frozenset(self.first).union(*({*each.before, each.after} for each in self.transitions.values()))

    @property
    def ends(self) -> frozenset[str]:
        """The states that nothing leads out of."""
        return self.all.difference(*({*each.before} - {each.after} for each in self.transitions.values()))


STATELESS = States(first=(), transitions={})

ORDER = States(
    first=("NOTPAY",),
    transitions={
        "pay": Transition(("NOTPAY", "USERPAYING"), "SUCCESS", "user", "TRANSACTION.SUCCESS", "pay"),
        "refund": Transition(("SUCCESS", "REFUND"), "REFUND", "merchant", books="refund"),
        "enter": Transition(("NOTPAY",), "USERPAYING", "user"),
        "fail": Transition(("NOTPAY", "USERPAYING"), "PAYERROR", "user"),
        "close": Transition(("NOTPAY", "PAYERROR", "CLOSED"), "CLOSED", "merchant"),
        "expire": Transition(("NOTPAY",), "CLOSED", "platform"),
        "reverse": Transition(("NOTPAY", "USERPAYING", "PAYERROR", "REVOKED"), "REVOKED", "merchant"),
        "return": Transition(("SUCCESS",), "REVOKED", "merchant", books="reverse"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012791870 (REFUND, CLOSED and REVOKED are ends)."""

REFUND = States(
    first=("PROCESSING",),
    transitions={
        "SUCCESS": Transition(("PROCESSING", "ABNORMAL"), "SUCCESS", "platform", "REFUND.SUCCESS"),
        "CLOSED": Transition(("PROCESSING", "ABNORMAL"), "CLOSED", "platform", "REFUND.CLOSED", "refund closed"),
        "ABNORMAL": Transition(("PROCESSING",), "ABNORMAL", "platform", "REFUND.ABNORMAL"),
        "elsewhere": Transition(("ABNORMAL",), "PROCESSING", "merchant"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012791906."""

TRANSFER = States(
    first=("WAIT_USER_CONFIRM", "PROCESSING"),
    transitions={
        "SUCCESS": Transition(("WAIT_USER_CONFIRM", "PROCESSING"), "SUCCESS", "user", "MCHTRANSFER.BILL.FINISHED"),
        "FAIL": Transition(
            ("WAIT_USER_CONFIRM", "PROCESSING"), "FAIL", "platform", "MCHTRANSFER.BILL.FINISHED", "transfer back"
        ),
        "cancel": Transition(("WAIT_USER_CONFIRM", "CANCELING"), "CANCELING", "merchant"),
        "CANCELLED": Transition(
            ("WAIT_USER_CONFIRM", "CANCELING"), "CANCELLED", "platform", "MCHTRANSFER.BILL.FINISHED", "transfer back"
        ),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012711988; a transfer that nobody confirms fails after a day."""

AUTHORIZATION = States(
    first=("WAIT_USER_CONFIRM",),
    transitions={
        "confirm": Transition(("WAIT_USER_CONFIRM",), "TAKING_EFFECT", "user", "MCHTRANSFER.AUTHORIZATION.CONFIRMED"),
        "close": Transition(("TAKING_EFFECT",), "CLOSED", "user", "MCHTRANSFER.AUTHORIZATION.CLOSED"),
    },
)
"""Transfers without confirmation."""

CONTRACT = States(
    first=("UNSIGNED",),
    transitions={
        "sign": Transition(("UNSIGNED",), "SIGNED", "user", "ENTRUST.SIGN"),
        "terminate": Transition(("SIGNED",), "TERMINATED", "user", "ENTRUST.TERMINATE"),
    },
)
"""Deductions and insurance; which event it is depends on the product."""

COMPLAINT = States(
    first=("PENDING",),
    transitions={
        "respond": Transition(("PENDING", "PROCESSING"), "PROCESSING", "merchant", "COMPLAINT.STATE_CHANGE"),
        "respond after the end": Transition(("PROCESSED",), "PROCESSED", "merchant", "COMPLAINT.STATE_CHANGE"),
        "complete": Transition(
            ("PENDING", "PROCESSING", "PROCESSED"), "PROCESSED", "merchant", "COMPLAINT.STATE_CHANGE"
        ),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012691648."""
