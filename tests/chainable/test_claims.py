"""The deprecated path of the stores."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from chainable import deduplication


def test_the_deprecated_module_warns_and_has_the_same_names(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]
    monkeypatch.delitem(sys.modules, "chainable.claims", raising=False)
    with pytest.warns(DeprecationWarning, match=r"import from chainable\.deduplication"):
        claims = importlib.import_module("chainable.claims")

    assert claims.__all__ == names
    assert all(getattr(claims, name) is getattr(deduplication, name) for name in names)


def test_the_stores_import_no_database() -> None:
    code = "import sys, chainable.deduplication; print({'sqlalchemy', 'django', 'redis'} & set(sys.modules) or '')"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == ""
