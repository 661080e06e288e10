"""The client of the message channel against the sandbox's, over real WebSockets."""

from __future__ import annotations

import logging
import pickle
import struct
import threading
import time

import pytest
from redis import Redis
from websockets.sync.server import serve

from chainable.deduplication import MemoryStore, RedisStore
from chainable.errors import CodecError, ConfigurationError
from taobao_top import MD5Signer, TaobaoTop, TopError
from taobao_top.tmc import CHANNEL, TMC, ChannelError
from taobao_top.tmc.consumer import longest_wait

TOPIC = "taobao_trade_TradeChanged"


def test_messages_are_handled_and_confirmed(sandbox, make, eventually):
    tmc, got = make(), []

    @tmc.taobao_trade_TradeChanged
    def changed(message):
        got.append((message.topic, message.content))

    @tmc.taobao_trade
    def trade(message):
        got.append(("prefix", message.topic))

    @tmc.on("taobao_refund", "tmall_mei")
    def refund(message):
        got.append(("refund", message.userid, message.nick))

    sent = [sandbox.messages.publish(TOPIC, {"tid": 9223372036854775808, "名": "中"})]
    assert not tmc.connected
    with tmc:
        assert tmc.connected
        eventually(lambda: len(got) == 1)
        sent.append(sandbox.messages.publish("taobao_trade_TradeClose"))
        sent.append(sandbox.messages.publish("taobao_refund_RefundCreated", user_id=9, nick="n"))
        eventually(lambda: len(sandbox.messages.confirmed) == 3)
    assert not tmc.connected
    assert got[0] == (TOPIC, {"tid": 9223372036854775808, "名": "中"})
    assert sorted(got[1:]) == [("prefix", "taobao_trade_TradeClose"), ("refund", 9, "n")]
    assert sorted(sandbox.messages.confirmed) == [message.id for message in sent]
    assert sandbox.messages.unconfirmed == sandbox.messages.waiting == 0
    (connect,) = [entry for entry in sandbox.journal if entry.method == "connect"]
    assert connect.verified
    assert connect.parameters["group_name"] == "default"


def test_a_message_whose_handler_raises_is_delivered_again(sandbox, make, eventually, caplog):
    tmc, seen = make(), []

    @tmc.a
    def handle(message):
        seen.append(message.id)
        if len(seen) == 1:
            raise LookupError("private words")
        if len(seen) == 2:
            raise SystemExit

    with caplog.at_level(logging.ERROR, "taobao_top"), tmc:
        message = sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed)
    assert seen == [message.id] * 3
    assert sandbox.messages.failed == [(message.id, "LookupError"), (message.id, "SystemExit")]
    assert f"message {message.id} of the topic a_b failed" in caplog.text
    assert "private words" in caplog.text  # our own log has the traceback


@pytest.mark.parametrize("kind", ["memory", "redis", "default"])
def test_a_message_delivered_twice_is_handled_once(sandbox, make, eventually, kind, request):
    store = {
        "memory": MemoryStore,
        "redis": lambda: RedisStore(request.getfixturevalue("redis_server")),
        "default": lambda: None,
    }[kind]()
    tmc, seen = make(store=store), []
    tmc.a(seen.append)
    message = sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: len(sandbox.messages.confirmed) == 1)
        sandbox.messages.repeat(message)
        eventually(lambda: len(sandbox.messages.confirmed) == 2)
    assert len(seen) == 1


def test_two_processes_share_a_store(sandbox, make, eventually, redis_url):
    entered, leave, seen = threading.Event(), threading.Event(), []

    def handle(message):
        seen.append(message.id)
        entered.set()
        leave.wait(60)

    clients = [make(store=RedisStore(Redis.from_url(redis_url), prefix="two:")) for _ in range(2)]
    for tmc in clients:
        tmc.otherwise(handle)
        tmc.start()
    message = sandbox.messages.publish("a_b")
    assert entered.wait(60)
    for _ in range(3):  # handed out once more, to anyone, while it is being handled
        before = len(sandbox.messages.failed)
        sandbox.messages.repeat(message)
        eventually(lambda before=before: len(sandbox.messages.failed) > before)
    leave.set()
    eventually(lambda: sandbox.messages.confirmed)
    for tmc in clients:
        tmc.stop()
    assert seen == [message.id]
    assert {reason for _, reason in sandbox.messages.failed} == {"the message is being handled by another worker"}


