"""Clients that others wrote, from the registries of their languages, installed once into the build area."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
BUILD = HERE.parent.parent / "build" / "foreign"
PACKAGES = ("wechatpay-axios-plugin@0.9.6", "node-taobao-topclient@0.1.7")


def unavailable(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with ``node_modules``."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        unavailable("npm is not installed")
    BUILD.mkdir(parents=True, exist_ok=True)
    done = BUILD / "installed"
    with FileLock(BUILD / "lock"):
        if not done.is_file() or done.read_text() != " ".join(PACKAGES):
            command = [str(npm), "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(BUILD), *PACKAGES]
            result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if result.returncode:
                unavailable(f"npm could not install {', '.join(PACKAGES)}: {result.stderr[-500:]}")
            done.write_text(" ".join(PACKAGES))
    return BUILD


@pytest.fixture
def node(packages: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a program of this folder: it reads its settings from standard input, and prints JSON."""

    def run(program: str, settings: dict[str, Any], ca: str = "") -> Any:
        authority = tmp_path / "ca.pem"
        authority.write_text(ca)
        environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(packages / "node_modules"),
            "TZ": "Asia/Shanghai",
            **({"NODE_EXTRA_CA_CERTS": str(authority)} if ca else {}),
        }
        result = subprocess.run(
            ["node", str(HERE / program)],
            input=json.dumps(settings),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run
