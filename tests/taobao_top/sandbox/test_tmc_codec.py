"""Frames of the message channel against hand-written bytes."""

from __future__ import annotations

import contextlib
import struct
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taobao_top.sandbox.tmc_codec import BROKEN, CONNECT, CONNECT_ACK, SEND, SEND_ACK, Byte, Frame, read, write

PULL = bytes.fromhex(
    "02 02"  # version, SEND
    "05 00 03 00 00 00 61 62 63"  # token "abc"
    "01 00 06 00 00 00 5f 5f 6b 69 6e 64 02 01"  # __kind, a byte, 1
    "00 00".replace(" ", "")
)
ACK = bytes.fromhex("02 01 05 00 02 00 00 00 74 31 00 00")
REFUSED = bytes.fromhex("02 01 02 00 19 00 00 00 03 00 02 00 00 00 e4 b8 00 00".replace("e4 b8", "6e 6f"))


def test_hand_written_frames_are_read():
    frame = read(PULL)
    assert (frame.kind, frame.token, frame.content) == (SEND, "abc", {"__kind": 1})
    assert isinstance(frame.content["__kind"], Byte)
    assert "abc" not in repr(frame)
    assert read(ACK) == Frame(kind=CONNECT_ACK, token="t1")
    assert read(REFUSED) == Frame(kind=CONNECT_ACK, code=25, phrase="no")


def test_frames_are_written_as_by_hand():
    assert write(Frame(kind=SEND, token="abc", content={"__kind": Byte(1)})) == PULL
    assert write(Frame(kind=CONNECT_ACK, token="t1")) == ACK
    assert write(Frame(kind=CONNECT_ACK, code=25, phrase="no")) == REFUSED


def _custom(name, value):
    raw = name.encode()
    return b"\x01\x00" + struct.pack("<i", len(raw)) + raw + value


def test_every_format_of_a_value_is_read():
    data = b"\x02\x02\x04\x00\x07\x00\x00\x00" + b"".join(
        [
            _custom("void", b"\x00"),
            _custom("text", b"\x01\x03\x00\x00\x00\xe4\xb8\xad"),
            _custom("byte", b"\x02\xff"),
            _custom("short", b"\x03\x02\x01"),
            _custom("int", b"\x04\x01\x00\x00\x00"),
            _custom("long", b"\x05" + (2**62).to_bytes(8, "little")),
            _custom("date", b"\x06" + (1_700_000_000_123).to_bytes(8, "little")),
            _custom("bytes", b"\x07\x02\x00\x00\x00\x00\xff"),
        ]
    ) + b"\x00\x00"  # fmt: skip
    frame = read(data)
    assert frame.flag == 7
    at = frame.content.pop("date")
    assert at == datetime.fromtimestamp(1_700_000_000.123, timezone.utc)
    assert frame.content == {
        "void": None, "text": "中", "byte": -1, "short": 258, "int": 1, "long": 2**62, "bytes": b"\x00\xff"
    }  # fmt: skip


def test_a_written_frame_is_read_back():
    content = {
        "a": "中", "b": Byte(3), "c": 2**61, "d": datetime(2026, 1, 1, tzinfo=timezone.utc), "e": b"\x00"
    }  # fmt: skip
    frame = Frame(kind=SEND_ACK, content=content, code=0, phrase="fine", flag=-1, token="t")
    assert read(write(frame)) == frame


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00\x00\x00",
        b"\x02\x00",
        b"\x02\x00\x09\x00\x00\x00",
        b"\x02\x00\x05\x00\xff\xff\xff\xff\x00\x00",
        b"\x02\x00\x05\x00\x09\x00\x00\x00ab",
        b"\x02\x00\x05\x00\x01\x00\x00\x00\xff\x00\x00",
        b"\x02\x00" + _custom("a", b"\x09") + b"\x00\x00",
        b"\x02\x00" + _custom("a", b""),
        b"\x02\x00" + _custom("a", b"\x06" + b"\xff" * 7 + b"\x7f") + b"\x00\x00",
    ],
)
def test_broken_frames_raise(data):
    with pytest.raises(BROKEN):
        read(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_raise_one_of_BROKEN(data):
    with contextlib.suppress(BROKEN):
        read(b"\x02" + data)


def test_frame_types_have_the_documented_numbers():
    assert (CONNECT, CONNECT_ACK, SEND, SEND_ACK) == (0, 1, 2, 3)
