"""Failures between the platform and a consumer, and how they are reported."""

from __future__ import annotations

import logging
import ssl
import struct
import threading
import time
from contextlib import contextmanager
from socket import IPPROTO_TCP, TCP_USER_TIMEOUT

import pytest
import trustme
from websockets.sync.server import serve

from chainable.deduplication import MemoryStore
from chainable.deduplication.django.store import DjangoStore
from chainable.errors import ClaimError, ConfigurationError
from taobao_top import TopError
from taobao_top.tmc import TMC, connection


def counted(text):
    return struct.pack("<i", len(text)) + text.encode()


ACCEPTED = b"\x02\x01\x05\x00" + counted("t0ken") + b"\x00\x00"


@contextmanager
def serving(served, **settings):
    """Start a server, and yield its port."""
    with serve(served, "127.0.0.1", 0, compression=None, **settings) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever)
        thread.start()
        yield endpoint.socket.getsockname()[1]
        endpoint.shutdown()
        thread.join()


def test_messages_are_received_over_TLS(sandbox, make, eventually):
    url = sandbox.https_gateway.replace("https://", "wss://").replace("/router/rest", "/")
    tmc, seen = make(url=url, ssl=ssl.create_default_context(cafile=sandbox.ca)), []
    tmc.a(lambda message: seen.append(message.id))
    with tmc:
        assert tmc.connected
        message = sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert seen == [message.id]


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("127.0.0.1", "another", "unable to get local issuer certificate"),
        ("127.0.0.1", "default", "unable to get local issuer certificate"),
        ("mc.example", "its own", "IP address mismatch"),
    ],
)
def test_a_wrong_certificate_is_refused(make, eventually, caplog, name, trusted, words):
    own, connected = trustme.CA(), []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.issue_cert(name).configure_cert(server)
    context = None
    if trusted != "default":
        context = ssl.create_default_context()
        (own if trusted == "its own" else trustme.CA()).configure_trust(context)
    with serving(connected.append, ssl=server) as port:
        tmc = make(url=f"wss://127.0.0.1:{port}/", ssl=context)
        tmc.start()
        assert not tmc.connected
        eventually(lambda: words in caplog.text)
        tmc.stop()
    assert "its certificate is refused" in caplog.text
    assert "pass a context that trusts its authority as ssl=" in caplog.text
    assert not connected  # no byte of the channel was sent


def test_a_server_of_something_else_is_reported_as_unreachable(make, eventually, caplog):
    def refused(connection, request):
        return connection.respond(403, "secret words\n")

    with serving(lambda socket: None, process_request=refused) as port:
        make(url=f"ws://127.0.0.1:{port}/").start()
        eventually(lambda: "could not be reached: it answered with the HTTP status 403" in caplog.text)
    make(url="ws://127.0.0.1:9/").start()
    eventually(lambda: "could not be reached: ConnectionRefusedError, Connection refused" in caplog.text)


def test_a_silent_server_is_detected_by_pings_and_left(sandbox, make, eventually, caplog):
    tmc, seen = make(ping_every=0.05, timeout=0.2), []
    tmc.a(lambda message: seen.append(message.id))
    with tmc:
        eventually(lambda: tmc._connection()._socket.latency)  # it has answered a ping
        assert sandbox.messages.silence()
        eventually(lambda: "closed: by us, code 1011 keepalive ping timeout; connecting again" in caplog.text)
        message = sandbox.messages.publish("a_b")
        eventually(lambda: message.id in sandbox.messages.confirmed)
    assert set(seen) == {message.id}
    assert "keepalive ping failed" not in caplog.text  # the library's own words, with a traceback


def test_a_server_that_answers_no_pings_is_not_left(sandbox, make, eventually, caplog):
    # top-link's server reads pings and sends no pongs (WebSocketServerUpstreamHandler)
    sandbox.messages.answers_pings = False
    tmc = make(ping_every=0.02, timeout=0.5)  # which is also the time for a handshake, on a machine that is busy
    tmc.a(lambda message: None)
    with tmc:
        (link,) = eventually(lambda: sandbox.messages.links)
        time.sleep(1)
        message = sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed == [message.id])
        assert sandbox.messages.links == [link]
        assert tmc._connection()._socket.latency == 0
    assert "connecting again" not in caplog.text


