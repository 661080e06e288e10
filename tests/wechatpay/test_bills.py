"""Bills of every kind, in every state a file may be in, in constant memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import tracemalloc
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable import BEIJING
from chainable.errors import CodecError, ConfigurationError
from wechatpay.bills import (
    FundFlowRow,
    FundFlowSummary,
    OtherRow,
    OtherSummary,
    RefundRow,
    TradeRow,
    TradeSummary,
    read,
)
from wechatpay.bills.reading import split_line

TRADE_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_ROW = (
    "`2026-01-01 00:05:09,`wx0123456789abcdef,`1900000109,`0,`013467007045764,`4200000000202601010000000001,"
    "`0000123456,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,`0.00,`0.00,`,`,"
    "`腾讯, 充值,`a`b,`0.00010,`0.60%,`0.01,`0.00,`"
)
TRADE_SUM_HEADER = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
TRADE_SUMS = "`2,`1234567.02,`0.00,`0.00,`0.00000,`0.02,`0.00"
TRADES = f"{TRADE_HEADER}\r\n{TRADE_ROW}\r\n{TRADE_ROW}\r\n{TRADE_SUM_HEADER}\r\n{TRADE_SUMS}" + "\r\n"

REFUND_HEADER = TRADE_HEADER.replace("代金券金额,", "代金券金额,退款申请时间,退款成功时间,", 1)
REFUND_ROW = TRADE_ROW.replace("`0.01,`0.00,`0,", "`0.01,`0.00,`2026-01-01 10:00:00,`2026-01-01 10:00:07,`0,", 1)
REFUNDS = f"{REFUND_HEADER}\n{REFUND_ROW}\n{TRADE_SUM_HEADER}\n{TRADE_SUMS}"

FUND_HEADER = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
FUND_ROW = (
    "`2026-01-01 04:21:23,`50000305742018020103387128253,`1900009231201802015884652186,`退款,`退款,`支出,`0.02,`0.17,"
    "`system,`缺货,`REF4200000068201801293084726067"
)
FUNDS = f"{FUND_HEADER}\r\n{FUND_ROW}\r\n资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`20.0,`17.0,`0.35,`3.0,`0.18\r\n"

OTHER = "分账时间,分账发起方,分账金额\r\n`2026-01-01 00:00:00,`1900000109,`0.01\r\n总条数,总金额\r\n`1,`0.01\r\n"


def bill(text, saved="utf-8-sig", **options):
    return read(io.BytesIO(text.encode(saved)), **options)


class TestKinds:
    def test_a_trade_bill(self):
        """Every column typed, yuan exact, the zone that of Beijing."""
        trades = bill(TRADES)

        row, _ = list(trades)

        assert trades.kind == "trade"
        assert trades.columns == tuple(TRADE_HEADER.split(","))
        assert row == TradeRow(
            time=datetime(2026, 1, 1, 0, 5, 9, tzinfo=BEIJING),
            appid="wx0123456789abcdef",
            mchid="1900000109",
            sub_mchid=None,
            device_info="013467007045764",
            transaction_id="4200000000202601010000000001",
            out_trade_no="0000123456",
            openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            trade_type="JSAPI",
            trade_state="SUCCESS",
            bank_type="OTHERS",
            currency="CNY",
            settlement_total=Decimal("0.01"),
            coupon_amount=Decimal("0.00"),
            refund_id=None,
            out_refund_no=None,
            refund_amount=Decimal("0.00"),
            coupon_refund_amount=Decimal("0.00"),
            goods="腾讯, 充值",
            attach="a`b",
            fee=Decimal("0.00010"),
            rate=Decimal("0.0060"),
            total=Decimal("0.01"),
            refund_requested=Decimal("0.00"),
        )
        assert str(row.rate) == "0.0060"
        assert trades.summary == TradeSummary(
            orders=2,
            settlement_total=Decimal("1234567.02"),
            refund_amount=Decimal("0.00"),
            coupon_refund_amount=Decimal("0.00"),
            fee=Decimal("0.00000"),
            total=Decimal("0.02"),
            refund_requested=Decimal("0.00"),
        )

    def test_a_refund_bill(self):
        """Two more times."""
        refunds = bill(REFUNDS)

        (row,) = refunds

        assert refunds.kind == "refund"
        assert isinstance(row, RefundRow)
        assert row.refund_requested_at == datetime(2026, 1, 1, 10, tzinfo=BEIJING)
        assert row.refund_succeeded_at == datetime(2026, 1, 1, 10, 0, 7, tzinfo=BEIJING)
        assert row.goods == "腾讯, 充值"

    def test_a_fund_flow_bill(self):
        """Parentheses of either width, counts written with a point."""
        funds = bill(FUNDS)

        (row,) = funds

        assert funds.kind == "fund_flow"
        assert isinstance(row, FundFlowRow)
        assert (row.direction, row.amount, row.balance) == ("支出", Decimal("0.02"), Decimal("0.17"))
        assert funds.summary == FundFlowSummary(
            flows=20, income_count=17, income=Decimal("0.35"), expense_count=3, expense=Decimal("0.18")
        )

    def test_columns_of_another_bill_are_kept_as_text(self):
        """Profit sharing, and whatever comes."""
        other = bill(OTHER)

        assert list(other) == [
            OtherRow({"分账时间": "2026-01-01 00:00:00", "分账发起方": "1900000109", "分账金额": "0.01"})
        ]
        assert (other.kind, other.summary) == ("other", OtherSummary({"总条数": "1", "总金额": "0.01"}))

    def test_columns_of_next_year_are_kept_as_text(self):
        """In a bill that is known otherwise."""
        text = TRADES.replace("费率备注", "费率备注,新列").replace("0.00,`\r\n", "0.00,`,`新值\r\n")

        row = next(iter(bill(text)))

        assert (row.others, row.rate_remark) == ({"新列": "新值"}, None)

    def test_the_names_of_older_bills_are_known(self):
        """总金额 became 应结订单金额."""
        text = TRADES.replace("应结订单金额", "总金额").replace("代金券金额", "代金券或立减优惠金额")

        row = next(iter(bill(text)))

        assert (row.settlement_total, row.coupon_amount, row.others) == (Decimal("0.01"), Decimal("0.00"), {})

    def test_a_rate_may_come_without_percent(self):
        """As a fraction."""
        assert next(iter(bill(TRADES.replace("0.60%", "0.006")))).rate == Decimal("0.006")

    def test_a_bill_without_rows_has_sums(self):
        """A day without trade."""
        text = "\r\n".join([TRADE_HEADER, TRADE_SUM_HEADER, TRADE_SUMS.replace("`2", "`0")])

        empty = bill(text)

        assert list(empty) == []
        assert empty.summary.orders == 0

    def test_a_bill_without_sums_has_rows(self):
        """Of a path, a file, a pipe."""
        text = f"{TRADE_HEADER}\r\n{TRADE_ROW}\r\n\r\n  "

        for each in (bill(text), read(Pipe(text.encode()))):
            assert len(list(each)) == 1
            assert each.summary is None

    def test_values_without_backquotes_are_read(self):
        """A spreadsheet may have dropped them, and quoted commas."""
        text = f"{FUND_HEADER}\n" + FUND_ROW.replace("`", "").replace("缺货", '"缺货, 退"') + "\n"

        row = next(iter(bill(text)))

        assert (row.remark, row.amount) == ("缺货, 退", Decimal("0.02"))

    @pytest.mark.parametrize(
        ("name", "attribute"),
        [
            ("特约商户号", "sub_mchid"),
            ("子商户号", "sub_mchid"),
            ("微信订单号", "transaction_id"),
            ("微信退款单号", "refund_id"),
            ("商户退款单号", "out_refund_no"),
        ],
    )
    @pytest.mark.parametrize(("given", "read"), [("0", None), ("00", "00"), ("1900000110", "1900000110"), ("", None)])
    def test_a_zero_is_no_number(self, name, attribute, given, read):
        """It stands where a row has none; pay.weixin.qq.com/doc/v3/merchant/4012071238 has such rows."""
        header = "交易时间,设备号,微信订单号" if name == "微信订单号" else f"交易时间,设备号,{name},微信订单号"

        (row,) = bill(f"{header}\n`2026-01-01 00:05:09,`0,`{given}{'' if name == '微信订单号' else ',`42'}\n")

        assert getattr(row, attribute) == read
        assert row.device_info == "0"  # the merchant's own

    def test_a_zero_is_no_number_of_a_flow_of_funds(self):
        text = FUNDS
        for value in ("REF4200000068201801293084726067", "50000305742018020103387128253"):
            text = text.replace(f"`{value}", "`0")

        row = next(iter(bill(text)))

        assert (row.voucher_no, row.business_no, row.flow_no) == (None, None, "1900009231201802015884652186")

    def test_the_repr_shows_no_person(self):
        """Nor does that of the bill."""
        trades = bill(TRADES)

        assert "oUpF8" not in repr(next(iter(trades)))
        assert repr(trades) == "<Bill trade, 27 columns>"


GLOBAL_HEADER = (
    "create_time,initiator,sponsor,sub_mchid,transaction_id,order_id,out_order_no,detail_id,receiver_account,amount,"
    "currency,settlement_amount,settlement_currency,exchange_rate,business_type,status,description"
)
GLOBAL_ROW = (
    "`2026-01-01 10:00:00,`1900000109,`1900000110,`1900000110,`4200001,`3000001,`PS1,`3600001,`86693852,`1.00,`HKD,"
    "`1.00,`HKD,`1,`share,`SUCCESS,`x"
)
GLOBAL_SUMS = "total_count,total_amount,currency\n`2,`2.00,`HKD\n`1,`3.00,`USD\n"


class TestParts:
    """Each part has a header and lines of values: pay.weixin.qq.com/doc/v3/partner/4012715572."""

    def test_english_headers_are_recognised(self):
        """Profit sharing abroad; pay.weixin.qq.com/doc/global/v3/zh/4013025018."""
        for source in (bill, lambda text: read(Pipe(text.encode()))):
            shared = source(f"{GLOBAL_HEADER}\n{GLOBAL_ROW}\n{GLOBAL_ROW}\n{GLOBAL_SUMS}")

            rows = list(shared)

            assert shared.columns == tuple(GLOBAL_HEADER.split(","))
            assert [row.others["receiver_account"] for row in rows] == ["86693852", "86693852"]
            assert shared.summary == OtherSummary({"total_count": "2", "total_amount": "2.00", "currency": "HKD"})
            assert [sums.others["currency"] for sums in shared.summaries] == ["HKD", "USD"]

    def test_the_sums_are_found_before_the_rows_are_read(self):
        """And the rows are still read from their beginning."""
        shared = bill(f"{GLOBAL_HEADER}\n{GLOBAL_ROW}\n{GLOBAL_SUMS}")

        assert len(shared.summaries) == 2
        assert len(list(shared)) == 1

    @pytest.mark.parametrize(
        ("header", "sums"),
        [
            ("Number of records,Amount,Currency", "`2,`2.00,`HKD"),
            ("refund_count,refund_amount,refund_currency", "`2,`2.00,`HKD"),
            ("分账笔数,分账金额,币种", "`2,`2.00,`港币"),
            ("Total transaction count,Total amount", "2,2.00"),  # saved by a spreadsheet
        ],
    )
    def test_other_headers_are_recognised(self, header, sums):
        """Names in any language, without digits and backquotes."""
        shared = bill(f"{GLOBAL_HEADER}\n{GLOBAL_ROW}\n{header}\n{sums}\n")

        assert len(list(shared)) == 1
        assert list(shared.summary.others) == header.split(",")

    def test_further_parts_have_headers_of_their_own(self):
        """A line that belongs to no part is passed over."""
        more = "refund_count,refund_amount\n`1,`0.50\nnote:12\n"
        shared = bill(f"{GLOBAL_HEADER}\n{GLOBAL_ROW}\n{GLOBAL_SUMS}{more}")

        assert [tuple(sums.others) for sums in shared.summaries][2:] == [("refund_count", "refund_amount")]

    def test_sums_of_several_currencies_are_typed(self):
        """As the first line is."""
        trades = bill(TRADES + TRADE_SUMS.replace("`2", "`3") + "\r\n")

        assert len(list(trades)) == 2
        assert [sums.orders for sums in trades.summaries] == [2, 3]
        assert trades.summary.orders == 2

    def test_a_bill_without_sums_has_an_empty_list(self):
        """Of a file, or a pipe."""
        for source in (bill, lambda text: read(Pipe(text.encode()))):
            shared = source(f"{GLOBAL_HEADER}\n{GLOBAL_ROW}\n")
            assert len(list(shared)) == 1
            assert (shared.summaries, shared.summary) == ((), None)

    def test_a_row_in_two_lines_is_not_the_end(self):
        """A line break inside a value must not hide the rows behind it."""
        broken = GLOBAL_ROW.replace("`x", "`x\nsecond line")

        with pytest.raises(CodecError, match="line 4: 17 values under 1 columns"):
            list(bill(f"{GLOBAL_HEADER}\n{broken}\n{GLOBAL_ROW}\n"))


class TestMissingBackquotes:
    """Until 2025-01-15 in profit sharing: pay.weixin.qq.com/doc/v3/merchant/4012529628."""

    HEADER = "分账时间,分账发起方,分账方,微信订单号,微信分账单号,分账金额,业务类型,分账描述"
    VALUES = ("2024-12-01 10:00:00", "1900000109", "1900000110", "4200001", "3000001", "0.10", "分账", "佣金")

    @pytest.mark.parametrize("bare", [(5,), (2, 6), (0,), (0, 7), (1, 2, 3, 4, 5, 6, 7), (7,), tuple(range(8))])
    def test_values_without_are_read(self, bare):
        """One, the first, all of them."""
        row = ",".join(value if at in bare else f"`{value}" for at, value in enumerate(self.VALUES))

        (read_row,) = bill(f"{self.HEADER}\n{row}\n")

        assert tuple(read_row.others.values()) == self.VALUES

    @pytest.mark.parametrize("bare", [(5,), (1, 5), (1, 2, 3, 4, 5)])
    def test_a_comma_inside_a_value_stays(self, bare):
        """Numbers are values of their own, other text belongs to the value before it."""
        values = (*self.VALUES[:7], "佣金,技术服务费, 等")
        row = ",".join(value if at in bare else f"`{value}" for at, value in enumerate(values))

        (read_row,) = bill(f"{self.HEADER}\n{row}\n")

        assert tuple(read_row.others.values()) == values

    def test_typed_values_stay_typed(self):
        """In a trade bill as well."""
        row = next(iter(bill(TRADES.replace("`0.00010,`0.60%", "0.00010,0.60%"))))

        assert (row.fee, row.rate, row.goods) == (Decimal("0.00010"), Decimal("0.0060"), "腾讯, 充值")

    @pytest.mark.parametrize(
        "row",
        [
            "`2024-12-01 10:00:00,`1900000109,`1900000110,`4200001,`3000001",
            "`2024-12-01 10:00:00,`1900000109,`1900000110,`4200001,`3000001,0.10,1.5,`a,b,`c",
            "2024-12-01 10:00:00,1900000109,1900000110",
        ],
    )
    def test_what_cannot_be_told_apart_is_refused(self, row):
        """A wrong guess would move amounts to another column."""
        with pytest.raises(CodecError, match="line 2: [0-9]+ values under 8 columns"):
            list(bill(f"{self.HEADER}\n{row}\n"))

    @pytest.mark.parametrize(
        ("header", "row", "values"),
        [
            ("分账时间,分账金额,分账描述,状态", "`2024-12-01 10:00:00,`0.10,佣金,5,`OK", ["0.10", "佣金,5", "OK"]),
            ("分账时间,业务类型,分账描述", "`2024-12-01 10:00:00,分账,佣金,其他", ["分账", "佣金,其他"]),
            ("分账时间,微信订单号,分账描述", "`2024-12-01 10:00:00,`4200001,佣金,0.10", ["4200001", "佣金,0.10"]),
        ],
    )
    def test_the_forms_of_the_columns_decide(self, header, row, values):
        """There is one split in which amounts, numbers and types stand under their columns."""
        (read_row,) = bill(f"{header}\n{row}\n")

        assert list(read_row.others.values())[1:] == values

    def test_two_texts_side_by_side_are_refused(self):
        """Both splits fit, and money stands beside them."""
        with pytest.raises(CodecError, match="line 2"):
            list(bill("分账时间,分账描述,备注,分账金额\n`2024-12-01 10:00:00,`佣金,5,分账,`0.10\n"))

    def test_a_typed_row_with_a_bare_word_is_not_shifted(self):
        """The goods have a comma as well."""
        text = TRADES.replace("`JSAPI", "JSAPI", 1)
        assert text != TRADES
        row, expected = next(iter(bill(text))), next(iter(bill(TRADES)))
        assert row == expected
        for bare in (text, TRADES.replace("`CNY,`0.01,`0.00", "`CNY,`0.01,0.00", 1)):
            row = next(iter(bill(bare.replace("`腾讯, 充值", "`套餐,2", 1))))
            assert (row.goods, row.settlement_total, row.fee) == ("套餐,2", expected.settlement_total, expected.fee)

    def test_too_many_ways_are_not_tried(self):
        """A line of bare pieces is refused at once."""
        names = ",".join(f"列{at}" for at in range(30))
        with pytest.raises(CodecError, match="line 2"):
            list(bill(f"分账时间,{names}\n`2024-12-01 10:00:00,{','.join('x' * 40)}\n"))


class TestTimes:
    """APIv2's page writes 2014-11-1016：33：45: pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_6."""

    @pytest.mark.parametrize(
        "text", ["2014-11-1016：33：45", "2014-11-10 16：33：45", "2014-11-10 16:33：45", "2014-11-10 16:33:45"]
    )
    def test_full_width_colons_are_read(self, text):
        header = "交易时间,微信订单号,退款金额, 代金券或立减优惠退款金额，退款类型，退款状态"
        trades = bill(f"{header}\n`{text},`1,`0,`0,`,`\n总交易单数，总交易额\n`1,`0.01\n")

        (row,) = trades

        assert row.time == datetime(2014, 11, 10, 16, 33, 45, tzinfo=BEIJING)
        assert (row.coupon_refund_amount, row.others) == (Decimal(0), {})
        assert (trades.summary.orders, trades.summary.settlement_total) == (1, Decimal("0.01"))

    def test_names_with_blanks_inside_are_known(self):
        """The name stays as the bill has it."""
        trades = bill("交易时间,公众账号 ID,微信订单号\n`2026-01-01 00:05:09,`wx1,`1\n")

        assert trades.columns[1] == "公众账号 ID"
        assert next(iter(trades)).appid == "wx1"

    @pytest.mark.parametrize(
        "text", ["2014-11-10 1６：33：45", "2014-13-10 16：33：45", "2014-11-10 16：33", "：", "x" * 19]
    )
    def test_other_times_are_refused(self, text):
        with pytest.raises(CodecError, match="the value under 交易时间"):
            list(bill(f"交易时间,微信订单号\n`{text},`1\n"))


