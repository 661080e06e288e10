"""A pytest plugin: a real redis-server for the tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a redis-server of our own, on a Unix socket in a new folder."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        path = Path(folder, "redis.sock")
        settings = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        with subprocess.Popen([program, *settings], stdout=subprocess.DEVNULL) as server:
            try:
                _wait_for(path)
                yield f"unix://{path}"
            finally:
                server.terminate()


@pytest.fixture
def redis_server(redis_url: str) -> Iterator[Redis]:
    """A client of an empty Redis database."""
    with Redis.from_url(redis_url, socket_timeout=5) as redis:
        redis.flushdb()
        yield redis


def _wait_for(path: Path) -> None:
    """Wait until a server listens; old versions of redis-py leave their socket open when none does."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket(socket.AF_UNIX) as plain:
            if plain.connect_ex(str(path)) == 0:
                return
        if time.monotonic() > deadline:
            pytest.fail(f"redis-server does not listen at {path}")
        time.sleep(0.01)
