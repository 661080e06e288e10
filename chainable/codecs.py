"""Values to bytes and back: the codec's interface, JSON and form."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable
from urllib.parse import parse_qsl, urlencode

from chainable.errors import CodecError
from chainable.times import beijing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORM", "JSON", "Codec", "FormCodec", "JSONCodec", "Where", "digits", "no_constant", "spell"]

_LONGEST = 1000  # digits; a short exponent would fill the memory with zeros

Where: TypeAlias = "tuple[Where, str | int] | None"
"""Where in a value the writer stands: its parent's place and the key or index, None at the top."""


@runtime_checkable
class Codec(Protocol):
    """Writes a value as a body, reads a body as a value."""

    @property
    def content_type(self) -> str:
        """The media type of what :meth:`encode` writes."""
        ...

    def encode(self, value: Any, /) -> bytes:
        """
        Write the value.

        Raises:
            CodecError: The format has no form for it; the field's path is named.
        """
        ...

    def decode(self, body: bytes, /) -> Any:
        """
        Read the body.

        Raises:
            CodecError: It is not in this format.
        """


def spell(where: Where) -> str:
    """Spell a place the way people do: ``policy_periods[0].amount.total``."""
    steps: list[str] = []
    while where is not None:
        where, step = where
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps)).removeprefix(".") or "the value itself"


def digits(value: Decimal, where: Where) -> str:
    """
    Write a finite Decimal in plain digits.

    Raises:
        CodecError: Nobody means so many.
    """
    if abs(value.adjusted()) > _LONGEST:
        msg = f"{spell(where)}: {value.adjusted()} is no exponent of a number anybody means"
        raise CodecError(msg)
    return format(value, "f")


def _nothing_special(value: Any, where: Where) -> Any:
    return NotImplemented


