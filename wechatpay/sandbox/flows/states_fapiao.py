"""The states of electronic invoices, and of their cards in the user's wallet."""

from __future__ import annotations

from wechatpay.sandbox.flows.states import States, Transition

__all__ = ["CARD", "FAPIAO"]

FAPIAO = States(
    first=("ISSUE_ACCEPTED", "ISSUED"),
    transitions={
        "issue": Transition(("ISSUE_ACCEPTED",), "ISSUED", "platform", "FAPIAO.ISSUED"),
        "fail": Transition(("ISSUE_ACCEPTED",), "ISSUE_FAILED", "platform"),
        "issue again": Transition(("ISSUE_FAILED",), "ISSUE_ACCEPTED", "merchant"),
        "ask to reverse": Transition(("ISSUED", "REVERSE_ACCEPTED", "REVERSE_FAILED"), "REVERSE_ACCEPTED", "merchant"),
        "reverse": Transition(("REVERSE_ACCEPTED",), "REVERSED", "platform", "FAPIAO.REVERSED"),
        "fail to reverse": Transition(("REVERSE_ACCEPTED",), "REVERSE_FAILED", "platform"),
    },
)
"""``status``: https://pay.weixin.qq.com/doc/v3/partner/4015792567; one that was issued elsewhere begins as ISSUED."""

CARD = States(
    first=("INSERT_ACCEPTED",),
    transitions={
        "insert": Transition(("INSERT_ACCEPTED",), "INSERTED", "platform", "FAPIAO.CARD_INSERTED"),
        "ask to discard": Transition(("INSERTED", "DISCARD_ACCEPTED"), "DISCARD_ACCEPTED", "merchant"),
        "keep": Transition(("DISCARD_ACCEPTED",), "INSERTED", "platform"),
        "discard": Transition(("DISCARD_ACCEPTED",), "DISCARDED", "platform", "FAPIAO.CARD_DISCARDED"),
    },
)
"""``card_status``: the same page. A reversed invoice leaves the wallet."""