def test_a_server_that_vanishes_is_noticed_by_TCP(make):
    with make(ping_every=45.0, timeout=10.0) as tmc:
        socket = tmc._connection()._socket.socket
        assert socket.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT) == 55_000


def test_a_system_without_the_option_of_TCP(make, monkeypatch):
    monkeypatch.setattr(connection, "TCP_USER_TIMEOUT", -1)
    with make() as tmc:
        assert tmc.connected


def test_an_expired_token_is_replaced_by_a_new_connection(sandbox, make, eventually, caplog):
    tmc, seen = make(), []

    @tmc.a
    def handle(message):
        seen.append(message.id)
        sandbox.messages.expire()  # the confirmation is refused, and the message delivered again

    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert seen == [message.id]
    assert "message channel, send: code 401" in caplog.text
    assert "the message channel was closed: code 1008" in caplog.text


def test_a_frame_beyond_the_limit_closes_only_the_connection(sandbox, make, eventually, caplog):
    tmc = make()
    tmc.a(lambda message: None)
    with tmc:
        (link,) = eventually(lambda: sandbox.messages.links)
        link.push(b"\x02\x02" + bytes(4 * 1024 * 1024))
        eventually(lambda: "closed: by us, code 1009 frame with 4194306 bytes exceeds limit" in caplog.text)
        message = sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed == [message.id])


def test_a_refusal_may_have_a_status_of_16_bits(make):
    def served(socket):
        socket.recv()
        socket.send(b"\x02\x01\x02\x00\x1d\x00\x03\x00" + counted("Invalid app key") + b"\x00\x00")

    with serving(served) as port, pytest.raises(TopError, match="code 29: Invalid app key"):
        make(url=f"ws://127.0.0.1:{port}/").start()


@pytest.mark.parametrize("status", [b"", b"\x02\x00\x00\x00\x00\x00"], ids=["no code", "code 0"])
def test_a_refusal_may_have_only_a_phrase(make, status):
    # top-link: Message.isError() is a code above 0 or a phrase
    refused = (
        b"\x02\x01" + status + b"\x03\x00" + counted("remote auth error") + b"\x05\x00" + counted("t") + b"\x00\x00"
    )

    def served(socket):
        socket.recv()
        socket.send(refused)

    with serving(served) as port:
        tmc = make(url=f"ws://127.0.0.1:{port}/")
        with pytest.raises(TopError, match="connect: code \\?: remote auth error") as caught:
            tmc.start()
    assert (caught.value.code, caught.value.sub_msg) == ("", "remote auth error")
    assert caught.value.args[0].zh == "消息通道，连接：错误码 ?：remote auth error"
    assert not tmc.connected


@pytest.mark.parametrize("token", [b"", b"\x05\x00" + counted("")], ids=["no token", "an empty one"])
def test_an_acknowledgement_without_a_token_is_not_a_connection(make, eventually, caplog, token):
    # Java's EndpointProxy throws "token is null": a pull without it would be refused
    got = []

    def served(socket):
        got.append(socket.recv())
        socket.send(b"\x02\x01" + token + b"\x00\x00")
        got.extend(socket)

    with serving(served) as port:
        tmc = make(url=f"ws://127.0.0.1:{port}/")
        tmc.start()
        assert not tmc.connected
        eventually(lambda: len(got) > 2)
        tmc.stop()
    assert "without a token" in caplog.text
    assert all(data[1] == 0 for data in got)  # CONNECT: nothing was pulled


