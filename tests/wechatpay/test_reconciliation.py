"""Reconciliation: planted differences of every kind are found, and none is invented."""

from __future__ import annotations

import io
import itertools
import random
import tracemalloc
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainable.errors import CodecError
from wechatpay import bills, reconcile
from wechatpay.reconciliation import REASONS, Difference, Order, ReasonSum, Reconciliation, Refund, Summary
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.context import BEIJING
from wechatpay.sandbox.flows import bill_files, bill_rows, orders, payments, refunds

TIME = "2026-03-02 10:00:00"
ALL = [name for name in bill_rows.COLUMNS if name not in bill_rows.TIMES]
COLUMNS = {
    "ALL": ALL,
    "SUCCESS": [name for name in bill_rows.COLUMNS if name not in bill_rows.LEFT_OUT["SUCCESS"]],
    "REFUND": bill_rows.COLUMNS,
}


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02}"


def paid(number, total, *, fee="0.00000", state="SUCCESS"):
    """Return the cells of a payment."""
    amounts = {"应结订单金额": yuan(total), "订单金额": yuan(total), "退款金额": "0.00", "申请退款金额": "0.00"}
    return {"商户订单号": number, "交易状态": state, "微信订单号": f"42{number}", "手续费": fee, **amounts}


def refunded(number, refund_number, amount, *, settled=None, status="SUCCESS"):
    """Return the cells of a refund."""
    return {
        "商户订单号": number,
        "交易状态": "REFUND",
        "微信订单号": f"42{number}",
        "微信退款单号": f"50{refund_number}",
        "商户退款单号": refund_number,
        "退款金额": yuan(amount if settled is None else settled),
        "申请退款金额": yuan(amount),
        "退款状态": status,
        "订单金额": "0.00",
        "应结订单金额": "0.00",
    }


def revoked(number, total):
    """Return the cells of a reversal."""
    return {**refunded(number, "0", total), "交易状态": "REVOKED", "微信退款单号": "0"}


def bill_of(*rows, bill_type="ALL", totals=True):
    """Return a bill of these rows, as the sandbox writes it."""
    columns = COLUMNS[bill_type]
    defaults = dict.fromkeys(bill_rows.COLUMNS, "") | {"交易时间": TIME, "手续费": "0.00", "费率": "0.60%"}
    cells = [[{**defaults, **row}[name] for name in columns] for row in rows]
    content = bill_rows.csv(",".join(columns), cells, bill_rows.TRADE_SUMMARY, lambda: [str(len(rows)), *["0.00"] * 6])
    if not totals:
        content = content[: content.index("总交易单数".encode())]
    return bills.read(io.BytesIO(content))


def differences(bill, records, **options):
    return list(reconcile(bill, records, **options))


def reasons(bill, records, **options):
    return [(each.reason, each.out_refund_no or each.out_trade_no) for each in reconcile(bill, records, **options)]


