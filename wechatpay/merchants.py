"""Several merchants in one process: notifications are passed to the right client."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chainable.errors import ChainableError, ConfigurationError, DecryptionError, SignatureError
from chainable.i18n import Words
from chainable.masking import safe_repr, without_frames, without_frames_of
from chainable.web import header, read_headers
from wechatpay.notification_parsing import check_body
from wechatpay.xml import XML

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.web import Headers, ReceivedHeaders
    from wechatpay.client import WeChatPay
    from wechatpay.notification import Notification

__all__ = ["Merchants"]

# The fields that name the merchant of a message; the merchant whose keys are used comes first.
_V3_NUMBERS = ("sp_mchid", "combine_mchid", "mchid", "sponsor_mchid", "stock_creator_mchid", "mch_id")
_V2_NUMBERS = ("combine_mch_id", "mch_id", "mchid")
_PAUSE = 60.0
"""Seconds between two messages with an unknown key for which all merchants download new keys."""


@safe_repr
class Merchants:
    """
    The clients of several merchants; a notification is parsed by the right one.

    ::

        merchants = wechatpay.Merchants([north, south])
        client, notification = merchants.parse(request.headers, request.get_data())

    Args:
        clients: One client for each merchant number.
        clock: Returns seconds that never go back.

    Raises:
        ConfigurationError: Two clients have the same number, or something is not a client.
    """

    @without_frames
    def __init__(self, clients: Iterable[WeChatPay], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients: dict[str, WeChatPay] = {}
        if not isinstance(clients, Iterable) or isinstance(clients, str | bytes):
            msg = Words(
                f"merchants: a list of clients was expected, not a {type(clients).__name__}",
                f"merchants：应为客户端的列表，不是 {type(clients).__name__}",
            )
            raise ConfigurationError(msg)
        for client in clients:
            if not isinstance(getattr(client, "mchid", None), str):
                msg = Words(
                    f"merchants: a client was expected, WeChatPay(…), not a {type(client).__name__}",
                    f"merchants：应为客户端 WeChatPay(…)，不是 {type(client).__name__}",
                )
                raise ConfigurationError(msg)
            if client.mchid in self._clients:
                msg = Words(f"two clients have the number {client.mchid}", f"两个客户端的商户号都是 {client.mchid}")
                raise ConfigurationError(msg)
            self._clients[client.mchid] = client
        self._clock = clock
        self._searched = float("-inf")

    def __repr__(self) -> str:
        return f"Merchants({', '.join(self._clients)})"

    def __getitem__(self, mchid: str, /) -> WeChatPay:
        """
        Return the client of a merchant number.

        Raises:
            KeyError: There is no client with this number.
        """
        return self._clients[mchid]

    def __iter__(self) -> Iterator[WeChatPay]:
        return iter(self._clients.values())

    def __len__(self) -> int:
        return len(self._clients)

    @without_frames_of(ChainableError)
    def parse(self, headers: ReceivedHeaders, body: bytes) -> tuple[WeChatPay, Notification[Any]]:
        """
        Find the merchant of a notification, verify it and decrypt it.

        A notification of APIv3 names the key that signed it, and the merchant's
        APIv3 key decrypts it; one of APIv2 names the merchant. If several clients
        can decrypt it, the merchant number inside decides. The merchant number of
        an APIv2 refund notification is not signed, so only the key proves it: set
        a different APIv2 key for each merchant.

        Args:
            headers: As for ``client.notifications.parse``.
            body: The bytes as they were sent.

        Returns:
            The client and the notification.

        Raises:
            SignatureError: ``unknown_key``: the message is for none of these merchants;
                otherwise as for one client.
            DecryptionError: No client decrypts the message.
            CodecError: The message is not a notification.
            ConfigurationError: Several clients decrypt the message, and it does not
                name one: set a different APIv3 key for each merchant.
            TypeError: The body is not bytes, or the headers have another form.
        """
        check_body(body)
        if body.lstrip()[:1] == b"<":
            client = self._named(XML.decode(body))
            return client, client.notifications.parse(headers, body)
        headers = read_headers(headers)
        serial = header(headers, "Wechatpay-Serial")
        if serial is None:
            raise SignatureError(
                Words(
                    "the message does not name the key that signed it: treat it as forged",
                    "消息没有说明用哪把密钥签名：请视为伪造",
                ),
                reason="missing",
            )
        candidates = [client for client in self if client.notifications.knows(serial)]
        return self._opened(candidates or self._all_after_pause(), serial, headers, body)

    def _named(self, envelope: dict[str, Any]) -> WeChatPay:
        number = _number(envelope, _V2_NUMBERS)
        client = self._clients.get(number or "")
        if client is None:
            msg = Words(
                f"a notification of APIv2 for a merchant ({number}) that is not one of {self!r}",
                f"APIv2 通知属于商户号 {number}，不在 {self!r} 之中",
            )
            raise SignatureError(msg, reason="unknown_key")
        return client

    def _all_after_pause(self) -> list[WeChatPay]:
        # The platform may have new certificates; forgeries must not cause a download each.
        now = self._clock()
        if now - self._searched < _PAUSE:
            return []
        self._searched = now
        return list(self)

    def _opened(
        self, candidates: list[WeChatPay], serial: str, headers: Headers, body: bytes
    ) -> tuple[WeChatPay, Notification[Any]]:
        found: list[tuple[WeChatPay, Notification[Any]]] = []
        failures: list[ChainableError] = []
        for client in candidates:
            try:
                notification = client.notifications.parse(headers, body)
            except (SignatureError, DecryptionError, ConfigurationError) as error:
                failures.append(error)
                continue
            found.append((client, notification))
            if _number(notification.resource, _V3_NUMBERS) == client.mchid:
                return found[-1]
        if len(found) == 1:
            return found[0]
        if found:
            msg = Words(
                "several clients decrypt this notification: give each merchant an APIv3 key of its own",
                "有多个客户端能解密该通知：请给每个商户号设置各自的 APIv3 密钥",
            )
            raise ConfigurationError(msg)
        raise _most_useful(failures) or SignatureError(
            Words(
                f"signed with the key {serial[:60]!r}, which none of these merchants has: {self!r}",
                f"签名所用的密钥 {serial[:60]!r} 不属于其中任何商户：{self!r}",
            ),
            reason="unknown_key",
        )


def _number(members: Any, names: tuple[str, ...]) -> str | None:
    if not isinstance(members, dict):
        return None
    return next((members[name] for name in names if isinstance(members.get(name), str)), None)


def _most_useful(failures: list[ChainableError]) -> ChainableError | None:
    """Return the most useful of the errors; None if no client has the key of the message."""
    known = [one for one in failures if getattr(one, "reason", None) != "unknown_key"]
    opened = [one for one in known if isinstance(one, DecryptionError)]
    return (opened or known or [None])[0]
