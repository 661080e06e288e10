"""Known names in [...] and chain() are typed, all others are open."""

from typing import Any

from typing_extensions import assert_type

from chainable import Promise
from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.taobao.item import SellerGetData


def known(top: TaobaoTop) -> None:
    get = top["taobao.item.seller.get"]
    assert_type(get(fields="title", num_iid=1), TopResponse[SellerGetData])
    assert_type(get.post({"fields": "title", "num_iid": 1}), TopResponse[SellerGetData])
    assert_type(get.post_async(fields="title", num_iid=1), Promise[TopResponse[SellerGetData]])
    assert_type(get.postAsync({"fields": "title", "num_iid": 1}), Promise[TopResponse[SellerGetData]])
    assert_type(top.chain("taobao.item.seller.get")(fields="title", num_iid=1), TopResponse[SellerGetData])


def known_and_wrong(top: TaobaoTop) -> None:
    top["taobao.item.seller.get"](fields="title")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top["taobao.item.seller.get"].post(fields="title")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top["taobao.item.seller.get"].post_async(fields="title")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top["taobao.item.seller.get"].psot(fields="title", num_iid=1)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def no_python_name(top: TaobaoTop) -> None:
    top["m-kvstore.aliyuncs.com.DescribeRegions.2015-03-01"]()


def open_to_everything(top: TaobaoTop, name: str) -> None:
    assert_type(top["taobao.brand.new.get"](anything=1), TopResponse[Any])
    assert_type(top[name].post(anything=1), TopResponse[Any])
    assert_type(top.chain(name).post_async({"anything": 1}), Promise[TopResponse[Any]])
    assert_type(top["taobao.brand"].new.get(anything=1), TopResponse[Any])
    assert_type(top.taobao["brand.new.get"](b"<raw/>"), TopResponse[Any])