class TestOrders:
    def test_nothing_differs(self):
        result = reconcile(
            bill_of(paid("A", 100), paid("B", 5)),
            [Order(out_trade_no="B", total=5), Order(out_trade_no="A", total=100)],
        )

        assert list(result) == []
        assert result.summary == Summary(rows=2, records=2, agreed=2, reasons={}, bill_count=2)
        assert result.summary.differences == 0

    def test_an_order_that_is_missing_here(self):
        assert differences(bill_of(paid("A", 100)), []) == [
            Difference(
                reason="missing_here", out_trade_no="A", bill_amount=100, bill_state="SUCCESS", transaction_id="42A"
            )
        ]

    def test_an_order_that_is_missing_there(self):
        bill = bill_of(paid("A", 100))

        assert differences(bill, [Order(out_trade_no="A", total=100), Order(out_trade_no="B", total=7)]) == [
            Difference(reason="missing_there", out_trade_no="B", own_amount=7, own_state="SUCCESS")
        ]

    def test_another_amount(self):
        result = reconcile(bill_of(paid("A", 100)), [Order(out_trade_no="A", total=101)])

        assert list(result) == [
            Difference(
                reason="amount_differs",
                out_trade_no="A",
                bill_amount=100,
                own_amount=101,
                bill_state="SUCCESS",
                own_state="SUCCESS",
                transaction_id="42A",
            )
        ]
        assert result.summary.reasons == {"amount_differs": ReasonSum(1, 100, 101)}

    @pytest.mark.parametrize("state", ["NOTPAY", "CLOSED", "USERPAYING", "PAYERROR", "ACCEPT", "REVOKED"])
    def test_an_order_that_was_paid_and_the_shop_does_not_know(self, state):
        assert reasons(bill_of(paid("A", 100)), [Order(out_trade_no="A", total=100, trade_state=state)]) == [
            ("state_differs", "A")
        ]

    @pytest.mark.parametrize("state", ["NOTPAY", "CLOSED", "USERPAYING", "PAYERROR", "ACCEPT", "REVOKED"])
    def test_an_order_without_money_is_not_missed(self, state):
        result = reconcile(
            bill_of(paid("A", 1)),
            [{"out_trade_no": "A", "total": 1}, Order(out_trade_no="B", total=7, trade_state=state)],
        )

        assert list(result) == []
        assert (result.summary.records, result.summary.agreed) == (2, 1)

    def test_state_and_amount_are_two_differences(self):
        record = Order(out_trade_no="A", total=1, trade_state="CLOSED")

        assert reasons(bill_of(paid("A", 2)), [record]) == [("amount_differs", "A"), ("state_differs", "A")]

    def test_an_order_with_a_refund_was_paid(self):
        """The platform's answers say REFUND once a part of the money went back."""
        assert differences(bill_of(paid("A", 100)), [Order(out_trade_no="A", total=100, trade_state="REFUND")]) == []

    def test_a_coupon_and_a_fee_are_no_differences(self):
        row = {**paid("A", 100, fee="0.60000"), "应结订单金额": "0.80", "代金券金额": "0.20"}

        assert differences(bill_of(row), [Order(out_trade_no="A", total=100)]) == []

    def test_an_old_bill_has_the_amount_elsewhere(self):
        head = "交易时间,微信订单号,商户订单号,交易状态,总金额,商户退款单号\r\n"
        text = f"{head}`{TIME},`42A,`A,`SUCCESS,`1.00,`0\r\n总交易单数,总交易额\r\n`1,`1.00\r\n"

        assert differences(bills.read(io.BytesIO(text.encode())), [Order(out_trade_no="A", total=100)]) == []

    def test_a_row_without_a_number(self):
        (only,) = reconcile(bill_of(paid("", 100)), [])

        assert (only.reason, only.out_trade_no, only.bill_amount) == ("missing_here", "", 100)


class TestReversals:
    def test_an_order_paid_and_revoked_on_one_day(self):
        bill = bill_of(paid("A", 100), revoked("A", 100))
        result = reconcile(bill, [Order(out_trade_no="A", total=100, trade_state="REVOKED")])

        assert list(result) == []
        assert (result.summary.rows, result.summary.agreed) == (2, 1)

    def test_an_order_of_an_earlier_day(self):
        assert (
            differences(bill_of(revoked("A", 100)), [Order(out_trade_no="A", total=100, trade_state="REVOKED")]) == []
        )

    def test_a_reversal_that_the_shop_does_not_know(self):
        bill = bill_of(paid("A", 100), revoked("A", 100))
        (only,) = reconcile(bill, [Order(out_trade_no="A", total=100)])

        assert (only.reason, only.bill_state, only.own_state) == ("state_differs", "REVOKED", "SUCCESS")

    def test_a_reversal_of_another_amount_or_of_no_order(self):
        record = Order(out_trade_no="A", total=99, trade_state="REVOKED")

        assert reasons(bill_of(revoked("A", 100)), [record]) == [("amount_differs", "A")]
        assert reasons(bill_of(revoked("A", 100)), []) == [("missing_here", "A")]

    def test_a_reversal_whose_amounts_are_all_zero(self):
        (only,) = reconcile(bill_of(revoked("A", 0)), [])

        assert only.bill_amount == 0


