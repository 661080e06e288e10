"""One notification event, described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.describe import CallStyle, Description, Row, Table
from wechatpay.describe.fields import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.catalogue import Event

__all__ = ["described", "key"]

_PARSE = """\
notification = client.notifications.parse(headers, body)
print(notification.event_type, notification.resource)
"""
_ONCE = """\
notification = client.notifications.parse(headers, body)
with client.notifications.once(notification, store) as first:
    if first:
        print(notification.resource)
"""


def key(event: Event) -> str:
    """Give the key under which an event is found: ``event v3 TRANSACTION.SUCCESS``."""
    return f"event {event.version} {event.name}"


def described(event: Event) -> Description:
    """Describe a notification of the catalogue."""
    return Description(
        key=key(event),
        title=event.title,
        name=f"{event.version} {event.name}",
        facts=tuple(_facts(event)),
        links=event.docs,
        tables=(Table("通知头", tuple(Row(name=name, type="string") for name in event.headers)),),
        forms=(CallStyle("验签并解密", _PARSE), CallStyle("只处理一次", _ONCE)),
        answers=tuple(_tables(event)),
    )


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    yield "格式", "JSON（APIv3）" if event.version == "v3" else "XML（APIv2）"
    if event.event_types:
        yield "事件类型", " | ".join(event.event_types)
    if event.original_type:
        # One event may be sent for several kinds of resource.
        yield (
            "原始类型",
            event.original_type if isinstance(event.original_type, str) else " | ".join(event.original_type),
        )
    if event.encryption:
        yield "加密", f"{event.encrypted_field}：{event.encryption}"


def _tables(event: Event) -> Iterator[Table]:
    if event.resource:
        yield Table("notification.resource", tuple(rows(event.resource)))
    if event.fields:
        yield Table("notification.envelope" if event.encryption else "notification.resource", tuple(rows(event.fields)))
