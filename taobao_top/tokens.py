"""The tokens of a seller's authorisation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import asdict, field, fields_dict, frozen

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr, without_frames
from chainable.times import BEIJING, check_aware

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attrs import Attribute

__all__ = ["Token"]

_LIFETIMES = {
    "expires_in": "expires",
    "re_expires_in": "refresh_expires",
    "refresh_expires_in": "refresh_expires",
    "r1_expires_in": "r1_expires",
    "r2_expires_in": "r2_expires",
    "w1_expires_in": "w1_expires",
    "w2_expires_in": "w2_expires",
}
"""Members in seconds from now."""

_MOMENTS = {
    "expire_time": "expires",
    "refresh_token_valid_time": "refresh_expires",
    "r1_valid": "r1_expires",
    "r2_valid": "r2_expires",
    "w1_valid": "w1_expires",
    "w2_valid": "w2_expires",
}
"""Members in milliseconds since 1970, as oauth.aliexpress.com gives them; lifetimes take precedence."""


_ABSENT = (None, "")
_EPOCH = datetime(1970, 1, 1, 8, tzinfo=BEIJING)


def _check_expiry(token: Token, attribute: Attribute[datetime | None], value: datetime | None) -> None:
    if value is None:
        return
    if not isinstance(value, datetime):
        kind = type(value).__name__
        msg = f"{attribute.name}: a datetime with a zone was expected, not {kind}"
        raise TypeError(Words(msg, f"{attribute.name}：应为带时区的 datetime，实为 {kind}"))
    check_aware(value)


@safe_repr
@frozen
class Token:
    """
    The tokens of one authorisation, and when each part of it expires.

    Attributes:
        access_token: The session of calls.
        refresh_token: Good for one refresh; None if the app may not refresh.
        expires: When the session expires.
        refresh_expires: When the refresh token expires.
        r1_expires: When reading at level 1 expires; likewise the next three.
        r2_expires: Reading at level 2.
        w1_expires: Writing at level 1.
        w2_expires: Writing at level 2.
        user_id: The seller's number.
        user_nick: The seller's name.
        open_uid: The seller's number for this app.
        sub_user_id: The sub account's number, if a sub account authorised.
        sub_user_nick: The sub account's name.

    Raises:
        TypeError: An expiry is not a datetime, or is a naive one.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires: datetime | None = field(default=None, validator=_check_expiry)
    refresh_expires: datetime | None = field(default=None, validator=_check_expiry)
    r1_expires: datetime | None = field(default=None, validator=_check_expiry)
    r2_expires: datetime | None = field(default=None, validator=_check_expiry)
    w1_expires: datetime | None = field(default=None, validator=_check_expiry)
    w2_expires: datetime | None = field(default=None, validator=_check_expiry)
    user_id: str | None = field(default=None, repr=False)
    user_nick: str | None = field(default=None, repr=False)
    open_uid: str | None = field(default=None, repr=False)
    sub_user_id: str | None = field(default=None, repr=False)
    sub_user_nick: str | None = field(default=None, repr=False)

    @classmethod
    @without_frames
    def of(cls, members: Mapping[str, Any], now: float) -> Token:
        """
        Read a token response.

        Args:
            members: Its members; lifetimes are in seconds, moments in milliseconds since 1970.
            now: When it arrived, in seconds since 1970.

        Raises:
            CodecError: The access token is missing, a token is not text, or a lifetime or moment is not a number.
        """
        if not members.get("access_token"):
            raise CodecError(Words("the response has no access_token", "应答中没有 access_token"))
        for name in ("access_token", "refresh_token"):
            if not isinstance(members.get(name), str | None):
                raise CodecError(Words(f"the {name} of the response is not text", f"应答中的 {name} 不是文本"))
        start = datetime.fromtimestamp(now, BEIJING)
        try:
            expiries = {
                name: _EPOCH + timedelta(milliseconds=int(members[moment]))
                for moment, name in _MOMENTS.items()
                if members.get(moment) not in _ABSENT
            } | {
                name: start + timedelta(seconds=int(members[lifetime]))
                for lifetime, name in _LIFETIMES.items()
                if members.get(lifetime) not in _ABSENT
            }
        except (ValueError, TypeError, OverflowError):
            raise CodecError(
                Words("the response has a lifetime that is not a number", "应答中的有效期不是数字")
            ) from None
        return cls(
            access_token=members["access_token"],
            refresh_token=members.get("refresh_token"),
            **expiries,
            user_id=_text(members.get("taobao_user_id", members.get("user_id"))),
            # Names are percent-encoded, in JSON as well.
            user_nick=_unquoted(members.get("taobao_user_nick", members.get("user_nick"))),
            open_uid=_text(members.get("taobao_open_uid")),
            sub_user_id=_text(members.get("sub_taobao_user_id")),
            sub_user_nick=_unquoted(members.get("sub_taobao_user_nick")),
        )

    def as_dict(self) -> dict[str, str]:
        """Return the text that a store keeps, by name; times in ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
            if value is not None
        }

    @classmethod
    @without_frames
    def from_dict(cls, kept: Mapping[str, str]) -> Token:
        """
        Restore a token from the output of :meth:`as_dict`.

        Raises:
            CodecError: A time is not in ISO 8601.
            TypeError: The access token is missing, or a time is naive.
        """
        try:
            members: dict[str, Any] = {
                name: datetime.fromisoformat(value) if name.endswith("expires") else value
                for name, value in kept.items()
                if name in fields_dict(cls)
            }
        except (TypeError, ValueError, AttributeError):
            # Their messages quote the values.
            raise CodecError(
                Words(
                    "this is not a token as as_dict() returns it: a time is not in ISO 8601",
                    "这不是 as_dict() 返回的令牌：有时间不是 ISO 8601 格式",
                )
            ) from None
        return cls(**members)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _unquoted(value: Any) -> str | None:
    return None if value is None else unquote(str(value))
