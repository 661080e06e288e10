"""The resource of a notification is typed by its event."""

from typing import Any

from typing_extensions import assert_type

from wechatpay import Notification, WeChatPay
from wechatpay.types.events import TransactionSuccess


def paid(client: WeChatPay, headers: dict[str, str], body: bytes) -> None:
    notification: Notification[TransactionSuccess] = client.notifications.parse(headers, body)
    assert_type(notification.resource["out_trade_no"], str)
    notification.resource["out_trade_number"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]


def booked(notification: Notification) -> Any:
    """Without a type argument, the resource is anything; mypy --strict needs none."""
    return notification.resource["out_trade_no"]


def received(client: WeChatPay, scope: dict[str, Any], raw: list[tuple[bytes, bytes]], body: bytes) -> None:
    booked(client.notifications.parse(scope, body))
    booked(client.notifications.parse(raw, body))
    booked(client.notifications.parse(dict(raw), body))
    client.notifications.parse(1, body)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