class Pipe(io.BytesIO):
    """A stream that cannot go back."""

    def seekable(self):
        return False


class TestSources:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "bill.csv"
        path.write_bytes(TRADES.encode())
        return path

    def test_a_path_can_be_read_several_times(self, path):
        """The sums at any time."""
        trades = read(str(path))

        assert trades.summary.orders == 2
        assert list(trades) == list(trades) == list(read(path))

    def test_the_sums_may_be_asked_for_in_the_middle(self, path):
        """The rows go on where they were."""
        with path.open("rb") as file:
            trades = read(file)
            rows = iter(trades)
            first = next(rows)
            assert trades.summary.orders == 2
            assert [first, *rows] == list(trades)
            assert not file.closed

    def test_a_file_is_read_from_where_it_stands(self):
        """And again from there."""
        file = io.BytesIO(b"head\n" + TRADES.encode())
        file.seek(5)

        trades = read(file)

        assert trades.summary.orders == 2
        assert len(list(trades)) == len(list(trades)) == 2

    def test_a_pipe_is_read_once(self):
        """Rows first, then the sums."""
        trades = read(Pipe(TRADES.encode()))

        with pytest.raises(RuntimeError, match="iterate over its rows first"):
            _ = trades.summary
        assert len(list(trades)) == 2
        assert trades.summary.orders == 2
        with pytest.raises(RuntimeError, match="iterated over once"):
            list(trades)

    def test_a_stream_with_read_alone_is_enough(self):
        """An answer's raw body, for example."""

        class Stream:
            def __init__(self):
                self.left = TRADES.encode()

            def read(self, size):
                piece, self.left = self.left[:size], self.left[size:]
                return piece

        assert len(list(read(Stream()))) == 2

    @pytest.mark.parametrize("members", [1, 2])
    def test_gzip_is_unpacked(self, tmp_path, members):
        """``tar_type=GZIP``, saved as it came."""
        octets = TRADES.encode()
        half = len(octets) // members
        packed = b"".join(gzip.compress(octets[at : at + half], mtime=0) for at in range(0, len(octets), half))
        path = tmp_path / "bill.csv.gz"
        path.write_bytes(packed)

        assert read(path).summary.orders == len(list(read(path))) == 2

    @pytest.mark.parametrize("source", [None, 5, b"bytes"])
    def test_other_sources_are_reported(self, source):
        """Bytes are not a file."""
        with pytest.raises(TypeError, match="a path or a file open for bytes"):
            read(source)

    def test_files_open_as_text_are_reported(self):
        """Their encoding was chosen when they were opened."""

        class Text:
            def read(self, size):
                return "文"

        for file in (io.StringIO(TRADES), Text()):
            with pytest.raises(TypeError, match="open it with 'rb'"):
                read(file)

    def test_a_missing_file_is_the_systems_error(self, tmp_path):
        """At once."""
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "missing.csv")

    def test_memory_does_not_grow_with_the_bill(self, tmp_path):
        """Megabytes of rows in less than one."""
        path = tmp_path / "bill.csv"
        with path.open("wb") as file:
            file.write(f"{TRADE_HEADER}\r\n".encode())
            for _ in range(50):
                file.write(f"{TRADE_ROW}\r\n".encode() * 200)
            file.write(f"{TRADE_SUM_HEADER}\r\n{TRADE_SUMS}\r\n".encode())
        next(iter(read(path)))
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(path)) == 10_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 1 << 20 < path.stat().st_size // 2


