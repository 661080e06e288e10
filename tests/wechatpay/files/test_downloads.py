"""Files arrive whole and checked, or not at all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import re
import threading
import tracemalloc

import pytest
import requests
import responses
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SM3, Hash

from chainable import Response
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from wechatpay.downloads import DownloadResult
from wechatpay.files.saving import unpacked
from wechatpay.files.streams import Bound, iter_chunks

BILL = "\ufeff交易时间,公众账号ID\r\n".encode() + b"`2026-01-01 10:00:00,`wx1\r\n" * 50_000
SHA1 = hashlib.sha1(BILL).hexdigest()


def applied(platform, body=BILL, *, hash_type="SHA1", digest=None, path="v3/billdownload/file?token=t%2Ft"):
    """Make the platform answer a request for a bill."""
    if digest is None:
        digest = hashlib.new(hash_type, body).hexdigest()
    platform.json({"hash_type": hash_type, "hash_value": digest, "download_url": platform.url + path})


def apply(client):
    return client.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})


class TestSaving:
    def test_a_bill_is_saved_and_checked(self, client, platform, tmp_path):
        """Signed request, unsigned answer, SHA-1 out of the verified application."""
        applied(platform)
        platform.file(BILL)
        path = tmp_path / "bill.csv"

        saved = client.download(apply(client), path)

        assert saved == DownloadResult(path, len(BILL), "SHA1", SHA1, verified=True)
        assert path.read_bytes() == BILL
        assert list(tmp_path.iterdir()) == [path]
        request = platform.requests[1]
        assert request.path == "/v3/billdownload/file?token=t%2Ft"
        assert request.headers["Authorization"].startswith("WECHATPAY2-SHA256-RSA2048 ")
        assert request.headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")

    @pytest.mark.parametrize("members", [1, 3])
    @pytest.mark.parametrize("chunked", [True, False])
    def test_pain_9_gzip_is_unpacked_before_the_hash(self, client, platform, tmp_path, members, chunked):
        """The platform's SHA-1 is that of the unpacked file."""
        third = len(BILL) // members + 1
        packed = b"".join(gzip.compress(BILL[start : start + third]) for start in range(0, len(BILL), third))
        applied(platform)
        platform.file(packed, chunked=chunked)

        saved = client.download(apply(client), str(tmp_path / "bill.csv"))

        assert (saved.size, saved.verified) == (len(BILL), True)
        assert (tmp_path / "bill.csv").read_bytes() == BILL

    def test_sm3_is_checked(self, client, platform, tmp_path):
        """Receipts may be announced by SM3."""
        digest = Hash(SM3())
        digest.update(BILL)
        applied(platform, hash_type="SM3", digest=digest.finalize().hex().upper())
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "receipt").verified

    def test_an_unknown_hash_is_not_a_check(self, client, platform, tmp_path):
        """The file is saved, and the result says that it is unverified."""
        applied(platform, hash_type="CRC99", digest="00")
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "x") == DownloadResult(
            tmp_path / "x", len(BILL), None, None, verified=False
        )

    def test_without_a_hash_nothing_is_verified(self, client, platform, tmp_path):
        """Some answers give a URL alone."""
        platform.json({"hash_type": "SHA1", "download_url": platform.url + "f"})
        platform.file(b"")

        saved = client.download(apply(client), tmp_path / "x")

        assert (saved.size, saved.verified, saved.digest) == (0, False, None)
        assert (tmp_path / "x").read_bytes() == b""

    def test_an_open_file_gets_the_content_at_its_position(self, client, platform):
        """And stays open."""
        applied(platform)
        platform.file(BILL)
        file = io.BytesIO(b"head")
        file.seek(4)

        saved = client.download(apply(client), file)

        assert (saved.path, saved.size) == (None, len(BILL))
        assert file.getvalue() == b"head" + BILL

    def test_a_file_that_takes_little_at_a_time_gets_all(self, client, platform):
        """Unbuffered files may."""

        class Slow(io.BytesIO):
            def write(self, data):
                return super().write(data[:100_000])

        applied(platform)
        platform.file(BILL)
        file = Slow()

        client.download(apply(client), file)

        assert file.getvalue() == BILL

    def test_progress_is_shown(self, client, platform, tmp_path):
        """Bytes received, and how many there will be, if anybody knows."""
        for options in ({}, {"chunked": True}):
            applied(platform)
            platform.file(BILL, **options)
        known, unknown = [], []

        client.download(apply(client), tmp_path / "x", progress=lambda *at: known.append(at))
        client.download(apply(client), tmp_path / "x", progress=lambda *at: unknown.append(at))

        assert known[-1] == (len(BILL), len(BILL))
        assert unknown[-1] == (len(BILL), None)
        assert sorted(known) == known
        assert len(known) > 1

    def test_a_loaded_answer_is_saved(self, client, tmp_path):
        """A response that was not streamed can be saved too."""
        response = Response()
        response._content = BILL

        assert client.download(response, tmp_path / "x").size == len(BILL)

    def test_a_streamed_answer_is_saved(self, client, platform, tmp_path):
        """Images, vouchers and APIv2 bills are asked for so."""
        platform.file(BILL)
        platform.file(BILL)

        image = client.v3.merchant_service.images._media_id_.get(media_id="1", stream=True)
        bill = client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)

        assert client.download(image, tmp_path / "image").size == len(BILL)
        assert client.download(bill, tmp_path / "bill") == DownloadResult(
            tmp_path / "bill", len(BILL), None, None, verified=False
        )
        assert (tmp_path / "bill").read_bytes() == (tmp_path / "image").read_bytes() == BILL

    def test_a_streamed_bill_of_apiv2_is_read_in_any_way(self, client, platform):
        """Its beginning was looked at, for it might have been an error."""
        for _ in range(3):
            platform.file(BILL)

        one, two, three = (
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True) for _ in range(3)
        )

        assert b"".join(one.iter_content(10_000)) == BILL
        assert two.content == BILL
        assert b"".join(map(bytes, iter_chunks(three))) == BILL
        assert b"".join(three.raw.stream()) == b""

    def test_a_broken_beginning_is_reported(self, client, platform):
        """The same errors as later."""
        platform.reset(b"", length=1000)

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.v2.pay.downloadbill.post(xml={"bill_date": "20260101"}, stream=True)

    def test_the_transfer_may_be_compressed_as_well(self, client, platform, tmp_path):
        """``Content-Encoding`` is undone before everything else."""
        applied(platform)
        platform.file(gzip.compress(BILL), headers={"Content-Encoding": "gzip"})

        assert client.download(apply(client), tmp_path / "x").verified

    def test_connections_are_kept(self, client, platform, tmp_path):
        """A download that was read to its end gives its connection back."""
        for _ in range(3):
            applied(platform)
            platform.file(BILL)
            client.download(apply(client), tmp_path / "x")

        assert len({request.client_address for request in platform.requests}) == 1

    def test_memory_does_not_grow_with_the_file(self, client, platform, tmp_path):
        """Two MB for sixty, packed or not."""
        big = bytes(60 << 20)
        digest = hashlib.sha1(big).hexdigest()
        for body in (big, gzip.compress(big, 1)):
            applied(platform, digest=digest)
            platform.file(body)
            answer = apply(client)
            tracemalloc.start()
            try:
                client.download(answer, tmp_path / "x")
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak < 3 << 20


