"""Serial numbers of certificates and ids of public keys, as text."""

from __future__ import annotations

import re

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import brief, outline

__all__ = ["PUBLIC_KEY_ID", "normalise_serial", "serial_text", "shown_key_id", "shown_serial"]

PUBLIC_KEY_ID = "PUB_KEY_ID_"
"""The prefix of the id of a platform public key."""

_HEX = r"[0-9A-F]+"
_SHORTEST_DECIMAL = 30
_HEX_DIGITS = 40
_SHORT = 8
_SHORTEST = 4  # characters that may always be shown


def serial_text(serial: int) -> str:
    """Return the serial of a certificate as the platform writes it: upper-case hex of whole bytes."""
    size = max(1, (serial.bit_length() + 7) // 8)
    return serial.to_bytes(size, "big").hex().upper()


def normalise_serial(serial: str, *, name: str = "serial") -> str:
    """
    Return the usual form of a serial or a public key's id.

    Args:
        serial: Hex as OpenSSL, browsers and consoles show it: any case, with
            colons, ``0x`` or white space; a lost leading zero is
            restored.  ``PUB_KEY_ID_…`` is returned unchanged.
        name: The setting, for the error.

    Raises:
        ConfigurationError: The text is neither, or is the serial in decimal.
        TypeError: The serial is not a str: a number has lost its leading zeros.
    """
    if not isinstance(serial, str):
        hint, zh = (
            ("decode it first", "请先解码")
            if isinstance(serial, bytes)
            else ("a number loses leading zeros", "写成数字会丢失开头的 0")
        )
        kind = type(serial).__name__
        msg = Words(f"{name}: a serial is text, not {kind}: {hint}", f"{name}：序列号应为文本，不是 {kind}：{zh}")
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
    elif not re.fullmatch(_HEX, digits):
        msg = f"{name}: neither the hex serial of a certificate nor an id that begins with {PUBLIC_KEY_ID}: {_found(text)}"
        reason = "not_a_serial" if text else "serial_empty"
        position = (_stray(text) or 0) + 1
        raise ConfigurationError(msg, reason=reason, length=len(text), position=position, setting=name)
    return digits.zfill(len(digits) + len(digits) % 2)


def shown_serial(serial: str) -> str:
    """Return a serial or id for a message; other text may be a key, and is described instead."""
    known = re.fullmatch(rf"[0-9A-F]{{40}}|{PUBLIC_KEY_ID}[0-9]{{1,40}}", serial)
    return serial if known or len(serial) <= _SHORT else brief(serial)


def shown_key_id(serial: str) -> str:
    """Return a serial or id as :func:`shown_serial` does, without the description of a text in its place."""
    return shown_serial(serial).partition(" (")[0]


def _found(text: str) -> str:
    """Describe the text in place of a serial, which may be a key."""
    stray = _stray(text)
    where = "" if stray is None else f"; character {stray + 1} is not a hex digit"
    return repr(text) if len(text) <= _SHORTEST else f"{outline(text)}{where}"


def _stray(text: str) -> int | None:
    return next((at for at, character in enumerate(text) if not re.match(r"[0-9A-Fa-f:\s]", character)), None)
