"""Renewal in forked children."""

from __future__ import annotations

import gc
import subprocess
import sys

from chainable import forking


class Owner:
    def __init__(self, renewed: list[str]) -> None:
        self._renewed = renewed
        forking.renew_after_fork(self.renew)

    def renew(self) -> None:
        self._renewed.append("renewed")


def test_each_existing_owner_is_renewed():
    renewed: list[str] = []
    owner, other = Owner(renewed), Owner(renewed)
    forking._renew_all()

    assert renewed == ["renewed", "renewed"]
    del owner, other


def test_a_collected_owner_is_not_renewed():
    renewed: list[str] = []
    Owner(renewed)
    gc.collect()
    forking._renew_all()

    assert renewed == []


def test_an_owner_in_a_cycle_is_quiet_when_the_interpreter_ends():
    program = (
        "from chainable import forking\n"
        "class Owner:\n"
        "    def __init__(self): self.me = self; forking.renew_after_fork(self.renew)\n"
        "    def renew(self): pass\n"
        "kept = [Owner() for _ in range(3)]\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert ended.stderr == ""


def test_an_owner_that_was_collected_meanwhile_is_left_out(monkeypatch):
    renewed: list[object] = []
    monkeypatch.setattr(forking, "_renewals", {1: (lambda: None, renewed.append)})
    forking._renew_all()

    assert renewed == []
