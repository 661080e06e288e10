"""The comparison of a bill with the shop's records, order by order."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr, shown
from wechatpay.bills.reading import Bill
from wechatpay.reconciliation.differences import Tally
from wechatpay.reconciliation.matching import compare
from wechatpay.reconciliation.records import ORDER, PAYMENT, REFUND, REVERSAL, entry_of_record, entry_of_row
from wechatpay.reconciliation.sorting import check_sorted, sorted_by_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from wechatpay.bills.rows import Row
    from wechatpay.reconciliation.differences import Difference, Summary
    from wechatpay.reconciliation.records import Entry, Order, Refund

__all__ = ["Reconciliation", "reconcile"]

_KINDS = {
    "ALL": (PAYMENT, REVERSAL, REFUND),
    "SUCCESS": (PAYMENT,),
    "REFUND": (REVERSAL, REFUND),
}
"""The rows that the bill of a bill_type has."""
_BILL_TYPES = {
    "ALL_SPECIAL": "ALL",
    "SUC_SPECIAL": "SUCCESS",
    "REF_SPECIAL": "REFUND",
    **{each: each for each in _KINDS},
}


def reconcile(
    bill_rows: Iterable[Row],
    orders: Iterable[Order | Refund | Mapping[str, Any]],
    *,
    bill_type: str | None = None,
    presorted: bool = False,
) -> Reconciliation:
    """
    Compare a trade bill with the shop's own records of the same day.

    The records are the orders paid or revoked on that day and the refunds requested on that day, with their states at
    its end. Orders that were not paid may be among them: they are found if the bill has them as paid. A refund
    belongs to the bill of the day it was requested on, whatever the day of its order.

    Args:
        bill_rows: The rows of a bill, best :func:`wechatpay.bills.read` itself.
        orders: The records: :class:`~wechatpay.reconciliation.Order`, :class:`~wechatpay.reconciliation.Refund`, or
            mappings with their names. A mapping with ``out_refund_no`` is a refund. Amounts in fen may also stand in
            ``amount``, so that answers and notifications of APIv3 can be passed as they are.
        bill_type: ``ALL``, ``SUCCESS`` or ``REFUND``, as the bill was requested: rows and records of other kinds are
            passed over. By default the columns of the bill tell it; ``ALL`` for rows that come from elsewhere.
        presorted: Both sides come sorted by out_trade_no, character by character: they are read in step, and memory
            use is that of one order. Otherwise both are first sorted in a temporary file, which takes disk space
            instead of memory.

    Returns:
        The differences, found while they are iterated over, once; then ``summary``.

    Raises:
        CodecError: The bill is not a trade bill or was cut off, a record has another form, or the order is not the one
            that *presorted* promises; mostly raised while the differences are iterated over.
    """
    if isinstance(bill_rows, Bill):
        if bill_rows.kind not in {"trade", "refund"}:
            msg = Words(
                f"a trade bill (交易账单) was expected, not one of kind {bill_rows.kind}",
                f"应为交易账单，所给账单的类型是 {bill_rows.kind}",
            )
            raise CodecError(msg)
        bill_type = bill_type or _bill_type_of(bill_rows)
    known = _BILL_TYPES.get(bill_type or "ALL")
    if known is None:
        msg = Words(
            f"bill_type: ALL, SUCCESS or REFUND was expected, not {shown(bill_type)}",
            f"bill_type：应为 ALL、SUCCESS 或 REFUND，不是 {shown(bill_type).zh}",
        )
        raise CodecError(msg)
    return Reconciliation(bill_rows, orders, known, presorted=presorted)


def _bill_type_of(bill: Bill) -> str:
    if bill.kind == "refund":
        return "REFUND"
    return "ALL" if "商户退款单号" in bill.columns else "SUCCESS"


@safe_repr
class Reconciliation:
    """
    The differences of a bill and the shop's records; see :func:`reconcile`.

    Iterated over once. ``summary`` is there when all differences were read.
    """

    def __init__(
        self,
        bill_rows: Iterable[Row],
        orders: Iterable[Order | Refund | Mapping[str, Any]],
        bill_type: str,
        *,
        presorted: bool,
    ) -> None:
        self._rows = bill_rows
        self._records = orders
        self._bill_type = bill_type
        self._presorted = presorted
        self._started = False
        self._summary: Summary | None = None

    def __repr__(self) -> str:
        return f"<Reconciliation {self._bill_type}>"

    @property
    def summary(self) -> Summary:
        """
        The sums of the comparison.

        Raises:
            RuntimeError: The differences were not all read yet.
        """
        if self._summary is None:
            raise RuntimeError(
                Words(
                    "the summary is complete when all differences were read: iterate over them first",
                    "汇总在读完全部差异之后才完整：请先遍历差异",
                )
            )
        return self._summary

    def __iter__(self) -> Iterator[Difference]:
        """
        Yield the differences, sorted by out_trade_no.

        Raises:
            CodecError: As :func:`reconcile`.
            RuntimeError: The differences were read before.
        """
        if self._started:
            raise RuntimeError(
                Words(
                    "these differences were read before: call reconcile again", "这些差异已经读过：请重新调用 reconcile"
                )
            )
        self._started = True
        return self._differences()

    def _differences(self) -> Iterator[Difference]:
        kinds = _KINDS[self._bill_type]
        tally = Tally()
        rows = _counted(self._rows, entry_of_row, lambda row: row.kind in kinds, tally, "rows")
        records = _counted(self._records, entry_of_record, self._is_compared, tally, "records")
        with ExitStack() as stack:
            if self._presorted:
                rows, records = check_sorted(rows, "bill_rows"), check_sorted(records, "orders")
            else:
                rows, records = (stack.enter_context(sorted_by_number(each)) for each in (rows, records))
                self._bill_count()
            for there, here in _in_step(rows, records):
                yield from compare(there, here, tally, payments_only=self._bill_type == "SUCCESS")
        self._summary = tally.summary(self._bill_count())

    def _is_compared(self, record: Entry) -> bool:
        """Return whether the bill would have a record: one of refunds has no payments, one of payments no refunds."""
        if self._bill_type == "REFUND":
            return record.kind == REFUND or record.state == "REVOKED"
        return self._bill_type == "ALL" or record.kind == ORDER

    def _bill_count(self) -> int | None:
        """Return how many rows a bill has by its own totals, once they were read; a bill without totals is refused."""
        if not isinstance(self._rows, Bill):
            return None
        if not self._rows.summaries:
            raise CodecError(
                Words(
                    "the bill has no line of totals at its end: it was cut off; download it again",
                    "账单末尾没有汇总行：账单被截断，请重新下载",
                )
            )
        return sum(getattr(each, "orders", None) or 0 for each in self._rows.summaries)


def _counted(
    values: Iterable[Any],
    convert: Callable[[Any, int], Entry],
    is_compared: Callable[[Entry], bool],
    tally: Tally,
    what: str,
) -> Iterator[Entry]:
    for number, value in enumerate(values, 1):
        entry = convert(value, number)
        if is_compared(entry):
            tally.count(what)
            yield entry


def _in_step(rows: Iterator[Entry], records: Iterator[Entry]) -> Iterator[tuple[list[Entry], list[Entry]]]:
    """Yield the rows and the records of one order after the other; both sides are sorted."""
    there, here = _by_number(rows), _by_number(records)
    row, record = next(there, None), next(here, None)
    while row is not None or record is not None:
        number = min(each[0] for each in (row, record) if each is not None)
        found: tuple[list[Entry], list[Entry]] = ([], [])
        if row is not None and row[0] == number:
            found[0].extend(row[1])
            row = next(there, None)
        if record is not None and record[0] == number:
            found[1].extend(record[1])
            record = next(here, None)
        yield found


def _by_number(entries: Iterator[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    return ((number, list(group)) for number, group in groupby(entries, attrgetter("out_trade_no")))
