"""Every way a call can break: no nonce twice, no order twice, the next call works."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from email.utils import formatdate
from typing import Any

import pytest
import requests
import trustme

from chainable.errors import APIError, ChainableError, SignatureError
from tests.chainable.fault_server import reset

NOON = 1_800_000_000.0
NATIVE = {
    "appid": "wxd678efh567hg6787",
    "mchid": "1900000109",
    "description": "商品",
    "out_trade_no": "order001",
    "notify_url": "https://shop.example/",
    "amount": {"total": 100},
}


def order(client: Any, **options: Any) -> Any:
    """An operation that may be repeated: its number identifies it."""
    return client.v3.pay.transactions.native.post(json=NATIVE, **options)


def unlisted(client: Any, **options: Any) -> Any:
    """A POST that is not known to be idempotent."""
    return client["v3/some/thing"].post(json={"a": 1}, **options)


def query(client: Any, **options: Any) -> Any:
    return client.v3.pay.transactions.id["4200000000"].get(params={"mchid": "1900000109"}, **options)


def half(answer: bytes) -> Any:
    """Send a part of the answer, then reset the connection."""

    def step(connection: Any) -> None:
        connection.sendall(answer[:-5])
        time.sleep(0.02)  # the part should be read before the reset throws it away
        reset(connection)

    return step


def cut(answer: bytes) -> Any:
    """Send a part of the answer, then close in peace."""

    def step(connection: Any) -> None:
        connection.sendall(answer[:-5])
        connection.close()

    return step


BREAKS = {
    "reset before headers": lambda gateway: reset,
    "closed before headers": lambda gateway: lambda connection: connection.close(),
    "reset in the body": lambda gateway: half(gateway.answer()),
    "closed in the body": lambda gateway: cut(gateway.answer()),
    "truncated gzip": lambda gateway: gateway.answer(
        gzip.compress(b'{"a": "' + b"b" * 999 + b'"}')[:20], Content_Encoding="gzip"
    ),
    "damaged gzip": lambda gateway: gateway.answer(b"not gzip at all", Content_Encoding="gzip"),
    "no HTTP": lambda gateway: lambda connection: (connection.sendall(b"SSH-2.0-x\r\n\r\n"), connection.close()),
    "503 without the platform's form": lambda gateway: (
        b"HTTP/1.1 503 Unavailable\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    ),
    "500 SYSTEM_ERROR": lambda gateway: gateway.refusal("SYSTEM_ERROR", "500 Internal Server Error"),
    "429": lambda gateway: gateway.refusal("FREQUENCY_LIMITED", "429 Too Many Requests"),
}


class TestUnknownOutcomes:
    @pytest.mark.parametrize("fault", list(BREAKS))
    @pytest.mark.parametrize("call", [order, query])
    def test_what_may_be_repeated_gets_through(self, gateway, serve, make_client, fault, call):
        """Broken twice, then fine: three attempts, three nonces, the same body."""
        broken = BREAKS[fault](gateway)
        client = make_client(serve(broken, broken, gateway.answer()).url, retries=2)

        assert call(client).data == {"code_url": "weixin://"}

        assert len(gateway.nonces) == len(set(gateway.nonces)) == 3
        assert len({request.partition(b"\r\n\r\n")[2] for request in gateway.requests}) == 1

    @pytest.mark.parametrize("fault", list(BREAKS))
    def test_what_may_not_be_repeated_is_sent_once(self, gateway, serve, make_client, fault):
        """The error says that it may have arrived, and the client goes on to work."""
        client = make_client(serve(BREAKS[fault](gateway), gateway.answer()).url, retries=5)

        with pytest.raises((requests.RequestException, ChainableError)) as caught:
            unlisted(client)

        assert getattr(caught.value, "maybe_sent", True)
        assert gateway.posts() == 1
        assert unlisted(client).status_code == 200
        assert len(set(gateway.nonces)) == 2

    @pytest.mark.parametrize("fault", list(BREAKS))
    def test_a_backup_host_does_not_get_it_either(self, gateway, serve, make_client, fault):
        """Bytes already left, so the other host is not tried."""
        other = serve(gateway.answer())
        client = make_client(serve(BREAKS[fault](gateway)).url, backup_url=other.url, retries=5)

        with pytest.raises((requests.RequestException, ChainableError)):
            unlisted(client)

        assert gateway.posts() == 1
        assert other.requests == []

    def test_a_signed_answer_that_was_cut_is_never_taken(self, gateway, serve, make_client):
        """A body shorter than its length is an error, whatever it begins with."""
        client = make_client(serve(cut(gateway.answer())).url, retries=0)

        with pytest.raises(requests.RequestException):
            query(client)

    def test_a_longer_length_than_body(self, gateway, serve, make_client):
        """The rest never comes: the wait ends with the timeout, and the outcome is unknown."""
        client = make_client(serve(gateway.answer(Content_Length="400")).url, retries=0, timeout=(60, 0.2))

        with pytest.raises(requests.ReadTimeout) as caught:
            query(client)

        assert caught.value.maybe_sent

    def test_a_shorter_length_than_body(self, gateway, serve, make_client):
        """The rest of the body is not read as the next response, and the signature does not match."""
        client = make_client(serve(gateway.answer(Content_Length="5"), gateway.answer()).url, retries=0)

        with pytest.raises(SignatureError) as caught:
            query(client)

        assert caught.value.reason == "mismatch"
        assert query(client).data == {"code_url": "weixin://"}

    def test_a_drip_ends_with_the_deadline(self, gateway, serve, make_client):
        """Each byte comes in time, the answer does not."""
        reached, ended = threading.Event(), threading.Event()

        def drip(connection: Any) -> None:
            reached.set()
            for byte in gateway.answer():
                connection.sendall(bytes([byte]))
                if ended.wait(0.2):
                    break

        client = make_client(serve(drip).url, retries=3, deadline=0.8)
        sent = False

        while not sent:  # a machine may be too slow to send anything before the deadline
            started = time.monotonic()
            with pytest.raises(requests.RequestException) as caught:
                unlisted(client)
            sent = caught.value.maybe_sent

        assert time.monotonic() - started < 60  # the drip goes on for longer
        ended.set()
        assert reached.wait(60)
        assert gateway.posts() == 1

    def test_a_silent_server(self, gateway, serve, make_client):
        """A read timeout is an unknown outcome: a GET is repeated, an unlisted POST raises."""
        reached, ended = threading.Event(), threading.Event()

        def silent(connection: Any) -> None:
            reached.set()
            ended.wait(60)

        server = serve(silent, silent, gateway.answer())
        with pytest.raises(requests.ReadTimeout) as caught:
            unlisted(make_client(server.url, timeout=(60, 0.15)))
        assert caught.value.maybe_sent
        assert reached.wait(60)
        assert gateway.posts() == 1
        # what is repeated gets its answer in time, if need be after some more attempts
        assert query(make_client(server.url, timeout=(60, 1), retries=20)).status_code == 200
        ended.set()
        assert len(set(gateway.nonces)) == len(gateway.nonces) >= 3


class TestNothingLeft:
    def test_a_refused_connection_goes_to_the_other_host(self, gateway, serve, make_client):
        """Even a POST that may not be repeated: no byte of it left."""
        client = make_client("http://127.0.0.1:9/", backup_url=serve(gateway.answer()).url)

        assert unlisted(client).status_code == 200
        assert gateway.posts() == 1

    def test_a_name_that_does_not_resolve_goes_to_the_other_host(self, gateway, serve, make_client):
        """The default host is a name; an unresolvable name replaces it."""
        client = make_client("https://api.mch.weixin.qq.invalid/", backup_url=serve(gateway.answer()).url)

        assert unlisted(client).status_code == 200
        assert gateway.posts() == 1

    def test_both_hosts_away(self, make_client):
        """The error says that nothing was sent."""
        client = make_client("https://a.invalid/", backup_url="https://b.invalid/", retries=1)

        with pytest.raises(requests.ConnectionError) as caught:
            unlisted(client)

        assert not caught.value.maybe_sent
        assert "nothing was sent" in str(caught.value)

    def test_a_broken_handshake_goes_to_the_other_host(self, gateway, serve, make_client):
        """A server that speaks no TLS."""
        with socket.create_server(("127.0.0.1", 0)) as plain:

            def refuse() -> None:
                connection, _ = plain.accept()
                connection.recv(100)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                connection.close()

            threading.Thread(target=refuse, daemon=True).start()
            client = make_client(
                f"https://127.0.0.1:{plain.getsockname()[1]}/", backup_url=serve(gateway.answer()).url, retries=1
            )

            assert unlisted(client).status_code == 200
        assert gateway.posts() == 1

    def test_a_call_with_an_untrusted_certificate_is_never_repeated(self, gateway, serve, make_client):
        """Sent to neither host, because of a possible man in the middle."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        stranger = serve(gateway.answer(), context=context)
        other = serve(gateway.answer())
        client = make_client(stranger.url, backup_url=other.url, retries=5)

        with pytest.raises(requests.exceptions.SSLError) as caught:
            query(client)

        assert not caught.value.maybe_sent
        assert "not trusted" in str(caught.value)
        assert gateway.requests == []
        assert stranger.connections == 1

    def test_an_idle_connection_that_died_costs_no_order(self, gateway, serve, make_client):
        """Closed by the platform while idle: found out before the next request is written to it."""

        closed = threading.Semaphore(0)

        def once(connection: Any) -> None:
            connection.sendall(gateway.answer())
            connection.close()
            closed.release()

        client = make_client(serve(once).url, retries=0)
        for _ in range(3):
            assert unlisted(client).status_code == 200
            assert closed.acquire(timeout=60)
        assert gateway.posts() == 3


