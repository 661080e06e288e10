"""The READMEs: their code runs, and both say the same."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = ("README.rst", "README.zh-CN.rst")


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


@pytest.mark.parametrize("name", FILES)
def test_every_block_compiles_and_the_complete_ones_run(name, capsys):
    ran = 0
    for block in blocks(name, "python"):
        code = compile(block, name, "exec")
        if "Sandbox() as sandbox" in block or block.startswith("from wechatpay import Sensitive"):
            exec(code, {})
            ran += 1

    assert ran == 4
    assert "\nTRANSACTION.SUCCESS native-0001\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_batches_and_pages_and_messages_go_as_they_say(name, capsys):
    from taobao_top.sandbox import Sandbox

    (block,) = [block for block in blocks(name, "python") if "TMC(top)" in block]
    with Sandbox() as sandbox, sandbox.client(session=sandbox.account.session) as top:
        names = {"top": top}
        exec(block, names)
        asked = [entry.method for entry in sandbox.journal if entry.method]  # the batch itself has none

    names["changed"](type("Message", (), {"content": {"tid": 17}}))
    assert asked.count("taobao.item.seller.get") == 2
    assert set(asked) == {"taobao.item.seller.get", "taobao.trades.sold.get"}
    assert "title" in (printed := capsys.readouterr().out)
    assert printed.endswith("17\n")


@pytest.mark.parametrize("name", FILES)
def test_the_six_forms_send_the_same(name):
    from wechatpay.sandbox import Sandbox

    text = (ROOT / name).read_text("utf-8")
    forms = re.findall(r"^     - ``(.*insurance.orders.*)``$", text, re.MULTILINE)
    order = {"out_order_no": "1", "openid": "o", "notify_url": "https://a.example/", "service_id": "s"}
    assert len(forms) == 6
    with Sandbox() as sandbox, sandbox.client() as client:
        names = {"client": client, "order": order, "show": lambda response: response}
        for form in forms:
            exec(f"async def main():\n    return {form}", names)
            import asyncio

            assert asyncio.run(names["main"]()).verified
        arrived = {(entry.request.target, entry.request.body) for entry in sandbox.journal}
    assert len(arrived) == 1


def test_both_say_the_same():
    """Same structure, and the same code but for its comments."""

    def skeleton(name: str) -> list[str]:
        text = (ROOT / name).read_text("utf-8")
        return re.findall(r"^(=+|-+|\.\. [a-z-]+::.*)$", text, re.MULTILINE)

    def code(name: str) -> list[str]:
        return [re.sub(r"\s*#.*", "", block) for block in blocks(name, "python") + blocks(name, "console")]

    assert [line[:3] for line in skeleton(FILES[0])] == [line[:3] for line in skeleton(FILES[1])]
    assert code(FILES[0]) == code(FILES[1])


@pytest.mark.xdist_group("source")  # read it once
@pytest.mark.parametrize("name", FILES)
def test_the_counts_are_those_of_the_command(name, capsys):
    from tools import catalogue_counts

    assert catalogue_counts.main([]) == 0
    assert blocks(name, "text")[0].strip("\n") == capsys.readouterr().out.strip("\n")


def headings(name: str) -> list[str]:
    return re.findall(r"^(.+)\n-{4,}$", (ROOT / name).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "install", "clone"),
    [("README.rst", "Install", "From a clone"), ("README.zh-CN.rst", "安装", "从源码运行")],
)
def test_what_needs_no_checkout_comes_first(name, install, clone):
    found = headings(name)
    assert found.index(install) == 1
    assert found.index(clone) > found.index(install)
    text = (ROOT / name).read_text("utf-8")
    assert text.index("pip install") < text.index("$ wechatpay demo") < text.index("$ make demo")
    assert text.index("$ taobao-top demo") < text.index("$ make demo")


@pytest.mark.parametrize("name", FILES)
def test_dependencies_and_extras_are_listed_as_they_are(name):
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    text = " ".join((ROOT / name).read_text("utf-8").split())
    needed = re.findall(r"^[\w-]+", config["options"]["install_requires"].strip(), re.MULTILINE)
    clients, _, extras = text.partition("urllib3")
    listed = [*re.findall(r"[\w-]+", clients[clients.rindex("attrs") :]), "urllib3"]
    assert [each for each in listed if each not in {"and", "和"}] == needed
    sentence = extras[: extras.index("``all``")]
    assert sorted([*re.findall(r"``([\w-]+)``", sentence), "all"]) == sorted(config["options.extras_require"])
