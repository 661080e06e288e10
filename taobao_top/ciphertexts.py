"""
The platform's forms of encrypted personal data, and the index to search it; pure functions.

:mod:`taobao_top.security` fetches the keys, and has the public names.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import NamedTuple

from attrs import field, frozen
from attrs.validators import ge, le
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from chainable.errors import CodecError, ConfigurationError, DecryptionError
from chainable.i18n import Words
from chainable.masking import Secret, guarded, safe_repr, shown_name, without_frames

__all__ = ["KINDS", "Key", "Parts", "decrypt", "encrypt", "is_encrypted", "search", "split", "stays_plain", "windows"]

KINDS = {"phone": "$", "nick": "~", "receiver_name": "~", "simple": "~", "search": "~", "normal": "\x01"}
"""The kinds of data, and the mark around each."""

_IV = b"0102030405060708"
_BASE64 = "[A-Za-z0-9+/]+=*"
_KEY_SIZES = (16, 24, 32)  # bytes
_WHOLE_PHONE = 11
_BLOCK = 128  # bits
_HIDDEN_DIGITS = 8
_SHOWN_DIGITS = 4


def _as_secret(given: bytes | Secret[bytes]) -> Secret[bytes]:
    return Secret.of(given)


@without_frames
def _check_secret(_key: object, _attribute: object, given: Secret[bytes]) -> None:
    secret: object = given.reveal()
    if not isinstance(secret, bytes):
        kind = type(secret).__name__
        raise TypeError(
            Words(f"secret: bytes of an AES key were expected, not {kind}", f"secret：应为 AES 密钥的字节，实为 {kind}")
        )
    if len(secret) not in _KEY_SIZES:
        size = len(secret)
        msg = f"secret: an AES key of 16, 24 or 32 bytes was expected, not of {size}"
        raise ValueError(Words(msg, f"secret：AES 密钥应为 16、24 或 32 字节，实为 {size} 字节"))


@safe_repr
@guarded
@frozen
class Key:
    """
    A key of the platform.

    Attributes:
        secret: The AES key, 16, 24 or 32 bytes.
        version: Its number, which is part of every ciphertext; negative for the app's own key.
        slide_size: The text in one window of the index: ASCII counts 1, other characters 2.
        compress_len: The bytes of each window's digest, 1 to 16.
        searchable: The kinds that are written with an index.

    Raises:
        TypeError: The secret is not bytes.
        ValueError: A size is out of bounds.
    """

    _secret: Secret[bytes] = field(alias="secret", repr=False, converter=_as_secret, validator=_check_secret)
    version: int
    slide_size: int = field(default=4, validator=ge(1))
    compress_len: int = field(default=3, validator=[ge(1), le(16)])
    searchable: frozenset[str] = frozenset({"search"})

    @property
    def secret(self) -> bytes:
        """The AES key."""
        return self._secret.reveal()


class Parts(NamedTuple):
    """The parts of a ciphertext: the readable text, the AES part, the version of its key."""

    shown: str
    sealed: str
    version: int


def _patterns(mark: str) -> tuple[re.Pattern[str], ...]:
    mark = re.escape(mark)
    version = r"(?P<version>-?\d{1,9})"
    if mark == re.escape("$"):
        return (
            re.compile(rf"{mark}(?P<shown>[^$]*){mark}(?P<sealed>{_BASE64}){mark}{version}{mark}"),
            re.compile(rf"{mark}{_BASE64}{mark}(?P<sealed>{_BASE64}){mark}{version}{mark}{mark}"),
        )
    return (
        re.compile(rf"{mark}(?P<sealed>{_BASE64}){mark}{version}{mark}"),
        re.compile(rf"{mark}(?P<sealed>{_BASE64}){mark}[A-Za-z0-9+/=]*{mark}{version}{mark}{mark}"),
    )


_PATTERNS = {kind: _patterns(mark) for kind, mark in KINDS.items()}


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        name, known = shown_name(kind), ", ".join(KINDS)
        msg = f"{name} is not a kind of data: {known} were expected"
        raise ConfigurationError(Words(msg, f"{name} 不是数据类型：应为 {known} 之一"))
    return kind


def _checked_text(text: str) -> str:
    if not isinstance(text, str):
        found = type(text).__name__
        raise TypeError(Words(f"text: a str was expected, not {found}", f"text：应为 str，实为 {found}"))
    return text


def split(text: str, kind: str) -> Parts | None:
    """Return the parts of a ciphertext of this kind; None for any other text; TypeError for what is no text."""
    _checked_text(text)
    for pattern in _PATTERNS[_checked_kind(kind)]:
        found = pattern.fullmatch(text)
        if found:
            parts = found.groupdict()
            return Parts(parts.get("shown", ""), parts["sealed"], int(parts["version"]))
    return None


def is_encrypted(text: str, kind: str) -> bool:
    """Return whether a text has the form of this kind's ciphertexts."""
    return split(text, kind) is not None


