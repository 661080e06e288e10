"""What checkers say to plain dicts, and what to write."""

from typing import Any, cast

from chainable import Promise, Response
from wechatpay import Notification, WeChatPay
from wechatpay.types.v3.hire_power_bank import InsuranceOrdersPostRequest


def variables(client: WeChatPay, given: dict[str, Any]) -> None:
    order = {"out_order_no": "1", "openid": "o", "notify_url": "https://a.example/", "service_id": "s"}
    orders = client.v3.hire_power_bank.insurance_orders
    orders.post(json=order)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    orders.post(json=given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    typed: InsuranceOrdersPostRequest = {
        "out_order_no": "1",
        "openid": "o",
        "notify_url": "https://a.example/",
        "service_id": "s",
    }
    orders.post(json=typed)
    orders.post(json=cast(InsuranceOrdersPostRequest, given))


def unchecked(client: WeChatPay, order: Any, path: str, given: dict[str, Any]) -> None:
    client.v3.hire_power_bank.insurance_orders.post(json=order)
    client[path].post(json=given)


def optional(client: WeChatPay) -> str:
    found = client.v3.pay.transactions.id._transaction_id_.get(transaction_id="1", params={"mchid": "1"})
    found.data["trade_state"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    return found.data.get("trade_state") or ""


def without_arguments(notification: Notification, response: Response, promise: Promise) -> Any:
    return notification.resource["out_trade_no"], response.data["code_url"], promise.wait()


def mistakes(response: Response, notification: Notification, promise: Promise) -> None:
    response["a"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    notification["a"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    promise.data  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


async def awaited(client: WeChatPay) -> None:
    await client.v3.certificates.get()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async with client as entered:
        await entered.v3.certificates.get_async()


def defaults(path: str) -> WeChatPay:
    return WeChatPay(mchid="1900000109", defaults={"appid": "wx", "amount": {"currency": "CNY"}})
