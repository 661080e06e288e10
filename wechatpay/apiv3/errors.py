"""
Errors of APIv3, and what to do about each code.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081743
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.codecs import JSON
from chainable.errors import APIError, CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.throttling import header_seconds
from wechatpay.apiv3.sign_error import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.response import Response

__all__ = ["CODES", "NOTHING", "Code", "api_error", "build_error"]

NOTHING = Words("", "")
"""No text, in both languages."""


@safe_repr
@frozen
class Code:
    """
    What to do about an error code.

    Attributes:
        advice: One sentence, in both languages.
        retryable: The same number with the same parameters may be sent again.
        transient: A retry may succeed within seconds.
    """

    advice: Words
    retryable: bool = False
    transient: bool = False


_QUERY_FIRST = Words(
    "ask for the state of the order first; never take a new number before that says failed or closed",
    "请先查询订单状态；在查到失败或已关闭之前，绝不要换新单号",
)

_SIGNATURE = ("SIGN_ERROR", "SIGN_ERR")
"""Codes of a refused signature; risk/getpublickey has the shorter one."""

CODES: dict[str, Code] = {
    "ACCOUNT_ERROR": Code(Words("the account is restricted: see the merchant console", "账户受限：请登录商户平台查看")),
    "APPID_MCHID_NOT_MATCH": Code(
        Words(
            "bind the appid to the merchant in the console, or correct one of them",
            "请在商户平台绑定该 appid 与商户号，或改正其中之一",
        )
    ),
    "BANKERROR": Code(
        Words("the bank failed: repeat with the same number and parameters", "银行系统异常：用原单号、原参数重试"),
        True,
        True,
    ),
    "BANK_ERROR": Code(
        Words("the bank failed: repeat with the same number and parameters", "银行系统异常：用原单号、原参数重试"),
        True,
        True,
    ),
    "FREQUENCY_LIMITED": Code(
        Words("slow down, then repeat with the same number and parameters", "请求过于频繁：放慢后用原单号、原参数重试"),
        True,
        True,
    ),
    "INVALID_REQUEST": Code(
        Words(
            "the request breaks a rule of this operation: message and detail say which",
            "请求不符合该接口的规则，见 message 与 detail",
        )
    ),
    "MCH_NOT_EXISTS": Code(Words("mchid is wrong", "商户号有误")),
    "NOT_ENOUGH": Code(
        Words(
            "the balance is too low: top up, then repeat with the same number and parameters",
            "余额不足：充值后用原单号、原参数重试",
        ),
        True,
    ),
    "NO_AUTH": Code(
        Words("the merchant lacks this permission: apply for it in the console", "商户没有此权限：请在商户平台申请开通")
    ),
    "NO_STATEMENT_EXIST": Code(
        Words(
            "there is no bill of this day and kind: a day without transactions has none",
            "没有该日期、该类型的账单：当天没有交易时不生成账单",
        )
    ),
    "ORDER_CLOSED": Code(
        Words("the order is closed: take a new number for a new order", "订单已关闭：请换新单号重新下单")
    ),
    "ORDER_NOT_EXIST": Code(Words("no such order: check number and merchant", "订单不存在：请检查单号与商户号")),
    "OUT_TRADE_NO_USED": Code(
        Words(
            "this number is used up, by a paid order or with other parameters: ask for the state of that order",
            "该单号已被使用（订单已支付，或下单参数不同）：请查询该单号的订单状态",
        )
    ),
    "PARAM_ERROR": Code(Words("correct the field that detail or message names", "请改正 detail 或 message 指出的字段")),
    "RATELIMIT_EXCEEDED": Code(
        Words("slow down, then repeat with the same number and parameters", "请求过于频繁：放慢后用原单号、原参数重试"),
        True,
        True,
    ),
    "RATELIMIT_EXCEED": Code(
        Words("slow down, then repeat with the same number and parameters", "请求过于频繁：放慢后用原单号、原参数重试"),
        True,
        True,
    ),
    "RESOURCE_NOT_EXISTS": Code(
        Words(
            "the platform has nothing under this number: check number and merchant",
            "平台没有该单号的记录：请检查单号与商户号",
        )
    ),
    "SERVICE_UNAVAILABLE": Code(
        Words("repeat with the same number and parameters", "用原单号、原参数重试"), True, True
    ),
    **dict.fromkeys(
        _SIGNATURE,
        Code(
            Words(
                "the signature was refused: error.explain() says which line differs and why",
                "验签未通过：error.explain() 会指出哪一行不同及原因",
            )
        ),
    ),
    "STATEMENT_CREATING": Code(
        Words(
            "the bill is not ready: ask again after ten o'clock, Beijing time",
            "账单尚未生成：请在北京时间 10 点后再下载",
        )
    ),
    "SYSTEMERROR": Code(
        Words(
            "outcome unknown: repeat with the same number and parameters, or query",
            "结果未知：用原单号、原参数重试，或先查询",
        ),
        True,
        True,
    ),
    "SYSTEM_ERROR": Code(
        Words(
            "outcome unknown: repeat with the same number and parameters, or query",
            "结果未知：用原单号、原参数重试，或先查询",
        ),
        True,
        True,
    ),
    "TRADE_ERROR": Code(_QUERY_FIRST),
    "USERPAYING": Code(
        Words("the user is paying: query the order every few seconds", "用户支付中：请每隔几秒查询订单")
    ),
    "USER_PAYING": Code(
        Words("the user is paying: query the order every few seconds", "用户支付中：请每隔几秒查询订单")
    ),
}

_NO_CERTIFICATES = Code(
    Words(
        "this merchant has a platform public key instead of platform certificates: pass it in certs=, by its id",
        "该商户使用微信支付公钥，没有平台证书：请在 certs= 中以公钥 ID 传入公钥",
    )
)
"""Advice of ``GET v3/certificates`` for a merchant whose platform signs with a public key."""

_REASONS: dict[str, str] = {
    "268443699": " (the signature)",
    "268447840": " (calls too frequent)",
    "268498688": " (the same number with other parameters)",
    "268512771": " (no such order)",
}
_NONE: Mapping[str, str] = {}
_OF_FIELDS = ("PARAM_ERROR", "INVALID_REQUEST")
"""Codes of a request with a wrong field."""
_FIELD = re.compile(r"/?[A-Za-z_]\w{0,50}(?:[./][A-Za-z_]\w{0,50}|/[0-9]{1,3}|\[[0-9]{0,3}\]){0,10}", re.ASCII)
_IN_MESSAGE = re.compile(r"[“\"](/[^”\"]*)[”\"]")
_ELSEWHERE = Words(
    "it came from something in between, or the path is wrong", "应答不是平台的错误格式：它来自中间设备，或路径有误"
)


def reason_of(request_id: str | None) -> str | None:
    """Return the numeric reason: the digits after the last dash of ``Request-ID``; None for 0, which is no reason."""
    if request_id is None or "-" not in request_id:
        return None
    number = request_id.rpartition("-")[2]
    return number if number.isdigit() and number.strip("0") else None


def api_error(
    response: Response[Any],
    *,
    name: str,
    about: str,
    verbs: Words,
    misspelt: Callable[[], Words] | None = None,
) -> APIError:
    """
    Build the error of a response that reports a failure.

    Args:
        response: The response.
        name: The verb and the path template.
        about: The title and the official page of the operation.
        verbs: Says which verbs the catalogue has at the path, or that it lacks the path.
        misspelt: Returns a text about misspelt fields of the request; called for errors of fields only.
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
        if status >= 500:
            texts.append("try again later")
    request: Any = response.request
    message = getattr(request, "signed_message", None)
    return build_error(
        response,
        [f"{name}: {code or f'HTTP {status}'}", *texts],
        _NO_CERTIFICATES if (name, code) == ("GET v3/certificates", "RESOURCE_NOT_EXISTS") else CODES.get(code),
        hints=_hints(code, body, status, misspelt),
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
    verbs: Words = NOTHING,
    hints: tuple[Words, ...] = (),
    reasons: Mapping[str, str] = _NONE,
    **more: Any,
) -> APIError:
    """
    Build an error of either protocol.

    *texts* begin its message; *known* has the advice on its code, *hints* what is known of this response.
    """
    status = response.status_code
    busy = status >= 500 or status == 429
    reason = reason_of(response.request_id)
    about_path = (verbs,) if status in {404, 405} else ()
    advice = _joined(*(() if known is None else (known.advice,)), *hints, *about_path)
    parts = [
        *texts,
        advice,
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
        advice=advice,
        **more,
    )


