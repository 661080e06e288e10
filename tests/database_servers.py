"""A pytest plugin: real PostgreSQL and MariaDB servers for the tests that need one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Debian keeps the programs of the servers out of PATH.
FOLDERS = [os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
PATH = os.pathsep.join([*FOLDERS, "/usr/sbin", "/usr/libexec"])


def program(name: str) -> str:
    """The path of a server's program; the test is skipped if there is none."""
    found = shutil.which(name, path=PATH)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def accepts(path: Path) -> bool:
    """True when a server listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as plain:
        return plain.connect_ex(str(path)) == 0


@contextmanager
def running(command: Sequence[str], path: Path, log: Path, user: str | None) -> Iterator[None]:
    """A server that listens on a Unix socket, ended at once afterwards: its data is thrown away."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, user=user, cwd=path.parent) as server,
    ):
        try:
            deadline = time.monotonic() + 120
            while not accepts(path):
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command[0]} does not listen at {path}: {log.read_text('utf-8', 'replace')[-2000:]}")
                time.sleep(0.02)
            yield
        finally:
            server.send_signal(signal.SIGQUIT if "postgres" in command[0] else signal.SIGKILL)
            server.wait(60)


def unprivileged() -> str | None:
    """The user for a server that refuses to run as root; None if this is not root."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL of our own, on a Unix socket in a new folder."""
    initdb, postgres = program("initdb"), program("postgres")
    user = unprivileged()
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = Path(folder, "data")
        options = ["-A", "trust", "-U", "shop", "-E", "UTF8", "--no-sync", "--no-instructions", "--locale=C"]
        made = subprocess.run(
            [initdb, "-D", data, *options], user=user, cwd=folder, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        command = [postgres, "-D", str(data), *settings]
        with running(command, Path(folder, ".s.PGSQL.5432"), Path(folder, "log"), user):
            yield f"postgresql+psycopg://shop@/postgres?host={folder}"


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The URL of a MariaDB of our own, on a Unix socket in a new folder."""
    install, mariadbd = program("mariadb-install-db"), program("mariadbd")
    user = unprivileged()
    with tempfile.TemporaryDirectory(prefix="maria-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data, path = Path(folder, "data"), Path(folder, "sock")
        options = ["--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        made = subprocess.run(
            [install, *options, "--skip-test-db", "--skip-name-resolve"],
            user=user, cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        settings = [f"--socket={path}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"]
        pid = [f"--pid-file={folder}/pid", "--innodb-buffer-pool-size=32M", "--character-set-server=utf8mb4"]
        command = [mariadbd, "--no-defaults", f"--datadir={data}", *settings, *pid]
        with running(command, path, Path(folder, "log"), user):
            yield f"mysql+pymysql://root@localhost/mysql?unix_socket={path}"
