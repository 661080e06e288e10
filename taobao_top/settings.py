"""The settings of a client, validated once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from attrs import Factory, field, frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict, Secret, outline, safe_repr
from chainable.signing import Signer
from chainable.times import system_time
from chainable.validation import check_base_url, check_flag, trimmed
from taobao_top.catalogue.definitions import Catalogue
from taobao_top.defaults import as_defaults, check_defaults
from taobao_top.method_info import method_infos
from taobao_top.signing import (
    HMACMD5Signer,
    HMACSHA256Signer,
    MD5Signer,
    ParameterSigner,
    SHA256Signer,
    is_unicode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.promise import Promise
    from chainable.response import Response
    from taobao_top.catalogue.definitions import Definitions
    from taobao_top.method_info import MethodInfo

__all__ = [
    "FORMATS",
    "Clock",
    "Settings",
    "TopClient",
    "check_format",
    "check_secret",
    "check_session",
    "make_signer",
]

FORMATS = ("json", "xml", "json2", "xml2")
"""The formats of responses; the last two are those of qimen's custom methods."""
_ROOTLESS = frozenset({"gw.api.taobao.com", "eco.taobao.com", "gw.api.tbsandbox.com"})
"""Hosts of the gateway, whose root answers nothing."""
_SECRET_LENGTH = 20  # characters; no app_key is as long

_SIGNERS: dict[str, type[ParameterSigner]] = {
    signer.sign_method: signer for signer in (MD5Signer, HMACMD5Signer, HMACSHA256Signer, SHA256Signer)
}


def _check_app_key(value: Any) -> str:
    key = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if key.strip():
        key = trimmed("app_key", Secret(key)).reveal()
    if not key.isalnum() or not key.isascii():
        msg = "app_key: the number the console shows for this app was expected"
        raise ConfigurationError(msg, reason="not_an_app_key", setting="app_key")
    if len(key) >= _SECRET_LENGTH and not key.isdecimal():
        msg = f"app_key: the number the console shows for this app was expected, not {outline(key)}"
        raise ConfigurationError(msg, reason="not_an_app_key", setting="app_key")
    return key


def check_secret(secret: Any) -> Secret[str] | None:
    """Return an app_secret without white space or quotation marks around it; None if it is not set."""
    if secret is None:
        return None
    given: Secret[Any] = Secret.of(secret)
    if isinstance(given.reveal(), bytes):
        msg = "app_secret: text was expected, not bytes: decode it first"
        raise ConfigurationError(msg, reason="app_secret_bytes", setting="app_secret")
    if not isinstance(given.reveal(), str) or not given:
        return given  # the signer refuses it
    found: Secret[str] = trimmed("app_secret", given)
    if is_unicode(found) and not found.reveal().isprintable():
        msg = "app_secret: it holds characters that cannot be seen: copy it from the console again"
        raise ConfigurationError(msg, reason="app_secret_unprintable", setting="app_secret")
    return found


def _check_gateway(value: Any) -> str:
    given = check_base_url("gateway", value)
    parts = urlsplit(given)
    if parts.hostname in _ROOTLESS and parts.path == "/":
        msg = f"gateway: the path is missing: https://{parts.hostname}/router/rest"
        raise ConfigurationError(msg, reason="gateway_without_path", setting="gateway", host=parts.hostname)
    return _as_written(value, given)


def _as_written(value: Any, checked: str) -> str:
    """Return a checked URL without the slash at its end that was not written."""
    return checked if str(value).strip().endswith("/") else checked[:-1]


def _check_oauth_url(value: Any) -> str | None:
    if value is None:
        return None
    return _as_written(value, check_base_url("oauth_url", value))


def check_session(session: Any) -> Secret[str] | Callable[[], str] | None:
    """Return a session as a secret, a callable or None; TypeError for anything else."""
    if session is None or isinstance(session, Secret):
        return session
    if isinstance(session, str):
        return trimmed("session", Secret(session)) if session.strip() else Secret("")
    if callable(session):
        return cast("Callable[[], str]", session)
    msg = Words(
        f"session: text or a callable that returns it was expected, not {type(session).__name__}",
        f"session：应为文本或返回文本的函数，不是 {type(session).__name__}",
    )
    raise TypeError(msg)


