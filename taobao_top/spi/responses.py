"""The replies to inbound calls."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from chainable.codecs import JSONCodec
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.values import beijing_text, located
from chainable.web import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.codecs import Location

__all__ = ["accept", "reject", "reply"]

_JSON = {"Content-Type": "application/json;charset=utf-8"}
_XML = {"Content-Type": "text/xml;charset=utf-8"}
_XML_NAME = re.compile("[A-Za-z_\u4e00-\u9fa5][A-Za-z0-9_.\u4e00-\u9fa5-]*")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _beijing(value: Any, where: Location) -> Any:
    return located(beijing_text, value, where) if isinstance(value, datetime) else NotImplemented


_CODEC = JSONCodec(_beijing)


def accept(members: Mapping[str, Any] | None = None, *, xml: bool = False) -> Reply:
    """
    Build the reply to a call that was carried out.

    Args:
        members: Additional members from the SPI's page; datetimes are written in Beijing time, None is left out.
        xml: Reply in qimen's form, ``<response>…``; each element of a list has the list's name.

    Raises:
        CodecError: A member cannot be written; the message names its location.
        TypeError: A datetime is naive, or ``members`` is not a mapping.
    """
    if members is None:
        members = {}
    elif not hasattr(members, "items"):
        msg = Words(
            f"a mapping of members was expected, None for a bare success, or a reply, not {type(members).__name__}",
            f"应为成员的字典、表示成功的 None，或应答，不是 {type(members).__name__}",
        )
        raise TypeError(msg)
    return reply({"flag": "success", **members}, xml=xml)


def reject(message: str = "Illegal request", *, code: str = "sign-check-failure", xml: bool = False) -> Reply:
    """
    Build the reply to a call that was refused.

    Args:
        message: For the caller's log; keep it useless for attackers.
        code: The sub code; by default that of a wrong signature.
        xml: Reply in qimen's form.
    """
    if xml:
        return reply({"flag": "failure", "code": code, "message": message}, xml=True)
    return reply({"flag": "failure", "sub_code": code, "sub_message": message})


def reply(members: Mapping[str, Any], *, xml: bool = False) -> Reply:
    """
    Build a reply of exactly these members, for an SPI whose page prescribes a form of its own.

    ::

        reply({'success': False, 'errorCode': 'sign-check-failure', 'errorMsg': 'Illegal request'})

    Args:
        members: Nothing is added to them; datetimes are written in Beijing time, None is left out.
        xml: Reply in qimen's form, ``<response>…``; each element of a list has the list's name.

    Raises:
        CodecError: A member cannot be written; the message names its location.
        TypeError: A datetime is naive.

    .. versionadded:: 0.1.0
    """
    text = _CODEC.encode(dict(members))
    if not xml:
        return Reply(200, _JSON, text)
    pieces = ['<?xml version="1.0" encoding="utf-8"?>']
    _element("response", json.loads(text, parse_int=str, parse_float=str), pieces)
    return Reply(200, _XML, "".join(pieces).encode())


def _element(name: str, value: Any, pieces: list[str]) -> None:
    if isinstance(value, list):
        for element in value:
            _element(name, element, pieces)
        return
    if not _XML_NAME.fullmatch(name):
        msg = Words(f"{name!r} is not a name in XML", f"{name!r} 不能作为 XML 元素的名称")
        raise CodecError(msg)
    pieces.append(f"<{name}>")
    if isinstance(value, dict):
        for inner, member in value.items():
            _element(inner, member, pieces)
    elif isinstance(value, bool):
        pieces.append("true" if value else "false")
    else:
        pieces.append(escape(_NOT_IN_XML.sub("", value)))
    pieces.append(f"</{name}>")
