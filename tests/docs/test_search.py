"""The built site in a real browser, opened from ``file://`` without a network."""

import pytest

from tests.browser import chromium

pytestmark = pytest.mark.xdist_group("site")  # one build of the site for all


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def finder(browser, site):
    """The page of the search: it searches anew when its words change."""
    opened = browser.new_page()
    faults = []
    opened.on("pageerror", lambda fault: faults.append(fault))
    opened.goto((site / "search.html").as_uri())
    yield opened
    opened.close()
    assert faults == []


def links_of(finder, query):
    """Search the site, and return where the results lead."""
    finder.fill("#finder", query)
    finder.wait_for_selector("#finder-results li")
    assert finder.get_attribute("#finder-results", "data-query") == query
    return finder.eval_on_selector_all("#finder-results a", "links => links.map(link => link.getAttribute('href'))")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("商家转账", "/transfers/post-v3-fund-app-mch-transfer-transfer-bills.html"),
        ("小程序支付", "/payments/post-v3-pay-transactions-jsapi.html"),
        ("扫码支付", "/payments/post-v3-pay-transactions-native.html"),
        ("对账单", "/bills/get-v3-bill-tradebill.html"),
        ("微信付款码接口", "/payments/post-v3-pay-transactions-codepay.html"),
        ("发货", "#taobao.logistics.offline.send"),
        ("电子 面单", "#cainiao.waybill.ii.get"),
    ],
)
def test_words_that_people_use_find_the_right_operation_first(finder, query, expected):
    found = [link for link in links_of(finder, query) if link.startswith("reference/")]
    assert found[0].endswith(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("退款", "rehearsing/refunds.html"),
        ("refund", "rehearsing/refunds.html"),
        ("回调通知", "guide/notifications.html"),
        ("密钥", "guide/keys.html"),
        ("调起支付", "guide/paying.html"),
        ("maybe_sent", "guide/errors.html#when-maybe-sent-is-false"),
        ("国密", "guide/keys.html#sm2-sm3-and-sm4"),
        ("怎么对账", "guide/reconciliation.html"),
        ("错误处理", "guide/errors.html"),
        ("单元测试", "guide/testing.html"),
        ("怎么测试？", "guide/testing.html"),
        ("切换公钥", "guide/keys.html"),
    ],
)
def test_sections_of_the_guide_come_before_operations_each_with_a_snippet(finder, query, expected):
    links = links_of(finder, query)
    at = [link.startswith(expected) for link in links[:3]].index(True)
    assert not [link for link in links[:at] if link.startswith("reference/")]
    shown = finder.query_selector_all("#finder-results li")[at]
    assert len(shown.query_selector("p").inner_text()) > 40


@pytest.mark.parametrize("query", ["分账", "profit sharing"])
def test_a_product_is_found_by_its_name_in_either_language(finder, query):
    assert "reference/wechatpay/profit-sharing.html" in links_of(finder, query)


def test_a_term_of_the_glossary_is_found(finder):
    assert any(link.startswith("reference/glossary.html") for link in links_of(finder, "术语表"))


def test_a_search_goes_on_in_the_other_language(page, site):
    page.goto((site / "search.html").as_uri() + "?q=退款")
    page.click(".language-switch-content")
    page.wait_for_selector("#finder-results li")
    assert f"/{'en' if site.name == 'zh' else 'zh'}/search.html?q=" in page.url
    assert page.input_value("#finder") == "退款"


def test_the_first_page_opens_the_language_of_the_reader(browser, whole_site):
    for locale, folder in (("zh-TW", "zh"), ("en-GB", "en"), ("fr-FR", "zh")):
        context = browser.new_context(locale=locale)
        opened = context.new_page()
        opened.goto((whole_site / "index.html").as_uri())
        opened.wait_for_url(f"**/{folder}/index.html")
        opened.click(".language-switch-content")
        opened.goto((whole_site / "index.html").as_uri())
        opened.wait_for_url(f"**/{'en' if folder == 'zh' else 'zh'}/index.html")
        context.close()


@pytest.fixture
def page(browser):
    opened = browser.new_page()
    faults = []
    opened.on("pageerror", lambda fault: faults.append(fault))
    yield opened
    opened.close()
    assert faults == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("保险订单", "reference/wechatpay/insurance/post-v3-hire-power-bank-insurance-orders.html"),
        ("预签约", "reference/wechatpay/insurance/post-v3-papay-insurance-sign-contracts-pre-entrust-sign-jsapi.html"),
        ("退款", "reference/wechatpay/refunds/post-v3-refund-domestic-refunds.html"),
        (
            "out_trade_no",
            "reference/wechatpay/payments/get-v3-pay-transactions-out-trade-no-out_trade_no.html",
        ),
        ("alibaba.finance.insurance.createorder", "#alibaba.finance.insurance.createorder"),
        ("transaction.success", "reference/wechatpay/events/event-v3-transaction.success.html"),
    ],
)
def test_the_right_page_is_among_the_first_three(page, site, query, expected):
    page.goto(f"{(site / 'index.html').as_uri()}")
    page.fill(".sidebar-search", query)
    page.press(".sidebar-search", "Enter")
    page.wait_for_selector("#finder-results li")
    links = [link.get_attribute("href") for link in page.query_selector_all("#finder-results a")[:3]]
    (right,) = [link for link in links if link.endswith(expected)]
    page.click(f'#finder-results a[href="{right}"]')
    page.wait_for_url(f"**{expected}", wait_until="load")
    assert query.lower() in page.inner_text("article").lower()


def test_the_forms_are_tabs_and_can_be_copied(page, site):
    page.goto((site / "reference/wechatpay/insurance/post-v3-hire-power-bank-insurance-orders.html").as_uri())
    name = "POST v3/hire-power-bank/insurance-orders"
    assert page.inner_text("h1") == ("创建保险订单" if site.name == "zh" else name)
    labels = [label.inner_text() for label in page.query_selector_all(".op-forms label")]
    chinese = ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]
    english = [f"{when}, {how}" for when in ("sync", "async") for how in ("attributes", "chain()", "[…]")]
    assert labels == (chinese if site.name == "zh" else english)
    page.click(f"text={labels[-1]}")
    (shown,) = [pre.inner_text() for pre in page.query_selector_all(".op-forms pre") if pre.is_visible()]
    assert shown.startswith("client['v3/hire-power-bank/insurance-orders'].post_async(")


def test_the_sidebar_shows_products_not_operations(page, site):
    page.goto((site / "index.html").as_uri())
    links = [link.get_attribute("href") for link in page.query_selector_all(".sidebar-tree a")]
    assert any(link.endswith("refunds.html") for link in links)
    assert len(links) < 150
