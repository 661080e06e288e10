"""The rows and records of one order, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wechatpay.reconciliation.differences import Difference
from wechatpay.reconciliation.records import ORDER, PAID, PAYMENT, REFUND, REVERSAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wechatpay.reconciliation.differences import Tally
    from wechatpay.reconciliation.records import Entry

__all__ = ["compare"]

_AGREEING = {
    "SUCCESS": PAID,
    "REVOKED": frozenset({"REVOKED"}),
}
"""The states of a shop's order that agree with a row of a bill."""
_REFUNDS_AGREEING = {
    "SUCCESS": frozenset({"SUCCESS"}),
    "FAIL": frozenset({"CLOSED"}),
    "CHANGE": frozenset({"ABNORMAL", "SUCCESS"}),  # a refund that could not be paid out may be completed by hand
}
"""Likewise for a refund; one that was under way when the bill was written (PROCESSING) may have ended in any state."""


def compare(
    rows: Sequence[Entry], records: Sequence[Entry], tally: Tally, *, payments_only: bool
) -> Iterator[Difference]:
    """
    Yield the differences of one order.

    Args:
        rows: The rows of the bill with its number.
        records: The records of the shop with its number.
        tally: What the agreements and differences are counted in.
        payments_only: Whether the bill has no rows of reversals: an order that was revoked later stands in it as paid.
    """
    yield from map(tally.add, _duplicates(rows, records))
    yield from map(tally.add, _order(rows, records, tally, payments_only=payments_only))
    there = _first_of_refunds(rows)
    here = _first_of_refunds(records)
    for name in sorted(there.keys() | here.keys()):
        yield from map(tally.add, _refund(there.get(name), here.get(name), tally))


def _order(
    rows: Sequence[Entry], records: Sequence[Entry], tally: Tally, *, payments_only: bool
) -> Iterator[Difference]:
    payment, reversal = _first(rows, PAYMENT), _first(rows, REVERSAL)
    row, order = reversal or payment, _first(records, ORDER)
    if row is None:
        if order is not None and order.state in PAID:
            yield _difference("missing_there", None, order)
        return
    there = row._replace(amount=payment.amount) if payment else row
    if order is None:
        yield _difference("missing_here", there, None)
        return
    agreeing = _AGREEING[row.state]
    found = []
    if order.amount != there.amount:
        found.append("amount_differs")
    if order.state not in agreeing and not (payments_only and order.state == "REVOKED"):
        found.append("state_differs")
    if not found:
        tally.count("agreed")
    for reason in found:
        yield _difference(reason, there, order)


def _refund(row: Entry | None, record: Entry | None, tally: Tally) -> Iterator[Difference]:
    if row is None or record is None:
        if record is None or record.state != "CLOSED":  # a refund that failed need not be in the bill
            yield _difference("refund_unmatched", row, record)
        return
    found = []
    if row.amount != record.amount:
        found.append("amount_differs")
    if record.state not in _REFUNDS_AGREEING.get(row.state, {record.state}):
        found.append("state_differs")
    if not found:
        tally.count("agreed")
    for reason in found:
        yield _difference(reason, row, record)


def _first(entries: Iterable[Entry], kind: str) -> Entry | None:
    return next((each for each in entries if each.kind == kind), None)


def _name(refund: Entry) -> tuple[str, str]:
    """Return what tells refunds of an order apart; one that was made by hand may only have the platform's number."""
    return (refund.out_refund_no or "", "" if refund.out_refund_no else refund.refund_id or "")


def _first_of_refunds(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    found: dict[tuple[str, str], Entry] = {}
    for each in entries:
        if each.kind == REFUND:
            found.setdefault(_name(each), each)
    return found


def _duplicates(rows: Iterable[Entry], records: Iterable[Entry]) -> Iterator[Difference]:
    """Yield the rows and the records whose number was there already."""
    for entries, in_bill in ((rows, True), (records, False)):
        seen: set[tuple[str, ...]] = set()
        for each in entries:
            name = (each.kind, *(_name(each) if each.kind == REFUND else ()))
            if name in seen:
                yield _difference("duplicate", each if in_bill else None, None if in_bill else each)
            seen.add(name)


def _difference(reason: str, row: Entry | None, record: Entry | None) -> Difference:
    known = row or record
    assert known is not None
    return Difference(
        reason=reason,
        out_trade_no=known.out_trade_no,
        out_refund_no=known.out_refund_no,
        bill_amount=row.amount if row else None,
        own_amount=record.amount if record else None,
        bill_state=row.state if row else None,
        own_state=record.state if record else None,
        transaction_id=row.transaction_id if row else None,
        refund_id=row.refund_id if row else None,
    )
