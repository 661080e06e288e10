"""Every page is whole in both languages, and neither runs ahead of the other."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import read_po

DOCS = Path(__file__).parents[2] / "docs"
CATALOGUES = DOCS / "locale" / "zh_CN" / "LC_MESSAGES"
WAITING = (DOCS / "locale" / "untranslated.txt").read_text("utf-8").split()
"""Pages without a Chinese original so far: no page may be added."""
WRITTEN = {"index", "python", "fields"}
"""Pages of reference/wechatpay that are no product's: those are made from the catalogue, with its texts."""


def pages():
    found = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.rst")}
    return sorted(page for page in found if not page.startswith("reference/wechatpay/") or Path(page).name in WRITTEN)


def read(path):
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def test_every_page_has_a_catalogue_or_waits_for_one():
    translated = {path.relative_to(CATALOGUES).with_suffix("").as_posix() for path in CATALOGUES.rglob("*.po")}
    assert sorted(translated & set(WAITING)) == []
    assert sorted((translated | set(WAITING)) - {"sphinx"}) == pages()


@pytest.mark.xdist_group("messages")
@pytest.mark.parametrize("page", [page for page in pages() if page not in WAITING])
def test_a_page_is_whole_in_chinese(page, messages):
    """Each message of the page today has its Chinese, and no other message has."""
    catalogue = read(CATALOGUES / f"{page}.po")
    assert [message.id for message in catalogue if message.fuzzy or not message.string] == []
    assert sorted(message.id for message in catalogue) == sorted(
        message.id for message in read(messages / f"{page}.pot")
    )


@pytest.mark.parametrize("page", [page for page in pages() if page not in WAITING])
def test_code_and_links_are_the_same_in_both(page):
    """A message names the same code, pages and operations in both languages, in any order."""
    inline = re.compile(r"``[^`]+``|:\w+:`(?:[^`<]*<)?([^`>]+)>?`")

    def named(text):
        return sorted({found[1] or found[0] for found in inline.finditer(text)})

    different = {
        message.id: message.string
        for message in read(CATALOGUES / f"{page}.po")
        if named(message.id) != named(message.string)
    }
    assert different == {}


def test_pains_are_told_in_both_languages():
    pains = yaml.safe_load((DOCS / "_ext" / "pains.yaml").read_text("utf-8"))
    assert [number for number, one in pains.items() if not (one.get("pain_zh") and one.get("cure_zh"))] == []


@pytest.mark.xdist_group("site")
def test_every_page_leads_to_its_other_language_and_back(whole_site):
    names = {
        language: {
            path.relative_to(whole_site / language).as_posix() for path in (whole_site / language).rglob("*.html")
        }
        for language in ("zh", "en")
    }
    assert names["zh"] == names["en"]
    assert len(names["zh"]) > 1_147
    for language, other in (("zh", "en"), ("en", "zh")):
        for name in names[language]:
            text = (whole_site / language / name).read_text("utf-8")
            links = set(re.findall(r'class="language-switch[^"]*" href="([^"]+)"', text))
            assert links == {"../" * (name.count("/") + 1) + f"{other}/{name}"}, name
            assert f'<html class="no-js" lang="{"zh-CN" if language == "zh" else "en"}"' in text


@pytest.mark.xdist_group("site")
def test_the_frame_is_in_the_readers_language(whole_site):
    page = "reference/wechatpay/insurance/post-v3-hire-power-bank-insurance-orders.html"
    chinese, english = ((whole_site / language / page).read_text("utf-8") for language in ("zh", "en"))
    assert [word in chinese for word in ("请求参数", "描述", "同步纯链式", "回到顶部", "显示或隐藏导航")] == [True] * 5
    assert [word in english for word in ("Request parameters", "Description", "sync, attributes", "Back to top")] == [
        True
    ] * 4
    assert "描述" not in english
    assert "Back to top" not in chinese


@pytest.mark.xdist_group("site")
def test_comments_of_code_follow_the_language_and_code_does_not(whole_site):
    def code(language):
        text = (whole_site / language / "guide/getting-started.html").read_text("utf-8")
        plain = [re.sub(r"<[^>]+>", "", block) for block in re.findall(r"(?s)<pre>.*?</pre>", text)]
        return [re.sub(r"#.*", "", block) for block in plain], [re.findall(r"#.*", block) for block in plain]

    (chinese, chinese_comments), (english, english_comments) = code("zh"), code("en")
    assert chinese == english
    assert chinese_comments != english_comments


@pytest.mark.xdist_group("site")
def test_products_are_named_in_the_readers_language(whole_site):
    def title_and_sidebar(language):
        text = (whole_site / language / "reference/wechatpay/profit-sharing.html").read_text("utf-8")
        (sidebar,) = re.findall(r'(?s)<div class="sidebar-tree">.*?</div>', text)
        return re.search(r"<h1>([^<]+)", text)[1], sidebar, text

    title, sidebar, text = title_and_sidebar("zh")
    assert title == "分账"
    assert ">商家转账</a>" in sidebar
    assert "In Chinese" not in text
    title, sidebar, text = title_and_sidebar("en")
    assert title == "Profit sharing"
    assert ">Merchant transfers</a>" in sidebar
    assert "In Chinese: 分账." in text
    operation = whole_site / "en/reference/wechatpay/profit-sharing/post-v3-profitsharing-orders.html"
    assert '<a href="../profit-sharing.html">Profit sharing</a>' in operation.read_text("utf-8")


def test_every_product_has_a_name_in_both_languages():
    path = DOCS.parent / "catalogue" / "glossary" / "products" / "wechatpay.yaml"
    names = [(one["title"], one["en"]) for one in yaml.safe_load(path.read_text("utf-8")).values()]
    assert [pair for pair in names if not (pair[0] and pair[1].isascii())] == []
    assert len({zh for zh, _ in names}) == len({en for _, en in names}) == len(names)


@pytest.mark.skipif(not (DOCS.parent / ".git").exists(), reason="a checkout only")
def test_nothing_that_is_made_is_kept():
    """A compiled catalogue in the repository is as new as its source after a checkout, so that it would be used."""
    kept = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=DOCS.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert kept.stdout == ""
