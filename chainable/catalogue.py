"""
Files of records that are found by key without loading an index.

Layout, all numbers little-endian: a header (magic, version, flags, number of
buckets, length of the file), one 32-bit end offset per bucket, the buckets.  A
record's bucket is ``crc32(key) % buckets``.  A bucket is a CRC-32, seeded with
the bucket's number so that a wrong offset shows, and its entries, deflated as
one block if the file is marked so: length of the key, length of the value, the
key in UTF-8, the value as JSON.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Shelf"]

_MAGIC = b"\x89SHELF\r\n"
_VERSION = 1
_DEFLATED = 1
_HEADER = struct.Struct("<8sHHIQ")
_OFFSET = struct.Struct("<I")
_SPAN = struct.Struct("<II")
_ENTRY = struct.Struct("<HI")

_decode = json.JSONDecoder().raw_decode


class Shelf:
    """
    A read-only file of JSON records found by key.

    Opened at the first look-up, shared freely between threads and with forked
    processes; a look-up reads one bucket and keeps nothing.

    Args:
        path: The file.

    Raises:
        ConfigurationError: At a look-up: the file is absent or damaged.
    """

    __slots__ = ("_buckets", "_data", "_deflated", "_first", "_path")

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._data: mmap.mmap | None = None
        self._buckets = self._first = 0
        self._deflated = False

    def __repr__(self) -> str:
        return f"Shelf({os.fspath(self._path)!r})"

    def get(self, key: str, /) -> Any | None:
        """Give the record of this key, decoded anew at every call; None if there is none."""
        wanted = key.encode()
        data = self._data or self._open()
        for name, value in self._entries(data, zlib.crc32(wanted) % self._buckets):
            if name == wanted:
                return self._value(value)
        return None

    def keys(self) -> Iterator[str]:
        """Give all keys, in the order of the file."""
        for key, _ in self._all():
            yield key.decode()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Give all keys with their records, each bucket read once."""
        for key, value in self._all():
            yield key.decode(), self._value(value)

    def _all(self) -> Iterator[tuple[bytes, bytes]]:
        data = self._data or self._open()
        for bucket in range(self._buckets):
            yield from self._entries(data, bucket)

    def _open(self) -> mmap.mmap:
        # A mapping, not a descriptor: it needs no position that threads and forks would share.
        # Two threads may open it at the same time; either mapping serves both.
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise self._unusable(f"cannot be read ({error.strerror})") from None
        try:
            data = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
            magic, version, flags, buckets, length = _HEADER.unpack_from(data)
        except (OSError, ValueError, struct.error):
            raise self._unusable("is damaged: it is too short") from None
        finally:
            os.close(descriptor)
        if (magic, version) != (_MAGIC, _VERSION) or not buckets:
            raise self._unusable("is damaged: it does not begin as a catalogue does")
        if length != len(data):
            raise self._unusable(f"is damaged: it has {len(data)} bytes, not {length}")
        self._buckets = buckets
        self._first = _HEADER.size + _OFFSET.size * buckets
        self._deflated = bool(flags & _DEFLATED)
        self._data = data
        return data

    def _entries(self, data: mmap.mmap, bucket: int) -> Iterator[tuple[bytes, bytes]]:
        try:
            if bucket:
                start, end = _SPAN.unpack_from(data, _HEADER.size + _OFFSET.size * (bucket - 1))
            else:
                start, end = self._first, *_OFFSET.unpack_from(data, _HEADER.size)
            (checksum,) = _OFFSET.unpack_from(data, start)
        except struct.error:
            raise self._unusable("is damaged: an offset leads out of it") from None
        block = data[start + _OFFSET.size : end]
        if zlib.crc32(block, bucket) != checksum:
            raise self._unusable(f"is damaged in bucket {bucket}")
        if self._deflated:
            block = zlib.decompress(block)
        position = 0
        while position < len(block):
            key_length, value_length = _ENTRY.unpack_from(block, position)
            middle = position + _ENTRY.size + key_length
            yield block[position + _ENTRY.size : middle], block[middle : middle + value_length]
            position = middle + value_length

    @staticmethod
    def _value(value: bytes) -> Any:
        return _decode(value.decode())[0]

    def _unusable(self, problem: str) -> ConfigurationError:
        return ConfigurationError(f"the catalogue file {os.fspath(self._path)} {problem}: reinstall the package")


def shelve(records: Mapping[str, Any], *, buckets: int, deflated: bool = False) -> bytes:
    """
    Write records as the content of a shelf's file.

    Args:
        records: JSON values by key; the same records give the same bytes, whatever their order.
        buckets: How many; about one per record for small records, fewer to deflate many together.
        deflated: Whether each bucket is deflated.
    """
    blocks = [b""] * buckets
    for key in sorted(records):
        name = key.encode()
        value = json.dumps(records[key], ensure_ascii=False, separators=(",", ":")).encode()
        blocks[zlib.crc32(name) % buckets] += _ENTRY.pack(len(name), len(value)) + name + value
    if deflated:
        blocks = [zlib.compress(block, 9) for block in blocks]
    position = _HEADER.size + _OFFSET.size * buckets
    offsets = []
    for block in blocks:
        position += _OFFSET.size + len(block)
        offsets.append(_OFFSET.pack(position))
    header = _HEADER.pack(_MAGIC, _VERSION, _DEFLATED if deflated else 0, buckets, position)
    sealed = [_OFFSET.pack(zlib.crc32(block, bucket)) + block for bucket, block in enumerate(blocks)]
    return b"".join([header, *offsets, *sealed])