class TestBombs:
    def packed(self, *lines, repeat=1):
        return gzip.compress("\n".join([TRADE_HEADER, *lines]).encode() + b"\n" * repeat)

    def test_gzip_is_unpacked_up_to_a_bound(self):
        """The rows before it come; the error says what to do."""
        rows = iter(read(io.BytesIO(self.packed(TRADE_ROW, repeat=300_000)), max_size=100_000))

        assert next(rows).out_trade_no == "0000123456"
        with pytest.raises(CodecError, match="more than max_size, 100000 bytes.*give a larger one"):
            next(rows)

    def test_blank_lines_before_the_header_count(self, tmp_path):
        path = tmp_path / "bill.gz"
        path.write_bytes(gzip.compress(b"\n" * 300_000))

        with pytest.raises(CodecError, match="more than max_size"):
            read(path, max_size=100_000)

    def test_memory_stays_constant_up_to_it(self):
        packed = self.packed(repeat=30_000_000)
        tracemalloc.start()
        try:
            with pytest.raises(CodecError, match="more than max_size"):
                read(io.BytesIO(packed), max_size=200_000).summary
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 3 << 20

    def test_what_fits_is_read(self):
        content = f"{TRADE_HEADER}\n{TRADE_ROW}".encode()

        assert len(list(read(io.BytesIO(gzip.compress(content)), max_size=len(content)))) == 1
        assert len(list(read(io.BytesIO(content), max_size=1))) == 1  # nothing is unpacked

    @pytest.mark.parametrize("max_size", [0, "1G", None, 1.5])
    def test_it_is_a_number_of_bytes(self, max_size):
        with pytest.raises(ConfigurationError, match="max_size"):
            read(io.BytesIO(b"x"), max_size=max_size)

    @pytest.mark.parametrize("number", ["1E999999", "1E31", "1E-999999", "9" * 32])
    def test_a_huge_number_costs_no_time(self, number):
        """As an int it would fill the memory."""
        sums = f"{TRADE_SUM_HEADER}\n`{number},`0.01,`0,`0,`0,`0.01,`0"

        with pytest.raises(CodecError, match="not of the form"):
            read(io.BytesIO(f"{TRADE_HEADER}\n{TRADE_ROW}\n{sums}".encode())).summary

    def test_a_pipe_that_gives_a_byte_at_a_time(self):
        class Slow(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 1))

        assert len(list(read(Slow(self.packed(TRADE_ROW))))) == 1


