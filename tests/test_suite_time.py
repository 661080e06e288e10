"""The tools around the suite: where its time goes, and two commands side by side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import suite_time

ROOT = Path(__file__).parent.parent
XML = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">
<testcase classname="tests.cli.test_act" name="test_one[a.b]" time="1.5"/>
<testcase classname="tests.cli.test_act.TestActs" name="test_two" time="0.25"/>
<testcase classname="tests.test_types.TestChecks.TestInner" name="test_three@types" time="4"/>
</testsuite></testsuites>"""
TEXT = """============ slowest durations ============
1.00s setup    tests/cli/test_act.py::test_one[a.b]
0.50s call     tests/cli/test_act.py::test_one[a.b]
0.25s call     tests/cli/test_act.py::TestActs::test_two
4.00s teardown tests/test_types.py::TestChecks::TestInner::test_three@types
3 passed in 5.75s
"""


@pytest.mark.parametrize("text", [XML, TEXT])
def test_the_seconds_of_folders_files_and_tests(tmp_path, capsys, text):
    report = tmp_path / "report"
    report.write_text(text, "utf-8")

    suite_time.main([str(report), "--top", "1"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["folders:", "6", "s", "in", "2"]
    assert lines[1:3] == [["4.0", "s", "69.6%", "tests"], ["1.8", "s", "30.4%", "tests/cli"]]
    assert lines[5] == ["4.0", "s", "69.6%", "tests/test_types.py"]
    assert lines[8][3].startswith("tests/test_types.py::TestChecks")


@pytest.mark.parametrize("codes", [(0, 0, 0), (3, 0, 0), (0, 3, 0), (0, 0, 3), (0,)])
def test_the_last_command_has_the_last_word(codes):
    """Whichever ends first; a failure of one is one of all."""
    commands = [f"sleep 0.{3 - number}; echo {number}; exit {code}" for number, code in enumerate(codes)]

    done = subprocess.run(
        [sys.executable, "tools/side_by_side.py", *commands], cwd=ROOT, capture_output=True, text=True, check=False
    )

    said = [
        line for number, code in enumerate(codes) for line in (str(number), f"failed: {commands[number]}" * bool(code))
    ]
    assert done.stdout.splitlines() == [line for line in said[:-1] if line]
    assert done.returncode == int(any(codes))
