"""
Errors of APIv3, and what to do about each code.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081743
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.codecs import JSON
from chainable.errors import APIError, CodecError
from chainable.masking import safe_repr
from chainable.throttling import header_seconds
from wechatpay.apiv3.sign_error import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.response import Response

__all__ = ["CODES", "Code", "api_error", "build_error"]


@safe_repr
@frozen
class Code:
    """
    What to do about an error code.

    Attributes:
        advice: One sentence.
        retryable: The same number with the same parameters may be sent again.
        transient: A retry may succeed within seconds.
    """

    advice: str
    retryable: bool = False
    transient: bool = False


_QUERY_FIRST = "ask for the state of the order first; never take a new number before that says failed or closed"

_SIGNATURE = ("SIGN_ERROR", "SIGN_ERR")
"""Codes of a refused signature; risk/getpublickey has the shorter one."""

CODES: dict[str, Code] = {
    "ACCOUNT_ERROR": Code("the account is restricted: see the merchant console"),
    "APPID_MCHID_NOT_MATCH": Code("bind the appid to the merchant in the console, or correct one of them"),
    "BANKERROR": Code("the bank failed: repeat with the same number and parameters", True, True),
    "BANK_ERROR": Code("the bank failed: repeat with the same number and parameters", True, True),
    "FREQUENCY_LIMITED": Code("slow down, then repeat with the same number and parameters", True, True),
    "INVALID_REQUEST": Code("read detail: the request breaks a rule of this operation"),
    "MCH_NOT_EXISTS": Code("mchid is wrong"),
    "NOT_ENOUGH": Code("the balance is too low: top up, then repeat with the same number and parameters", True),
    "NO_AUTH": Code("the merchant lacks this permission: apply for it in the console"),
    "ORDER_CLOSED": Code("the order is closed: take a new number for a new order"),
    "ORDER_NOT_EXIST": Code("no such order: check number and merchant"),
    "OUT_TRADE_NO_USED": Code("this number was used with other parameters: ask for the state of that order"),
    "PARAM_ERROR": Code("correct the field that detail names"),
    "RATELIMIT_EXCEEDED": Code("slow down, then repeat with the same number and parameters", True, True),
    "RATELIMIT_EXCEED": Code("slow down, then repeat with the same number and parameters", True, True),
    "RESOURCE_NOT_EXISTS": Code("nothing is there under this number"),
    "SERVICE_UNAVAILABLE": Code("repeat with the same number and parameters", True, True),
    **dict.fromkeys(_SIGNATURE, Code("the signature was refused: error.explain() says which line differs and why")),
    "SYSTEMERROR": Code("outcome unknown: repeat with the same number and parameters, or query", True, True),
    "SYSTEM_ERROR": Code("outcome unknown: repeat with the same number and parameters, or query", True, True),
    "TRADE_ERROR": Code(_QUERY_FIRST),
    "USERPAYING": Code("the user is paying: query the order every few seconds"),
    "USER_PAYING": Code("the user is paying: query the order every few seconds"),
}

_REASONS: dict[str, str] = {
    "268443699": " (the signature)",
    "268447840": " (calls too frequent)",
    "268498688": " (the same number with other parameters)",
    "268512771": " (no such order)",
}
_NONE: Mapping[str, str] = {}


def reason_of(request_id: str | None) -> str | None:
    """Return the numeric reason: the digits after the last dash of ``Request-ID``; None for 0, which is no reason."""
    if request_id is None or "-" not in request_id:
        return None
    number = request_id.rpartition("-")[2]
    return number if number.isdigit() and number.strip("0") else None


def api_error(response: Response[Any], *, name: str, about: str, verbs: str) -> APIError:
    """
    Build the error of a response that reports a failure.

    ``name`` and ``about`` describe the operation, ``verbs`` are those that the catalogue has at an unknown path.
    """
    status = response.status_code
    body = _body(response)
    code = str(body.get("code", "")) if body else ""
    texts = []
    if body and body.get("message"):
        texts.append(str(body["message"]))
    elif not body:
        kind = response.headers.get("Content-Type") or "no content type"
        texts.append(f"a response without the platform's error form ({kind}, {len(response.content)} bytes)")
        texts.append("it came from something in between, or the path is wrong" if status < 500 else "try again later")
    request: Any = response.request
    message = getattr(request, "signed_message", None)
    return build_error(
        response,
        [f"{name}: {code or f'HTTP {status}'}", *texts],
        CODES.get(code),
        about=about,
        verbs=verbs,
        reasons=_REASONS,
        code=code or str(status),
        sentence=str(body["message"]) if body and body.get("message") else None,
        detail=body.get("detail") if body else None,
        retry_after=header_seconds(response.headers.get("Retry-After")),
        pending=code in {"USERPAYING", "USER_PAYING"},
        explain=(lambda: explain(message, body)) if code in _SIGNATURE else None,
    )


def build_error(
    response: Response[Any],
    texts: list[str],
    known: Code | None,
    *,
    about: str,
    verbs: str,
    reasons: Mapping[str, str] = _NONE,
    **more: Any,
) -> APIError:
    """Build an error of either protocol; *texts* begin its message, *known* has the advice on its code."""
    status = response.status_code
    busy = status >= 500 or status == 429
    reason = reason_of(response.request_id)
    parts = [
        *texts,
        "" if known is None else known.advice,
        verbs if status in {404, 405} else "",
        "" if reason is None else f"reason {reason}{reasons.get(reason, '')}",
        f"request id {response.request_id}" if response.request_id else "",
        about,
        "" if response.verified else "this error response itself is not signed",
    ]
    return APIError(
        "; ".join(filter(None, parts)),
        status_code=status,
        request_id=response.request_id,
        retryable=busy or (known is not None and known.retryable),
        transient=busy or (known is not None and known.transient),
        verified=response.verified,
        response=response,
        **more,
    )


def _body(response: Response[Any]) -> dict[str, Any] | None:
    try:
        body = JSON.decode(response.content)
    except CodecError:
        return None
    return body if isinstance(body, dict) else None