def test_messages_without_a_handler_are_failed_or_confirmed(sandbox, make, eventually, caplog):
    message = sandbox.messages.publish("a_b")
    with make():
        eventually(lambda: sandbox.messages.failed)
    assert sandbox.messages.failed[0] == (message.id, "the topic has no handler")
    assert "the topic a_b has no handler" in caplog.text
    with make(unknown="confirm"):
        eventually(lambda: sandbox.messages.confirmed == [message.id])


def test_content_that_is_not_JSON_is_passed_to_the_handler_as_text(sandbox, make, eventually):
    # TmcHandler.parse of the official SDK for Java passes text as it is: JSON is a matter of the topic
    tmc, got = make(), []
    tmc.otherwise(lambda message: got.append((message.content, message.raw)))
    texts = ["{person", "<a>不是 JSON</a>", "NaN", ""]
    with tmc:
        for text in texts:
            sandbox.messages.publish("a_b", text)
            eventually(lambda: len(sandbox.messages.confirmed) == len(got) > 0)
        eventually(lambda: len(sandbox.messages.confirmed) == 4)
    assert got == [(text or None, text) for text in texts]
    assert not sandbox.messages.failed


def test_compressed_content_is_unpacked(sandbox, make, eventually):
    tmc, got = make(), []
    tmc.otherwise(lambda message: got.append((message.content, message.raw)))
    with tmc:
        sandbox.messages.publish("a_b", {"tid": 9223372036854775808, "备注": "好"}, gzip=True)
        eventually(lambda: len(sandbox.messages.confirmed) == 1)
        sandbox.messages.publish("a_b", "纯文本", gzip=True)
        eventually(lambda: len(sandbox.messages.confirmed) == 2)
    assert got == [
        ({"tid": 9223372036854775808, "备注": "好"}, '{"tid": 9223372036854775808, "备注": "好"}'),
        ("纯文本", "纯文本"),
    ]


def test_a_message_that_cannot_be_unpacked_is_failed(sandbox, make, eventually, caplog, monkeypatch):
    monkeypatch.setattr("taobao_top.tmc.message.UNPACKED", 100)
    tmc = make()
    tmc.otherwise(lambda message: None)
    message = sandbox.messages.publish("a_b", "person" * 100, gzip=True)
    with tmc:
        eventually(lambda: sandbox.messages.failed)
    assert sandbox.messages.failed[0] == (message.id, "the message could not be read")
    assert "the content is longer than 100 bytes" in caplog.text
    assert "person" not in caplog.text


def test_publishing(sandbox, make):
    with make(group="g") as tmc:
        tmc.publish("a_b", {"tid": 1, "名": "中"})
        tmc.publish("a_b", '{"x": 1}', session="s3ssion")
        with pytest.raises(CodecError, match="JSON cannot represent the type set"):
            tmc.publish("a_b", {"x": {1}})
        with pytest.raises(CodecError, match="the limit is"):
            tmc.publish("a_b", "x" * 5_000_000)
    sent = sandbox.messages.sent
    assert [(message.topic, message.content, message.group) for message in sent] == [
        ("a_b", '{"tid":1,"名":"中"}', "g"),
        ("a_b", '{"x": 1}', "g"),
    ]
    published = [entry.parameters for entry in sandbox.journal if entry.method == "publish"]
    assert "session" not in published[0]
    assert published[1]["session"] == "s3ssion"
    with pytest.raises(ChannelError, match="is not connected") as caught:
        tmc.publish("a_b", {})
    assert not caught.value.maybe_sent


def test_handlers_publish_with_a_single_worker(sandbox, make, eventually):
    tmc = make(workers=1)
    tmc.a(lambda message: tmc.publish("c_d", {"id": message.id}))
    sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: sandbox.messages.confirmed)
    assert [message.topic for message in sandbox.messages.sent] == ["c_d"]


@pytest.mark.parametrize(
    ("settings", "code"), [({"app_secret": "wrong"}, "25"), ({"app_key": "1"}, "29"), ({"clock": lambda: 0.0}, "31")]
)
def test_start_raises_the_refusal_of_the_app(sandbox, make, settings, code):
    tmc = make(top=sandbox.client(**settings))

    with pytest.raises(TopError) as caught:
        tmc.start()

    assert caught.value.code == code
    assert f"message channel, connect: code {code}: Invalid" in str(caught.value)
    assert sandbox.account.app_secret not in str(caught.value)
    with pytest.raises(TopError):
        tmc.run()
    assert not tmc.connected


