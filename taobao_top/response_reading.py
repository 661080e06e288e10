"""
What a response is: the answer to a method, a refusal, or neither.

An answer stands under the root ``…_response``, or under ``response`` where
the catalogue says so.  Whatever else arrives under status 200, such as a page
of a firewall or the JSON of a risk control, is an error: an outage must not
look like a shop without orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from chainable.errors import CodecError
from chainable.i18n import Words, translate
from chainable.spelling import similar_names
from chainable.throttling import header_seconds
from taobao_top import catalogue
from taobao_top.errors import BUSINESS, TopError, rule_of, top_error
from taobao_top.response_parsing import ERROR, json_fields, open_json, read
from taobao_top.response_shapes import RESPONSE, unwrapped

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from taobao_top.call_options import CallOptions
    from taobao_top.method_info import MethodInfo
    from taobao_top.response import TopResponse
    from taobao_top.settings import Settings

__all__ = [
    "AnsweredCall",
    "ResponseError",
    "answer_in",
    "foreign_refusal",
    "http_error",
    "open_members",
    "read_payload",
    "refusal_error",
    "refused",
    "unreadable",
]

_CODES = ("code", "error_code", "errorCode", "err_code", "errCode", "error")
_MESSAGES = ("message", "msg", "error_message", "errorMessage", "error_msg", "errorMsg", "error_description", "errMsg")
_SUB_MESSAGES = ("sub_msg", "sub_message", "subMessage")
_IDS = ("request_id", "requestId")
_NO_SUCH_METHOD = "22"
_FINE = frozenset({"0", "200", "ok", "success"})
"""Codes of other platforms that are no refusal."""
_ORIGINS = frozenset({"ISV", "ISP", "SYSTEM"})
"""Whom the refusals of the gateway at ``/sync`` blame."""
_RISK = frozenset({"rgv587_flag", "x5secdata", "x5_punish_param"})
"""Members of the JSON with which the risk control asks for a captcha."""


class AnsweredCall(Protocol):
    """What reading a response needs to know of its call."""

    info: MethodInfo
    options: CallOptions
    settings: Settings

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent twice."""
        ...


class ResponseError(TopError, CodecError):
    """
    A response that is neither an answer to the called method nor a refusal.

    ``response`` has what arrived.  ``maybe_sent`` is True: a write may have
    been carried out, ask for its state before it is repeated.

    .. versionadded:: 0.1.0
    """


def unreadable(response: TopResponse[Any], what: str, zh: str) -> ResponseError:
    """Build the error for a response that is not an answer, and say why."""
    if response.stored:
        message = Words(f"{response.method}: {what}", f"{response.method}：{zh}")
    else:
        message = Words(
            f"{response.method}: {what} (a write may have been carried out: ask for its state first; see .response)",
            f"{response.method}：{zh}（写操作可能已经执行：请先查询状态；应答见 .response）",
        )
    return ResponseError(
        message,
        status_code=response.status_code,
        request_id=response.request_id,
        maybe_sent=not response.stored,
        response=response,
    )


def read_payload(body: bytes, response: TopResponse[Any], spec: AnsweredCall) -> dict[str, Any]:
    """
    Parse the body of a call's response, whatever its root.

    Raises:
        TopError: It cannot be parsed; a ResponseError under status 200.
    """
    shape = spec.info.shape
    known = {} if shape is None else shape.outer
    try:
        return read(body, response.headers.get("Content-Type"), known, simplify=spec.options.simplify)
    except CodecError as error:
        if not 200 <= response.status_code < 300:
            raise http_error(response, repeatable=spec.repeatable) from None
        raise unreadable(response, str(error), "应答无法解析，不是网关的应答") from None


