"""A pytest plugin: a real redis-server for the tests that need one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

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
        socket = Path(folder, "redis.sock")
        settings = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        with subprocess.Popen([program, *settings], stdout=subprocess.DEVNULL) as server:
            try:
                url = f"unix://{socket}"
                _wait_for(url)
                yield url
            finally:
                server.terminate()


@pytest.fixture
def redis_server(redis_url: str) -> Iterator[Redis]:
    """A client of an empty Redis database."""
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
        yield redis


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 10
    with Redis.from_url(url, retry=None) as redis:
        while True:
            try:
                redis.ping()
            except RedisConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return
