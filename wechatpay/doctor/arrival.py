"""
Whether the notification that the self-test asks for arrives.

The platform is asked to send ``SECURITY_ECHO.SUCCESS`` to a URL. It is awaited
on a port of this machine, or looked for in the table of a sandbox; where
neither is possible, only the server behind the URL can tell.

Official page: https://pay.weixin.qq.com/doc/v3/partner/4019605946
"""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import requests

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import NETWORK, REFUSED
from chainable.cli.reach import loopback
from chainable.cli.receiver import Receiver
from chainable.cli.words import Words
from chainable.direct import DirectSession
from chainable.errors import ChainableError, SignatureError
from wechatpay.doctor.refusals import told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from chainable.cli.findings import Finding
    from wechatpay import WeChatPay

__all__ = ["CHECK", "EVENT", "Arrival", "Elsewhere", "Here", "Table", "arrival"]

EVENT = "SECURITY_ECHO.SUCCESS"
CHECK = Words("callback", "回调")


class Arrival(Protocol):
    """
    Where the notification goes, and who sees it there.

    Attributes:
        url: What the platform is given as ``notify_url``.
    """

    url: str

    @abstractmethod
    def awaited(self, seconds: float) -> Finding:
        """Wait so long for the notification, and tell of it."""


class Here:
    """
    Takes it on a port of this machine.

    Args:
        client: Checks and opens it.
        echo: The text it has to bring.
        url: The ``notify_url`` that leads to the port; without one, the port itself.
        port: 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, client: WeChatPay, echo: str, url: str | None = None, port: int = 0) -> None:
        self._client = client
        self._echo = echo
        self._receiver = Receiver(self._take, port)
        self.url = self._receiver.url if url is None else url

    def __enter__(self) -> Self:
        self._receiver.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._receiver.__exit__(kind, error, trace)

    def _take(self, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        try:
            notification = self._client.notifications.parse(headers, body)
        except ChainableError as error:
            return 401, error
        resource = notification.resource
        ours = isinstance(resource, dict) and resource.get("echo_message") == self._echo
        # Somebody else's is left to whom it is for: it comes again.
        return (204, EVENT) if ours and notification.event_type == EVENT else (503, None)

    def awaited(self, seconds: float) -> Finding:
        """Wait for the one that was asked for; what does not pass is told if none does."""
        until, failure = time.monotonic() + seconds, None
        while (came := self._receiver.wait(max(until - time.monotonic(), 0.0))) is not None:
            if not isinstance(came, Exception):
                return good(
                    CHECK,
                    Words(
                        f"{EVENT} arrived at {self.url}: its signature is right, and it opens",
                        f"{EVENT} 已到达 {self.url}：验签通过，解密成功",
                    ),
                )
            failure = came
            if not isinstance(came, SignatureError):
                break  # it is the platform's own, and the next one will not open either
        return nothing(self.url, seconds) if failure is None else told(CHECK, failure)


class Table:
    """
    Looks into the table of deliveries that a sandbox keeps.

    Args:
        base_url: Where the sandbox listens.
        ca: The file of its certificate authority.
        url: The ``notify_url``.
    """

    def __init__(self, base_url: str, ca: str | None, url: str) -> None:
        self._page = base_url.rstrip("/") + "/_sandbox/deliveries"
        self._verify: str | bool = ca or True
        self.url = url
        self._last = max((entry["id"] for entry in self._ask()), default=0)

    def _ask(self) -> list[dict[str, Any]]:
        with DirectSession() as session:
            answer = session.get(self._page, timeout=5, verify=self._verify)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["deliveries"]
        return found

    def awaited(self, seconds: float) -> Finding:
        """Look until it was sent and answered."""
        until = time.monotonic() + seconds
        try:
            while (done := self._done()) is None:
                if time.monotonic() > until:
                    return nothing(self.url, seconds)
                time.sleep(0.02)
        except requests.RequestException as error:
            return told(CHECK, error)
        return blocked(self.url) if done["state"] == "blocked" else answered(self.url, done["attempts"][0])

    def _done(self) -> dict[str, Any] | None:
        mine = (
            entry
            for entry in self._ask()
            if entry["id"] > self._last and (entry["event_type"], entry["url"]) == (EVENT, self.url)
        )
        return next((entry for entry in mine if entry["attempts"] or entry["state"] == "blocked"), None)


class Elsewhere:
    """
    Arrives where nobody looks from here.

    Args:
        url: The ``notify_url``.
        echo: The text it brings.
    """

    def __init__(self, url: str, echo: str) -> None:
        self.url = url
        self._echo = echo

    def awaited(self, seconds: float) -> Finding:
        """Say what to look for."""
        return warning(
            CHECK,
            Words(f"{EVENT} goes to {self.url}, unseen from here", f"{EVENT} 将发往 {self.url}，此处看不到是否到达"),
            Words("Only the server there can tell whether it arrives.", "是否到达，只有那边的服务器知道。"),
            Words(
                f"Look for {self._echo!r} in its log; or lead the URL to a port of this machine and give --receive.",
                f"在它的日志里找 {self._echo!r}；或把该地址转到本机端口，并用 --receive 指定端口。",
            ),
        )


def arrival(
    client: WeChatPay, settings: Mapping[str, Any], echo: str, notify_url: str | None, port: int | None
) -> AbstractContextManager[Arrival | None]:
    """
    Choose who sees the notification.

    Args:
        client: Checks and opens it.
        settings: With ``base_url``; one of this machine is taken for a sandbox.
        echo: The text it has to bring.
        notify_url: Where it goes; without one, a sandbox is led to a free port.
        port: The port that ``notify_url`` leads to; None: it leads elsewhere.

    Returns:
        None in a context if the platform has no URL to send it to.

    Raises:
        OSError: The port is taken.
    """
    base, ca = str(settings.get("base_url") or ""), settings.get("ca")
    sandbox = loopback(base)
    if port is not None or (sandbox and notify_url is None):
        return Here(client, echo, notify_url, port or 0)
    if notify_url is None:
        return nullcontext()
    if sandbox:
        try:
            return nullcontext(Table(base, ca, notify_url))
        except (requests.RequestException, KeyError, ValueError):
            pass  # something else listens there, which leads to the platform
    return nullcontext(Elsewhere(notify_url, echo))


def nothing(url: str, seconds: float) -> Finding:
    """Say that nothing came."""
    return bad(
        CHECK,
        Words(f"{EVENT} did not arrive at {url} within {seconds:.0f} s", f"{seconds:.0f} 秒内 {EVENT} 未到达 {url}"),
        Words(
            "The platform could not get there, or what it sent was led elsewhere.",
            "平台到不了该地址，或通知被转到了别处。",
        ),
        Words(
            "Look at name, port, certificate and forwarding of the URL; --wait gives it longer.",
            "检查该地址的域名、端口、证书与转发；--wait 可延长等待。",
        ),
        NETWORK,
    )


def blocked(url: str) -> Finding:
    """Say that a sandbox does not call others."""
    return warning(
        CHECK,
        Words(f"{EVENT} was not sent to {url}", f"{EVENT} 未发往 {url}"),
        Words("The sandbox calls this machine only.", "沙箱默认只回调本机。"),
        Words("Start it with --callback-host and the host's name.", "启动沙箱时用 --callback-host 指定该主机。"),
    )


def answered(url: str, attempt: Mapping[str, Any]) -> Finding:
    """Say how a notification was answered."""
    status, took = attempt["status"], f"{attempt['milliseconds']:.0f} ms"
    if attempt["accepted"]:
        found = Words(f"{url} accepted {EVENT}: {status} in {took}", f"{url} 接受了 {EVENT}：{status}，{took}")
        return good(CHECK, found)
    if not status:
        return bad(
            CHECK,
            Words(f"{url} gave no answer ({attempt['error']})", f"{url} 没有应答（{attempt['error']}）"),
            Words("The notification is lost until it is sent again.", "通知未送达，须等重发。"),
            Words("Let the server listen there, and answer within 5 s.", "让服务器在该地址监听，并在 5 秒内应答。"),
            NETWORK,
        )
    return bad(
        CHECK,
        Words(f"{url} refused a genuine {EVENT}: {status} in {took}", f"{url} 拒绝了真实的 {EVENT}：{status}，{took}"),
        Words(
            "The platform takes 200 and 204 only; it sends again for a day, then gives up.",
            "平台只认 200 与 204；会重发约一天，之后放弃。",
        ),
        Words(
            "Verify the very bytes that arrived; compare certs and apiv3_key; answer 204.",
            "用收到的原始字节验签；核对 certs 与 apiv3_key；应答 204。",
        ),
        REFUSED,
    )
