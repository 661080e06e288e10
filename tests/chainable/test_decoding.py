"""Compressed bodies: decoded completely in bounded memory, or an error; never truncated silently."""

from __future__ import annotations

import gzip
import io
import itertools
import tracemalloc
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3 import HTTPResponse
from urllib3.exceptions import DecodeError

from chainable.decoding import codings, decoded, is_truncated
from chainable.errors import CodecError

TEXT = b"`2026-01-01 10:00:00,`wx1\r\n" * 3000 + bytes(range(256)) * 40


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def members(data):
    third = len(data) // 3 + 1
    return b"".join(gzip.compress(data[at : at + third]) for at in range(0, len(data) or 1, third))


FORMS = {"gzip": gzip.compress, "x-gzip": members, "deflate": zlib.compress, "Deflate": raw_deflate}
CHAINS = [
    *((name,) for name in FORMS),
    *itertools.product(FORMS, FORMS),
    ("gzip", "gzip", "gzip"),
    ("gzip", "Deflate", "gzip", "deflate"),
]
CUTS = (1, 4, 7, 8, 9, 100)


def packed(chain, data=TEXT, *, cut_layer=None, cut=0, tail=b""):
    """Apply the codings in order, and truncate or extend one layer."""
    for layer, name in enumerate(chain):
        data = FORMS[name](data)
        if layer == cut_layer:
            data = data[: len(data) - cut] + tail
    return data


def response(body, header):
    return HTTPResponse(io.BytesIO(body), {"Content-Encoding": header}, 200, preload_content=False)


def by_urllib3(body, header, amount=1 << 20):
    """Decode with urllib3; 2.8 repeats bytes if a member of gzip ends exactly where a read does, so one read takes all."""
    raw = response(body, header)
    try:
        content = b"".join(iter(lambda: raw.read(amount, decode_content=True), b""))
    except zlib.error as error:  # urllib3 passes on what zlib 1.3.2 raises at the end of a body
        raise DecodeError from error
    return raw, content


def by_us(body, header, amount=10_000):
    chunks = iter([body[at : at + amount] for at in range(0, len(body), amount)])
    for name in codings(header):
        chunks = decoded(chunks, name)
    return b"".join(chunks)


@pytest.mark.parametrize("chain", CHAINS, ids=", ".join)
class TestEveryChain:
    def test_a_complete_body_is_not_truncated(self, chain):
        raw, content = by_urllib3(packed(chain), ", ".join(chain))

        assert content == TEXT
        assert not is_truncated(raw)

    @pytest.mark.parametrize("amount", [1, 50, 100, 1 << 16])
    def test_a_complete_body_is_decoded(self, chain, amount):
        assert by_us(packed(chain), ", ".join(chain), amount) == TEXT

    @pytest.mark.parametrize("cut", CUTS)
    def test_truncation_of_any_layer_raises(self, chain, cut):
        header = ", ".join(chain)
        for layer in range(len(chain)):
            body = packed(chain, cut_layer=layer, cut=cut)
            try:
                raw, _ = by_urllib3(body, header)
            except DecodeError:
                pass
            else:
                assert is_truncated(raw)
            with pytest.raises(DecodeError):
                by_us(body, header)

    def test_an_empty_inner_layer_raises(self, chain):
        """No bytes at all are not valid compressed data."""
        for layer in range(len(chain) - 1):
            body = packed(chain, cut_layer=layer, cut=1 << 30, tail=b"")
            assert packed(chain[: layer + 1], cut_layer=layer, cut=1 << 30) == b""
            raw, content = by_urllib3(body, ", ".join(chain))
            assert content == b""
            assert is_truncated(raw)
            with pytest.raises(DecodeError, match="too early"):
                by_us(body, ", ".join(chain))

    def test_an_empty_file_is_complete(self, chain):
        raw, content = by_urllib3(packed(chain, b""), ", ".join(chain))

        assert (content, is_truncated(raw)) == (b"", False)
        assert by_us(packed(chain, b""), ", ".join(chain)) == b""

    @pytest.mark.parametrize("tail", [b"\0", b"garbage", b"\x1f", b"\x1f\x8b\x08"])
    def test_bytes_after_the_end_raise(self, chain, tail):
        for layer in range(len(chain)):
            with pytest.raises(DecodeError):
                by_us(packed(chain, cut_layer=layer, tail=tail), ", ".join(chain))


