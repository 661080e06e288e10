"""The shop's records and the rows of a bill, in the form that they are compared in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.i18n import Words, message_of, translate
from chainable.masking import safe_repr, shown
from wechatpay.bills.rows import TradeRow

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = [
    "ORDER",
    "PAID",
    "PAYMENT",
    "REFUND",
    "REVERSAL",
    "Entry",
    "Order",
    "Refund",
    "entry_of_record",
    "entry_of_row",
]

PAYMENT, REVERSAL, REFUND, ORDER = "payment", "reversal", "refund", "order"
PAID = frozenset({"SUCCESS", "REFUND"})
"""States of an order that was paid; ``REFUND`` is what the platform's answers say once a part of it went back."""
_TRADE_STATES = PAID | {"NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "ACCEPT"}
_REFUND_STATES = frozenset({"SUCCESS", "PROCESSING", "CLOSED", "ABNORMAL"})
_FORMER = {"REFUNDCLOSE": "CLOSED", "CHANGE": "ABNORMAL"}
"""States of refunds as APIv2 writes them."""
_MOST = 10**15


class Entry(NamedTuple):
    """
    A row of a bill or a record of the shop, reduced to what is compared.

    Rows are payments, reversals and refunds; records are orders and refunds. The amount is in fen.
    """

    out_trade_no: str
    kind: str
    out_refund_no: str | None
    amount: int
    state: str
    transaction_id: str | None = None
    refund_id: str | None = None


def _whole(value: Any) -> int | None:
    """Return a number of fen, which may be written as text; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        value = int(value) if len(value) < 20 else -1
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _check_text(record: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, str) or not value:
        msg = Words(
            f"{attribute.name}: a text that is not empty was expected, not {shown(value)}",
            f"{attribute.name}：应为非空文本，不是 {shown(value).zh}",
        )
        raise CodecError(msg)


def _check_fen(record: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, int) or _whole(value) is None:
        msg = Words(
            f"{attribute.name}: a whole number of fen was expected, not {shown(value)}; 12.34 yuan are 1234",
            f"{attribute.name}：应为整数，单位分，不是 {shown(value).zh}；12.34 元写作 1234",
        )
        raise CodecError(msg)


def _check_trade_state(record: object, attribute: Attribute[Any], value: Any) -> None:
    if value not in _TRADE_STATES:
        msg = Words(
            f"trade_state: one of {', '.join(sorted(_TRADE_STATES))} was expected, not {shown(value)}",
            f"trade_state：应为 {'、'.join(sorted(_TRADE_STATES))} 之一，不是 {shown(value).zh}",
        )
        raise CodecError(msg)


def _check_status(record: object, attribute: Attribute[Any], value: Any) -> None:
    if value not in _REFUND_STATES:
        msg = Words(
            f"status: one of {', '.join(sorted(_REFUND_STATES))} was expected, not {shown(value)}",
            f"status：应为 {'、'.join(sorted(_REFUND_STATES))} 之一，不是 {shown(value).zh}",
        )
        raise CodecError(msg)


@safe_repr
@frozen(kw_only=True)
class Order:
    """
    An order as the shop recorded it.

    Args:
        out_trade_no: The shop's number of it.
        total: Its amount in fen, ``amount.total`` of the order.
        trade_state: ``SUCCESS``, ``REFUND``, ``NOTPAY``, ``CLOSED``, ``REVOKED``, ``USERPAYING``, ``PAYERROR`` or
            ``ACCEPT``, as at the end of the day.

    Raises:
        CodecError: A value has another form.
    """

    out_trade_no: str = field(validator=_check_text)
    total: int = field(validator=_check_fen)
    trade_state: str = field(default="SUCCESS", validator=_check_trade_state)


@safe_repr
@frozen(kw_only=True)
class Refund:
    """
    A refund as the shop recorded it.

    Args:
        out_trade_no: The order that it belongs to, which may be of an earlier day.
        out_refund_no: The shop's number of it.
        refund: Its amount in fen, ``amount.refund`` of the refund.
        status: ``SUCCESS``, ``PROCESSING``, ``CLOSED`` or ``ABNORMAL``.

    Raises:
        CodecError: A value has another form.
    """

    out_trade_no: str = field(validator=_check_text)
    out_refund_no: str = field(validator=_check_text)
    refund: int = field(validator=_check_fen)
    status: str = field(default="SUCCESS", validator=_check_status)


def entry_of_record(record: Any, number: int) -> Entry:
    """
    Return a record of the shop in the form that is compared.

    Args:
        record: An :class:`Order`, a :class:`Refund`, or a mapping with their names; one with ``out_refund_no`` is a
            refund. Amounts may stand in ``amount``, as in answers and notifications of the platform.
        number: The place of the record, for errors.

    Raises:
        CodecError: The record has another form.
    """
    try:
        value = _of_mapping(record) if isinstance(record, Mapping) else record
    except CodecError as error:
        msg = Words(f"record {number}: {error}", f"第 {number} 条记录：{translate(message_of(error), 'zh')}")
        raise CodecError(msg) from None
    if isinstance(value, Order):
        return Entry(value.out_trade_no, ORDER, None, value.total, value.trade_state)
    if isinstance(value, Refund):
        return Entry(value.out_trade_no, REFUND, value.out_refund_no, value.refund, value.status)
    msg = Words(
        f"record {number}: an Order, a Refund or a mapping was expected, not {shown(value)}",
        f"第 {number} 条记录：应为 Order、Refund 或字典，不是 {shown(value).zh}",
    )
    raise CodecError(msg)


def _of_mapping(record: Mapping[str, Any]) -> Order | Refund:
    if record.get("out_refund_no"):
        status = record.get("status") or record.get("refund_status") or "SUCCESS"
        return Refund(
            out_trade_no=record.get("out_trade_no") or "",
            out_refund_no=record["out_refund_no"],
            refund=_amount(record, "refund"),
            status=_FORMER.get(status, status) if isinstance(status, str) else "",
        )
    return Order(
        out_trade_no=record.get("out_trade_no") or "",
        total=_amount(record, "total"),
        trade_state=record.get("trade_state") or "SUCCESS",
    )


def _amount(record: Mapping[str, Any], name: str) -> Any:
    value = record.get(name)
    if value is None and isinstance(record.get("amount"), Mapping):
        value = record["amount"].get(name)
    if isinstance(value, str) and (fen := _whole(value)) is not None:
        return fen
    return value


def entry_of_row(row: Any, number: int) -> Entry:
    """
    Return a row of a trade bill in the form that is compared.

    Args:
        row: A row of :func:`wechatpay.bills.read`.
        number: The place of the row, for errors.

    Raises:
        CodecError: The row is not of a trade bill, or has an unknown state or amount.
    """
    if not isinstance(row, TradeRow):
        msg = Words(
            f"row {number}: a row of a trade bill (交易账单) was expected, not {shown(row)}",
            f"第 {number} 行：应为交易账单的一行，不是 {shown(row).zh}",
        )
        raise CodecError(msg)
    order, numbers = row.out_trade_no or "", (row.transaction_id, row.refund_id)
    if row.trade_state == "SUCCESS":
        return Entry(order, PAYMENT, None, _fen(number, row.total, row.settlement_total), "SUCCESS", numbers[0])
    if row.trade_state == "REFUND":
        amount = _fen(number, row.refund_requested, row.refund_amount)
        return Entry(order, REFUND, row.out_refund_no, amount, row.refund_status or "PROCESSING", *numbers)
    if row.trade_state == "REVOKED":
        amounts = (row.refund_requested, row.refund_amount, row.total, row.settlement_total)
        return Entry(order, REVERSAL, None, _fen(number, *filter(None, amounts), Decimal(0)), "REVOKED", numbers[0])
    msg = Words(
        f"row {number}: 交易状态 is SUCCESS, REFUND or REVOKED, not {shown(row.trade_state)}",
        f"第 {number} 行：交易状态应为 SUCCESS、REFUND 或 REVOKED，不是 {shown(row.trade_state).zh}",
    )
    raise CodecError(msg)


def _fen(number: int, *amounts: Decimal | None) -> int:
    """Return the first amount that is there, in fen."""
    amount = next((each for each in amounts if each is not None), None)
    if amount is None or amount * 100 % 1 or not 0 <= amount * 100 <= _MOST:
        msg = Words(f"row {number}: the amount is not a whole number of fen", f"第 {number} 行：金额不是整数分")
        raise CodecError(msg)
    return int(amount * 100)
