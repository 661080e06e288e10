"""The picture of the guide shows the figures of ``benchmarks/results.json``."""

from __future__ import annotations

import json

from tools.plot_benchmarks import PICTURE, RESULTS, drawn


def test_the_picture_is_that_of_the_results():
    """After a new run: ``python -m tools.plot_benchmarks``."""
    assert PICTURE.read_text("utf-8") == drawn(json.loads(RESULTS.read_text("utf-8")))


def test_long_bars_are_cut_and_keep_their_figure():
    svg = drawn({"A": {"floor": {"x cpu": 1.0}, "ours, direct": {"x cpu": 0.5}, "a<b": {"x cpu": 19.6}}})

    assert "0.50 ×" in svg
    assert "20 × …" in svg
    assert "a&lt;b" in svg
    assert svg.index("ours, direct") < svg.index("floor")
