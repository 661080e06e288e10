"""Records in memory and in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from chainable.errors import ConfigurationError
from taobao_top.sandbox.store import Shelf, Store


def test_records_keep_their_place(tmp_path):
    for store in (Store(), Store(tmp_path / "a.db")):
        shelf, other = Shelf(store, "1", "trade"), Shelf(store, "2", "trade")
        shelf.put("b", {"n": 1})
        shelf.put("a", "中")
        shelf.put("b", {"n": 2})
        other.put("b", 0)
        assert list(shelf.values()) == [{"n": 2}, "中"]
        assert shelf.get("b") == {"n": 2}
        assert shelf.get("c") is None
        assert len(shelf) == 2
        shelf.delete("b")
        shelf.delete("b")
        assert len(shelf) == 1
        assert other.get("b") == 0
        store.close()


def test_a_file_is_for_its_owner_only(tmp_path):
    store = Store(tmp_path / "a.db")
    Shelf(store, "1", "trade").put("a", 1)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("a.db*")} == {0}
    store.close()


@pytest.mark.parametrize("kind", ["junk", "no folder", "a folder"])
def test_a_file_that_is_none_of_ours(tmp_path, kind):
    (tmp_path / "junk").write_text("not a database at all, really" * 100)
    path = {"junk": tmp_path / "junk", "no folder": tmp_path / "none" / "a.db", "a folder": tmp_path}[kind]
    with pytest.raises(
        ConfigurationError, match=f"data: {path} cannot keep the sandbox's state: .*name a file that a sandbox made"
    ):
        Store(path)


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path):
    file = tmp_path / "a.db"
    program = """
        import sys
        from taobao_top.sandbox.store import Shelf, Store
        shelf = Shelf(Store(sys.argv[1]), "1", "trade")
        for number in range(100_000):
            shelf.put(str(number), number)
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
    shelf = Shelf(store, "1", "trade")
    assert len(acknowledged) < 100_000
    assert all(shelf.get(line.strip()) == int(line) for line in acknowledged if line.endswith("\n"))
    store.close()
