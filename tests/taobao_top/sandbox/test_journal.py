"""The record of what arrived."""

from __future__ import annotations

import threading

import pytest

from taobao_top.sandbox import Entry, Journal, Upload


def test_it_is_bounded_and_counts_on():
    journal = Journal(3)
    for at in range(5):
        assert journal.write(kind="call", at=float(at), method=f"m{at}") == journal[-1]
    assert [entry.number for entry in journal] == [3, 4, 5]
    assert len(journal) == 3
    assert journal.written == 5
    assert journal[0].number == 3
    assert [entry.number for entry in journal.of("m4")] == [5]
    assert journal.find(5) is journal[-1]
    assert [entry.number for entry in journal.after(4)] == [5]
    journal.clear()
    assert len(journal) == 0
    assert journal.write(kind="call", at=0.0).number == 6


def test_large_requests_are_forgotten_earlier():
    journal = Journal(100, volume=1000)
    file = Upload("img", "a.png", "image/png", b"x" * 300)
    for number in range(10):
        journal.write(kind="call", at=0.0, files=(file,), body=b"y" * 50, answer=b"z" * 50, parameters={"a": "b" * 50})
        assert sum(entry.volume for entry in journal) <= 1000
        assert journal[-1].number == number + 1
    assert len(journal) == 2
    journal.write(kind="call", at=0.0, body=b"y" * 5000)
    assert len(journal) == 1
    journal.clear()
    for _ in range(3):
        journal.write(kind="call", at=0.0, body=b"y" * 300)
    assert len(journal) == 3


def test_waiting():
    journal = Journal()
    writer = threading.Timer(0.01, lambda: journal.write(kind="call", at=0.0))
    writer.start()
    assert len(journal.wait(1, timeout=60)) == 1
    writer.join()
    with pytest.raises(TimeoutError, match=r"1 of 2 requests arrived within 0\.001 s"):
        journal.wait(2, timeout=0.001)


def test_an_entry_shows_no_values():
    entry = Entry(number=1, kind="call", at=0.0, parameters={"session": "geheim"}, body=b"geheim", signed="geheim")
    assert "geheim" not in repr(entry)