class TestRefunds:
    def test_several_refunds_of_an_order(self):
        bill = bill_of(paid("A", 100), refunded("A", "R1", 30), refunded("A", "R2", 20))
        records = [
            Order(out_trade_no="A", total=100),
            Refund(out_trade_no="A", out_refund_no="R2", refund=20),
            Refund(out_trade_no="A", out_refund_no="R1", refund=30),
        ]
        result = reconcile(bill, records)

        assert list(result) == []
        assert (result.summary.rows, result.summary.records, result.summary.agreed) == (3, 3, 3)

    def test_a_refund_of_an_order_of_an_earlier_day(self):
        record = Refund(out_trade_no="OLD", out_refund_no="R1", refund=30)

        assert differences(bill_of(refunded("OLD", "R1", 30)), [record]) == []

    def test_a_refund_on_one_side(self):
        bill = bill_of(paid("A", 100), refunded("A", "R1", 30))
        result = reconcile(
            bill, [Order(out_trade_no="A", total=100), Refund(out_trade_no="A", out_refund_no="R2", refund=40)]
        )

        assert list(result) == [
            Difference(
                reason="refund_unmatched",
                out_trade_no="A",
                out_refund_no="R1",
                bill_amount=30,
                bill_state="SUCCESS",
                transaction_id="42A",
                refund_id="50R1",
            ),
            Difference(
                reason="refund_unmatched", out_trade_no="A", out_refund_no="R2", own_amount=40, own_state="SUCCESS"
            ),
        ]
        assert result.summary.reasons == {"refund_unmatched": ReasonSum(2, -30, -40)}

    def test_a_refund_of_another_amount(self):
        record = Refund(out_trade_no="A", out_refund_no="R1", refund=31)
        result = reconcile(bill_of(refunded("A", "R1", 30)), [record])

        assert [each.reason for each in result] == ["amount_differs"]
        assert result.summary.reasons == {"amount_differs": ReasonSum(1, -30, -31)}

    def test_what_was_requested_counts_not_what_coupons_left(self):
        record = Refund(out_trade_no="A", out_refund_no="R1", refund=30)

        assert differences(bill_of(refunded("A", "R1", 30, settled=25)), [record]) == []

    @pytest.mark.parametrize(
        ("in_bill", "here", "found"),
        [
            ("SUCCESS", "SUCCESS", False),
            ("SUCCESS", "PROCESSING", True),
            ("SUCCESS", "CLOSED", True),
            ("SUCCESS", "ABNORMAL", True),
            ("PROCESSING", "SUCCESS", False),
            ("PROCESSING", "PROCESSING", False),
            ("PROCESSING", "CLOSED", False),
            ("", "ABNORMAL", False),
            ("FAIL", "CLOSED", False),
            ("FAIL", "SUCCESS", True),
            ("CHANGE", "ABNORMAL", False),
            ("CHANGE", "SUCCESS", False),
            ("CHANGE", "PROCESSING", True),
        ],
    )
    def test_states_of_refunds(self, in_bill, here, found):
        """The bill keeps the state that a refund had at the end of the day."""
        record = Refund(out_trade_no="A", out_refund_no="R1", refund=30, status=here)

        assert reasons(bill_of(refunded("A", "R1", 30, status=in_bill)), [record]) == (
            [("state_differs", "R1")] if found else []
        )

    def test_a_refund_that_failed_is_not_missed(self):
        records = [
            Order(out_trade_no="A", total=1),
            Refund(out_trade_no="A", out_refund_no="R1", refund=1, status="CLOSED"),
        ]

        assert differences(bill_of(paid("A", 1)), records) == []
        assert reasons(
            bill_of(paid("A", 1)),
            [records[0], Refund(out_trade_no="A", out_refund_no="R1", refund=1, status="PROCESSING")],
        ) == [("refund_unmatched", "R1")]

    def test_refunds_made_by_hand_have_the_platforms_number_only(self):
        rows = [{**refunded("A", "0", amount), "微信退款单号": f"50{amount}"} for amount in (1, 2)]
        result = reconcile(bill_of(*rows), [])

        assert [(each.reason, each.refund_id) for each in result] == [
            ("refund_unmatched", "501"),
            ("refund_unmatched", "502"),
        ]
        assert result.summary.reasons["refund_unmatched"].bill_amount == -3

    def test_a_number_of_another_order_does_not_match(self):
        record = Refund(out_trade_no="B", out_refund_no="R1", refund=30)

        assert reasons(bill_of(refunded("A", "R1", 30)), [record]) == [("refund_unmatched", "R1")] * 2


