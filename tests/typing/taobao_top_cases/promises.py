"""Promises carry the type of the answer."""

from typing_extensions import assert_type

from chainable import Promise
from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.taobao.time import GetData


async def awaited(top: TaobaoTop) -> None:
    promise = top.taobao.time.get.post_async()
    assert_type(promise, Promise[TopResponse[GetData]])
    assert_type((await promise).data["time"], str)
    assert_type(top.taobao.time.get.postAsync().result().data["time"], str)
    item = top.taobao.item.seller.get.post_async({"fields": "title", "num_iid": 1}).wait().data.get("item", {})
    assert_type(item.get("title"), str | None)


def wrong(top: TaobaoTop) -> None:
    top.taobao.item.seller.get.post_async(fields="title")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top.taobao.item.seller.get.post_async({"fields": "title"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
