"""The file of a sandbox: private, and never another program's."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from chainable.errors import ConfigurationError
from chainable.i18n import message_of, translate
from chainable.sandbox import database as database_module
from chainable.sandbox.database import open_database

SCHEMA = "CREATE TABLE IF NOT EXISTS mine (a TEXT)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


def opened(path):
    database = open_database(path, ("mine",), SCHEMA)
    database.execute("INSERT INTO mine VALUES ('x')")
    rows = database.execute("SELECT count(*) FROM mine").fetchone()[0]
    database.close()
    return rows


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_in_memory():
    assert opened(None) == 1


def test_a_file_is_private_from_the_start_and_afterwards(tmp_path):
    path = tmp_path / "a b.db"
    assert opened(path) == 1
    assert mode(path) == 0o600
    path.chmod(0o644)
    assert opened(path) == 2
    assert mode(path) == 0o600
    (tmp_path / "empty").touch(0o644)
    assert opened(tmp_path / "empty") == 1
    assert mode(tmp_path / "empty") == 0o600


def test_files_of_others_stay_as_they_are(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    database.close()
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(
        ConfigurationError, match="a table 'orders' of another program; name a file that a sandbox"
    ) as refused:
        opened(path)
    assert "其中有其他程序的表 'orders'" in translate(message_of(refused.value), "zh")

    assert path.read_bytes() == before
    assert mode(path) == 0o644


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigurationError, match="it is a link") as refused:
        opened(tmp_path / "link")
    assert "它是一个链接" in translate(message_of(refused.value), "zh")
    assert not (tmp_path / "victim").exists()


def test_a_file_that_is_not_a_database_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes " * 1000)
    for each in (path, tmp_path, tmp_path / "none" / "a"):
        with pytest.raises(ConfigurationError, match="cannot keep the sandbox's state"):
            opened(each)
    assert path.read_text().startswith("notes notes")


def test_a_schema_that_does_not_fit(tmp_path):
    with pytest.raises(ConfigurationError, match="syntax error"):
        open_database(tmp_path / "a", (), "NO SQL")


HOLD = """
import sys, time
from pathlib import Path
from chainable.sandbox.database import open_database
database = open_database(Path(sys.argv[1]), ("mine",), sys.argv[2])
database.execute("INSERT INTO mine VALUES ('x')")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    arguments = [sys.executable, "-c", HOLD, str(tmp_path / "a.db"), SCHEMA]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_file_that_another_process_uses_is_refused(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.01)
    with pytest.raises(ConfigurationError, match="a.db is in use by another sandbox; stop that one") as refused:
        opened(tmp_path / "a.db")
    assert "正被另一个沙箱使用；请先停止该沙箱" in translate(message_of(refused.value), "zh")
    assert holder.poll() is None


def test_a_killed_process_lets_go_of_its_file(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert opened(tmp_path / "a.db") == 2


def test_one_file_is_not_opened_twice_in_a_process(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.01)
    first = open_database(tmp_path / "a.db", ("mine",), SCHEMA)
    with pytest.raises(ConfigurationError, match="in use by another sandbox"):
        opened(tmp_path / "a.db")
    first.close()
    assert opened(tmp_path / "a.db") == 1


def test_a_sandbox_that_is_just_stopping_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 60.0)
    first = open_database(tmp_path / "a.db", ("mine",), SCHEMA)
    stopping = threading.Timer(0.2, first.close)
    stopping.start()
    assert opened(tmp_path / "a.db") == 1
    stopping.join()
