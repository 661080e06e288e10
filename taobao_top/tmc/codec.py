"""
The frames of the message channel, encoded and decoded; without sockets or state.

A frame has two bytes, version and message type, then headers up to one of
type 0.  Numbers are little-endian; text is UTF-8 behind its length in bytes,
32 bits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from struct import Struct, error
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.times import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONNECT", "CONNECTACK", "LIMIT", "SEND", "SENDACK", "Byte", "Frame", "Int16", "Int32", "decode", "encode"]

VERSION = 2
CONNECT, CONNECTACK, SEND, SENDACK = range(4)
"""The message types."""
LIMIT = 4 * 1024 * 1024
"""The longest frame, in bytes."""
HEADERS = 1000
"""The most headers of a frame."""

_END, _CUSTOM, _STATUS_CODE, _STATUS_PHRASE, _FLAG, _TOKEN = range(6)
_VOID, _STRING, _BYTE, _INT16, _INT32, _INT64, _DATE, _BYTES = range(8)

_I8, _I16, _I32, _I64, _LENGTH = Struct("<b"), Struct("<h"), Struct("<i"), Struct("<q"), Struct("<I")
_HEAD, _HEADER_I32, _HEADER_LENGTH, _VALUE_LENGTH = Struct("<BB"), Struct("<hi"), Struct("<hI"), Struct("<BI")
_TYPED_I8, _TYPED_I16, _TYPED_I32, _TYPED_I64 = Struct("<bb"), Struct("<bh"), Struct("<bi"), Struct("<bq")

_EPOCH = datetime(1970, 1, 1, 8, tzinfo=BEIJING)
_MILLISECOND = timedelta(milliseconds=1)


class Byte(int):
    """A number of one byte, signed; a plain int has 64 bits."""


class Int16(int):
    """A number of 16 bits."""


class Int32(int):
    """A number of 32 bits."""


@safe_repr
@frozen(kw_only=True)
class Frame:
    """
    One frame; a header that is absent is None.

    ``content`` has the custom headers by name: None, text, bytes, whole numbers, aware datetimes (to the millisecond).
    """

    type: int
    content: Mapping[str, Any] = field(factory=dict, repr=False)
    status_code: int | None = None
    status_phrase: str | None = None
    flag: int | None = None
    token: str | None = field(default=None, repr=False)


def encode(frame: Frame) -> bytes:
    """Encode a frame; CodecError if it is longer than :data:`LIMIT`, or a value has no form in it."""
    try:
        parts = [_HEAD.pack(VERSION, frame.type)]
        for header, number in ((_STATUS_CODE, frame.status_code), (_FLAG, frame.flag)):
            if number is not None:
                parts.append(_HEADER_I32.pack(header, number))
        for header, text in ((_STATUS_PHRASE, frame.status_phrase), (_TOKEN, frame.token)):
            if text is not None:
                parts += [_I16.pack(header), _counted(text.encode())]
        for name, value in frame.content.items():
            write = _WRITERS.get(type(value))
            if write is None:
                msg = Words(
                    f"{name}: a {type(value).__name__} has no form in a frame",
                    f"{name}：{type(value).__name__} 无法写进帧",
                )
                raise CodecError(msg)
            parts += [b"\x01\x00", _counted(name.encode()), write(value)]
    except error:
        raise CodecError(
            Words("a number is too big for the bytes a frame has for it", "数字过大，帧中的字节放不下")
        ) from None
    except UnicodeEncodeError:
        raise CodecError(
            Words(
                "a text contains a lone surrogate, which UTF-8 cannot carry",
                "文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
            )
        ) from None
    parts.append(b"\x00\x00")
    data = b"".join(parts)
    _check_size(data)
    return data


def _counted(raw: bytes) -> bytes:
    return _I32.pack(len(raw)) + raw


def _write_date(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise CodecError(
            Words(
                "a datetime without a zone has no form in a frame: set its tzinfo",
                "没有时区的 datetime 无法写进帧：请设置 tzinfo",
            )
        )
    return _TYPED_I64.pack(_DATE, (value - _EPOCH) // _MILLISECOND)


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"\x00",
    str: lambda value: b"\x01" + _counted(value.encode()),
    Byte: lambda value: _TYPED_I8.pack(_BYTE, value),
    Int16: lambda value: _TYPED_I16.pack(_INT16, value),
    Int32: lambda value: _TYPED_I32.pack(_INT32, value),
    int: lambda value: _TYPED_I64.pack(_INT64, value),
    datetime: _write_date,
    bytes: lambda value: b"\x07" + _counted(value),
}


def decode(data: bytes) -> Frame:
    """
    Decode a frame; bytes behind its end are ignored, bytes that are not a frame are a CodecError.

    A byte of a text that is not UTF-8, such as of a character that was cut, is read as U+FFFD.
    A status code may have 32 bits or, as some senders write it, 16.
    """
    kind, content, members = parts(data)
    return Frame(type=kind, content=content, **members)


def parts(data: bytes) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Decode a frame to its message type, its custom headers, and the others by their names in :class:`Frame`."""
    _check_size(data)
    if data[:1] != b"\x02" or len(data) < 2:
        raise CodecError(Words("not a frame of version 2 of the message channel", "不是消息通道第 2 版的帧"))
    try:
        return _read(data, _I32)
    except _BROKEN as broken:
        try:
            return _read(data, _I16)
        except _BROKEN:
            raise _decode_error(broken, len(data)) from None


