"""A misspelt part of a name is an error, and so is the call of a part that is no method."""

from taobao_top import TaobaoTop


def misspelt(top: TaobaoTop) -> None:
    top.taobo.item  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    top.taobao.item.sellers.get  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    top.taobao.item.seller.gett(fields="title", num_iid=1)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def no_method(top: TaobaoTop) -> None:
    top.taobao.item.seller(fields="title")  # type: ignore[operator]  # pyright: ignore[reportCallIssue]


def keywords(top: TaobaoTop) -> None:
    top.taobao.tbk.sc.punish.order.get
    list(top.taobao.item)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
