"""The journal of the sandboxes."""

from __future__ import annotations

import threading

import pytest
from attrs import frozen

from chainable.sandbox.journal import Journal


@frozen
class Entry:
    id: int
    name: str | None = None
    volume: int = 1


def filled(journal, *names, volume=1):
    for name in names:
        journal.add(Entry(journal.next_id(), name, volume))
    return journal


def ids(entries):
    return [entry.id for entry in entries]


def test_the_last_entries_are_kept_and_numbers_go_on():
    journal = filled(Journal(2), "a", "b", "a")

    assert ids(journal) == [2, 3]
    assert (len(journal), journal.count) == (2, 3)
    assert (journal[0].id, journal[-1].id) == (2, 3)
    assert ids(journal.of("a")) == [3]
    assert journal.find(2) == Entry(2, "b")
    assert journal.find(1) is None
    journal.clear()
    assert ids(filled(journal, "c")) == [4]


def test_large_entries_are_dropped_earlier_but_for_the_last():
    journal = filled(Journal(100, volume=1000), *"abcde", volume=300)
    assert ids(journal) == [3, 4, 5]

    filled(journal, "f", volume=5000)

    assert ids(journal) == [6]


def test_a_reader_waits_for_entries():
    journal = filled(Journal(), "a")
    writer = threading.Timer(0.01, filled, (journal, "b"))
    writer.start()

    assert ids(journal.after(1, timeout=60)) == [2]
    assert ids(journal.wait(2, timeout=60)) == [1, 2]
    writer.join()
    assert journal.after(2) == []
    with pytest.raises(TimeoutError, match=r"2 of 3 requests arrived within 0\.001 s"):
        journal.wait(3, timeout=0.001)
