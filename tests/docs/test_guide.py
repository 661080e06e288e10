"""
Every Python block of the guide runs, page by page, against the sandboxes.

A block of class ``theirs`` shows another library: it is only compiled.  What
stands in ``.. folded::`` runs too and is shown on a click.
"""

import os
import re
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    "index.rst",
    *sorted(
        str(path.relative_to(DOCS))
        for folder in ("guide", "howto", "coming-from", "rehearsing")
        for path in (DOCS / folder).glob("*.rst")
    ),
]
BLOCK = re.compile(r"^( *)\.\. (folded:: .*|code-block:: python)\n((?:[ \t]*\n|\1 +\S.*\n)+)", re.MULTILINE)


def blocks(page):
    text = (DOCS / page).read_text("utf-8") + "\n"
    for match in BLOCK.finditer(text):
        lines = match[3].splitlines()
        options = []
        while lines and lines[0].strip().startswith(":"):
            options.append(lines.pop(0).strip())
        line = text[: match.start()].count("\n") + 2
        yield line, textwrap.dedent("\n".join(lines)), any("theirs" in option for option in options)


@pytest.fixture
def environment():
    """The environment of the process, restored after a page changed it."""
    before = os.environ.copy()
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    """As if pasted, from the first to the last, into one empty file in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    ran = 0
    for line, code, theirs in blocks(page):
        compiled = compile("\n" * (line - 1) + code, str(DOCS / page), "exec")
        if not theirs:
            exec(compiled, names)
            ran += 1
    assert ran or "pains" in page
    assert Path.cwd() == tmp_path
