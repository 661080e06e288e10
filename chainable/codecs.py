"""Codecs encode values as bodies and decode them: the protocol, JSON and forms."""

from __future__ import annotations

import json
from datetime import date, datetime
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable
from urllib.parse import parse_qsl, quote_plus

from chainable.errors import CodecError
from chainable.i18n import Words, message_of, translate
from chainable.times import beijing

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from typing_extensions import TypeIs

__all__ = [
    "FORM",
    "JSON",
    "Codec",
    "FormCodec",
    "JSONCodec",
    "Location",
    "digits",
    "exact",
    "format_location",
    "is_decimal",
    "no_constant",
]

_LARGEST_EXPONENT = 1000  # A Decimal of a few characters could expand to gigabytes of zeros.

Location: TypeAlias = "tuple[Location, str | int] | None"
"""A location inside a value: that of its parent and a key or index; None for the value itself."""


@runtime_checkable
class Codec(Protocol):
    """Encodes values as bodies, and decodes bodies."""

    @property
    def content_type(self) -> str:
        """The media type of encoded bodies."""
        ...

    def encode(self, value: Any, /) -> bytes:
        """
        Encode a value.

        Raises:
            CodecError: The format cannot represent it; the message names the field.
        """
        ...

    def decode(self, body: bytes, /) -> Any:
        """
        Decode a body.

        Raises:
            CodecError: The body is not in this format.
        """


def format_location(location: Location) -> str:
    """Format a location, e.g. ``policy_periods[0].amount.total``."""
    steps: list[str] = []
    while location is not None:
        location, step = location
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps)).removeprefix(".") or "the value itself"


def is_decimal(value: object) -> TypeIs[Decimal]:
    """Return whether a value is a Decimal."""
    from decimal import Decimal  # as in exact()

    return isinstance(value, Decimal)


def digits(value: Decimal, location: Location) -> str:
    """Format a finite Decimal in plain digits, without an exponent; refuse more than 1,000 digits."""
    if abs(value.adjusted()) > _LARGEST_EXPONENT:
        msg = Words(
            f"{format_location(location)}: the exponent {value.adjusted()} is too large; at most {_LARGEST_EXPONENT} is allowed",
            f"{format_location(location)}：指数 {value.adjusted()} 过大，最大为 {_LARGEST_EXPONENT}",
        )
        raise CodecError(msg)
    return format(value, "f")


def _not_finite(value: float | Decimal, location: Location) -> Words:
    where = format_location(location)
    return Words(
        f"{where}: {value} is not a JSON number; pass a finite one", f"{where}：{value} 不是 JSON 的数字，请传有限的数"
    )


def _no_replacement(value: Any, location: Location) -> Any:
    return NotImplemented