def test_a_busy_server_is_connected_to_again(sandbox, make, eventually):
    sandbox.messages.refuse(2)
    with make() as tmc:
        eventually(lambda: tmc.connected)
    assert [entry.code for entry in sandbox.journal if entry.method == "connect"] == [500, 500, None]


def test_a_later_refusal_of_an_accepted_app_is_retried(sandbox, make, eventually, caplog):
    now = [sandbox.application.clock()]
    with make(top=sandbox.client(clock=lambda: now[0])) as tmc:
        now[0] = 0.0
        sandbox.messages.drop()
        eventually(lambda: "code 31" in caplog.text)
        now[0] = sandbox.application.clock()
        eventually(lambda: tmc.connected)


def test_a_refusal_after_start_is_logged_and_retried(sandbox, make, eventually, caplog):
    now = [0.0]
    sandbox.messages.refuse(1)  # start() returns after that
    with make(top=sandbox.client(clock=lambda: now[0])) as tmc:
        eventually(lambda: "code 31" in caplog.text)
        now[0] = sandbox.application.clock()
        eventually(lambda: tmc.connected)


def test_a_lost_connection_is_made_again(sandbox, make, eventually, caplog):
    tmc, seen = make(), []
    tmc.a(lambda message: seen.append(message.id))
    with tmc:
        for number in range(1, 4):
            eventually(lambda: sandbox.messages.links)
            sandbox.messages.drop()
            eventually(
                lambda: (
                    "the message channel was closed: code 1001 the server goes away; connecting again" in caplog.text
                )
            )
            sandbox.messages.publish("a_b")
            eventually(lambda number=number: len(sandbox.messages.confirmed) == number)
    assert len(set(seen)) == 3


def test_chance_multiplies_the_waits(make, eventually):
    asked = []

    def chance():
        asked.append(None)
        return 0.0

    tmc = make(url="ws://127.0.0.1:9/", backoff=(100.0, 1000.0), chance=chance)
    tmc.start()
    eventually(lambda: len(asked) > 60)
    assert not tmc.connected
    tmc.stop()


def test_the_longest_wait_doubles_up_to_a_limit():
    assert [longest_wait(failures, 1.0, 60.0) for failures in (0, 1, 2, 3, 6, 7, 10**9)] == [1, 1, 2, 4, 32, 60, 60]


def test_messages_handled_during_a_lost_connection_are_confirmed_later(sandbox, make, eventually, caplog):
    caplog.set_level(logging.INFO, "taobao_top")
    entered, leave, again, seen = threading.Event(), threading.Event(), threading.Event(), []

    def chance():  # no connection is made before it returns
        again.wait(60)
        return 0.0

    tmc = make(chance=chance)

    @tmc.a
    def handle(message):
        seen.append(message.id)
        entered.set()
        leave.wait(60)

    message = sandbox.messages.publish("a_b")
    with tmc:
        assert entered.wait(60)
        sandbox.messages.drop()
        eventually(lambda: not tmc.connected)
        leave.set()
        eventually(lambda: f"message {message.id}: the connection is lost" in caplog.text)
        again.set()
        eventually(lambda: sandbox.messages.confirmed == [message.id])
    assert seen == [message.id]


def test_stop_lets_handlers_finish_and_leaves_other_messages(sandbox, make, eventually):
    tmc, entered, leave, seen = make(workers=1), threading.Event(), threading.Event(), []

    @tmc.a
    def handle(message):
        seen.append(message.id)
        entered.set()
        leave.wait(60)

    first, second = [sandbox.messages.publish("a_b") for _ in range(2)]
    tmc.start()
    assert entered.wait(60)
    stopping = [threading.Thread(target=tmc.stop) for _ in range(2)]
    for thread in stopping:
        thread.start()
    eventually(lambda: any(thread.name == "taobao_top.tmc-end" for thread in threading.enumerate()))
    sandbox.messages.publish("a_b")  # still received, no longer begun
    leave.set()
    for thread in stopping:
        thread.join(60)
    eventually(lambda: not sandbox.messages.links)  # the other side has read all
    assert seen == sandbox.messages.confirmed == [first.id]
    eventually(lambda: sandbox.messages.waiting == 2)
    leave.set()
    with tmc:  # and once more
        eventually(lambda: len(sandbox.messages.confirmed) == 3)
    assert seen[1] == second.id


