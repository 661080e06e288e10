"""Programs that call everything the catalogues know, written from the catalogues alone."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Any

import taobao_top.catalogue
import wechatpay.catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taobao_top.catalogue import Method, Param
    from wechatpay.catalogue import Field, Operation

LEFT_OUT = "  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]"
NOT_GIVEN = "  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]"

_FILLED_IN = {"nonce_str", "sign", "sign_type"}
_HEAD = '''"""Calls everything."""

# mypy: disable-error-code="deprecated"
# pyright: reportDeprecated=false

'''


def chain(path: str) -> str:
    """Return a path as attributes."""
    steps = []
    for segment in path.split("/"):
        name = segment.replace("-", "_")
        if segment in {"", "{empty}"}:
            name = "_empty_"
        elif segment[0] == "{":
            name = f"_{segment[1:-1]}_"
        elif keyword.iskeyword(name) or name in {"get", "post", "put", "patch", "delete", "chain"}:
            name += "_"
        steps.append(name)
    return ".".join(steps)


def wechatpay_program() -> str:
    """Call each operation with all fields, with the required ones, and with one of those left out."""
    lines = [f"{_HEAD}from wechatpay import Sensitive, WeChatPay", "", ""]
    for number, operation in enumerate(wechatpay.catalogue.operations()):
        if operation.answer == "redirect":
            continue
        lines.append(f"def operation_{number}(client: WeChatPay) -> None:")
        lines += [f"    {line}" for line in _three_calls(operation)]
        lines += ["", ""]
    return "\n".join(lines)


def _three_calls(operation: Operation) -> list[str]:
    call = f"client.{chain(operation.path)}.{operation.method.lower()}"
    needed = _arguments(operation, lambda members: _needed(operation, members))
    short = _arguments(operation, lambda members: _needed(operation, members)[1:])
    lines = [f"{call}({_arguments(operation, list)})", f"{call}_async({needed})"]
    return lines if short == needed else [*lines, f"{call}({short}){LEFT_OUT}"]


def _arguments(operation: Operation, choose: Callable[[list[Field]], list[Field]]) -> str:
    v2 = operation.path.startswith("v2/")
    request = operation.request
    parts = [f'{name}="x"' for name in operation.variables if name != "empty"]
    if request.query:
        parts.append(f"params={_members(choose(list(request.query)), v2=v2)}")
    for place in ("json", "xml"):
        fields = getattr(request, place)
        if fields is not None:
            parts.append(f"{place}={_members(choose(list(fields)), v2=v2)}")
    if request.multipart is not None and operation.upload is not None:
        parts.append(f'files={{"{operation.upload.file}": ("a.png", b"")}}')
        meta = [member for part in request.multipart if part.name == operation.upload.meta for member in part.fields]
        if not {member.name for member in meta} <= {operation.upload.filename, operation.upload.digest}:
            parts.append(f"json={_members(meta, v2=False)}")
    return ", ".join(parts)


def _needed(operation: Operation, members: list[Field]) -> list[Field]:
    """Return the required fields, without those that APIv2 fills in."""
    required = [member for member in members if member.required]
    if not operation.path.startswith("v2/"):
        return required
    filled = {*_FILLED_IN, operation.merchant_number_field}
    names = {member.name for member in required}
    if "customdeclareorder" not in operation.path and "customdeclareredeclare" not in operation.path:
        for one_of in ({"transaction_id", "out_trade_no"}, {"refund_id", "out_refund_no"}):
            filled |= one_of if names >= one_of else set()
    return [member for member in required if member.name not in filled]


def _members(fields: Iterable[Field], *, v2: bool) -> str:
    pairs = (f'"{member.name}": {_value(member, v2=v2)}' for member in fields if "$" not in member.name)
    return f"{{{', '.join(pairs)}}}"


def _value(member: Field, *, v2: bool) -> str:
    kind = member.type
    if member.encoded is not None:
        if not v2:
            return '"{}"'
        kind, v2 = member.decoded or "object", False
    elif member.encrypted is not None:
        return 'Sensitive("x")'
    plain = {
        "integer": "1",
        "number": "1",
        "boolean": '"Y"' if v2 else "True",
        "object": _members(member.fields, v2=v2),
    }
    one = plain.get(kind.removesuffix("[]"), '"x"')
    return f"[{one}]" if kind.endswith("[]") else one


def taobao_top_program(per_family: int) -> str:
    """Call the first methods of each family by attributes, some by name, and leave a required parameter out."""
    lines = [f"{_HEAD}from taobao_top import TaobaoTop", "", ""]
    seen: dict[str, int] = {}
    for number, name in enumerate(taobao_top.catalogue.methods()):
        family = ".".join(name.split(".")[:2])
        seen[family] = seen.get(family, 0) + 1
        method = taobao_top.catalogue.method(name)
        if method is None or seen[family] > per_family:
            continue
        lines.append(f"def method_{number}(top: TaobaoTop) -> None:")
        lines += [f"    {line}" for line in _calls(name, method)]
        if seen[family] == 1 and len(seen) % 10 == 0:
            lines.append(f'    top["{name}"]({_mapping(method.params)})')
        lines += ["", ""]
    return "\n".join(lines)


def _calls(name: str, method: Method) -> list[str]:
    every = _mapping(method.params)
    lines = ["pass"]
    parts = name.split(".")
    if all(re.fullmatch(r"[A-Za-z_]\w*", part) for part in parts):
        attributes = ".".join(f"{part}_" if keyword.iskeyword(part) else part for part in parts)
        required = [param for param in method.params if param.required]
        if all(param.name.isidentifier() and not keyword.iskeyword(param.name) for param in required):
            lines.append(f"top.{attributes}({_keywords(required)})")
            if required:
                lines.append(f"top.{attributes}({_keywords(required[1:])}){NOT_GIVEN}")
        lines.append(f"top.{attributes}.post_async({every})")
    return lines


def _keywords(params: Iterable[Param]) -> str:
    return ", ".join(f"{param.name}={_given(param)}" for param in params)


def _mapping(params: Iterable[Param]) -> str:
    return f"{{{', '.join(f'{param.name!r}: {_given(param)}' for param in params)}}}"


def _given(param: Param) -> str:
    plain: dict[Any, str] = {
        "String": '"x"',
        "Number": "1",
        "Boolean": "True",
        "Date": '"2026-11-21 00:00:00"',
        "byte[]": 'b""',
    }
    one = _mapping(param.fields) if param.fields else plain.get(param.type, '"x"')
    return f"[{one}]" if param.list else one
