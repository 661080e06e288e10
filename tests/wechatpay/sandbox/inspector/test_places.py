"""Each place of the page has an address; histories, the clock, the connection, and what is gone, in a real browser."""

import json
import re

import pytest

from tests.browser import choose, rows, until
from tests.wechatpay.sandbox.inspector.test_hostile import EVIL, harmless

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all


def at(page):
    """The address of the page, behind the #."""
    return page.evaluate("location.hash")


def test_back_forward_reload_and_a_colleague_find_each_place(visit, sandbox, merchant, receiver):
    merchant.order("T20260101001", 1234, notify_url=receiver.url)
    sandbox.pay("T20260101001")
    assert sandbox.callbacks.wait()
    merchant.send(merchant.request("GET", "/v3/nowhere"))
    page = visit()
    assert at(page) == "#requests"
    choose(page, "POST")
    first = sandbox.journal[0].id
    assert at(page) == f"#requests/{first}"
    entries = page.evaluate("history.length")
    page.fill("#search", "nowhere")  # neither a filter nor the same choice makes an entry
    page.fill("#search", "")
    choose(page, "POST")
    assert page.evaluate("history.length") == entries
    page.click("#tab-money")
    page.click("#orders a:has-text('T20260101001')")
    page.wait_for_selector("#steps")
    assert at(page) == "#money/order/T20260101001"
    page.click("#steps a:has-text('Notified: Transaction')")
    page.wait_for_selector("#callbacks-details h2:has-text('Transaction')")
    assert at(page) == "#callbacks/1"
    page.go_back()
    page.wait_for_selector("#steps")
    assert page.is_visible("#object h2:has-text('T20260101001')")
    page.go_back()
    page.wait_for_selector("#orders")
    assert not page.is_visible("#object")
    page.go_back()
    page.wait_for_selector(f"#requests-details[data-shown='{first}'] h2:has-text('native')")
    page.go_forward()
    page.go_forward()
    page.wait_for_selector("#steps")
    page.reload()
    page.wait_for_selector("#steps")
    page.click("#tab-requests")  # a tab is as it was left, but for a reload
    assert at(page) == "#requests"
    colleague = visit(locale="zh-CN", path=f"_sandbox/#requests/{first}")
    colleague.wait_for_selector("#requests-details h2:has-text('Native下单')")
    colleague.wait_for_selector("#requests-list button[aria-current=true]")
    colleague.click("#tab-callbacks")
    colleague.click("#tab-requests")
    assert at(colleague) == f"#requests/{first}"
    colleague.click("#reset")
    colleague.wait_for_selector("#requests-list.bare")
    assert at(colleague) == "#requests"


GONE = {
    "requests/999": ("request 999 is not kept", "没有请求 999 的记录"),
    "requests/..%2F..%2Faccount": ("request ..", "没有请求 .."),
    "callbacks/77": ("delivery", "没有回调"),
    "money/order/T1": ("there is no order T1 (any more)", "订单 T1 不存在，或已被清空"),
    "money/order/%E0%A4%A": ("(any more)", "或已被清空"),
}


def test_what_is_gone_says_so(visit):
    page = visit(path="_sandbox/#nothing/at?all#x")
    page.wait_for_selector("#notice:has-text('No such page: #nothing/at?all#x')")
    for place, (english, chinese) in GONE.items():
        page.evaluate("place => { location.hash = place; }", place)
        page.wait_for_selector(f".alert:visible:has-text('{english}')")
        page.click("#language")
        page.wait_for_selector(f".alert:visible:has-text('{chinese}')")
        page.click("#language")
        page.wait_for_selector(f".alert:visible:has-text('{english}')")


def test_an_order_is_followed_until_it_expires(visit, sandbox, merchant):
    merchant.order("T20260101001", 1234, time_expire="2999-01-01T00:00:00+08:00")
    page = visit(path="_sandbox/#money/order/T20260101001")
    page.wait_for_selector("#steps li.planned:has-text('payable until')")
    assert "¥12.34" in page.inner_text("#steps li.fact")
    assert page.inner_text("#object .chip:has-text('fen')") == "¥12.34 · 1234 fen"
    assert page.inner_text("#clock") == ""
    page.click("[data-key=until-closes]")
    page.wait_for_selector("#clock:has-text('sandbox time')")
    page.wait_for_selector("#steps li:has-text('closed if nobody pays')", state="detached")
    assert sandbox.clock.offset > 6.9 * 86400
    page.click("summary:has-text('Actions of users')")
    page.select_option("#object [name=action]", "pay")
    assert page.input_value("#object [name=number]") == "T20260101001"
    page.click("#object .action .main")
    page.wait_for_selector("#notice.bad:has-text('cannot be paid'), #notice.good:has-text('Done: pay')")
    page.click("#tab-faults")
    page.click("[data-key=clock-plusDay]")
    until(page, lambda: sandbox.clock.offset > 7.9 * 86400)
    page.click("[data-key=clock-backToNow]")
    until(page, lambda: sandbox.clock.offset == 0)
    page.wait_for_selector("#clock:empty", state="attached")