def test_a_publication_may_be_refused_with_only_a_phrase(make):
    def served(socket):
        socket.recv()
        socket.send(ACCEPTED)
        for data in socket:
            if b"c_d" in data:
                flag = data[data.index(b"\x04\x00") :][:6]
                socket.send(b"\x02\x03\x03\x00" + counted("no such topic") + flag + b"\x00\x00")

    with serving(served) as port:
        tmc = make(url=f"ws://127.0.0.1:{port}/")
        with tmc, pytest.raises(TopError, match="publish: code \\?: no such topic"):
            tmc.publish("c_d", {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x02\x02\x06\x00\x00\x00\x00\x00\x00\x00", "header or value of the unknown type 6; it is ignored"),
        (b"\x02\x02\x01\x00\x01\x00\x00\x00a\x09\x00\x00", "header or value of the unknown type 9; it is ignored"),
        (b"\x03\x02\x00\x00", "not a frame of version 2 of the message channel; it is ignored"),
    ],
)
def test_unknown_frames_are_ignored(sandbox, make, eventually, caplog, data, words):
    tmc = make()
    tmc.a(lambda message: None)
    with tmc:
        (link,) = eventually(lambda: sandbox.messages.links)
        link.push(data)
        eventually(lambda: words in caplog.text)
        sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed)
        assert sandbox.messages.links == [link]


def test_slow_handlers_delay_neither_pings_nor_acknowledgements(sandbox, make, eventually, caplog):
    tmc, entered, leave = make(workers=1, ping_every=0.03, timeout=60.0), threading.Event(), threading.Event()

    @tmc.a
    def handle(message):
        entered.set()
        leave.wait(60)

    sent = [sandbox.messages.publish("a_b", {"text": "x" * 1000}).id for _ in range(200)]
    with tmc:
        assert entered.wait(60)
        (link,) = sandbox.messages.links
        for _ in range(10):
            tmc.publish("c_d", {})
        pings, received = [], tmc._connection()._socket
        eventually(lambda: pings.append(received.latency) or len(set(pings)) > 10)
        assert sandbox.messages.links == [link]
        leave.set()
        eventually(lambda: sorted(sandbox.messages.confirmed) == sent)
    assert "connecting again" not in caplog.text


def test_messages_handled_before_stop_are_confirmed(sandbox, make, eventually):
    for number in range(5):
        tmc, seen = make(timeout=60.0), []
        tmc.a(lambda message, seen=seen: seen.append(message.id))
        before = len(sandbox.messages.confirmed)
        for _ in range(100):
            sandbox.messages.publish("a_b")
        tmc.start()
        eventually(lambda number=number, seen=seen: len(seen) > 10 * number)
        begun = time.monotonic()
        tmc.stop()
        assert time.monotonic() - begun < 30  # messages before the close frame are still read
        eventually(lambda: not sandbox.messages.links)
        assert sorted(sandbox.messages.confirmed[before:]) == sorted(seen)


def test_handlers_that_wait_run_in_parallel(sandbox, make, eventually):
    tmc, threads = make(), set()

    @tmc.a
    def handle(message):
        threads.add(threading.current_thread().name)
        time.sleep(0.005)

    def crowded():
        sandbox.messages.publish("a_b")
        return len(threads) == 4

    with tmc:
        eventually(crowded)
    assert not sandbox.messages.failed


def test_handlers_publish_while_messages_come_fast(sandbox, make, eventually):
    tmc = make()

    @tmc.a
    def handle(message):
        if message.content["number"] % 50 == 0:
            tmc.publish("c_d", message.content)

    for number in range(200):
        sandbox.messages.publish("a_b", {"number": number})
    with tmc:
        eventually(lambda: len(sandbox.messages.confirmed) == 200)
    assert len(sandbox.messages.sent) == 4


