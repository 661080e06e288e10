"""``wechatpay download`` and ``wechatpay bill``: files of the platform."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from attrs import asdict

from chainable.cli.commands import Argument, Command, Option, as_json, json_option, usage
from chainable.cli.output import console, put_json, put_pairs
from chainable.cli.overwriting import may_write, replacing_option
from chainable.cli.plot import bars, write_image
from chainable.cli.progress import progress
from chainable.cli.words import Words, language, say
from chainable.times import BEIJING
from wechatpay import bills
from wechatpay.cli.clients import client_of, env_option

__all__ = ["bill", "download"]

_SIZE = re.compile(r"([1-9][0-9]{0,14})([KMG]?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
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
    """Read a size in bytes, with K, M or G for KiB, MiB or GiB."""
    found = _SIZE.fullmatch(text)
    if found is None:
        message = Words(
            f"--max-size {text[:40]}: a number of bytes was expected, such as 500M or 4G",
            f"--max-size {text[:40]}：应为字节数，如 500M 或 4G",
        )
        raise click.UsageError(message, context)
    return int(found[1]) * _UNITS[found[2].upper()]


max_size_option = click.option(
    "--max-size",
    default="2G",
    show_default=True,
    metavar="SIZE",
    callback=_size,
    cls=Option,
    help="Refuse a file that is larger, as it arrives or unpacked: bytes, or 500M, 4G.",
    zh="拒绝超过此大小的文件（下载与解压后均计）：字节数，或 500M、4G。",
)


@click.command(
    "download",
    cls=Command,
    help="Save the file behind a URL out of an answer, checked and unpacked.",
    zh="下载应答中给出的文件地址，解压并校验。",
)
@click.argument("url", cls=Argument)
@click.argument("to", type=click.Path(dir_okay=False, path_type=Path), callback=may_write, cls=Argument)
@max_size_option
@replacing_option
@env_option
@json_option
def download(url: str, to: Path, max_size: int, env: Path | None) -> None:
    """Save a file."""
    with client_of(env) as client, progress(to.name) as told:
        saved = client.download(url, to, progress=told, max_size=max_size)
    if as_json():
        put_json(asdict(saved))
    else:
        english, chinese = ("verified", "已校验") if saved.verified else ("no hash to check it with", "无摘要可校验")
        say(Words(f"{saved.path}: {saved.size} bytes, {english}", f"{saved.path}：{saved.size} 字节，{chinese}"))


@click.command(
    "bill",
    cls=Command,
    help="Show a day's bill: its sums, and its amounts by hour.\n\nSOURCE is a day (2026-01-31) or a bill that was saved.",
    zh="查看某日账单：汇总与分时金额。\n\nSOURCE 为日期（2026-01-31）或已保存的账单文件。",
)
@click.argument("source", cls=Argument)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["trade", "fundflow"]),
    default="trade",
    cls=Option,
    help="Which bill.",
    zh="账单类型。",
)
@click.option(
    "--image",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=may_write,
    cls=Option,
    help="Draw it as .svg or .png.",
    zh="画成 .svg 或 .png。",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=may_write,
    cls=Option,
    help="Keep the bill here.",
    zh="账单另存为。",
)
@max_size_option
@replacing_option
@env_option
@json_option
def bill(source: str, kind: str, image: Path | None, save: Path | None, max_size: int, env: Path | None) -> None:
    """Show a bill."""
    if not _DAY.fullmatch(source):
        if save is not None:
            raise usage(Words(f"--save: {source} is a file already", f"--save：{source} 已经是文件"))
        _show(Path(source), source, image, max_size)
        return
    with TemporaryDirectory() as folder, client_of(env) as client, progress(source) as told:
        path = save or Path(folder, "bill.csv")
        name = "tradebill" if kind == "trade" else "fundflowbill"
        answer = client.chain(f"v3/bill/{name}").get(params={"bill_date": source})
        client.download(answer, path, progress=told, max_size=max_size)
        _show(path, source, image, max_size)


def _show(path: Path, title: str, image: Path | None, max_size: int) -> None:
    made = bills.read(path, max_size=max_size)
    if made.kind == "other" and len(made.columns) < 2:
        raise usage(Words(f"{path}: this is no bill", f"{path}：不是账单"))
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
        put_json({"kind": made.kind, "rows": count, "summary": shown, "hours": hours})
        return
    if language() == "zh":
        heading = f"{title}：{_CHINESE[made.kind]}，{count} 行，单位：元"
        shown = {_CHINESE.get(name, name): value for name, value in shown.items()}
    else:
        heading = f"{title}: {made.kind}, {count} rows, in yuan"
    put_pairs(heading, shown.items())
    for line in bars(hours, console().width):
        click.echo(line)


def _amount(row: bills.Row) -> Decimal:
    """What a row adds, in yuan: refunds and expenses take away."""
    if isinstance(row, bills.FundFlowRow):
        return (row.amount or Decimal(0)) * (-1 if row.direction == "支出" else 1)
    if isinstance(row, bills.TradeRow | bills.RefundRow):
        if row.trade_state in {"REFUND", "REVOKED"}:
            return -(row.refund_amount or Decimal(0))
        return row.settlement_total or Decimal(0)
    return Decimal(0)
