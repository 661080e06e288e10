"""Admit to the controls of a sandbox this machine, and no page of another site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainable.destination import Destination
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection

    from chainable.sandbox.http import Request

__all__ = ["is_private_name", "refusal"]

OTHER_SITE = Words("the controls answer no page of another site", "控制接口不接受其他网站页面发出的请求")


PRIVATE = re.compile(r"[a-z0-9_-]*[a-z_-][a-z0-9_-]*|[a-z0-9.-]+\.internal")


def is_private_name(host: str) -> bool:
    """
    Return whether a name is one of a private network, such as that of another container.

    It has no dot, or is below ``.internal``, which is reserved for private use: public DNS has neither, so that no web
    page can lead it here (DNS rebinding).
    """
    return PRIVATE.fullmatch(host) is not None


def refusal(request: Request, address: str, hosts: Collection[str] = ()) -> Words | None:
    """
    Return why a request to the controls is refused; None if it is not.

    A browser sends ``Host`` with every request, and ``Origin`` or ``Sec-Fetch-Site`` with those that a page makes.

    Args:
        request: The request.
        address: The address that the sandbox listens on, which is good as a host besides those of loopback; if it is not
            one of loopback, so are the names of private networks.
        hosts: Further names and addresses that are good, in lower case.
    """
    found: dict[str, list[str]] = {"host": [], "origin": [], "sec-fetch-site": [], "sec-fetch-mode": []}
    for name, value in request.headers:
        if name in found:
            found[name].append(value)
    repeated = next((name for name, values in found.items() if len(values) > 1), None)
    if repeated is not None:
        return Words(f"send the header {repeated} once", f"请求头 {repeated} 只能出现一次")
    here = _place(request.secure, *found["host"])
    private = here is not None and not is_loopback(address) and is_private_name(here.host)
    if here is None or not (private or is_loopback(here.host) or here.host in {address.lower(), *hosts}):
        return Words(
            "the controls answer under the sandbox's own address only: send it in the header Host",
            "控制接口只能通过沙箱自己的地址访问：请求头 Host 应为该地址",
        )
    if not request.target.startswith("/"):
        return Words("send a target that begins with a slash", "请求路径应以斜杠开头")
    if any(_site(origin) != here.origin for origin in found["origin"]):
        return OTHER_SITE
    # A person may follow a link to the page; a page of another site may load nothing from here.
    opened = request.method in {"GET", "HEAD"} and (
        found["sec-fetch-site"] == ["none"] or found["sec-fetch-mode"] in ([], ["navigate"])
    )
    if found["sec-fetch-site"] not in ([], ["same-origin"]) and not opened:
        return OTHER_SITE
    return None


def _place(secure: bool, host: str = "", /) -> Destination | None:
    try:
        place = Destination.of(f"{'https' if secure else 'http'}://{host}")
    except ConfigurationError:
        return None
    return place if host and place.target == "/" and "/" not in host and "?" not in host else None


def _site(origin: str) -> str | None:
    try:
        site = Destination.of(origin)
    except ConfigurationError:  # null, or nothing a browser sends
        return None
    return site.origin if origin.lower() == site.origin else None
