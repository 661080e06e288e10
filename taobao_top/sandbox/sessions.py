"""Authorisations as in the platform's OAuth: codes, sessions and their refresh.

https://open.taobao.com/doc.htm?docId=102635&docType=1
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import asdict, frozen

from taobao_top.sandbox.account import session as new_session
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.sandbox.randomness import Randomness
    from chainable.sandbox.store import Store
    from taobao_top.sandbox.account import Account

__all__ = ["OAuthRefusal", "Session", "Sessions"]

CODE_LIFE = 30 * 60
DAY = 24 * 60 * 60
_TIMES = {  # the signed form gives the end of every span as well, in epoch milliseconds
    "expires_in": "expire_time",
    "re_expires_in": "refresh_token_valid_time",
    "r1_expires_in": "r1_valid",
    "r2_expires_in": "r2_valid",
    "w1_expires_in": "w1_valid",
    "w2_expires_in": "w2_valid",
}


class OAuthRefusal(Exception):  # noqa: N818 (an answer, not a failure of the sandbox)
    """An error of the token endpoint (HTTP 400): ``error`` and ``error_description``."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


@frozen(kw_only=True)
class Session:
    """A seller's authorisation; ``expires`` in seconds since 1970, None for never."""

    session: str
    user_id: int
    nick: str
    expires: float | None


class Sessions:
    """
    The codes and tokens of one app; its own session is there from the start and never expires.

    Attributes:
        life: How long a session lasts, seconds.
        refresh_life: How long a refresh token lasts, seconds.
        redirect_uri: The registered one; None takes any.
        refreshable: Whether the app may refresh (only those of the service market may).
    """

    def __init__(self, account: Account, store: Store, clock: Callable[[], float], random: Randomness) -> None:
        self.life = 365.0 * DAY
        self.refresh_life = 365.0 * DAY
        self.redirect_uri: str | None = None
        self.refreshable = True
        self._account = account
        self._random = random
        self._clock = clock
        self._sessions = store.records(f"{account.app_key}/session")
        self._codes = store.records(f"{account.app_key}/code")
        self._refreshes = store.records(f"{account.app_key}/refresh")
        self.begin()

    def begin(self) -> None:
        """Have the app's own session, if it is not there."""
        own = self._account.session
        if self._sessions.get(own) is None:
            self._keep(Session(session=own, user_id=2054718218, nick="sandbox_seller", expires=None))

    def _keep(self, session: Session) -> None:
        self._sessions.put(session.session, asdict(session))

    def check(self, text: str) -> Session:
        """Return a session that is good now, else raise 27."""
        found = self._sessions.get(text)
        if found is None:
            raise GatewayError(
                27,
                "invalid-sessionkey",
                "this session was not made for this app_key, or it was withdrawn: authorise again",
            )
        session = Session(**found)
        if session.expires is not None and session.expires <= self._clock():
            raise GatewayError(27, "invalid-sessionkey", "this session has expired: refresh it or authorise again")
        return session

    def all(self) -> list[Session]:
        """Return all sessions, expired ones as well, oldest first."""
        return [Session(**kept) for kept in self._sessions.values()]

    def revive(self, session: Session) -> None:
        """Make a session valid again, without expiry."""
        self._keep(Session(session=session.session, user_id=session.user_id, nick=session.nick, expires=None))

    def withdraw(self, session: str) -> None:
        """Withdraw a session, as a seller does."""
        self._sessions.delete(session)

    def expire(self, session: str) -> None:
        """Expire a session."""
        self._keep(Session(**{**asdict(self.check(session)), "expires": self._clock()}))

    def code(self, *, user_id: int = 2054718218, nick: str = "sandbox_seller", redirect_uri: str | None = None) -> str:
        """Return a new authorisation code, accepted once and for 30 minutes."""
        code = self._random.url_safe(24, "code")
        until = self._clock() + CODE_LIFE
        self._codes.put(code, {"user_id": user_id, "nick": nick, "until": until, "redirect_uri": redirect_uri})
        return code

    def redeem(self, code: str, redirect_uri: str | None) -> dict[str, Any]:
        """Exchange a code for tokens; the signed form has no ``redirect_uri`` to compare."""
        found = self._codes.get(code)
        self._codes.delete(code)
        if found is None:
            raise OAuthRefusal("invalid_grant", "this code is unknown or was used before: every code is good once")
        if found["until"] <= self._clock():
            raise OAuthRefusal("invalid_grant", "this code is older than 30 minutes: authorise again")
        if None not in {redirect_uri, found["redirect_uri"]} and redirect_uri != found["redirect_uri"]:
            raise OAuthRefusal("redirect_uri_mismatch", "redirect_uri is not the one the code was asked with")
        return self.tokens(found["user_id"], found["nick"])

    def refresh(self, token: str) -> dict[str, Any]:
        """Exchange a refresh token for new tokens; it and the session that came with it are invalid afterwards."""
        if not self.refreshable:
            raise OAuthRefusal("unauthorized_client", "this app may not refresh: authorise again when the session ends")
        found = self._refreshes.get(token)
        self._refreshes.delete(token)
        if found is None:
            raise OAuthRefusal("invalid_grant", "this refresh token is unknown or was used before")
        if found["until"] <= self._clock():
            raise OAuthRefusal("invalid_grant", "this refresh token has expired: authorise again")
        self._sessions.delete(found["session"])
        return self.tokens(found["user_id"], found["nick"])

    def tokens(self, user_id: int, nick: str) -> dict[str, Any]:
        """Make a session with its refresh token, and return the members of the token answer."""
        now = self._clock()
        made = Session(session=new_session(self._random), user_id=user_id, nick=nick, expires=now + self.life)
        self._keep(made)
        refresh = new_session(self._random)
        self._refreshes.put(
            refresh,
            {"session": made.session, "user_id": user_id, "nick": nick, "until": now + self.refresh_life},
        )
        life = int(self.life)
        return {
            "access_token": made.session,
            "token_type": "Bearer",
            "expires_in": life,
            "refresh_token": refresh,
            "re_expires_in": int(self.refresh_life),
            "r1_expires_in": life,
            "r2_expires_in": min(life, 3 * DAY),
            "w1_expires_in": life,
            "w2_expires_in": min(life, 30 * 60),
            "taobao_user_nick": quote(nick),
            "taobao_user_id": str(user_id),
            "taobao_open_uid": f"AAE{user_id:x}",
        }

    def fragment(self, state: Mapping[str, str]) -> dict[str, Any]:
        """Return what the redirect of ``response_type=token`` carries: tokens, ``state``, and ``top_sign`` over them."""
        found = {**{name: str(value) for name, value in self.tokens(2054718218, "sandbox_seller").items()}, **state}
        return {**found, "top_sign": sign("md5", self._account.app_secret, found)}

    def granted(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request to the token endpoint."""
        if form.get("client_secret") != self._account.app_secret:
            raise OAuthRefusal("invalid_client", "client_secret is not this app's secret")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self.redeem(_given(form, "code"), _given(form, "redirect_uri"))
        if kind == "refresh_token":
            return self.refresh(_given(form, "refresh_token"))
        raise OAuthRefusal("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")

    def token_result(self, tokens: Mapping[str, Any]) -> str:
        """Return tokens as the signed form answers them: JSON text in ``token_result``, expiry times beside the spans."""
        now = int(self._clock() * 1000)
        times = {name: now + tokens[span] * 1000 for span, name in _TIMES.items()}
        return json.dumps({**tokens, **times}, separators=(",", ":"))


def _given(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthRefusal("invalid_request", f"{name} is missing")
    return value
