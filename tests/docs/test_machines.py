"""What programs read of the documentation: llms.txt, Markdown twins, the API as text."""

import re

import pytest

from taobao_top.catalogue import methods
from wechatpay import catalogue

pytestmark = pytest.mark.xdist_group("site")  # one build of the site for all

TWIN = re.compile(r'<p class="as-markdown"><a href="([^"]+)"')


def test_every_page_has_a_markdown_twin_with_its_code(site):
    twins = {path: TWIN.search(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert [path.name for path, twin in twins.items() if twin is None] == ["search.html"]
    assert len(twins) > 1_700
    for path, twin in twins.items():
        if twin is not None:
            first = (path.parent / twin[1]).read_text("utf-8").lstrip().partition("\n")[0]
            assert re.match(r'(<a id="[^"]*"></a>)?(# |$)', first), path
    text = (site / "guide/getting-started.md").read_text("utf-8")
    assert "```python\nfrom http.server import BaseHTTPRequestHandler, HTTPServer" in text
    assert text.splitlines()[0] == {"zh": "# 快速开始", "en": "# Getting started 快速开始"}[site.name]


def test_tables_that_are_made_are_in_the_twins(site):
    pains = (site / "guide/pains.md").read_text("utf-8")
    assert len(re.findall(r"^\| \d+ \|", pains, re.MULTILINE)) == 25
    kept = (site / "rehearsing/index.md").read_text("utf-8")
    assert re.search(r"^\| \[[^]]+\]\(\.\./reference/wechatpay/payments\.md\) \| \d+ \| \d+ \|", kept, re.MULTILINE)
    assert "| `out_trade_no` | 商户订单号 |" in (site / "reference/wechatpay/fields.md").read_text("utf-8")
    group = next((site / "reference/taobao_top").glob("tbtrade*.md"))
    assert "\n## taobao.trade" in group.read_text("utf-8")


def test_pictures_and_links_of_the_twins_lead_somewhere(site):
    for path in site.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#\s]+)", re.sub(r"(?s)```.*?```|`[^`]*`", "", path.read_text("utf-8"))):
            if not link.startswith(("http:", "https:", "mailto:")):
                target = (path.parent / link).resolve()
                assert target.exists() or target.with_suffix(".html").exists(), (path.name, link)


def test_llms_txt_lists_pages_that_exist(whole_site):
    for folder in (whole_site, whole_site / "zh", whole_site / "en"):
        text = (folder / "llms.txt").read_text("utf-8")
        links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)", text, re.MULTILINE)
        assert text.startswith("# wechatpay · taobao-top\n")
        assert len(links) > (1 if folder == whole_site else 35)
        assert [link for link in links if not (folder / link).is_file()] == []


def test_the_api_as_text_has_every_operation_and_method(site):
    text = (site / "api.txt").read_text("utf-8")
    keys = re.findall(r"\[([A-Z]+ \S+)\]$", text, re.MULTILINE)
    assert sorted(keys) == sorted(operation.key for operation in catalogue.operations())
    assert "client.v3.refund.domestic.refunds.post(json*{" in text
    assert re.search(r"^wechatpay\.WeChatPay\(.*mchid", text, re.MULTILINE)
    lines = (site / "api-taobao-top.txt").read_text("utf-8").splitlines()[1:]
    assert [line.partition("(")[0] for line in lines] == list(methods())
