"""``wechatpay request``: make any call."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import click

from chainable.chain import path_of
from chainable.cli import request_items
from chainable.cli.commands import argument, command, json_option, option, usage_error
from chainable.cli.exit_codes import error_text
from chainable.cli.i18n import Words, language
from chainable.cli.request_command import print_response, print_signed, request_options, send_request, without_none
from chainable.errors import APIError, SignatureError
from chainable.redaction import PERSONAL_NAMES
from chainable.resolution import Variable
from wechatpay.cli.client_options import env_option, make_client, make_redactor
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.resolution import ResolvedPath
    from wechatpay import WeChatPay, catalogue
    from wechatpay.catalogue import Field

__all__ = ["encrypt_fields", "find_node", "request"]

VERBS = ("get", "post", "put", "patch", "delete")
_STEP = re.compile(r"""chain\(\s*["']([^"']*)["']\s*\)|\[\s*["']([^"']*)["']\s*\]|(\w+)""")


def find_node(client: WeChatPay, text: str) -> Any:
    """Find the node of a path, or of a chain as written in code."""
    if "/" in text and not re.search(r"[(\[]", text):
        return client.chain(re.sub(r"^https?://[^/]+/", "", text))
    node: Any = client
    for called, item, name in _STEP.findall(re.sub(r"^client(?=[.\[])", "", text)):
        node = node.chain(called or item) if called or item else getattr(node, name)
    return node


def encrypt_fields(value: Any, fields: tuple[Field, ...]) -> Any:
    """Return a body whose sensitive texts are wrapped for encryption."""
    if isinstance(value, list):
        return [encrypt_fields(element, fields) for element in value]
    if not isinstance(value, dict):
        return value
    known = {field.name: field for field in fields}
    made = {}
    for name, member in value.items():
        field = known.get(name)
        if field is not None and field.encrypted and isinstance(member, str):
            made[name] = Sensitive(member)
        else:
            made[name] = member if field is None else encrypt_fields(member, field.fields)
    return made


def _fields(operation: catalogue.Operation | None) -> tuple[Field, ...]:
    if operation is None:
        return ()
    request = operation.request
    return request.json or request.xml or request.multipart or ()


def _kind(fields: tuple[Field, ...], path: tuple[str, ...]) -> str | None:
    kind: str | None = None
    for step in path:
        field = next((field for field in fields if field.name == step), None)
        if field is None:
            return None
        kind, fields = field.type, field.fields
    return None if kind is None else kind.removesuffix("[]")


def _targets(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from wechatpay import catalogue

    verb = str(context.params.get("verb", "")).upper()
    paths = (known.path for known in catalogue.operations() if known.method == verb)
    return sorted(path for path in paths if path.startswith(incomplete))


@command(
    "request",
    help=Words(
        "Make any call.\n\n"
        "TARGET is a path (v3/pay/transactions/native) or a chain (v3.pay.transactions.native). "
        "Values of -d have the type of the field; name:=JSON takes any JSON. "
        "Sensitive fields are encrypted.",
        "发起任意调用。\n\nTARGET 为路径（v3/pay/transactions/native）或链式写法（v3.pay.transactions.native）。"
        "-d 的值按字段类型转换；name:=JSON 可写任意 JSON。敏感信息字段自动加密。",
    ),
    examples=(
        "wechatpay request get v3/certificates --env sandbox.env",
        "wechatpay request post v3/pay/transactions/native -d @order.json -v --env sandbox.env",
    ),
)
@argument("verb", type=click.Choice(VERBS, case_sensitive=False))
@argument("target", shell_complete=_targets)
@request_options
@option("-p", "--param", multiple=True, help=Words("Query parameter: name=value.", "查询参数：name=value。"))
@option("--var", multiple=True, help=Words("Path variable: name=value.", "路径变量：name=value。"))
@option(
    "--decrypt", is_flag=True, help=Words("Decrypt the encrypted fields of the response.", "解密应答中的加密字段。")
)
@env_option
@json_option
def request(
    verb: str,
    target: str,
    data: tuple[str, ...],
    param: tuple[str, ...],
    var: tuple[str, ...],
    header: tuple[str, ...],
    files: tuple[str, ...],
    output: Path | None,
    *,
    decrypt: bool,
    verbose: bool,
    env: Path | None,
) -> None:
    """Make one call and print the response."""
    redactor = make_redactor(env)
    path, _, query = target.partition("?")
    if not path:
        raise usage_error(
            "TARGET: a path (v3/certificates) or a chain (v3.certificates) was expected",
            "TARGET：应为路径（v3/certificates）或链式写法（v3.certificates）",
        )
    with make_client(env) as client:
        try:
            node = find_node(client, path)
            resolution = path_of(node).resolve(verb.upper())
        except AttributeError as error:
            raise click.UsageError(str(error)) from None
        branch = resolution.branch
        key = None if branch is None else branch.verbs.get(verb.upper())
        operation = None if key is None else client.operation(key)
        fields = _fields(operation)
        body = request_items.parse_body(data, lambda path: _kind(fields, path))
        options: dict[str, Any] = {
            "params": {**dict(parse_qsl(query)), **request_items.parse_pairs(param, "-p")} or None,
            "headers": request_items.parse_headers(header, "-H") or None,
            "files": {name: Path(file) for name, file in request_items.parse_pairs(files, "-F").items()} or None,
            "xml" if resolution.label().startswith("v2/") else "json": encrypt_fields(body, fields),
            **_variables(resolution, operation, request_items.parse_pairs(var, "--var")),
        }
        redactor = redactor.also(_personal_data(resolution, options))
        response = send_request(
            lambda: getattr(node, verb)(**without_none(options)),
            redactor,
            (lambda sent: print_signed(sent, redactor)) if verbose else None,
            _describe,
        )
        print_response(response, response.decrypted() if decrypt else response.data, output)


def _variables(
    resolution: ResolvedPath, operation: catalogue.Operation | None, found: dict[str, str]
) -> dict[str, str]:
    filled = found.keys() | (operation.fixed.keys() if operation is not None else ())
    open_ = [part for part in resolution.segments if isinstance(part, Variable) and part.value is None]
    missing = [part.name for part in open_ if not {part.name, part.written} & filled]
    if missing:
        named = " ".join(f"--var {name}=…" for name in missing)
        raise usage_error(f"path variables are missing: {named}", f"缺少路径变量：{named}")
    return found


def _personal_data(resolution: ResolvedPath, options: Mapping[str, Any]) -> list[str]:
    """Return the personal data in the path, written there or given by name."""
    return [
        str(value)
        for segment in resolution.segments
        if isinstance(segment, Variable) and re.search(f"(?i){PERSONAL_NAMES}", segment.name)
        for value in (segment.value, options.get(segment.name), options.get(segment.written))
        if value is not None
    ]


def _describe(error: APIError | SignatureError) -> str:
    comparison = error.comparison() if isinstance(error, APIError) and language() == "en" else None
    return error_text(error) if comparison is None else f"{error}\n{comparison}"
