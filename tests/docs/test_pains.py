import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def pains(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from pains import pains

    return pains()


def test_all_25_pains_have_a_cure_and_a_test(pains):
    assert sorted(pains) == list(range(1, 26))
    assert [number for number, one in pains.items() if not one["tests"]] == []


def test_every_test_named_there_exists(pains):
    for one in pains.values():
        for test in one["tests"]:
            path, _, name = test.partition("::")
            assert re.search(rf"(def|class) {name}\b", (DOCS.parent / "tests" / path).read_text("utf-8")), test
