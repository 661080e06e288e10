"""
The Pythons that the packages are made for, and where this machine has them.

Run as a program, it prints the newest one that it finds: CI makes its environment with it.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

TESTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Each of these ran the suite: the classifiers of setup.cfg name exactly them."""
QUESTION = "import sys, sysconfig, ssl, sqlite3, ensurepip; print(*sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"


def pythons() -> list[str]:
    """Every Python of 3.10 or newer on this machine, oldest first, one for each minor version and build."""
    places = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    found: dict[tuple[int, ...], str] = {}
    for place in places:
        for path in sorted(Path(place).glob("python3.[0-9]*")):
            if re.fullmatch(r"python3\.\d+t?", path.name):
                answer = subprocess.run([path, "-c", QUESTION], capture_output=True, text=True, check=False)
                if answer.returncode == 0:
                    found.setdefault(tuple(map(int, answer.stdout.split())), str(path))
    return [found[version] for version in sorted(found) if version >= (3, 10)]


def newest() -> str:
    """The newest tested Python of this machine."""
    names = {f"python{version}" for version in TESTED}
    return [path for path in pythons() if Path(path).name in names][-1]


if __name__ == "__main__":
    print(newest())
