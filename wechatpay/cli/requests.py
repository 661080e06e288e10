"""``wechatpay request``: any call, from the shell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import click

from chainable.chain import path_of
from chainable.cli import values
from chainable.cli.commands import Argument, Command, Option, json_option, usage
from chainable.cli.exchanges import exchanged, given, put_answer, put_signed, request_options
from chainable.cli.words import Words
from chainable.errors import APIError, SignatureError
from chainable.resolution import Variable
from wechatpay.cli.clients import PERSONAL, client_of, env_option, redactor_of
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.resolution import ResolvedPath
    from wechatpay import WeChatPay, catalogue
    from wechatpay.catalogue import Field

__all__ = ["node_of", "request", "sealed"]

VERBS = ("get", "post", "put", "patch", "delete")
_STEP = re.compile(r"""chain\(\s*["']([^"']*)["']\s*\)|\[\s*["']([^"']*)["']\s*\]|(\w+)""")


def node_of(client: WeChatPay, text: str) -> Any:
    """
    Find the node for a path or a chain as it is written in code.

    Raises:
        PathError: The text is neither.
    """
    if "/" in text and not re.search(r"[(\[]", text):
        return client.chain(re.sub(r"^https?://[^/]+/", "", text))
    node: Any = client
    for called, item, name in _STEP.findall(re.sub(r"^client(?=[.\[])", "", text)):
        node = node.chain(called or item) if called or item else getattr(node, name)
    return node


def sealed(value: Any, fields: tuple[Field, ...]) -> Any:
    """Give a body whose texts are wrapped where the platform wants them encrypted."""
    if isinstance(value, list):
        return [sealed(element, fields) for element in value]
    if not isinstance(value, dict):
        return value
    known = {field.name: field for field in fields}
    made = {}
    for name, member in value.items():
        field = known.get(name)
        if field is not None and field.encrypted and isinstance(member, str):
            made[name] = Sensitive(member)
        else:
            made[name] = member if field is None else sealed(member, field.fields)
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


@click.command(
    "request",
    cls=Command,
    help="Make any call.\n\n"
    "TARGET is a path (v3/pay/transactions/native) or a chain (v3.pay.transactions.native). "
    "Values of -d are numbers where the field is one, else text; name:=JSON takes any JSON. "
    "Plain text in fields that must be encrypted is encrypted.",
    zh="发起任意调用。\n\nTARGET 为路径（v3/pay/transactions/native）或链式写法（v3.pay.transactions.native）。"
    "-d 的值按字段类型取数字或文本；name:=JSON 可写任意 JSON。须加密的字段自动加密。",
)
@click.argument("verb", type=click.Choice(VERBS, case_sensitive=False), cls=Argument)
@click.argument("target", shell_complete=_targets, cls=Argument)
@request_options
@click.option("-p", "--param", multiple=True, cls=Option, help="Of the query: name=value.", zh="查询参数 name=value。")
@click.option("--var", multiple=True, cls=Option, help="Of the path: name=value.", zh="路径变量 name=value。")
@click.option(
    "--decrypt", is_flag=True, cls=Option, help="Open the encrypted fields of the answer.", zh="解开应答中的加密字段。"
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
    """Make one call and print the answer."""
    redactor = redactor_of(env)
    path, _, query = target.partition("?")
    if not path:
        raise usage(
            Words(
                "TARGET: a path (v3/certificates) or a chain (v3.certificates) was expected",
                "TARGET：应为路径（v3/certificates）或链式写法（v3.certificates）",
            )
        )
    with client_of(env) as client:
        try:
            node = node_of(client, path)
            resolution = path_of(node).resolve(verb.upper())
        except AttributeError as error:
            raise usage(str(error)) from None
        branch = resolution.branch
        key = None if branch is None else branch.verbs.get(verb.upper())
        operation = None if key is None else client.operation(key)
        fields = _fields(operation)
        body = values.body(data, lambda path: _kind(fields, path))
        options: dict[str, Any] = {
            "params": {**dict(parse_qsl(query)), **values.pairs(param, "-p")} or None,
            "headers": values.headers(header, "-H") or None,
            "files": {name: Path(file) for name, file in values.pairs(files, "-F").items()} or None,
            "xml" if resolution.label().startswith("v2/") else "json": sealed(body, fields),
            **_variables(resolution, operation, values.pairs(var, "--var")),
        }
        redactor = redactor.also(_persons(resolution, options))
        response = exchanged(
            lambda: getattr(node, verb)(**given(options)),
            redactor,
            (lambda sent: put_signed(sent, redactor)) if verbose else None,
            _told,
        )
        put_answer(response, response.decrypted() if decrypt else response.data, output)


def _variables(
    resolution: ResolvedPath, operation: catalogue.Operation | None, found: dict[str, str]
) -> dict[str, str]:
    filled = found.keys() | (operation.fixed.keys() if operation is not None else ())
    open_ = [part for part in resolution.segments if isinstance(part, Variable) and part.value is None]
    missing = [part.name for part in open_ if not {part.name, part.written} & filled]
    if missing:
        named = " ".join(f"--var {name}=…" for name in missing)
        raise usage(Words(f"the path needs a value: {named}", f"路径还缺少变量：{named}"))
    return found


def _persons(resolution: ResolvedPath, options: Mapping[str, Any]) -> list[str]:
    """Return the persons' data in the path, written there or given by name."""
    return [
        str(value)
        for segment in resolution.segments
        if isinstance(segment, Variable) and re.search(f"(?i){PERSONAL}", segment.name)
        for value in (segment.value, options.get(segment.name), options.get(segment.written))
        if value is not None
    ]


def _told(error: APIError | SignatureError) -> str:
    if isinstance(error, APIError) and error.code == "SIGN_ERROR":
        return f"{error}\n{error.explain()}"
    return str(error)
