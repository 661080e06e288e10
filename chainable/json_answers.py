"""JSON responses: their data, or an error that says what arrived in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.codecs import JSON
from chainable.errors import APIError, CodecError
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
        problem = str(error)
    if status == 204:
        return response.set_data(None).data
    if problem is None and response.content and (is_success or any_status) and isinstance(data, kind):
        return response.set_data(data).data
    if not is_success:
        raise _status_error(response, data)
    raise CodecError(f"{response.label}: {_describe(response, problem, data, kind)}")


def _describe(response: Response[Any], problem: str | None, data: Any, kind: type) -> str:
    body = response.content
    if not body:
        return "the body of the response is empty"
    if problem is None:
        return f"the response is JSON of the type {type(data).__name__}, {kind.__name__} was expected"
    arrived = f"{response.headers.get('Content-Type') or 'no content type'}, {len(body)} bytes"
    if body.lstrip()[:1] == b"<":
        return (
            f"a web page or XML was received in place of JSON ({arrived}): is the address right, "
            "is a proxy, a firewall or a maintenance page in between?"
        )
    return f"{problem} ({arrived})"


def _status_error(response: Response[Any], data: Any) -> APIError:
    status = response.status_code
    transient = status == 429 or status >= 500
    if status < 400:
        advice = "redirects are not followed: is the address right?"
    elif transient:
        advice = "try again later"
    else:
        advice = "the request was refused"
    return APIError(
        f"{response.label}: HTTP status {status} ({advice})",
        code=str(status),
        status_code=status,
        detail=data,
        transient=transient,
        retry_after=header_seconds(response.headers.get("Retry-After")),
        maybe_sent=not 400 <= status < 500,
        response=response,
    )