def test_orders_without_number_come_page_by_page_and_are_found(visit, sandbox, merchant):
    merchant.order("BASE0001", 1234)
    order = sandbox.store.get("order", "BASE0001")
    with sandbox.store.transaction():
        for number in range(60):
            sandbox.store.put("order", f"T{number:07d}", {**order, "out_trade_no": f"T{number:07d}"})
    page = visit(path="_sandbox/#money")
    page.click("#kinds a:has-text('order')")
    page.wait_for_selector("#listed")
    assert len(rows(page, "listed")) == 50
    page.click("[data-key=older]")
    page.wait_for_selector("#listed a:has-text('BASE0001')")
    page.fill("[name=find]", "T0000007")
    page.wait_for_selector("#listed a:has-text('T0000007')")
    until(page, lambda: len(rows(page, "listed")) == 1)
    assert page.evaluate("document.activeElement.name") == "find"
    page.fill("[name=find]", "nothing of that kind")
    page.wait_for_selector("#object:has-text('Nothing yet')")


def test_the_account_is_copied_and_its_secrets_are_shown_on_demand(visit, sandbox):
    page = visit(path="_sandbox/#connect", permissions=["clipboard-read", "clipboard-write"])
    page.wait_for_selector("#values")
    assert sandbox.account.apiv3_key not in page.content()
    page.click("[data-key=copy-mchid]")
    page.wait_for_selector("[data-key=copy-mchid]:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == sandbox.account.mchid
    page.click(".choice:has-text('Java')")
    page.click("[data-key=copy]")
    page.wait_for_selector("[data-key=copy]:has-text('Copied')")
    assert "RSAPublicKeyConfig.Builder" in page.evaluate("navigator.clipboard.readText()")
    page.click("[data-key=copy-apiv3_key]")
    page.wait_for_selector(f"#values:has-text('{sandbox.account.apiv3_key}')")
    assert sandbox.account.secret in page.inner_text("#values")
    assert "PRIVATE KEY" not in page.content()


def test_faults_and_stale_times_are_shown_as_what_they_are(visit, sandbox, merchant):
    sandbox.context.strict = False
    merchant.send(merchant.request("GET", "/v3/certificates", timestamp="1700000000"))
    sandbox.faults.add("error", code="SYSTEM_ERROR", times=1)
    merchant.send(merchant.request("GET", "/v3/certificates"))
    sandbox.faults.add("bad-signature", times=1)
    merchant.order("T20260101001", 1234)
    merchant.send(merchant.request("GET", "/v3/marketing/membercard-open/cards?offset=0&limit=1"))
    page = visit()
    choose(page, "SIGN_ERROR")
    assert page.is_visible(".chip.bad:has-text('time stale')")
    assert page.inner_text("#message-verdict").startswith("The signature is right")
    assert "more than five minutes off" in page.inner_text("#requests-details .injected")
    choose(page, "SYSTEM_ERROR")
    assert page.is_visible("#requests-details .chip.fault:has-text('not checked')")
    assert page.query_selector("#requests-details .chip.bad:has-text('signature')") is None
    choose(page, "bad-signature")
    assert page.get_attribute("#body .yuan", "data-yuan") == "¥12.34"
    assert "¥" not in page.inner_text("#body")  # what is copied is what was sent
    page.click("summary:has-text('Signature of the answer')")
    assert page.inner_text("details .injected") == "Injected fault: bad-signature · a wrong signature on the answer"
    choose(page, "made-up answer")
    assert "keeps no state" in page.inner_text("#requests-details .injected")


def test_histories_full_of_markup_are_text_and_fit_a_telephone(visit, sandbox, merchant, receiver):
    sandbox.context.strict = False
    content = {
        "appid": EVIL,
        "mchid": sandbox.account.mchid,
        "description": EVIL,
        "attach": EVIL,
        "out_trade_no": EVIL,
        "notify_url": f"{receiver.url}?{EVIL}",
        "amount": {"total": 1, "currency": EVIL},
    }
    merchant.send(merchant.request("POST", "/v3/pay/transactions/native", json.dumps(content).encode()))
    sandbox.pay(EVIL)
    sandbox.complain(EVIL, EVIL)
    assert sandbox.callbacks.wait()
    page = visit(locale="zh-CN", width=390, height=800, path="_sandbox/#money")
    page.click("#orders a")
    page.wait_for_selector("#steps li.pending")
    for summary in page.query_selector_all("#object summary"):
        summary.click()
    harmless(page)
    assert "hacked=1" in page.inner_text("#object h2")
    for place in ("#money/complaint", "#money/order", "#connect", "#faults", "#events"):
        page.evaluate("place => { location.hash = place; }", place)
        page.wait_for_selector(f"{re.match('#[a-z]+', place)[0]}:not([hidden])")
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        harmless(page)
    page.go_back()
    page.evaluate("number => { location.hash = `#money/order/${encodeURIComponent(number)}`; }", EVIL)
    page.wait_for_selector("#steps")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_two_pages_and_double_clicks_pay_once(visit, sandbox, merchant):
    merchant.order("T20260101001", 1234)
    one, other = visit(path="_sandbox/#money/order/T20260101001"), visit(path="_sandbox/#money")
    other.wait_for_selector("#orders button")
    one.dblclick("#own button:has-text('Pay')")
    one.wait_for_selector("#object .chip:has-text('SUCCESS')")
    other.wait_for_selector("#orders .chip:has-text('SUCCESS')")
    assert sum(1 for _ in sandbox.store.all("move")) <= 1
    assert sandbox.store.get("order", "T20260101001")["state"] == "SUCCESS"


def test_a_sandbox_that_is_down_is_named_and_found_again(visit, merchant):
    page = visit()
    page.route("**/_sandbox/**", lambda route: route.abort())
    page.wait_for_selector("#live.bad")
    merchant.order("T20260101001")
    page.click("#tab-connect")
    page.wait_for_selector("#notice:has-text('does not answer')")
    page.unroute("**/_sandbox/**")
    page.wait_for_selector("#live.good")
    page.click("#tab-requests")
    page.wait_for_selector("#requests-list li")
    page.route("**/inspector/catalogue", lambda route: route.abort(), times=2)
    page.evaluate("location.reload()")
    page.wait_for_selector("#notice:has-text('does not answer')")
    page.wait_for_selector("#requests-list li")
    assert not page.is_visible("#notice")


def test_faults_of_one_order_and_of_notifications_are_made_and_removed(visit, sandbox, merchant):
    page = visit(path="_sandbox/#faults")
    for kind, operation, match in (("error", "*", "out_trade_no=A*, amount.total>=100"), ("lost", "notify *", "")):
        page.select_option("#rule-form [name=kind]", kind)
        page.fill("#rule-form [name=operation]", operation)
        page.fill("#rule-form [name=match]", match)
        page.click("#rule-form button.main")
        page.wait_for_selector(f"#rules tr:has-text('{kind}'):has-text('{operation}')")
    assert "out_trade_no=A* amount.total>=100" in page.inner_text("#rules tr:has-text('error')")
    assert [merchant.order(number, 100).status for number in ("B1-order", "A1-order")] == [200, 500]
    assert page.is_visible("#faults .soft code:has-text('notify TRANSACTION.SUCCESS')")
    sandbox.pay("B1-order")
    page.wait_for_selector("#rules tr:has-text('lost') td:nth-child(4):has-text('1')")
    page.fill("#rule-form [name=match]", "nonsense")
    page.click("#rule-form button.main")
    page.wait_for_selector("#notice:has-text('write NAME=VALUE')")
    for left in (1, 0):
        page.click("[data-key=remove-0]")
        until(page, lambda left=left: len(sandbox.faults) == left)


def test_the_clock_goes_ahead_and_back_to_now(visit, sandbox):
    page = visit(path="_sandbox/#faults")
    page.click("[data-key=clock-plusDay]")
    page.wait_for_selector("#clock:has-text('sandbox time')")
    page.click("[data-key=clock-backToNow]")
    until(page, lambda: sandbox.clock.offset == 0.0)
    until(page, lambda: page.inner_text("#clock") == "")


def test_wrong_addresses_say_what_is_wrong(visit, sandbox):
    page = visit()
    for place, said in (
        ("callbacks/abc", "delivery abc is not kept"),
        ("money/nokind", "there is no kind nokind"),
        ("money/order/..", "No such page: #money/order/.."),
    ):
        page.evaluate(f"location.hash = '{place}'")
        page.wait_for_selector(f".alert:visible:has-text('{said}')")
    page.evaluate("location.hash = 'money/order'")
    page.wait_for_selector("#object .soft:has-text('Nothing yet')")
    assert page.is_hidden("#notice")
