"""
The parsing of responses: JSON and XML, with and without a root, to one shape of ``.data``.

A list is ``{'trades': {'trade': [...]}}`` as the gateway sends it, or plain
with ``simplify``.  XML gives the same; its texts become numbers and booleans
by the types of the catalogue.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from chainable.codecs import no_constant
from chainable.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from taobao_top.catalogue import Param

__all__ = ["DECODER", "business_failure", "inside", "is_utf8", "json_fields", "open_json", "read", "root_name", "scan"]

ERROR = "error_response"

# Not compiled at import: most processes never receive XML.
_PROLOG = rb"<\?xml[^>]*encoding=[\"']([\w.:-]+)"
_NOT_IN_XML = (
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|&#(?:x0*(?:1?[0-8bcefBCEF]|1[9adAD]);|0*(?:[0-8]|1[1245-9]|2[0-9]|3[01]);)"
)
"""Characters that XML forbids, plain or by number."""
_WRITTEN = frozenset({"String", "Number", "Boolean", "Date", "Price", "BigDecimal", "Json", "Map", "byte", "byte[]"})
"""The catalogue's types of texts; all others are objects."""
_LONGEST_NUMBER = 4000  # digits; int() refuses to read many more


def root_name(method: str) -> str:
    """Return the root of a method's response: ``item_seller_get_response`` for ``taobao.item.seller.get``."""
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def read(
    body: bytes, content_type: str | None, fields: Sequence[Param] = (), *, simplify: bool = False
) -> dict[str, Any]:
    """
    Parse a whole response in either format.

    Args:
        body: The bytes, decompressed.
        content_type: The header, for the charset; UTF-8 by default.
        fields: The members in the catalogue, for XML, which has no types.
        simplify: Return the lists of XML plain.
    """
    start = body[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise CodecError("the body of the response is empty")
    if start[:1] != b"<":
        return _read_json(_decoded(body, _charset(content_type)))
    if start[:14].lower().startswith((b"<!doctype html", b"<html")):
        msg = (
            f"the response is a page of HTML ({len(body)} bytes), not one of the gateway: "
            "is the gateway's address right, is a proxy or a maintenance page in between?"
        )
        raise CodecError(msg)
    declared = re.match(_PROLOG, start)
    charset = _charset(content_type) or (declared.group(1).decode() if declared else None)
    return _read_xml(_decoded(body, charset), fields, simplify=simplify)


def is_utf8(content_type: str | None) -> bool:
    """Return whether the header stands for UTF-8, which is the default."""
    return _charset(content_type) in {None, "utf-8", "utf8"}


def _charset(content_type: str | None) -> str | None:
    charset = (content_type or "").lower().partition("charset=")[2].partition(";")[0]
    return charset.strip(" \"'") or None


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        text = body.decode(charset or "utf-8")
    except LookupError:
        text = body.decode("utf-8", errors="replace")
    except UnicodeDecodeError as error:
        msg = f"the response is not {error.encoding} (at byte {error.start} of {len(body)})"
        raise CodecError(msg) from None
    return text.removeprefix("\ufeff")


# Not strict: the gateway sends raw tabs and line breaks inside texts.
DECODER = json.JSONDecoder(strict=False, parse_float=Decimal, parse_constant=no_constant)

scan = DECODER.raw_decode
"""Parses the JSON at the beginning of a text: returns the value and its end; raises ValueError without JSON."""


def _loads(text: str, what: str) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        cut = ", it is cut off" if error.pos >= len(text.rstrip()) else ""
        msg = f"{what} is not JSON: {error.msg} at character {error.pos} of {len(text)}{cut}"
        raise CodecError(msg) from None
    except (ValueError, RecursionError, ArithmeticError) as error:  # an exponent may be longer than Decimal's
        msg = f"{what} is JSON that cannot be read: {type(error).__name__}"
        raise CodecError(msg) from None


def _read_json(text: str) -> dict[str, Any]:
    payload = _loads(text, "the response")
    if not isinstance(payload, dict):
        msg = f"the response is JSON, but not an object: {type(payload).__name__}"
        raise CodecError(msg)
    return payload


def _read_xml(text: str, fields: Sequence[Param], *, simplify: bool) -> dict[str, Any]:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(re.sub(_NOT_IN_XML, "", text), forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        msg = f"the response is not XML, or cut off (line {line}, column {column})"
        raise CodecError(msg) from None
    except DefusedXmlException as error:
        msg = f"the response is XML with a {type(error).__name__.removesuffix('Forbidden')}, which the gateway never sends: refused"
        raise CodecError(msg) from None
    try:
        return {root.tag: _members(root, {field.name: field for field in fields}, simplify=simplify)}
    except RecursionError:
        raise CodecError("the response is XML that cannot be read: nested too deeply") from None


def _members(element: Element, fields: Mapping[str, Param], *, simplify: bool) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for child in element:
        value = _value(child, fields.get(child.tag), simplify=simplify)
        if child.tag not in members:
            members[child.tag] = value
        elif isinstance(members[child.tag], list):
            members[child.tag].append(value)
        else:
            members[child.tag] = [members[child.tag], value]
    return members


def _value(element: Element, field: Param | None, *, simplify: bool) -> Any:
    many = element.get("list") == "true" or (field is not None and field.list)
    inner = {} if field is None else {member.name: member for member in field.fields}
    if not many:
        if len(element) or inner:
            return _members(element, inner, simplify=simplify)
        return _scalar(element.text or "", None if field is None else field.type)
    kind = None if field is None else field.type
    items = [
        _members(item, inner, simplify=simplify) if len(item) or inner else _scalar(item.text or "", kind)
        for item in element
    ]
    if simplify:
        return items
    return {element[0].tag: items} if items else {}


def _scalar(text: str, kind: str | None) -> Any:
    if kind == "Boolean" and text in {"true", "false"}:
        return text == "true"
    if not text and kind is not None and kind not in _WRITTEN:
        return {}
    if kind in {"Number", "byte"}:
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER:
            return int(text)
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        return number if number.is_finite() else text
    return text


def inside(payload: dict[str, Any], root: str) -> Any:
    """
    Return the content of the root, or the payload itself without a root.

    Another ``…_response`` that is alone counts as the root, too, such as qimen's ``response``.
    """
    if root in payload:
        return payload[root]
    if len(payload) == 1:
        name, value = next(iter(payload.items()))
        if isinstance(value, dict) and (name == "response" or name.endswith("_response")):
            return value
    return payload


def json_fields(fields: Iterable[Param]) -> list[str]:
    """List the members that hold JSON text by the catalogue, as dotted paths."""
    found = []
    for field in fields:
        if field.type == "Json":
            found.append(field.name)
        found += [f"{field.name}.{name}" for name in json_fields(field.fields)]
    return found


def open_json(data: Any, path: str) -> None:
    """Decode the member at a dotted path, which holds JSON text, in place and in every element of a list."""
    _open(data, path.split("."), path)


def _open(node: Any, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for element in node:
            _open(element, steps, path)
    elif isinstance(node, dict):
        name, *rest = steps
        if name not in node:
            # The list in {'trades': {'trade': [...]}} has a name that paths leave out.
            for value in node.values():
                if len(node) == 1 and isinstance(value, list):
                    _open(value, steps, path)
        elif rest:
            _open(node[name], rest, path)
        elif isinstance(node[name], str) and node[name]:
            node[name] = _loads(node[name], f"the text of {path!r}")


def business_failure(data: Any) -> str | None:
    """Return the path of the member that says that the business failed, such as ``result.success``, or None."""
    if not isinstance(data, dict):
        return None
    for name in ("is_success", "success"):
        if data.get(name) in (False, "false"):
            return name
    for outer, inner in data.items():
        if isinstance(inner, dict):
            for name in ("is_success", "success"):
                if inner.get(name) in (False, "false"):
                    return f"{outer}.{name}"
    return None
