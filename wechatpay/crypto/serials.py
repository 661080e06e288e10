"""Serial numbers of certificates and ids of public keys: texts, never numbers."""

from __future__ import annotations

import re

from chainable.errors import ConfigurationError

__all__ = ["PUBLIC_KEY_ID", "normalise_serial", "serial_text"]

PUBLIC_KEY_ID = "PUB_KEY_ID_"
"""How the id of a platform public key begins."""

_HEX = re.compile(r"[0-9A-F]+")
_SHORTEST_DECIMAL = 30
_HEX_DIGITS = 40


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
            msg = f"{name}: this is the serial in decimal; the platform wants hex: {hexadecimal}"
            raise ConfigurationError(msg)
    elif not _HEX.fullmatch(digits):
        msg = (
            f"{name}: neither the hex serial of a certificate nor an id that begins with "
            f"{PUBLIC_KEY_ID}: {_shortened(text)}"
        )
        raise ConfigurationError(msg)
    return digits.zfill(len(digits) + len(digits) % 2)


def _shortened(text: str) -> str:
    longest = 48
    return repr(text if len(text) <= longest else text[:8] + "…")