class TestEncodings:
    @pytest.mark.parametrize("text", [TRADES, REFUNDS, FUNDS, OTHER])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
    def test_the_header_tells(self, text, encoding):
        """With a mark at the beginning or without."""
        assert list(bill(text, encoding)) == list(bill(text))

    @pytest.mark.parametrize(
        ("given", "encoding"), [("UTF-8", "utf-8"), ("gbk", "gbk"), ("GB2312", "gb2312"), ("utf_8_sig", "utf-8")]
    )
    def test_the_caller_may_tell(self, given, encoding):
        """And is believed."""
        assert len(list(bill(TRADES, encoding, encoding=given))) == 2

    @pytest.mark.parametrize("given", ["latin-1", "big5", "no such"])
    def test_other_encodings_are_reported(self, given):
        """No bill is written in them."""
        with pytest.raises(CodecError, match="'utf-8' or 'gbk' was expected"):
            bill(TRADES, encoding=given)

    def test_a_wrong_one_is_reported_without_further_guesses(self):
        """The line is named."""
        with pytest.raises(CodecError, match="line 1 is no UTF-8"):
            bill(TRADES, "gbk", encoding="utf-8")
        half = TRADES.encode().replace("腾讯".encode(), "腾讯".encode("gbk"), 1)
        with pytest.raises(CodecError, match="line 2 is no UTF-8"):
            list(read(io.BytesIO(half)))

    def test_what_could_be_either_is_not_guessed(self):
        """Two characters of UTF-8 are three of GBK."""
        with pytest.raises(CodecError, match="cannot be recognised from its header"):
            bill("你好,a\n`1,`2\n", "utf-8")
        assert bill("你好,a\n`1,`2\n", "utf-8", encoding="utf-8").columns == ("你好", "a")

    @pytest.mark.parametrize(("text", "encoding"), [("你好吗,a\n`1,`2\n", "utf-8"), ("数,a\n`1,`2\n", "gbk")])
    def test_what_can_be_one_only_is_that(self, text, encoding):
        """The other reading is impossible."""
        assert bill(text, encoding).columns == tuple(text.split("\n")[0].split(","))

    def test_other_values_are_reported(self):
        """Latin-1, for example."""
        with pytest.raises(CodecError, match="cannot be recognised"):
            read(io.BytesIO(b"\xe9\xff,a\n"))

    def test_a_header_of_ascii_has_rows_of_utf8(self):
        """Bills abroad."""
        assert list(bill("time,goods\n`1,`茶\n", "utf-8")) == [OtherRow({"time": "1", "goods": "茶"})]

    @given(
        st.text(st.characters(codec="gbk", exclude_categories=["Cc"]), max_size=20).filter(
            lambda text: ",`" not in text
        )
    )
    def test_any_text_survives_either_encoding(self, text):
        """The header decides, whatever the rows hold."""
        changed = TRADES.replace("腾讯, 充值", text)

        for encoding in ("utf-8", "gb18030"):
            assert (next(iter(bill(changed, encoding))).goods or "") == text.strip()


