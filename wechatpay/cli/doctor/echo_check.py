"""
Check that the notification of the platform's self-test arrives.

The platform sends ``SECURITY_ECHO.SUCCESS`` to a URL. The doctor listens on a
port of this machine, or reads the deliveries of a sandbox; otherwise only the
server behind the URL sees the notification.

Official page: https://pay.weixin.qq.com/doc/v3/partner/4019605946
"""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import requests

from chainable.cli.checks import bad, good, warning
from chainable.cli.connectivity import is_loopback_url
from chainable.cli.exit_codes import NETWORK, REFUSED
from chainable.cli.i18n import Words
from chainable.cli.webhook_listener import WebhookListener
from chainable.errors import ChainableError, SignatureError
from chainable.pinned import PinnedSession
from wechatpay.cli.doctor.error_findings import error_finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from chainable.cli.checks import Finding
    from wechatpay import WeChatPay

__all__ = ["CHECK", "EVENT", "EchoCheck", "Listener", "Remote", "SandboxLog", "choose_echo_check"]

EVENT = "SECURITY_ECHO.SUCCESS"
CHECK = Words("callback", "回调")


class EchoCheck(Protocol):
    """Where the notification goes (*url*), and how its arrival is observed."""

    url: str

    @abstractmethod
    def wait(self, seconds: float) -> Finding:
        """Wait for the notification, and report it."""