class TestDuplicates:
    def test_rows(self):
        bill = bill_of(paid("A", 100), paid("A", 100), refunded("A", "R1", 1), refunded("A", "R1", 1))
        result = reconcile(
            bill, [Order(out_trade_no="A", total=100), Refund(out_trade_no="A", out_refund_no="R1", refund=1)]
        )
        found = list(result)

        assert [(each.reason, each.out_refund_no, each.bill_amount, each.own_amount) for each in found] == [
            ("duplicate", None, 100, None),
            ("duplicate", "R1", 1, None),
        ]
        assert result.summary.reasons == {"duplicate": ReasonSum(2, 99, 0)}

    def test_records(self):
        records = [Order(out_trade_no="A", total=100)] * 3

        assert [(each.reason, each.own_amount) for each in reconcile(bill_of(paid("A", 100)), records)] == [
            ("duplicate", 100)
        ] * 2

    def test_a_bill_that_is_read_twice(self):
        rows = itertools.chain(bill_of(paid("A", 1), paid("B", 2)), bill_of(paid("A", 1), paid("B", 2)))
        records = [Order(out_trade_no="A", total=1), Order(out_trade_no="B", total=2)]

        assert reasons(rows, records) == [("duplicate", "A"), ("duplicate", "B")]


class TestBillTypes:
    records = [
        Order(out_trade_no="A", total=100, trade_state="REFUND"),
        Order(out_trade_no="B", total=50, trade_state="REVOKED"),
        Refund(out_trade_no="A", out_refund_no="R1", refund=30),
    ]
    rows = (paid("A", 100), paid("B", 50), refunded("A", "R1", 30), revoked("B", 50))

    @pytest.mark.parametrize(
        ("bill_type", "rows", "compared"),
        [("ALL", rows, 3), ("SUCCESS", rows[:2], 2), ("REFUND", rows[2:], 2)],
    )
    def test_the_columns_tell_what_a_bill_has(self, bill_type, rows, compared):
        result = reconcile(bill_of(*rows, bill_type=bill_type), self.records)

        assert list(result) == []
        assert result.summary.records == compared
        assert bill_type in repr(result)

    def test_it_can_be_told(self):
        """Rows of another kind are passed over as well."""
        for bill_type in ("SUCCESS", "REFUND", "SUC_SPECIAL", "REF_SPECIAL", "ALL_SPECIAL"):
            assert differences(iter(bill_of(*self.rows)), self.records, bill_type=bill_type) == []
        assert reasons(bill_of(*self.rows[:2], bill_type="SUCCESS"), self.records, bill_type="ALL") == [
            ("refund_unmatched", "R1"),
            ("state_differs", "B"),
        ]

    def test_a_wrong_one_is_refused(self):
        with pytest.raises(CodecError, match="bill_type: ALL, SUCCESS or REFUND"):
            reconcile([], [], bill_type="TRADE")


