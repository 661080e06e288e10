"""A misspelt attribute, and a verb the operation lacks, are errors."""

from wechatpay import WeChatPay


def misspelt(client: WeChatPay) -> None:
    client.v4  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.hire_powerbank  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.pay.transaction  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.pay.transactions.native.psot(json={})  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.pay.transactions.id._transaction_no_  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def wrong_verb(client: WeChatPay) -> None:
    client.v3.pay.transactions.native.get()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.pay.transactions.id._transaction_id_.post()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.v3.pay.post(json={})  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def called_without_a_post(client: WeChatPay) -> None:
    client.v3.pay.transactions.id._transaction_id_(transaction_id="4200")  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    client.v3.pay.transactions(json={})  # type: ignore[operator]  # pyright: ignore[reportCallIssue]


def a_chain_is_no_list(client: WeChatPay) -> None:
    list(client.v3.pay)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    hash(client.v3.pay)
    str(client.v3.pay)
    client.v3.pay == client["v3/pay"]