def test_stop_does_not_wait_for_a_handler_beyond_its_timeout(sandbox, make, eventually, caplog):
    caplog.set_level(logging.INFO, "taobao_top")
    tmc, entered, leave, done = make(), threading.Event(), threading.Event(), threading.Event()

    @tmc.a
    def handle(message):
        entered.set()
        leave.wait(60)
        done.set()

    message = sandbox.messages.publish("a_b")
    tmc.start()
    assert entered.wait(60)
    tmc.stop(timeout=0.01)
    leave.set()
    assert done.wait(60)
    eventually(lambda: f"message {message.id}: the connection is lost" in caplog.text)
    with tmc:
        eventually(lambda: sandbox.messages.confirmed == [message.id])


def test_a_handler_may_stop_the_channel(sandbox, make, eventually):
    tmc = make()
    tmc.a(lambda message: tmc.stop())
    message = sandbox.messages.publish("a_b")
    running = threading.Thread(target=tmc.run)
    running.start()
    running.join(60)
    assert not running.is_alive()
    eventually(lambda: not sandbox.messages.links)  # the other side has read all
    assert sandbox.messages.confirmed == [message.id]


def test_an_interruption_of_start_stops_the_channel(sandbox, make):
    tmc, entered, leave, seen = make(), threading.Event(), threading.Event(), []
    consumer = tmc._consumers()
    tmc._consumers = lambda: consumer

    @tmc.a
    def handle(message):
        entered.set()
        leave.wait(60)
        seen.append(message.id)

    def interrupted():
        assert entered.wait(60)
        leave.set()
        raise KeyboardInterrupt

    consumer.tried.wait = interrupted
    message = sandbox.messages.publish("a_b")
    with pytest.raises(KeyboardInterrupt):
        tmc.start()

    assert consumer.ended.is_set()
    assert seen == [message.id]
    assert not tmc.connected


def test_a_started_channel_cannot_be_started_again(make):
    tmc = make()
    tmc.stop()
    with tmc, pytest.raises(RuntimeError, match="started already"):
        tmc.start()


def test_a_second_run_leaves_the_first_start_running(make):
    tmc = make()
    with tmc:
        with pytest.raises(RuntimeError, match="started already"):
            tmc.run()
        assert tmc.connected


def test_messages_beyond_the_backlog_are_left(sandbox, make, eventually, caplog):
    caplog.set_level(logging.INFO, "taobao_top")
    tmc, entered, leave = make(workers=1, backlog=1), threading.Event(), threading.Event()

    @tmc.a
    def handle(message):
        entered.set()
        leave.wait(60)

    sandbox.messages.publish("a_b")
    with tmc:
        assert entered.wait(60)
        for _ in range(3):  # one waits, two are left
            sandbox.messages.publish("a_b")
        eventually(lambda: caplog.text.count("the backlog is full") == 2)
        tmc.publish("c_d", {})  # when it is acknowledged, all that was asked for before has been read
        pulls = [entry for entry in sandbox.journal if entry.method == "pull"]
        time.sleep(0.06)  # three times as long as it takes to ask again
        assert [entry for entry in sandbox.journal if entry.method == "pull"] == pulls
        assert sandbox.messages.unconfirmed == 4
        assert not sandbox.messages.confirmed
        leave.set()
        eventually(lambda: len(sandbox.messages.confirmed) >= 2)
    # With room again, the client may have asked for those that it left.
    eventually(lambda: len(sandbox.messages.confirmed) + sandbox.messages.waiting == 4)


def test_slow_handlers_run_in_parallel(sandbox, make, eventually):
    tmc, together = make(workers=3), threading.Barrier(3)

    @tmc.a
    def handle(message):
        together.wait(60)

    for _ in range(3):
        sandbox.messages.publish("a_b")
    with tmc:
        eventually(lambda: len(sandbox.messages.confirmed) == 3)
    assert not sandbox.messages.failed


def test_no_waiting_message_is_lost(sandbox, make, eventually):
    tmc, leave, seen = make(workers=2, store=MemoryStore()), threading.Event(), []

    @tmc.a
    def handle(message):
        leave.wait(60)
        seen.append(message.id)

    sent = [sandbox.messages.publish("a_b").id for _ in range(400)]
    with tmc:
        eventually(lambda: len(tmc._consumer._waiting) > 150)
        leave.set()
        eventually(lambda: len(sandbox.messages.confirmed) == 400)
    assert sorted(seen) == sorted(sandbox.messages.confirmed) == sent


