"""Pages, windows and chunks keep the type of a method's answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import assert_type

from taobao_top import TaobaoTop
from taobao_top.response import TopResponse
from taobao_top.types.taobao.items import SellerListGetData
from taobao_top.types.taobao.trades import SoldGetData, SoldIncrementGetData


def pages(top: TaobaoTop) -> None:
    for page in top.pages(top.taobao.trades.sold.get, fields="tid", page_size=40, backwards=True):
        assert_type(page, TopResponse[SoldGetData])
        page.data["no such member"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    assert_type(top.pages(top["brand.new.get"]), Iterator[TopResponse[Any]])
    top.pages("taobao.trades.sold.get")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def windows(top: TaobaoTop, start: datetime, end: datetime) -> None:
    increments = top.windows(top.taobao.trades.sold.increment.get, start, end, step=timedelta(hours=1), fields="tid")
    assert_type(increments, Iterator[TopResponse[SoldIncrementGetData]])


def chunks(top: TaobaoTop) -> None:
    found = top.chunks(top.taobao.items.seller.list.get, range(50), size=20, fields="num_iid")
    assert_type(found, Iterator[TopResponse[SellerListGetData]])


def options(top: TaobaoTop) -> None:
    top.taobao.trades.sold.get(fields="tid", unknown=True)
