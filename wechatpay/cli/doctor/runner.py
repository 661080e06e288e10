"""Run the checks in order: credentials, hosts, calls, ``notify_url``."""

from __future__ import annotations

import secrets
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from chainable.cli.checks import BAD, bad, make_client
from chainable.cli.connectivity import CLOCK, check_ca, check_clock, check_way, is_loopback_url, is_url
from chainable.cli.exit_codes import NETWORK
from chainable.cli.i18n import Words
from chainable.cli.installation import check_installation
from chainable.times import system_time
from wechatpay.cli.doctor import api_checks, credentials
from wechatpay.cli.doctor import notify_url as notify_url_checks
from wechatpay.cli.doctor.echo_check import CHECK, choose_echo_check
from wechatpay.reasons import explain
from wechatpay.settings import DEFAULT_BACKUP_URL, DEFAULT_BASE_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.checks import Finding
    from wechatpay import WeChatPay

__all__ = ["base_urls", "examine"]


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    notify_url: str | None = None,
    receive: int | None = None,
    clock: Callable[[], float] = system_time,
    nonce: Callable[[], str] = lambda: secrets.token_hex(4),
    timeout: float = 5.0,
    patience: float = 15.0,
) -> Iterator[Finding]:
    """
    Run all checks, one after the other.

    Args:
        settings: As ``WeChatPay.from_env`` reads them, names in lower case.
        offline: Whether to check files only.
        notify_url: The URL of notifications; a forged one is sent to it.
        receive: The port of this machine that ``notify_url`` leads to, to receive the platform's notification.
        clock: Returns Unix time in seconds.
        nonce: Returns a text that makes the self-test unique.
        timeout: Seconds for each step.
        patience: Seconds to wait for the platform's notification.
    """
    replaced = list(check_installation())
    yield from replaced
    broken = bool(replaced)
    offline = offline or broken
    if settings.get("ca") is not None:
        trusted = check_ca(settings["ca"])
        yield trusted
        if trusted.code:
            broken, settings = True, {name: value for name, value in settings.items() if name != "ca"}
    for finding in credentials.examine(settings, clock):
        broken = broken or finding.state == BAD
        yield finding
    with ExitStack() as stack:
        if not offline:
            yield from _hosts(settings, clock, timeout)
        if not broken:
            client, finding = _make_client(settings, clock)
            yield finding
            if client is not None:
                stack.enter_context(client)
                if not offline:
                    target = notify_url if notify_url is not None and is_url(notify_url) else None
                    yield from _calls(client, settings, f"doctor {nonce()}", target, receive, patience, stack)
        if notify_url is not None:
            public = not is_loopback_url(base_urls(settings)[0])
            yield from notify_url_checks.examine(
                notify_url, settings.get("ca"), timeout=timeout, offline=offline, public=public
            )


def base_urls(settings: Mapping[str, Any]) -> list[str]:
    """Return the URLs that calls go to, the main one first."""
    base = settings.get("base_url")
    backup = settings.get("backup_url") or (None if base else DEFAULT_BACKUP_URL)
    return [str(url) for url in (base or DEFAULT_BASE_URL, backup) if url]


def _hosts(settings: Mapping[str, Any], clock: Callable[[], float], timeout: float) -> Iterator[Finding]:
    urls = [url for url in base_urls(settings) if is_url(url)]  # the client refuses others
    if not urls:
        return
    ca = settings.get("ca")
    yield from check_way(urls, ca, timeout)
    for url, check in zip(urls, (CLOCK, Words("clock, backup host", "时钟（备用域名）")), strict=False):
        yield check_clock(f"{url.rstrip('/')}/v3/certificates", ca, clock, timeout, "Wechatpay-Timestamp", check)


def _make_client(settings: Mapping[str, Any], clock: Callable[[], float]) -> tuple[WeChatPay | None, Finding]:
    from wechatpay import WeChatPay

    given = {name: value for name, value in settings.items() if name != "ca"}
    given["certs"] = credentials.parse_certs(given.get("certs") or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the findings report the same
        return make_client(
            lambda: WeChatPay(**given, verify=settings.get("ca"), clock=clock, retries=0),
            lambda made: Words(f"made for merchant {made.mchid}", f"商户 {made.mchid} 的客户端已创建"),
            explain,
        )


def _calls(
    client: WeChatPay,
    settings: Mapping[str, Any],
    echo: str,
    notify_url: str | None,
    receive: int | None,
    patience: float,
    stack: ExitStack,
) -> Iterator[Finding]:
    echo_check = None
    try:
        echo_check = stack.enter_context(choose_echo_check(client, settings, echo, notify_url, receive))
    except OSError as error:
        yield bad(
            CHECK,
            Words(f"port {receive}: {error.strerror}", f"端口 {receive}：{error.strerror}"),
            Words("The notification cannot be received there.", "无法在该端口接收通知。"),
            Words("Use a free port, or stop the program that listens there.", "换一个空闲端口，或停掉占用它的程序。"),
            NETWORK,
        )
    yield from api_checks.examine(client, echo, echo_check, patience)
