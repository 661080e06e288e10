"""Bombs end before a byte too many is written, cut bodies never pass for files."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import tracemalloc
import zlib
from types import SimpleNamespace

import pytest
import requests

from chainable import Response
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from tests.wechatpay.files.test_downloads import BILL, SHA1, applied, apply
from wechatpay.downloads import Downloader, DownloadResult
from wechatpay.files.digests import _SM3, new_digest
from wechatpay.files.streams import Body, content_length, iter_chunks, peek, read_text

MIB = 1 << 20
FORMS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


@pytest.fixture
def kept(tmp_path):
    """Yesterday's bill in the place of today's: it stays, alone."""
    path = tmp_path / "bill.csv"
    path.write_bytes(b"yesterday")
    yield path
    assert path.read_bytes() == b"yesterday"
    assert list(tmp_path.iterdir()) == [path]


class Watched(io.BytesIO):
    """Remembers the most that it ever held."""

    most = 0

    def write(self, data):
        count = super().write(data)
        self.most = max(self.most, self.tell())
        return count


def zeros(size):
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size >> 20)) + packer.flush()


BOMBS = {
    "plain": (BILL, {}),
    "chunked": (BILL, {}),
    "gzip in the file": (gzip.compress(BILL), {}),
    "gzip in the transfer": (gzip.compress(BILL), {"Content-Encoding": "gzip"}),
    "deflate in the transfer": (zlib.compress(BILL), {"Content-Encoding": "deflate"}),
    "gzip in gzip in the transfer": (gzip.compress(gzip.compress(BILL)), {"Content-Encoding": "gzip, gzip"}),
    "gzip in the file and in the transfer": (gzip.compress(gzip.compress(BILL)), {"Content-Encoding": "gzip"}),
    "large outside, nothing inside": (
        gzip.compress(gzip.compress(b"") * (len(BILL) // 20)),
        {"Content-Encoding": "gzip, gzip"},
    ),
}


class TestMaxSize:
    @pytest.mark.parametrize("bomb", list(BOMBS))
    def test_a_larger_file_is_refused_and_nothing_is_left(self, client, platform, kept, bomb):
        body, headers = BOMBS[bomb]
        applied(platform)
        platform.file(body, headers=headers, chunked=bomb == "chunked")

        with pytest.raises(CodecError, match=f"max_size, {len(BILL) - 50} bytes.*give a larger max_size="):
            client.download(apply(client), kept, max_size=len(BILL) - 50)

    @pytest.mark.parametrize("bomb", [name for name in BOMBS if name != "large outside, nothing inside"])
    def test_a_file_of_just_that_size_is_saved(self, client, platform, tmp_path, bomb):
        body, headers = BOMBS[bomb]
        applied(platform)
        platform.file(body, headers=headers, chunked=bomb == "chunked")

        assert client.download(apply(client), tmp_path / "x", max_size=len(BILL)).verified

    @pytest.mark.parametrize("bomb", list(BOMBS))
    def test_no_byte_beyond_it_is_written(self, client, platform, bomb):
        """An open file is cut back to where it stood."""
        body, headers = BOMBS[bomb]
        platform.file(body, headers=headers, chunked=bomb == "chunked")
        file = Watched(b"head")
        file.seek(4)

        with pytest.raises(CodecError, match="larger than max_size"):
            client.download(platform.url + "f", file, max_size=len(BILL) // 2)

        assert file.most <= 4 + len(BILL) // 2
        assert file.getvalue() == b"head"

    def test_a_length_beyond_it_is_refused_before_the_body(self, client, platform, kept):
        platform.file(b"", length=1 << 40)

        with pytest.raises(CodecError, match="larger than max_size, 2147483648 bytes"):
            client.download(platform.url + "f", kept)

    @pytest.mark.parametrize("bomb", [name for name in BOMBS if name != "large outside, nothing inside"])
    def test_a_body_that_was_opened_by_the_caller(self, client, platform, kept, bomb):
        """Of both protocols; the beginning of one was looked at already."""
        body, headers = BOMBS[bomb]
        for _ in range(2):
            platform.file(body, headers=headers, chunked=bomb == "chunked")
        image = client.v3.merchant_service.images._media_id_.get(media_id="1", stream=True)
        bill = client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)

        for answer in (image, bill):
            with pytest.raises(CodecError, match="larger than max_size"):
                client.download(answer, kept, max_size=len(BILL) // 2)

    def test_a_beginning_that_does_not_come(self, client, platform):
        """Its reader is not kept busy by layers with nothing inside."""
        body, headers = BOMBS["large outside, nothing inside"]
        platform.file(body, headers=headers)

        with pytest.raises(CodecError, match="nothing in its first 1 MiB"):
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)

    @pytest.mark.parametrize("content", [BILL, gzip.compress(BILL)], ids=["plain", "packed"])
    def test_a_body_that_was_read_already(self, client, kept, content):
        answer = Response()
        answer._content = content

        with pytest.raises(CodecError, match="larger than max_size"):
            client.download(answer, kept, max_size=len(BILL) - 1)

    @pytest.mark.parametrize("layers", [2, 3])
    def test_more_than_one_compression_can_make_is_a_bomb(self, client, platform, kept, layers):
        """A few hundred bytes for a disk; 2 GiB are not waited for."""
        body = zeros(256 * MIB)
        for _ in range(layers - 1):
            body = gzip.compress(body, 9)
        platform.file(body, headers={"Content-Encoding": ", ".join(["gzip"] * layers)})
        tracemalloc.start()
        try:
            with pytest.raises(CodecError, match=f"more than 1100 times the {len(body)} bytes that arrived"):
                client.download(platform.url + "f", kept)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 4 * MIB

    def test_what_one_compression_can_make_is_a_file(self, client, platform, tmp_path):
        """However well it compresses."""
        platform.file(zeros(64 * MIB))

        assert client.download(platform.url + "f", tmp_path / "x").size == 64 * MIB

    @pytest.mark.parametrize("max_size", [0, -1, 1.5, "2G", True, None])
    def test_it_is_a_number_of_bytes(self, client, tmp_path, max_size):
        with pytest.raises(ConfigurationError, match="max_size: an integer of at least 1"):
            client.download("https://api.mch.weixin.qq.com/x", tmp_path / "x", max_size=max_size)

    def test_a_statement_is_not_unpacked_without_end(self, client, platform):
        """It was read as a whole; only its digest is worked out."""
        body = gzip.compress(zeros(64 * MIB))
        for content in (body, body[:-1], b"other"):
            headers = platform.signed_headers(b'{"sha1":"%b"}' % SHA1.encode())
            platform.file(content, headers={**headers, "Wechatpay-Statement-Sha1": SHA1})
            with pytest.raises(SignatureError, match="its SHA-1 is another"):
                client.v3.global_.statements.get(params={"date": "20260101"})

    def test_a_statement_of_several_members(self, client, platform):
        body = gzip.compress(BILL[:100]) + gzip.compress(BILL[100:])
        headers = platform.signed_headers(b'{"sha1":"%b"}' % SHA1.encode())
        platform.file(body, headers={**headers, "Wechatpay-Statement-Sha1": SHA1})

        assert client.v3.global_.statements.get(params={"date": "20260101"}).content == body

    @pytest.mark.parametrize("packed", [True, False])
    def test_an_error_in_place_of_a_bill_is_short(self, client, platform, packed):
        """It is read into memory."""
        body = b"<xml>" + bytes(3 * MIB)
        headers = {"Content-Encoding": "gzip"} if packed else {}
        platform.file(gzip.compress(body) if packed else body, headers=headers)

        with pytest.raises(CodecError, match="larger than 1 MiB"):
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)


CHAINS = [
    chain
    for count in (1, 2, 3)
    for chain in itertools.product(FORMS, repeat=count)
    if count < 3 or len(set(chain)) == 3
]


class TestCut:
    @pytest.mark.parametrize("cut", [1, 8, 100, 1 << 20])
    @pytest.mark.parametrize("chain", CHAINS, ids=", ".join)
    def test_any_layer_of_the_transfer(self, client, platform, kept, chain, cut):
        """Of the right length by HTTP; the layers around it are whole."""
        for layer in range(len(chain)):
            body = os.urandom(300) + b"bill" * 1000
            for at, name in enumerate(chain):
                body = FORMS[name](body)
                body = body[: max(0, len(body) - cut)] if at == layer else body
            platform.file(body, headers={"Content-Encoding": ", ".join(chain)}, chunked=layer == 0)
            with pytest.raises(requests.exceptions.ContentDecodingError, match="is damaged"):
                client.download(platform.url + "f", kept)

    @pytest.mark.parametrize(
        "tail",
        [b"\0", b"garbage", b"\x1f", b"\x1f\x8b\x08", gzip.compress(BILL[:9], mtime=0)[:-1]],
        ids=["zero", "text", "one byte", "a beginning", "cut"],
    )
    @pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
    def test_what_follows_gzip_is_gzip_or_an_error(self, client, platform, kept, headers, tail):
        platform.file(gzip.compress(BILL) + tail, headers=headers)

        with pytest.raises(requests.exceptions.ContentDecodingError, match="is damaged"):
            client.download(platform.url + "f", kept)

    @pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate, gzip"}])
    @pytest.mark.parametrize("chunked", [True, False])
    def test_the_connection_ends_inside(self, client, platform, kept, headers, chunked):
        body = BILL
        for name in filter(None, headers.get("Content-Encoding", "").split(", ")):
            body = FORMS[name](body)
        if chunked:

            def send(handler):
                handler.send_response(200)
                for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
                    handler.send_header(name, value)
                handler.end_headers()
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))  # and no last chunk
                handler.close_connection = True

            platform.scripts.append(send)
        else:
            platform.file(body, headers=headers, length=len(body) + 1)

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.download(platform.url + "f", kept)

    def test_a_streamed_bill_of_apiv2(self, client, platform, kept):
        """Its beginning was looked at; then it is cut."""
        for _ in range(2):
            platform.file(gzip.compress(BILL)[:-9], headers={"Content-Encoding": "gzip"})
        one, two = (client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True) for _ in range(2))

        with pytest.raises(requests.exceptions.ContentDecodingError):
            client.download(one, kept)
        with pytest.raises(requests.exceptions.ContentDecodingError):
            list(two.iter_content(1000))

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "compress"])
    def test_a_coding_that_was_not_asked_for(self, client, platform, kept, coding):
        platform.file(BILL, headers={"Content-Encoding": coding})
        platform.file(BILL, headers={"Content-Encoding": coding})

        with pytest.raises(CodecError, match="ask for gzip or deflate"):
            client.download(platform.url + "f", kept)
        with pytest.raises(CodecError, match="ask for gzip or deflate"):
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)

    @pytest.mark.parametrize(
        ("text", "length"),
        [("", None), ("12", 12), ("²", None), ("١", None), ("-1", None), ("1, 1", None), ("9" * 5000, None)],
    )
    def test_a_malformed_length_is_ignored(self, text, length):
        assert content_length({"Content-Length": text}) == length


class TestProgress:
    def test_it_counts_what_arrives(self, client, platform, tmp_path):
        body = gzip.compress(os.urandom(600_000))
        platform.file(body, headers={"Content-Encoding": "gzip"})
        reports = []

        client.download(platform.url + "f", tmp_path / "x", progress=lambda *at: reports.append(at))

        assert reports[-1] == (len(body), len(body))
        assert sorted(reports) == reports

    @pytest.mark.parametrize("error", [ValueError, OSError, TimeoutError])
    def test_its_own_error_comes_through(self, client, platform, kept, error):
        """A full disk is not a broken connection."""
        platform.file(BILL)

        def progress(done, expected):
            raise error("of the callback")

        with pytest.raises(error, match="of the callback") as caught:
            client.download(platform.url + "f", kept, progress=progress)
        assert not isinstance(caught.value, requests.RequestException)

    def test_of_a_body_that_was_read_already(self, client, tmp_path):
        answer = Response()
        answer._content = BILL
        reports = []

        client.download(answer, tmp_path / "x", progress=lambda *at: reports.append(at))

        assert reports == [(len(BILL), len(BILL))]


class TestHashTypes:
    @pytest.mark.parametrize("name", ["sha1", "SHA-1", "Sha_1", " SHA1 ", "SHA256", "sha-256", "MD5", "SHA512"])
    def test_known_ones_in_any_spelling(self, client, platform, tmp_path, name):
        digest = new_digest(name)
        digest.update(BILL)
        applied(platform, hash_type=name, digest=f" {digest.hexdigest().upper()} ")
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "x").verified

    @pytest.mark.parametrize(
        "name",
        [
            "SHAKE_128",
            "shake256",
            "SHAKE-256",
            "blake2b",
            "sha3_256",
            "CRC32",
            "sha1\0",
            "no such",
        ],
    )
    def test_others_are_not_checked(self, client, platform, tmp_path, name):
        applied(platform, hash_type=name, digest=SHA1)
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "x") == DownloadResult(
            tmp_path / "x", len(BILL), None, None, verified=False
        )

    @pytest.mark.parametrize("name", ["", " ", 1, None, [], {}])
    def test_without_a_name_the_length_tells(self, client, platform, tmp_path, name):
        """A digest that was announced is compared: a wrong file is not kept."""
        applied(platform, hash_type=name, digest=SHA1)
        platform.file(BILL)
        assert client.download(apply(client), tmp_path / "x").hash_type == "SHA1"

        applied(platform, hash_type=name, digest="0" * 40)
        platform.file(BILL)
        with pytest.raises(SignatureError):
            client.download(apply(client), tmp_path / "y")
        assert not (tmp_path / "y").exists()

        applied(platform, hash_type=name, digest="0" * 41)
        platform.file(BILL)
        assert not client.download(apply(client), tmp_path / "z").verified

    @pytest.mark.parametrize("value", ["", " ", 1, [SHA1], {"a": SHA1}, True])
    def test_a_hash_that_is_not_text_is_not_checked(self, client, platform, tmp_path, value):
        platform.json({"hash_type": "SHA1", "hash_value": value, "download_url": platform.url + "f"})
        platform.file(BILL)

        assert not client.download(apply(client), tmp_path / "x").verified

    @pytest.mark.parametrize("value", [SHA1[:-1], SHA1 + "0", SHA1[:20], "x" * 40, "K" * 40, "é" * 40])
    def test_a_hash_that_is_another_is_refused(self, client, platform, kept, value):
        applied(platform, digest=value)
        platform.file(BILL)

        with pytest.raises(SignatureError, match="its SHA1 is another"):
            client.download(apply(client), kept)

    def test_an_openssl_without_sm3(self, client, platform, tmp_path, monkeypatch):
        monkeypatch.setattr(_SM3, "begin", classmethod(lambda _: None))
        applied(platform, hash_type="SM3", digest="0" * 64)
        platform.file(BILL)

        assert not client.download(apply(client), tmp_path / "x").verified

    def test_sm3_is_not_in_every_openssl(self, monkeypatch):
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes

        def refuse(_):
            raise UnsupportedAlgorithm("SM3")

        monkeypatch.setattr(hashes, "Hash", refuse)

        assert new_digest("SM3") is None


class TestSources:
    @pytest.mark.parametrize("url", [None, "", 1, ["https://api.mch.weixin.qq.com/x"], {"a": 1}, b"x", True])
    def test_a_url_of_another_type(self, client, platform, kept, url):
        platform.json({"download_url": url if not isinstance(url, bytes) else None, "hash_type": "SHA1"})

        with pytest.raises(CodecError, match="this response has no download_url"):
            client.download(apply(client), kept)

    def test_an_empty_answer_is_not_a_file(self, client, platform, kept):
        platform.file(b"", headers=platform.signed_headers(b""))

        with pytest.raises(CodecError, match="this response is empty"):
            client.download(apply(client), kept)

    @pytest.mark.parametrize("value", [[], ["x"], 1])
    def test_other_json_is_not_a_file(self, client, kept, value):
        answer = Response().set_data(value)
        answer._content = b"x"

        with pytest.raises(CodecError, match="has no download_url"):
            client.download(answer, kept)

    def test_a_response_of_requests_itself(self, client, tmp_path):
        answer = requests.Response()
        answer._content = BILL

        assert client.download(answer, tmp_path / "x").size == len(BILL)

    def test_a_response_without_body_or_connection(self, client, kept):
        with pytest.raises(CodecError, match="this response has no body"):
            client.download(Response(), kept)

    @pytest.mark.parametrize("to", [None, 1, object(), b"x"])
    def test_a_target_of_another_type(self, client, to):
        with pytest.raises(TypeError, match="a path or a file open for writing bytes"):
            client.download("https://api.mch.weixin.qq.com/x", to)

    def test_a_file_opened_as_text(self, client):
        with pytest.raises(TypeError, match="open it with 'wb'"):
            client.download("https://api.mch.weixin.qq.com/x", io.StringIO())

    def test_a_writer_that_can_only_write(self, client, platform):
        """And counts nothing: a piece that was written is not written again and again."""
        written = []
        platform.file(BILL)

        saved = client.download(platform.url + "f", SimpleNamespace(write=lambda data: written.append(bytes(data))))

        assert (b"".join(written), saved.size) == (BILL, len(BILL))

    @pytest.mark.parametrize("count", [0, None])
    def test_a_writer_that_takes_no_more(self, client, platform, count):
        class Full(io.RawIOBase):
            def write(self, data):
                return count

        platform.file(BILL)

        with pytest.raises(OSError, match="takes no more bytes"):
            client.download(platform.url + "f", Full())

    def test_a_long_name_of_many_bytes(self, client, platform, tmp_path):
        platform.file(BILL)

        assert client.download(platform.url + "f", tmp_path / ("账单" * 42)).size == len(BILL)


class TestApplyingAgain:
    @pytest.mark.parametrize(
        "origin", ["https://other.example/", "http://other.example/", "http://127.0.0.1:1/", "", "x"]
    )
    def test_only_at_an_origin_that_may_get_the_signature(self, client, platform, kept, origin):
        """An answer of another client, or one that was kept, does not lead it elsewhere."""
        applied(platform)
        platform.file(b"{}", status=404)
        answer = apply(client)
        answer.request.url = f"{origin}v3/bill/tradebill"

        with pytest.raises(APIError):
            client.download(answer, kept)

        assert len(platform.requests) == 2

    def test_not_without_a_request(self, client, platform, kept):
        applied(platform)
        platform.file(b"{}", status=404)
        answer = apply(client)
        answer.request = None

        with pytest.raises(APIError):
            client.download(answer, kept)

    def test_a_path_in_lower_case_escapes(self, client, platform, kept):
        """Is asked for again as it was."""
        applied(platform)
        platform.file(b"{}", status=404)
        platform.json({"code": "X"}, status=400)

        with pytest.raises(APIError):
            client.download(apply(client), kept)

        assert platform.requests[2].path == platform.requests[0].path


class TestStreams:
    def test_a_raw_that_only_reads(self):
        """Of an adapter of the user's own."""
        body = io.BytesIO(gzip.compress(BILL))
        raw = SimpleNamespace(
            read=lambda size, decode_content: body.read(size), release_conn=lambda: None, close=lambda: None
        )
        answer = requests.Response()
        answer.raw, answer.headers["Content-Encoding"] = raw, "gzip"

        assert b"".join(map(bytes, iter_chunks(answer))) == BILL

    def test_a_beginning_is_not_the_whole(self):
        raw = SimpleNamespace(_fp=io.BytesIO(b"x" * 1000), release_conn=lambda: None, close=lambda: None, status=200)
        answer = Response()
        answer.raw = raw

        assert peek(answer) == b"x" * 64
        assert isinstance(answer.raw, Body)
        assert answer.raw.status == 200  # everything else is urllib3's
        assert read_text(answer) == answer.content == read_text(answer) == b"x" * 1000

    def test_download_is_the_clients_own(self, client, platform, tmp_path):
        """The function has the same options."""
        platform.file(BILL)

        assert Downloader(client.settings, client.run).save(
            platform.url + "f", tmp_path / "x", max_size=len(BILL)
        ).size == len(BILL)


def test_a_path_leaves_as_it_was_signed(client, platform, tmp_path):
    """Byte for byte, lower-case escapes included."""
    platform.file(BILL)

    client.download(platform.url + "v3/images/%2f%e4%B8?t=%2f", tmp_path / "x")

    assert platform.requests[0].path == "/v3/images/%2f%e4%B8?t=%2f"
