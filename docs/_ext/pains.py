"""The table of pains, cures and the tests that show them."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from languages import say
from operation_page import Code, Grid, node
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
TESTS = HERE.parents[1] / "tests"
_NAME = re.compile(r"def (test_pain_(\d+)_\w+)\(")
_SAID = re.compile(r'(?:def|class) (\w+)\b[^\n]*:\n\s+"""Pain (\d+)\b')


def pains() -> dict[int, dict[str, Any]]:
    """Return the pains by number, each with its tests: ``path::name``."""
    found: dict[int, dict[str, Any]] = yaml.safe_load((HERE / "pains.yaml").read_text("utf-8"))
    for one in found.values():
        one.setdefault("tests", [])
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        for name, number in (*_NAME.findall(text), *_SAID.findall(text)):
            found[int(number)]["tests"].append(f"{path.relative_to(TESTS)}::{name}")
    return found


class Pains(SphinxDirective):
    """``.. pains::``: the table."""

    def run(self) -> list[nodes.Node]:
        rows = []
        for number, one in pains().items():
            tests = "<br>".join(f"<code>{escape(test)}</code>" for test in one["tests"])
            rows.append(
                f'<tr id="pain-{number}"><td>{number}</td><td>{escape(say(one["pain_zh"], one["pain"]))}</td>'
                f"<td>{escape(say(one['cure_zh'], one['cure']))}</td><td>{tests}</td></tr>",
            )
        names = ("#", say("痛点", "Pain"), say("对策", "Cure"), say("测试", "Tests"))
        head = "".join(f"<th>{name}</th>" for name in names)
        table = (
            f'<div class="table-wrapper"><table class="op pains docutils"><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )
        grid = Grid(
            names,
            tuple(
                (
                    (str(number),),
                    (say(one["pain_zh"], one["pain"]),),
                    (say(one["cure_zh"], one["cure"]),),
                    tuple(part for test in one["tests"] for part in (" ", Code(test)))[1:],
                )
                for number, one in pains().items()
            ),
        )
        found = node([grid], self.env.docname)
        found["html"] = table
        return [found]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("pains", Pains)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
