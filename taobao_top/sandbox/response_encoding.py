"""The encodings of responses: JSON, simplified JSON and XML of one structure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ERROR_ROOT", "JSON", "XML", "Many", "as_json", "as_xml", "root"]

ERROR_ROOT = "error_response"
JSON = "text/javascript;charset=UTF-8"
XML = "text/xml;charset=UTF-8"

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@frozen
class Many:
    """A list member: ``item`` names the element inside it (``{"trades": {"trade": […]}}``)."""

    item: str
    values: Sequence[Any]


def root(method: str) -> str:
    """Return the name of a method's answer: a leading ``taobao.`` goes, dots become underscores."""
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def as_json(name: str, members: Mapping[str, Any], *, simplify: bool = False, rooted: bool = False) -> bytes:
    """
    Write an answer as JSON; lists are :class:`Many`, empty ones are left out.

    Simplified, it has plain lists, and no root, except for errors and batches (*rooted*).
    """
    inside = _plain(members, simplify)
    whole = inside if simplify and not rooted and name != ERROR_ROOT else {name: inside}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any, simplify: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(member, simplify)
            for key, member in value.items()
            if not (isinstance(member, Many) and not member.values)
        }
    if isinstance(value, Many):
        values = [_plain(member, simplify) for member in value.values]
        return values if simplify else {value.item: values}
    return value


def as_xml(name: str, members: Mapping[str, Any]) -> bytes:
    """Write an answer as XML: the same members, lists as repeated elements inside the list's own."""
    parts = ['<?xml version="1.0" encoding="utf-8" ?>']
    _element(parts, name, members)
    return "".join(parts).encode()


def _element(parts: list[str], name: str, value: Any) -> None:
    parts.append(f"<{name}>")
    if isinstance(value, dict):
        for key, member in value.items():
            if not (isinstance(member, Many) and not member.values):
                _element(parts, key, member)
    elif isinstance(value, Many):
        for member in value.values:
            _element(parts, value.item, member)
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    else:
        parts.append(escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))))
    parts.append(f"</{name}>")
