"""A received call as Python code, in the six forms."""

from __future__ import annotations

import json
import keyword
from typing import TYPE_CHECKING, Any

from chainable.describe import CallStyle, Code, arguments, python
from taobao_top.describe.methods import attributes, described
from taobao_top.options import OPTIONS
from taobao_top.sandbox.signature import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taobao_top.catalogue import Method, Param
    from taobao_top.sandbox.journal import Entry

__all__ = ["spelled"]

KINDS = ("call", "item")
LONGEST = 16 * 1024
"""Bytes of a raw body that is written out."""

SPELLINGS = ("纯链式", "声明式", "属性式")


def spelled(entry: Entry, known: Method | None) -> tuple[CallStyle, ...]:
    """
    Return a call in the six forms with the values sent, without the session.

    Values that cannot be read are the catalogue's example; entries that are not calls have no form.
    """
    method = entry.method
    if method is None or entry.kind not in KINDS:
        return ()
    params = {param.name: param for param in known.params} if known else {}
    try:
        given = dict(_given(entry, params))
    except (ValueError, RecursionError):
        return () if known is None else described(known).forms
    if len(entry.body) > LONGEST:
        return () if known is None else described(known).forms
    unknown = known is not None and not given.keys() <= known.types.keys()
    return tuple(_forms(method, _inside(given, entry.body, {"unknown": True} if unknown and not entry.body else {})))


def _inside(given: dict[str, Any], body: bytes, options: dict[str, Any]) -> str:
    if body:
        return f"{body!r}, **{python(given)}" if given else repr(body)
    if all(map(_keyword, given)):
        return arguments(given | options)
    return f"{python(given)}, {arguments(options)}" if options else python(given)


def _forms(method: str, inside: str) -> Iterator[CallStyle]:
    head = "from decimal import Decimal\n\n" if "Decimal(" in inside else ""
    chains = (f"top{attributes(method)}", f"top.chain({method!r})", f"top[{method!r}]")
    for name, chain in zip(SPELLINGS, chains, strict=True):
        yield CallStyle(f"同步{name}", f"{head}response = {chain}.post({inside})\nprint(response.data)\n")
    for name, chain in zip(SPELLINGS, chains, strict=True):
        call = f"{chain}.post_async({inside})"
        yield CallStyle(f"异步{name}", f"{head}{call}.then(lambda response: print(response.data)).wait()\n")


def _given(entry: Entry, params: Mapping[str, Param]) -> Iterator[tuple[str, Any]]:
    for name, text in entry.parameters.items():
        if name not in PUBLIC:
            yield name, _value(text, params.get(name))
    for upload in entry.files:
        yield upload.name, Code(f"open({upload.filename!r}, 'rb')")


def _value(text: str, param: Param | None) -> Any:
    """Return a value as people write it; text where nothing else would be sent as the same."""
    if param is not None and (param.fields or param.type == "Json") and text:
        return json.loads(text, parse_float=_decimal, parse_constant=_no_number)
    if param is not None and not param.list:
        if param.type == "Number" and text.isdecimal() and str(int(text)) == text:
            return int(text)
        if param.type == "Boolean" and text in {"true", "false"}:
            return text == "true"
    return text


def _decimal(digits: str) -> Code:
    return Code(f"Decimal({digits!r})")


def _no_number(text: str) -> None:
    raise ValueError(text)


def _keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in OPTIONS
