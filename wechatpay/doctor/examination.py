"""Offline, online, ``notify_url``: in this order, for each leans on the one before."""

from __future__ import annotations

import secrets
import time
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from chainable.cli.findings import BAD, GOOD, bad, good
from chainable.cli.outcomes import NETWORK
from chainable.cli.reach import CLOCK, authority, loopback, past_the_proxy, proxy, reach, usable
from chainable.cli.reach import clock as compare_clocks
from chainable.cli.words import Words
from wechatpay.doctor import callback, files, online
from wechatpay.doctor.arrival import CHECK, arrival
from wechatpay.doctor.chinese import translated
from wechatpay.settings import DEFAULT_BACKUP_URL, DEFAULT_BASE_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.findings import Finding
    from wechatpay import WeChatPay

__all__ = ["examine", "hosts"]


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    notify_url: str | None = None,
    receive: int | None = None,
    clock: Callable[[], float] = time.time,
    nonce: Callable[[], str] = lambda: secrets.token_hex(4),
    timeout: float = 5.0,
    patience: float = 15.0,
) -> Iterator[Finding]:
    """
    Look at everything, one thing after the other.

    Args:
        settings: As ``WeChatPay.from_env`` reads them, names in lower case.
        offline: Look at files only, ask nobody.
        notify_url: Where notifications go; it is sent a forged one.
        receive: The port of this machine that ``notify_url`` leads to: the platform's notification is awaited there.
        clock: Gives Unix time in seconds.
        nonce: Gives what makes the text of the self-test one of its kind.
        timeout: Seconds for each step.
        patience: Seconds to wait for the platform's notification.
    """
    broken = False
    if settings.get("ca") is not None:
        trusted = authority(settings["ca"])
        yield trusted
        if trusted.code:
            broken, settings = True, {name: value for name, value in settings.items() if name != "ca"}
    for finding in files.examine(settings, clock):
        broken = broken or finding.state == BAD
        yield finding
    with ExitStack() as stack:
        if offline:
            if not broken:
                client, finding = _made(settings, clock)
                yield finding
                if client is not None:
                    client.close()
        else:
            yield from _hosts(settings, clock, timeout)
            if not broken:
                target = notify_url if notify_url is not None and usable(notify_url) else None
                yield from _calls(settings, clock, f"doctor {nonce()}", target, receive, patience, stack)
        if notify_url is not None:
            public = not loopback(hosts(settings)[0])
            yield from callback.examine(notify_url, settings.get("ca"), timeout=timeout, offline=offline, public=public)


def hosts(settings: Mapping[str, Any]) -> list[str]:
    """Give the URLs that calls go to, the main one first."""
    base = settings.get("base_url")
    backup = settings.get("backup_url") or (None if base else DEFAULT_BACKUP_URL)
    return [str(url) for url in (base or DEFAULT_BASE_URL, backup) if url]


def _hosts(settings: Mapping[str, Any], clock: Callable[[], float], timeout: float) -> Iterator[Finding]:
    urls = [url for url in hosts(settings) if usable(url)]  # what is wrong with others, the client says
    if not urls:
        return
    ca = settings.get("ca")
    way = proxy(urls[0])
    yield way
    for url in urls:
        steps = reach(url, ca, timeout)
        yield from steps if way.state == GOOD else past_the_proxy(steps)
    for url, check in zip(urls, (CLOCK, Words("clock, backup host", "时钟（备用域名）")), strict=False):
        yield compare_clocks(f"{url.rstrip('/')}/v3/certificates", ca, clock, timeout, "Wechatpay-Timestamp", check)


def _made(settings: Mapping[str, Any], clock: Callable[[], float]) -> tuple[WeChatPay | None, Finding]:
    """Make the client, which calls nobody yet."""
    from wechatpay import WeChatPay

    given = {name: value for name, value in settings.items() if name != "ca"}
    given["certs"] = files.key_files(given.get("certs") or {})
    check = Words("client", "客户端")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the findings say it
            client = WeChatPay(**given, verify=settings.get("ca"), clock=clock, retries=0)
    except ValueError as error:
        return None, bad(
            check,
            translated(str(error)),
            Words("No client can be made of these settings.", "这些配置无法构造客户端。"),
            Words("Mend what the message names.", "按提示修正。"),
        )
    return client, good(check, Words(f"made for {client.mchid}", f"商户 {client.mchid} 的客户端可用"))


def _calls(
    settings: Mapping[str, Any],
    clock: Callable[[], float],
    echo: str,
    notify_url: str | None,
    receive: int | None,
    patience: float,
    stack: ExitStack,
) -> Iterator[Finding]:
    client, finding = _made(settings, clock)
    yield finding
    if client is None:
        return
    stack.enter_context(client)
    place = None
    try:
        place = stack.enter_context(arrival(client, settings, echo, notify_url, receive))
    except OSError as error:
        yield bad(
            CHECK,
            Words(f"port {receive}: {error.strerror}", f"端口 {receive}：{error.strerror}"),
            Words("Nothing can be received there.", "无法在该端口接收。"),
            Words("Give a free port, or stop who holds it.", "换一个空闲端口，或停掉占用者。"),
            NETWORK,
        )
    yield from online.examine(client, echo, place, patience)