class TestMappings:
    def test_answers_of_the_platform_are_records(self):
        bill = bill_of(paid("A", 100), refunded("A", "R1", 30), refunded("A", "R2", 20))
        order = {"out_trade_no": "A", "trade_state": "REFUND", "amount": {"total": 100, "payer_total": 90}}
        refund = {
            "out_trade_no": "A",
            "out_refund_no": "R1",
            "status": "SUCCESS",
            "amount": {"refund": 30, "total": 100},
        }
        notice = {"out_trade_no": "A", "out_refund_no": "R2", "refund_status": "SUCCESS", "amount": {"refund": 20}}

        assert differences(bill, [order, refund, notice]) == []

    def test_texts_of_a_file(self):
        bill = bill_of(paid("A", 100), refunded("A", "R1", 30, status="FAIL"), refunded("A", "R2", 1, status="CHANGE"))
        records = [
            {"out_trade_no": "A", "total": "100", "trade_state": "", "out_refund_no": ""},
            {"out_trade_no": "A", "refund": " 30", "status": "REFUNDCLOSE", "out_refund_no": "R1"},
            {"out_trade_no": "A", "refund": "1", "status": "CHANGE", "out_refund_no": "R2"},
        ]

        assert differences(bill, records) == []

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            ({"out_trade_no": "A", "total": 1.5}, "record 1: total: a whole number of fen was expected, not 1.5"),
            ({"out_trade_no": "A", "total": "1.50"}, "total: a whole number of fen"),
            ({"out_trade_no": "A", "total": -1}, "total: a whole number of fen"),
            ({"out_trade_no": "A", "total": "9" * 5000}, "total: a whole number of fen"),
            ({"out_trade_no": "A", "total": True}, "total: a whole number of fen"),
            ({"out_trade_no": "A"}, "total: a whole number of fen"),
            ({"total": 1}, "out_trade_no: a text that is not empty"),
            ({"out_trade_no": 7, "total": 1}, "out_trade_no: a text that is not empty was expected, not 7"),
            ({"out_trade_no": "A", "total": 1, "trade_state": "paid"}, "trade_state: one of ACCEPT, CLOSED"),
            ({"out_trade_no": "A", "refund": 1, "out_refund_no": "R", "status": "done"}, "status: one of ABNORMAL"),
            ({"out_trade_no": "A", "refund": 1, "out_refund_no": "R", "status": 7}, "status: one of ABNORMAL"),
            (("A", 1), "record 1: an Order, a Refund or a mapping was expected, not a tuple"),
        ],
    )
    def test_a_record_of_another_form_is_refused(self, record, message):
        with pytest.raises(CodecError, match=message):
            differences(bill_of(paid("A", 1)), [record])


class TestBills:
    def test_another_bill_is_refused(self):
        funds = "记账时间,微信支付业务单号\r\n`2026-01-01 04:21:23,`1\r\n"

        with pytest.raises(CodecError, match=r"a trade bill \(交易账单\) was expected, not one of kind fund_flow"):
            reconcile(bills.read(io.BytesIO(funds.encode())), [])
        with pytest.raises(CodecError, match="row 1: a row of a trade bill .* not a FundFlowRow"):
            differences(iter(bills.read(io.BytesIO(funds.encode()))), [])

    def test_a_bill_that_was_cut_off_is_refused_before_a_difference_is_told(self):
        with pytest.raises(CodecError, match="cut off"):
            next(iter(reconcile(bill_of(paid("A", 1), totals=False), [])))
        with pytest.raises(CodecError, match="cut off"):
            differences(bill_of(paid("A", 1), totals=False), [], presorted=True)

    def test_the_totals_are_no_row_and_are_counted(self):
        result = reconcile(bill_of(paid("A", 1), paid("B", 1)), [], presorted=True)

        assert len(list(result)) == 2
        assert (result.summary.rows, result.summary.bill_count) == (2, 2)

    def test_rows_from_elsewhere_have_no_totals(self):
        result = reconcile(list(bill_of(paid("A", 1))), [])

        assert len(list(result)) == 1
        assert result.summary.bill_count is None

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            (paid("A", 1, state="NEW"), "row 1: 交易状态 is SUCCESS, REFUND or REVOKED"),
            ({**paid("A", 1), "订单金额": "0.001"}, "row 1: the amount is not a whole number of fen"),
            ({**paid("A", 1), "订单金额": "-1"}, "row 1: the amount is not a whole number of fen"),
            ({**paid("A", 1), "订单金额": "", "应结订单金额": ""}, "row 1: the amount is not a whole number of fen"),
        ],
    )
    def test_a_row_of_another_form_is_refused(self, row, message):
        with pytest.raises(CodecError, match=message):
            differences(bill_of(row), [])


