"""Base64 with one spelling for each value: a text that decodes is the only one that decodes so."""

from __future__ import annotations

import binascii

__all__ = ["from_base64"]


def from_base64(text: str) -> bytes:
    """
    Decode standard base64, padded and without line breaks.

    Python's decoders pass over characters that are not base64, text after the
    padding and stray bits in front of it, so that one signature has endless
    spellings. Here it has one.

    Args:
        text: ASCII.

    Returns:
        The bytes.

    Raises:
        ValueError: The text is not base64, or not in its one spelling.

    .. versionadded:: 0.1.0
    """
    value = binascii.a2b_base64(text)
    rest = len(value) % 3
    # As long as its one spelling, so that nothing was passed over; and the padding with the bits in front of it is right.
    if len(text) != (len(value) + 2) // 3 * 4 or (
        rest and binascii.b2a_base64(value[-rest:], newline=False) != text[-4:].encode()
    ):
        msg = "this is not the one spelling of its bytes in base64"
        raise ValueError(msg)
    return value
