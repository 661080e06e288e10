"""The picture of the guide shows the figures of ``benchmarks/results.json``, and a benchmark can be run again."""

from __future__ import annotations

import json
import subprocess
import sys

from tools.plot_benchmarks import PICTURE, RESULTS, ROOT, drawn


def test_the_picture_is_that_of_the_results():
    """After a new run: ``python -m tools.plot_benchmarks``."""
    assert PICTURE.read_text("utf-8") == drawn(json.loads(RESULTS.read_text("utf-8")))


def test_long_bars_are_cut_and_keep_their_figure():
    svg = drawn({"A": {"floor": {"x cpu": 1.0}, "ours, direct": {"x cpu": 0.5}, "a<b": {"x cpu": 19.6}}})

    assert "0.50 ×" in svg
    assert "20 × …" in svg
    assert "a&lt;b" in svg
    assert svg.index("ours, direct") < svg.index("floor")


def test_the_benchmark_of_bills_runs():
    command = [sys.executable, ROOT / "benchmarks" / "streaming.py", "--turns", "1", "--megabytes", "2"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[0] for line in ran.stdout.splitlines()[1:3]] == ["floor", "ours"]
