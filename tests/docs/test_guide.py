"""
Every Python block of the guide runs, page by page, against the sandboxes.

A block of class ``theirs`` shows another library: it is only compiled.  What
stands in ``.. given::`` runs too and is not shown.
"""

import os
import re
import textwrap
from pathlib import Path

import pytest

from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for folder in ("guide", "coming-from") for path in (DOCS / folder).glob("*.rst"))
BLOCK = re.compile(r"^( *)\.\. (given::|code-block:: python)\n((?:[ \t]*\n|\1 +\S.*\n)+)", re.MULTILINE)


def blocks(page):
    text = (DOCS / page).read_text("utf-8") + "\n"
    for match in BLOCK.finditer(text):
        lines = match[3].splitlines()
        options = []
        while lines and lines[0].strip().startswith(":"):
            options.append(lines.pop(0).strip())
        line = text[: match.start()].count("\n") + 2
        yield line, textwrap.dedent("\n".join(lines)), any("theirs" in option for option in options)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.fixture(scope="module")
def top_sandbox():
    with TopSandbox() as started:
        yield started


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page, sandbox, top_sandbox, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in {**sandbox.env(), **top_sandbox.env()}.items():
        monkeypatch.setenv(name, value)
    sandbox.reset()
    sandbox.write_files(tmp_path)
    names = {
        "sandbox": sandbox,
        "running": sandbox,
        "top_sandbox": top_sandbox,
        "client": sandbox.client(),
        "top": top_sandbox.client(),
        "__name__": "guide",
    }
    ran = 0
    for line, code, theirs in blocks(page):
        compiled = compile("\n" * (line - 1) + code, str(DOCS / page), "exec")
        if not theirs:
            exec(compiled, names)
            ran += 1
    assert ran or "pains" in page
    assert Path.cwd() == tmp_path
    assert os.environ["WECHATPAY_MCHID"] == sandbox.account.mchid
