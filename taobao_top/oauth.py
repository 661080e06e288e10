"""
Sellers' authorisations: the page they are sent to, tokens, sessions that stay fresh.

https://open.taobao.com/doc.htm?docId=102635&docType=1
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from attrs import asdict, field, fields_dict, frozen

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.masking import MaskedDict, Secret, safe_repr, without_frames
from chainable.times import BEIJING, check_aware
from taobao_top.answers import read
from taobao_top.errors import BUSINESS, TopError, rule_of
from taobao_top.signing import MD5Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attrs import Attribute

    from chainable.response import Response
    from taobao_top.client import TaobaoTop
    from taobao_top.sessions import Session, SessionStore

__all__ = ["OAuth", "Token"]

_HOSTS = {
    "gw.api.taobao.com": "https://oauth.taobao.com",
    "eco.taobao.com": "https://oauth.taobao.com",
    "api.taobao.com": "https://oauth.taobao.com",
    "qimen.api.taobao.com": "https://oauth.taobao.com",
    "gw.api.tbsandbox.com": "https://oauth.tbsandbox.com",
    "qimenapi.tbsandbox.com": "https://oauth.tbsandbox.com",
}
_LIVES = {
    "expires_in": "expires",
    "re_expires_in": "refresh_expires",
    "r1_expires_in": "r1_expires",
    "r2_expires_in": "r2_expires",
    "w1_expires_in": "w1_expires",
    "w2_expires_in": "w2_expires",
}


def _check_end(token: Token, attribute: Attribute[datetime | None], value: datetime | None) -> None:
    if value is None:
        return
    if not isinstance(value, datetime):
        msg = f"{attribute.name}: a datetime with a zone was expected, not {type(value).__name__}"
        raise TypeError(msg)
    check_aware(value)


@safe_repr
@frozen
class Token:
    """
    What a seller's authorisation gives.

    Attributes:
        access_token: The session of calls.
        refresh_token: Gives a new token once; None if the app may not refresh.
        expires: When the session ends.
        refresh_expires: When refreshing ends.
        r1_expires: When reading of level 1 ends; likewise the next three.
        r2_expires: Reading of level 2.
        w1_expires: Writing of level 1.
        w2_expires: Writing of level 2.
        user_id: The seller's number.
        user_nick: The seller's name.
        open_uid: The seller's number for this app.
        sub_user_id: The sub account's number, if one authorised.
        sub_user_nick: The sub account's name.

    Raises:
        TypeError: An end is not a datetime, or a naive one.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires: datetime | None = field(default=None, validator=_check_end)
    refresh_expires: datetime | None = field(default=None, validator=_check_end)
    r1_expires: datetime | None = field(default=None, validator=_check_end)
    r2_expires: datetime | None = field(default=None, validator=_check_end)
    w1_expires: datetime | None = field(default=None, validator=_check_end)
    w2_expires: datetime | None = field(default=None, validator=_check_end)
    user_id: str | None = field(default=None, repr=False)
    user_nick: str | None = field(default=None, repr=False)
    open_uid: str | None = field(default=None, repr=False)
    sub_user_id: str | None = field(default=None, repr=False)
    sub_user_nick: str | None = field(default=None, repr=False)

    @classmethod
    @without_frames
    def of(cls, answer: Mapping[str, Any], now: float) -> Token:
        """
        Read the members of a token answer.

        Args:
            answer: The members; lives in seconds.
            now: When it came, in seconds since 1970.

        Raises:
            CodecError: There is no token in it, or a life is no number.
        """
        if not answer.get("access_token"):
            raise CodecError("the answer has no access_token")
        start = datetime.fromtimestamp(now, BEIJING)
        try:
            ends = {
                name: start + timedelta(seconds=int(answer[life]))
                for life, name in _LIVES.items()
                if answer.get(life) not in {None, ""}
            }
        except (ValueError, TypeError, OverflowError):
            raise CodecError("the answer has a life that is no number of seconds") from None
        return cls(
            access_token=str(answer["access_token"]),
            refresh_token=_text(answer.get("refresh_token")),
            **ends,
            user_id=_text(answer.get("taobao_user_id")),
            # Names come percent-encoded, in JSON as well.
            user_nick=_plain(answer.get("taobao_user_nick")),
            open_uid=_text(answer.get("taobao_open_uid")),
            sub_user_id=_text(answer.get("sub_taobao_user_id")),
            sub_user_nick=_plain(answer.get("sub_taobao_user_nick")),
        )

    def as_dict(self) -> dict[str, str]:
        """Give what a store keeps: text by name, times in ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
            if value is not None
        }

    @classmethod
    @without_frames
    def from_dict(cls, kept: Mapping[str, str]) -> Token:
        """
        Take back what :meth:`as_dict` gave.

        Raises:
            CodecError: A time is not in ISO 8601.
            TypeError: There is no access token, or a time is naive.
        """
        try:
            members: dict[str, Any] = {
                name: datetime.fromisoformat(value) if name.endswith("expires") else value
                for name, value in kept.items()
                if name in fields_dict(cls)
            }
        except (TypeError, ValueError, AttributeError):
            # Their own words quote what is there.
            raise CodecError("this is not a token as as_dict() gives it: a time is not in ISO 8601") from None
        return cls(**members)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(value: Any) -> str | None:
    return None if value is None else unquote(str(value))


class OAuth:
    """
    Authorisations for one app; ``top.oauth`` gives it.

    Args:
        top: The client whose app it is.
    """

    def __init__(self, top: TaobaoTop) -> None:
        self._top = top
        parts = urlsplit(top._settings.gateway)  # noqa: SLF001 (the client's own room)
        # A client that is pointed elsewhere, at the sandbox for one, reaches nothing but that place.
        self._base = _HOSTS.get(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")

    def __repr__(self) -> str:
        return f"<OAuth of {self.__dict__.get('_top')!r}>"

    def authorize_url(
        self, redirect_uri: str, *, state: str | None = None, view: str = "web", response_type: str = "code"
    ) -> str:
        """
        Give the page to send a seller to.

        Args:
            redirect_uri: Where the seller comes back to, exactly as registered.
            state: Comes back with the seller; make it unguessable and compare it.
            view: ``web``, ``wap`` or ``tmall``.
            response_type: ``code``; ``token`` for an app without a server.
        """
        query = {
            "response_type": response_type,
            "client_id": self._top._settings.app_key,  # noqa: SLF001
            "redirect_uri": redirect_uri,
            "view": view,
        }
        if state is not None:
            query["state"] = state
        return f"{self._base}/authorize?{urlencode(query)}"

    def token(self, *, code: str | Secret[str], redirect_uri: str | None = None, signed: bool = False) -> Token:
        """
        Exchange the code a seller came back with: good once, for 30 minutes.

        Args:
            code: Out of the redirect's query.
            redirect_uri: The one of :meth:`authorize_url`; not needed for the signed form.
            signed: Use the method ``taobao.top.auth.token.create``.

        Raises:
            TopError: The platform refused; ``code`` and ``sub_msg`` say why.
        """
        hidden: Secret[str] = Secret.of(code)
        del code  # a traceback shows no code
        if signed:
            return self._method("taobao.top.auth.token.create", code=hidden)
        if redirect_uri is None:
            raise ConfigurationError("redirect_uri: give the one that authorize_url() had, the platform compares them")
        return self._post({"grant_type": "authorization_code", "redirect_uri": redirect_uri}, code=hidden)

    def refresh(self, refresh_token: str | Secret[str] | Token, *, signed: bool = False) -> Token:
        """
        Exchange a refresh token for new tokens; it is worthless afterwards.

        Args:
            refresh_token: It, or the token it came with.
            signed: Use the method ``taobao.top.auth.token.refresh``.

        Raises:
            TopError: The platform refused, or there is no refresh token; ``.session_expired``: authorise again.
        """
        hidden = _refresh_secret(refresh_token)
        del refresh_token  # a traceback shows no token
        if not hidden:
            msg = "this app's tokens cannot be refreshed: let the seller authorise again when the session ends"
            raise TopError(msg, session_expired=True, maybe_sent=False)
        if signed:
            try:
                return self._method("taobao.top.auth.token.refresh", refresh_token=hidden)
            except TopError as error:
                # The service's own no; the other form calls it invalid_grant.
                error.session_expired = error.session_expired or rule_of(error.code, error.sub_code) is BUSINESS
                raise
        return self._post({"grant_type": "refresh_token"}, refresh_token=hidden)

    def from_fragment(self, fragment: str) -> Token:
        """
        Read the tokens of an app without a server, out of the redirect's fragment.

        Args:
            fragment: What stands behind ``#``, or the whole URL.

        Raises:
            SignatureError: ``top_sign`` is missing or wrong.
        """
        found: dict[str, str] = MaskedDict(parse_qsl(fragment.rpartition("#")[2], keep_blank_values=True))
        del fragment  # a traceback shows no token
        sign = found.pop("top_sign", None)
        if sign is None:
            raise SignatureError("the fragment has no top_sign", reason="missing")
        try:
            # Compared unnamed: the right sign is worth as much as the secret.
            right = sign.isascii() and hmac.compare_digest(MD5Signer(self._secret()).sign(found), sign)
        except CodecError:  # a lone surrogate, which the service never signs
            right = False
        if not right:
            raise SignatureError("top_sign does not belong to this fragment and app_secret")
        return Token.of(found, self._top._settings.clock())  # noqa: SLF001

    def session(
        self,
        name: str,
        store: SessionStore,
        *,
        token: Token | None = None,
        early: float = 600.0,
        signed: bool = False,
    ) -> Session:
        """
        Give a seller's session for ``session=`` of a call or a client; it refreshes in time.

        Args:
            name: Under which the store keeps the token.
            store: See :mod:`taobao_top.sessions`.
            token: A new token to keep, as :meth:`token` gave it.
            early: Seconds before its end at which a session is refreshed.
            signed: Refresh by the signed method.
        """
        from taobao_top.sessions import Session

        session = Session(
            name,
            store,
            lambda old: self.refresh(old, signed=signed),
            early=early,
            clock=self._top._settings.clock,  # noqa: SLF001
        )
        if token is not None:
            session.keep(token)
        return session

    def _secret(self) -> Secret[str]:
        secret = self._top._settings.secret  # noqa: SLF001
        if secret is None:
            raise ConfigurationError("app_secret is needed for this: give it to the client beside the signer")
        return secret

    def _method(self, method: str, **parameters: Secret[str]) -> Token:
        answer = self._top[method](
            session="",
            format="json",
            simplify=False,
            decode=("token_result",),
            **{name: value.reveal() for name, value in parameters.items()},
        )
        return self._read(_result(answer.data), method)

    def _read(self, members: Mapping[str, Any], label: str) -> Token:
        try:
            return Token.of(members, self._top._settings.clock())  # noqa: SLF001
        except CodecError as error:
            msg = f"{label}: {error}"
        raise CodecError(msg)

    def _post(self, form: dict[str, str], **secrets: Secret[str]) -> Token:
        settings = self._top._settings  # noqa: SLF001
        secrets["client_secret"] = self._secret()
        call = Call(
            verb="POST",
            label="token",
            urls=(f"{self._base}/token",),
            headers={"Content-Type": FORM.content_type, "Accept": "application/json", "Accept-Encoding": "gzip"},
            body=_form(form | {"client_id": settings.app_key}, secrets),
            signer=None,
            verifier=None,
            answer=_answered,
            timeout=settings.timeout,
            retries=settings.retries,
            deadline=settings.deadline,
        )
        self._top._refuse_closed()  # noqa: SLF001
        return self._read(MaskedDict(self._top._pipeline.run(call).data), "token")  # noqa: SLF001


def _refresh_secret(given: str | Secret[str] | Token) -> Secret[str]:
    return Secret.of((given.refresh_token if isinstance(given, Token) else given) or "")


def _result(data: Any) -> dict[str, Any]:
    found = data.get("token_result") if isinstance(data, dict) else None
    return MaskedDict(found if isinstance(found, dict) else {})


@without_frames
def _form(form: Mapping[str, str], secrets: Mapping[str, Secret[str]]) -> bytes:
    return FORM.encode({**form, **{name: value.reveal() for name, value in secrets.items()}})


def _members(response: Response[Any]) -> dict[str, Any] | str:
    """Return the members of a token answer, or why they cannot be read."""
    try:
        return MaskedDict(read(response.content, response.headers.get("Content-Type")))
    except CodecError as error:
        return str(error)


def _answered(response: Response[Any]) -> Response[Any]:
    status = response.status_code
    members = _members(response)
    if isinstance(members, str):
        if 200 <= status < 300:
            msg = f"token: {members}"
            raise CodecError(msg)
        members = {}
    if "error" in members or not 200 <= status < 300:
        code, description = str(members.get("error", "")), str(members.get("error_description", ""))
        words = ": ".join(word for word in (code, description) if word)
        raise TopError(
            f"token: HTTP status {status}" + (f": {words}" if words else ""),
            code=code,
            sub_msg=description,
            detail={"error": code, "error_description": description},
            status_code=status,
            session_expired=code == "invalid_grant",
            response=response,
        )
    return response.take(members)
