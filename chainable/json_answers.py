"""JSON responses: their data, or an error that says what arrived in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.codecs import JSON
from chainable.errors import APIError, CodecError
from chainable.i18n import Words, message_of, translate
from chainable.throttling import header_seconds

if TYPE_CHECKING:
    from chainable.response import Response

__all__ = ["read_json"]


def read_json(response: Response[Any], *, kind: type = dict, any_status: bool = False) -> Any:
    """
    Return the decoded JSON of a response, and set its ``data``.

    Args:
        response: A response whose body was read.
        kind: The type that the decoded body has to have; ``object`` for any. The data of status 204 is None.
        any_status: Return JSON of any HTTP status, for platforms that say in the body what went wrong. Without it,
            only the statuses from 200 to 299 are answers.

    Raises:
        APIError: The HTTP status is not that of an answer. It is ``transient`` for 429 and from 500 on; ``detail`` has
            the decoded body, if it is JSON.
        CodecError: The body is empty, a web page, not JSON or of another type.

    .. versionadded:: 0.1.0
    """
    status = response.status_code
    is_success = 200 <= status < 300
    problem: str | None = None
    data: Any = None
    try:
        data = JSON.decode(response.content)
    except CodecError as error:
        problem = message_of(error)
    if status == 204:
        return response.set_data(None).data
    if problem is None and response.content and (is_success or any_status) and isinstance(data, kind):
        return response.set_data(data).data
    if not is_success:
        raise _status_error(response, data)
    described = _describe(response, problem, data, kind)
    raise CodecError(Words(f"{response.label}: {described}", f"{response.label}：{described.zh}"))


def _describe(response: Response[Any], problem: str | None, data: Any, kind: type) -> Words:
    body = response.content
    if not body:
        return Words("the body of the response is empty", "应答正文为空")
    if problem is None:
        return Words(
            f"the response is JSON of the type {type(data).__name__}, {kind.__name__} was expected",
            f"应答是 {type(data).__name__} 类型的 JSON，应为 {kind.__name__}",
        )
    arrived = f"{response.headers.get('Content-Type') or 'no content type'}, {len(body)} bytes"
    if body.lstrip()[:1] == b"<":
        return Words(
            f"a web page or XML was received in place of JSON ({arrived}): is the address right, "
            "is a proxy, a firewall or a maintenance page in between?",
            f"收到的是网页或 XML，而不是 JSON（{arrived}）：地址是否正确？中间是否有代理、防火墙或维护页面？",
        )
    return Words(f"{problem} ({arrived})", f"{translate(problem, 'zh')}（{arrived}）")


def _status_error(response: Response[Any], data: Any) -> APIError:
    status = response.status_code
    transient = status == 429 or status >= 500
    if status < 400:
        advice = Words("redirects are not followed: is the address right?", "不跟随重定向：地址是否正确？")
    elif transient:
        advice = Words("try again later", "请稍后重试")
    else:
        advice = Words("the request was refused", "请求被拒绝")
    return APIError(
        Words(
            f"{response.label}: HTTP status {status} ({advice})",
            f"{response.label}：HTTP 状态码 {status}（{advice.zh}）",
        ),
        code=str(status),
        status_code=status,
        detail=data,
        transient=transient,
        retry_after=header_seconds(response.headers.get("Retry-After")),
        maybe_sent=not 400 <= status < 500,
        response=response,
    )