class Listener:
    """
    Receives the notification on a port of this machine, 0 for any free one; a port in use raises OSError.

    Args:
        client: Verifies and decrypts it.
        echo: The text that it must contain.
        url: The ``notify_url`` that leads to the port; None for the port itself.
        port: The port.
    """

    def __init__(self, client: WeChatPay, echo: str, url: str | None = None, port: int = 0) -> None:
        self._client = client
        self._echo = echo
        self._listener = WebhookListener(self._handle, port)
        self.url = self._listener.url if url is None else url

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.__exit__(kind, error, trace)

    def _handle(self, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        try:
            notification = self._client.notifications.parse(headers, body)
        except ChainableError as error:
            return 401, error
        resource = notification.resource
        ours = isinstance(resource, dict) and resource.get("echo_message") == self._echo
        # 503 makes the platform send another server's notification again.
        return (204, EVENT) if ours and notification.event_type == EVENT else (503, None)

    def wait(self, seconds: float) -> Finding:
        """Wait for the notification; report a failed one only if no other succeeds."""
        until, failure = time.monotonic() + seconds, None
        while (result := self._listener.wait(max(until - time.monotonic(), 0.0))) is not None:
            if not isinstance(result, Exception):
                return good(
                    CHECK,
                    Words(
                        f"{EVENT} arrived at {self.url}: signature verified, content decrypted",
                        f"{EVENT} 已到达 {self.url}：验签通过，解密成功",
                    ),
                )
            failure = result
            if not isinstance(result, SignatureError):
                break  # sent by the platform, and the next one cannot be decrypted either
        return not_arrived(self.url, seconds) if failure is None else error_finding(CHECK, failure)


class SandboxLog:
    """Reads the deliveries of a sandbox."""

    def __init__(self, base_url: str, ca: str | None, url: str) -> None:
        self._page = base_url.rstrip("/") + "/_sandbox/deliveries"
        self._verify: str | bool = ca or True
        self.url = url
        self._last = max((entry["id"] for entry in self._fetch()), default=0)

    def _fetch(self) -> list[dict[str, Any]]:
        with PinnedSession() as session:
            response = session.get(self._page, timeout=5, verify=self._verify)
        response.raise_for_status()
        found: list[dict[str, Any]] = response.json()["deliveries"]
        return found

    def wait(self, seconds: float) -> Finding:
        """Poll until the notification was sent and has a response."""
        until = time.monotonic() + seconds
        try:
            while (done := self._done()) is None:
                if time.monotonic() > until:
                    return not_arrived(self.url, seconds)
                time.sleep(0.02)
        except requests.RequestException as error:
            return error_finding(CHECK, error)
        return blocked(self.url) if done["state"] == "blocked" else responded(self.url, done["attempts"][0])

    def _done(self) -> dict[str, Any] | None:
        mine = (
            entry
            for entry in self._fetch()
            if entry["id"] > self._last and (entry["event_type"], entry["url"]) == (EVENT, self.url)
        )
        return next((entry for entry in mine if entry["attempts"] or entry["state"] == "blocked"), None)


class Remote:
    """Sends the notification to a server that cannot be observed from here."""

    def __init__(self, url: str, echo: str) -> None:
        self.url = url
        self._echo = echo

    def wait(self, seconds: float) -> Finding:
        """Return what to look for on the server."""
        return warning(
            CHECK,
            Words(
                f"{EVENT} is sent to {self.url}, which cannot be observed from here",
                f"{EVENT} 将发往 {self.url}，此处看不到是否到达",
            ),
            Words("Only the server there can see whether it arrives.", "只有那边的服务器知道是否到达。"),
            Words(
                f"Look for {self._echo!r} in its log; or forward the URL to a port of this machine and use --receive.",
                f"在它的日志里查找 {self._echo!r}；或把该地址转发到本机端口，并用 --receive 指定端口。",
            ),
        )


def choose_echo_check(
    client: WeChatPay, settings: Mapping[str, Any], echo: str, notify_url: str | None, port: int | None
) -> AbstractContextManager[EchoCheck | None]:
    """
    Choose how to observe the notification.

    Args:
        client: Verifies and decrypts it.
        settings: With ``base_url``; a loopback address is taken for a sandbox.
        echo: The text that it must contain.
        notify_url: Where it goes; None sends that of a sandbox to a free port.
        port: The port that ``notify_url`` leads to; None if it leads to another server.

    Returns:
        A context, of None if the platform has no URL to send the notification to.

    Raises:
        OSError: The port is in use.
    """
    base, ca = str(settings.get("base_url") or ""), settings.get("ca")
    sandbox = is_loopback_url(base)
    if port is not None or (sandbox and notify_url is None):
        return Listener(client, echo, notify_url, port or 0)
    if notify_url is None:
        return nullcontext()
    if sandbox:
        try:
            return nullcontext(SandboxLog(base, ca, notify_url))
        except (requests.RequestException, KeyError, ValueError):
            pass  # not a sandbox but a forwarder to the platform
    return nullcontext(Remote(notify_url, echo))


def not_arrived(url: str, seconds: float) -> Finding:
    """Return the finding for a notification that did not arrive."""
    return bad(
        CHECK,
        Words(f"{EVENT} did not arrive at {url} within {seconds:.0f} s", f"{seconds:.0f} 秒内 {EVENT} 未到达 {url}"),
        Words(
            "The platform cannot reach the URL, or the notification was routed elsewhere.",
            "平台无法访问该地址，或通知被转发到了别处。",
        ),
        Words(
            "Check name, port, certificate and forwarding of the URL; --wait allows more time.",
            "检查该地址的域名、端口、证书与转发；可用 --wait 延长等待。",
        ),
        NETWORK,
    )


def blocked(url: str) -> Finding:
    """Return the finding for a URL that a sandbox does not call."""
    return warning(
        CHECK,
        Words(f"{EVENT} was not sent to {url}", f"{EVENT} 未发往 {url}"),
        Words("The sandbox calls this machine only.", "沙箱默认只回调本机。"),
        Words("Start it with --callback-host and the host's name.", "启动沙箱时用 --callback-host 指定该主机。"),
    )


def responded(url: str, attempt: Mapping[str, Any]) -> Finding:
    """Return the finding for the response to a notification."""
    status, taken = attempt["status"], f"{attempt['milliseconds']:.0f} ms"
    if attempt["accepted"]:
        found = Words(f"{url} accepted {EVENT}: {status} in {taken}", f"{url} 接受了 {EVENT}：{status}，{taken}")
        return good(CHECK, found)
    if not status:
        return bad(
            CHECK,
            Words(f"{url} did not respond ({attempt['error']})", f"{url} 没有应答（{attempt['error']}）"),
            Words("The notification is lost until it is sent again.", "通知未送达，须等平台重发。"),
            Words("Make the server listen there and respond within 5 s.", "让服务器监听该地址，并在 5 秒内应答。"),
            NETWORK,
        )
    return bad(
        CHECK,
        Words(
            f"{url} refused a genuine {EVENT}: {status} in {taken}", f"{url} 拒绝了真实的 {EVENT}：{status}，{taken}"
        ),
        Words(
            "The platform accepts 200 and 204 only; it retries for a day, then gives up.",
            "平台只接受 200 与 204；否则重发约一天，之后放弃。",
        ),
        Words(
            "Verify the bytes as received; check certs and apiv3_key; respond 204.",
            "用收到的原始字节验签；核对 certs 与 apiv3_key；应答 204。",
        ),
        REFUSED,
    )
