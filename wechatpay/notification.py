"""One notification."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from attrs import field, frozen

from chainable.codecs import JSON
from chainable.errors import ChainableError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.times import BEIJING

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from wechatpay.catalogue import Event

    R = TypeVar("R", default=Any)
else:
    from typing import TypeVar

    R = TypeVar("R")  # typing has no default= before Python 3.13, and a notification needs no typing_extensions

__all__ = ["Notification"]

# The names that the kinds of APIv2 notifications have for the time of the event.
_V2_TIMES = (
    "event_create_time",
    "time_end",
    "success_time",
    "operate_time",
    "vehicle_event_createtime",
)
_V2_DIGITS = 14


@safe_repr
@frozen
class Notification(Generic[R]):
    """
    An authentic message of the platform.

    ::

        from wechatpay.types.events import TransactionSuccess

        notification: Notification[TransactionSuccess] = client.notifications.parse(headers, body)

    Compare amount, currency, merchant number and appid of the resource with
    your own order before you act on it.

    Attributes:
        id: The identity of the notification, the same in every delivery.
            In APIv2 it is ``event_id``, or else a hash of the content.
        event_type: ``TRANSACTION.SUCCESS`` and so on.  For APIv2 notifications
            without a type, the catalogue's name of the kind
            (``transaction-success``), or empty for an unknown kind.
        summary: The platform's description; empty in APIv2.
        resource: The decrypted content (of ``resource`` in v3, of
            ``event_ciphertext`` and ``req_info`` in v2), else all elements.
            Times and numbers as the platform writes them, fractions as Decimal.
        envelope: The whole decoded message. The platform signs it, except for
            refund notifications of APIv2: in them only ``req_info`` is authentic,
            and the rest (``appid``, ``mch_id``, …) may be forged.
        raw: The bytes of the body.
        version: ``v3`` or ``v2``.
    """

    id: str
    event_type: str
    summary: str = field(repr=False)
    resource: R = field(repr=False, eq=False)
    envelope: dict[str, Any] = field(repr=False, eq=False)
    raw: bytes = field(repr=False)
    version: str = "v3"

    if TYPE_CHECKING:
        pass  # checkers report these mistakes by themselves
    else:

        def __getattr__(self, name: str) -> NoReturn:
            msg = Words(
                f"{type(self).__name__!r} object has no attribute {name!r}",
                f"{type(self).__name__!r} 没有属性 {name!r}",
            )
            if not name.startswith("_"):
                msg += "; the decrypted content is notification.resource"
            raise AttributeError(msg)

        def __getitem__(self, key: object, /) -> NoReturn:
            msg = Words(
                "a notification has no items: its decrypted content is notification.resource, "
                "so write notification.resource[…]",
                "通知不能用下标：解密后的内容在 notification.resource，请写成 notification.resource[…]",
            )
            raise TypeError(msg)

    @property
    def create_time(self) -> datetime | None:
        """
        The time of the event, with a time zone; None if the message has none.

        It is read from authentic fields only. APIv2 does not sign the time of
        sending: an old message may be a late delivery, a test, or a replay.
        """
        if self.version == "v3":
            return _moment(self.envelope.get("create_time"))
        resource = self.resource if isinstance(self.resource, dict) else {}
        # The platform does not sign the fields beside req_info: anybody can forge them.
        unsigned = "req_info" in self.envelope and "sign" not in self.envelope
        known = resource if unsigned else self.envelope | resource
        if "sub_order_list" in known:
            return _combined_moment(known["sub_order_list"])
        return next((_v2_moment(known[name]) for name in _V2_TIMES if name in known), None)

    @property
    def original_type(self) -> str | None:
        """The type of the encrypted resource, such as ``transaction``; None if the message has none."""
        resource = self.envelope.get("resource")
        return resource.get("original_type") if isinstance(resource, dict) else None

    @property
    def event(self) -> Event | None:
        """The catalogue's description of this type of event; None if it has none."""
        from wechatpay import catalogue

        return catalogue.event(self.event_type, self.version)


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _combined_moment(text: Any) -> datetime | None:
    """Return the time at which the last order of a combined payment was paid."""
    try:
        moments = [_v2_moment(order["time_end"]) for order in JSON.decode(text.encode())["order_list"]]
    except (AttributeError, ChainableError, LookupError, TypeError, UnicodeError):
        return None
    return max((moment for moment in moments if moment is not None), default=None)


def _v2_moment(text: Any) -> datetime | None:
    digits = "".join(filter(str.isdigit, text)) if isinstance(text, str) else ""
    if len(digits) != _V2_DIGITS:
        return _moment(text)
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
