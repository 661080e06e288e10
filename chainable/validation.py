"""Validate the options that every call has, before anything is sent."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.loopback import is_loopback
from chainable.masking import Secret, looks_like_key, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHECKS",
    "check_base_url",
    "check_callable",
    "check_flag",
    "check_header_fields",
    "check_proxies",
    "check_seconds",
    "check_timeout",
    "check_verification",
    "check_whole",
    "trimmed",
]

Text = TypeVar("Text", str, bytes)

_NO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
"""Characters that web pages and editors add, and :meth:`str.strip` leaves."""
_MARKS: frozenset[Any] = frozenset({"'", '"', b"'", b'"'})


def trimmed(name: str, value: Secret[Text], *, what: str = "it") -> Secret[Text]:
    """
    Return a setting without the white space or the quotation marks around it, which are dropped with a warning.

    ``docker run --env-file`` and some consoles keep the quotation marks, web pages add invisible characters.

    Args:
        name: The setting, for the warning and the error.
        value: In a Secret, because a key may stand in the place of any setting.
        what: The value, in the warning.

    Raises:
        ConfigurationError: Nothing is left.

    Warns:
        UserWarning: There was something around it; the message does not quote the value.
    """
    stripped = Secret(_bare(value.reveal()))
    quoted = (
        len(stripped.reveal()) > 1
        and stripped.reveal()[:1] == stripped.reveal()[-1:]
        and stripped.reveal()[:1] in _MARKS
    )
    if quoted:
        stripped = Secret(_bare(stripped.reveal()[1:-1]))
    if not stripped:
        msg = f"{name}: the value is empty"
        raise ConfigurationError(msg, reason="setting_empty", setting=name)
    if stripped != value:
        message = Words(f"{name}: white space around {what} was dropped", f"{name}：首尾的空白已去掉")
        if quoted:
            message = Words(f"{name}: quotation marks around {what} were dropped", f"{name}：首尾的引号已去掉")
        warnings.warn(message, stacklevel=3)
    return stripped


def _bare(value: Text) -> Text:
    return value.strip().strip(_NO_WIDTH).strip() if isinstance(value, str) else value.strip()


def check_base_url(name: str, value: object) -> str:
    """
    Check a base URL, and return it with one slash at its end.

    Plain http is allowed for addresses of this machine only.
    """
    if not isinstance(value, str):
        msg = f"{name}: a URL is a str, not {type(value).__name__}"
        raise ConfigurationError(msg, reason="not_a_url", setting=name)
    value = trimmed(name, Secret(value)).reveal()
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        msg = f"{name}: a URL like https://host/ was expected"
        raise ConfigurationError(msg, reason="not_a_url", setting=name) from None
    if not usable or parts.scheme not in {"http", "https"} or not value.isascii() or any(c <= " " for c in value):
        msg = f"{name}: a URL like https://host/ was expected"
        raise ConfigurationError(msg, reason="not_a_url", setting=name)
    if parts.query or parts.fragment or "@" in parts.netloc:
        msg = f"{name}: remove the user, query and fragment from the URL"
        raise ConfigurationError(msg, reason="not_an_access_point", setting=name)
    host = parts.hostname or ""
    # The transport resolves names below localhost, and a resolver may return another machine.
    if parts.scheme == "http" and (not is_loopback(host) or host.endswith(".localhost")):
        msg = f"{name}: plain http:// is for addresses of this machine only (127.0.0.1, localhost); use https://"
        raise ConfigurationError(msg, reason="plain_http", setting=name)
    return value if value.endswith("/") else value + "/"


def check_timeout(value: object, default: tuple[float, float] = (5.0, 30.0)) -> tuple[float, float]:
    """Check seconds or a pair of them, and return the seconds to connect and to wait for each piece."""
    if value is None:
        return default
    pair: tuple[Any, ...] = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(_is_seconds(part) for part in pair):
        msg = "timeout: a positive number of seconds was expected, or a pair of them: (to connect, to wait for each piece)"
        raise ConfigurationError(msg, reason="not_a_timeout", setting="timeout")
    return float(pair[0]), float(pair[1])


def check_seconds(name: str, value: object) -> float:
    """Check a number of seconds: positive, and below 1,000,000."""
    if not _is_seconds(value):
        msg = f"{name}: a positive number of seconds was expected"
        raise ConfigurationError(msg, reason="not_seconds", setting=name)
    return float(value)  # type: ignore[arg-type]  # a number, as checked above


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6


def check_flag(name: str, value: Any) -> bool:
    """Return the boolean; ConfigurationError for anything else, such as the text ``'false'``."""
    if not isinstance(value, bool):
        msg = f"{name}: True or False was expected, not {type(value).__name__}"
        raise ConfigurationError(msg, reason="not_a_flag", setting=name)
    return value


def check_callable(name: str, value: object, method: str = "__call__") -> None:
    """Refuse a value, other than None, that has not this method."""
    if value is not None and not callable(getattr(value, method, None)):
        expected = "a function" if method == "__call__" else f"an object with {method}()"
        msg = f"{name}: {expected} was expected, not {type(value).__name__}"
        kind = type(value).__name__
        raise ConfigurationError(msg, reason="not_callable", setting=name, kind=kind, method=method)


_PROXY_SCHEMES = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"}


def check_proxies(value: object) -> dict[str, str] | None:
    """Check the option ``proxies``, requests' mapping; an error does not quote the URLs, which may have a password."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and isinstance(url, str | None) and not name.endswith("://")
        for name, url in value.items()
    ):
        msg = (
            "proxies: a mapping as requests takes it was expected, {'https': 'http://user:password@host:port'}; "
            "its names are 'http', 'https' and 'all', without '://'"
        )
        raise ConfigurationError(msg, reason="not_proxies", setting="proxies")
    for name, url in value.items():
        if url and not _is_proxy(url):
            msg = (
                f"proxies: the value of {name!r} is not the URL of a proxy; "
                "write it as 'http://user:password@host:port', with what is no letter or digit in a password percent-encoded"
            )
            raise ConfigurationError(msg, reason="not_a_proxy", setting="proxies", name=name)
    return dict(value)


