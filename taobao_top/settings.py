"""What one client was told, checked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chainable.errors import ConfigurationError
from chainable.masking import Secret, outline
from chainable.options import base_url
from chainable.signing import Signer
from taobao_top.signing import HMACMD5Signer, HMACSHA256Signer, MD5Signer, ParameterSigner

if TYPE_CHECKING:
    from collections.abc import Callable

    from taobao_top.clock import Clock

__all__ = ["FORMATS", "Settings", "checked_format", "checked_session", "flag", "own_signer"]

FORMATS = ("json", "xml")
_SECRET_LENGTH = 20  # characters; no app_key is as long

_SIGNERS: dict[str, type[ParameterSigner]] = {
    signer.sign_method: signer for signer in (MD5Signer, HMACMD5Signer, HMACSHA256Signer)
}


def _app_key(value: Any) -> str:
    key = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not key.isalnum() or not key.isascii():
        msg = "app_key: the number the console shows for this app was expected"
        raise ConfigurationError(msg, reason="not_an_app_key", setting="app_key")
    if len(key) >= _SECRET_LENGTH and not key.isdecimal():
        msg = f"app_key: the number the console shows for this app was expected, not {outline(key)}"
        raise ConfigurationError(msg, reason="not_an_app_key", setting="app_key")
    return key


def _gateway(value: Any) -> str:
    base_url("gateway", value)
    return str(value)


def checked_session(session: Any) -> Secret[str] | Callable[[], str] | None:
    """Check what may be given as session: text, a callable that gives it, or None; TypeError for all else."""
    if session is None or isinstance(session, Secret):
        return session
    if isinstance(session, str):
        return Secret(session)
    if callable(session):
        return cast("Callable[[], str]", session)
    msg = f"session: text or a callable that gives it was expected, not {type(session).__name__}"
    raise TypeError(msg)


def checked_format(value: Any) -> str:
    """Check a format; ConfigurationError for one that is neither JSON nor XML."""
    if value not in FORMATS:
        msg = "format: 'json' or 'xml' was expected"
        raise ConfigurationError(msg, reason="unknown_format", setting="format")
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Check what is true or false; ConfigurationError for anything else, a text like ``'false'`` among it."""
    if not isinstance(value, bool):
        msg = f"{name}: True or False was expected, not {type(value).__name__}"
        raise ConfigurationError(msg, reason="not_a_flag", setting=name)
    return value


def own_signer(sign_method: Any, secret: str | Secret[str] | None, clock: Clock) -> Signer:
    """
    Make the signer a client was told to use.

    Raises:
        ConfigurationError: It is none of the three methods and no signer, or the secret is missing.
    """
    if isinstance(sign_method, ParameterSigner):
        return sign_method.following(clock)
    if isinstance(sign_method, Signer):
        return sign_method
    kind = _SIGNERS.get(sign_method) if isinstance(sign_method, str) else None
    if kind is None:
        msg = "sign_method: 'hmac-sha256', 'hmac', 'md5' or a chainable.Signer was expected"
        raise ConfigurationError(msg, reason="unknown_sign_method", setting="sign_method")
    return kind(secret, clock=clock)  # type: ignore[arg-type]  # a missing secret is refused by the signer


class Settings:
    """
    One client's settings.

    Args:
        app_key: The app's number.
        secret: Its secret; None beside a signer of the user's own.
        session: A seller's session, or what gives it.
        signer: Signs calls.
        attached: The signer as it is attached to an attempt: behind the limiter, if there is one.
        gateway: Where calls go.
        format: The format of answers.
        simplify: Ask for plain lists and no root.
        clock: The time calls are stamped with.
        timeout: Seconds to connect, and to wait for each piece.
        retries: Attempts after the first, at most.
        deadline: Seconds a call may take.

    Raises:
        ConfigurationError: One of them is unusable.
    """

    def __init__(
        self,
        *,
        app_key: Any,
        secret: str | Secret[str] | None,
        session: Any,
        signer: Signer,
        attached: Signer,
        gateway: Any,
        format: Any,  # noqa: A002 (the platform's word)
        simplify: Any,
        clock: Clock,
        timeout: tuple[float, float],
        retries: int,
        deadline: float,
    ) -> None:
        self.app_key = _app_key(app_key)
        self.secret = None if secret is None else Secret.of(secret)
        if self.secret is not None and self.secret == Secret(self.app_key):
            msg = "app_key: this is the same text as app_secret; the app's number was expected"
            raise ConfigurationError(msg, reason="app_key_is_secret", setting="app_key")
        self.session = checked_session(session)
        self.signer = signer
        self.attached = attached
        self.gateway = _gateway(gateway)
        self.format = checked_format(format)
        self.simplify = flag("simplify", simplify)
        self.clock = clock
        self.timeout = timeout
        self.retries = retries
        self.deadline = deadline

    def __repr__(self) -> str:
        members = self.__dict__  # an error while they are checked shows what is there
        return f"<Settings of app {members.get('app_key')} at {members.get('gateway')}>"