def check_format(value: Any) -> str:
    """Return the format; ConfigurationError unless it is one of :data:`FORMATS`."""
    if value not in FORMATS:
        msg = "format: 'json' or 'xml' was expected, or qimen's 'json2' or 'xml2'"
        raise ConfigurationError(msg, reason="not_a_format", setting="format")
    return str(value)


def make_signer(sign_method: Any, secret: str | Secret[str] | None, clock: Clock) -> Signer:
    """Make the signer that a client uses."""
    if isinstance(sign_method, ParameterSigner):
        return sign_method.following(clock)
    if isinstance(sign_method, Signer):
        return sign_method
    kind = _SIGNERS.get(sign_method) if isinstance(sign_method, str) else None
    if kind is None:
        msg = "sign_method: 'hmac-sha256', 'hmac', 'md5', 'sha256' or a chainable.Signer was expected"
        raise ConfigurationError(msg, reason="unknown_sign_method", setting="sign_method")
    return kind(secret, clock=clock)  # type: ignore[arg-type]  # a missing secret is refused by the signer


def _as_secret(secret: str | Secret[str] | None) -> Secret[str] | None:
    return None if secret is None else Secret.of(secret)


def _as_catalogue(given: Catalogue | Definitions | None) -> Catalogue:
    return Catalogue.of(given)


def _check_simplify(value: Any) -> bool:
    return check_flag("simplify", value)


class Clock:
    """A clock whose ``source`` returns seconds since 1970; ``offset``, in seconds, corrects it to the gateway's."""

    __slots__ = ("offset", "source")

    def __init__(self, source: Callable[[], float] = system_time) -> None:
        self.source = source
        self.offset = 0.0

    def __call__(self) -> float:
        """Return seconds since 1970, corrected."""
        return self.source() + self.offset


@safe_repr
@frozen(kw_only=True, eq=False, repr=False, slots=False)  # as chainable.call.Call
class Settings:
    """
    The validated settings of one client; see :class:`taobao_top.TaobaoTop`.

    ``attached`` signs each attempt: it waits for the limiter first, if there is one.
    ``method_info`` looks up what the catalogue knows of a method.
    """

    app_key: str = field(converter=_check_app_key)
    secret: Secret[str] | None = field(converter=_as_secret)
    session: Secret[str] | Callable[[], str] | None = field(converter=check_session)
    signer: Signer
    attached: Signer
    gateway: str = field(converter=_check_gateway)
    oauth_url: str | None = field(default=None, converter=_check_oauth_url)
    format: str = field(converter=check_format)
    simplify: bool = field(converter=_check_simplify)
    clock: Clock
    timeout: tuple[float, float]
    retries: int
    deadline: float
    catalogue: Catalogue = field(default=None, converter=_as_catalogue)
    defaults: Mapping[str, Any] = field(default=None, converter=as_defaults)
    method_info: Callable[[str], MethodInfo] = field(
        init=False, default=Factory(lambda settings: method_infos(settings.catalogue), takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        if self.defaults:
            check_defaults(self.defaults, self.catalogue)
        if self.secret is not None and self.secret == Secret(self.app_key):
            msg = "app_key: this is the same text as app_secret; the app's number was expected"
            raise ConfigurationError(msg, reason="app_key_is_secret", setting="app_key")

    def defaults_of(self, info: MethodInfo) -> dict[str, Any]:
        """Return the defaults that are parameters of a method."""
        return MaskedDict({name: value for name, value in self.defaults.items() if name in info.types})

    def __repr__(self) -> str:
        return f"<Settings of app {self.app_key} at {self.gateway}>"


class TopClient(Protocol):
    """
    A client, as :class:`taobao_top.security.SecurityClient` and :class:`taobao_top.tmc.TMC` use it.

    .. versionadded:: 0.1.0
    """

    @property
    def settings(self) -> Settings:
        """The client's settings."""
        ...

    def send(
        self, path: str, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any], /
    ) -> Response[Any]:
        """Send a call; see :meth:`chainable.Client.send`."""
        ...

    def promise(self, work: Callable[[], Any], /) -> Promise[Any]:
        """Queue work for the client's threads."""
        ...