class TestClocks:
    @pytest.mark.parametrize("ahead", [-300, -1, 0, 1, 300])
    def test_within_tolerance(self, gateway, serve, make_client, ahead):
        """Taken, either way."""
        gateway.now = lambda: NOON + ahead
        assert query(make_client(serve(gateway.answer()).url, clock=lambda: NOON)).verified

    @pytest.mark.parametrize(("ahead", "words"), [(-301, "301 seconds old"), (301, "301 seconds ahead of our clock")])
    def test_beyond(self, gateway, serve, make_client, ahead, words):
        """Refused once as a possible replay; the error names the direction."""
        gateway.now = lambda: NOON + ahead
        client = make_client(serve(gateway.answer()).url, retries=5, clock=lambda: NOON)

        with pytest.raises(SignatureError, match=words) as caught:
            query(client)

        assert caught.value.reason == "stale"
        assert len(gateway.requests) == 1
        assert not isinstance(caught.value, requests.RequestException)

    @pytest.mark.parametrize("skew", [-3600.0, 0.0, 3600.0])
    def test_the_offset_is_learnt(self, gateway, serve, make_client, skew):
        """From the Date of any answer, an error's too."""
        gateway.now = lambda: NOON
        url = serve(gateway.refusal("SIGN_ERROR", "401 Unauthorized", Date=formatdate(NOON, usegmt=True))).url
        client = make_client(url, clock=lambda: NOON - skew)
        assert client.clock_offset is None

        with pytest.raises(ChainableError):
            query(client)

        if skew == 0.0:
            assert client.clock_offset == 0
        # A clock that is an hour wrong takes no answer for authentic, and learns nothing from a forged one.

    def test_the_offset_of_an_unsigned_error(self, serve, make_client):
        """A gateway in front knows the time as well."""
        date = formatdate(NOON, usegmt=True)
        answer = f"HTTP/1.1 401 Unauthorized\r\nDate: {date}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        client = make_client(serve(answer).url, clock=lambda: NOON - 3600)

        with pytest.raises(APIError) as caught:
            query(client)

        assert not caught.value.verified
        assert client.clock_offset == 3600


