"""Admit to the controls of a sandbox this machine, and no page of another site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.destination import Destination
from chainable.errors import ConfigurationError
from chainable.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["refusal"]


def refusal(method: str, target: str, headers: Iterable[tuple[str, str]], *, secure: bool, address: str) -> str | None:
    """
    Check where a request to the controls comes from.

    A browser sends ``Host`` with every request, and ``Origin`` or ``Sec-Fetch-Site`` with those that a page makes.

    Args:
        method: Of the request.
        target: Of the request, as it was sent.
        headers: Name, in lower case, and value of every header line.
        secure: Whether it came over TLS.
        address: The address that the sandbox listens on, good as a host besides those of loopback.

    Returns:
        Why it is refused; None if it is not.

    .. versionadded:: 0.1.0
    """
    found: dict[str, list[str]] = {"host": [], "origin": [], "sec-fetch-site": [], "sec-fetch-mode": []}
    for name, value in headers:
        if name in found:
            found[name].append(value)
    repeated = next((name for name, values in found.items() if len(values) > 1), None)
    if repeated is not None:
        return f"send the header {repeated} once"
    here = _place(secure, *found["host"])
    if here is None or not (is_loopback(here.host) or here.host == address.lower()):
        return "the controls answer under the sandbox's own address only: send it in the header Host"
    if not target.startswith("/"):
        return "send a target that begins with a slash"
    if any(_site(origin) != here.origin for origin in found["origin"]):
        return "the controls answer no page of another site"
    # A person may follow a link to the page; a page of another site may load nothing from here.
    opened = method in {"GET", "HEAD"} and (
        found["sec-fetch-site"] == ["none"] or found["sec-fetch-mode"] in ([], ["navigate"])
    )
    if found["sec-fetch-site"] not in ([], ["same-origin"]) and not opened:
        return "the controls answer no page of another site"
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
