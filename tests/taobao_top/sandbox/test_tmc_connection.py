"""The message channel over real WebSockets, spoken here with bytes of our own making."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import time
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PULL, CONFIRM, DATA, FAILED = 1, 2, 3, 20


def packed(text):
    return struct.pack("<i", len(text.encode())) + text.encode()


def frame(kind, content, token=None, flag=None):
    parts = [struct.pack("<BB", 2, kind)]
    if token is not None:
        parts.append(struct.pack("<h", 5) + packed(token))
    if flag is not None:
        parts.append(struct.pack("<hi", 4, flag))
    for name, value in content.items():
        if name == "__kind":
            typed = struct.pack("<bb", 2, value)
        elif isinstance(value, int):
            typed = struct.pack("<bq", 5, value)
        else:
            typed = struct.pack("<b", 1) + packed(value)
        parts.append(struct.pack("<h", 1) + packed(name) + typed)
    return b"".join(parts) + b"\x00\x00"


def opened(data):
    """The headers of a frame: kind, and a dict of what stands in it."""
    found, at = {"kind": data[1]}, 2

    def text():
        nonlocal at
        (length,) = struct.unpack_from("<i", data, at)
        at += 4 + length
        return data[at - length : at].decode()

    while True:
        (header,) = struct.unpack_from("<h", data, at)
        at += 2
        if header == 0:
            return found
        if header in {2, 4}:
            (found["code" if header == 2 else "flag"],) = struct.unpack_from("<i", data, at)
            at += 4
        elif header in {3, 5}:
            found["phrase" if header == 3 else "token"] = text()
        else:
            name = text()
            form = data[at]
            at += 1
            if form == 1:
                found[name] = text()
            elif form == 7:
                (length,) = struct.unpack_from("<i", data, at)
                at += 4 + length
                found[name] = data[at - length : at]
            else:
                shape = {2: "<b", 5: "<q", 6: "<q"}[form]
                (found[name],) = struct.unpack_from(shape, data, at)
                at += struct.calcsize(shape)


@pytest.fixture(autouse=True)
def _directly(monkeypatch):
    """Whatever proxy the machine has, it is not for loopback."""
    monkeypatch.setenv("NO_PROXY", "*")


class Consumer:
    """One connection."""

    def __init__(self, sandbox, **changes):
        account = sandbox.account
        stamp = str(int(sandbox.application.clock() * 1000))
        content = {"app_key": account.app_key, "group_name": "default", "timestamp": stamp} | changes
        secret = content.pop("secret", account.app_secret)
        signed = "".join(name + content[name] for name in ("app_key", "group_name", "timestamp"))
        self.url = sandbox.channel_url
        self.stack = ExitStack()
        content["sign"] = hashlib.md5(f"{secret}{signed}{secret}".encode()).hexdigest().upper()
        self.content = content | {"sdk": "test"}

    def send(self, content, flag=None, token=...):
        self.socket.send(frame(2, content, self.token if token is ... else token, flag))

    def next(self, timeout=60):
        return opened(self.socket.recv(timeout=timeout))

    def acknowledged(self, content):
        self.send(content, flag=77)
        answer = self.next()
        assert (answer["kind"], answer["flag"]) == (3, 77)
        return answer["code"]

    def __enter__(self):
        self.socket = self.stack.enter_context(connect(self.url, compression=None))
        self.socket.send(frame(0, self.content))
        self.answer = opened(self.socket.recv(timeout=60))
        self.token = self.answer.get("token")
        return self

    def __exit__(self, *_):
        self.stack.close()


@pytest.fixture
def consumer(sandbox):
    with Consumer(sandbox) as found:
        assert found.answer["kind"] == 1
        assert found.token
        yield found


def test_messages_are_pulled_and_confirmed(sandbox, consumer):
    message = sandbox.messages.publish("taobao_trade_TradeCreate", {"tid": 1, "名": "中"}, user_id=9, nick="n")
    consumer.send({"__kind": PULL})
    got = consumer.next()
    assert (got["kind"], got["__kind"], got["id"]) == (2, DATA, message.id)
    assert (got["topic"], got["userid"], got["nick"]) == ("taobao_trade_TradeCreate", 9, "n")
    assert json.loads(got["content"]) == {"tid": 1, "名": "中"}
    assert sandbox.messages.unconfirmed == 1
    assert consumer.acknowledged({"__kind": CONFIRM, "id": message.id}) == 0
    assert sandbox.messages.confirmed == [message.id]
    assert sandbox.messages.waiting == sandbox.messages.unconfirmed == 0
    kinds = [(entry.verb, entry.method, entry.verified) for entry in sandbox.journal if entry.kind == "channel"]
    assert kinds == [("CONNECT", "connect", True), ("SEND", "pull", True), ("SEND", "confirm", True)]


def test_nothing_comes_before_the_first_pull_and_everything_after_it(sandbox, consumer):
    one = sandbox.messages.publish("a_b_C")
    with pytest.raises(TimeoutError):
        consumer.next(timeout=0.05)
    consumer.send({"__kind": PULL})
    assert consumer.next()["id"] == one.id
    two = sandbox.messages.publish("a_b_C")
    assert consumer.next()["id"] == two.id


def test_what_failed_comes_again_with_the_next_pull(sandbox, consumer):
    message = sandbox.messages.publish("a_b_C")
    consumer.send({"__kind": PULL})
    assert consumer.next()["id"] == message.id
    assert consumer.acknowledged({"__kind": FAILED, "id": message.id, "msg": "busy"}) == 0
    assert sandbox.messages.failed == [(message.id, "busy")]
    assert sandbox.messages.waiting == 1
    consumer.send({"__kind": PULL})
    assert consumer.next()["id"] == message.id
    consumer.acknowledged({"__kind": FAILED, "id": 1})
    assert len(sandbox.messages.failed) == 1


def test_a_lost_connection_gives_messages_back_in_order(sandbox):
    messages = [sandbox.messages.publish("a_b_C") for _ in range(3)]
    with Consumer(sandbox) as first:
        first.send({"__kind": PULL})
        for message in messages:
            assert first.next()["id"] == message.id
        first.acknowledged({"__kind": CONFIRM, "id": messages[1].id})
        assert len(sandbox.messages.links) == 1
        assert sandbox.messages.drop() == 1
        with pytest.raises(ConnectionClosed) as closed:
            first.next()
        assert closed.value.rcvd.code == 1001
    with Consumer(sandbox) as second:
        second.send({"__kind": PULL})
        assert [second.next()["id"] for _ in range(2)] == [messages[0].id, messages[2].id]


def test_what_a_lost_connection_gives_back_goes_to_the_others_at_once(sandbox):
    messages = [sandbox.messages.publish("a_b_C") for _ in range(2)]
    with Consumer(sandbox) as first, Consumer(sandbox) as second:
        first.send({"__kind": PULL})
        assert [first.next()["id"] for _ in range(2)] == [message.id for message in messages]
        assert second.acknowledged({"__kind": PULL}) == 0
        first.socket.close()
        assert [second.next()["id"] for _ in range(2)] == [message.id for message in messages]


def test_a_cut_connection(sandbox):
    sandbox.messages.publish("a_b_C")
    with Consumer(sandbox) as first:
        first.send({"__kind": PULL})
        first.next()
        assert sandbox.messages.drop(hard=True) == 1
        with pytest.raises(ConnectionClosed) as closed:
            first.next()
        assert closed.value.rcvd is None
    with Consumer(sandbox) as second:
        second.send({"__kind": PULL})
        assert second.next()["topic"] == "a_b_C"


def test_a_connection_that_is_lost_while_messages_are_sent_gives_all_of_them_back(sandbox):
    for _ in range(100):
        sandbox.messages.publish("a_b_C", "x" * 200_000)
    with Consumer(sandbox) as first:
        first.send({"__kind": PULL})
        first.next()  # the others are more than the connection holds
        assert sandbox.messages.drop(hard=True) == 1
        with pytest.raises(ConnectionClosed):
            for _ in range(100):
                first.next()
    deadline = time.monotonic() + 60
    while sandbox.messages.links:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (sandbox.messages.waiting, sandbox.messages.unconfirmed) == (100, 0)


def test_giving_back_what_is_not_a_longer_out(sandbox):
    message = sandbox.messages.publish("a_b_C")
    sandbox.messages.requeue([message.id])
    assert sandbox.messages.waiting == 1


def test_duplicates_groups_and_garbage(sandbox, consumer):
    message = sandbox.messages.publish("a_b_C")
    sandbox.messages.publish("a_b_C", group="other")
    consumer.send({"__kind": PULL})
    assert consumer.next()["id"] == message.id
    consumer.acknowledged({"__kind": CONFIRM, "id": message.id})
    sandbox.messages.repeat(message)
    assert consumer.next()["id"] == message.id
    with Consumer(sandbox, group_name="other") as other:
        other.send({"__kind": PULL})
        assert other.next()["topic"] == "a_b_C"
    sandbox.messages.links[0].push(b"no frame")
    assert consumer.socket.recv(timeout=60) == b"no frame"


def test_a_window_of_messages_is_out_at_a_time(sandbox, consumer):
    messages = [sandbox.messages.publish("a_b_C") for _ in range(201)]
    consumer.send({"__kind": PULL})
    assert [consumer.next()["id"] for _ in range(200)] == [message.id for message in messages[:200]]
    with pytest.raises(TimeoutError):
        consumer.next(timeout=0.05)
    consumer.send({"__kind": CONFIRM, "id": messages[0].id})
    assert consumer.next()["id"] == messages[200].id


def test_clients_publish(sandbox, consumer):
    assert consumer.acknowledged({"__kind": DATA, "topic": "a_b_C", "content": "{}"}) == 0
    (sent,) = sandbox.messages.sent
    assert (sent.topic, sent.content) == ("a_b_C", "{}")
    assert consumer.acknowledged({"__kind": 99}) == 400
    consumer.send({"__kind": CONFIRM})
    assert consumer.acknowledged({}) == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "x"}, 25),
        ({"app_key": "1"}, 29),
        ({"timestamp": "1"}, 31),
        ({"timestamp": "2026-01-01 00:00:00"}, 31),
    ],
)
def test_refused_connections(sandbox, changes, code):
    with Consumer(sandbox, **changes) as refused:
        assert (refused.answer["kind"], refused.answer["code"]) == (1, code)
        assert refused.answer["phrase"]
        with pytest.raises(ConnectionClosed):
            refused.next()
    if code != 29:
        assert sandbox.journal[-1].code == code


def test_a_busy_server(sandbox):
    sandbox.messages.refuse(1)
    with Consumer(sandbox) as refused:
        assert refused.answer["code"] == 500
    with Consumer(sandbox) as taken:
        assert taken.token


def test_what_is_not_a_frame_or_the_wrong_one(sandbox, consumer):
    with connect(sandbox.channel_url) as socket:
        socket.send(frame(2, {"app_key": sandbox.account.app_key}))
        assert opened(socket.recv())["code"] == 400
    with connect(sandbox.channel_url) as socket:
        socket.send("text")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
        assert "not a frame" in closed.value.rcvd.reason
    with connect(sandbox.channel_url):
        pass  # goes away before it says anything
    consumer.send({"__kind": PULL}, token="wrong", flag=5)
    answer = consumer.next()
    assert (answer["kind"], answer["code"], answer["flag"]) == (3, 401, 5)
    with pytest.raises(ConnectionClosed):
        consumer.next()


def test_pings_are_answered_unless_the_sandbox_is_as_top_link_is(sandbox, consumer):
    assert consumer.socket.ping().wait(60)
    sandbox.messages.answers_pings = False
    unanswered = consumer.socket.ping()
    assert consumer.acknowledged({"__kind": PULL}) == 0
    assert not unanswered.is_set()
    sandbox.messages.answers_pings = True
    assert consumer.socket.ping().wait(60)


def test_acknowledgements_repeat_the_flag_and_messages_carry_the_token(sandbox):
    # top-link: EndpointChannelHandler, EndpointContext
    sandbox.messages.publish("a_b_C")
    with Consumer(sandbox) as consumer:
        assert "flag" not in consumer.answer
        consumer.send({"__kind": PULL})
        assert consumer.next()["token"] == consumer.token
    for changes, code in (({}, None), ({"secret": "x"}, 25)):
        asked = Consumer(sandbox, **changes)
        with connect(asked.url, compression=None) as socket:
            socket.send(frame(0, asked.content, flag=9))
            answer = opened(socket.recv(timeout=60))
        assert (answer["flag"], answer.get("code")) == (9, code)


def test_content_may_be_compressed(sandbox, consumer):
    message = sandbox.messages.publish("a_b_C", {"名": "中"}, gzip=True)
    consumer.send({"__kind": PULL})
    got = consumer.next()
    assert gzip.decompress(got["content"]).decode() == message.content == '{"名": "中"}'
    assert message.gzip


def test_a_token_that_ran_out(sandbox, consumer):
    assert consumer.acknowledged({"__kind": PULL}) == 0
    assert sandbox.messages.expire() == 1
    consumer.send({"__kind": PULL}, flag=5)
    assert consumer.next()["code"] == 401
    with pytest.raises(ConnectionClosed):
        consumer.next()


def test_a_silent_server(sandbox, consumer):
    consumer.acknowledged({"__kind": PULL})
    assert sandbox.messages.silence() == 1
    assert not consumer.socket.ping().wait(0.1)
    sandbox.messages.publish("a_b_C")
    with pytest.raises(TimeoutError):
        consumer.next(timeout=0)
    sandbox.messages.drop(hard=True)