class TestIteration:
    def test_it_is_iterated_over_once(self):
        result = reconcile(bill_of(paid("A", 1)), [])
        assert isinstance(result, Reconciliation)
        with pytest.raises(RuntimeError, match="iterate over them first"):
            assert result.summary
        list(result)
        with pytest.raises(RuntimeError, match="read before"):
            iter(result)

    def test_sorted_input_is_read_in_step(self):
        taken = []

        def records():
            for number in range(1000):
                taken.append(number)
                yield Order(out_trade_no=f"{number:04}", total=2)

        rows = list(bill_of(*(paid(f"{number:04}", 1) for number in range(1000))))
        result = iter(reconcile(rows, records(), presorted=True))

        assert next(result).out_trade_no == "0000"
        assert len(taken) < 4

    def test_a_wrong_promise_of_order_is_refused(self):
        rows = [*bill_of(paid("B", 1), paid("A", 1))]
        records = [Order(out_trade_no=number, total=1) for number in ("A", "B")]

        with pytest.raises(CodecError, match="bill_rows: not sorted by out_trade_no"):
            differences(rows, records, presorted=True)
        with pytest.raises(CodecError, match="orders: not sorted by out_trade_no"):
            differences(rows[::-1], records[::-1], presorted=True)
        assert differences(rows, records) == []

    def test_an_iteration_that_is_given_up_leaves_nothing_open(self):
        """A temporary database that stays open is a ResourceWarning, which is an error here."""
        result = iter(reconcile(bill_of(paid("A", 1), paid("B", 1)), []))
        next(result)
        result.close()

    @pytest.mark.parametrize("presorted", [True, False])
    def test_memory_does_not_grow_with_the_orders(self, presorted):
        """In Python; SQLite holds a page cache of 2 MiB a side at most."""

        def peak(count):
            rows = (
                bills.TradeRow(out_trade_no=f"{each:08}", trade_state="SUCCESS", total=ONE) for each in range(count)
            )
            records = (Order(out_trade_no=f"{each:08}", total=1) for each in range(1, count + 1))
            tracemalloc.start()
            found = sum(1 for _ in reconcile(rows, records, presorted=presorted))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert found == count + 1  # all amounts differ, and one is missing on each side
            return most

        ONE = next(iter(bill_of(paid("A", 2)))).total
        peak(10)
        assert peak(3000) < 2**19  # the rows and records alone are 2 MiB


KINDS = (
    "missing_here",
    "missing_there",
    "amount",
    "state",
    "refund_here",
    "refund_there",
    "refund_amount",
    "refund_state",
    "twice",
)


