"""The skill for coding assistants: its links lead somewhere, its blocks are Python, its operations and methods exist."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

SKILL = Path(__file__).parents[2] / "docs" / "skill"
PAGES = sorted(SKILL.glob("*.md"))
BLOCK = re.compile(r"^ *```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CHAIN = re.compile(r"\b(client|top)((?:\.\w+)+)\(")
OPERATION = re.compile(r"`(v3(?:\.\w+)+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_blocks(page):
    text = page.read_text(encoding="utf-8")
    assert [name for name in re.findall(r"\]\((\w+\.md)\)", text) if not (SKILL / name).is_file()] == []
    blocks = BLOCK.findall(text)
    assert blocks or page.name == "money.md"
    for block in blocks:
        ast.parse(textwrap.dedent(block))


def test_every_chain_is_known():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    chains = set(CHAIN.findall(text))
    assert len(chains) > 10
    with Sandbox() as sandbox, sandbox.client() as client, TopSandbox() as top_sandbox, top_sandbox.client() as top:
        for owner, names in sorted(chains):
            node = client if owner == "client" else top
            for name in names.split(".")[1:]:
                node = getattr(node, name)
            assert callable(node), names
        for written in OPERATION.findall(text):
            node = client
            for name in written.split("."):
                node = getattr(node, name)


def test_the_first_block_of_the_sandbox_page_runs():
    (block, *_) = BLOCK.findall((SKILL / "sandbox.md").read_text(encoding="utf-8"))
    placed = []

    def place(client, number):
        placed.append(number)
        client.v3.pay.transactions.native.post(
            json={
                "appid": "wxd678efh567hg6787",
                "mchid": client.mchid,
                "description": "充电宝",
                "out_trade_no": number,
                "notify_url": "https://shop.example/notify",
                "amount": {"total": 100},
            }
        )

    exec(compile(block, "sandbox.md", "exec"), {"place": place})
    assert placed == ["order-1"]