class TestBadBills:
    def test_a_field_without_end_is_reported(self):
        with pytest.raises(CodecError, match="not a bill"):
            split_line('"' + "x" * 200_000)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "the bill is empty"),
            (b"\xef\xbb\xbf\r\n \r\n", "the bill is empty"),
            (b'{"code":"NO_STATEMENT_EXIST"}', "this is JSON"),
            (b"<xml><return_code>FAIL</return_code></xml>", "this is XML or HTML"),
            (b"\n\xef\xbb\xbf \n  <meta content='a, b'>\n<p>c, d</p>\n", "this is XML or HTML"),
            (b"\r\n<!DOCTYPE html>\r\n<p>a, b</p>\r\n", "this is XML or HTML"),
            (b"-----BEGIN PRIVATE KEY-----\nMII=\n", "this is PEM, a key or certificate and not a bill"),
            (b"Bag Attributes\n    friendlyName: Tenpay, a\n-----BEGIN CERTIFICATE-----\n", "this is PEM"),
            (b"PK\x03\x04", "this is a ZIP archive"),
            (b"%PDF-1.7", "this is a PDF"),
            (b"a" * (2 << 20), "a line is longer"),
            (gzip.compress(TRADES.encode(), mtime=0)[:-20], "damaged or truncated"),
            (gzip.compress(b"x" * 100, mtime=0)[:12] + b"\xff" * 30, "damaged or truncated"),
            (b"\x1f\x8b", "damaged or truncated"),
            (b"\x1f\x8bjunk and more of it", "damaged or truncated"),
        ],
    )
    def test_a_file_that_is_not_a_bill_is_reported(self, tmp_path, content, words):
        """At once, or where it ends."""
        path = tmp_path / "bill.csv"
        path.write_bytes(content)

        with pytest.raises(CodecError, match=words):
            list(read(path))

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("`腾讯, 充值", "`腾讯,`充值", "line 2: 28 values under 27 columns; is there a ',`' inside a value?"),
            (",`a`b", "", "line 2: 26 values under 27 columns"),
            ("`0.00010", "`abc", "line 2: the value under 手续费"),
            ("`0.00010", "`NaN", "line 2: the value under 手续费"),
            ("2026-01-01 00:05:09", "2026-01-01", "line 2: the value under 交易时间"),
            ("2026-01-01 00:05:09", "2026-13-01 00:05:09", "line 2: the value under 交易时间"),
            ("`2,`123", "`two,`123", "line 5: the value under 总交易单数"),
            ("`2,`123", "`2.5,`123", "line 5: the value under 总交易单数"),
            (TRADE_SUMS, "", "line 5: 0 values under 7 columns"),
        ],
    )
    def test_bad_lines_are_reported(self, old, new, words):
        """With their number, without their values."""
        with pytest.raises(CodecError) as caught:
            list(bill(TRADES.replace(old, new, 1)))

        assert words in str(caught.value)
        assert "oUpF8" not in str(caught.value)

    @given(
        st.binary(max_size=300)
        | st.tuples(st.integers(0, 900), st.binary(max_size=8)).map(
            lambda change: TRADES.encode()[: change[0]] + change[1] + TRADES.encode()[change[0] :]
        )
    )
    def test_only_codec_errors_come_out(self, octets):
        """Whatever the bytes."""
        with contextlib.suppress(CodecError):
            each = read(io.BytesIO(octets))
            list(each)
            assert each.summary is None or each.summary