def test_unreadable_frames_are_ignored(sandbox, make, eventually, caplog):
    tmc = make()
    tmc.a(lambda message: None)
    with tmc:
        (link,) = eventually(lambda: sandbox.messages.links)
        for data, words in (
            (b"no frame", "not a frame of version 2"),
            (b"\x02\x02\x00\x00", "a frame of type 2 that is not a message"),
            (b"\x02\x03\x00", "an acknowledgement could not be read"),
            (b"\x02\x03\x02\x00\x07\x00\x00\x00\x00\x00", "message channel, send: code 7"),
            (b"\x02\x03\x00\x00", ""),
            (b"\x02\x02\x01\x00\x06\x00\x00\x00__kind\x02\x03\x00\x00", "without an id"),
        ):
            link.push(data)
            eventually(lambda words=words: words in caplog.text)
        sandbox.messages.publish("a_b")
        eventually(lambda: sandbox.messages.confirmed)


def counted(text):
    return struct.pack("<i", len(text)) + text.encode()


@pytest.fixture
def server():
    """A server that handles a connection as its test says."""
    behaviour = []

    def served(socket):
        behaviour[0](socket)

    with serve(served, "127.0.0.1", 0, compression=None) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{endpoint.socket.getsockname()[1]}/", behaviour
        endpoint.shutdown()
        thread.join()


ACCEPTED = b"\x02\x01\x05\x00" + counted("t0ken") + b"\x00\x00"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ACCEPTED.replace(b"\x02\x01", b"\x02\x02", 1), "a message of type 2, not CONNECTACK"),
        ("text", "did not acknowledge the connection: CodecError"),
        (None, "did not acknowledge the connection: ConnectionClosed"),
    ],
)
def test_servers_that_do_not_acknowledge(make, server, answer, words, caplog, eventually):
    url, behaviour = server
    behaviour.append(lambda socket: answer is not None and (socket.recv(), socket.send(answer)))
    tmc = make(url=url)
    tmc.start()
    assert not tmc.connected
    eventually(lambda: words in caplog.text)


def test_a_silent_server_is_reported_and_tried_again(make, server, caplog, eventually):
    url, behaviour = server
    behaviour.append(lambda socket: list(socket))
    make(url=url, timeout=0.5).start()
    eventually(lambda: "did not acknowledge the connection: TimeoutError" in caplog.text)


def test_frames_carry_the_token_and_pings_keep_the_connection(make, server, eventually):
    url, behaviour = server
    frames, pinged = [], []

    def served(socket):
        original = socket.protocol.receive_data
        socket.protocol.receive_data = lambda data: (pinged.append(data[:1] == b"\x89"), original(data))
        frames.append(socket.recv())
        socket.send(ACCEPTED)
        frames.extend(socket)

    behaviour.append(served)
    with make(url=url, ping_every=0.02):
        eventually(lambda: any(pinged) and len(frames) > 1)
    assert frames[1] == b"\x02\x02\x05\x00" + counted("t0ken") + b"\x01\x00" + counted("__kind") + b"\x02\x01\x00\x00"
    assert b"intranet_ip\x01\x09\x00\x00\x00127.0.0.1" in frames[0]


def published(socket, answer):
    socket.recv()
    socket.send(ACCEPTED)
    for frame in socket:
        if b"topic" in frame:
            answer(socket, frame[frame.index(b"\x04\x00") + 2 :][:4])


def test_a_refused_publication_raises_TopError(make, server):
    url, behaviour = server
    refused = b"\x02\x03\x02\x00\x0b\x00\x00\x00\x03\x00" + counted("no right")
    behaviour.append(
        lambda socket: published(socket, lambda s, flag: s.send(refused + b"\x04\x00" + flag + b"\x00\x00"))
    )
    with make(url=url) as tmc, pytest.raises(TopError, match="publish: code 11: no right") as caught:
        tmc.publish("a_b", {})
    assert not caught.value.retryable