def _joined(*texts: Words) -> Words:
    """Join texts that are not empty."""
    found = [text for text in texts if text]
    return Words("; ".join(found), "；".join(text.zh for text in found))


def _hints(
    code: str, body: Mapping[str, Any] | None, status: int, misspelt: Callable[[], Words] | None
) -> tuple[Words, ...]:
    """Return what is known of a response beyond its code: names of fields, but no value."""
    if not body:
        return (_ELSEWHERE,) if status < 500 else ()
    if code not in _OF_FIELDS:
        return ()
    names = _field_names(body)
    listed = Words(f"field: {', '.join(names)}", f"字段：{'、'.join(names)}") if names else NOTHING
    return (listed, NOTHING if misspelt is None else misspelt())


def _field_names(body: Mapping[str, Any]) -> list[str]:
    """Return the fields that the detail of an error names, otherwise those that its message quotes."""
    detail = body.get("detail")
    given = [each.get("field") for each in (detail if isinstance(detail, list) else [detail]) if isinstance(each, dict)]
    named = [name for name in given if isinstance(name, str) and _FIELD.fullmatch(name)]
    return named or [name for name in _IN_MESSAGE.findall(str(body.get("message"))) if _FIELD.fullmatch(name)]


def _body(response: Response[Any]) -> dict[str, Any] | None:
    try:
        body = JSON.decode(response.content)
    except CodecError:
        return None
    return body if isinstance(body, dict) else None
