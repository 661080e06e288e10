"""The built site, as files."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from taobao_top.catalogue import methods
from wechatpay import catalogue

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


def test_no_page_is_too_large(site):
    sizes = {path.name: path.stat().st_size for path in site.rglob("*.html")}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
    assert len(sizes) > 1_147 + 113


def test_every_operation_and_event_has_a_page_of_its_own(site):
    texts = [path.read_text("utf-8") for path in (site / "reference/wechatpay").rglob("*/*.html")]
    titles = {re.search(r'<p class="op-name"><code>(.*?)</code>', text)[1] for text in texts}
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
        "<h1>创建保险订单</h1>",
        "https://pay.weixin.qq.com/docs/merchant/apis/hire-power-bank-insurance/insurance-orders/create-insurance-order.html",
        f"<th>{'请求参数' if chinese else 'Request parameters'}</th>{rest}",
        f'<td class="d1">out_order_no<b title="{"必填" if chinese else "required"}">*</b></td><td>string</td>',
        *forms,
        f"<th>{'返回字典' if chinese else 'Response dict'}</th>{rest}",
        "order_receive_state",
    ]
    positions = [text.index(piece) for piece in pieces]
    assert positions == sorted(positions)


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