@pytest.mark.parametrize("answer", [lambda socket, flag: None, lambda socket, flag: socket.close()])
def test_an_unacknowledged_publication_is_maybe_sent(make, server, eventually, answer):
    url, behaviour = server
    behaviour.append(lambda socket: published(socket, answer))
    with make(url=url, timeout=1.0) as tmc:
        eventually(lambda: tmc.connected)  # a slow machine may need more than one attempt
        with pytest.raises(ChannelError, match="was not acknowledged") as caught:
            tmc.publish("a_b", {})
    assert caught.value.maybe_sent
    assert pickle.loads(pickle.dumps(caught.value)).maybe_sent


def test_outcomes_on_a_closed_connection_are_logged(make, server, eventually, caplog):
    caplog.set_level(logging.INFO, "taobao_top")
    url, behaviour = server
    held, message = [], b"\x02\x02\x01\x00" + counted("__kind") + b"\x02\x03\x01\x00" + counted("id")
    message += b"\x05\x07\0\0\0\0\0\0\0\x01\x00" + counted("topic") + b"\x01" + counted("a_b") + b"\x00\x00"

    def served(socket):
        socket.recv()
        socket.send(ACCEPTED)
        socket.send(message)
        held.append(socket)
        list(socket)

    behaviour.append(served)
    tmc = make(url=url)

    @tmc.a
    def handle(message):
        connection = tmc._connection()
        connection.close()
        tmc._consumer.connection = connection  # as it is for a moment until the loss is noticed

    with tmc:
        eventually(lambda: "message 7: " in caplog.text and "will be delivered again" in caplog.text)


def test_the_channel_needs_the_app_secret():
    with TaobaoTop(app_key="1", sign_method=MD5Signer("x")) as bare, pytest.raises(ConfigurationError, match="secret"):
        TMC(bare)


def test_misspelt_names_of_the_channel_are_errors(sandbox):
    tmc = TMC(sandbox.client(), group="g")

    assert repr(tmc) == f"<TMC of app {sandbox.account.app_key}, group g, at {CHANNEL}>"
    assert sandbox.account.app_secret not in repr(tmc._config)
    with pytest.raises(AttributeError, match="did you mean 'stop'"):
        tmc.stpo()
    with pytest.raises(AttributeError, match="'_x'"):
        tmc._x
    for names in ((), ("",), (1,)):
        with pytest.raises(TypeError, match="names of topics"):
            tmc.on(*names)


def test_no_secret_is_logged(sandbox, make, eventually, caplog):
    caplog.set_level(logging.INFO, "websockets.server")  # the other side's own
    caplog.set_level(logging.DEBUG)  # last: it also sets the level of caplog's handler
    tmc = make()
    tmc.a(lambda message: None)
    with tmc:
        sandbox.messages.publish("a_b", {"buyer": "person"}, nick="person")
        eventually(lambda: sandbox.messages.confirmed)
        (link,) = sandbox.messages.links
        token = link._token
    for secret in (sandbox.account.app_secret, token, "person"):
        assert secret not in caplog.text
    assert "taobao_top.tmc.wire" not in {record.name for record in caplog.records}  # it would write out bytes


def test_a_connection_made_during_stop_is_closed_at_once(make):
    consumer = make()._consumers()
    consumer._closing.set()

    assert consumer._keep(None) is None  # nothing is asked of the connection


def test_a_signal_handler_may_call_stop_at_any_point(make):
    tmc = make()
    tmc.start()

    def interrupted():
        with tmc._consumer.ended._cond:  # as run() holds it for a moment when it begins to wait, and when it ends
            tmc.stop()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert not tmc.connected


def test_a_hanging_pull_does_not_delay_stop(sandbox, make, eventually):
    tmc = make(timeout=0.1)
    tmc.start()
    with tmc._consumer._pulling:  # as the keeper holds it while the network takes nothing
        tmc.stop()
    eventually(lambda: not sandbox.messages.links)
    eventually(lambda: not tmc.connected)


def test_a_handler_of_a_topic_that_is_probably_misspelt_is_logged(make, caplog):
    tmc = make()
    right = ("taobao_trade", "taobao_trade_TradeBuyerPay", "taobao", "taobao_", "my_shop_Opened", "orders")
    with caplog.at_level(logging.WARNING, "taobao_top"):
        for name in right:
            tmc.on(name)(print)
        assert not caplog.text
        tmc.taobao_trade_TradePay(print)
        tmc.on("taobao_trad")(print)
    assert "taobao_trade_TradePay: not a known topic; did you mean " in caplog.text
    assert "taobao_trad: not a known topic; did you mean 'taobao_trade'" in caplog.text
