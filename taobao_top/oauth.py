"""
Sellers' authorisations: the authorisation page, tokens, and sessions that are refreshed in time.

https://open.taobao.com/doc.htm?docId=102635&docType=1
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.i18n import Words, translate
from chainable.masking import MaskedDict, Secret, safe_repr, without_frames
from taobao_top.errors import BUSINESS, TopError, rule_of
from taobao_top.response import TopResponse
from taobao_top.response_parsing import read
from taobao_top.response_reading import unreadable
from taobao_top.signing import MD5Signer
from taobao_top.sync_oauth import CREATE, REFRESH, is_sync, no_token, token_call
from taobao_top.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.response import Response
    from taobao_top.sessions import Session, SessionStore
    from taobao_top.settings import Settings

__all__ = ["OAuth", "Token"]

_SERVERS = {"taobao.com": "https://oauth.taobao.com", "tbsandbox.com": "https://oauth.tbsandbox.com"}
"""The authorisation servers of gateways in these domains, such as those of regions and of qimen's apps."""

_TEXT = Words("text", "文本")


def _server(settings: Settings) -> str:
    """Return the URL of the authorisation server, without a slash at its end."""
    if settings.oauth_url is not None:
        return settings.oauth_url.rstrip("/")
    parts = urlsplit(settings.gateway)
    for domain, server in _SERVERS.items():
        if f".{parts.hostname}".endswith(f".{domain}"):
            return server
    # A client with another gateway, such as the sandbox, authorises there too.
    return f"{parts.scheme}://{parts.netloc}"


