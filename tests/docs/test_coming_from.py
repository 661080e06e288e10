"""The table of wechatpayv3's functions: all of them, and chains that exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import wechatpayv3

from wechatpay.describe import described
from wechatpay.describe.lookup import find_keys

PAGE = Path(__file__).parents[2] / "docs" / "coming-from" / "wechatpayv3.rst"
OTHERS = {"client.notifications.parse", "client.decrypt", "client.download", "client.invoke.jsapi"}


def table():
    """Return the chains for each function."""
    text = PAGE.read_text("utf-8").partition("Every function")[2].partition("Failures\n")[0]
    found = {}
    name = ""
    for line in re.findall(r"^   (\w* +client\S*\(.*\))$", text, re.MULTILINE):
        first, _, chain = line.partition("client")
        name = first.strip() or name
        found.setdefault(name, []).append(f"client{chain}")
    return found


def test_every_function_has_its_chain():
    known = {
        name
        for name, function in inspect.getmembers(wechatpayv3.WeChatPay, callable)
        if not name.startswith("_") and inspect.isfunction(function)
    }
    assert len(known) > 150
    assert table().keys() == known


@pytest.mark.parametrize(("name", "chains"), table().items(), ids=table())
def test_the_chains_are_operations_with_these_parameters(name, chains):
    for chain in chains:
        node, arguments = re.fullmatch(r"(.*?)\((.*)\)", chain).groups()
        if node in OTHERS:
            continue
        (key,) = find_keys(node)
        verb, _, path = key.partition(" ")
        assert node.endswith(f".{verb.lower()}")
        shown = described(key).forms[0].code
        for argument in re.findall(r"(\w+)=", arguments):
            assert f"{argument}=" in shown, argument
        assert re.findall(r"(\w+)=…", arguments) == re.findall(r"\{(\w+)\}", path)
