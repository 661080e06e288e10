"""Each place of the page has an address; the history of a trade, the connection, and what is gone, in a real browser."""

import pytest

from taobao_top.sandbox import Sandbox
from tests.browser import choose, until
from tests.taobao_top.sandbox.inspector.test_hostile import EVIL, harmless

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all


def at(page):
    """The address of the page, behind the #."""
    return page.evaluate("location.hash")


def test_back_reload_and_a_colleague_find_each_place(visit, call, sandbox):
    (tid,) = sandbox.trades.add(1, title=EVIL)
    call("taobao.time.get")
    call.seller("taobao.trade.fullinfo.get", fields="tid,status", tid=str(tid))
    sandbox.messages.publish("topic", {"tid": tid, "text": EVIL})
    page = visit()
    assert (at(page), f"app_key={sandbox.account.app_key}" in page.url) == ("#requests", True)
    choose(page, "taobao.time.get")
    page.click("#tab-trades")
    page.fill("[name=tid]", str(tid))
    page.click("#find-form button")
    page.wait_for_selector("#steps li.message:has-text('topic')")
    assert at(page) == f"#trades/{tid}"
    page.click("#object button:has-text('Buyer pays')")
    page.wait_for_selector("#steps li.fact:has-text('paid by the buyer')")
    assert page.is_visible("#object .chip:has-text('¥99.00')")
    harmless(page)
    page.click("#steps li.request a")
    page.wait_for_selector("#requests-details h2:has-text('taobao.trade.fullinfo.get')")
    page.go_back()
    page.wait_for_selector("#steps")
    page.go_back()
    page.wait_for_selector("#orders")
    page.go_forward()
    page.reload()
    page.wait_for_selector("#steps")
    colleague = visit(url=page.url, locale="zh-CN", width=390, height=800)
    colleague.wait_for_selector("#steps li.message:has-text('主题 topic')")
    assert colleague.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colleague.click("#tab-connect")
    colleague.wait_for_selector("#values")
    assert colleague.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert sandbox.account.app_secret not in colleague.content()
    colleague.click("[data-key=copy-app_secret]")
    colleague.wait_for_selector(f"#values:has-text('{sandbox.account.app_secret}')")


def test_what_is_gone_says_so(visit, running):
    for place, said in (("requests/99", "request 99 is not kept"), ("trades/77", "no trade 77 (any more)")):
        page = visit(room=place)
        page.wait_for_selector(f".alert:has-text('{said}')")
    with Sandbox(beside=running) as short:
        page = visit(url=short.inspector_url, room="requests/5")
        page.wait_for_selector(f"#account:has-text('{short.account.app_key}')")
    page.wait_for_selector(f"#notice:has-text('Gone is app_key {short.account.app_key}')")
    until(page, lambda: at(page) == "#requests")


def test_the_clock_and_stale_times_are_shown_as_what_they_are(visit, call, sandbox):
    page = visit(room="faults")
    assert page.inner_text("#clock") == ""
    page.click("[data-key=clock-plusHour]")
    page.wait_for_selector("#clock:has-text('sandbox time')")
    assert sandbox.application.clock.offset == 3600
    call.raw("taobao.time.get", at=sandbox.application.clock() - 3600)
    page.click("#tab-requests")
    choose(page, "isv.invalid-timestamp")
    assert page.is_visible(".chip:has-text('time stale')")
    assert "more than ten minutes off" in page.inner_text("#requests-details .injected")


def test_faults_of_one_trade_and_of_messages_are_made_and_removed(visit, call, sandbox):
    page = visit(room="faults")
    for kind, method, match in (("error", "taobao.*", "num_iid>=5"), ("lost", "notify topic", "tid=4*")):
        page.select_option("#rule-form [name=kind]", kind)
        page.fill("#rule-form [name=method]", method)
        page.fill("#rule-form [name=match]", match)
        page.click("#rule-form button.main")
        page.wait_for_selector(f"#rules tr:has-text('{kind}'):has-text('{match}')")
    asked = {"method": "taobao.item.seller.get", "fields": "title"}
    assert "item" in call(**asked, num_iid="4")
    page.click("#tab-requests")
    choose(page, "made-up answer")
    assert "keeps no state" in page.inner_text("#requests-details .injected")
    assert call.refused(**asked, num_iid="5")["code"] == 50
    sandbox.messages.publish("topic", {"tid": 42})
    page.click("#tab-faults")
    page.wait_for_selector("#fault-rules .soft")
    page.click("[data-key=clock-plusHour]")
    page.wait_for_selector("#clock:has-text('sandbox time')")
    page.click("[data-key=clock-backToNow]")
    until(page, lambda: sandbox.clock.offset == 0.0)
