"""``wechatpay reconcile``: tables in both languages, JSON, files of records, exit codes."""

from __future__ import annotations

import json

import pytest

from wechatpay.reconciliation import REASONS
from wechatpay.sandbox.flows import bill_rows

CELLS = dict.fromkeys(bill_rows.COLUMNS, "") | {"交易时间": "2026-03-02 10:00:00", "费率": "0.60%"}
PAID = {**CELLS, "交易状态": "SUCCESS", "订单金额": "1.00", "应结订单金额": "1.00"}
REFUNDED = {**CELLS, "交易状态": "REFUND", "申请退款金额": "0.30", "退款金额": "0.30", "退款状态": "SUCCESS"}
ROWS = (
    {**PAID, "商户订单号": "A"},
    {**PAID, "商户订单号": "B"},
    {**REFUNDED, "商户订单号": "A", "商户退款单号": "R1"},
)
HEAD = "out_trade_no,total,trade_state,out_refund_no,refund,status\n"
SAME = HEAD + "A,100,SUCCESS,,,\n`B,100,,,,\nA,,,R1,30,SUCCESS\n"


@pytest.fixture
def bill(tmp_path):
    def write(rows=ROWS, count=None, name="bill.csv"):
        columns = [each for each in bill_rows.COLUMNS if each not in bill_rows.TIMES]
        totals = [str(len(rows) if count is None else count), *["0.00"] * 6]
        cells = [[row[each] for each in columns] for row in rows]
        path = tmp_path / name
        path.write_bytes(bill_rows.csv(",".join(columns), cells, bill_rows.TRADE_SUMMARY, lambda: totals))
        return path

    return write


@pytest.fixture
def records(tmp_path):
    def write(text, encoding="utf-8", name="orders.csv"):
        path = tmp_path / name
        path.write_text(text, encoding)
        return path

    return write


def test_nothing_differs(wx, bill, records):
    result = wx("reconcile", bill(), records(SAME))

    assert (result.code, result.err) == (0, "")
    assert result.out == "3 rows, 3 records: 3 agree, 0 differences\n"
    assert (
        wx("reconcile", bill(), records(SAME), "--lang", "zh").out == "账单 3 行，商户记录 3 条：一致 3 笔，差异 0 条\n"
    )


def test_differences_in_both_languages(wx, bill, records):
    mine = records(HEAD + "A,101,SUCCESS,,,\nC,7,SUCCESS,,,\n")

    english = wx("reconcile", bill(), mine)
    assert english.code == 1
    for text in ("amount_differs", "missing_here", "missing_there", "refund_unmatched", "3 rows, 2 records: 0 agree"):
        assert text in english.out
    assert all(REASONS[each].split(":")[0] in english.out for each in ("amount_differs", "missing_here"))
    chinese = wx("reconcile", bill(), mine, "--lang", "zh")
    assert chinese.code == 1
    for text in ("金额不符", "商户缺少", "账单缺少", "退款无对应", "账单（分）", "差异 4 条"):
        assert text in chinese.out


def test_json(wx, bill, records):
    result = wx("reconcile", bill(), records(HEAD + "A,100,,,,\nA,,,R1,31,\n"), "--json", "--limit", "0")

    assert result.code == 1
    assert result.data == {
        "differences": [
            {
                "reason": reason,
                "out_trade_no": order,
                "out_refund_no": refund,
                "bill_amount": there,
                "own_amount": here,
                "bill_state": "SUCCESS",
                "own_state": state,
                "transaction_id": None,
                "refund_id": None,
            }
            for reason, order, refund, there, here, state in (
                ("amount_differs", "A", "R1", 30, 31, "SUCCESS"),
                ("missing_here", "B", None, 100, None, None),
            )
        ],
        "summary": {
            "rows": 3,
            "records": 2,
            "agreed": 1,
            "reasons": {
                "missing_here": {"count": 1, "bill_amount": 100, "own_amount": 0},
                "amount_differs": {"count": 1, "bill_amount": -30, "own_amount": -31},
            },
            "bill_count": 3,
        },
    }


def test_a_part_is_shown(wx, bill, records):
    result = wx("reconcile", bill(), records(HEAD), "--limit", "1")

    assert (result.code, "and 2 more: --json shows all" in result.out) == (1, True)
    assert "R1" not in result.out
    assert "还有 3 条" in wx("reconcile", bill(), records(HEAD), "--limit", "0", "--lang", "zh").out


