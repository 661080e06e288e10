"""
Print where the time of the suite goes.

``python -m tools.suite_time REPORT`` reads a report of pytest, either the XML of
``--junitxml`` (``make unit`` writes ``build/unit.xml``) or an output with
``--durations=0``, and prints the seconds of each folder and of the slowest files and tests.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from defusedxml import ElementTree

PHASE = re.compile(r"^(\d+\.\d+)s (?:call|setup|teardown) +(\S.*?)(?:@\w+)?$", re.MULTILINE)


def seconds(path: Path) -> Counter[str]:
    """Return the seconds of each test by its name, such as ``tests/cli/test_act.py::TestActions::test_it``."""
    text = path.read_text("utf-8")
    found: Counter[str] = Counter()
    if text.lstrip().startswith("<"):
        for case in ElementTree.fromstring(text).iter("testcase"):
            module, _, within = re.fullmatch(r"((?:\w+\.)*test_\w+)(\.(.*))?", case.get("classname", "")).groups()
            name = "::".join(filter(None, [f"{module.replace('.', '/')}.py", within, case.get("name")]))
            found[name] += float(case.get("time", 0))
    else:
        for spent, name in PHASE.findall(text):
            found[name] += float(spent)
    return found


def total(spent: Counter[str], depth: int | None) -> Counter[str]:
    """Add the seconds up by file, or by folder down to a depth."""
    found: Counter[str] = Counter()
    for name, each in spent.items():
        parts = name.partition("::")[0].split("/")
        found["/".join(parts if depth is None else parts[:-1][:depth])] += each
    return found


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--depth", type=int, default=2, help="of the folders (default: %(default)s)")
    parser.add_argument("--top", type=int, default=20, help="files and tests (default: %(default)s)")
    options = parser.parse_args(arguments)
    spent = seconds(options.report)
    whole = sum(spent.values())
    tables = {"folders": total(spent, options.depth), "files": total(spent, None), "tests": spent}
    for title, table in tables.items():
        print(f"{title}: {whole:.0f} s in {len(table)}")
        for name, each in table.most_common(None if title == "folders" else options.top):
            print(f"{each:9.1f} s {each / (whole or 1):6.1%}  {name}")
        print()


if __name__ == "__main__":
    main()
