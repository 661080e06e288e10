"""
Content codings, decoded piece by piece in bounded memory and checked for truncation.

urllib3 does not report truncation of a compressed body.  If one coding is
nested in another, its memory use also grows with the output of the outer one.
"""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import DecodeError

from chainable.errors import CodecError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Buffer

__all__ = ["codings", "decoded", "is_truncated"]

_PIECE = 256 * 1024
# For each piece and each gzip member zlib copies the input that it has not read yet: small slices keep that cheap.
_SLICE = 16 * 1024
_MOST_CODINGS = 5
_GZIP = 31  # zlib's window bits, which select the format
_ZLIB = 15
_RAW_DEFLATE = -15


def is_truncated(raw: Any) -> bool:
    """
    Return True if a compressed body was read to its end, and its compression was not complete.

    Every nested coding is checked.  gzip that is followed by other bytes counts
    as truncated, because urllib3 drops them.  An empty body, and an object
    without urllib3's decoders, count as complete.
    """
    decoder = getattr(raw, "_decoder", None)
    if decoder is None or not getattr(raw, "_has_decoded_content", True):
        return False
    return any(map(_is_unfinished, getattr(decoder, "_decoders", (decoder,))))


def _is_unfinished(decoder: Any) -> bool:
    unpacker = getattr(decoder, "_obj", None)
    eof = getattr(unpacker, "eof", None)  # of zlib and zstd
    if eof is None:
        is_finished = getattr(unpacker, "is_finished", None)  # of brotli
        eof = True if is_finished is None else is_finished()
    return not eof


def codings(header: str) -> tuple[str, ...]:
    """
    Return the codings of a ``Content-Encoding`` header, in the order in which to decode them.

    Raises:
        CodecError: The header names another coding than ``gzip`` and ``deflate``, or more than five.
    """
    names = [name.strip().lower().removeprefix("x-") for name in header.split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    if len(names) > _MOST_CODINGS:
        msg = Words(
            f"the body is compressed {len(names)} times: at most {_MOST_CODINGS} are decoded",
            f"正文压缩了 {len(names)} 层，最多解 {_MOST_CODINGS} 层",
        )
        raise CodecError(msg)
    for name in names:
        if name not in {"gzip", "deflate"}:
            msg = Words(
                f"the body is compressed as {name[:40]!r}: ask for gzip or deflate in Accept-Encoding",
                f"正文的压缩方式是 {name[:40]!r}：请在 Accept-Encoding 中要求 gzip 或 deflate",
            )
            raise CodecError(msg)
    return tuple(reversed(names))


def decoded(chunks: Iterable[Buffer], coding: str) -> Iterator[bytes]:
    """
    Decode one content coding, into pieces of at most 256 KiB that are not empty.

    Args:
        chunks: The compressed bytes; each chunk is decoded before the next one is read.
        coding: ``gzip`` (with any number of members) or ``deflate`` (zlib's
            format, or the bare stream that some servers send).

    Raises:
        DecodeError: urllib3's error, at the point where the bytes are damaged, end
            too early, or continue after the end.
    """
    if coding == "gzip":
        return _inflated(chunks, _GZIP)
    return _inflated_by_header(iter(chunks))


def _inflated_by_header(chunks: Iterator[Buffer]) -> Iterator[bytes]:
    start = b""
    for chunk in chunks:
        start += bytes(chunk)
        if len(start) > 1:
            break
    is_zlib = len(start) > 1 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    yield from _inflated(chain((start,), chunks), _ZLIB if is_zlib else _RAW_DEFLATE)


def _inflated(chunks: Iterable[Buffer], window: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(window)
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), _SLICE):
            pending: Buffer = view[start : start + _SLICE]
            is_full = False
            while pending or is_full:
                if unpacker.eof:
                    if window != _GZIP:
                        raise DecodeError("the compressed body continues after its end")
                    unpacker = zlib.decompressobj(window)  # another member follows
                try:
                    piece = unpacker.decompress(pending, _PIECE)
                except zlib.error as error:
                    raise DecodeError("the compressed body is damaged") from error
                if piece:
                    yield piece
                pending = unpacker.unconsumed_tail or unpacker.unused_data
                # After a full piece zlib may hold more output, although it has read all input.
                is_full = len(piece) == _PIECE and not unpacker.eof
    if not unpacker.eof:
        raise DecodeError("the compressed body ends too early")
