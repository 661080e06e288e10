"""Lists of answers, in the platform's own form and plain, and lists of parameters."""

from typing_extensions import assert_type

from taobao_top import TaobaoTop
from taobao_top.types.taobao.item import SellerGetItemImg


def answers(top: TaobaoTop) -> None:
    item = top.taobao.item.seller.get(fields="item_img", num_iid=1).data.get("item", {})
    images = item.get("item_imgs")
    if images is not None:
        assert_type(images["item_img"], list[SellerGetItemImg])
        assert_type(images["item_img"][0].get("url"), str | None)
        assert_type([image.get("id", 0) for image in images], list[int])  # with simplify=True


def at_the_top(top: TaobaoTop) -> None:
    """The client fills in a list that the platform leaves out."""
    trades = top.taobao.trades.sold.get(fields="tid").data["trades"]
    assert_type(trades["trade"][0].get("tid"), int | None)
    assert_type(trades[0].get("tid"), int | None)


def of_qimen(top: TaobaoTop) -> None:
    """What stands in ``response`` is the answer."""
    answer = top.taobao.qimen.inventory.query().data
    assert_type(answer.get("flag"), str | None)
    if "items" in answer:
        assert_type(answer["items"]["item"][0].get("quantity"), int | None)


def parameters(top: TaobaoTop) -> None:
    top.taobao.item.carturl.get(item_ids=["1", "2"])
    top.taobao.item.carturl.get(item_ids=("1", "2"))
    top.taobao.item.carturl.get(item_ids="1,2")
    top.taobao.item.carturl.get(item_ids=[1.5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
