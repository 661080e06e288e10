"""
Content codings: decoded piece by piece in bounded memory, and checked to their end.

urllib3 does not report that a compressed body was cut: it returns what it has,
as if that were all.  Where one coding lies inside another it also gathers in
memory what the outer one unpacks faster than the inner one takes.
"""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import DecodeError

from chainable.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Buffer

__all__ = ["codings", "decoded", "is_truncated"]

_PIECE = 256 * 1024
# zlib copies what it has not read yet, once for each piece and each gzip member: small slices keep that cheap.
_SLICE = 16 * 1024
_MOST_CODINGS = 5
_GZIP = 31  # zlib's names for the formats
_ZLIB = 15
_RAW_DEFLATE = -15


def is_truncated(raw: Any) -> bool:
    """
    Return True if a body that was read to its end was compressed and lacks the end of its compression.

    Every coding counts, also where one lies inside another.  So does gzip that
    is followed by something else than gzip: urllib3 drops the rest.  A body of
    no bytes at all is an empty body, not a truncated one.

    Args:
        raw: urllib3's response, read with ``decode_content=True``; an object
            without urllib3's decoders counts as complete.

    .. versionadded:: 0.1.0
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
    Read a ``Content-Encoding`` header.

    Args:
        header: The value of the header; empty if there is none.

    Returns:
        ``gzip`` and ``deflate`` in the order in which to decode them, the outermost first.

    Raises:
        CodecError: Another coding was used, or too many of them.

    .. versionadded:: 0.1.0
    """
    names = [name.strip().lower().removeprefix("x-") for name in header.split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    if len(names) > _MOST_CODINGS:
        msg = f"the body is compressed {len(names)} times: at most {_MOST_CODINGS} are decoded"
        raise CodecError(msg)
    for name in names:
        if name not in {"gzip", "deflate"}:
            msg = f"the body is compressed as {name[:40]!r}: ask for gzip or deflate in Accept-Encoding"
            raise CodecError(msg)
    return tuple(reversed(names))


def decoded(chunks: Iterable[Buffer], coding: str) -> Iterator[bytes]:
    """
    Decode one content coding.

    Args:
        chunks: The compressed bytes; each chunk is used before the next is asked for.
        coding: ``gzip`` (with any number of members) or ``deflate`` (zlib's
            format, or the bare stream that some servers send).

    Returns:
        Pieces of at most 256 KiB, none of them empty.

    Raises:
        DecodeError: urllib3's: the bytes do not decode, end too early, or go
            on after the end; raised when that point is reached.

    .. versionadded:: 0.1.0
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
            waiting: Buffer = view[start : start + _SLICE]
            full = False
            while waiting or full:
                if unpacker.eof:
                    if window != _GZIP:
                        raise DecodeError("the compressed body goes on after its end")
                    unpacker = zlib.decompressobj(window)  # another member follows
                try:
                    piece = unpacker.decompress(waiting, _PIECE)
                except zlib.error as error:
                    raise DecodeError("the compressed body is damaged") from error
                if piece:
                    yield piece
                waiting = unpacker.unconsumed_tail or unpacker.unused_data
                # A full piece may have left output inside zlib although all input was taken.
                full = len(piece) == _PIECE and not unpacker.eof
    if not unpacker.eof:
        raise DecodeError("the compressed body ends too early")
