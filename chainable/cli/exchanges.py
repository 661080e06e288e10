"""One call, shown: what was signed, what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import as_json
from chainable.cli.output import as_text, put_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import requests

    from chainable.cli.redaction import Redactor
    from chainable.response import Response

__all__ = ["put_answer", "put_signed"]


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
        lines += ["", "signed message:", *_text(message).removesuffix("\n").split("\n")]
    elif covered is not None:
        lines += ["", "signed parameters, sorted:"]
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
    state = ", verified" if response.verified else ""
    rest = ", pending: neither failed nor done" if response.pending else ""
    click.echo(f"{response.status_code}{state}{rest}, request id {response.request_id or '-'}", err=True)
    if shown is not None:
        click.echo(shown if isinstance(shown, str) else as_text(shown))


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = f"the answer is a file of {len(data)} bytes: say where it goes with --output FILE"
        raise click.UsageError(msg) from None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
