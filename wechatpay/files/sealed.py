"""
The parts of encrypted bills: AES-256-GCM, chunk by chunk, in constant memory.

Official page: https://pay.weixin.qq.com/doc/v3/partner/4012760249
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from chainable.errors import DecryptionError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from wechatpay.files.answers import Seal

__all__ = ["TAG_BYTES", "opened"]

TAG_BYTES = 16


def opened(content: Iterator[memoryview | bytes], seal: Seal) -> Generator[bytes]:
    """
    Yield the plain content; the tag, its last 16 bytes, is checked at the end, before the generator ends.

    Raises:
        DecryptionError: The content is not what was encrypted with this key; what was yielded must not be used.
    """
    decryptor = Cipher(AES(seal.key.reveal()), GCM(seal.nonce)).decryptor()
    held = b""
    for chunk in content:
        held += chunk
        if len(held) > TAG_BYTES:
            yield decryptor.update(held[:-TAG_BYTES])
            held = held[-TAG_BYTES:]
    try:
        decryptor.finalize_with_tag(held)
    except (InvalidTag, ValueError):  # a tag of fewer bytes
        msg = Words(
            "a part of the bill does not open with its key: it was changed or cut on the way, and was not saved",
            "账单的一个分片无法用其密钥解开：途中被改动或截断，没有保存",
        )
        raise DecryptionError(msg) from None