class TestIsTruncated:
    def test_an_empty_body_is_not_truncated(self):
        """Responses without content may name a coding."""
        raw, content = by_urllib3(b"", "gzip")

        assert (content, is_truncated(raw)) == (b"", False)

    @pytest.mark.parametrize("tail", [b"garbage", b"\x1f", b"\x1f\x8b\x08\0"])
    def test_bytes_after_gzip_count_as_truncated(self, tail):
        try:
            raw, _ = by_urllib3(gzip.compress(TEXT) + tail, "gzip")
        except DecodeError:  # as zlib 1.3.2 reports some of them
            return
        assert is_truncated(raw)

    def test_an_uncompressed_body_is_not_truncated(self):
        raw, content = by_urllib3(TEXT, "identity")

        assert (content, is_truncated(raw)) == (TEXT, False)

    @pytest.mark.parametrize("raw", [None, object(), SimpleNamespace(_decoder=object()), io.BytesIO(b"x")])
    def test_an_object_without_decoders_counts_as_complete(self, raw):
        assert not is_truncated(raw)

    @pytest.mark.parametrize("finished", [True, False])
    def test_brotli_is_checked_by_its_method(self, finished):
        unpacker = SimpleNamespace(is_finished=lambda: finished)
        raw = SimpleNamespace(_decoder=SimpleNamespace(_obj=unpacker), _has_decoded_content=True)

        assert is_truncated(raw) is not finished

    def test_a_chunked_body_is_checked_as_well(self):
        """``stream()`` does not count the bytes of a chunked body."""
        body = gzip.compress(TEXT)[:-20]
        raw = response(body, "gzip")
        raw._decoder_initialized = False
        assert b"".join(raw.stream(1000, decode_content=True))
        raw._fp_bytes_read = 0

        assert is_truncated(raw)


class TestCodings:
    @pytest.mark.parametrize(
        ("header", "names"),
        [
            ("", ()),
            ("identity", ()),
            ("GZIP", ("gzip",)),
            ("x-gzip , identity,, deflate", ("deflate", "gzip")),
        ],
    )
    def test_the_outermost_comes_first(self, header, names):
        assert codings(header) == names

    @pytest.mark.parametrize("header", ["br", "gzip, zstd", "compress", "gzip;q=1", "gzip" + ", gzip" * 5])
    def test_other_codings_raise(self, header):
        with pytest.raises(CodecError):
            codings(header)


class TestDecoded:
    @pytest.mark.parametrize("size", [1, 50, 65536, 256 * 1024])
    def test_members_that_end_where_a_piece_does_are_decoded_once(self, size):
        pieces = [bytes([number]) * size for number in range(4)]
        body = b"".join(map(gzip.compress, pieces))

        for amount in (1, size, len(body)):
            assert by_us(body, "gzip", amount) == b"".join(pieces)

    @settings(max_examples=100, deadline=None)
    @given(
        data=st.binary(max_size=3000),
        times=st.sampled_from([1, 300]),
        chain=st.lists(st.sampled_from(list(FORMS)), min_size=1, max_size=3),
        amount=st.integers(1, 5000),
        cut=st.integers(1, 5000),
    )
    def test_a_body_is_decoded_completely_or_raises(self, data, times, chain, amount, cut):
        data *= times
        if "x-gzip" in chain:
            chain = [name for name in chain if name != "x-gzip"] or [
                "gzip"
            ]  # truncated between two members it is complete
        body, header = packed(chain, data), ", ".join(chain)
        assert by_us(body, header, amount) == data
        with pytest.raises(DecodeError):
            by_us(body[: max(0, len(body) - cut)], header, amount)

    @pytest.mark.parametrize(
        "size", [256 * 1024 * count + more for count in (1, 2, 5) for more in (-258, -1, 0, 1, 258)]
    )
    @pytest.mark.parametrize("form", ["gzip", "deflate", "Deflate"])
    def test_output_buffered_by_zlib_is_not_lost(self, size, form):
        """At the boundary of a piece zlib may have read all input and still hold output."""
        data = b"a" * size

        assert by_us(FORMS[form](data), form.lower(), 1 << 20) == data

    def test_a_damaged_body_raises(self):
        body = bytearray(gzip.compress(TEXT))
        body[50:60] = bytes(10)

        with pytest.raises(DecodeError, match="damaged"):
            by_us(bytes(body), "gzip")

    def test_memory_is_bounded_for_nested_codings(self):
        """The outer gzip expands a thousandfold, faster than the inner one reads it."""
        inner = zlib.compressobj(9, wbits=31)
        body = gzip.compress(b"".join(inner.compress(bytes(1 << 20)) for _ in range(64)) + inner.flush(), 9)
        size = 0
        tracemalloc.start()
        try:
            for piece in decoded(decoded([body], "gzip"), "gzip"):
                assert 0 < len(piece) <= 256 * 1024
                size += len(piece)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert size == 64 << 20
        assert peak < 3 << 20

    def test_many_empty_gzip_members_are_fast(self):
        """Each member copies the rest of its slice, not of the whole chunk."""
        body = gzip.compress(b"") * 20_000

        assert list(decoded([body], "gzip")) == []
