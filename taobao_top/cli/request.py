"""``taobao-top request``: make any call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli import request_items
from chainable.cli.commands import argument, command, json_option, option, usage_error
from chainable.cli.i18n import Words
from chainable.cli.request_command import print_response, print_signed, request_options, send_request, without_none
from taobao_top import catalogue
from taobao_top.cli.client_options import env_option, make_client, make_redactor
from taobao_top.parameter_names import UnknownParameterError
from taobao_top.signing import signed_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from chainable.cli.redaction import Redactor

__all__ = ["request"]


def _methods(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return sorted(name for name in catalogue.methods() if name.startswith(incomplete))


@command(
    "request",
    help=Words(
        "Call a method.\n\nMETHOD is its name (taobao.time.get). Values of -d are JSON if they parse, else text; "
        "name:=JSON takes any JSON.",
        "调用接口。\n\nMETHOD 为接口名（taobao.time.get）。-d 的值能解析为 JSON 则按 JSON，否则按文本；"
        "name:=JSON 可写任意 JSON。",
    ),
    examples=(
        "taobao-top request taobao.time.get --env top.env",
        "taobao-top request taobao.user.seller.get -d fields=user_id,nick -v --env top.env",
    ),
)
@argument("method", shell_complete=_methods)
@request_options
@option("--session", help=Words("Session of a seller; default: the setting.", "卖家授权的 session，默认取配置。"))
@option("--format", "form", type=click.Choice(["json", "xml"]), help=Words("Format of the response.", "响应格式。"))
@option(
    "--simplify",
    is_flag=True,
    help=Words("Request the simplified format: no root, plain lists.", "请求简化格式的响应：没有根节点，列表不嵌套。"),
)
@option(
    "--unknown",
    is_flag=True,
    help=Words("Send parameters that the catalogue does not have, too.", "也发送接口目录中没有的参数。"),
)
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
    unknown: bool,
    verbose: bool,
    env: Path | None,
) -> None:
    """Make one call and print the response."""
    known = catalogue.method(method)
    types = {} if known is None else known.types

    def kind(path: tuple[str, ...]) -> str | None:
        return "string" if len(path) == 1 and types.get(path[0]) in {"String", "Json", "Date"} else None

    business = request_items.parse_body(data, kind) or {}
    if not isinstance(business, dict):
        raise usage_error(
            "-d: a JSON object or name=value was expected, not a list or a single value",
            "-d：应为 JSON 对象或 name=value，不能是列表或单个值",
        )
    parameters: dict[str, Any] = dict(business)
    redactor = make_redactor(env, parameters | {"session": session})
    parameters |= {name: Path(file) for name, file in request_items.parse_pairs(files, "-F").items()}
    options: dict[str, Any] = {
        "session": session,
        "format": form,
        "headers": request_items.parse_headers(header, "-H") or None,
        "simplify": simplify or None,
        "unknown": unknown,
    }
    with make_client(env) as top:
        response = send_request(
            lambda: _sent(top[method].post, parameters, without_none(options)),
            redactor,
            (lambda sent: _print_signed(sent, redactor)) if verbose else None,
        )
        print_response(response, response.data, output)


def _sent(call: Callable[..., Any], parameters: dict[str, Any], options: dict[str, Any]) -> Any:
    try:
        return call(parameters, **options)
    except UnknownParameterError as error:
        near = f"; did you mean {' or '.join(error.near)}?" if error.near else ";"
        zh = f"，是否为 {' 或 '.join(error.near)}？" if error.near else "；"
        raise usage_error(
            f"{error.method} has no parameter {error.name} in the catalogue{near} --unknown sends it all the same",
            f"接口目录中 {error.method} 没有参数 {error.name}{zh}加 --unknown 可照样发送",
        ) from None


def _print_signed(request: PreparedRequest | None, redactor: Redactor) -> None:
    print_signed(request, redactor, None if request is None else signed_parts(request)[0])