def answer_in(payload: dict[str, Any], response: TopResponse[Any], spec: AnsweredCall, *, xml: bool) -> dict[str, Any]:
    """
    Return the answer in a parsed response, and set the request id.

    Args:
        payload: The whole response.
        response: Its status counts; gets the request id.
        spec: The call.
        xml: Whether it came as XML, which has a root in any case.

    Raises:
        TopError: It is a refusal, in whichever form, or its status is an error.
        ResponseError: It is not an answer to this method.
    """
    refusal = payload.get(ERROR)
    if isinstance(refusal, dict):
        response.request_id = _id(payload) or _id(refusal)
        raise refused(refusal, response, spec)
    ok = 200 <= response.status_code < 300
    if ok and payload.keys() == {ERROR}:
        what = "the response is a refusal that cannot be read: its error_response is not an object"
        raise unreadable(response, what, "应答是无法解析的错误：error_response 不是对象")
    data = _content(payload, spec, rootless=spec.options.simplify and not xml) if ok else None
    if data is None:
        raise _not_an_answer(payload, response, spec)
    response.request_id = _id(data) or (None if data is payload else _id(payload))
    failure = _qimen_refusal(data)
    if failure is not None:
        raise refused(failure, response, spec)
    return data


def _content(payload: dict[str, Any], spec: AnsweredCall, *, rootless: bool) -> dict[str, Any] | None:
    """Return the content of the root, or the payload that may do without one; None if it is not an answer."""
    info = spec.info
    shape = info.shape
    wrapped = shape is not None and shape.wrapped
    data = payload.get(info.root)
    if isinstance(data, dict):
        return unwrapped(data, RESPONSE) if wrapped else data
    if shape is None and len(payload) == 1:
        # The platform's own clients take any root, and the catalogue cannot contradict it for this method.
        name, data = next(iter(payload.items()))
        if name.endswith("_response") and isinstance(data, dict):
            return data
    data = payload.get(RESPONSE)
    # A custom method of qimen, which the catalogue cannot know, is answered by another app.
    if isinstance(data, dict) and (shape is None or wrapped or spec.options.target_app_key is not None):
        return unwrapped(payload, RESPONSE)
    if not rootless or not payload or _is_foreign(payload, () if shape is None else shape.members):
        return None
    if shape is not None and not shape.members.keys().isdisjoint(payload):
        return payload
    # Without a root, only its members or its id tell an answer.
    known = ERROR not in payload and info.root not in payload and _id(payload) is not None
    return payload if known and foreign_refusal(payload) is None else None


def _is_foreign(payload: dict[str, Any], own: Container[str]) -> bool:
    """
    Return whether a payload without a root is of another gateway, or a risk control.

    Args:
        payload: The payload.
        own: The members of the method's answers; none if they are unknown.
    """
    if "ret" in payload and "ret" not in own and isinstance(payload["ret"], list):
        return True
    if "type" in payload and "type" not in own and str(payload["type"]) in _ORIGINS and "code" in payload:
        return True
    return not _RISK.isdisjoint(payload)


def _not_an_answer(payload: dict[str, Any], response: TopResponse[Any], spec: AnsweredCall) -> TopError:
    refusal = foreign_refusal(payload)
    inner = next((value for value in payload.values() if isinstance(value, dict)), {})
    response.request_id = _id(payload) or _id(inner)
    if refusal is not None:
        return refused(refusal, response, spec)
    if not 200 <= response.status_code < 300:
        return http_error(response, repeatable=spec.repeatable)
    if not _RISK.isdisjoint({*payload, *inner}):
        what = (
            "the response is that of a risk control, which asks for a captcha: call less often, or from another address"
        )
        return unreadable(response, what, "应答来自风控（要求滑块验证）：请降低调用频率，或更换出口地址")
    root = spec.info.root
    what = f"the response has no root {root!r}: a firewall, a proxy or another gateway answered"
    return unreadable(response, what, f"应答没有根节点 {root!r}：可能来自防火墙、代理或其他网关")


