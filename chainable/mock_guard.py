"""Find the mocks and recorders that a request would pass by, so that a test never reaches a platform unnoticed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests import api, sessions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from chainable.errors import ConfigurationError
from chainable.loopback import is_loopback

if TYPE_CHECKING:
    from requests import Session
else:
    # requests-cache puts a class of its own in the place of requests.Session: its answers to a query may be old ones.
    Session = next(each for each in requests.Session.__mro__ if each.__module__ == "requests.sessions")

__all__ = ["Session", "refuse_mocks", "refuse_unused_mock"]

_PARTS: tuple[tuple[Any, str], ...] = (
    (HTTPAdapter, "send"),
    (Session, "send"),
    (Session, "get_adapter"),
    (HTTPConnectionPool, "urlopen"),
    (HTTPConnectionPool, "ConnectionCls"),
    (HTTPSConnectionPool, "ConnectionCls"),
)
"""What responses, requests-mock, vcrpy, pook and hand-written mocks replace."""


_NEVER_CALLED: tuple[tuple[Any, str], ...] = (
    (Session, "request"),
    (requests, "request"),
    (requests, "get"),
    (requests, "post"),
    (requests, "put"),
    (requests, "patch"),
    (requests, "delete"),
    (api, "request"),
    (sessions, "Session"),
)
"""What tests replace to keep requests off the network, and no client calls."""


class _Genuine:
    """What the last checks found to be no mock: the next call compares with it."""

    parts: tuple[object, ...] = ()
    never_called: tuple[object, ...] = ()


def _parts() -> tuple[object, ...]:
    # Attributes by name cost 0.1 µs in all; a loop over _PARTS takes five times that.
    return (
        HTTPAdapter.send,
        Session.send,
        Session.get_adapter,
        HTTPConnectionPool.urlopen,
        HTTPConnectionPool.ConnectionCls,
        HTTPSConnectionPool.ConnectionCls,
        getattr(Session, "request", None),
        getattr(requests, "Session", None),
    )


def _never_called() -> tuple[object, ...]:
    return (
        getattr(Session, "request", None),
        getattr(requests, "request", None),
        getattr(requests, "get", None),
        getattr(requests, "post", None),
        getattr(requests, "put", None),
        getattr(requests, "patch", None),
        getattr(requests, "delete", None),
        getattr(api, "request", None),
        getattr(sessions, "Session", None),
    )


def refuse_mocks(url: str) -> None:
    """
    Raise if part of requests or urllib3 is replaced by something that does not call the original.

    A wrapper with ``__wrapped__``, as tracers make them, is not a mock.

    Args:
        url: The URL that the request would be sent to.

    Raises:
        ConfigurationError: ``requests_mocked``. Nothing was sent.
    """
    parts, others = _parts(), _never_called()
    if parts == _Genuine.parts and others == _Genuine.never_called:
        return
    name = _mocked()
    if not name and _is_unusable(parts[-2]):
        name = "requests.sessions.Session.request"
    if not name and not _is_local(url):
        name = "requests.Session" if _is_unusable(parts[-1]) else _unusable(others)
    if name:
        msg = (
            f"{name} is mocked, recorded or removed, and DirectTransport sends without it: leave out transport= in tests "
            "with mocks or recorders, or pass ignore_mocks=True to send all the same. Nothing was sent"
        )
        raise ConfigurationError(msg, reason="requests_mocked", name=name)
    if not _is_unusable(parts[-1]) and not _unusable(others):
        _Genuine.parts, _Genuine.never_called = parts, others


def refuse_unused_mock(url: str) -> None:
    """
    Raise if a test replaced only what no client calls, such as ``requests.post``; loopback is allowed.

    Args:
        url: The URL that the request would be sent to.

    Raises:
        ConfigurationError: ``session_request_mocked``. Nothing was sent.
    """
    parts = _never_called()
    if parts == _Genuine.never_called:
        return
    name = _unusable(parts)
    if not name:
        _Genuine.never_called = parts
    elif not _mocked() and not _is_local(url):
        msg = (
            f"{name} is mocked or removed, and a client calls Session.send: replace requests.Session.send, "
            "or use responses or requests-mock. Nothing was sent"
        )
        raise ConfigurationError(msg, reason="session_request_mocked", name=name)


def _is_local(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


def _unusable(parts: tuple[object, ...]) -> str:
    """Return the name of the first mocked or removed part of those that no client calls; empty without one."""
    for (owner, name), part in zip(_NEVER_CALLED, parts, strict=True):
        if _is_unusable(part):
            return f"requests.Session.{name}" if owner is Session else f"{owner.__name__}.{name}"
    return ""


def _is_unusable(request: object) -> bool:
    """Return True for a removed method, for a mock, and for the function that ``autospec`` makes of one."""
    kinds = type(request), type(getattr(request, "mock", None))
    return request is None or any(kind.__module__ == "unittest.mock" for kind in kinds)


def _mocked() -> str:
    """Return the name of the first replaced part; empty without one."""
    for owner, name in _PARTS:
        part = getattr(owner, name)
        if not (part.__module__ == "urllib3.connection" if isinstance(part, type) else _calls_original(part, owner)):
            return f"{owner.__module__}.{owner.__name__}.{name}"
    return ""


def _calls_original(part: Any, owner: type) -> bool:
    """Return True for a function of the module itself, and for a wrapper around one."""
    module = vars(sys.modules[owner.__module__])
    while part is not None:
        if getattr(part, "__globals__", None) is module:
            return True
        part = getattr(part, "__wrapped__", None)
    return False
