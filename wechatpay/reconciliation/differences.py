"""Differences between a bill and the shop's records, and their sums by reason."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import field, frozen

from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REASONS", "Difference", "ReasonSum", "Summary", "Tally"]

REASONS: Mapping[str, Words] = {
    "missing_here": Words(
        "in the bill, not in your records: query the order, and book it or refund it",
        "账单有、商户无：查询该订单，补记账或退款",
    ),
    "missing_there": Words(
        "in your records, not in the bill: query the order before you deliver",
        "商户有、账单无：发货前先查询该订单",
    ),
    "amount_differs": Words("the amounts differ: stop and look at the order", "金额不一致：先停止处理，核对该订单"),
    "state_differs": Words(
        "the states differ: query the order or refund, and correct your record",
        "状态不一致：查询该订单或退款单，更正商户记录",
    ),
    "refund_unmatched": Words(
        "the refund is on one side only: query it by its out_refund_no before you repeat it",
        "退款只在一方出现：先按商户退款单号查询，再决定是否重试",
    ),
    "duplicate": Words(
        "the same number once more: was a bill or a record read twice?",
        "单号重复：账单或记录是否读了两遍",
    ),
}
"""The reasons of differences: what each means and what to do."""


@safe_repr
@frozen(kw_only=True)
class Difference:
    """
    One difference; amounts are in fen, and what a side does not have is None.

    Attributes:
        reason: A key of :data:`REASONS`.
        out_trade_no: The order; empty for a row of a bill without one.
        out_refund_no: The refund; None for an order.
        bill_amount: The amount in the bill: of the order, or requested for the refund.
        own_amount: The amount in the shop's record.
        bill_state: ``SUCCESS`` or ``REVOKED``; of a refund its 退款状态.
        own_state: ``trade_state`` or ``status`` of the shop's record.
        transaction_id: The platform's number of the order, if the bill has the row.
        refund_id: The platform's number of the refund, likewise.
    """

    reason: str
    out_trade_no: str
    out_refund_no: str | None = None
    bill_amount: int | None = None
    own_amount: int | None = None
    bill_state: str | None = None
    own_state: str | None = None
    transaction_id: str | None = None
    refund_id: str | None = None


@safe_repr
@frozen
class ReasonSum:
    """
    The differences of one reason, in fen; refunds are negative.

    Attributes:
        count: The number of differences.
        bill_amount: The sum of their amounts in the bill.
        own_amount: The sum of their amounts in the shop's records.
    """

    count: int
    bill_amount: int
    own_amount: int


@safe_repr
@frozen
class Summary:
    """
    The result of a whole comparison.

    Attributes:
        rows: Rows of the bill that were compared.
        records: Records of the shop that were compared.
        agreed: Orders and refunds that are on both sides without a difference.
        reasons: The sums of the differences by reason; reasons that did not occur are left out.
        bill_count: The number of rows by the bill's own line of totals; None for rows that come from elsewhere.
    """

    rows: int
    records: int
    agreed: int
    reasons: Mapping[str, ReasonSum]
    bill_count: int | None = None

    @property
    def differences(self) -> int:
        """The number of all differences."""
        return sum(each.count for each in self.reasons.values())


@safe_repr
@frozen
class Tally:
    """The counts of a comparison that is under way."""

    _counts: dict[str, int] = field(init=False, factory=lambda: defaultdict(int))
    _sums: dict[str, ReasonSum] = field(init=False, factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        """Count ``rows``, ``records`` or ``agreed``."""
        self._counts[what] += number

    def add(self, difference: Difference) -> Difference:
        """Count a difference, and return it."""
        is_refund = difference.reason == "refund_unmatched" or difference.out_refund_no or difference.refund_id
        sign = -1 if is_refund else 1
        known = self._sums.get(difference.reason, ReasonSum(0, 0, 0))
        self._sums[difference.reason] = ReasonSum(
            known.count + 1,
            known.bill_amount + sign * (difference.bill_amount or 0),
            known.own_amount + sign * (difference.own_amount or 0),
        )
        return difference

    def summary(self, bill_count: int | None) -> Summary:
        """Return the sums, reasons in the order of :data:`REASONS`."""
        reasons = {reason: self._sums[reason] for reason in REASONS if reason in self._sums}
        return Summary(self._counts["rows"], self._counts["records"], self._counts["agreed"], reasons, bill_count)