def foreign_refusal(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return a refusal in the form of another gateway as the members of an ``error_response``; None if there is none.

    Known are ``{"type", "code", "message", "request_id"}`` of the gateways of AliExpress and Lazada, ``{"error_code",
    "error_message"}`` of 1688, OAuth's ``{"error", "error_description"}`` and ``{"ret": ["CODE::text"]}`` of mtop.
    Numbers are codes of TOP only where a gateway of the platform says so by ``type``; elsewhere ``foreign`` is set:
    the 7 of another service does not mean that nothing was done.
    """
    inner = [value for value in payload.values() if isinstance(value, dict)] if len(payload) == 1 else []
    for found in (payload, *inner):
        ret = found.get("ret")
        if isinstance(ret, list) and ret and isinstance(ret[0], str) and "::" in ret[0]:
            code, _, message = ret[0].partition("::")
        else:
            code, message = _first(found, _CODES), _first(found, _MESSAGES)
        if code and message and code.lower() not in _FINE:
            return {
                "code": code,
                "msg": message,
                "sub_code": _first(found, ("sub_code", "subCode")),
                "sub_msg": _first(found, _SUB_MESSAGES),
                "request_id": _id(found) or "",
                **({"foreign": True} if code.isdecimal() and str(found.get("type")) not in _ORIGINS else {}),
            }
    return None


def _first(found: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = found.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def _qimen_refusal(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return the refusal of the gateway in qimen's form; None for an answer, failures of the business included.

    Both have ``flag`` ``failure``: the gateway's own have one of its codes or a sub code.
    """
    inner = data.get(RESPONSE)
    found = inner if isinstance(inner, dict) else data
    if str(found.get("flag")).strip().lower() not in {"failure", "fail", "false"}:
        return None
    code, sub_code = _first(found, ("code",)), _first(found, ("sub_code",))
    if not sub_code and rule_of(code, code) is BUSINESS:
        return None
    return {
        "code": code,
        "msg": _first(found, _MESSAGES),
        "sub_code": sub_code or ("" if code.isdecimal() else code),
        "sub_msg": _first(found, _SUB_MESSAGES),
        "request_id": _id(found) or "",
    }


def refused(error: Mapping[str, Any], response: TopResponse[Any], spec: AnsweredCall) -> TopError:
    """Build the error of a refusal from the members of its ``error_response``."""
    return refusal_error(error, response, spec.settings, repeatable=spec.repeatable)


def refusal_error(
    error: Mapping[str, Any], response: TopResponse[Any], settings: Settings, *, repeatable: bool
) -> TopError:
    """Build the error of a refusal, of one call or of a whole batch."""
    from taobao_top.sign_error import explanation

    refusal = top_error(
        error,
        method=response.method,
        repeatable=repeatable,
        now=settings.clock,
        request_id=response.request_id,
        response=response,
        explain=lambda rule: explanation(rule, response, settings.signer),
    )
    if refusal.code == _NO_SUCH_METHOD:
        near = similar_names(response.method, settings.catalogue.methods())
        if near and repr(near[0]) not in str(refusal):  # the sandbox suggests it itself
            chinese = translate(refusal.args[0], "zh")
            hint = f"{refusal}; did you mean {' or '.join(map(repr, near))}?"
            refusal.args = (Words(hint, f"{chinese}；是否为 {' 或 '.join(near)}？"),)
    return refusal


def http_error(response: TopResponse[Any], *, repeatable: bool) -> TopError:
    """Build the error of a response with an error status and an unreadable body."""
    status = response.status_code
    advice = Words("this is not a response of the gateway itself", "这不是网关本身的应答")
    if status < 400:
        advice = Words(
            "redirects are not followed: is the gateway's address right?", "不跟随重定向：网关地址是否正确？"
        )
    return TopError(
        Words(
            f"{response.method}: HTTP status {status} ({advice})",
            f"{response.method}：HTTP 状态码 {status}（{advice.zh}）",
        ),
        status_code=status,
        request_id=response.request_id,
        retryable=repeatable and (status >= 500 or status == 429),
        retry_after=header_seconds(response.headers.get("Retry-After")),
        response=response,
    )


def open_members(data: Any, response: TopResponse[Any], decode: bool | Sequence[str]) -> None:
    """
    Decode the members that hold JSON text.

    Args:
        data: The answer; changed in place.
        response: Its response, for the error.
        decode: The dotted paths; True for those of the catalogue.
    """
    if isinstance(decode, bool):
        method = catalogue.method(response.method)
        decode = () if method is None else tuple(json_fields(method.response))
    try:
        for path in decode:
            open_json(data, path)
    except CodecError as error:
        raise unreadable(response, str(error), f"应答的成员不是 JSON：{error}") from None


def _id(data: Mapping[str, Any]) -> str | None:
    for name in _IDS:
        found = data.get(name)
        if found and isinstance(found, str):
            return found
    return None
