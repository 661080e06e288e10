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
from wechatpay.apiv3.sign_error import explain

if TYPE_CHECKING:
    from chainable.response import Response

__all__ = ["CODES", "Code", "api_error", "reason_of"]


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
    "SIGN_ERROR": Code("the signature was refused: error.explain() says which line differs and why"),
    "SYSTEMERROR": Code("outcome unknown: repeat with the same number and parameters, or query", True, True),
    "SYSTEM_ERROR": Code("outcome unknown: repeat with the same number and parameters, or query", True, True),
    "TRADE_ERROR": Code(_QUERY_FIRST),
    "USERPAYING": Code("the user is paying: query the order every few seconds"),
    "USER_PAYING": Code("the user is paying: query the order every few seconds"),
}

_REASONS: dict[str, str] = {
    "268443699": "the signature",
    "268447840": "calls too frequent",
    "268498688": "the same number with other parameters",
    "268512771": "no such order",
}

_PLAIN = Code("read the message; the code is not in our table")


def reason_of(request_id: str | None) -> str | None:
    """Return the numeric reason: the digits after the last dash of ``Request-ID``."""
    if request_id is None or "-" not in request_id:
        return None
    number = request_id.rpartition("-")[2]
    return number if number.isdigit() else None


def api_error(response: Response[Any], *, name: str, about: str, verbs: str) -> APIError:
    """
    Build the error of a response that reports a failure.

    Args:
        response: The response, its body read.
        name: The operation: verb and path template.
        about: Title and official page, if the catalogue has them.
        verbs: The verbs that the catalogue has at a path that was not found.
    """
    status = response.status_code
    body = _body(response)
    code = str(body.get("code", "")) if body else ""
    known = CODES.get(code, _PLAIN)
    busy = status >= 500 or status == 429
    reason = reason_of(response.request_id)
    parts = [f"{name}: {code or f'HTTP {status}'}"]
    if body and body.get("message"):
        parts.append(str(body["message"]))
    elif not body:
        kind = response.headers.get("Content-Type") or "no content type"
        parts.append(f"an answer without the platform's error form ({kind}, {len(response.content)} bytes)")
        parts.append("it came from something in between, or the path is wrong" if status < 500 else "try again later")
    if known is not _PLAIN:
        parts.append(known.advice)
    if status in {404, 405}:
        parts.append(verbs)
    if reason is not None:
        parts.append(f"reason {reason}" + (f" ({_REASONS[reason]})" if reason in _REASONS else ""))
    parts += [f"request id {response.request_id}" if response.request_id else "", about]
    if not response.verified:
        parts.append("this error answer itself is not signed")
    request: Any = response.request
    message = getattr(request, "signed_message", None)
    return APIError(
        "; ".join(filter(None, parts)),
        code=code or str(status),
        detail=body.get("detail") if body else None,
        status_code=status,
        request_id=response.request_id,
        retryable=known.retryable or busy,
        transient=known.transient or busy,
        retry_after=_seconds(response.headers.get("Retry-After")),
        verified=response.verified,
        pending=code in {"USERPAYING", "USER_PAYING"},
        response=response,
        explain=(lambda: explain(message, body)) if code == "SIGN_ERROR" else None,
    )


def _body(response: Response[Any]) -> dict[str, Any] | None:
    try:
        body = JSON.decode(response.content)
    except CodecError:
        return None
    return body if isinstance(body, dict) else None


def _seconds(text: str | None) -> float | None:
    """Return ``Retry-After`` in seconds; None if it is a date or unusable."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
