"""
The XML of APIv2: one root element with a list of named texts.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011984845
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from xml.parsers import expat
from xml.sax.saxutils import escape

from chainable.codecs import JSON, digits
from chainable.errors import CodecError
from chainable.i18n import Words, message_of, translate
from chainable.times import beijing

__all__ = ["XML", "XMLCodec", "text_of"]

_DEEPEST = 16
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Element = dict[str, Any]


def text_of(value: object, name: str, *, encoded: str = "json") -> str:
    """
    Return the text of one value, as it is sent and signed.

    Args:
        value: str, int, Decimal (exactly), aware datetime
            (``yyyyMMddHHmmss`` in Beijing), date (``yyyyMMdd``); a mapping or
            list is encoded as *encoded* says, without members that are None.
        name: The parameter, for the error.
        encoded: ``json`` or ``urlencode``.

    Raises:
        CodecError: The value has no text, or a character that XML does not allow.
        TypeError: A datetime is naive.
    """
    text = str(value) if type(value) in {str, int} else _other_text(value, name, encoded)
    found = _ILLEGAL.search(text)
    if found is not None:
        point = f"U+{ord(found[0]):04X}"
        msg = Words(
            f"{name}: the character {point} is not allowed in XML; leave it out",
            f"{name}：XML 不允许字符 {point}，请去掉",
        )
        raise CodecError(msg)
    return text


def _other_text(value: object, name: str, encoded: str) -> str:
    if isinstance(value, bool):
        msg = Words(
            f"{name}: APIv2 has no true and false; write the text the page asks for ('Y', '1', …)",
            f"{name}：APIv2 没有布尔值，请按文档写成文本（'Y'、'1' 等）",
        )
        raise CodecError(msg)
    if isinstance(value, float):
        msg = Words(
            f"{name}: a float is not exact; give an int (fen), a Decimal or text",
            f"{name}：float 不精确，请传整数（金额单位是分）、Decimal 或文本",
        )
        raise CodecError(msg)
    if isinstance(value, Decimal):
        if not value.is_finite():
            msg = Words(f"{name}: {value} is not a number", f"{name}：{value} 不是数字")
            raise CodecError(msg)
        return digits(value, (None, name))
    if isinstance(value, datetime):
        return _moment(value, name)
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, str | int):
        return str.__str__(value) if isinstance(value, str) else int.__repr__(value)
    if isinstance(value, Mapping) and encoded == "urlencode":
        members = ((key, item) for key, item in value.items() if item is not None)
        return urlencode({str(key): text_of(item, f"{name}.{key}") for key, item in members})
    if isinstance(value, Mapping | list | tuple):
        return JSON.encode(value).decode()
    kind = type(value).__name__
    msg = Words(
        f"{name}: a {kind} has no form in XML; give text, a number or a mapping",
        f"{name}：{kind} 无法写成 XML，请传文本、数字或字典",
    )
    raise CodecError(msg)


def _moment(value: datetime, name: str) -> str:
    try:
        return beijing(value).strftime("%Y%m%d%H%M%S")
    except TypeError as error:
        text = message_of(error)
        raise TypeError(Words(f"{name}: {text}", f"{name}：{translate(text, 'zh')}")) from None


class XMLCodec:
    """
    The codec of APIv2 bodies.

    It encodes a mapping as ``<xml><name><![CDATA[text]]></name>…</xml>`` in UTF-8,
    in the mapping's order.  It decodes every element by its name, in order: text
    exactly as it was sent, an empty element as ``''``, a repeated name as a list,
    a nested element as a dict.  The root may have any name.  A document type, and
    more nesting than any response has, are refused.
    """

    __slots__ = ()

    content_type = "text/xml; charset=utf-8"

    def encode(self, value: Mapping[str, object], /) -> bytes:
        """
        Encode a mapping; members that are None are left out.

        Raises:
            CodecError: A name or value has no form in XML; the message names it.
            TypeError: A datetime is naive.
        """
        if not isinstance(value, Mapping):
            msg = Words(
                f"XML is written from a mapping of names to texts, not from {type(value).__name__}",
                f"XML 由名称到文本的字典写出，不能是 {type(value).__name__}",
            )
            raise CodecError(msg)
        pieces = ["<xml>"]
        for name, member in value.items():
            if member is None:
                continue
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                msg = Words(f"{name!r} cannot be the name of an XML element", f"{name!r} 不能作为 XML 元素的名称")
                raise CodecError(msg)
            text = text_of(member, name)
            if "\r" in text:  # parsers read it as \n inside CDATA
                content = escape(text, {"\r": "&#13;"})
            else:
                content = f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
            pieces.append(f"<{name}>{content}</{name}>")
        pieces.append("</xml>")
        return "".join(pieces).encode()

    def decode(self, body: bytes, /) -> Element:
        """
        Decode XML as UTF-8; a declared encoding is ignored.

        Raises:
            CodecError: The body is not well-formed XML of the form described above.
        """
        return _Reader().read(body)


class _Reader:
    """One parse: a stack of open elements, each with its text and its members."""

    def __init__(self) -> None:
        self._members: list[Element] = [{}]
        self._texts: list[list[str]] = [[]]

    def read(self, body: bytes) -> Element:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(body, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages[error.code]
            msg = Words(
                f"the body is not XML: {reason} (line {error.lineno}, column {error.offset})",
                f"正文不是 XML：{reason}（第 {error.lineno} 行第 {error.offset} 列）",
            )
            raise CodecError(msg) from None
        finally:  # breaks the reference cycle between the parser and this reader
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.CharacterDataHandler = parser.StartDoctypeDeclHandler = None
        ((_, root),) = self._members[0].items()
        if isinstance(root, str):
            if root.strip():
                msg = Words("the body is XML with text but without elements", "正文是 XML，但只有文本，没有元素")
                raise CodecError(msg)
            return {}
        return root  # type: ignore[no-any-return]  # the members of an element are str, dict or list

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        if len(self._members) > _DEEPEST:
            msg = Words(f"the body is XML nested more than {_DEEPEST} deep", f"正文是 XML，但嵌套超过 {_DEEPEST} 层")
            raise CodecError(msg)
        self._members.append({})
        self._texts.append([])

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _end(self, name: str) -> None:
        members, text = self._members.pop(), "".join(self._texts.pop())
        if members and text.strip():
            msg = Words(f"the element {name!r} mixes text and elements", f"元素 {name!r} 中既有文本又有元素")
            raise CodecError(msg)
        value = members or text
        parent = self._members[-1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    @staticmethod
    def _refuse(*_: object) -> None:
        msg = Words(
            "the body is XML with a document type (DTD), which APIv2 never sends; it was not read",
            "正文是带文档类型（DTD）的 XML，APIv2 不会这样发送，没有读取",
        )
        raise CodecError(msg)


XML = XMLCodec()
