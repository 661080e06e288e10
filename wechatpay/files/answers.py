"""
The files that a response names: their URLs, their digests, and the keys of encrypted parts.

Responses name them in a few forms, which differ by product; :data:`FORMS` lists them. Official pages:
https://pay.weixin.qq.com/doc/v3/merchant/4012124982 (``download_url``),
https://pay.weixin.qq.com/doc/v3/partner/4012760249 (encrypted parts).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.canonical import from_base64
from chainable.errors import CodecError, DecryptionError
from chainable.i18n import Words
from chainable.masking import Secret, safe_repr, without_frames
from wechatpay.crypto import rsa
from wechatpay.files.saving import ExpectedDigest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMS", "LISTS", "PARTS", "Form", "NamedFile", "Seal", "digest_of_header", "files_of"]


@safe_repr
@frozen
class Form:
    """
    The members of a response that name one file; dots lead into objects.

    Attributes:
        url: The member with the URL.
        digest: The member with the digest in hexadecimal.
        hash_type: The member with the name of its algorithm; empty if there is none.
        algorithm: The algorithm of a digest without that member.
        bare: Whether the URL alone is a file.
    """

    url: str
    digest: str
    hash_type: str = ""
    algorithm: str = ""
    bare: bool = False


FORMS = (
    Form("download_url", "hash_value", "hash_type", bare=True),
    Form("url", "hash_value", "hash_type"),
    Form("url", "stock_useflow_hash", algorithm="SHA1"),
    Form("url", "stock_refundflow_hash", algorithm="SHA1"),
    Form("driver_photo.photo_url", "driver_photo.photo_digest.hash_value", "driver_photo.photo_digest.hash_type"),
)
"""The members of a file, by product; the first form that a response has."""

PARTS = "download_bill_list"
"""The list of the encrypted parts of one file."""

LISTS = ("fapiao_download_info_list",)
"""Lists whose elements are files of their own."""

_COUNT, _SEQUENCE = "download_bill_count", "bill_sequence"
_KEY_BYTES = 32
_NONCE_BYTES = range(8, 129)  # what GCM takes; the pages show 16 and 32
_HEADER_TYPES = {"SHA": "SHA1", "SHA-1": "SHA1", "SHA1": "SHA1", "SHA-256": "SHA256", "SHA256": "SHA256", "MD5": "MD5"}
_HEADER_BYTES = {"SHA1": 20, "SHA256": 32, "MD5": 16}


@safe_repr
@frozen
class Seal:
    """The key and the nonce of one part, AES-256-GCM."""

    key: Secret[bytes] = field(repr=False)
    nonce: bytes = field(repr=False)


@safe_repr
@frozen
class NamedFile:
    """A file, or one part of it: its URL, its digest, and how it is encrypted; None for what it does not have."""

    url: str = field(repr=False)
    expected: ExpectedDigest | None = None
    seal: Seal | None = field(default=None, repr=False)


def files_of(data: Mapping[str, Any], key: Callable[[], Any]) -> tuple[NamedFile, ...]:
    """
    Return the file that a response names; its parts in their order, if it has parts.

    Args:
        data: The decoded response.
        key: Returns the merchant's private key, which decrypts the keys of encrypted parts.

    Raises:
        CodecError: It names no file, more than one, or parts that are not complete.
        DecryptionError: The key of a part does not open.
    """
    if PARTS in data:
        return _parts(data, key)
    found = _single(data)
    if found is not None:
        return (found,)
    for name in LISTS:
        listed = data.get(name)
        elements = (
            [_single(element) for element in listed if isinstance(element, dict)] if isinstance(listed, list) else []
        )
        files = [element for element in elements if element is not None]
        if len(files) == 1:
            return (files[0],)
        if files:
            msg = Words(
                f"this response names {len(files)} files in {name}: download each of them, "
                f"client.download(response.data[{name!r}][0]['download_url'], to)",
                f"该应答的 {name} 中有 {len(files)} 个文件，请逐个下载：client.download(response.data[{name!r}][0]['download_url'], to)",
            )
            raise CodecError(msg)
    urls = [name for name, value in data.items() if isinstance(value, str) and value.startswith("https://")]
    if len(urls) == 1:
        msg = Words(
            f"this response has no download_url, and no digest beside {urls[0]}: if that is the file, pass the URL: "
            f"client.download(response.data[{urls[0]!r}], to)",
            f"该应答没有 download_url，{urls[0]} 也没有摘要：如果它就是文件，请传地址：client.download(response.data[{urls[0]!r}], to)",
        )
        raise CodecError(msg)
    msg = Words(
        f"this response has no download_url (it has {', '.join(map(str, data)) or 'nothing'}): is the file ready yet?",
        f"该应答没有 download_url（只有 {', '.join(map(str, data)) or '空内容'}）：文件是否已经生成？",
    )
    raise CodecError(msg)


def _single(data: Mapping[str, Any]) -> NamedFile | None:
    for form in FORMS:
        url, value = _member(data, form.url), _member(data, form.digest)
        if isinstance(url, str) and url and (form.bare or value is not None):
            hash_type = _member(data, form.hash_type) if form.hash_type else form.algorithm
            return NamedFile(url, _expected(hash_type, value))
    return None


def _member(data: Mapping[str, Any], path: str) -> Any:
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


_BY_LENGTH = {32: "MD5", 40: "SHA1", 64: "SHA256"}
"""The algorithm of a digest whose name is not given, by its characters."""


def _expected(hash_type: Any, value: Any, *, packed: bool = False) -> ExpectedDigest | None:
    if not isinstance(value, str) or not value.strip():
        return None
    digest = (
        _hexadecimal(value.strip(), _HEADER_BYTES.get(str(hash_type).upper().replace("-", ""), 0))
        or value.strip().lower()
    )
    if not isinstance(hash_type, str) or not hash_type.strip():
        hash_type = _BY_LENGTH.get(len(digest))
    return ExpectedDigest(hash_type, digest, packed=packed) if hash_type else None


def _parts(data: Mapping[str, Any], key: Callable[[], Any]) -> tuple[NamedFile, ...]:
    """Return the parts by their sequence, which is complete: 1, 2, 3 up to the count."""
    listed = data[PARTS]
    if not isinstance(listed, list) or not listed:
        msg = Words(
            f"{PARTS} of this response is empty: is the bill ready yet, and was there anything on that day?",
            f"应答的 {PARTS} 为空：账单是否已经生成，当天是否有数据？",
        )
        raise CodecError(msg)
    if _whole(data.get(_COUNT)) != len(listed):
        msg = Words(
            f"{_COUNT} of this response does not agree with the {len(listed)} parts of {PARTS}: request the bill anew",
            f"应答的 {_COUNT} 与 {PARTS} 的 {len(listed)} 个分片不一致：请重新申请账单",
        )
        raise CodecError(msg)
    numbered: dict[int | None, Any] = {_whole(part.get(_SEQUENCE)): part for part in listed if isinstance(part, dict)}
    if set(numbered) != set(range(1, len(listed) + 1)):
        msg = Words(
            f"the {_SEQUENCE} of the {len(listed)} parts are not 1 to {len(listed)}, each once: "
            "a part is missing or stands twice; request the bill anew",
            f"{len(listed)} 个分片的 {_SEQUENCE} 应为 1 到 {len(listed)} 各一次，现在缺少或重复：请重新申请账单",
        )
        raise CodecError(msg)
    private_key = key()
    return tuple(_part(numbered[number], number, private_key) for number in range(1, len(listed) + 1))


def _whole(value: Any) -> int | None:
    """Return a number that may be written as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _part(part: Mapping[str, Any], number: int, private_key: Any) -> NamedFile:
    texts = {name: part.get(name) for name in ("download_url", "hash_type", "hash_value", "encrypt_key", "nonce")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            msg = Words(
                f"part {number} of this bill has no {name}: request the bill anew",
                f"账单的第 {number} 个分片没有 {name}：请重新申请账单",
            )
            raise CodecError(msg)
    # The pages speak of the digest of the bill itself; it is compared with the bytes as they arrive as well.
    expected = _expected(texts["hash_type"], texts["hash_value"], packed=True)
    return NamedFile(
        str(texts["download_url"]), expected, _seal(texts["encrypt_key"], texts["nonce"], number, private_key)
    )


@without_frames
def _seal(encrypted: Any, nonce: Any, number: int, private_key: Any) -> Seal:
    try:
        key = Secret(rsa.decrypt(private_key, from_base64(encrypted)))
    except ValueError:
        msg = Words(f"the encrypt_key of part {number} is not base64", f"第 {number} 个分片的 encrypt_key 不是 base64")
        raise DecryptionError(msg) from None
    size = len(key.reveal())
    if size != _KEY_BYTES:
        msg = Words(
            f"the key of part {number} has {size} bytes, {_KEY_BYTES} were expected: "
            "request the bill with algorithm=AEAD_AES_256_GCM",
            f"第 {number} 个分片的密钥长 {size} 字节，应为 {_KEY_BYTES} 字节：申请账单时请指定 algorithm=AEAD_AES_256_GCM",
        )
        raise DecryptionError(msg)
    octets = nonce.encode("utf-8", "replace")
    if len(octets) not in _NONCE_BYTES:
        msg = Words(
            f"the nonce of part {number} has {len(octets)} bytes, 8 to 128 were expected",
            f"第 {number} 个分片的 nonce 长 {len(octets)} 字节，应为 8 至 128 字节",
        )
        raise DecryptionError(msg)
    return Seal(key, octets)


def digest_of_header(text: str) -> ExpectedDigest | None:
    """
    Return the digest in a ``Digest`` header, ``SHA=`` and hexadecimal; None if it has none that is known.

    APIv2 sends it with flows of funds: https://pay.weixin.qq.com/doc/v2/merchant/4011939779. The base64 of RFC 3230 is
    read as well.
    """
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        hash_type = _HEADER_TYPES.get(name.strip().upper())
        if hash_type is not None and (digest := _hexadecimal(value.strip(), _HEADER_BYTES[hash_type])):
            return ExpectedDigest(hash_type, digest, packed=True)
    return None


def _hexadecimal(value: str, size: int) -> str | None:
    """Return a digest of *size* bytes in lower-case hexadecimal; None if the text is not one."""
    try:
        octets = bytes.fromhex(value) if len(value) == 2 * size else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None
    return octets.hex() if len(octets) == size else None
