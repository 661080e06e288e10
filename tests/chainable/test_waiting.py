"""Waiting for a lock that is held across network calls."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from chainable.waiting import acquire

ROOT = Path(__file__).parent.parent.parent


def test_a_free_lock_is_acquired_immediately():
    lock = threading.Lock()

    assert acquire(lock, 0)
    assert lock.locked()


def test_a_held_lock_returns_false_after_the_wait():
    lock = threading.Lock()
    lock.acquire()

    assert not acquire(lock, 0)
    assert not acquire(lock, 0.2)


def test_a_lock_released_during_the_wait_is_acquired():
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(0.1, lock.release).start()

    assert acquire(lock, 60)


def test_a_waiting_greenlet_does_not_block_the_holder():
    """The lock is created before gevent patches, as with gunicorn's --preload."""
    script = """
import threading, time
from chainable.waiting import acquire
lock = threading.Lock()
from gevent import monkey
monkey.patch_all()
import gevent

def hold():
    assert acquire(lock, 60)
    time.sleep(0.2)
    lock.release()

def wait():
    assert acquire(lock, 60)
    lock.release()

gevent.joinall([gevent.spawn(hold), *(gevent.spawn(wait) for _ in range(5))], raise_error=True)
print("all went on")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )

    assert done.stdout.strip() == "all went on", done.stderr
