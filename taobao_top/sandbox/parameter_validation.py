"""Validate the parameters of a method against the catalogue."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from chainable.sandbox.control_api import refuse_constant
from chainable.spelling import did_you_mean
from taobao_top.sandbox import method_limits
from taobao_top.sandbox.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taobao_top.catalogue import Method, Param
    from taobao_top.sandbox.journal import Upload

__all__ = ["DATE", "members", "parameters", "unknown", "whole"]

DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( ([01]\d|2[0-3]):[0-5]\d:[0-5]\d)?\Z", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)
_WHOLE = re.compile(r"\d{1,19}\Z", re.ASCII)
_SHAPES = {
    "Number": (_DECIMAL, "a number in plain digits"),
    "BigDecimal": (_DECIMAL, "a number in plain digits"),
    "Price": (_DECIMAL, "an amount in plain digits"),
    "Boolean": (re.compile(r"(true|false)\Z"), "true or false in lower case"),
    "Date": (DATE, "yyyy-MM-dd HH:mm:ss (GMT+8) or yyyy-MM-dd"),
}


def parameters(
    method: Method, business: Mapping[str, str], files: tuple[Upload, ...], *, inside: bool = True
) -> dict[str, Any]:
    """
    Return a call's business parameters, JSON ones decoded, everything else as text.

    Objects stay unread text unless *inside*.

    Raises:
        GatewayError: 40 for what is missing, 41 for what has the wrong type, 50 for what exceeds a limit of the
            method; all name the parameter.
    """
    uploaded = {upload.name for upload in files}
    values: dict[str, Any] = {}
    for field in method.params:
        text = business.get(field.name, "")
        if field.type == "byte[]":
            _file(field, text, field.name in uploaded)
        elif text and (inside or not field.fields):
            values[field.name] = _parameter(field, text)
        elif field.required and not text:
            raise _missing(field.name)
    method_limits.check(method.limits, business)
    return {**business, **values}


def unknown(method: Method, business: Mapping[str, str], files: tuple[Upload, ...]) -> Iterator[str]:
    """Return notes on parameters that the catalogue does not list; the platform ignores them."""
    names = {field.name for field in method.params}
    for name in sorted({*business, *(upload.name for upload in files)} - names):
        yield f"the catalogue lists no parameter {name} of {method.name}: the platform ignores it{did_you_mean(name, names)}"


def members(fields: tuple[Param, ...], value: Any, path: str) -> None:
    """Check an object's members, at every depth; *path* is dotted: ``order.policy_list.0.fee_amount``."""
    if not isinstance(value, dict):
        raise _wrong(path, "a JSON object")
    for field in fields:
        member = value.get(field.name)
        inside = f"{path}.{field.name}"
        if member is None:
            if field.required:
                raise _missing(inside)
        else:
            _one_or_many(field, member, inside)


def _one_or_many(field: Param, value: Any, path: str) -> None:
    if not field.list:
        _member(field, value, path)
    elif isinstance(value, list):
        for position, element in enumerate(value):
            _member(field, element, f"{path}.{position}")
    else:
        raise _wrong(path, "a JSON array")


def whole(business: Mapping[str, str], name: str, default: int, least: int = 0, most: int = 2**63 - 1) -> int:
    """Return a parameter as a whole number within the bounds, else raise 41."""
    text = business.get(name) or str(default)
    if not _WHOLE.match(text) or not least <= int(text) <= most:
        raise _wrong(name, f"a whole number from {least} to {most}")
    return int(text)


def _file(field: Param, text: str, uploaded: bool) -> None:
    if text:
        raise _wrong(field.name, "a file: send it as a multipart/form-data part with a filename")
    if field.required and not uploaded:
        raise _missing(field.name)


def _parameter(field: Param, text: str) -> Any:
    if field.fields:
        value = _decoded(field, text)
        _one_or_many(field, value, field.name)
        return value
    if field.type == "Json":
        return _decoded(field, text)
    if field.list:
        if not text.startswith("["):
            for element in text.split(","):
                _scalar(field, element, field.name)
    else:
        _scalar(field, text, field.name)
    return text


def _decoded(field: Param, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise _wrong(field.name, "JSON text") from None


def _member(field: Param, value: Any, path: str) -> None:
    if field.fields:
        members(field.fields, value, path)
    elif isinstance(value, bool):
        _scalar(field, "true" if value else "false", path)
    elif isinstance(value, (str, int, float)):
        _scalar(field, str(value), path)


def _scalar(field: Param, text: str, path: str) -> None:
    shape = _SHAPES.get(field.type)
    if shape is not None and not shape[0].match(text):
        raise _wrong(path, shape[1])


def _missing(path: str) -> GatewayError:
    return GatewayError(40, f"isv.missing-parameter:{path}", f"{path} is required", subject=path)


def _wrong(path: str, expected: str) -> GatewayError:
    return GatewayError(41, f"isv.invalid-parameter:{path}", f"{path} must be {expected}", subject=path)