class TestAnswers:
    def test_accepted_is_neither_done_nor_failed(self, gateway, serve, make_client):
        response = order(make_client(serve(gateway.answer(b"", "202 Accepted")).url, retries=5))

        assert response.pending
        assert response.data is None
        assert gateway.posts() == 1

    def test_the_numeric_reason_is_reported(self, gateway, serve, make_client):
        client = make_client(serve(gateway.refusal("SIGN_ERROR", "401 Unauthorized")).url)

        with pytest.raises(APIError, match=r"reason 268443699 \(the signature\)") as caught:
            query(client)

        assert caught.value.request_id == "08F2-268443699"
        assert not caught.value.retryable

    @pytest.mark.parametrize(("seconds", "attempts"), [("0", 3), ("11", 1), ("3600", 1)])
    def test_a_long_pause_is_the_users(self, gateway, serve, make_client, seconds, attempts):
        """Up to ten seconds are waited; more is told at once."""
        url = serve(gateway.refusal("FREQUENCY_LIMITED", "429 Too Many", Retry_After=seconds)).url
        with pytest.raises(APIError) as caught:
            query(make_client(url, retries=2))

        assert caught.value.retry_after == float(seconds)
        assert caught.value.retryable
        assert len(gateway.requests) == attempts

    def test_a_redirect_is_not_followed(self, gateway, serve, make_client):
        other = serve(gateway.answer())
        client = make_client(serve(gateway.answer(b"", "302 Found", Location=other.url)).url, retries=5)

        with pytest.raises(APIError) as caught:
            query(client)

        assert caught.value.status_code == 302
        assert other.requests == []