def stays_plain(text: str, kind: str) -> bool:
    """Return whether a text is stored as it is: a blank one, and a phone number that is too short to hide a part."""
    return not _checked_text(text).strip() or (kind == "phone" and len(text) < _WHOLE_PHONE)


@without_frames
def encrypt(text: str, kind: str, key: Key) -> str:
    """
    Encrypt a text in the form of its kind.

    A phone number of less than 11 characters, such as a landline's, is
    returned unchanged, as by the official SDKs (``encryptPhone``).

    Raises:
        CodecError: The text holds a lone surrogate.
        ConfigurationError: The kind is unknown.
        TypeError: The text is not a str.
    """
    mark, version = KINDS[_checked_kind(kind)], key.version
    _checked_text(text)
    if kind == "phone":
        if len(text) < _WHOLE_PHONE:
            return text
        if kind in key.searchable:
            tail = _digest(text[-_SHOWN_DIGITS:], key)
            return f"{mark}{tail}{mark}{_sealed(text, key)}{mark}{version}{mark}{mark}"
        shown, hidden = text[:-_HIDDEN_DIGITS], text[-_HIDDEN_DIGITS:]
        return f"{mark}{shown}{mark}{_sealed(hidden, key)}{mark}{version}{mark}"
    if kind in key.searchable:
        return f"{mark}{_sealed(text, key)}{mark}{search(text, kind, key)}{mark}{version}{mark}{mark}"
    return f"{mark}{_sealed(text, key)}{mark}{version}{mark}"


@without_frames
def decrypt(text: str, kind: str, key: Key) -> str:
    """
    Decrypt a text in the form of its kind; any other text is returned unchanged.

    Raises:
        DecryptionError: The key does not decrypt it.
        ConfigurationError: The kind is unknown.
        TypeError: The text is not a str.
    """
    parts = split(text, kind)
    return text if parts is None else parts.shown + _opened(parts.sealed, key)


@without_frames
def search(text: str, kind: str, key: Key) -> str:
    """
    Return the text that finds this text in stored ciphertexts (``LIKE '%…%'``).

    Args:
        text: A part of the name, or the last 4 digits of a phone number.
        kind: The kind of data.
        key: The key of the ciphertexts.

    Raises:
        CodecError: A phone number's part does not have 4 characters, or a text holds a lone surrogate.
        ConfigurationError: The kind is unknown.
        TypeError: The text is not a str.
    """
    _checked_text(text)
    if _checked_kind(kind) == "phone":
        if len(text) != _SHOWN_DIGITS:
            raise CodecError(Words("phone numbers are found by their last 4 digits", "手机号只能用末 4 位检索"))
        return f"${_digest(text, key)}$"
    return "".join(_digest(window, key, key.compress_len) for window in windows(text, key.slide_size))


def windows(text: str, size: int = 4) -> list[str]:
    """
    Split a text into the overlapping windows of the index.

    Args:
        text: Any text.
        size: The weight of a window: ASCII characters weigh 1, others 2.

    Raises:
        CodecError: The size is less than 1.
    """
    if size < 1:
        raise CodecError(Words("a window holds 1 or more", "滑动窗口的大小至少为 1"))
    weights = [1 if character.isascii() else 2 for character in text]
    found: list[str] = []
    start = end = weight = 0
    while end < len(text) or weight > size:
        begins_light = end > 0 and weights[start] == 1
        if end == len(text) and not begins_light:
            break
        if weight == size and not begins_light and weights[end] == 1:
            # A full window that begins with a heavy character takes one more light one before it moves on.
            end += 1
            weight = size + 1
        else:
            if end:
                weight -= weights[start]
                start += 1
            while weight < size and end < len(text):
                weight += weights[end]
                end += 1
        found.append(text[start:end])
    return found


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CodecError(
            Words(
                "a text holds a lone surrogate, which UTF-8 cannot encode", "文本含有单独的代理字符，无法用 UTF-8 编码"
            )
        ) from None


def _digest(text: str, key: Key, length: int | None = None) -> str:
    digest = hmac.digest(key.secret, _encoded(text), "md5")
    if length is not None:
        folded = bytearray(length)
        for index, byte in enumerate(digest):
            folded[index % length] ^= byte
        digest = bytes(folded)
    return base64.b64encode(digest).decode()


def _sealed(text: str, key: Key) -> str:
    padder = PKCS7(_BLOCK).padder()
    encryptor = Cipher(AES(key.secret), CBC(_IV)).encryptor()
    padded = padder.update(_encoded(text)) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _opened(sealed: str, key: Key) -> str:
    try:
        decryptor = Cipher(AES(key.secret), CBC(_IV)).decryptor()
        padded = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        msg = f"the ciphertext cannot be decrypted with the key of version {key.version}"
        raise DecryptionError(Words(msg, f"无法用版本为 {key.version} 的密钥解密这段密文")) from None
