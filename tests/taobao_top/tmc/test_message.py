"""Messages and the registry of handlers."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest
from attrs.exceptions import FrozenInstanceError

from chainable.errors import CodecError, ConfigurationError
from chainable.times import BEIJING
from taobao_top.tmc import Message
from taobao_top.tmc.message import UNPACKED
from taobao_top.tmc.registry import Decorator, HandlerRegistry

NOON = datetime(2026, 1, 1, 12, tzinfo=BEIJING)
HEADERS = {
    "__kind": 3, "id": 7, "topic": "a_b_C", "content": '{"tid": 9223372036854775808, "fee": 1.10, "memo": "a\tb"}',
    "dataid": "d1", "publisher": 4272, "userid": 9, "nick": "person", "time": NOON, "outtime": NOON, "new": b"x",
}  # fmt: skip


def test_a_message_has_all_members_of_its_frame():
    message = Message.of(HEADERS)

    assert (message.id, message.topic) == (7, "a_b_C")
    assert message.content == {"tid": 9223372036854775808, "fee": Decimal("1.10"), "memo": "a\tb"}
    assert message.raw == HEADERS["content"]
    assert (message.userid, message.nick, message.dataid, message.publisher) == (9, "person", "d1", "4272")
    assert message.time == message.outtime == NOON
    assert message.headers["new"] == b"x"


def test_members_of_a_message_may_be_missing():
    message = Message.of({"id": 1, "topic": "a", "content": "", "userid": "?", "time": "?"})

    assert (message.content, message.raw, message.userid, message.nick, message.time) == (None, "", None, "", None)


def test_a_message_is_frozen_and_its_repr_shows_no_personal_data():
    message = Message.of(HEADERS)

    with pytest.raises(FrozenInstanceError):
        message.id = 1
    assert repr(message) == "Message(id=7, topic='a_b_C')"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "7"},
        {"topic": None},
        {"content": 5},
        {"content": gzip.compress(b"person")[:-1]},
        {"content": gzip.compress(b"person") + b"person"},
        {"content": b"\x1f\x8bperson"},
    ],
)
def test_an_invalid_message_is_a_CodecError(changes):
    with pytest.raises(CodecError) as caught:
        Message.of(HEADERS | changes)
    assert "person" not in str(caught.value)
    assert any("一" <= character <= "鿿" for character in caught.value.args[0].zh)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "<a>1</a>", " ", "NaN"])
def test_content_that_is_not_JSON_is_text(text):
    message = Message.of(HEADERS | {"content": text})

    assert message.content == message.raw == text


@pytest.mark.parametrize(
    "raw",
    [
        gzip.compress(b'{"tid": 1}'),
        gzip.compress(b'{"tid":') + gzip.compress(b" 1}"),
        b'{"tid": 1}',
    ],
    ids=["one member", "two members", "not compressed"],
)
def test_content_in_bytes(raw):
    # Java: GZIPHelper.unzip, then UTF-8 (TmcHandler.parse)
    message = Message.of(HEADERS | {"content": raw})

    assert message.content == {"tid": 1}
    assert message.raw == message.headers["content"] == '{"tid": 1}'
    assert HEADERS["content"] != raw


CUT = '{"tid": 1, "memo": "中"}'.encode().replace(b"\xad", b"")


@pytest.mark.parametrize("raw", [gzip.compress(CUT), CUT], ids=["compressed", "not compressed"])
def test_content_with_a_cut_character_is_delivered(raw):
    # Java: new String(bytes, "UTF-8") replaces it
    message = Message.of(HEADERS | {"content": raw})

    assert message.content == {"tid": 1, "memo": "\ufffd"}
    assert message.raw == '{"tid": 1, "memo": "\ufffd"}'
    assert Message.of(HEADERS | {"content": gzip.compress(b"\xff no JSON")}).content == "\ufffd no JSON"


@pytest.mark.parametrize(
    ("text", "content"),
    [('\ufeff{"tid": 1}', {"tid": 1}), ('\ufeff [1, "\ufeff"]', [1, "\ufeff"]), ("\ufeffno JSON", "\ufeffno JSON")],
)
@pytest.mark.parametrize("pack", [str, str.encode, lambda text: gzip.compress(text.encode())])
def test_content_may_begin_with_a_byte_order_mark(text, content, pack):
    message = Message.of(HEADERS | {"content": pack(text)})

    assert (message.content, message.raw) == (content, text)


def test_content_is_unpacked_up_to_a_limit():
    zeros = gzip.compress(b"0" * (UNPACKED + 1))
    assert len(zeros) < 20_000

    with pytest.raises(CodecError, match=f"longer than {UNPACKED} bytes"):
        Message.of(HEADERS | {"content": zeros})
    assert len(Message.of(HEADERS | {"content": gzip.compress(b"x" * UNPACKED)}).raw) == UNPACKED


def test_a_message_that_no_channel_delivered_cannot_be_confirmed():
    for decide in (Message(1, "a").confirm, Message(1, "a").fail):
        with pytest.raises(RuntimeError, match="did not come from a message channel"):
            decide()


def other(message):
    """A handler."""


def handler(message):
    """Another."""


def test_the_longest_registered_name_handles_a_topic():
    handlers = HandlerRegistry()
    handlers.add(("taobao", "tmall_mei"), other)
    handlers.add(("taobao_trade",), handler)

    assert handlers.find("taobao_trade_TradeChanged") is handler
    assert handlers.find("taobao_trade") is handler
    assert handlers.find("taobao_trades_X") is other
    assert handlers.find("taobao_refund_X") is other
    assert handlers.find("tmall_mei_Y") is other
    assert handlers.find("tmall") is None
    assert handlers.find("") is None
    assert Decorator(handlers, ())(handler) is handler
    assert handlers.find("tmall") is handler


def test_a_topic_has_one_handler():
    handlers = HandlerRegistry()
    handlers.add(("a", "b"), handler)
    handlers.add((), handler)

    with pytest.raises(ConfigurationError, match="b has a handler already"):
        handlers.add(("c", "b"), other)
    with pytest.raises(ConfigurationError, match="handler of other topics already"):
        handlers.add((), other)
    assert handlers.find("c") is handler


class Coroutine:
    async def __call__(self, message):
        """Never awaited."""


async def coroutine(message):
    """Never awaited."""


@pytest.mark.parametrize("given", [coroutine, partial(coroutine), Coroutine()])
def test_a_coroutine_function_is_refused_as_a_handler(given):
    with pytest.raises(TypeError, match="plain function"):
        Decorator(HandlerRegistry(), ("a",))(given)


def test_a_handler_must_be_callable():
    with pytest.raises(TypeError, match="a str cannot be called"):
        Decorator(HandlerRegistry(), ("a",))("b")
    assert repr(Decorator(HandlerRegistry(), ("a", "b"))) == "<decorator of the handler of a, b>"
    assert repr(Decorator(HandlerRegistry(), ())) == "<decorator of the handler of other topics>"
