"""
Tokens of AliExpress and Lazada, whose gateways end in ``/sync``: signed calls below ``/rest``.

https://open.alitrip.com/docs/doc.htm?articleId=120692&docType=1&treeId=727
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import CodecError
from chainable.i18n import Words, translate
from chainable.masking import MaskedDict, Secret, without_frames
from taobao_top.errors import TopError, top_error
from taobao_top.response import TopResponse
from taobao_top.response_parsing import ERROR, read
from taobao_top.response_reading import foreign_refusal, unreadable
from taobao_top.signing import SHA256Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.response import Response
    from taobao_top.settings import Settings

__all__ = ["CREATE", "REFRESH", "is_sync", "no_token", "token_call"]

CREATE, REFRESH = "/auth/token/create", "/auth/token/refresh"
_GOOD = ("0", "")


def is_sync(settings: Settings) -> bool:
    """Return whether sellers of this client authorise by these calls: not if an ``oauth.…`` server is named."""
    server = urlsplit(settings.oauth_url or "").hostname or ""
    return urlsplit(settings.gateway).path.rstrip("/") == "/sync" and not server.startswith("oauth.")


def token_call(
    settings: Settings, secret: Secret[str], server: str, path: str, secrets: Mapping[str, Secret[str]]
) -> Call:
    """
    Build the call that exchanges a code or a refresh token.

    Args:
        settings: Those of the client.
        secret: The app_secret.
        server: The URL in front of ``/rest``.
        path: :data:`CREATE` or :data:`REFRESH`; it is in front of what is signed.
        secrets: ``code`` or ``refresh_token``.
    """
    return Call(
        verb="POST",
        label=path.lstrip("/"),
        urls=(f"{server}/rest{path}",),
        headers={"Content-Type": FORM.content_type, "Accept": "application/json", "Accept-Encoding": "gzip"},
        body=_signed(settings, SHA256Signer(secret), path, secrets),
        signer=None,
        verifier=None,
        parse=_read_response,
        timeout=settings.timeout,
        retries=settings.retries,
        deadline=settings.deadline,
    )


@without_frames
def _signed(settings: Settings, signer: SHA256Signer, path: str, secrets: Mapping[str, Secret[str]]) -> bytes:
    form = {
        "app_key": settings.app_key,
        "sign_method": signer.sign_method,
        "timestamp": signer.stamp(settings.clock()),
        **{name: value.reveal() for name, value in secrets.items()},
    }
    # The path is signed in front of the parameters: its slash sorts before the letters of their names.
    return FORM.encode(form | {"sign": signer.sign({path: ""} | form)})


def _members(response: Response[Any]) -> dict[str, Any] | Words:
    """Return the members of a response, or why they cannot be read."""
    try:
        members = read(response.content, response.headers.get("Content-Type"))
    except CodecError as error:
        return Words(str(error), translate(error.args[0], "zh"))
    inner = members.get(ERROR)
    return MaskedDict(inner if isinstance(inner, dict) else members)


def _read_response(response: Response[Any]) -> Response[Any]:
    status, members = response.status_code, _members(response)
    good = 200 <= status < 300
    if not isinstance(members, dict):
        if good:
            raise unreadable(TopResponse.of(response, "token"), members, "应答无法解析，不是令牌")
        raise TopError(
            Words(f"token: HTTP status {status}", f"token：HTTP 状态码 {status}"), status_code=status, response=response
        )
    if str(members.get("code") or "") not in _GOOD:
        # A refusal has no tokens: its members may be shown.
        raise top_error(members, method="token", repeatable=False, response=response)
    if not good or "error" in members or not members.get("access_token"):
        raise no_token(members, TopResponse.of(response, "token"))
    return response.set_data(members)


def no_token(members: Mapping[str, Any], response: TopResponse[Any]) -> TopError:
    """Build the error for a response without a token: a refusal in the form of OAuth or another, an error status, or neither."""
    if "error" not in members:
        refusal = foreign_refusal(members)
        if refusal is not None:
            return top_error(refusal, method=response.method, repeatable=False, response=response)
        if 200 <= response.status_code < 300:
            return unreadable(response, "the response has no access_token", "应答没有 access_token")
    return _oauth_refusal(members, response)


def _oauth_refusal(members: Mapping[str, Any], response: TopResponse[Any]) -> TopError:
    status, label = response.status_code, response.method
    code, description = str(members.get("error", "")), str(members.get("error_description", ""))
    words = ": ".join(word for word in (code, description) if word)
    return TopError(
        Words(
            f"{label}: HTTP status {status}" + (f": {words}" if words else ""),
            f"{label}：HTTP 状态码 {status}" + (f"：{words}" if words else ""),
        ),
        code=code,
        sentence=description or None,
        sub_msg=description,
        detail={"error": code, "error_description": description},
        status_code=status,
        session_expired=code == "invalid_grant",
        response=response,
    )
