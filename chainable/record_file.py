"""
Files of JSON records, read by key without loading an index.

Layout, all numbers little-endian: a header (magic, version, flags, number of
buckets, length of the file), the 32-bit offsets of the buckets and of their
end, the buckets.  The bucket of a record is ``crc32(key) % buckets``.  A bucket
is a CRC-32, seeded with the bucket's number and the flag so that a wrong bucket
is detected, and its entries, deflated as one block if the flag says so.  An
entry is the length of the key, the length of the value, the key in UTF-8, and
the value as JSON.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["RecordFile"]

_MAGIC = b"\x89SHELF\r\n"
_VERSION = 1
_DEFLATED = 1
_HEADER = struct.Struct("<8sHHIQ")
_OFFSET = struct.Struct("<I")
_SPAN = struct.Struct("<II")
_ENTRY = struct.Struct("<HI")

_decode = json.JSONDecoder().raw_decode
_lock = threading.Lock()


def seek_and_read(descriptor: int, length: int, position: int) -> bytes:
    """Replace ``os.pread`` on Windows, which has neither it nor fork."""
    with _lock:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, length)


_pread = getattr(os, "pread", seek_and_read)


@safe_repr
class RecordFile:
    """
    A read-only file of JSON records, read by key.

    The file is opened at the first look-up.  Threads and forked processes may
    share the object; a look-up reads one bucket and caches nothing.

    Args:
        path: The file.

    Raises:
        ConfigurationError: At a look-up: the file is missing or damaged.
    """

    __slots__ = ("_buckets", "_deflated", "_descriptor", "_path")

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._descriptor = -1
        self._buckets = 0
        self._deflated = False

    def __repr__(self) -> str:
        return f"RecordFile({os.fspath(self._path)!r})"

    def __del__(self, _close: Callable[[int], None] = os.close) -> None:
        descriptor = getattr(self, "_descriptor", -1)  # missing if __init__ raised
        if descriptor >= 0:
            _close(descriptor)

    def get(self, key: str, /) -> Any | None:
        """Return the record of a key, decoded at every call; None without one."""
        encoded = key.encode()
        if self._descriptor < 0:
            self._open()
        for name, value in self._entries(zlib.crc32(encoded) % self._buckets):
            if name == encoded:
                return _decode(value.decode())[0]
        return None

    def keys(self) -> Iterator[str]:
        """Iterate over all keys, in the order of the file."""
        for key, _ in self._all():
            yield key.decode()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all keys and their records; each bucket is read once."""
        for key, value in self._all():
            yield key.decode(), _decode(value.decode())[0]

    def _all(self) -> Iterator[tuple[bytes, bytes]]:
        if self._descriptor < 0:
            self._open()
        for bucket in range(self._buckets):
            yield from self._entries(bucket)

    def _open(self) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise self._unusable(f"cannot be read ({error.strerror})") from None
        size = os.fstat(descriptor).st_size
        header = _pread(descriptor, _HEADER.size, 0).ljust(_HEADER.size)
        magic, version, flags, buckets, length = _HEADER.unpack(header)
        if (magic, version) != (_MAGIC, _VERSION) or not buckets:
            os.close(descriptor)
            raise self._unusable("is damaged: it does not begin with the header of a catalogue")
        if length != size:
            os.close(descriptor)
            raise self._unusable(f"is damaged: it has {size} bytes instead of {length}")
        self._buckets = buckets
        self._deflated = bool(flags & _DEFLATED)
        self._descriptor = descriptor

    def _entries(self, bucket: int) -> Iterator[tuple[bytes, bytes]]:
        block = self._block(bucket)
        if block is None:
            # A process that becomes a daemon closes this descriptor, and another file may get its number.
            self._open()
            block = self._block(bucket)
        if block is None:
            raise self._unusable(f"is damaged in bucket {bucket}")
        if self._deflated:
            block = zlib.decompress(block)
        position = 0
        while position < len(block):
            key_length, value_length = _ENTRY.unpack_from(block, position)
            middle = position + _ENTRY.size + key_length
            yield block[position + _ENTRY.size : middle], block[middle : middle + value_length]
            position = middle + value_length

    def _block(self, bucket: int) -> bytes | None:
        try:
            span = _pread(self._descriptor, _SPAN.size, _HEADER.size + _OFFSET.size * bucket)
            start, end = _SPAN.unpack(span)
            block = _pread(self._descriptor, end - start, start)
            (checksum,) = _OFFSET.unpack_from(block)
        except (OSError, ValueError, struct.error):
            return None
        return (
            block[_OFFSET.size :]
            if zlib.crc32(block[_OFFSET.size :], bucket << 1 | self._deflated) == checksum
            else None
        )

    def _unusable(self, problem: str) -> ConfigurationError:
        path = os.fspath(self._path)
        message = f"the catalogue file {path} {problem}: reinstall the package"
        return ConfigurationError(message, reason="catalogue_unusable", file=path)


def encode_records(records: Mapping[str, Any], *, buckets: int, deflated: bool = False) -> bytes:
    """
    Encode JSON values by key as the content of a record file; their order does not change it.

    Args:
        records: The values by key.
        buckets: The number of buckets: about one per record, or fewer to deflate several records together.
        deflated: Deflate each bucket.
    """
    blocks = [b""] * buckets
    for key in sorted(records):
        name = key.encode()
        value = json.dumps(records[key], ensure_ascii=False, separators=(",", ":")).encode()
        blocks[zlib.crc32(name) % buckets] += _ENTRY.pack(len(name), len(value)) + name + value
    if deflated:
        blocks = [zlib.compress(block, 9) for block in blocks]
    position = _HEADER.size + _OFFSET.size * (buckets + 1)
    offsets = [_OFFSET.pack(position)]
    for block in blocks:
        position += _OFFSET.size + len(block)
        offsets.append(_OFFSET.pack(position))
    header = _HEADER.pack(_MAGIC, _VERSION, _DEFLATED if deflated else 0, buckets, position)
    checked = [_OFFSET.pack(zlib.crc32(block, bucket << 1 | deflated)) + block for bucket, block in enumerate(blocks)]
    return b"".join([header, *offsets, *checked])