def planted(rows, records, chosen):
    """Plant differences into the numbers of orders; return rows, records and what has to be found."""
    rows, records, expected = list(rows), list(records), []

    def row_at(refund):
        return next(
            at
            for at, row in enumerate(rows)
            if row.get("商户退款单号" if refund else "商户订单号") == name and (refund or row["交易状态"] == "SUCCESS")
        )

    def record_at(refund):
        return next(
            at
            for at, each in enumerate(records)
            if getattr(each, "out_refund_no" if refund else "out_trade_no", None) == name
            and isinstance(each, Refund) == refund
        )

    for name, kind in chosen.items():
        refund = kind.startswith("refund")
        if kind in {"missing_here", "refund_here"}:
            records.pop(record_at(refund))
            expected.append(("refund_unmatched" if refund else kind, name))
        elif kind in {"missing_there", "refund_there"}:
            rows.pop(row_at(refund))
            expected.append(("refund_unmatched" if refund else kind, name))
        elif kind == "twice":
            rows.append(rows[row_at(refund)])
            expected.append(("duplicate", name))
        elif kind == "amount":
            at = record_at(refund)
            records[at] = Order(out_trade_no=name, total=records[at].total + 1)
            expected.append(("amount_differs", name))
        elif kind == "state":
            at = record_at(refund)
            records[at] = Order(out_trade_no=name, total=records[at].total, trade_state="NOTPAY")
            expected.append(("state_differs", name))
        elif kind == "refund_amount":
            at = record_at(refund)
            records[at] = Refund(
                out_trade_no=records[at].out_trade_no, out_refund_no=name, refund=records[at].refund + 1
            )
            expected.append(("amount_differs", name))
        else:
            at = record_at(refund)
            records[at] = Refund(
                out_trade_no=records[at].out_trade_no,
                out_refund_no=name,
                refund=records[at].refund,
                status="PROCESSING",
            )
            expected.append(("state_differs", name))
    return rows, records, sorted(expected)


@settings(deadline=None, max_examples=60)
@given(
    totals=st.lists(st.integers(10, 10**6), min_size=1, max_size=12),
    refunds_of=st.lists(st.integers(0, 11), max_size=10),
    kinds=st.lists(st.sampled_from(KINDS), max_size=12),
    seed=st.integers(0, 2**32),
    presorted=st.booleans(),
)
def test_planted_differences_are_found_and_none_is_invented(totals, refunds_of, kinds, seed, presorted):
    chance = random.Random(seed)
    rows = [paid(f"T{at:03}", total) for at, total in enumerate(totals)]
    records = [Order(out_trade_no=f"T{at:03}", total=total) for at, total in enumerate(totals)]
    refund_numbers = []
    for at, order in enumerate(refunds_of):
        order %= len(totals)
        refund_numbers.append(f"R{at:03}")
        rows.append(refunded(f"T{order:03}", f"R{at:03}", at + 1))
        records.append(Refund(out_trade_no=f"T{order:03}", out_refund_no=f"R{at:03}", refund=at + 1))
    names = {True: refund_numbers, False: [each.out_trade_no for each in records if isinstance(each, Order)]}
    chosen = {}
    for kind in kinds:
        free = [each for each in names[kind.startswith("refund")] if each not in chosen]
        if free:
            chosen[chance.choice(free)] = kind
    rows, records, expected = planted(rows, records, chosen)
    if presorted:
        rows.sort(key=lambda row: row["商户订单号"])
        records.sort(key=lambda each: each.out_trade_no)
    else:
        chance.shuffle(rows)
        chance.shuffle(records)
    result = reconcile(bill_of(*rows) if rows else [], records, presorted=presorted)

    assert sorted((each.reason, each.out_refund_no or each.out_trade_no) for each in result) == expected
    summary = result.summary
    assert summary.differences == len(expected)
    assert (summary.rows, summary.records) == (len(rows), len(records))
    assert list(summary.reasons) == [each for each in REASONS if each in {reason for reason, _ in expected}]


def at(sandbox, *when):
    sandbox.clock.advance(datetime(*when, tzinfo=BEIJING).timestamp() - sandbox.clock())


COUNT = 1000


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        started.context.automatic = frozenset()
        at(started, 2026, 3, 1, 9)
        yield started