class TestThreads:
    def test_no_lock_stays_held(self, gateway, serve, make_client):
        """Many threads over a server that breaks every second time: all end, no nonce is used twice."""
        fine = gateway.answer()
        count = iter(range(10_000))

        def sometimes(connection: Any) -> None:
            if next(count) % 2:
                connection.sendall(gateway.fresh(fine))
            else:
                reset(connection)

        client = make_client(serve(sometimes).url, retries=1, pool_maxsize=4)
        outcomes = []

        def work() -> None:
            for call in (query, unlisted, order):
                try:
                    outcomes.append(call(client).status_code)
                except requests.ConnectionError as error:
                    outcomes.append(error.maybe_sent)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert len(outcomes) == 36
        assert set(outcomes) <= {200, True}
        assert len(set(gateway.nonces)) == len(gateway.nonces)
        assert sum(b"/v3/some/thing " in request for request in gateway.requests) == 12

    def test_a_signer_that_fails_sent_nothing(self, gateway, serve, make_client):
        """Its own network is not the platform's: what it could not sign did not leave, and may be tried again."""
        failures = [requests.ConnectTimeout("the signing service is away")]

        class Key:
            def sign(self, message: bytes) -> bytes:
                if failures:
                    raise failures.pop()
                return b"signed"

        client = make_client(serve(gateway.answer()).url, private_key=Key(), retries=0)
        with pytest.raises(requests.ConnectTimeout, match="is away") as caught:
            unlisted(client)
        assert not caught.value.maybe_sent
        assert gateway.requests == []

        failures.append(requests.ConnectTimeout("the signing service is away"))
        assert unlisted(client, retries=1).status_code == 200
        assert gateway.posts() == 1

    def test_promises_break_like_calls(self, gateway, serve, make_client):
        """The client closes without waiting forever."""
        client = make_client(serve(reset, gateway.answer()).url, retries=0)
        broken = client["v3/some/thing"].post_async(json={"a": 1})
        with pytest.raises(requests.ConnectionError):
            broken.result(60)
        assert client["v3/some/thing"].post_async(json={"a": 1}).result(60).status_code == 200


