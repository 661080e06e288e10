"""Parameters are keywords: required ones are required, others are checked."""

from datetime import datetime
from decimal import Decimal

from typing_extensions import assert_type

from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.taobao.item import SellerGetData


def good(top: TaobaoTop) -> None:
    response = top.taobao.item.seller.get(fields="num_iid,title", num_iid=123)
    assert_type(response, TopResponse[SellerGetData])
    item = response.data.get("item", {})
    assert_type(item.get("title"), str | None)
    assert_type(item.get("num_iid", 0), int)
    if "has_warranty" in item:
        assert_type(item["has_warranty"], bool)


def left_out_by_the_platform(top: TaobaoTop) -> None:
    """Nothing says which members ``fields`` asked for; lists of the answer itself come empty."""
    response = top.taobao.trades.sold.get(fields=["tid"])
    response.data["total_results"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    for trade in response.data["trades"]["trade"]:
        trade["payment"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        assert_type(trade.get("payment"), str | None)
    response.data["trade"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    assert_type(top.taobao.time.get().data["time"], str)


def several(top: TaobaoTop) -> None:
    top.taobao.trades.sold.get(fields=["tid", "status"])
    top.taobao.item.seller.get({"fields": ("num_iid", "title"), "num_iid": 1})
    top.taobao.trades.sold.get(fields=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    top.taobao.trades.sold.get(fields="tid", status=["A", "B"])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def left_out(top: TaobaoTop) -> None:
    top.taobao.item.seller.get(fields="num_iid,title")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top.taobao.item.seller.get()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def unknown(top: TaobaoTop) -> None:
    top.taobao.item.seller.get(fields="title", num_iid=1, num_id=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def numbers(top: TaobaoTop) -> None:
    top.taobao.item.seller.get(fields="title", num_iid="123")
    top.taobao.item.seller.get(fields="title", num_iid=Decimal(123))
    top.taobao.item.seller.get(fields="title", num_iid=1.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def moments(top: TaobaoTop, moment: datetime) -> None:
    top.taobao.trades.sold.get(fields="tid", start_created=moment, end_created="2026-11-21 00:00:00")
    top.taobao.trades.sold.get(fields="tid", start_created=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def left_out_on_purpose(top: TaobaoTop) -> None:
    top.taobao.trades.sold.get(fields="tid", start_created=None)