def test_lines_of_json(wx, bill, records):
    lines = (
        {"out_trade_no": "A", "amount": {"total": 100}, "trade_state": "REFUND"},
        {"out_trade_no": "A", "out_refund_no": "R1", "status": "SUCCESS", "amount": {"refund": 30}},
        {"out_trade_no": "B", "total": 100},
    )
    text = "\n\n".join(map(json.dumps, lines))

    mine = records(text, name="orders.jsonl")
    assert wx("reconcile", bill((ROWS[0], ROWS[2], ROWS[1])), mine, "--presorted").code == 0
    assert "not sorted by out_trade_no" in wx("reconcile", bill(), mine, "--presorted").err
    for wrong in ("{]", "{}\n[]"):
        result = wx("reconcile", bill(), records(wrong))
        assert result.code == 2
        assert "JSON" in result.err or "out_trade_no" in result.err
    assert "第 1 行：应为 JSON 对象" in wx("reconcile", bill(), records("{]"), "--lang", "zh").err


def test_files_of_spreadsheets(wx, bill, records):
    """A byte order mark, GBK in other columns, spaces, cells that are missing or too many."""
    head, *rows = SAME.splitlines()
    saved = "\n".join([f"商品,{head.replace(',', ' , ')}", *(f"奶茶,{row}" for row in rows), ""])

    assert wx("reconcile", bill(), records(saved, "gbk")).code == 0
    assert wx("reconcile", bill(), records(SAME, "utf-8-sig")).code == 0
    ragged = HEAD + "A,100\nB,100,,,,,more,still more\nA,,,R1,30\n"
    assert wx("reconcile", bill(), records(ragged)).code == 0


def test_other_files_are_refused(wx, bill, records, tmp_path):
    for text in ("", "a,b\n1,2\n", "out_trade_no,amount\nA,1\n"):
        result = wx("reconcile", bill(), records(text))
        assert result.code == 2
        assert "a header line with out_trade_no and total" in result.err
    assert "不是 CSV" in wx("reconcile", bill(), records(HEAD + "A," + "1" * 200_000), "--lang", "zh").err
    assert wx("reconcile", bill(), tmp_path / "absent.csv").code == 2
    assert wx("reconcile", tmp_path / "absent.csv", records(SAME)).code == 2
    funds = records("记账时间,微信支付业务单号\n`2026-01-01 04:21:23,`1\n", name="funds.csv")
    assert "not a trade bill" in wx("reconcile", funds, records(SAME)).err
    assert "a whole number of fen" in wx("reconcile", bill(), records(HEAD + "A,1.00,,,,\n")).err


def test_a_bill_that_lacks_rows(wx, bill, records):
    result = wx("reconcile", bill(count=5), records(SAME))

    assert result.code == 0
    assert result.err == "warning: the totals of the bill name 5 rows, and it has 3\n"
    only = wx("reconcile", bill(), records(SAME), "--bill-type", "REFUND")
    assert (only.out, only.err) == ("1 rows, 1 records: 1 agree, 0 differences\n", "")


def test_the_bill_of_a_day(wx, sandbox, records):
    sandbox.clock.advance(days=-2)
    client = sandbox.client()
    client.v3.pay.transactions.native.post(
        json={
            "appid": sandbox.account.appid,
            "mchid": sandbox.account.mchid,
            "description": "x",
            "out_trade_no": "order-1",
            "notify_url": "https://shop.example/notify",
            "amount": {"total": 123},
        }
    )
    sandbox.pay("order-1")
    day = sandbox.context.day()
    sandbox.clock.advance(days=2)

    result = wx("reconcile", day, records("out_trade_no,total\norder-1,123\n"), "--env", sandbox.file)
    assert (result.code, result.out) == (0, "1 rows, 1 records: 1 agree, 0 differences\n")
    only = ("--bill-type", "SUCCESS", "--env", sandbox.file)
    assert wx("reconcile", day, records("out_trade_no,total\norder-1,124\n"), *only).code == 1
    wrong = wx("reconcile", day.replace("-", "/"), records(SAME), "--env", sandbox.file)
    assert "BILL" in wrong.err
    assert day in wrong.err


def test_wrong_records_are_described_in_chinese(wx, bill, records):
    result = wx("--lang", "zh", "reconcile", bill(), records("out_trade_no,total,trade_state\nA,100,SUCESS\n"))
    assert result.code == 2
    assert "详情：第 1 条记录：trade_state：应为 ACCEPT、CLOSED、" in result.err
    assert "之一，不是 'SU…'（6 个字符）" in result.err
    result = wx("--lang", "zh", "reconcile", bill(), records("out_trade_no,total\nA,1.00\n"))
    assert "total：应为整数，单位分，不是 '1.00'；12.34 元写作 1234" in result.err
