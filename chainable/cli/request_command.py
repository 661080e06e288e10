"""The command ``request`` of both command lines: options, the call, the signed text, the response."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import add_options, as_json, option
from chainable.cli.exit_codes import Failure, error_text
from chainable.cli.i18n import Words, echo, localized
from chainable.cli.output import print_json
from chainable.cli.overwriting import check_output_path, overwrite_option
from chainable.errors import APIError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from chainable.cli.redaction import Redactor
    from chainable.response import Response

__all__ = ["print_response", "print_signed", "request_options", "send_request", "without_none"]


request_options = add_options(
    option(
        "-d",
        "--data",
        multiple=True,
        help=Words(
            "Request parameters: name.inner=value, name:=JSON, @file.json or -.",
            "请求参数：a.b=1、a:=JSON、@file.json 或 -。",
        ),
    ),
    option("-H", "--header", multiple=True, help=Words("Request header: 'Name: value'.", "请求头 'Name: value'。")),
    option(
        "-F",
        "--file",
        "files",
        multiple=True,
        help=Words("File to upload: name=path.", "上传文件：name=path。"),
    ),
    option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=check_output_path,
        help=Words("Save the response body to this file.", "把应答体保存到此文件。"),
    ),
    overwrite_option,
    option(
        "-v",
        "--verbose",
        is_flag=True,
        help=Words("Show the request and the signed text, secrets redacted.", "显示请求与签名原文，隐去密钥。"),
    ),
)
"""The options of every call: ``data``, ``header``, ``files``, ``output``, ``verbose``."""


def without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have a value."""
    return {name: value for name, value in options.items() if value is not None}


def send_request(
    send: Callable[[], Response[Any]],
    redactor: Redactor,
    show: Callable[[requests.PreparedRequest | None], None] | None = None,
    describe: Callable[[APIError | SignatureError], str] = error_text,
) -> Response[Any]:
    """
    Make a call; a refusal, a wrong signature or wrong parameters raise Failure.

    Args:
        send: Makes the call.
        redactor: Removes secrets from errors.
        show: Called with the request that was sent, after success and failure.
        describe: Returns the text for the platform's error.
    """
    try:
        response = send()
    except (APIError, SignatureError) as error:
        if show is not None:
            show(None if error.response is None else error.response.request)
        raise Failure(error, as_json=as_json(), message=redactor(describe(error))) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise Failure(error, as_json=as_json(), message=redactor(error_text(error))) from error
    if show is not None:
        show(response.request)
    return response


def print_signed(
    request: requests.PreparedRequest | None, redactor: Redactor, parameters: Mapping[str, str] | None = None
) -> None:
    """
    Print a request and the text its signature covers on the error stream, without secrets.

    *parameters* are the signed ones, those of the request if None.
    """
    if request is None or request.method is None:
        return
    lines = [f"> {request.method} {request.url}"]
    lines += [f"> {name}: {_text(value)}" for name, value in (request.headers or {}).items()]
    message: bytes | None = getattr(request, "signed_message", None)
    covered = getattr(request, "parameters", None) if parameters is None else parameters
    if message is not None:
        lines += ["", localized(Words("signed message:", "签名原文：")), *_text(message).removesuffix("\n").split("\n")]
    elif covered is not None:
        lines += ["", localized(Words("signed parameters, sorted:", "参与签名的参数（已排序）："))]
        lines += [f"{name}={value}" for name, value in sorted(covered.items()) if value]
    click.echo(redactor("\n".join([*lines, ""])), err=True)


def print_response(response: Response[Any], data: Any, output: Path | None) -> None:
    """Print a response: JSON as JSON, text as text; with *output*, save its bytes there."""
    shown = data
    if output is not None:
        output.write_bytes(response.content)
        shown = {"saved": str(output), "bytes": len(response.content)}
    elif isinstance(data, bytes):
        shown = _decoded(data)
    if as_json():
        print_json(
            {
                "status_code": response.status_code,
                "request_id": response.request_id,
                "verified": response.verified,
                "pending": response.pending,
                "data": shown,
            }
        )
        return
    echo(_status_line(response), err=True)
    if isinstance(shown, str):
        click.echo(shown)
    elif shown is not None:
        print_json(shown)


def _status_line(response: Response[Any]) -> Words:
    english, chinese = str(response.status_code), str(response.status_code)
    if response.verified:
        english, chinese = english + ", verified", chinese + "，验签通过"
    if response.pending:
        english, chinese = english + ", pending: not final yet", chinese + "，处理中：结果未定"
    number = response.request_id or "-"
    return Words(f"{english}, request id {number}", f"{chinese}，请求号 {number}")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = Words(
            f"the response is a file of {len(data)} bytes: save it with --output FILE",
            f"应答是 {len(data)} 字节的文件：请用 --output FILE 指定保存位置",
        )
        raise click.UsageError(msg) from None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