def _is_proxy(url: str) -> bool:
    """Return whether requests and urllib3 can send through the proxy of this URL; a URL without a scheme is one of http."""
    from requests.utils import prepend_scheme_if_needed
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        found = parse_url(prepend_scheme_if_needed(url, "http"))
    except LocationParseError:
        return False
    return bool(found.host) and found.scheme in _PROXY_SCHEMES


def check_whole(name: str, value: object, *, least: int = 0) -> int:
    """Check an integer that is not less than *least*."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        msg = f"{name}: an integer of at least {least} was expected"
        raise ConfigurationError(msg, reason="not_whole", setting=name, least=least)
    return value


def check_verification(value: object) -> bool | str:
    """Check the option ``verify``: True, False, or the path of CA certificates."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | os.PathLike) and not looks_like_key(str(value)):
        return os.path.expanduser(value)  # noqa: PTH111 (a home that is unknown stays as it is)
    msg = "verify: True, False or the path of a file with CA certificates was expected"
    raise ConfigurationError(msg, reason="not_a_verification", setting="verify")


def check_header_fields(headers: object) -> dict[str, str]:
    """Check the headers of a call; those whose value is None are omitted.  An error does not quote the value."""
    if headers is None:
        return {}
    if not hasattr(headers, "items"):
        msg = f"headers: a mapping was expected, not {type(headers).__name__}"
        raise ConfigurationError(msg, reason="not_a_mapping", setting="headers", kind=type(headers).__name__)
    return {_token(name): _field(name, value) for name, value in _items(headers) if value is not None}


def _items(headers: Mapping[Any, Any] | Any) -> list[tuple[Any, Any]]:
    return list(headers.items())


def _token(name: object) -> str:
    if (
        not isinstance(name, str)
        or not name
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        msg = f"headers: {shown(name)} is not a header name; use letters, digits, '-' and '_'"
        raise ConfigurationError(msg, reason="not_a_header_name", setting="headers", name=shown(name))
    return name


def _field(name: str, value: object) -> str:
    text = str(value) if isinstance(value, str) else value.decode("latin-1") if isinstance(value, bytes) else None
    if text is None or not text.isprintable() or not text.isascii():
        msg = f"headers: the value of {name!r} must be one line of printable ASCII text"
        raise ConfigurationError(msg, reason="not_a_header_value", setting="headers", name=name)
    return text


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "timeout": check_timeout,
    "retries": partial(check_whole, "retries"),
    "deadline": partial(check_seconds, "deadline"),
    "headers": check_header_fields,
    "stream": partial(check_flag, "stream"),
    "verify": check_verification,
    "repeatable": partial(check_flag, "repeatable"),
}
"""Functions that check the value of an option, and return it in one form; a value of None is for the caller."""
