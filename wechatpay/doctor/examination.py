"""Offline, online, ``notify_url``: in this order, for each leans on the one before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from chainable.cli.findings import BAD, bad, good
from chainable.cli.reach import clock as compare_clocks
from chainable.cli.reach import proxy, reach
from chainable.errors import ConfigurationError
from wechatpay.doctor import callback, files, online
from wechatpay.request import DEFAULT_BACKUP_URL, DEFAULT_BASE_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.findings import Finding

__all__ = ["examine"]


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    notify_url: str | None = None,
    clock: Callable[[], float] = time.time,
    timeout: float = 5.0,
) -> Iterator[Finding]:
    """
    Look at everything, one thing after the other.

    Args:
        settings: As ``WeChatPay.from_env`` reads them, names in lower case.
        offline: Look at files only, ask nobody.
        notify_url: Where notifications go; it is sent a forged one.
        clock: Gives Unix time in seconds.
        timeout: Seconds for each step.
    """
    broken = False
    for finding in files.examine(settings, clock):
        broken = broken or finding.state == BAD
        yield finding
    if not offline:
        yield from _hosts(settings, clock, timeout)
        if not broken:
            yield from _calls(settings, clock, notify_url)
    if notify_url is not None:
        yield from callback.examine(notify_url, settings.get("ca"), timeout=timeout, offline=offline)


def _hosts(settings: Mapping[str, Any], clock: Callable[[], float], timeout: float) -> Iterator[Finding]:
    base = settings.get("base_url")
    hosts = [base or DEFAULT_BASE_URL, settings.get("backup_url") or (None if base else DEFAULT_BACKUP_URL)]
    ca = settings.get("ca")
    yield proxy(str(hosts[0]))
    for url in filter(None, hosts):
        yield from reach(url, ca, timeout)
    yield compare_clocks(f"{str(hosts[0]).rstrip('/')}/v3/certificates", ca, clock, timeout, "Wechatpay-Timestamp")


def _calls(settings: Mapping[str, Any], clock: Callable[[], float], notify_url: str | None) -> Iterator[Finding]:
    from wechatpay import WeChatPay

    given = {name: value for name, value in settings.items() if name != "ca"}
    try:
        client = WeChatPay(**given, verify=settings.get("ca"), clock=clock, retries=0)
    except ConfigurationError as error:
        yield bad("client", str(error), "No client can be made of these settings.", "Mend what the message names.")
        return
    with client:
        yield good("client", f"made for {client.mchid}")
        yield from online.examine(client, notify_url)