class TestSignErrors:
    """The message the platform checked beside the signed one, end to end."""

    @pytest.fixture
    def explained(self, gateway, serve, make_client):
        """Return the client's explanation when the platform received another message than was signed."""

        def explain(change: Any, **length: Any) -> str:
            def step(connection: Any) -> None:
                request = gateway.requests[-1]
                head, _, body = request.partition(b"\r\n\r\n")
                verb, target, _ = head.split(b" ", 2)
                fields = dict(
                    part.split(b"=", 1)
                    for part in head.partition(b"WECHATPAY2-SHA256-RSA2048 ")[2].split(b"\r\n")[0].split(b",")
                )
                lines = [verb, target, fields[b"timestamp"].strip(b'"'), fields[b"nonce_str"].strip(b'"'), body]
                seen = b"\n".join(change(lines)) + b"\n"
                error = {
                    "code": "SIGN_ERROR",
                    "message": "签名错误",
                    "detail": {
                        "sign_information": {
                            "method": verb.decode(),
                            "url": target.decode(),
                            "truncated_sign_message": seen.decode(),
                            "sign_message_length": len(seen),
                        }
                        | length
                    },
                }
                connection.sendall(gateway.answer(json.dumps(error).encode(), "401 Unauthorized"))

            with pytest.raises(APIError) as caught:
                order(make_client(serve(step).url), retries=0)
            return caught.value.explain()

        return explain

    def test_the_same_message_is_a_matter_of_keys(self, explained):
        assert "serial= is not that of the certificate" in explained(lambda lines: lines)

    @pytest.mark.parametrize(
        ("index", "replacement", "words"),
        [
            (0, b"GET", "The verb differs from character 1 on"),
            (1, b"/api/v3/pay/transactions/native", "The target differs from character 2 on"),
            (2, b"1600000000", "The timestamp differs"),
            (3, b"another", "The nonce differs"),
            (4, b'{"appid": "wxd678efh567hg6787"}', "The body differs from character 10 on"),
        ],
    )
    def test_the_line_that_differs_is_reported(self, explained, index, replacement, words):
        def change(lines: list[bytes]) -> list[bytes]:
            return [replacement if number == index else line for number, line in enumerate(lines)]

        assert words in explained(change)

    def test_more_than_is_shown(self, explained):
        """The shown part is the same, the length is not."""
        assert "it checked 7 bytes" in explained(lambda lines: lines, sign_message_length=7)


class TestCompression:
    """urllib3 accepts compressed data that ends too early; the client does not."""

    PACKED = gzip.compress(b'{"code_url":"weixin://"}')

    def test_it_is_a_broken_body(self, gateway, serve, make_client):
        client = make_client(serve(gateway.answer(self.PACKED[:-9], Content_Encoding="gzip")).url, retries=0)

        with pytest.raises(requests.exceptions.ContentDecodingError) as caught:
            query(client)

        assert caught.value.maybe_sent

    def test_an_empty_body_is_none(self, gateway, serve, make_client):
        """Some servers announce a compression of nothing."""
        client = make_client(serve(gateway.answer(b"", Content_Encoding="gzip")).url)

        assert query(client).data is None

    @pytest.mark.parametrize("cut", [5, -9, -1])
    def test_a_file_without_hash_is_not_taken_for_whole(self, gateway, serve, make_client, tmp_path, cut):
        """No length and no hash would tell."""
        server = serve(gateway.answer(self.PACKED[:cut], Content_Encoding="gzip"))
        client = make_client(server.url, retries=0)

        with pytest.raises(requests.exceptions.ContentDecodingError):
            client.download(f"{server.url}v3/billdownload/file?token=x", tmp_path / "bill")

        assert list(tmp_path.iterdir()) == []

    def test_a_whole_one_is(self, gateway, serve, make_client, tmp_path):
        server = serve(gateway.answer(self.PACKED, Content_Encoding="gzip"))
        client = make_client(server.url, retries=0)

        assert client.download(f"{server.url}v3/billdownload/file?token=x", tmp_path / "bill").size == 24
