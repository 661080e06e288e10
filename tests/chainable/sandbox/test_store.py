"""The store of the sandboxes: objects in memory and in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from sqlite3 import ProgrammingError

import pytest

from chainable.errors import ConfigurationError
from chainable.sandbox.store import Store


def test_records_keep_their_place(tmp_path):
    for store in (Store(), Store(tmp_path / "a.db")):
        records, other = store.records("1/trade"), store.records("2/trade")
        records.put("b", {"n": 1})
        records.put("a", "中")
        records.put("b", {"n": 2})
        other.put("b", 0)
        assert list(records.values()) == [{"n": 2}, "中"]
        assert records.get("b") == {"n": 2}
        assert records.get("c") is None
        assert len(records) == 2
        records.delete("b")
        records.delete("b")
        assert len(records) == 1
        assert other.get("b") == 0
        store.close()


def test_objects_have_names_days_and_bytes():
    store = Store()
    store.put("order", "1", {"a": 1}, "one", day="2025-01-02", content=b"x")
    store.put("order", "1", {"a": 2}, "uno")
    store.put("order", "2", {"a": 3})
    assert store.get("order", "1") == store.get("order", "one") == store.get("order", "uno") == {"a": 2}
    assert store.get("order", "9") is None
    assert store.entry("order", "one") == {"a": 2}
    with pytest.raises(LookupError, match="no order 9"):
        store.entry("order", "9")
    assert list(store.all("order", "2025-01-02")) == [{"a": 2}]
    assert [each["a"] for each in store.all("order")] == [2, 3]
    assert (store.content("order", "1"), store.content("order", "2")) == (b"x", None)
    assert store.content("order", "9") is None
    assert store.changes > 0
    store.close()


def test_clearing_keeps_the_sandboxs_own_and_other_prefixes():
    store = Store()
    for kind in ("order", "1/trade", "2/trade", "_delivery"):
        store.put(kind, "a", {}, "b")
    store.set("x", "y")
    assert store.kinds() == {"1/trade": 1, "2/trade": 1, "order": 1}
    store.clear("1/")
    assert store.kinds() == {"2/trade": 1, "order": 1}
    store.clear()
    assert (store.setting("x"), store.setting("z"), store.kinds()) == ("y", None, {})
    assert store.get("_delivery", "b") == {}
    store.clear("_delivery")
    assert store.get("_delivery", "b") is None
    store.close()


def test_a_transaction_is_written_as_one():
    store = Store()
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.put("order", "1", {})
        with store.transaction():
            store.put("order", "2", {})
        raise ZeroDivisionError
    assert store.kinds() == {}
    store.close()


def test_a_transaction_of_a_closed_store_holds_no_lock():
    store = Store()
    store.close()
    with pytest.raises(ProgrammingError), store.transaction():
        pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(store.lock.acquire, blocking=False).result()


def test_records_are_trimmed_to_the_last():
    store = Store()
    records = store.records("_delivery")
    assert records.last is None
    for number in range(5):
        records.put(str(number), number)
        records.trim(3)
    records.put("2", "again")
    assert list(records.values()) == ["again", 3, 4]
    assert records.last == "4"
    store.close()


def test_a_file_is_for_its_owner_only(tmp_path):
    store = Store(tmp_path / "a.db")
    store.records("1/trade").put("a", 1)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("a.db*")} == {0}
    store.close()


@pytest.mark.parametrize("kind", ["junk", "no folder", "a folder"])
def test_a_file_that_is_none_of_ours(tmp_path, kind):
    (tmp_path / "junk").write_text("not a database at all, really" * 100)
    path = {"junk": tmp_path / "junk", "no folder": tmp_path / "none" / "a.db", "a folder": tmp_path}[kind]
    with pytest.raises(
        ConfigurationError, match=f"state: {path} cannot keep the sandbox's state: .*name a file that a sandbox made"
    ):
        Store(path)


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path):
    file = tmp_path / "a.db"
    program = """
        import sys
        from pathlib import Path
        from chainable.sandbox.store import Store
        records = Store(Path(sys.argv[1])).records("1/trade")
        for number in range(100_000):
            records.put(str(number), number)
            print(number, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(file)], stdout=subprocess.PIPE, text=True
    )
    with child:
        acknowledged = [child.stdout.readline() for _ in range(20)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += child.stdout.readlines()
    store = Store(file)
    records = store.records("1/trade")
    assert len(acknowledged) < 100_000
    assert all(records.get(line.strip()) == int(line) for line in acknowledged if line.endswith("\n"))
    store.close()


def test_a_day_is_read_in_pieces_while_others_write():
    with closing(Store()) as store:
        for number in range(5):
            store.put("thing", str(number), {"n": number}, day="2026-03-02")
        store.put("thing", "5", {"n": 5}, day="2026-03-03")
        reading = store.read("thing", "2026-03-02", size=2)
        assert next(reading) == ("0", {"n": 0})
        store.put("other", "x", {})
        assert [id_ for id_, _ in reading] == ["1", "2", "3", "4"]


def test_the_newest_up_to_a_day():
    with closing(Store()) as store:
        assert store.last_until("thing", "2026-03-02") is None
        for number, day in enumerate(("2026-03-02", "2026-03-02", "2026-03-04")):
            store.put("thing", str(number), [number], day=day)
        assert store.last_until("thing", "2026-03-01") is None
        assert store.last_until("thing", "2026-03-03") == ("1", [1])
        assert store.last_until("thing", "2026-03-04") == ("2", [2])