class JSONCodec:
    """
    JSON in UTF-8, with exact numbers.

    Encoding omits members that are None, at any depth.  It writes a Decimal
    exactly, an aware datetime in RFC 3339 at ``+08:00``, and a date as
    ``yyyy-MM-dd``.  It rejects NaN, keys that are not str, and text with lone
    surrogates.  Decoding keeps integers exact and returns fractions as Decimal.

    Args:
        special: Called with each value that is not exactly a str, int, bool,
            Decimal, dict, list or tuple, and with its location. It returns a
            replacement, or NotImplemented to encode the value as usual; it
            may raise.
    """

    __slots__ = ("_special",)

    content_type = "application/json; charset=utf-8"

    def __init__(self, special: Callable[[Any, Location], Any] = _no_replacement) -> None:
        self._special = special

    def encode(self, value: Any, /) -> bytes:
        """
        Encode a value as JSON in UTF-8.

        Raises:
            CodecError: JSON cannot represent a value; the message names its location.
            TypeError: A datetime has no time zone.
        """
        pieces: list[str] = []
        try:
            self._write(value, None, pieces.append)
        except RecursionError:
            raise CodecError(
                Words("the value contains itself, or is nested too deeply", "值包含它自己，或嵌套过深")
            ) from None
        try:
            return "".join(pieces).encode()
        except UnicodeEncodeError:
            raise CodecError(
                Words(
                    "a text contains a lone surrogate, which UTF-8 cannot encode",
                    "文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
                )
            ) from None

    def _write(self, value: Any, location: Location, put: Callable[[str], None]) -> None:
        kind = type(value)
        if kind is str:
            put(encode_basestring(value))
        elif kind is int:
            put(int.__repr__(value))
        elif kind is dict:
            self._write_object(value, location, put)
        elif kind is list or kind is tuple:
            self._write_array(value, location, put)
        elif value is None:
            put("null")
        elif kind is bool:
            put("true" if value else "false")
        else:
            self._write_other(value, location, put)

    def _write_object(self, value: dict[Any, Any], location: Location, put: Callable[[str], None]) -> None:
        separator = "{"
        for key, member in value.items():
            if not isinstance(key, str):
                where = format_location(location)
                raise CodecError(
                    Words(
                        f"{where}: the key {key!r} is not a str; JSON has no other keys",
                        f"{where}：键 {key!r} 不是字符串，JSON 的键只能是字符串",
                    )
                )
            if member is None:
                continue
            put(separator)
            separator = ","
            put(encode_basestring(key))
            put(":")
            if type(member) is str:  # most members: a call less for each
                put(encode_basestring(member))
            else:
                self._write(member, (location, key), put)
        put("{}" if separator == "{" else "}")

    def _write_array(self, value: Any, location: Location, put: Callable[[str], None]) -> None:
        separator = "["
        for index, element in enumerate(value):
            if element is None:
                continue
            put(separator)
            separator = ","
            self._write(element, (location, index), put)
        put("[]" if separator == "[" else "]")

    def _write_other(self, value: Any, location: Location, put: Callable[[str], None]) -> None:
        replaced = self._special(value, location)
        if replaced is not NotImplemented:
            self._write(replaced, location, put)
        elif isinstance(value, float):
            put(self._float(value, location))
        elif isinstance(value, datetime):
            try:
                put(f'"{beijing(value).isoformat(timespec="seconds")}"')
            except TypeError as error:
                where, text = format_location(location), message_of(error)
                raise TypeError(Words(f"{where}: {text}", f"{where}：{translate(text, 'zh')}")) from None
        elif isinstance(value, date):
            put(f'"{value.isoformat()}"')
        elif isinstance(value, str):
            put(encode_basestring(str.__str__(value)))
        elif isinstance(value, int):
            put(int.__repr__(value))
        elif is_decimal(value):
            put(self._number(value, location))
        elif hasattr(value, "items") and hasattr(value, "keys"):
            self._write_object(value, location, put)
        elif isinstance(value, list | tuple):
            self._write_array(value, location, put)
        else:
            where, name = format_location(location), type(value).__name__
            raise CodecError(
                Words(
                    f"{where}: JSON cannot represent the type {name}; pass a str, a number, a mapping or a list",
                    f"{where}：{name} 无法写成 JSON，请传字符串、数字、字典或列表",
                )
            )

    @staticmethod
    def _number(value: Decimal, location: Location) -> str:
        if not value.is_finite():
            raise CodecError(_not_finite(value, location))
        return digits(value, location)

    @staticmethod
    def _float(value: float, location: Location) -> str:
        if not isfinite(value):
            raise CodecError(_not_finite(value, location))
        return float.__repr__(value)

    def decode(self, body: bytes, /) -> Any:
        """
        Decode JSON; None for an empty body.

        Raises:
            CodecError: The body is not JSON in UTF-8. The message does not quote it, because it may hold personal data.
        """
        if not body:
            return None
        try:
            return _READER.decode(body.decode())
        except UnicodeDecodeError as error:
            msg = Words(
                f"the body is not UTF-8 (at byte {error.start} of {len(body)})",
                f"正文不是 UTF-8（共 {len(body)} 字节，错在第 {error.start} 字节）",
            )
            raise CodecError(msg) from None
        except json.JSONDecodeError as error:
            msg = Words(
                f"the body is not JSON: {error.msg} at character {error.pos} of {len(error.doc)}",
                f"正文不是 JSON：共 {len(error.doc)} 个字符，错在第 {error.pos} 个（{error.msg}）",
            )
            raise CodecError(msg) from None
        except (ValueError, RecursionError, ArithmeticError) as error:  # an exponent beyond Decimal's, among others
            name = type(error).__name__
            msg = Words(f"the body is JSON that cannot be decoded: {name}", f"正文是 JSON，但无法解析：{name}")
            raise CodecError(msg) from None


def no_constant(name: str) -> Any:
    """Reject NaN and the infinities, which Python's decoder accepts although JSON has none: for ``parse_constant``."""
    msg = Words(f"{name} is not JSON", f"{name} 不是合法的 JSON")
    raise ValueError(msg)


def exact(text: str) -> Decimal:
    """Read a number with a fraction or an exponent exactly: for ``parse_float``."""
    from decimal import Decimal  # imported lazily: most processes receive whole numbers only

    return Decimal(text)


_READER = json.JSONDecoder(parse_float=exact, parse_constant=no_constant)


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_FORM_BYTES = [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]
_FORM_BYTES[ord(" ")] = "+"


def _form_text(value: Any) -> str:
    """Write a value as ``urllib.parse.urlencode()`` does, which calls three functions for each text."""
    if isinstance(value, str):
        return value.encode().decode("latin-1").translate(_FORM_BYTES)
    return quote_plus(value if isinstance(value, bytes) else str(value))


class FormCodec:
    """``application/x-www-form-urlencoded`` in UTF-8: a mapping of names to str."""

    __slots__ = ()

    content_type = "application/x-www-form-urlencoded; charset=utf-8"

    def encode(self, value: Any, /) -> bytes:
        """
        Encode a mapping of str as a form.

        Raises:
            CodecError: A text contains a lone surrogate.
        """
        try:
            return "&".join([f"{_form_text(name)}={_form_text(text)}" for name, text in value.items()]).encode("ascii")
        except UnicodeEncodeError:
            raise CodecError(
                Words(
                    "a text contains a lone surrogate, which UTF-8 cannot encode",
                    "文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
                )
            ) from None

    def decode(self, body: bytes, /) -> dict[str, str]:
        """
        Decode a form; the last value of a repeated name counts.

        Raises:
            CodecError: The body is not a form in UTF-8.
        """
        try:
            return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
        except ValueError as error:
            msg = Words(
                f"the body is not a form in UTF-8: {type(error).__name__}",
                f"正文不是 UTF-8 的表单：{type(error).__name__}",
            )
            raise CodecError(msg) from None


JSON = JSONCodec()
FORM = FormCodec()
