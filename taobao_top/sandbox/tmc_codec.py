"""
The frames of the message channel, as the server reads and writes them.

A frame is a version, a kind, and headers until the one of type 0; all numbers
are little-endian, all text is UTF-8 with its length in bytes before it.
"""

from __future__ import annotations

import struct
from datetime import datetime, timezone
from typing import Any

from attrs import field, frozen

__all__ = ["BROKEN", "CONNECT", "CONNECT_ACK", "SEND", "SEND_ACK", "Byte", "Frame", "read", "write"]

VERSION = 2
CONNECT, CONNECT_ACK, SEND, SEND_ACK = range(4)
_END, _CUSTOM, _CODE, _PHRASE, _FLAG, _TOKEN = range(6)
_VOID, _STRING, _BYTE, _INT16, _INT32, _INT64, _DATE, _BYTES = range(8)
BROKEN = (struct.error, UnicodeDecodeError, ValueError, IndexError, OverflowError)
"""The errors of :func:`read` for bytes that are not a frame."""


class Byte(int):
    """A number of one byte; all others have 64 bits."""


@frozen(kw_only=True)
class Frame:
    """One frame; a header that is absent is None."""

    kind: int
    content: dict[str, Any] = field(factory=dict)
    code: int | None = None
    phrase: str | None = None
    flag: int | None = None
    token: str | None = field(default=None, repr=False)


def read(data: bytes) -> Frame:
    """Read a frame; see :data:`BROKEN` for bytes that are not one."""
    version, kind = struct.unpack_from("<BB", data)
    if version != VERSION:
        message = f"version {version} instead of {VERSION}"
        raise ValueError(message)
    members: dict[str, Any] = {"kind": kind, "content": {}}
    at = 2
    while True:
        (header,) = struct.unpack_from("<h", data, at)
        at += 2
        if header == _END:
            return Frame(**members)
        if header == _CUSTOM:
            name, at = _text(data, at)
            members["content"][name], at = _value(data, at)
        elif header in {_CODE, _FLAG}:
            (members["code" if header == _CODE else "flag"],) = struct.unpack_from("<i", data, at)
            at += 4
        elif header in {_PHRASE, _TOKEN}:
            members["phrase" if header == _PHRASE else "token"], at = _text(data, at)
        else:
            message = f"header of type {header}"
            raise ValueError(message)


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<i", data, at)
    end = at + 4 + length
    if length < 0 or end > len(data):
        message = f"length {length} at {at}"
        raise ValueError(message)
    return data[at + 4 : end], end


def _text(data: bytes, at: int) -> tuple[str, int]:
    raw, at = _counted(data, at)
    return raw.decode(), at


def _value(data: bytes, at: int) -> tuple[Any, int]:
    kind = data[at]
    at += 1
    if kind == _VOID:
        return None, at
    if kind == _STRING:
        return _text(data, at)
    if kind == _BYTES:
        return _counted(data, at)
    if kind == _DATE:
        (milliseconds,) = struct.unpack_from("<q", data, at)
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc), at + 8
    shape = {_BYTE: "<b", _INT16: "<h", _INT32: "<i", _INT64: "<q"}.get(kind)
    if shape is None:
        message = f"value of format {kind}"
        raise ValueError(message)
    (number,) = struct.unpack_from(shape, data, at)
    return (Byte(number) if kind == _BYTE else number), at + struct.calcsize(shape)


def write(frame: Frame) -> bytes:
    """Write a frame."""
    parts = [struct.pack("<BB", VERSION, frame.kind)]
    if frame.code is not None:
        parts.append(struct.pack("<hi", _CODE, frame.code))
    if frame.phrase is not None:
        parts += [struct.pack("<h", _PHRASE), _packed(frame.phrase.encode())]
    if frame.flag is not None:
        parts.append(struct.pack("<hi", _FLAG, frame.flag))
    if frame.token is not None:
        parts += [struct.pack("<h", _TOKEN), _packed(frame.token.encode())]
    for name, value in frame.content.items():
        parts += [struct.pack("<h", _CUSTOM), _packed(name.encode()), _formatted(value)]
    parts.append(struct.pack("<h", _END))
    return b"".join(parts)


def _packed(raw: bytes) -> bytes:
    return struct.pack("<i", len(raw)) + raw


def _formatted(value: Any) -> bytes:
    if isinstance(value, Byte):
        return struct.pack("<bb", _BYTE, value)
    if isinstance(value, int):
        return struct.pack("<bq", _INT64, value)
    if isinstance(value, datetime):
        return struct.pack("<bq", _DATE, round(value.timestamp() * 1000))
    if isinstance(value, bytes):
        return struct.pack("<b", _BYTES) + _packed(value)
    return struct.pack("<b", _STRING) + _packed(str(value).encode())
