"""
Errors of APIv2: two codes inside a response whose HTTP status is 200.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011984949
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.apiv3.errors import CODES, NOTHING, Code, build_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.errors import APIError
    from chainable.response import Response

__all__ = ["V2_CODES", "api_error", "is_failure"]

_TOP_UP = Code(
    Words(
        "the balance is too low: top up, then repeat with the same number and parameters",
        "余额不足：充值后用原单号、原参数重试",
    ),
    retryable=True,
)

_SIGNATURE = ("SIGNERROR", "SIGN_ERROR", "SIGN_ERR")
"""Codes of a refused signature, by operation."""

V2_CODES: dict[str, Code] = {
    **CODES,
    "APPID_NOT_EXIST": Code(Words("appid is wrong", "appid 有误")),
    "AUTHCODEEXPIRE": Code(
        Words("the payment code has expired: scan the user's code again", "付款码已过期：请重新扫描用户的付款码")
    ),
    "AUTH_CODE_ERROR": Code(
        Words(
            "the payment code is used up or wrong: scan the user's code again",
            "付款码已用过或有误：请重新扫描用户的付款码",
        )
    ),
    "AUTH_CODE_INVALID": Code(
        Words(
            "this is not a payment code of WeChat Pay: scan the user's code again",
            "这不是微信支付的付款码：请重新扫描用户的付款码",
        )
    ),
    "BIZERR_NEED_RETRY": Code(
        Words("the refund stopped half-way: repeat with the same number", "退款中途停止：用原单号重试"),
        retryable=True,
        transient=True,
    ),
    "CERT_ERROR": Code(
        Words(
            "the merchant certificate was refused: is it the one of this merchant, and the newest?",
            "商户证书未通过：请确认是本商户的、且为最新的证书",
        )
    ),
    "FREQ_LIMIT": Code(
        Words("slow down, then repeat with the same number and parameters", "请求过于频繁：放慢后用原单号、原参数重试"),
        retryable=True,
        transient=True,
    ),
    "LACK_PARAMS": Code(Words("a parameter is missing: the message names it", "缺少参数：错误描述中有参数名")),
    "NOAUTH": Code(
        Words("the merchant lacks this permission: apply for it in the console", "商户没有此权限：请在商户平台申请开通")
    ),
    "NOTENOUGH": _TOP_UP,
    "NOT_UTF8": Code(Words("a text is not UTF-8", "有文本不是 UTF-8 编码")),
    "ORDERCLOSED": Code(
        Words("the order is closed: take a new number for a new order", "订单已关闭：请换新单号重新下单")
    ),
    "ORDERNOTEXIST": Code(Words("no such order: check number and merchant", "订单不存在：请检查单号与商户号")),
    "ORDERPAID": Code(Words("the order is paid: it needs no further payment", "订单已支付：无需再付")),
    "ORDERREVERSED": Code(
        Words("the order was reversed: take a new number for a new order", "订单已撤销：请换新单号重新下单")
    ),
    "PARAM_FORMAT_ERROR": Code(Words("correct the field that the message names", "请改正错误描述指出的字段")),
    "POST_DATA_EMPTY": Code(Words("something on the way dropped the body", "请求体在途中丢失")),
    "REQUIRE_POST_METHOD": Code(Words("something on the way turned POST into GET", "POST 在途中变成了 GET")),
    **dict.fromkeys(
        _SIGNATURE,
        Code(
            Words(
                "the signature was refused: error.explain() says what was signed",
                "验签未通过：error.explain() 会列出参与签名的内容",
            )
        ),
    ),
    "XML_FORMAT_ERROR": Code(Words("something on the way changed the body", "请求体在途中被改动")),
}


def is_failure(data: Mapping[str, Any]) -> bool:
    """Return whether a response reports a failure; one without a code does not."""
    return bool(_failed(data))


def api_error(
    response: Response[Any], data: Mapping[str, Any] | None, *, name: str, about: str, verbs: Words = NOTHING
) -> APIError:
    """Build the error of a response that reports a failure; its data is None if the body is not XML."""
    status = response.status_code
    data = {} if data is None else data
    text = _first(data, "err_code_des", "error_code_des", "err_msg", "return_msg", "result_msg", "retmsg", "errmsg")
    code = _first(data, "err_code", "error_code", "retcode", "errcode") or _failed(data) or str(status)
    known = V2_CODES.get(code)
    about_signature = code in _SIGNATURE or "签名" in text
    parameters = getattr(response.request, "parameters", None)
    return build_error(
        response,
        [
            f"{name}: {code if data else f'HTTP {status}'}",
            text if data else f"a response without the platform's error form ({len(response.content)} bytes)",
            "error.explain() says what was signed" if about_signature and known is None else "",
        ],
        known,
        about=about,
        verbs=verbs,
        code=code,
        sentence=text or None,
        detail=dict(data) or None,
        pending=code == "USERPAYING",
        explain=(lambda: _explain(parameters or {})) if about_signature else None,
    )


def _first(data: Mapping[str, Any], *names: str) -> str:
    return next((str(data[name]) for name in names if data.get(name)), "")


def _failed(data: Mapping[str, Any]) -> str:
    """Return the code in place of SUCCESS, usually ``FAIL``; empty if there is none."""
    codes = (data.get(name) for name in ("return_code", "result_code"))
    return next((str(code) for code in codes if code and code != "SUCCESS"), "")


def _explain(parameters: Mapping[str, str]) -> Words:
    names = [name for name in sorted(parameters) if parameters[name] and name != "sign"]
    empty = [name for name in parameters if not parameters[name]]
    kind, signed, left_out = parameters.get("sign_type") or "MD5", ", ".join([*names, "key"]), ", ".join(empty)
    lines = [
        Words(f"Signed with {kind}, in this order: {signed}.", f"签名方式 {kind}，参与签名的参数依次为：{signed}。"),
        *([Words(f"Left out as empty: {left_out}.", f"值为空、未参与签名：{left_out}。")] if empty else ()),
        Words(
            "The platform does not say what it signed. The usual causes, the likeliest first:",
            "平台没有给出它的签名串。常见原因，最可能的在前：",
        ),
        Words(
            "1. secret= is not the APIv2 key of this merchant number: it is set apart from the APIv3 key in the console,\n"
            "   and after a change the old one no longer counts.",
            "1. secret 不是该商户号的 APIv2 密钥：它与 APIv3 密钥分开设置，修改后旧密钥立即失效。",
        ),
        Words(
            "2. The algorithm: some operations take MD5 only, profit sharing HMAC-SHA256 only.",
            "2. 签名算法不对：有些接口只支持 MD5，分账只支持 HMAC-SHA256。",
        ),
        Words(
            "3. Something on the way (a forwarder, a proxy) rewrote the body.",
            "3. 请求体在途中被转发或代理改写。",
        ),
    ]
    return Words("\n".join(lines), "\n".join(line.zh for line in lines))