class TestNothingHalfWritten:
    @pytest.fixture
    def kept(self, tmp_path):
        """A bill of yesterday in the place of today's."""
        path = tmp_path / "bill.csv"
        path.write_bytes(b"yesterday")
        yield path
        assert path.read_bytes() == b"yesterday"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_wrong_hash(self, client, platform, kept):
        """The content is not the announced one."""
        applied(platform, digest="0" * 40)
        platform.file(BILL)

        with pytest.raises(SignatureError, match="its SHA1 is another") as caught:
            client.download(apply(client), kept)

        assert caught.value.reason == "mismatch"

    @pytest.mark.parametrize("reset", [True, False])
    def test_a_broken_connection(self, client, platform, kept, reset):
        """Reset, or closed too early."""
        applied(platform)
        if reset:
            platform.reset(BILL[:300_000], length=len(BILL))
        else:
            platform.file(BILL[:300_000], length=len(BILL))

        with pytest.raises(requests.exceptions.ChunkedEncodingError) as caught:
            client.download(apply(client), kept)

        assert caught.value.maybe_sent

    def test_a_stalled_connection(self, make_client, platform, kept):
        """The next piece does not come."""
        until = threading.Event()
        applied(platform)
        platform.stall(BILL[:1000], length=len(BILL), until=until)

        with pytest.raises(requests.ReadTimeout, match="next piece"):
            make_client(timeout=(60, 2)).download(apply(make_client()), kept)
        until.set()

    def test_a_dripping_connection(self, make_client, platform, kept):
        """Each byte in time, but the piece is not."""
        until = threading.Event()
        applied(platform)
        platform.drip(length=len(BILL), until=until)

        with pytest.raises(requests.ReadTimeout, match="next piece"):
            make_client(deadline=2).download(apply(make_client()), kept)
        until.set()

    @pytest.mark.parametrize("cut", [10, 1000, -1, -8])
    def test_truncated_gzip(self, client, platform, kept, cut):
        """Of the right length by HTTP."""
        applied(platform)
        platform.file(gzip.compress(BILL)[:cut])

        with pytest.raises(requests.exceptions.ContentDecodingError, match="ends too early"):
            client.download(apply(client), kept)

    def test_damaged_gzip(self, client, platform, kept):
        """It does not decompress."""
        packed = bytearray(gzip.compress(BILL))
        packed[100:200] = bytes(100)
        applied(platform)
        platform.file(bytes(packed))

        with pytest.raises(requests.exceptions.ContentDecodingError, match="does not decompress"):
            client.download(apply(client), kept)

    def test_damaged_content_encoding(self, client, platform, kept):
        """Of the transfer."""
        applied(platform)
        platform.file(b"no gzip" * 100, headers={"Content-Encoding": "gzip"})

        with pytest.raises(requests.exceptions.ContentDecodingError, match="does not decompress"):
            client.download(apply(client), kept)

    def test_a_truncated_content_encoding(self, client, platform, kept):
        """The connection ends inside."""
        applied(platform)
        packed = gzip.compress(os.urandom(400_000))
        platform.file(packed[:300_000], headers={"Content-Encoding": "gzip"}, length=len(packed))

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.download(apply(client), kept)

    def test_a_progress_callback_that_fails(self, client, platform, kept):
        """Its error comes through."""
        applied(platform)
        platform.file(BILL)

        def progress(done, expected):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.download(apply(client), kept, progress=progress)

    def test_a_folder_that_does_not_exist(self, client, platform, tmp_path):
        """The system's own error."""
        applied(platform)
        platform.file(BILL)

        with pytest.raises(FileNotFoundError):
            client.download(apply(client), tmp_path / "missing" / "bill.csv")

    def test_open_files_are_cut_back(self, client, platform):
        """To where they stood, if they can seek."""

        class Pipe(io.BytesIO):
            def seekable(self):
                return False

        for file, after in ((io.BytesIO(), b""), (Pipe(), BILL)):
            applied(platform, digest="0" * 40)
            platform.file(BILL)
            with pytest.raises(SignatureError):
                client.download(apply(client), file)
            assert file.getvalue() == after


