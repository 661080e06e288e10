"""The resource of a notification is typed by its event."""

from typing_extensions import assert_type

from wechatpay import Notification, WeChatPay
from wechatpay.types.events import TransactionSuccess


def paid(client: WeChatPay, headers: dict[str, str], body: bytes) -> None:
    notification: Notification[TransactionSuccess] = client.notifications.parse(headers, body)
    assert_type(notification.resource["out_trade_no"], str)
    notification.resource["out_trade_number"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
