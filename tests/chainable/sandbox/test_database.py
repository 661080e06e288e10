"""The file of a sandbox: private, and never another program's."""

from __future__ import annotations

import sqlite3
import stat
import sys

import pytest

from chainable.errors import ConfigurationError
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

    with pytest.raises(ConfigurationError, match="a table 'orders' of another program; name a file that a sandbox"):
        opened(path)

    assert path.read_bytes() == before
    assert mode(path) == 0o644


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigurationError, match="it is a link"):
        opened(tmp_path / "link")
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
