"""
A call of APIv3, from what the user wrote to the bytes that leave, and back.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081606
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from chainable.call import Call
from chainable.codecs import JSON, digits
from chainable.errors import ChainableError, CodecError
from chainable.masking import without_frames_of
from chainable.times import beijing
from wechatpay.apiv3.sealing import Sealing
from wechatpay.echoes import echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.response import Response
    from wechatpay.client import WeChatPay
    from wechatpay.request import Wanted

__all__ = ["answer", "prepare"]


def prepare(client: WeChatPay, wanted: Wanted) -> Call:
    """
    Write the call, encrypted where it has to be, once for all attempts.

    Raises:
        TypeError: An option does not fit this call.
        CodecError: A value cannot be written.
    """
    operation = wanted.operation
    wanted.refuse("xml", "APIv3 speaks JSON: give json={…}")
    wanted.refuse_plain()
    headers = wanted.headers
    given = next((headers.pop(name) for name in list(headers) if name.lower() == "wechatpay-serial"), None)
    integers = operation.integer_fields.get("json") if operation else None
    sealing = Sealing(client.certificates, given, integers, client.own_serial())
    query = _query(wanted.params, sealing)
    body: bytes | None = wanted.data
    signed_body: bytes | None = None
    if wanted.files is not None:
        from wechatpay.files.uploads import multipart

        upload = multipart(operation, wanted.files, wanted.json, sealing.json)
        body, signed_body = upload.body, upload.signed_body
        headers.setdefault("Content-Type", upload.content_type)
    elif wanted.json is not None:
        body = sealing.json(wanted.json)
    if body is not None:
        headers.setdefault("Content-Type", JSON.content_type)
    headers.setdefault("Accept", "application/json")
    unsigned_answer = operation is not None and operation.unsigned_answer
    if wanted.stream and not (unsigned_answer or (operation and operation.digest_header)):
        msg = "stream: this answer is signed as a whole, so it is read as a whole; stream=True is for file downloads"
        raise TypeError(msg)
    headers["Wechatpay-Serial"] = sealing.serial()
    return Call(
        verb=wanted.verb,
        label=wanted.label,
        urls=wanted.urls(query),
        headers=headers,
        body=body,
        signer=client.signer_for(wanted),
        verifier=client.verifier_for(wanted),
        answer=answer(client, wanted),
        signed_body=signed_body,
        repeatable=wanted.repeatable(),
        timeout=wanted.timeout,
        retries=wanted.retries,
        deadline=wanted.deadline,
        unsigned=unsigned_answer,
        stream=wanted.stream,
        verify=wanted.verify,
        certificate=wanted.certificate,
    )


def fetch(client: WeChatPay, wanted: Wanted, serial: str | None) -> Call:
    """
    Ask for the platform's certificates.

    Args:
        client: The merchant's client.
        wanted: The operation.
        serial: What ``Wechatpay-Serial`` says; None for the very first time, when no key is known.

    Returns:
        A call whose answer is not verified here: the store does it, with what the answer brings.
    """
    headers = {"Accept": "application/json"}
    if serial is not None:
        headers["Wechatpay-Serial"] = serial
    return Call(
        verb=wanted.verb,
        label=wanted.label,
        urls=wanted.urls(),
        headers=headers,
        body=None,
        signer=client.signer_for(wanted),
        verifier=None,
        answer=answer(client, wanted),
        repeatable=True,
        timeout=wanted.timeout,
        retries=wanted.retries,
        deadline=wanted.deadline,
    )


def _query(params: Any, sealing: Sealing) -> str:
    if params is None:
        return ""
    if not hasattr(params, "items"):
        msg = f"params: a mapping was expected, not {type(params).__name__}"
        raise TypeError(msg)
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if not isinstance(name, str):
            msg = f"params: the name {name!r} is no text"
            raise CodecError(msg)
        values = value if isinstance(value, list | tuple) else (value,)
        pairs += [(name, _text(name, sealing.text(name, each))) for each in values if each is not None]
    try:
        return urlencode(pairs, quote_via=quote)
    except UnicodeEncodeError:
        raise CodecError("params: a text contains a lone surrogate, which no UTF-8 can carry") from None


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal) and value.is_finite():
        return digits(value, ((None, "params"), name))
    if isinstance(value, datetime):
        return beijing(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    msg = f"params: {name}: a {type(value).__name__} has no form in a query; give text, an int or a Decimal"
    raise CodecError(msg)


def answer(client: WeChatPay, wanted: Wanted) -> Callable[[Response[Any]], Response[Any]]:
    """Give what turns a checked response into the user's answer, or raises the refusal."""
    operation = wanted.operation
    asked = echo(wanted) if operation is not None and operation.echoes else None

    @without_frames_of(ChainableError)
    def read(response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        client.learn_clock(response)
        if not 200 <= response.status_code < 300:
            from wechatpay.apiv3.errors import refusal

            about = "" if operation is None else f"{operation.title} {operation.page or ''}".strip()
            raise refusal(response, name=f"{wanted.verb} {wanted.label}", about=about, verbs=wanted.known_verbs())
        response.pending = response.status_code == 202
        if wanted.stream:
            return response
        data = _decoded(response, None if operation is None else operation.answer)
        if asked is not None and response.verified:
            asked.check(response, data)
        fields = {} if operation is None else operation.encrypted_answer_fields
        return response.take(data, lambda value: client.opened(value, fields))

    return read


def _decoded(response: Response[Any], expected: str | None) -> Any:
    body = response.content
    if not body:
        return None
    kind = response.headers.get("Content-Type", "")
    # Some JSON answers arrive as text/plain, so the beginning of the body counts as well.
    if "json" in kind or (expected != "binary" and body.lstrip()[:1] in {b"{", b"["}):
        try:
            return JSON.decode(body)
        except CodecError:
            if expected is None and "json" not in kind:
                return body
            raise
    return body