class JSONCodec:
    """
    JSON in UTF-8, as money wants it.

    Writing leaves None members out at any depth, writes Decimal exactly,
    aware datetimes in RFC 3339 at ``+08:00`` and dates as ``yyyy-MM-dd``, and
    refuses NaN, keys that are no text and text that is no Unicode.  Reading
    keeps integers exact and gives fractions as Decimal.

    Args:
        special: Is asked for every value that is not exactly a str, int,
            bool, Decimal, dict, list or tuple, with its place; gives what to
            write instead, NotImplemented for what is written without it, or
            raises.
    """

    __slots__ = ("_special",)

    content_type = "application/json; charset=utf-8"

    def __init__(self, special: Callable[[Any, Where], Any] = _nothing_special) -> None:
        self._special = special

    def encode(self, value: Any, /) -> bytes:
        """
        Write a value as JSON.

        Raises:
            CodecError: A value has no form in JSON; the message names its path.
            TypeError: A datetime is naive.
        """
        pieces: list[str] = []
        try:
            self._write(value, None, pieces.append)
        except RecursionError:
            raise CodecError("the value contains itself, or is nested too deeply") from None
        try:
            return "".join(pieces).encode()
        except UnicodeEncodeError:
            raise CodecError("a text contains a lone surrogate, which no UTF-8 can carry") from None

    def _write(self, value: Any, where: Where, put: Callable[[str], None]) -> None:
        kind = type(value)
        if kind is str:
            put(encode_basestring(value))
        elif kind is int:
            put(int.__repr__(value))
        elif kind is dict:
            self._write_object(value, where, put)
        elif kind is list or kind is tuple:
            self._write_array(value, where, put)
        elif value is None:
            put("null")
        elif kind is bool:
            put("true" if value else "false")
        elif kind is Decimal:
            put(self._number(value, where))
        else:
            self._write_other(value, where, put)

    def _write_object(self, value: dict[Any, Any], where: Where, put: Callable[[str], None]) -> None:
        lead = "{"
        for key, member in value.items():
            if not isinstance(key, str):
                msg = f"{spell(where)}: the key {key!r} is no text"
                raise CodecError(msg)
            if member is None:
                continue
            put(lead)
            lead = ","
            put(encode_basestring(key))
            put(":")
            self._write(member, (where, key), put)
        put("{}" if lead == "{" else "}")

    def _write_array(self, value: Any, where: Where, put: Callable[[str], None]) -> None:
        lead = "["
        for index, element in enumerate(value):
            if element is None:
                continue
            put(lead)
            lead = ","
            self._write(element, (where, index), put)
        put("[]" if lead == "[" else "]")

    def _write_other(self, value: Any, where: Where, put: Callable[[str], None]) -> None:
        replaced = self._special(value, where)
        if replaced is not NotImplemented:
            self._write(replaced, where, put)
        elif isinstance(value, float):
            put(self._float(value, where))
        elif isinstance(value, datetime):
            try:
                put(f'"{beijing(value).isoformat(timespec="seconds")}"')
            except TypeError as error:
                msg = f"{spell(where)}: {error}"
                raise TypeError(msg) from None
        elif isinstance(value, date):
            put(f'"{value.isoformat()}"')
        elif isinstance(value, str):
            put(encode_basestring(str.__str__(value)))
        elif isinstance(value, int):
            put(int.__repr__(value))
        elif isinstance(value, Decimal):
            put(self._number(value, where))
        elif hasattr(value, "items") and hasattr(value, "keys"):
            self._write_object(value, where, put)
        elif isinstance(value, list | tuple):
            self._write_array(value, where, put)
        else:
            msg = f"{spell(where)}: a {type(value).__name__} has no form in JSON; give text, a number, a mapping or a list"
            raise CodecError(msg)

    @staticmethod
    def _number(value: Decimal, where: Where) -> str:
        if not value.is_finite():
            msg = f"{spell(where)}: {value} is not a number JSON knows"
            raise CodecError(msg)
        return digits(value, where)

    @staticmethod
    def _float(value: float, where: Where) -> str:
        if not isfinite(value):
            msg = f"{spell(where)}: {value} is not a number JSON knows"
            raise CodecError(msg)
        return float.__repr__(value)

    def decode(self, body: bytes, /) -> Any:
        """
        Read JSON; an empty body gives None.

        Raises:
            CodecError: The body is not JSON in UTF-8; its beginning is not shown, for it may hold personal data.
        """
        if not body:
            return None
        try:
            return _READER.decode(body.decode())
        except UnicodeDecodeError as error:
            msg = f"the body is no UTF-8 (at byte {error.start} of {len(body)})"
            raise CodecError(msg) from None
        except json.JSONDecodeError as error:
            msg = f"the body is no JSON: {error.msg} at character {error.pos} of {len(error.doc)}"
            raise CodecError(msg) from None
        except (ValueError, RecursionError, ArithmeticError) as error:  # an exponent may be longer than Decimal's
            msg = f"the body is JSON of a kind nobody sends: {type(error).__name__}"
            raise CodecError(msg) from None


def no_constant(name: str) -> Any:
    """
    Refuse NaN and the infinities, which Python reads and JSON does not know: for ``parse_constant``.

    Raises:
        ValueError: Always.
    """
    msg = f"{name} is no JSON"
    raise ValueError(msg)


_READER = json.JSONDecoder(parse_float=Decimal, parse_constant=no_constant)


class FormCodec:
    """``application/x-www-form-urlencoded`` in UTF-8: texts by name."""

    __slots__ = ()

    content_type = "application/x-www-form-urlencoded; charset=utf-8"

    def encode(self, value: Any, /) -> bytes:
        """
        Write a mapping of texts as a form.

        Raises:
            CodecError: A text contains a lone surrogate.
        """
        try:
            return urlencode(value).encode("ascii")
        except UnicodeEncodeError:
            raise CodecError("a text contains a lone surrogate, which no UTF-8 can carry") from None

    def decode(self, body: bytes, /) -> dict[str, str]:
        """
        Read a form; of a repeated name the last value stays.

        Raises:
            CodecError: The body is no form in UTF-8.
        """
        try:
            return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
        except ValueError as error:
            msg = f"the body is no form in UTF-8: {type(error).__name__}"
            raise CodecError(msg) from None


JSON = JSONCodec()
FORM = FormCodec()
