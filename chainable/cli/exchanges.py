"""The command ``request`` in both command lines: one call, what was signed for it, what came back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Option, as_json
from chainable.cli.outcomes import Failure
from chainable.cli.output import as_text, put_json
from chainable.cli.overwriting import may_write, replacing_option
from chainable.cli.words import Words, say, spoken
from chainable.errors import APIError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from chainable.cli.redaction import Redactor
    from chainable.response import Response

__all__ = ["exchanged", "given", "put_answer", "put_signed", "request_options"]


def request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what every call takes: ``data``, ``header``, ``files``, ``output``, ``verbose``."""
    for option in reversed(
        (
            click.option(
                "-d",
                "--data",
                multiple=True,
                cls=Option,
                help="name.inner=value, @file.json or -.",
                zh="请求参数：a.b=1、@file.json 或 -。",
            ),
            click.option(
                "-H", "--header", multiple=True, cls=Option, help="'Name: value'.", zh="请求头 'Name: value'。"
            ),
            click.option(
                "-F",
                "--file",
                "files",
                multiple=True,
                cls=Option,
                help="A file to upload: name=path.",
                zh="上传文件 name=path。",
            ),
            click.option(
                "-o",
                "--output",
                type=click.Path(dir_okay=False, path_type=Path),
                callback=may_write,
                cls=Option,
                help="Save the body here.",
                zh="把应答体存到此文件。",
            ),
            replacing_option,
            click.option(
                "-v",
                "--verbose",
                is_flag=True,
                cls=Option,
                help="Show what was signed; secrets are left out.",
                zh="显示被签名的内容，隐去密钥。",
            ),
        )
    ):
        function = option(function)
    return function


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that have a value."""
    return {name: value for name, value in options.items() if value is not None}


def exchanged(
    send: Callable[[], Response[Any]],
    redactor: Redactor,
    show: Callable[[requests.PreparedRequest | None], None] | None = None,
    told: Callable[[APIError | SignatureError], str] = str,
) -> Response[Any]:
    """
    Make a call.

    Args:
        send: Makes it.
        redactor: Takes the secrets out of what went wrong.
        show: Is given what left, whether the call went well or not; None keeps quiet.
        told: Says what the platform's error is.

    Raises:
        Failure: The platform refused, the answer is not its own, or the parameters do not fit the call.
    """
    try:
        response = send()
    except (APIError, SignatureError) as error:
        if show is not None:
            show(None if error.response is None else error.response.request)
        raise Failure(error, as_json=as_json(), told=redactor(told(error))) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise Failure(error, as_json=as_json(), told=redactor(str(error))) from error
    if show is not None:
        show(response.request)
    return response


def put_signed(
    request: requests.PreparedRequest | None, redactor: Redactor, parameters: Mapping[str, str] | None = None
) -> None:
    """
    Print on the error stream what left and what its signature covers, without secrets.

    Args:
        request: What left; nothing is printed without one.
        redactor: Takes the secrets out.
        parameters: What the signature covers, where the request does not tell it.
    """
    if request is None or request.method is None:
        return
    lines = [f"> {request.method} {request.url}"]
    lines += [f"> {name}: {_text(value)}" for name, value in (request.headers or {}).items()]
    message: bytes | None = getattr(request, "signed_message", None)
    covered = getattr(request, "parameters", None) if parameters is None else parameters
    if message is not None:
        lines += ["", spoken(Words("signed message:", "签名原文：")), *_text(message).removesuffix("\n").split("\n")]
    elif covered is not None:
        lines += ["", spoken(Words("signed parameters, sorted:", "参与签名的参数（已排序）："))]
        lines += [f"{name}={value}" for name, value in sorted(covered.items()) if value]
    click.echo(redactor("\n".join([*lines, ""])), err=True)


def put_answer(response: Response[Any], data: Any, output: Path | None) -> None:
    """
    Print an answer: JSON as JSON, text as text; or save its bytes in *output*.

    Raises:
        click.UsageError: It is a file, and nobody said where it goes.
    """
    shown = data
    if output is not None:
        output.write_bytes(response.content)
        shown = {"saved": str(output), "bytes": len(response.content)}
    elif isinstance(data, bytes):
        shown = _decoded(data)
    if as_json():
        put_json(
            {
                "status_code": response.status_code,
                "request_id": response.request_id,
                "verified": response.verified,
                "pending": response.pending,
                "data": shown,
            }
        )
        return
    say(_status_line(response), err=True)
    if shown is not None:
        click.echo(shown if isinstance(shown, str) else as_text(shown))


def _status_line(response: Response[Any]) -> Words:
    english, chinese = str(response.status_code), str(response.status_code)
    if response.verified:
        english, chinese = english + ", verified", chinese + "，验签通过"
    if response.pending:
        english, chinese = english + ", pending: neither failed nor done", chinese + "，处理中：未失败也未完成"
    number = response.request_id or "-"
    return Words(f"{english}, request id {number}", f"{chinese}，请求号 {number}")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = Words(
            f"the answer is a file of {len(data)} bytes: say where it goes with --output FILE",
            f"应答是 {len(data)} 字节的文件：请用 --output FILE 指定保存位置",
        )
        raise click.UsageError(msg) from None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