@safe_repr
class OAuth:
    """The authorisations of one app, as ``top.oauth``."""

    def __init__(
        self, settings: Settings, run: Callable[[Call], Response[Any]], send: Callable[..., Response[Any]]
    ) -> None:
        self._settings = settings
        self._run = run
        self._send = send
        self._base = _server(settings)

    def __repr__(self) -> str:
        return f"<OAuth of app {self._settings.app_key} at {self._settings.gateway}>"

    def authorize_url(
        self,
        redirect_uri: str,
        *,
        state: str | None = None,
        view: str = "web",
        response_type: str = "code",
        sp: str | None = None,
    ) -> str:
        """
        Return the URL of the page that asks a seller for authorisation.

        For apps of TOP, sellers of AliExpress authorise at ``TaobaoTop(oauth_url='https://oauth.aliexpress.com')``
        with ``sp='ae'``, those of Alibaba.com at ``'https://oauth.alibaba.com'`` with ``sp='ICBU'``.  A client
        whose gateway ends in ``/sync`` has the pages and tokens of that platform, such as those of
        ``https://api-sg.aliexpress.com`` or, with ``oauth_url='https://auth.lazada.com'``, of Lazada.

        Args:
            redirect_uri: Where the seller is redirected afterwards, exactly as registered.
            state: Returned in the redirect; make it unguessable and compare it.
            view: ``web``, ``wap`` or ``tmall``.
            response_type: ``code``; ``token`` for an app without a server.
            sp: The site whose sellers are asked, if it is not Taobao.

        Raises:
            TypeError: An argument is not text.
        """
        query = {
            "response_type": response_type,
            "client_id": self._settings.app_key,
            "redirect_uri": redirect_uri,
            "view": view,
        }
        query |= {name: value for name, value in {"state": state, "sp": sp}.items() if value is not None}
        for name, value in query.items():
            _check_text(name, value)
        if is_sync(self._settings):
            return f"{self._base}/oauth/authorize?{urlencode(query | {'force_auth': 'true'})}"
        return f"{self._base}/authorize?{urlencode(query)}"

    def token(self, *, code: str | Secret[str], redirect_uri: str | None = None, signed: bool = False) -> Token:
        """
        Exchange the code of the redirect for tokens: it is good once, for 30 minutes.

        Args:
            code: From the redirect's query.
            redirect_uri: As passed to :meth:`authorize_url`; not needed for
                the signed form, and at gateways that end in ``/sync``.
            signed: Call the method ``taobao.top.auth.token.create``.

        Raises:
            TopError: The platform refused; ``code`` and ``sub_msg`` have the reason.
            TypeError: ``code`` or ``redirect_uri`` is not text.
        """
        hidden: Secret[str] = Secret.of(code)
        del code  # a traceback shows no code
        _check_text("code", hidden)
        if redirect_uri is not None:
            _check_text("redirect_uri", redirect_uri)
        if signed:
            return self._method("taobao.top.auth.token.create", code=hidden)
        if is_sync(self._settings):
            return self._exchange(CREATE, code=hidden)
        if redirect_uri is None:
            raise ConfigurationError(
                Words(
                    "redirect_uri: pass the one that authorize_url() had, the platform compares them",
                    "redirect_uri：请传入与 authorize_url() 相同的地址，平台会核对",
                )
            )
        return self._post({"grant_type": "authorization_code", "redirect_uri": redirect_uri}, code=hidden)

    def refresh(self, refresh_token: str | Secret[str] | Token, *, signed: bool = False) -> Token:
        """
        Exchange a refresh token for new tokens; it is invalid afterwards.

        Args:
            refresh_token: The refresh token, or the :class:`Token` that holds it.
            signed: Call the method ``taobao.top.auth.token.refresh``.

        Raises:
            TopError: The platform refused, or there is no refresh token; ``.session_expired``: authorise again.
            TypeError: ``refresh_token`` is neither text nor a :class:`Token`.
        """
        hidden = _refresh_secret(refresh_token)
        del refresh_token  # a traceback shows no token
        _check_text("refresh_token", hidden, Words("text or a Token", "文本或 Token"))
        if not hidden:
            msg = Words(
                "this app's tokens cannot be refreshed: let the seller authorise again when the session ends",
                "此应用的令牌不能刷新：session 到期后请让卖家重新授权",
            )
            raise TopError(msg, session_expired=True, maybe_sent=False)
        if signed:
            try:
                return self._method("taobao.top.auth.token.refresh", refresh_token=hidden)
            except TopError as error:
                # The unsigned form calls this refusal invalid_grant.
                error.session_expired = error.session_expired or rule_of(error.code, error.sub_code) is BUSINESS
                raise
        if is_sync(self._settings):
            return self._exchange(REFRESH, refresh_token=hidden)
        try:
            return self._post({"grant_type": "refresh_token"}, refresh_token=hidden)
        except TopError as error:
            # Of an app that may not refresh, every token ends so.
            error.session_expired = error.session_expired or error.code == "unauthorized_client"
            raise

    def from_fragment(self, fragment: str) -> Token:
        """
        Read the tokens of an app without a server from the redirect's fragment.

        Args:
            fragment: The text behind ``#``, or the whole URL.

        Raises:
            SignatureError: ``top_sign`` is missing or wrong.
            TypeError: *fragment* is not text.
        """
        hidden = Secret(fragment)
        del fragment  # a traceback shows no token
        _check_text("fragment", hidden)
        found: dict[str, str] = MaskedDict(parse_qsl(hidden.reveal().rpartition("#")[2], keep_blank_values=True))
        sign = found.pop("top_sign", None)
        if sign is None:
            raise SignatureError(
                Words("the fragment has no top_sign", "回跳地址的 # 之后没有 top_sign"), reason="missing"
            )
        try:
            # The right signature stays out of local variables: it is as good as the secret.
            right = sign.isascii() and hmac.compare_digest(MD5Signer(self._secret()).sign(found), sign)
        except CodecError:  # a lone surrogate
            right = False
        if not right:
            raise SignatureError(
                Words(
                    "top_sign does not belong to this fragment and app_secret",
                    "top_sign 与这段内容和 app_secret 不符",
                )
            )
        return Token.of(found, self._settings.clock())

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
        Make a session for ``session=`` of a call or a client; it is refreshed in time.

        Args:
            name: The token's name in the store.
            store: See :mod:`taobao_top.sessions`.
            token: A new token to keep, as :meth:`token` returns it.
            early: Seconds before its expiry at which a session is refreshed.
            signed: Refresh by the signed method.

        Raises:
            TypeError: *name* is not text, or *token* is not a :class:`Token`.
        """
        _check_text("name", name)
        if token is not None and not isinstance(token, Token):
            kind = type(token).__name__
            raise TypeError(
                Words(
                    f"token: a Token was expected, as top.oauth.token() returns it, not {kind}",
                    f"token：应为 top.oauth.token() 返回的 Token，不是 {kind}",
                )
            )
        from taobao_top.sessions import Session

        session = Session(
            name,
            store,
            lambda old: self.refresh(old, signed=signed),
            early=early,
            clock=self._settings.clock,
        )
        if token is not None:
            session.keep(token)
        return session

    def _secret(self) -> Secret[str]:
        secret = self._settings.secret
        if secret is None:
            raise ConfigurationError(
                Words(
                    "app_secret is needed for this: pass it to the client beside the signer",
                    "此处需要 app_secret：请在签名器之外也把它传给客户端",
                )
            )
        return secret

    def _method(self, method: str, **parameters: Secret[str]) -> Token:
        keywords = MaskedDict(
            session="",
            format="json",
            simplify=False,
            decode=("token_result",),
            **{name: value.reveal() for name, value in parameters.items()},
        )
        response: TopResponse[Any] = TopResponse.of(self._send(method, None, (), keywords), method)
        members = _result(response.data)
        if not members.get("access_token"):
            raise no_token(members, response)
        return self._read(members, response)

    def _exchange(self, path: str, **secrets: Secret[str]) -> Token:
        call = token_call(self._settings, self._secret(), self._base, path, secrets)
        return self._read_answer(self._run(call))

    def _read_answer(self, response: Response[Any]) -> Token:
        return self._read(MaskedDict(response.data), TopResponse.of(response, "token"))

    def _read(self, members: Mapping[str, Any], response: TopResponse[Any]) -> Token:
        try:
            return Token.of(members, self._settings.clock())
        except CodecError as error:
            words = _words(error)
        # The code or the old refresh token is used up: the caller needs the response.
        raise unreadable(response, words, words.zh)

    def _post(self, form: dict[str, str], **secrets: Secret[str]) -> Token:
        settings = self._settings
        secrets["client_secret"] = self._secret()
        call = Call(
            verb="POST",
            label="token",
            urls=(f"{self._base}/token",),
            headers={"Content-Type": FORM.content_type, "Accept": "application/json", "Accept-Encoding": "gzip"},
            body=_form(form | {"client_id": settings.app_key}, secrets),
            signer=None,
            verifier=None,
            parse=_read_response,
            timeout=settings.timeout,
            retries=settings.retries,
            deadline=settings.deadline,
        )
        return self._read_answer(self._run(call))


def _check_text(name: str, value: object, expected: Words = _TEXT) -> None:
    """Raise TypeError for an argument that is not text; the message does not quote it."""
    plain = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(plain, str):
        kind = type(plain).__name__
        del value, plain  # a traceback shows no token
        raise TypeError(
            Words(f"{name}: {expected} was expected, not {kind}", f"{name}：应为{expected.zh}，不是 {kind}")
        )


def _refresh_secret(refresh_token: str | Secret[str] | Token) -> Secret[str]:
    return Secret.of((refresh_token.refresh_token if isinstance(refresh_token, Token) else refresh_token) or "")


def _result(data: Any) -> dict[str, Any]:
    found = data.get("token_result", data) if isinstance(data, dict) else None
    return MaskedDict(found if isinstance(found, dict) else {})


@without_frames
def _form(form: Mapping[str, str], secrets: Mapping[str, Secret[str]]) -> bytes:
    return FORM.encode({**form, **{name: value.reveal() for name, value in secrets.items()}})


def _words(error: CodecError) -> Words:
    return Words(str(error), translate(error.args[0], "zh"))


def _members(response: Response[Any]) -> dict[str, Any] | Words:
    """Return the members of a token response, or why they cannot be read."""
    try:
        return MaskedDict(read(response.content, response.headers.get("Content-Type")))
    except CodecError as error:
        return _words(error)


def _read_response(response: Response[Any]) -> Response[Any]:
    status = response.status_code
    members = _members(response)
    if isinstance(members, str):
        if 200 <= status < 300:
            raise unreadable(TopResponse.of(response, "token"), members, "应答无法解析，不是令牌")
        members = {}
    if not 200 <= status < 300 or "error" in members or not members.get("access_token"):
        raise no_token(members, TopResponse.of(response, "token"))
    return response.set_data(members)