_BROKEN = (CodecError, error, LookupError, UnicodeDecodeError, OverflowError)
"""Raised for bytes that are not a frame."""


def _decode_error(broken: Exception, size: int) -> CodecError:
    if isinstance(broken, CodecError):
        return broken
    if isinstance(broken, KeyError):
        return CodecError(
            Words(f"a frame with a header or value of the unknown type {broken}", f"帧中有未知类型 {broken} 的头或值")
        )
    if isinstance(broken, UnicodeDecodeError):
        return CodecError(Words("a frame with a name that is not UTF-8", "帧中有不是 UTF-8 的名称"))
    if isinstance(broken, OverflowError):
        return CodecError(Words("a frame with a date beyond the year 9999", "帧中有晚于 9999 年的日期"))
    return CodecError(
        Words(
            f"a frame that is cut off at byte {size}, or has a wrong length", f"帧在第 {size} 字节处被截断，或长度有误"
        )
    )


def _check_size(data: bytes) -> None:
    if len(data) > LIMIT:
        msg = Words(f"a frame of {len(data)} bytes: the limit is {LIMIT}", f"帧长 {len(data)} 字节，上限为 {LIMIT}")
        raise CodecError(msg)


def _read(data: bytes, status: Struct) -> tuple[int, dict[str, Any], dict[str, Any]]:
    # The hot path of each message.  A header's type is read together with the length behind it, and a value's
    # format with its length.  The end has no length: four zeros stand in, too few to be read as another end.
    # Lengths are unsigned: a negative one is huge, and no data is behind it.
    data += b"\x00" * 4
    content: dict[str, Any] = {}
    members: dict[str, Any] = {}
    header_at, value_at, long_at = _HEADER_LENGTH.unpack_from, _VALUE_LENGTH.unpack_from, _I64.unpack_from
    at = 2
    for _ in range(HEADERS):
        header, length = header_at(data, at)
        if header == _CUSTOM:
            at += 6
            end = at + length
            name = data[at:end].decode()
            kind, length = value_at(data, end)
            if kind == _STRING:
                at = end + 5
                end = at + length
                content[name] = data[at:end].decode(errors="replace")
                at = end
            elif kind == _INT64:
                (content[name],) = long_at(data, end + 1)
                at = end + 9
            elif kind == _DATE:
                content[name] = _EPOCH + long_at(data, end + 1)[0] * _MILLISECOND
                at = end + 9
            else:
                content[name], at = _READERS[kind](data, end + 1)
        elif header == _END:
            return data[1], content, members
        else:
            at = _read_member(data, at, status, members)
    msg = Words(f"a frame of more than {HEADERS} headers", f"帧的头超过 {HEADERS} 个")
    raise CodecError(msg)


def _read_member(data: bytes, at: int, status: Struct, members: dict[str, Any]) -> int:
    (header,) = _I16.unpack_from(data, at)
    name = _MEMBERS[header]
    if name in members:
        msg = Words(f"a frame with {name} twice", f"帧中 {name} 出现了两次")
        raise CodecError(msg)
    if header in {_STATUS_PHRASE, _TOKEN}:
        end: int = at + 6 + _LENGTH.unpack_from(data, at + 2)[0]
        members[name] = data[at + 6 : end].decode(errors="replace")
        return end
    shape = status if header == _STATUS_CODE else _I32
    (members[name],) = shape.unpack_from(data, at + 2)
    return at + 2 + shape.size


_MEMBERS = {_STATUS_CODE: "status_code", _STATUS_PHRASE: "status_phrase", _FLAG: "flag", _TOKEN: "token"}


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 4 + _LENGTH.unpack_from(data, at)[0]
    return data[at + 4 : end], end


def _number(shape: Struct) -> Callable[[bytes, int], tuple[int, int]]:
    return lambda data, at: (shape.unpack_from(data, at)[0], at + shape.size)


_READERS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    _VOID: lambda _, at: (None, at),
    _BYTE: _number(_I8),
    _INT16: _number(_I16),
    _INT32: _number(_I32),
    _BYTES: _bytes,
}
