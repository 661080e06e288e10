"""What ``tools/branch_coverage.py`` measures is what tracing measures, line by line and branch by branch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import coverage

from tools import branch_coverage

ROOT = Path(branch_coverage.__file__).parents[1]
PROGRAM = """
import contextlib
import sys
import threading


def one_way(value):
    if value is not None:
        try:
            return int(value)
        except ValueError:
            return
        except TypeError as error:
            raise KeyError from error


def never_fails(value):
    if value is not None:
        try:
            value = int(value)
        except ValueError:
            return


def both_ways(values):
    for value in values:
        if not value:
            continue
        elif value > 2 and value < 5 or value == 9:
            break
    else:
        return "all"
    return [each for each in values if each] and {
        each: each
        for each in values
        if each or
        value
    }


def matched(value):
    match value:
        case 1 | 2:
            found = "few"
        case [first, *_]:
            found = first
        case {"name": name}:
            found = name
        case _:
            found = None
    return found


def waits(limit):
    count = 0
    while True:
        count += 1
        if count > limit:
            break
    while count:
        count -= 1
        if count == 100:
            return count
    with contextlib.suppress(ZeroDivisionError):
        if count == 0:
            count = 1 / count
        count = 2
    return count


def tidies(value):
    try:
        if value:
            return value
    finally:
        if value == 3:
            print("three", file=sys.stderr)
    for _ in ():
        print("never", file=sys.stderr)


def fails(value):
    try:
        number = int(value or "x")
        print(number, file=sys.stderr)
    finally:
        if value:
            print("never", file=sys.stderr)


def leaves(values):
    for value in values:
        int(value)


def yields(values):
    for value in values:
        if value == 1:
            yield value
    yield from values


class Counted:
    total: int = 0 if sys else 1

    def __bool__(self):
        return self.total > 0 if self.total else False


def calls_itself(depth):
    if depth:
        calls_itself(depth - 1)
    return None if depth == 7 else depth


one_way("1"), one_way(None), one_way("x")
never_fails(None), never_fails("1")
both_ways([0, 1]), both_ways([1, 3])
matched(1), matched([2]), matched({})
waits(3)
tidies(0), tidies(1)
list(yields([1, 2]))
for failing, values in ((fails, ""), (leaves, ["x"])):
    with contextlib.suppress(ValueError):
        failing(values)
bool(Counted())
calls_itself(3)
thread = threading.Thread(target=lambda: both_ways([9]) if thread else None)
thread.start()
thread.join()
print(sys.gettrace() is None)
"""


def measured(folder: Path, how: str) -> tuple[bool, list[int], dict[int, list[int]]]:
    """Measure the program; whether nothing was traced, the lines and the branches that are missing."""
    settings = folder / f"{len(how)}.toml"
    settings.write_text(f'[tool.coverage.run]\nbranch = true\nconcurrency = ["thread", "multiprocessing"]\n{how}\n')
    data = settings.with_suffix(".data")
    run = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", f"--data-file={data}", "program.py"]
    done = subprocess.run(
        run, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    parts = [str(path) for path in folder.glob(f"{data.name}.*")]
    together = coverage.Coverage(data_file=str(data), config_file=str(settings))
    together.combine(parts)
    found = together._analyze(str(folder / "program.py"))
    branches = {line: sorted(to) for line, to in found.missing_branch_arcs().items()}
    return done.stdout == "True\n", sorted(found.missing), branches


def test_what_is_missing_is_what_tracing_misses(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    *_, lines, branches = measured(tmp_path, 'core = "ctrace"\nplugins = []')
    assert len(lines) >= 5
    assert len(branches) >= 5

    untraced, *found = measured(tmp_path, 'plugins = ["tools.branch_coverage"]')

    assert found == [lines, branches]
    if sys.version_info >= (3, 14):
        assert untraced
    else:
        known = coverage.version_info[:2] == branch_coverage.KNOWN
        assert untraced == (known and sys.version_info >= (3, 12))


def test_a_coverage_that_nobody_compared_traces(monkeypatch):
    monkeypatch.setattr(branch_coverage, "KNOWN", (0, 0))
    before = branch_coverage.control.Core

    branch_coverage.coverage_init(None, {})

    assert branch_coverage.control.Core is before
