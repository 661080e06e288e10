"""Strict base64: each value has exactly one encoding."""

from __future__ import annotations

import binascii

from chainable.i18n import Words

__all__ = ["from_base64"]


def from_base64(text: str) -> bytes:
    """
    Decode canonical base64 in ASCII: standard alphabet, padded, without line breaks.

    Python's decoders ignore characters that are not base64, text after the
    padding and stray bits in front of it, so that one signature has any number
    of spellings.  This function accepts one of them.

    Raises:
        ValueError: The text is not canonical base64.
    """
    value = binascii.a2b_base64(text)
    rest = len(value) % 3
    # The length shows whether characters were ignored; the last group, whether its padding and stray bits are right.
    if len(text) != (len(value) + 2) // 3 * 4 or (
        rest and binascii.b2a_base64(value[-rest:], newline=False) != text[-4:].encode()
    ):
        msg = Words(
            "the text is not canonical base64: encode the bytes with base64.b64encode()",
            "文本不是规范的 base64：请用 base64.b64encode() 编码",
        )
        raise ValueError(msg)
    return value
