"""The coverage-guided fuzzer exists for some Pythons only; elsewhere its tests are not there."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("atheris") else ["test_coverage_guided.py"]
