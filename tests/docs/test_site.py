"""The built site, as files."""

import html
import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from taobao_top.catalogue import methods
from taobao_top.errors import RULES
from wechatpay import catalogue
from wechatpay.describe import described
from wechatpay.describe.front_end import front_end_step
from wechatpay.sandbox import flows

pytestmark = pytest.mark.xdist_group("site")  # one build of the site for all

LARGEST = 300 * 1024


class Page(HTMLParser):
    """The links of a page and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.places.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])


def page_of(site, key):
    """Return the page of an operation, found by its name."""
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", key).strip("-").lower()
    (found,) = (site / "reference/wechatpay").glob(f"*/{name}.html")
    return found


def test_no_page_is_too_large(site):
    sizes = {path.name: path.stat().st_size for path in site.rglob("*.html")}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
    assert len(sizes) > 1_147 + 113


def test_every_operation_and_event_has_a_page_of_its_own(site):
    texts = [path.read_text("utf-8") for path in (site / "reference/wechatpay").rglob("*/*.html")]
    titles = {re.search(r'class="op-name"><code>(.*?)</code>', text)[1] for text in texts}
    expected = {operation.key for operation in catalogue.operations()}
    expected |= {f"{event.version} {event.name}" for event in catalogue.events()}
    assert titles == expected
    assert len(texts) == len(expected)


def test_every_method_of_top_has_a_place(site):
    places = set()
    for path in (site / "reference/taobao_top").glob("*.html"):
        places |= set(re.findall(r'<section id="([^"]+)"><h2>', path.read_text("utf-8")))
    assert set(methods()) <= places


def test_an_operation_is_shown_as_its_document_was(site):
    text = (site / "reference/wechatpay/insurance/post-v3-hire-power-bank-insurance-orders.html").read_text("utf-8")
    chinese = site.name == "zh"
    forms = [f"{when}{how}" for when in ("同步", "异步") for how in ("纯链式", "声明式", "属性式")]
    if not chinese:
        forms = [f"{when}, {how}" for when in ("sync", "async") for how in ("attributes", "chain()", "[…]")]
    rest = "<th>类型</th><th>描述</th>" if chinese else "<th>Type</th><th>Description</th>"
    pieces = [
        "<h1>创建保险订单</h1>"
        if chinese
        else '<h1 class="op-name"><code>POST v3/hire-power-bank/insurance-orders</code></h1>'
        '<p class="op-title" lang="zh-CN">创建保险订单</p>',
        "https://pay.weixin.qq.com/docs/merchant/apis/hire-power-bank-insurance/insurance-orders/create-insurance-order.html",
        f"<th>{'请求参数' if chinese else 'Request parameters'}</th>{rest}",
        f'<td class="d1">out_order_no<b title="{"必填" if chinese else "required"}">*</b></td><td>string</td>',
        *forms,
        f"<th>{'返回字典' if chinese else 'Response dict'}</th>{rest}",
        "order_receive_state",
    ]
    positions = [text.index(piece) for piece in pieces]
    assert positions == sorted(positions)


SECTIONS = {
    "request": lambda found: True,
    "call": lambda found: True,
    "response": lambda found: True,
    "front-end": lambda found: front_end_step(catalogue.operation(found.key)) is not None,
    "notifications": lambda found: found.notifications,
    "errors": lambda found: found.errors,
    "sandbox": lambda found: True,
}


def test_the_page_of_an_operation_has_each_section_that_the_operation_has(site):
    counts = Counter()
    for operation in catalogue.operations():
        found = described(operation.key)
        text = page_of(site, operation.key).read_text("utf-8")
        expected = [name for name, has in SECTIONS.items() if has(found)]
        assert re.findall(r'<h2 id="([^"]+)">', text) == expected, operation.key
        counts.update(expected)
        assert len(re.findall(r"<label for=", text.partition('class="op-forms"')[2].partition("<h2")[0])) in (3, 6)
        codes = {code for each in found.errors for code in each.codes}
        assert codes <= set(re.findall(r"<code>(\w+)</code>", text)), operation.key
        for each in found.notifications:
            version, _, name = each.key.removeprefix("event ").partition(" ")
            assert f'events/event-{version}-{name.lower()}.html"><code>{name}</code></a>' in text, operation.key
    assert counts["front-end"] > 20
    assert counts["notifications"] > 150
    assert counts["errors"] > 1_100


def test_the_page_says_what_the_sandbox_does(site):
    for operation in catalogue.operations():
        text = page_of(site, operation.key).read_text("utf-8").partition('<h2 id="sandbox">')[2]
        kept = operation.key in flows.routes.handlers
        said = ("沙箱保存状态", "生成应答") if site.name == "zh" else ("keeps state", "makes the response up")
        assert (said[0] in text, said[1] in text) == (kept, not kept), operation.key
        assert re.search(r'href="(?:\.\./)+rehearsing/[\w-]+\.html"', text), operation.key


def test_the_sandbox_section_has_states_and_who_acts_next(site):
    text = page_of(site, "POST v3/refund/domestic/refunds").read_text("utf-8").partition('<h2 id="sandbox">')[2]
    assert "sandbox.actions[&#x27;finish_refund&#x27;](number" in text
    assert "rehearsing/refunds.html" in text
    assert "<code>PROCESSING | ABNORMAL</code>" in text
    assert "event-v3-refund.success.html" in text


def test_units_limits_and_marks_stand_in_the_table(site):
    text = page_of(site, "POST v3/pay/transactions/native").read_text("utf-8")
    row = re.search(r">out_trade_no(.*?)</tr>", text)[1]
    assert ("必填" if site.name == "zh" else "required") in row
    assert ("6–32 字节" if site.name == "zh" else "6–32 bytes") in row
    amount = re.search(r">total<b(.*?)</tr>", text)[1]
    assert ("分" if site.name == "zh" else "fen") in amount
    assert ("至少 1" if site.name == "zh" else "at least 1") in amount


def test_the_markdown_of_an_operation_has_what_its_page_has(site):
    for key in ("POST v3/pay/transactions/native", "POST v3/merchant/media/upload", "GET v3/bill/tradebill"):
        path = page_of(site, key)
        text, twin = path.read_text("utf-8"), path.with_suffix(".md").read_text("utf-8")
        found = described(key)
        assert re.findall(r"^## (.*)$", twin, re.MULTILINE) == re.findall(r'<h2 id="[^"]+">(.*?)<a', text)
        codes = [form.code if site.name == "zh" else form.code.en for form in found.forms]
        assert [code for code in codes if f"```python\n{code.rstrip()}\n```" not in twin] == []
        cells = [html.unescape(cell) for cell in re.findall(r"<td>([^<]+)</td>", text)]
        plain = twin.replace("\\|", "|")
        assert [cell for cell in cells if cell not in plain] == []
        assert f'<a href="{path.stem}.md"' in text


def test_the_page_of_an_event_names_the_operations_that_lead_to_it(site):
    text = (site / "reference/wechatpay/events/event-v3-transaction.success.html").read_text("utf-8")
    assert "../payments/post-v3-pay-transactions-native.html" in text
    assert "sandbox.trigger(<i>&#x27;TRANSACTION.SUCCESS&#x27;</i>)" in text.replace("'", "&#x27;")
    without = (site / "reference/wechatpay/events/event-v3-risktrade.identification.html").read_text("utf-8")
    assert 'id="causes"' not in without


def test_titles_are_those_of_the_platform_in_either_language(site):
    """English pages are called by verb and path, with the platform's own title below."""
    text = page_of(site, "POST v3/pay/transactions/native").read_text("utf-8")
    listed = (site / "reference/wechatpay/payments.html").read_text("utf-8")
    if site.name == "zh":
        assert "<title>Native下单" in text
        assert ">Native下单</a>" in listed
    else:
        assert "<title>POST v3/pay/transactions/native" in text
        assert '<p class="op-title" lang="zh-CN">Native下单</p>' in text
        assert '<span lang="zh-CN">Native下单</span>' in listed