class TestWhatOthersMakeOfBills:
    @pytest.mark.parametrize("mark", ["-", "--", "/", "null", "NULL", "N/A", "无"])
    def test_a_sign_for_no_value(self, mark):
        row = TRADE_ROW.replace("`0,`0,`0.00,`0.00", f"`{mark},`{mark},`{mark},`{mark}", 1)
        assert row != TRADE_ROW
        (found,) = bill(f"{TRADE_HEADER}\n{row}\n")

        assert (found.refund_id, found.out_refund_no, found.refund_amount, found.coupon_refund_amount) == (None,) * 4

    def test_a_time_of_nothing(self):
        (found,) = bill(REFUNDS.replace("2026-01-01 10:00:07", "0000-00-00 00:00:00"))

        assert found.refund_succeeded_at is None

    def test_a_full_width_percent_sign(self):
        (found,) = bill(f"{TRADE_HEADER}\n{TRADE_ROW}\n".replace("%,", "％,"))

        assert found.rate is not None

    def test_columns_without_their_unit(self):
        (found,) = bill(FUNDS.replace("（元）", ""))
        with_units = bill(FUNDS.replace("收入金额,", "收入金额（元）,").replace("支出金额\r", "支出金额(元)\r"))

        assert (found.amount, found.balance) == (Decimal("0.02"), Decimal("0.17"))
        assert (with_units.summary.income, with_units.summary.expense) == (Decimal("0.35"), Decimal("0.18"))

    def test_a_number_that_a_spreadsheet_rounded_is_refused(self):
        saved = f"{FUND_HEADER}\n{FUND_ROW}\n".replace("`", "")
        number = saved.split("\n")[1].split(",")[1]
        with pytest.raises(CodecError, match="line 2: a spreadsheet rounded the number under 微信支付业务单号"):
            list(bill(saved.replace(number, "5.00003E+28")))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (TRADES.replace(",", "\t"), "separated by tabs"),
            (TRADES.replace("`", "").replace(",", ";"), "separated by semicolons"),
            ("No Bill Exist", "its first line has one column"),
        ],
    )
    def test_one_column_is_no_bill(self, text, words):
        with pytest.raises(CodecError, match=words):
            bill(text)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (TRADES.encode("utf-16"), "this is UTF-16"),
            (gzip.compress(gzip.compress(TRADES.encode(), mtime=0), mtime=0), "packed with gzip twice"),
        ],
    )
    def test_other_files(self, data, words):
        with pytest.raises(CodecError, match=words):
            read(io.BytesIO(data))

    def test_the_text_of_a_bill_in_place_of_its_path(self):
        with pytest.raises(TypeError, match=r"pass io\.BytesIO\(text\.encode\(\)\)") as caught:
            read(TRADES)

        assert "交易时间" not in str(caught.value)

    @pytest.mark.parametrize("start", ["", "\ufeff"])
    def test_a_second_bill_in_the_file_is_named(self, start):
        joined = bill(TRADES + start + TRADES)
        with pytest.raises(CodecError, match="line 6: another bill begins"):
            list(joined)

    def test_blanks_before_backquotes(self):
        (found,) = bill(FUNDS.replace(",`", ", `"))

        assert found.amount == Decimal("0.02")

    @pytest.mark.parametrize(
        "text",
        [
            "`create_time,`amount\n`2026,`1.00\n`total_count,`total_amount\n`1,`2.00\n",
            "time,id2\n`x,`y\ntotal1,total2\n`1,`2.00\n",
        ],
    )
    def test_odd_headers(self, text):
        found = bill(text)

        assert list(found.summary.others.values()) == ["1", "2.00"]
        assert len(list(found)) == 1
        assert list(found.summary.others.values()) == ["1", "2.00"]