class TestTryingAgain:
    def test_a_broken_download_starts_anew(self, make_client, platform, tmp_path):
        """As often as the client retries."""
        client = make_client(retries=2)
        applied(platform)
        platform.reset(BILL[:300_000], length=len(BILL))
        platform.file(BILL[:10], length=len(BILL))
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "x").verified
        nonces = [request.headers["Authorization"].split('nonce_str="')[1][:32] for request in platform.requests]
        assert len(set(nonces)) == 4

    def test_what_cannot_go_back_is_not_tried_again(self, make_client, platform):
        """A pipe would get the beginning twice."""

        class Pipe(io.BytesIO):
            def seekable(self):
                return False

        client = make_client(retries=2)
        applied(platform)
        platform.reset(BILL[:300_000], length=len(BILL))

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.download(apply(client), Pipe())

    @pytest.mark.parametrize("status", [400, 403, 404])
    def test_pain_9_an_expired_url_is_applied_for_again(self, client, platform, tmp_path, status):
        """The same application, signed anew; the new hash counts."""
        applied(platform, digest="0" * 40, path="old")
        platform.json({"code": "INVALID_REQUEST", "message": "链接已失效"}, status=status)
        applied(platform, path="new")
        platform.file(BILL)

        assert client.download(apply(client), tmp_path / "x").verified
        assert [request.path.split("?")[0] for request in platform.requests] == [
            "/v3/bill/tradebill",
            "/old",
            "/v3/bill/tradebill",
            "/new",
        ]
        assert platform.requests[2].path == platform.requests[0].path

    def test_other_refusals_are_reported(self, client, platform, tmp_path):
        """Nothing is applied for again."""
        applied(platform)
        platform.json({"code": "NO_AUTH", "message": "x"}, status=401)

        with pytest.raises(APIError) as caught:
            client.download(apply(client), tmp_path / "x")

        assert caught.value.code == "NO_AUTH"
        assert list(tmp_path.iterdir()) == []

    def test_an_application_by_post_is_not_repeated(self, client, platform, tmp_path):
        """It may do more than ask."""
        applied(platform)
        platform.json({"code": "NOT_FOUND", "message": "x"}, status=404)
        answer = client.v3.transfer.bill_receipt.post(json={"out_batch_no": "1"})

        with pytest.raises(APIError):
            client.download(answer, tmp_path / "x")

        assert len(platform.requests) == 2

    def test_an_application_that_fails_the_second_time(self, client, platform, tmp_path):
        """It says so."""
        applied(platform)
        platform.json({"code": "NOT_FOUND", "message": "x"}, status=404)
        platform.json(["no object"])

        with pytest.raises(CodecError, match="is not a JSON object"):
            client.download(apply(client), tmp_path / "x")

    def test_an_application_without_query(self, client, platform, tmp_path):
        """Its path alone is asked for again."""
        applied(platform)
        platform.json({"code": "NOT_FOUND", "message": "x"}, status=404)
        applied(platform)
        platform.file(BILL)
        answer = client.v3.transfer.bill_receipt._out_batch_no_.get(out_batch_no="1")

        assert client.download(answer, tmp_path / "x").verified
        assert platform.requests[2].path == "/v3/transfer/bill-receipt/1"