def test_a_page_is_marked_in_the_sidebar(site):
    for name, marked in (
        ("guide/errors", "#"),
        ("reference/wechatpay/refunds/post-v3-refund-domestic-refunds", "../../../reference/wechatpay/refunds.html"),
    ):
        text = (site / f"{name}.html").read_text("utf-8")
        assert re.findall(r'<a class="current reference internal" href="([^"]+)"', text) == [marked]


def test_no_page_stands_twice_in_the_sidebar(site):
    text = (site / "guide/errors.html").read_text("utf-8").partition('class="sidebar-tree"')[2].partition("</nav>")[0]
    links = re.findall(r'<a class="reference internal" href="([^"]+)"', text)
    assert len(links) > 100
    assert len(set(links)) == len(links)


def test_the_errors_of_top_and_the_methods_it_keeps_are_listed(site):
    text = (site / "reference/taobao_top/index.html").read_text("utf-8")
    for rule in RULES:
        assert html.escape(rule.chinese if site.name == "zh" else rule.advice) in text
    assert re.search(r'href="[\w-]+\.html#taobao\.trades\.sold\.get"', text)


@pytest.mark.parametrize(
    "name",
    [
        "index",
        "reference/wechatpay/index",
        "reference/wechatpay/refunds",
        "reference/wechatpay/events",
        "reference/wechatpay/refunds/post-v3-refund-domestic-refunds",
        "reference/taobao_top/index",
        "guide/getting-started",
    ],
)
def test_links_lead_somewhere(site, name):
    path = site / f"{name}.html"
    page = Page(path.read_text("utf-8"))
    assert len(page.links) > 50
    for link in page.links:
        if link.startswith(("http:", "https:")):
            continue
        target, _, place = unquote(link).partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.is_file(), link
        if place:
            assert place in Page(found.read_text("utf-8")).places, link


def test_operations_without_a_required_field_are_listed(site):
    text = (site / "reference/wechatpay/index.html").read_text("utf-8")
    assert 'id="where-nothing-is-known-to-be-required"' in text
