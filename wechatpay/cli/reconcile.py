"""``wechatpay reconcile``: a bill compared with the shop's own records."""

from __future__ import annotations

import csv
import json
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from chainable.cli.commands import argument, as_json, command, json_option, option, usage_error
from chainable.cli.exit_codes import REFUSED
from chainable.cli.i18n import Words, echo
from chainable.cli.output import print_json, print_table
from chainable.cli.progress import progress
from wechatpay import bills
from wechatpay.cli.client_options import env_option, make_client
from wechatpay.cli.days import is_day
from wechatpay.cli.files import max_size_option
from wechatpay.reconciliation import REASONS
from wechatpay.reconciliation import reconcile as compare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from wechatpay.reconciliation import Difference, Summary

__all__ = ["reconcile"]

_COLUMNS = (
    Words("difference", "差异"),
    Words("out_trade_no", "商户订单号"),
    Words("out_refund_no", "商户退款单号"),
    Words("bill, fen", "账单（分）"),
    Words("yours, fen", "商户（分）"),
    Words("state in the bill", "账单状态"),
    Words("your state", "商户状态"),
)
_SUMS = (
    Words("difference", "差异"),
    Words("count", "笔数"),
    Words("bill, fen", "账单（分）"),
    Words("yours, fen", "商户（分）"),
    Words("meaning", "含义与处理"),
)
_NAMES = {
    "missing_here": Words("missing_here", "商户缺少"),
    "missing_there": Words("missing_there", "账单缺少"),
    "amount_differs": Words("amount_differs", "金额不符"),
    "state_differs": Words("state_differs", "状态不符"),
    "refund_unmatched": Words("refund_unmatched", "退款无对应"),
    "duplicate": Words("duplicate", "重复"),
}


@command(
    "reconcile",
    help=Words(
        "Compare a trade bill with your own records; exit code 1 if they differ.\n\n"
        "BILL is a day (2026-01-31) or a saved bill. ORDERS is your records of that day: CSV with a header line, or one JSON "
        "object a line. An order has out_trade_no, total (fen) and trade_state; a refund has out_trade_no, out_refund_no, "
        "refund (fen) and status.",
        "核对交易账单与商户自己的记录；有差异时退出码为 1。\n\n"
        "BILL 为日期（2026-01-31）或已保存的账单；ORDERS 为商户当日记录：带表头的 CSV，或每行一个 JSON 对象。"
        "订单有 out_trade_no、total（分）、trade_state；退款有 out_trade_no、out_refund_no、refund（分）、status。",
    ),
    examples=(
        "wechatpay reconcile 2026-01-31 orders.csv --env sandbox.env",
        "wechatpay reconcile bill.csv orders.jsonl --json",
    ),
)
@argument("bill")
@argument("orders", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--bill-type",
    type=click.Choice(["ALL", "SUCCESS", "REFUND"]),
    help=Words(
        "Compare payments and refunds, payments only, or refunds only. Default: what the bill has.",
        "核对支付与退款、仅支付、或仅退款；默认按账单内容判断。",
    ),
)
@option(
    "--presorted",
    is_flag=True,
    help=Words(
        "Both files are sorted by out_trade_no: no temporary file is needed.",
        "两个文件都已按商户订单号排序：不需要临时文件。",
    ),
)
@option(
    "--limit",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help=Words("Show at most this many differences; --json shows all.", "最多显示多少条差异；--json 显示全部。"),
)
@max_size_option
@env_option
@json_option
def reconcile(
    bill: str, orders: Path, bill_type: str | None, limit: int, max_size: int, env: Path | None, *, presorted: bool
) -> None:
    """Compare a bill with records."""
    with TemporaryDirectory() as folder, orders.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        path = Path(bill)
        if is_day(bill, "BILL"):
            path = Path(folder, "bill.csv")
            with make_client(env) as client, progress(bill) as update:
                query: Any = {"bill_date": bill, "bill_type": bill_type or "ALL"}
                response = client.chain("v3/bill/tradebill").get(params=query)
                client.download(response, path, progress=update, max_size=max_size)
        opened = bills.read(path, max_size=max_size)
        if opened.kind not in {"trade", "refund"}:
            raise usage_error(f"BILL {bill}: not a trade bill", f"BILL {bill}：不是交易账单")
        result = compare(opened, _records(lines, orders), bill_type=bill_type, presorted=presorted)
        found = iter(result)
        if as_json():
            everything = [asdict(each) for each in found]
            print_json({"differences": everything, "summary": asdict(result.summary)})
        else:
            _show(list(islice(found, limit)), sum(1 for _ in found), result.summary)
    summary = result.summary
    if bill_type is None and summary.rows != summary.bill_count:
        text = Words(
            f"warning: the totals of the bill name {summary.bill_count} rows, and it has {summary.rows}",
            f"警告：账单汇总为 {summary.bill_count} 笔，实际有 {summary.rows} 行",
        )
        echo(text, err=True)
    if summary.differences:
        click.get_current_context().exit(REFUSED)


def _records(lines: TextIO, path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file: JSON objects if it begins with one, else CSV."""
    first = lines.readline()
    lines.seek(0)
    if first.lstrip().startswith("{"):
        yield from _of_json(lines, path)
        return
    reader = csv.DictReader(lines, restkey="")
    names = [str(each).strip() for each in reader.fieldnames or ()]
    if "out_trade_no" not in names or not {"total", "refund"} & set(names):
        raise usage_error(
            f"{path}: a header line with out_trade_no and total, or refund, was expected, or JSON objects, one a line",
            f"{path}：应有表头 out_trade_no 与 total 或 refund，或每行一个 JSON 对象",
        )
    reader.fieldnames = names
    try:
        for row in reader:
            yield {name: value.strip().removeprefix("`") for name, value in row.items() if isinstance(value, str)}
    except csv.Error:
        number = reader.line_num
        raise usage_error(f"{path}, line {number}: this is not CSV", f"{path} 第 {number} 行：不是 CSV") from None


def _of_json(lines: TextIO, path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise usage_error(
                f"{path}, line {number}: a JSON object was expected", f"{path} 第 {number} 行：应为 JSON 对象"
            )
        yield record


def _show(differences: list[Difference], more: int, summary: Summary) -> None:
    if differences:
        cells = (
            (
                _NAMES[each.reason],
                each.out_trade_no,
                each.out_refund_no,
                each.bill_amount,
                each.own_amount,
                each.bill_state,
                each.own_state,
            )
            for each in differences
        )
        print_table("", _COLUMNS, cells)
    if more:
        echo(Words(f"and {more} more: --json shows all", f"还有 {more} 条：--json 显示全部"))
    compared = Words(
        f"{summary.rows} rows, {summary.records} records: {summary.agreed} agree, {summary.differences} differences",
        f"账单 {summary.rows} 行，商户记录 {summary.records} 条：一致 {summary.agreed} 笔，差异 {summary.differences} 条",
    )
    if not summary.differences:
        echo(compared)
        return
    sums = (
        (_NAMES[reason], each.count, each.bill_amount, each.own_amount, REASONS[reason])
        for reason, each in summary.reasons.items()
    )
    print_table(compared, _SUMS, sums)