class TestStatements:
    HEADER = "Wechatpay-Statement-Sha1"

    def send(self, platform, body, *, digest=SHA1, signed=SHA1):
        headers = platform.signed_headers(b'{"sha1":"%b"}' % signed.encode())
        platform.file(body, headers={**headers, self.HEADER: digest})

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("packed", [True, False])
    def test_signature_and_digest_are_both_checked(self, client, platform, tmp_path, stream, packed):
        """Streamed or read at once, packed or not."""
        self.send(platform, gzip.compress(BILL) if packed else BILL)

        answer = client.v3.global_.statements.get(params={"date": "20260101"}, stream=stream)
        saved = client.download(answer, tmp_path / "x")

        assert saved == DownloadResult(tmp_path / "x", len(BILL), "SHA1", SHA1, verified=True)

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("wrong", ["content", "signature"])
    def test_either_alone_is_not_enough(self, client, platform, tmp_path, stream, wrong):
        """PHP checks one half, Node neither."""
        other = hashlib.sha1(b"other").hexdigest()
        if wrong == "content":
            self.send(platform, b"forged")
        else:
            self.send(platform, b"other", digest=other)

        with pytest.raises(SignatureError):
            client.download(client.v3.global_.statements.get(params={}, stream=stream), tmp_path / "x")

        assert list(tmp_path.iterdir()) == []

    def test_a_fetched_statement_is_checked_by_its_own_header(self, client, platform, tmp_path):
        """Where a URL leads to one."""
        self.send(platform, BILL)

        assert client.download(platform.url + "v3/statements", tmp_path / "x").verified

    def test_an_error_is_verified_like_any_other(self, client, platform):
        """It is JSON, signed as usual."""
        platform.json({"code": "PARAM_ERROR", "message": "x"}, status=400)

        with pytest.raises(APIError) as caught:
            client.v3.global_.statements.get(params={})

        assert caught.value.verified

    def test_a_statement_without_digest_is_refused(self, client, platform):
        """Nothing would be checked."""
        platform.file(BILL)

        with pytest.raises(SignatureError, match="has no digest") as caught:
            client.v3.global_.statements.get(params={})

        assert caught.value.reason == "missing"


