"""What a call of the platform is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from chainable.web import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["accept", "reject"]

_JSON = {"Content-Type": "application/json;charset=utf-8"}
_XML = {"Content-Type": "text/xml;charset=utf-8"}


def accept(members: Mapping[str, Any] | None = None, *, xml: bool = False) -> Reply:
    """
    Answer that the call was carried out.

    Args:
        members: What the SPI's page asks for besides; texts and numbers only for XML.
        xml: Answer as qimen does, ``<response>…``.
    """
    return _reply({"flag": "success", **(members or {})}, xml=xml)


def reject(message: str = "Illegal request", *, code: str = "sign-check-failure", xml: bool = False) -> Reply:
    """
    Answer that the call was refused.

    Args:
        message: For the caller's log: nothing an attacker could learn from.
        code: The sub code; that of a wrong signature unless said otherwise.
        xml: Answer as qimen does.
    """
    if xml:
        return _reply({"flag": "failure", "code": code, "message": message}, xml=True)
    return _reply({"flag": "failure", "sub_code": code, "sub_message": message}, xml=False)


def _reply(members: dict[str, Any], *, xml: bool) -> Reply:
    if not xml:
        return Reply(200, _JSON, json.dumps(members, ensure_ascii=False).encode())
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
    return Reply(200, _XML, f'<?xml version="1.0" encoding="utf-8"?><response>{inner}</response>'.encode())
