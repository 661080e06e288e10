"""Deprecated names of arguments."""

from __future__ import annotations

import pytest

from chainable.sandbox.renamed import renamed


class Sandbox:
    def __init__(self, host="127.0.0.1", address=None):
        self.host = renamed("address", "host", address, host)


def test_an_old_name_warns_at_the_line_that_gives_it():
    with pytest.warns(DeprecationWarning, match=r"Sandbox\(address=…\) is deprecated: use host") as warned:
        sandbox = Sandbox(address="::1")

    assert sandbox.host == "::1"
    assert warned[0].filename == __file__
    assert Sandbox(host="::1").host == "::1"