class TestHosts:
    URL = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=1"

    @pytest.fixture
    def lane(self):
        """The one that mocks work with."""
        return "requests"

    @pytest.fixture
    def live(self, make_client):
        """A client of the real hosts."""
        return make_client(base_url=None)

    def requested(self, client, url, tmp_path):
        with responses.RequestsMock() as mock:
            mock.add("GET", url, body=BILL)
            saved = client.download(url, tmp_path / "x")
            (call,) = mock.calls
        return call.request, saved

    @pytest.mark.parametrize("host", ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "apihk.mch.weixin.qq.com"])
    def test_the_platforms_hosts_are_asked_signed(self, live, tmp_path, host):
        """Any of them."""
        request, saved = self.requested(live, f"https://{host}/v3/billdownload/file?token=1", tmp_path)

        assert "Authorization" in request.headers
        assert not saved.verified

    def test_other_hosts_get_nothing_of_ours(self, live, tmp_path):
        """No signature, no certificate, no platform header."""
        request, saved = self.requested(live, "https://pay.wechatpay.cn/invoice?x=1", tmp_path)

        assert not [name for name in request.headers if name.lower().startswith(("authorization", "wechatpay"))]
        assert saved.verified is False

    def test_another_hosts_digest_header_proves_nothing(self, live, tmp_path):
        """It is not asked for our keys."""
        with responses.RequestsMock() as mock:
            mock.add("GET", "https://evil.example/f", body=BILL, headers={"Wechatpay-Statement-Sha1": SHA1})
            assert not live.download("https://evil.example/f", tmp_path / "x").verified

    def test_a_client_pointed_elsewhere_reaches_nothing_else(self, client, platform, tmp_path):
        """The platform's URLs lead to the forwarder or sandbox as well."""
        platform.file(BILL)

        client.download(self.URL, tmp_path / "x")

        assert platform.requests[0].path == "/v3/billdownload/file?token=1"

    def test_the_clients_own_host_may_have_its_own_port(self, client, platform, tmp_path):
        """And plain http, on loopback."""
        platform.file(BILL)

        client.download(platform.url + "a", tmp_path / "x")

        assert "Authorization" in platform.requests[0].headers

    @pytest.mark.parametrize("host", ["https://api.mch.weixin.qq.com/", "https://api2.mch.weixin.qq.com/", ""])
    @pytest.mark.parametrize(
        "target",
        [
            "v3/merchant-service/images/ChsyMDAw%2f9Cg%3d%3d",
            "v3/merchant-service/images/%e4%b8%ad.png?a=%2f&b=%7e",
            "v3/billdownload/file?token=a+b%20c|[d]{e}'&x=/../y/./",
            "v3/x%7ey/%41%2d/a%2e%2e/b;c=d,e:f@g!$&'()*",
            "v3/billdownload/file?a=1?b=2&%zz",
        ],
    )
    def test_a_signed_url_leaves_as_it_was_signed(self, client, platform, merchant_key, tmp_path, host, target):
        """Byte for byte: what libraries would normalise as well."""
        platform.file(BILL)

        client.download((host or platform.url) + target, tmp_path / "x")

        (request,) = platform.requests
        assert request.path == f"/{target}"
        fields = dict(re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"]))
        text = f"GET\n/{target}\n{fields['timestamp']}\n{fields['nonce_str']}\n\n".encode()
        signature = base64.b64decode(fields["signature"])
        merchant_key.public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())

    @pytest.mark.parametrize(
        "url",
        [
            "http://pay.wechatpay.cn/invoice",
            "http://api.mch.weixin.qq.com/v3/x",
            "ftp://api.mch.weixin.qq.com/x",
            "https://user@api.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com/a b",
            "https://api.mch.weixin.qq.com/中",
            "https://[x/",
            "v3/billdownload/file",
            "",
        ],
    )
    def test_unusable_urls_are_refused(self, live, tmp_path, url):
        """Before anything is sent."""
        with pytest.raises(ConfigurationError, match="^download: "):
            live.download(url, tmp_path / "x")

    def test_without_a_key_nothing_is_asked_for(self, make_client, tmp_path):
        """The setting is named."""
        with pytest.raises(ConfigurationError, match="give private_key="):
            make_client(private_key=None).download(self.URL, tmp_path / "x")

    @pytest.mark.parametrize("data", [{"state": "PROCESSING"}, {"download_url": None}, {}])
    def test_an_answer_without_url_is_reported(self, client, platform, tmp_path, data):
        """The file is not ready."""
        platform.json(data)

        with pytest.raises(CodecError, match="this response has no download_url"):
            client.download(apply(client), tmp_path / "x")

    def test_other_sources_are_reported(self, client, tmp_path):
        """An answer or a URL."""
        with pytest.raises(TypeError, match="a response or a URL was expected, not NoneType"):
            client.download(None, tmp_path / "x")


def test_small_first_pieces_do_not_hide_gzip():
    """A connection may deliver one byte at a time."""
    packed = gzip.compress(b"content")
    for body, expected in ((packed, b"content"), (b"x", b"x"), (b"\x1f", b"\x1f"), (b"", b"")):
        pieces = iter([memoryview(body[at : at + 1]) for at in range(len(body))])
        assert b"".join(unpacked(requests.Response(), pieces, Bound())) == expected
