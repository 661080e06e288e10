"""``taobao-top request``: any call, from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli import values
from chainable.cli.commands import Argument, Command, Option, json_option, usage
from chainable.cli.exchanges import exchanged, given, put_answer, put_signed, request_options
from chainable.cli.words import Words
from taobao_top import catalogue
from taobao_top.cli.clients import client_of, env_option, redactor_of
from taobao_top.signing import signed_parts

if TYPE_CHECKING:
    from requests import PreparedRequest

    from chainable.cli.redaction import Redactor

__all__ = ["request"]


def _methods(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return sorted(name for name in catalogue.methods() if name.startswith(incomplete))


@click.command(
    "request",
    cls=Command,
    help="Call a method.\n\nMETHOD is its name (taobao.time.get). Values of -d are JSON where they are JSON, else text; "
    "name:=JSON takes any JSON.",
    zh="调用接口。\n\nMETHOD 为接口名（taobao.time.get）。-d 的值能按 JSON 解析则为 JSON，否则为文本；"
    "name:=JSON 可写任意 JSON。",
)
@click.argument("method", shell_complete=_methods, cls=Argument)
@request_options
@click.option(
    "--session", cls=Option, help="A seller's session, in place of the setting.", zh="卖家授权 session，替代配置。"
)
@click.option(
    "--format", "form", type=click.Choice(["json", "xml"]), cls=Option, help="Format of the answer.", zh="应答格式。"
)
@click.option("--simplify", is_flag=True, cls=Option, help="Ask for plain lists and no root.", zh="请求简化的应答。")
@env_option
@json_option
def request(
    method: str,
    data: tuple[str, ...],
    files: tuple[str, ...],
    session: str | None,
    form: str | None,
    header: tuple[str, ...],
    output: Path | None,
    *,
    simplify: bool,
    verbose: bool,
    env: Path | None,
) -> None:
    """Make one call and print the answer."""
    known = catalogue.method(method)
    types = {} if known is None else known.types

    def kind(path: tuple[str, ...]) -> str | None:
        return "string" if len(path) == 1 and types.get(path[0]) in {"String", "Json", "Date"} else None

    business = values.body(data, kind) or {}
    if not isinstance(business, dict):
        raise usage(
            Words(
                "-d: names with values were expected, not a list or a single value",
                "-d：应为名称与值，而不是列表或单个值",
            )
        )
    parameters: dict[str, Any] = dict(business)
    redactor = redactor_of(env, parameters | {"session": session})
    parameters |= {name: Path(file) for name, file in values.pairs(files, "-F").items()}
    options: dict[str, Any] = {
        "session": session,
        "format": form,
        "headers": values.headers(header, "-H") or None,
        "simplify": simplify or None,
    }
    with client_of(env) as top:
        response = exchanged(
            lambda: top[method].post(parameters, **given(options)),
            redactor,
            (lambda sent: _put_signed(sent, redactor)) if verbose else None,
        )
        put_answer(response, response.data, output)


def _put_signed(request: PreparedRequest | None, redactor: Redactor) -> None:
    put_signed(request, redactor, None if request is None else signed_parts(request)[0])
