"""The files of the page on testing are what a user's project has: pytest runs them, records, and replays without network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from wechatpay.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs/guide/testing.rst"
FILE = re.compile(
    r"^\.\. code-block:: python\n   :caption: (\S+)\n(?:   :.*\n)*\n((?:[ \t]*\n| +\S.*\n)+)", re.MULTILINE
)


def test_the_files_of_the_page_pass(tmp_path):
    files = {name: textwrap.dedent(text) for name, text in FILE.findall(PAGE.read_text("utf-8"))}
    assert set(files) == {
        "conftest.py",
        "test_orders.py",
        "test_notifications.py",
        "recorded/conftest.py",
        "recorded/test_recorded.py",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    with Sandbox() as platform:
        recorded = pytest_of(tmp_path, {**os.environ, **platform.env()}, "recorded", "--record-mode=rewrite")
        assert "1 passed" in recorded, recorded
        assert len(platform.journal) == 1
        secrets = [platform.account.serial, platform.account.apiv3_key, platform.account.public_key_id]
    tape = (tmp_path / "recorded/cassettes/test_recorded/test_an_unknown_order.yaml").read_text()
    assert not [secret for secret in secrets if secret in tape]
    without = {name: value for name, value in os.environ.items() if not name.startswith("WECHATPAY_")}
    replayed = pytest_of(tmp_path, without, "recorded", "--block-network")
    assert "1 passed" in replayed, replayed
    others = pytest_of(tmp_path, without, "test_orders.py", "test_notifications.py")
    assert "5 passed" in others, others


def pytest_of(folder, env, *arguments):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_recording.plugin",
        *arguments,
    ]
    env = {**env, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=False)
    return done.stdout + done.stderr