@pytest.fixture(scope="module")
def day(sandbox):
    """The records of a day, asked for as a shop would have stored them."""
    context = sandbox.context
    chance = random.Random(1)

    def pay(number, **more):
        total = chance.randrange(10, 10**6)
        sent = {"out_trade_no": number, "description": "茶", **more}
        orders.place(context, sent, number=number, family="direct", trade_type="NATIVE", total=total, currency="CNY")
        payments.pay(context, number)
        return {"out_trade_no": number, "amount": {"total": total}, "trade_state": "SUCCESS"}

    def refund(order, number, amount):
        found = orders.find(context, order["out_trade_no"])
        refunds.place(context, found, {}, number=number, amount=amount, total=found["total"], version="v3")
        status = chance.choice(["PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"])
        if status != "PROCESSING":
            sandbox.finish_refund(number, status)
        return {
            "out_trade_no": order["out_trade_no"],
            "out_refund_no": number,
            "amount": {"refund": amount},
            "status": status,
        }

    with context.change():
        earlier = [pay(f"early{each:03}") for each in range(20)]
        pay("sub", sub_mchid="1900000119")
    at(sandbox, 2026, 3, 2, 9)
    with context.change():
        records = [pay(f"{chance.randrange(10**9):09}-{each}") for each in range(COUNT)]
        for each in chance.sample(records, COUNT // 10):
            records += [
                refund(each, f"R{each['out_trade_no']}-{part}", part) for part in range(1, chance.randrange(2, 4))
            ]
        records += [refund(each, f"R{each['out_trade_no']}", 5) for each in earlier]
    at(sandbox, 2026, 3, 3, 9)
    return records


class TestSandbox:
    """A day of a shop, its bill written by the sandbox from what happened."""

    @pytest.mark.parametrize("bill_type", ["ALL", "SUCCESS", "REFUND"])
    def test_nothing_differs(self, sandbox, day, bill_type):
        content = bill_files.Bill("trade", "2026-03-02", bill_type).content(sandbox.context)
        result = reconcile(bills.read(io.BytesIO(content)), day)

        assert list(result) == []
        summary = result.summary
        assert summary.rows == summary.records == summary.agreed == summary.bill_count > 100

    def test_a_shop_that_lost_messages(self, sandbox, day):
        content = bill_files.Bill("trade", "2026-03-02", "ALL").content(sandbox.context)
        chance = random.Random(2)
        lost = chance.sample(range(COUNT), 30)
        records = [dict(each) for each in day]
        for at_ in lost[:10]:
            records[at_]["trade_state"] = "NOTPAY"
        for at_ in lost[10:20]:
            records[at_]["amount"] = {"total": records[at_]["amount"]["total"] + 100}
        gone = set(lost[20:])
        result = reconcile(
            bills.read(io.BytesIO(content)), [each for at_, each in enumerate(records) if at_ not in gone]
        )

        found = list(result)
        assert {each.out_trade_no for each in found} == {day[at_]["out_trade_no"] for at_ in lost}
        assert {reason: each.count for reason, each in result.summary.reasons.items()} == dict.fromkeys(
            ("missing_here", "amount_differs", "state_differs"), 10
        )
        changed = result.summary.reasons["amount_differs"]
        assert changed.own_amount - changed.bill_amount == 1000

    def test_an_encrypted_list_is_no_trade_bill(self, sandbox, day, tmp_path):
        client = sandbox.client(clock=sandbox.clock)
        answer = client.v3.bill.sub_merchant_fundflowbill.get(
            params={
                "bill_date": "2026-03-01",
                "sub_mchid": "1900000119",
                "account_type": "BASIC",
                "algorithm": "AEAD_AES_256_GCM",
            }
        )
        saved = client.download(answer, tmp_path / "funds.csv")

        with pytest.raises(CodecError, match="not one of kind fund_flow"):
            reconcile(bills.read(saved.path), day)

    def test_a_payment_that_was_reversed(self, sandbox, day):
        context = sandbox.context
        at(sandbox, 2026, 3, 4, 9)
        with context.change():
            sent = {"out_trade_no": "CODE", "description": "茶"}
            orders.place(context, sent, number="CODE", family="code", trade_type="MICROPAY", total=100, currency="CNY")
            payments.pay(context, "CODE")
            orders.reverse(context, orders.find(context, "CODE"))
        content = bill_files.Bill("trade", "2026-03-04", "ALL").content(context)
        result = reconcile(
            bills.read(io.BytesIO(content)), [{"out_trade_no": "CODE", "total": 100, "trade_state": "REVOKED"}]
        )

        assert list(result) == []
        assert (result.summary.rows, result.summary.agreed) == (2, 1)
