"""The deprecated path of the stores."""

from __future__ import annotations

import subprocess
import sys

from chainable import claims, deduplication


def test_all_names_stay_importable_without_a_warning() -> None:
    names = ["LEASE", "Claim", "MemoryStore", "RedisStore", "Store", "once"]

    assert claims.__all__ == names
    assert all(getattr(claims, name) is getattr(deduplication, name) for name in names)
    code = "from chainable.claims import LEASE, Claim, MemoryStore, RedisStore, Store, once"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_stores_import_no_database() -> None:
    code = (
        "import sys, chainable.claims, chainable.deduplication; "
        "print({'sqlalchemy', 'django', 'redis'} & set(sys.modules) or '')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == ""
