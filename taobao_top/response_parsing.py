"""
The parsing of responses: JSON and XML, with and without a root, to one shape of ``.data``.

A list is ``{'trades': {'trade': [...]}}`` as the gateway sends it, or plain
with ``simplify``.  XML gives the same; its texts become numbers and booleans
by the types of the catalogue.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from chainable.codecs import exact, no_constant
from chainable.errors import CodecError
from chainable.i18n import Words
from taobao_top.response_shapes import business_failure, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from xml.etree.ElementTree import Element

    from taobao_top.catalogue import Param
    from taobao_top.response_shapes import Member

__all__ = ["DECODER", "business_failure", "is_utf8", "is_xml", "json_fields", "open_json", "read", "root_name", "scan"]

ERROR = "error_response"

# Not compiled at import: most processes never receive XML.
_PROLOG = rb"<\?xml[^>]*encoding=[\"']([\w.:-]+)"
_NOT_IN_XML = (
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|&#(?:x0*(?:1?[0-8bcefBCEF]|1[9adAD]);|0*(?:[0-8]|1[1245-9]|2[0-9]|3[01]);)"
)
"""Characters that XML forbids, plain or by number."""
_BEGINNING = 4096
_HTML = (
    rb"(?i)<(?:!doctype\s*html"
    rb"|(?:html|head|body|title|meta|style|script|noscript|iframe|frameset|div|center|h[1-6])(?![\w.-]))"
)
"""How a page of HTML begins, or a piece of one, which firewalls send as well."""
_CHARSETS = {"gbk": "gb18030", "gb2312": "gb18030"}
"""What is sent under these names may have characters of the larger set."""
_NOTHING: Mapping[str, Member] = {}


def root_name(method: str) -> str:
    """Return the root of a method's response: ``item_seller_get_response`` for ``taobao.item.seller.get``."""
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def read(
    body: bytes, content_type: str | None, members: Mapping[str, Member] = _NOTHING, *, simplify: bool = False
) -> dict[str, Any]:
    """
    Parse a whole response in either format.

    A byte that is not of the charset is read as U+FFFD, as the platform's own
    clients do: one title that was cut in the middle of a character loses no
    page of orders.

    Args:
        body: The bytes, decompressed.
        content_type: The header, for the charset; UTF-8 by default.
        members: The members in the catalogue, for XML, which has no types.
        simplify: Return the lists of XML plain.

    Raises:
        CodecError: The body is empty, a page of HTML, or neither a JSON object nor XML.
    """
    start = body[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise CodecError(Words("the body of the response is empty", "应答正文为空"))
    if not is_xml(start):
        return _read_json(_decoded(body, _charset(content_type)))
    if _is_html(start):
        msg = Words(
            f"the response is a page of HTML ({len(body)} bytes), not one of the gateway: "
            "is the gateway's address right, is a proxy, a firewall or a maintenance page in between?",
            f"应答是 HTML 页面（{len(body)} 字节），不是网关的应答：网关地址是否正确？中间是否有代理、防火墙或维护页面？",
        )
        raise CodecError(msg)
    declared = re.match(_PROLOG, start)
    own = declared.group(1).decode().lower() if declared else None
    charset = _charset(content_type) or own
    if own is not None and own != charset and not _fits(body, charset):
        charset = own  # the header is a default of the server, as a rule
    return _read_xml(_decoded(body, charset), members, simplify=simplify)


def is_xml(body: bytes) -> bool:
    """Return whether a body begins as XML does, after a byte order mark and white space."""
    return body[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _is_html(start: bytes) -> bool:
    """Return whether a body begins as a page of HTML does, after comments and a declaration of XML."""
    while True:
        start = start.lstrip()
        end = b"-->" if start.startswith(b"<!--") else b"?>" if start.startswith(b"<?") else b""
        if not end:
            return re.match(_HTML, start) is not None
        start = start.partition(end)[2]


def is_utf8(content_type: str | None) -> bool:
    """Return whether the header stands for UTF-8, which is the default."""
    return _charset(content_type) in {None, "utf-8", "utf8"}


def _charset(content_type: str | None) -> str | None:
    charset = (content_type or "").lower().partition("charset=")[2].partition(";")[0]
    return charset.strip(" \"'") or None


def _fits(body: bytes, charset: str | None) -> bool:
    try:
        body.decode(charset or "utf-8")
    except (LookupError, UnicodeError):
        return False
    return True


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        text = body.decode(_CHARSETS.get(charset or "", charset or "utf-8"), errors="replace")
    except (LookupError, UnicodeError):  # Python's idna among others cannot replace
        text = body.decode("utf-8", errors="replace")
    return text.removeprefix("\ufeff")


# Not strict: the gateway sends raw tabs and line breaks inside texts.
DECODER = json.JSONDecoder(strict=False, parse_float=exact, parse_constant=no_constant)

scan = DECODER.raw_decode
"""Parses the JSON at the beginning of a text: returns the value and its end; raises ValueError without JSON."""


def _loads(text: str, what: Words) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        cut = Words(", it is cut off", "，内容被截断") if error.pos >= len(text.rstrip()) else Words("", "")
        msg = Words(
            f"{what} is not JSON: {error.msg} at character {error.pos} of {len(text)}{cut}",
            f"{what.zh}不是 JSON：共 {len(text)} 个字符，第 {error.pos} 个处 {error.msg}{cut.zh}",
        )
        raise CodecError(msg) from None
    except (ValueError, RecursionError, ArithmeticError) as error:  # an exponent may be longer than Decimal's
        msg = Words(
            f"{what} is JSON that cannot be read: {type(error).__name__}",
            f"{what.zh}是 JSON，但无法读取：{type(error).__name__}",
        )
        raise CodecError(msg) from None


def _read_json(text: str) -> dict[str, Any]:
    payload = _loads(text, Words("the response", "应答"))
    if not isinstance(payload, dict):
        msg = Words(
            f"the response is JSON, but not an object: {type(payload).__name__}",
            f"应答是 JSON，但不是对象：{type(payload).__name__}",
        )
        raise CodecError(msg)
    return payload


def _read_xml(text: str, members: Mapping[str, Member], *, simplify: bool) -> dict[str, Any]:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(re.sub(_NOT_IN_XML, "", text).lstrip(), forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        msg = Words(
            f"the response is not XML, or cut off (line {line}, column {column})",
            f"应答不是 XML，或被截断（第 {line} 行第 {column} 列）",
        )
        raise CodecError(msg) from None
    except DefusedXmlException as error:
        msg = Words(
            f"the response is XML with a {type(error).__name__.removesuffix('Forbidden')}, which the gateway never sends: refused",
            f"应答是带 {type(error).__name__.removesuffix('Forbidden')} 的 XML，网关不会这样发送，已拒绝",
        )
        raise CodecError(msg) from None
    try:
        return {root.tag: _members(root, members, simplify=simplify)}
    except RecursionError:
        raise CodecError(
            Words("the response is XML that cannot be read: nested too deeply", "应答是 XML，但无法读取：嵌套过深")
        ) from None


def _local(element: Element) -> str:
    """Return the name of an element without its namespace, which some warehouses add."""
    return element.tag.rpartition("}")[2]


def _members(element: Element, known: Mapping[str, Member], *, simplify: bool) -> dict[str, Any]:
    members: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {}
    for child in element:
        name = _local(child)
        member = known.get(name)
        if child.get("list") == "true" or (member is not None and member.many):
            item, elements = _elements(child, member, simplify=simplify)
            # An element of its own for each element of the list is a list as well.
            found = lists.setdefault(name, [])
            found += elements
            members[name] = found if simplify else {item: found} if item else {}
        else:
            value = _one(child, member, simplify=simplify)
            if value is None:
                continue
            if name not in members:
                members[name] = value
            elif isinstance(members[name], list):
                members[name].append(value)
            else:
                members[name] = [members[name], value]
    return members


def _elements(element: Element, member: Member | None, *, simplify: bool) -> tuple[str, list[Any]]:
    """Return the name of a list's elements, empty for an unknown one, and the elements."""
    if member is None:
        return _local(element[0]) if len(element) else "", [_one(child, None, simplify=simplify) for child in element]
    if element.get("list") != "true":
        if not len(element):
            text = (element.text or "").strip()
            return member.item, [typed(text, member.kind)] if text else []
        tags = [_local(child) for child in element]
        inside = [_local(child) for child in element[0]] if len(tags) == 1 and len(element[0]) else None
        if len({*tags}) == len(tags) and member.is_element(tags, inside):
            return member.item, [_one(element, member, simplify=simplify)]
    name = _local(element[0]) if len(element) else member.item
    values = (_one(child, member, simplify=simplify) for child in element)
    return name, [value for value in values if value is not None]


def _one(element: Element, member: Member | None, *, simplify: bool) -> Any:
    known = _NOTHING if member is None else member.inner
    if len(element) or known:
        return _members(element, known, simplify=simplify)
    return typed(element.text or "", None if member is None else member.kind)


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
            node[name] = _loads(node[name], Words(f"the text of {path!r}", f"{path!r} 的文本"))
