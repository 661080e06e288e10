from __future__ import annotations

import pytest

from tools import catalogue_counts

pytestmark = pytest.mark.xdist_group("source")  # read it once


def test_the_counts_are_those_of_the_published_catalogue(capsys):
    assert catalogue_counts.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = {name.strip(): int(count) for count, name in (line.split(maxsplit=1) for line in lines)}
    assert counts["WeChat Pay operations"] == 1147
    assert counts["WeChat Pay events"] == 113
    assert counts["TOP methods"] == counts["TOP methods, typed"] == 5334
    assert counts["TOP groups"] == 314
    pages = counts["WeChat Pay operations, that are pages for a browser"]
    assert (pages, counts["WeChat Pay operations, typed"]) == (3, 1144)
    posts = [count for name, count in counts.items() if name.startswith("WeChat Pay POSTs, ")]
    assert sum(posts) == counts["WeChat Pay POSTs"]


def test_the_list_of_what_is_unmarked_is_current(capsys):
    assert catalogue_counts.main(["--unmarked"]) == 0
    assert capsys.readouterr().out == catalogue_counts.UNMARKED.read_text("utf-8")
    assert "v3/hire-power-bank/insurance-orders" not in catalogue_counts.listed()


def test_the_list_can_be_renewed(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue_counts, "UNMARKED", tmp_path / "unmarked.rst")
    assert catalogue_counts.main(["--write"]) == 0
    assert (tmp_path / "unmarked.rst").read_text("utf-8") == catalogue_counts.listed()
