"""
Build what users install, and test it where the checkout is out of sight.

The wheel goes into an empty environment outside the checkout: the oldest Python of
this machine with the oldest dependencies that setup.cfg declares. The checkout's own
environment is the other end, the newest Python with the newest dependencies.

``--every-python`` goes on to each other Python of this machine, with the newest
dependencies, and names those that fail; CI leaves this to people.
"""

from __future__ import annotations

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

from tools.pythons import pythons

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
"""CI installs with it; pip does the same in more time."""
TESTS = [
    "tests/chainable",
    "tests/wechatpay",
    "tests/taobao_top",
    "tests/examples",
    "tests/test_architecture.py",
    "tests/test_demo.py",
]
NEEDED = [
    "httpx",  # what older Starlettes test with
    "defusedxml",
    "fastapi>=0.115",
    "gevent>=24.11",
    "greenlet",
    "import-linter>=2.6",
    "httpx2",
    "hypothesis",
    "opentelemetry-sdk",
    "psycopg[binary]",
    "pymysql",
    "pytest",
    "pytest-randomly",
    "pytest-xdist",
    "pyyaml",
    "python-multipart",  # forms in Starlette
    "responses",
    "trustme",
    "uvicorn",
    "vcrpy>=8",
]
ONCE = [
    "tests/taobao_top/test_answers_fit_their_types.py",
    "tests/taobao_top/test_every_method.py",
    "tests/taobao_top/sandbox/test_fake_data.py",
    "tests/wechatpay/test_every_operation.py",
    "tests/wechatpay/sandbox/test_action_words.py",
    "tests/wechatpay/sandbox/test_every_operation.py",
]
"""Tests that go through all data and texts, and run in the checkout alone: the wheel has the same files, byte for byte."""
LARGEST_WHEEL = 5_500_000  # half of it is the catalogues and types
IN_WHEEL = [
    "chainable/py.typed",
    "wechatpay/py.typed",
    "taobao_top/py.typed",
    "chainable/sandbox/inspector/elements.js",
    "chainable/sandbox/inspector/inspector.css",
    "wechatpay/sandbox/inspector/inspector.html",
    "wechatpay/sandbox/inspector/inspector.svg",
    "taobao_top/sandbox/inspector/inspector.html",
    "taobao_top/sandbox/inspector/inspector.svg",
    "wechatpay/catalogue/index.shelf",
    "wechatpay/catalogue/details.shelf",
    "wechatpay/types/chains/node.pyi",
    "taobao_top/types/chains/node.pyi",
]


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False, **environment: str) -> None:
    print("$", *[str(part) for part in command][:6], "…" if len(command) > 6 else "", flush=True)
    subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        check=True,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else None,
    )


def contents(path: Path) -> bytes | None:
    """Return the bytes of a file of the checkout; None if there is none."""
    return path.read_bytes() if path.is_file() else None


def build(where: Path) -> Path:
    """Build sdist and wheel, look into both, give the wheel."""
    source = where / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    installer = ["--installer", "uv"] if UV.exists() else []
    run(sys.executable, "-m", "build", *installer, "--outdir", where / "dist", source)
    (wheel,) = (where / "dist").glob("*.whl")
    (sdist,) = (where / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        changed = [
            name for name in sorted(names) if ".dist-info/" not in name and archive.read(name) != contents(ROOT / name)
        ]
    missing = [name for name in IN_WHEEL if name not in names]
    strangers = sorted({name.split("/")[0] for name in names} - {"chainable", "wechatpay", "taobao_top"})
    strangers = [name for name in strangers if not name.endswith(".dist-info")]
    if missing or strangers or changed:
        sys.exit(f"the wheel lacks {missing} and has {strangers}; other than in the checkout are {changed}")
    with tarfile.open(sdist) as archive:
        if not any(name.endswith("/README.rst") for name in archive.getnames()):
            sys.exit("the sdist lacks README.rst")
    size = wheel.stat().st_size
    print(f"wheel: {size / 1e6:.2f} MB, {len(names)} files; sdist: {sdist.stat().st_size / 1e6:.2f} MB")
    if size > LARGEST_WHEEL:
        sys.exit(f"the wheel is larger than {LARGEST_WHEEL / 1e6:g} MB")
    return wheel


def oldest_dependencies() -> list[str]:
    """Pin every requirement to the least version setup.cfg allows."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split("\n")
    for extra, requirements in config["options.extras_require"].items():
        if extra != "all":
            lines += requirements.split("\n")
    return sorted({line.strip().replace(">=", "==") for line in lines if ">=" in line})


def install(wheel: Path, python: str, where: Path, pins: list[str]) -> Path:
    """Install the wheel into an empty environment; its Python."""
    inside = where / "venv" / "bin" / "python"
    wanted = [f"{wheel}[all]", *pins, *NEEDED]
    run(python, "-m", "venv", where / "venv")
    if UV.exists():
        run(UV, "pip", "install", "-q", "--python", inside, *wanted)
    else:
        run(inside, "-m", "pip", "install", "-q", "--upgrade", "pip")
        run(inside, "-m", "pip", "install", "-q", "--no-compile", *wanted)  # much is never imported
    return inside


def check(inside: Path, where: Path, *options: str, workers: str, every_test: bool) -> None:
    """Run the tests there, out of sight of the checkout."""
    started = time.monotonic()
    for name in ("tests", "examples"):
        shutil.copytree(ROOT / name, where / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", where)
    present = [name for name in TESTS if (where / name).exists()]
    # A minute of kill -9 on three database servers, and browsers, test nothing of a wheel.
    skipped = ["--ignore=tests/chainable/deduplication/test_kill.py", "--ignore-glob=*/sandbox/inspector/*"]
    if not every_test:
        skipped += [f"--ignore={name}" for name in ONCE]
    # Compiles the tests, once: of each worker it would take longer than what it then tests.
    chosen = [*skipped, *options, *present]
    run(inside, "-m", "pytest", "-q", "--collect-only", "--no-summary", *chosen, cwd=where, quiet=True)
    run(inside, "-m", "pytest", "-q", "-n", workers, *chosen, cwd=where)
    print(f"{where.name}: {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--every-python", action="store_true", help="test on each Python of this machine")
    arguments.add_argument("-n", dest="workers", default="auto", help="workers of the suite (%(default)s)")
    options = arguments.parse_args()
    workers = "0" if options.workers == "1" else options.workers  # one worker is no faster than none
    missing = [name for name in ONCE if not (ROOT / name).is_file()]
    if missing:
        sys.exit(f"ONCE names files that are gone: {missing}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        wheel = build(place)
        oldest, *others = pythons()
        failed = []
        for python in [oldest, *(others if options.every_python else [])]:
            where = place / Path(python).name
            where.mkdir()
            # Old libraries may warn; our own warnings are errors with new ones.
            pins, more = (oldest_dependencies(), ["-W", "default"]) if python == oldest else ([], [])
            try:
                inside = install(wheel, python, where, pins)
                check(inside, where, *more, workers=workers, every_test=options.every_python)
            except subprocess.CalledProcessError as error:
                failed.append(f"{python}: {error}")
        if failed:
            sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
