"""A mapping takes the place of the keywords."""

from taobao_top import TaobaoTop


def good(top: TaobaoTop) -> None:
    top.taobao.item.seller.get({"fields": "title", "num_iid": 1})
    top.taobao.item.seller.get({"fields": "title", "num_iid": 1}, session="s", timeout=3)
    top.taobao.item.seller.get.post({"fields": "title", "num_iid": 1})


def wrong(top: TaobaoTop) -> None:
    top.taobao.item.seller.get({"fields": "title"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    top.taobao.item.seller.get({"fields": "title", "num_iid": 1, "num_id": 1})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def names_that_are_no_keywords(top: TaobaoTop) -> None:
    """What Python cannot spell goes into the mapping; the rest may follow by name."""
    top.taobao.tvpay.order.query({"from": "x", "device_id": "1", "order_type": "1"})
    top.taobao.tvpay.order.query({"from": "x"}, device_id="1", order_type="1")
    top.taobao.tvpay.order.query(device_id="1", order_type="1")
    top.taobao.tvpay.order.query({"from": "x"}, device_id="1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def a_parameter_that_is_an_option_elsewhere(top: TaobaoTop) -> None:
    top.taobao.cloudpush.push(
        {"timeout": 72},
        target="all",
        target_value="all",
        body="{}",
        device_type=0,
        remind=True,
        store_offline=True,
        title="tea",
    )
