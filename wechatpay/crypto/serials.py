"""Serial numbers of certificates and ids of public keys: texts, never numbers."""

from __future__ import annotations

import re

from chainable.errors import ConfigurationError
from chainable.masking import brief, outline

__all__ = ["PUBLIC_KEY_ID", "normalise_serial", "serial_text", "shown_key_id", "shown_serial"]

PUBLIC_KEY_ID = "PUB_KEY_ID_"
"""How the id of a platform public key begins."""

_HEX = re.compile(r"[0-9A-F]+")
_SHORTEST_DECIMAL = 30
_HEX_DIGITS = 40
_SHORT = 8
_SHORTEST = 4  # characters that may be shown whatever they are


def serial_text(serial: int) -> str:
    """
    The serial of a certificate as the platform writes it.

    Returns:
        Upper-case hex of whole bytes, leading zeros kept: 40 digits for 20 bytes.
    """
    size = max(1, (serial.bit_length() + 7) // 8)
    return serial.to_bytes(size, "big").hex().upper()


def normalise_serial(serial: str, *, name: str = "serial") -> str:
    """
    One spelling for a serial or a public key's id.

    Args:
        serial: Hex as OpenSSL, browsers and consoles show it: any case, with
            colons, ``0x`` or white space; a digit that got lost in front is
            put back.  ``PUB_KEY_ID_…`` stays as it is.
        name: The setting, for the error.

    Raises:
        ConfigurationError: It is neither, or it is the serial in decimal.
        TypeError: It is not a str: a number has lost its leading zeros.
    """
    if not isinstance(serial, str):
        msg = f"{name}: a serial is text, not {type(serial).__name__}: a number loses leading zeros"
        raise TypeError(msg)
    text = serial.strip()
    if text.startswith(PUBLIC_KEY_ID):
        return text
    digits = re.sub(r"[\s:]", "", text).upper().removeprefix("0X")
    if digits.isascii() and digits.isdecimal() and len(digits) >= _SHORTEST_DECIMAL:
        if len(digits) != _HEX_DIGITS:
            hexadecimal = serial_text(int(digits))
            msg = f"{name}: this is the serial in decimal; the platform wants hex: {shown_serial(hexadecimal)}"
            raise ConfigurationError(msg, reason="serial_decimal", serial=shown_key_id(hexadecimal), setting=name)
    elif not _HEX.fullmatch(digits):
        msg = f"{name}: neither the hex serial of a certificate nor an id that begins with {PUBLIC_KEY_ID}: {_found(text)}"
        reason = "not_a_serial" if text else "serial_empty"
        position = (_stray(text) or 0) + 1
        raise ConfigurationError(msg, reason=reason, length=len(text), position=position, setting=name)
    return digits.zfill(len(digits) + len(digits) % 2)


def shown_serial(serial: str) -> str:
    """
    Quote a serial or id as far as it certainly is one: a key in its place is described, not shown.

    .. versionadded:: 0.1.0
    """
    known = re.fullmatch(rf"[0-9A-F]{{40}}|{PUBLIC_KEY_ID}[0-9]{{1,40}}", serial)
    return serial if known or len(serial) <= _SHORT else brief(serial)


def shown_key_id(serial: str) -> str:
    """
    Quote a serial or id as :func:`shown_serial` does, without the description of a text in its place.

    .. versionadded:: 0.1.0
    """
    return shown_serial(serial).partition(" (")[0]


def _found(text: str) -> str:
    """Describe what stands in place of a serial: it may be a key."""
    stray = _stray(text)
    where = "" if stray is None else f"; character {stray + 1} is not a hex digit"
    return repr(text) if len(text) <= _SHORTEST else f"{outline(text)}{where}"


def _stray(text: str) -> int | None:
    return next((at for at, character in enumerate(text) if not re.match(r"[0-9A-Fa-f:\s]", character)), None)
