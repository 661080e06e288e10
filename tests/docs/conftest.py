import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory):
    """The documentation in both languages, built as ``make docs`` builds it."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "tools.build_docs", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return built


@pytest.fixture(scope="session", params=["zh", "en"])
def site(request, whole_site):
    """The pages of one language."""
    return whole_site / request.param


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The messages of all pages, extracted: a folder of ``.pot`` files."""
    from tools.build_docs import extract

    folder = tmp_path_factory.mktemp("messages") / "pot"
    extract(folder)
    return folder
