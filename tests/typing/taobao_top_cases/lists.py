"""Lists of answers, in the platform's own form and plain, and lists of parameters."""

from typing_extensions import assert_type

from taobao_top import TaobaoTop
from taobao_top.types.taobao.item import SellerGetItemImg


def answers(top: TaobaoTop) -> None:
    images = top.taobao.item.seller.get(fields="item_img", num_iid=1).data["item"]["item_imgs"]
    assert_type(images["item_img"], list[SellerGetItemImg])
    assert_type(images["item_img"][0]["url"], str)
    plain = top.taobao.item.seller.get(fields="item_img", num_iid=1, simplify=True).data["item"]["item_imgs"]
    assert_type(plain[0]["url"], str)
    assert_type([image["id"] for image in plain], list[int])


def parameters(top: TaobaoTop) -> None:
    top.taobao.item.carturl.get(item_ids=["1", "2"])
    top.taobao.item.carturl.get(item_ids=("1", "2"))
    top.taobao.item.carturl.get(item_ids="1,2")
    top.taobao.item.carturl.get(item_ids=[1.5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