def test_neither_session_nor_secret_is_logged(sandbox, make, eventually, caplog):
    caplog.set_level(logging.DEBUG, "taobao_top")
    with make() as tmc:
        sandbox.messages.drop(hard=True)
        eventually(lambda: "connecting again" in caplog.text)
        eventually(lambda: tmc.connected)
        tmc.publish("a_b", {}, session="s3ssion")
    assert "s3ssion" not in caplog.text
    assert sandbox.account.app_secret not in caplog.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://127.0.0.1/"}, "url: ws://"),
        ({"url": "ws://"}, "url: ws://"),
        ({"url": "ws://host:99999/"}, "url: ws://"),
        ({"url": "ws://host:0/"}, "url: ws://"),
        ({"url": "ws://[/"}, "url: ws://"),
        ({"url": None}, "url: ws://"),
        ({"url": "ws://name:s3cret@host/"}, "without a name and password"),
        ({"ssl": ssl.create_default_context()}, "only a url of wss://"),
        ({"ssl": True, "url": "wss://host/"}, "an ssl.SSLContext was expected, not a bool"),
        ({"unknown": "drop"}, "'fail' or 'confirm'"),
        ({"confirm": "Manual"}, "confirm: 'auto' or 'manual'"),
        ({"confirm": None}, "confirm: 'auto' or 'manual'"),
        ({"confirm": "manual", "store": DjangoStore}, "use RedisStore or MemoryStore"),
        ({"group": ""}, "group: "),
        ({"group": " "}, "group: "),
        ({"group": None}, "group: "),
        ({"workers": 0}, "workers: a whole number, at least 1, was expected, not 0"),
        ({"workers": 1.5}, "workers: "),
        ({"workers": True}, "workers: "),
        ({"backlog": 0}, "backlog: "),
        ({"backlog": "9"}, "backlog: "),
        ({"pull_every": 0}, "pull_every: a number of seconds above 0 was expected, not 0"),
        ({"ping_every": -1}, "ping_every: "),
        ({"ping_every": None}, "ping_every: "),
        ({"timeout": "10"}, "timeout: "),
        ({"timeout": float("nan")}, "timeout: "),
        ({"lease": float("inf")}, "lease: "),
        ({"backoff": (0, 1)}, "backoff, first: "),
        ({"backoff": (1, None)}, "backoff, longest: "),
        ({"backoff": (5, 1)}, "the first wait, 5, is longer than the longest, 1"),
    ],
)
def test_settings_are_checked(sandbox, settings, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        TMC(sandbox.client(), **settings)
    assert "s3cret" not in str(caught.value)
    assert any("一" <= character <= "鿿" for character in caught.value.args[0].zh)


@pytest.mark.parametrize("proxy", [None, False, ""])
def test_the_proxies_of_the_environment_can_be_disabled(sandbox, make, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("ws_proxy", "http://127.0.0.1:9/")
    with make(proxy=proxy) as tmc:
        assert tmc.connected


class Lost(MemoryStore):
    """A store whose first claim, or first finish, does not get through."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def lose(self, step):
        if self.step == step:
            self.step = None
            raise ConnectionError

    def claim(self, message_id, lease=60.0):
        self.lose("claim")
        return super().claim(message_id, lease)

    def finish(self, claim):
        self.lose("finish")
        super().finish(claim)


def test_a_message_that_the_store_cannot_claim_is_delivered_again(sandbox, make, eventually):
    tmc, seen = make(store=Lost("claim"), lease=0.05), []
    tmc.a(lambda message: seen.append(message.id))
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert sandbox.messages.failed[0] == (message.id, "ConnectionError")
    assert seen == [message.id]


def test_a_failed_record_of_a_handled_message_is_repeated(sandbox, make, eventually):
    tmc, seen = make(store=Lost("finish")), []
    tmc.a(lambda message: seen.append(message.id))
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert sandbox.messages.failed == []
    assert seen == [message.id]


class Forgetful(MemoryStore):
    """A store that cannot record handled messages."""

    def __init__(self, *, handled):
        super().__init__()
        self.handled = handled

    def finish(self, claim):
        self.release(claim)
        handled, self.handled = self.handled, True
        raise ClaimError("not recorded", handled=handled)


@pytest.mark.parametrize("handled", [True, False])
def test_a_handled_message_is_confirmed_even_if_the_store_forgets_it(sandbox, make, eventually, handled):
    tmc, seen = make(store=Forgetful(handled=handled)), []
    tmc.a(lambda message: seen.append(message.id))
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert sandbox.messages.failed == ([] if handled else [(message.id, "ClaimError")])
    assert seen == [message.id] * (1 if handled else 2)
