"""The built site in a real browser, opened from ``file://`` without a network."""

import pytest

from tests.browser import chromium

pytestmark = pytest.mark.xdist_group("site")  # one build of the site for all


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def links_of(page, site, query):
    """Search the site, and return where the results lead."""
    page.goto(f"{(site / 'index.html').as_uri()}")
    page.fill(".sidebar-search", query)
    page.press(".sidebar-search", "Enter")
    page.wait_for_selector("#finder-results li")
    return [link.get_attribute("href") for link in page.query_selector_all("#finder-results a")]


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
def test_words_that_people_use_find_the_right_page_first(page, site, query, expected):
    assert links_of(page, site, query)[0].endswith(expected)


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
    assert page.inner_text("h1") == "创建保险订单"
    labels = [label.inner_text() for label in page.query_selector_all(".op-forms label")]
    assert labels == ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]
    page.click("text=异步属性式")
    (shown,) = [pre.inner_text() for pre in page.query_selector_all(".op-forms pre") if pre.is_visible()]
    assert shown.startswith("client['v3/hire-power-bank/insurance-orders'].post_async(")


def test_the_sidebar_shows_products_not_operations(page, site):
    page.goto((site / "index.html").as_uri())
    links = [link.get_attribute("href") for link in page.query_selector_all(".sidebar-tree a")]
    assert any(link.endswith("refunds.html") for link in links)
    assert len(links) < 150
