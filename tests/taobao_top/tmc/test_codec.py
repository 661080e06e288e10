"""Frames byte for byte, as the protocol is documented, and bytes that are not frames."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError
from chainable.times import BEIJING
from taobao_top.tmc.codec import (
    CONNECT,
    CONNECTACK,
    LIMIT,
    SEND,
    SENDACK,
    Byte,
    Frame,
    Int16,
    Int32,
    decode,
    encode,
)

VECTORS = [
    (Frame(type=CONNECT), "0200 0000"),
    (Frame(type=CONNECTACK, token="ab"), "0201 0500 02000000 6162 0000"),
    (Frame(type=CONNECTACK, status_code=25, status_phrase="no"), "0201 0200 19000000 0300 02000000 6e6f 0000"),
    (Frame(type=SENDACK, status_code=0, flag=7), "0203 0200 00000000 0400 07000000 0000"),
    (Frame(type=SEND, token="t", content={"__kind": Byte(1)}),
     "0202 0500 01000000 74 0100 06000000 5f5f6b696e64 02 01 0000"),
    (Frame(type=SEND, content={"id": 258}), "0202 0100 02000000 6964 05 0201000000000000 0000"),
    (Frame(type=SEND, content={"id": -1}), "0202 0100 02000000 6964 05 ffffffffffffffff 0000"),
    (Frame(type=SEND, content={"n": "中"}), "0202 0100 01000000 6e 01 03000000 e4b8ad 0000"),
    (Frame(type=SEND, content={"中": None}), "0202 0100 03000000 e4b8ad 00 0000"),
    (Frame(type=SEND, content={"s": Int16(-2), "i": Int32(3)}),
     "0202 0100 01000000 73 03 feff 0100 01000000 69 04 03000000 0000"),
    (Frame(type=SEND, content={"d": datetime(1970, 1, 1, 8, 0, 1, tzinfo=BEIJING)}),
     "0202 0100 01000000 64 06 e803000000000000 0000"),
    (Frame(type=SEND, content={"b": b"\x00\xff"}), "0202 0100 01000000 62 07 02000000 00ff 0000"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "octets"), VECTORS)
def test_frames_are_encoded_to_the_documented_bytes(frame, octets):
    assert encode(frame) == bytes.fromhex(octets)
    assert decode(bytes.fromhex(octets)) == frame


def test_CONNECT_is_encoded_to_the_documented_bytes():
    content = {"app_key": "12345678", "group_name": "default", "timestamp": "1767240000000"}
    assert encode(Frame(type=CONNECT, content=content)) == (
        b"\x02\x00"
        b"\x01\x00\x07\x00\x00\x00app_key\x01\x08\x00\x00\x0012345678"
        b"\x01\x00\x0a\x00\x00\x00group_name\x01\x07\x00\x00\x00default"
        b"\x01\x00\x09\x00\x00\x00timestamp\x01\x0d\x00\x00\x001767240000000"
        b"\x00\x00"
    )


@pytest.mark.parametrize(
    ("octets", "code", "phrase"),
    [
        ("0201 0200 1900 0000", 25, None),
        ("0201 0200 1900 0300 02000000 6e6f 0000", 25, "no"),
        ("0201 0300 02000000 6e6f 0200 ffff 0000", -1, "no"),
        ("0201 0200 19000000 0000", 25, None),
    ],
)
def test_a_status_code_may_have_16_bits(octets, code, phrase):
    frame = decode(bytes.fromhex(octets))

    assert (frame.status_code, frame.status_phrase) == (code, phrase)


@pytest.mark.parametrize(
    ("octets", "frame"),
    [
        ("0202 0300 01000000 ff 0000", Frame(type=2, status_phrase="\ufffd")),
        ("0202 0100 01000000 61 01 01000000 ff 0000", Frame(type=2, content={"a": "\ufffd"})),
        ("0202 0100 01000000 61 01 05000000 e4b8ade4b8 0000", Frame(type=2, content={"a": "中\ufffd"})),
        ("0202 0200 9001 0300 02000000 78e4 0000", Frame(type=2, status_code=400, status_phrase="x\ufffd")),
    ],
)
def test_a_text_with_a_cut_character_is_read(octets, frame):
    # Java and .NET replace what is not UTF-8: new String(bytes, "UTF-8"), Encoding.UTF8.GetString.
    assert decode(bytes.fromhex(octets)) == frame


def test_bytes_behind_the_end_of_a_frame_are_ignored():
    assert decode(b"\x02\x00\x00\x00\x09\x09") == Frame(type=CONNECT)


def test_datetimes_of_any_zone_are_encoded_to_the_millisecond():
    moment = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))

    read = decode(encode(Frame(type=SEND, content={"at": moment}))).content["at"]

    assert read == moment.replace(microsecond=123000)
    assert read.tzinfo is BEIJING


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        ("", "not a frame of version 2"),
        ("02", "not a frame of version 2"),
        ("0102 0000", "not a frame of version 2"),
        ("0202", "cut off at byte 2"),
        ("0202 00", "cut off at byte 3"),
        ("0202 0600", "unknown type 6"),
        ("0202 ffff", "unknown type -1"),
        ("0202 0100 01000000 61 08 0000", "unknown type 8"),
        ("0202 0100 01000000 61", "cut off"),
        ("0202 0100 01000000 61 05 00", "cut off"),
        ("0202 0100 ffffffff 61 00 0000", "a wrong length"),
        ("0202 0100 01000000 61 01 00000080 0000", "a wrong length"),
        ("0202 0100 01000000 61 07 ffffff7f 0000", "a wrong length"),
        ("0202 0500 09000000 61 0000", "a wrong length"),
        ("0202 0500 ffffffff 0000", "a wrong length"),
        ("0202 0300 feffffff 0000", "a wrong length"),
        ("0202 0100 01000000 61 07 ffffffff 0000", "a wrong length"),
        ("0202 0200 0000", "cut off"),
        ("0202 0400 0000", "cut off"),
        ("0202 0400 00000000 0400 00000000 0000", "flag twice"),
        ("0202 0100 01000000 ff 01 01000000 61 0000", "a name that is not UTF-8"),
        ("0202 0100 01000000 61 06 ffffffffffffff7f 0000", "beyond the year 9999"),
        ("0202 0100 01000000 61 06 00000000000000ff 0000", "beyond the year 9999"),
    ],
)
def test_bytes_that_are_not_a_frame_are_a_CodecError(octets, message):
    with pytest.raises(CodecError, match=message):
        decode(bytes.fromhex(octets))


def test_frames_beyond_the_limits_are_refused():
    with pytest.raises(CodecError, match="more than 1000 headers"):
        decode(b"\x02\x02" + b"\x01\x00\x00\x00\x00\x00\x00" * 1001 + b"\x00\x00")
    with pytest.raises(CodecError, match=f"the limit is {LIMIT}"):
        decode(b"\x02" * (LIMIT + 1))
    with pytest.raises(CodecError, match=f"the limit is {LIMIT}"):
        encode(Frame(type=SEND, content={"a": "x" * LIMIT}))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (Frame(type=256), "too big"),
        (Frame(type=SEND, flag=1 << 31), "too big"),
        (Frame(type=SEND, status_code=1 << 31), "too big"),
        (Frame(type=SEND, content={"a": 1 << 63}), "too big"),
        (Frame(type=SEND, content={"a": Byte(128)}), "too big"),
        (Frame(type=SEND, content={"a": Int16(1 << 15)}), "too big"),
        (Frame(type=SEND, content={"a": Int32(1 << 31)}), "too big"),
        (Frame(type=SEND, content={"a": 1.5}), "a: a float has no form"),
        (Frame(type=SEND, content={"a": True}), "a: a bool has no form"),
        (Frame(type=SEND, content={"a": datetime(2026, 1, 1)}), "without a zone"),
        (Frame(type=SEND, content={"a": "\ud800"}), "lone surrogate"),
        (Frame(type=SEND, content={"\ud800": 1}), "lone surrogate"),
        (Frame(type=SEND, token="\ud800"), "lone surrogate"),
    ],
)
def test_values_without_a_form_in_a_frame_are_refused(frame, message):
    with pytest.raises(CodecError, match=message):
        encode(frame)


def test_the_repr_shows_neither_token_nor_content():
    shown = repr(Frame(type=SEND, token="s3cret", content={"nick": "person"}))

    assert "s3cret" not in shown
    assert "person" not in shown


def bits(count, kind=int):
    return st.integers(-(1 << count - 1), (1 << count - 1) - 1).map(kind)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DATES = st.datetimes(timezones=st.just(BEIJING)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
VALUES = st.one_of(st.none(), TEXT, st.binary(), bits(64), bits(8, Byte), bits(16, Int16), bits(32, Int32), DATES)
FRAMES = st.builds(
    Frame,
    type=st.integers(0, 255),
    content=st.dictionaries(TEXT, VALUES),
    status_code=st.none() | bits(32),
    status_phrase=st.none() | TEXT,
    flag=st.none() | bits(32),
    token=st.none() | TEXT,
)


@given(FRAMES)
def test_encoded_frames_are_decoded_to_themselves(frame):
    assert decode(encode(frame)) == frame


def read_or_refused(data):
    with suppress(CodecError):
        assert isinstance(decode(data), Frame)


@given(st.binary())
def test_any_bytes_are_a_frame_or_a_CodecError(data):
    read_or_refused(data)
    read_or_refused(b"\x02\x02" + data)


@given(FRAMES, st.data())
def test_damaged_frames_are_a_frame_or_a_CodecError(frame, data):
    whole = bytearray(encode(frame))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    read_or_refused(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    read_or_refused(bytes(whole))


@given(FRAMES, st.integers(1, 40))
def test_a_truncated_frame_is_refused(frame, missing):
    whole = encode(Frame(type=frame.type, content=frame.content, token=frame.token))
    if missing < len(whole):
        with pytest.raises(CodecError):
            decode(whole[:-missing])


@pytest.mark.parametrize("content", ['{"payment": NaN}', '{"payment": Infinity}', "[-Infinity]", "NaN"])
def test_NaN_and_infinities_in_the_content_become_no_numbers(content):
    from taobao_top.tmc.message import Message

    message = Message.of({"id": 1, "topic": "taobao_trade_TradeBuyerPay", "content": content})

    assert message.content == content  # it is not JSON: text
