"""``wechatpay download`` and ``wechatpay bill``: the platform's files."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl

import click
from attrs import asdict

from chainable.cli.chart import bars, write_image
from chainable.cli.commands import argument, as_json, command, json_option, option, usage_error
from chainable.cli.i18n import Words, echo, language
from chainable.cli.output import console, print_json, print_pairs
from chainable.cli.overwriting import check_output_path, overwrite_option
from chainable.cli.progress import progress
from chainable.errors import CodecError
from chainable.i18n import message_of, translate
from chainable.times import BEIJING
from wechatpay import bills
from wechatpay.cli.client_options import env_option, make_client
from wechatpay.cli.days import is_day

__all__ = ["bill", "download", "max_size_option"]

_SIZE = re.compile(r"([1-9][0-9]{0,14})([KMG]?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_OPERATION = re.compile(r"/?(v\d+|brand)/")
_CHINESE = {
    "trade": "交易账单",
    "refund": "退款账单",
    "fund_flow": "资金账单",
    "other": "其他账单",
    "orders": "总交易单数",
    "settlement_total": "应结订单总金额",
    "refund_amount": "退款总金额",
    "coupon_refund_amount": "充值券退款总金额",
    "fee": "手续费总金额",
    "total": "订单总金额",
    "refund_requested": "申请退款总金额",
    "flows": "资金流水总笔数",
    "income_count": "收入笔数",
    "income": "收入金额",
    "expense_count": "支出笔数",
    "expense": "支出金额",
}


def _size(context: click.Context, _: click.Parameter, text: str) -> int:
    """Parse a size in bytes; K, M and G are KiB, MiB and GiB."""
    found = _SIZE.fullmatch(text)
    if found is None:
        message = Words(
            f"--max-size {text[:40]}: a number of bytes was expected, such as 500M or 4G",
            f"--max-size {text[:40]}：应为字节数，如 500M 或 4G",
        )
        raise click.UsageError(message, context)
    return int(found[1]) * _UNITS[found[2].upper()]


max_size_option = option(
    "--max-size",
    default="2G",
    show_default=True,
    metavar="SIZE",
    callback=_size,
    help=Words(
        "Refuse a larger file, downloaded or decompressed: bytes, or 500M, 4G.",
        "拒绝更大的文件（下载大小与解压后大小都检查）：字节数，或 500M、4G。",
    ),
)


@command(
    "download",
    help=Words(
        "Download a file, check, decrypt and decompress it.\n\n"
        "SOURCE is a URL from a response, or the path of the operation that names the file, with its query: "
        "v3/marketing/favor/stocks/9856000/use-flow",
        "下载文件，校验、解密并解压。\n\n"
        "SOURCE 为应答中的文件地址，或申请该文件的接口路径与查询参数：v3/marketing/favor/stocks/9856000/use-flow",
    ),
    examples=("wechatpay download URL bill.csv --env sandbox.env",),
)
@argument("source")
@argument("to", type=click.Path(dir_okay=False, path_type=Path), callback=check_output_path)
@max_size_option
@overwrite_option
@env_option
@json_option
def download(source: str, to: Path, max_size: int, env: Path | None) -> None:
    """Download a file."""
    with make_client(env) as client, progress(to.name) as update:
        found: Any = source
        if _OPERATION.match(source):
            path, _, query = source.partition("?")
            found = client.chain(path).get(params=dict(parse_qsl(query)) or None)
        saved = client.download(found, to, progress=update, max_size=max_size)
    if as_json():
        print_json(asdict(saved))
        return
    english, chinese = ("no hash to verify", "无摘要，未校验")
    if saved.hash_type is not None:
        english, chinese = ("hash compared, its source is not signed", "摘要一致，但摘要来源无签名")
    if saved.verified:
        english, chinese = ("hash verified", "摘要校验通过")
    echo(Words(f"{saved.path}: {saved.size} bytes, {english}", f"{saved.path}：{saved.size} 字节，{chinese}"))


@command(
    "bill",
    help=Words(
        "Show the bill of a day: totals, and amounts by hour.\n\nSOURCE is a day (2026-01-31) or a saved bill.",
        "查看某日账单：汇总与每小时金额。\n\nSOURCE 为日期（2026-01-31）或已保存的账单文件。",
    ),
    examples=(
        "wechatpay bill 2026-01-31 --image day.svg --save bill.csv --env sandbox.env",
        "wechatpay bill 2026-01-31 --type fundflow --env sandbox.env",
        "wechatpay bill bill.csv",
    ),
)
@argument("source")
@option(
    "--type",
    "kind",
    type=click.Choice(["trade", "fundflow"]),
    default="trade",
    help=Words("Type of the bill.", "账单类型。"),
)
@option(
    "--image",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_output_path,
    help=Words("Draw the amounts as SVG into this file.", "把每小时金额画成 SVG 图表，存到此文件。"),
)
@option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_output_path,
    help=Words("Save the bill to this file.", "把账单保存到此文件。"),
)
@max_size_option
@overwrite_option
@env_option
@json_option
def bill(source: str, kind: str, image: Path | None, save: Path | None, max_size: int, env: Path | None) -> None:
    """Show a bill."""
    if not is_day(source):
        if save is not None:
            raise usage_error(f"--save: {source} is already a file", f"--save：{source} 已经是文件")
        _show(Path(source), source, image, max_size)
        return
    with TemporaryDirectory() as folder, make_client(env) as client, progress(source) as update:
        path = save or Path(folder, "bill.csv")
        name = "tradebill" if kind == "trade" else "fundflowbill"
        response = client.chain(f"v3/bill/{name}").get(params={"bill_date": source})
        client.download(response, path, progress=update, max_size=max_size)
        _show(path, source, image, max_size)


def _show(path: Path, title: str, image: Path | None, max_size: int) -> None:
    try:
        made = bills.read(path, max_size=max_size)
    except CodecError as error:
        said = message_of(error)
        raise usage_error(f"{path}: {said}", f"{path}：{translate(said, 'zh')}") from None
    hours = [Decimal(0)] * 24
    count = 0
    for row in made:
        count += 1
        time = getattr(row, "time", None)
        if time is not None:
            hours[time.astimezone(BEIJING).hour] += _amount(row)
    sums: dict[str, Any] = {} if made.summary is None else asdict(made.summary, recurse=False)
    shown = {name: value for name, value in sums.items() if value not in (None, {})}
    if image is not None:
        write_image(image, f"{title} ({made.kind}), yuan by hour", hours)
    if as_json():
        print_json({"kind": made.kind, "rows": count, "summary": shown, "hours": hours})
        return
    if language() == "zh":
        heading = f"{title}：{_CHINESE[made.kind]}，{count} 行，单位：元"
        shown = {_CHINESE.get(name, name): value for name, value in shown.items()}
    else:
        heading = f"{title}: {made.kind}, {count} rows, in yuan"
    print_pairs(heading, shown.items())
    for line in bars(hours, console().width):
        click.echo(line)


def _amount(row: bills.Row) -> Decimal:
    """Return the amount of a row in yuan; refunds and expenses are negative."""
    if isinstance(row, bills.FundFlowRow):
        return (row.amount or Decimal(0)) * (-1 if row.direction == "支出" else 1)
    if isinstance(row, bills.TradeRow | bills.RefundRow):
        if row.trade_state in {"REFUND", "REVOKED"}:
            return -(row.refund_amount or Decimal(0))
        return row.settlement_total or Decimal(0)
    return Decimal(0)
