"""Known paths in [...] and chain() are typed, all others are open."""

from typing import Any

from typing_extensions import assert_type

from chainable import Promise, Response
from wechatpay import WeChatPay
from wechatpay.types.v3.pay import TransactionsIdTransactionIdGetData


def known(client: WeChatPay) -> None:
    order = client["v3/pay/transactions/id/{transaction_id}"]
    assert_type(order.get(transaction_id="1", params={"mchid": "1"}), Response[TransactionsIdTransactionIdGetData])
    same = client.chain("v3/pay/transactions/id/{transaction_id}")
    assert_type(
        same.get_async(transaction_id="1", params={"mchid": "1"}), Promise[Response[TransactionsIdTransactionIdGetData]]
    )
    client["v3/hire-power-bank/insurance-orders"]._out_order_no_.get(out_order_no="1")


def known_and_wrong(client: WeChatPay) -> None:
    client["v3/pay/transactions/id/{transaction_id}"].post()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client["v3/pay/transactions/id/{transaction_id}"].get(params={"mchid": "1"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def open_to_everything(client: WeChatPay, path: str) -> None:
    assert_type(client["v3/brand-new/api"].post(json={"anything": 1}), Response[Any])
    assert_type(client.chain(path).patch_async(data=b"{}"), Promise[Response[Any]])
    assert_type(client["v3/brand-new"].longer.path.get(), Response[Any])
    assert_type(client.v3["hire-power-bank"].insurance_orders.post(json={}), Response[Any])
    assert_type(client.v3.pay.chain("brand-new")(json={}), Response[Any])
    assert_type(client.brand.store.brandstores.post(json={}), Response[Any])
