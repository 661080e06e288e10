"""The page in a real browser, against a real sandbox: every room, every button, both languages."""

import json
import re

import pytest
from attrs import evolve

from tests.browser import choose, held_for_long, rows, until
from wechatpay import catalogue
from wechatpay.sandbox import FORGERIES, KINDS
from wechatpay.sandbox.inspector.page import FILES

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOMS = ("requests", "callbacks", "money", "events", "faults", "connect")


def compact(method, target, timestamp, nonce, body):
    """The five lines with the JSON written anew, as many programs do."""
    text = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n{text}\n".encode()


def wrongly_signed(merchant):
    return merchant.send(merchant.request("POST", "/v3/pay/transactions/native", b'{"appid": "wx1"}', message=compact))


# requests


def test_requests_appear_by_themselves(visit, merchant):
    page = visit()
    assert page.title() == "WeChat Pay sandbox"
    assert page.get_attribute("#requests-list", "data-empty").startswith("No request yet")
    merchant.order()
    page.wait_for_selector("#requests-list li")
    merchant.send(merchant.request("GET", "/v3/certificates"))
    page.wait_for_selector("#requests-list li:nth-child(2)")
    names = [each.inner_text() for each in page.query_selector_all("#requests-list .name")]
    assert names == ["Certificates", "Pay · transactions · native"]
    until(page, lambda: page.inner_text("#count-requests") == "2")


def test_the_parts_stand_side_by_side_with_the_first_difference_marked(visit, merchant):
    wrongly_signed(merchant)
    page = visit()
    choose(page, "SIGN_ERROR")
    assert "written differently" in page.inner_text("#message-verdict")
    found = rows(page, "message-parts")
    assert [row[0] for row in found] == ["method", "URL", "timestamp", "nonce", "body"]
    assert [row[1] == row[2] for row in found] == [True, True, True, True, False]
    marks = [mark.inner_text() for mark in page.query_selector_all("#message-parts mark")]
    assert marks == ["␣", '"']
    assert [row[0] for row in rows(page, "message-header")][:3] == ["scheme", "mchid", "serial_no"]


def test_v2_is_compared_as_well(visit, merchant):
    merchant.v2("/pay/orderquery", {"out_trade_no": "1"}, text=lambda p: merchant.text(p).rpartition("&")[0])
    page = visit()
    choose(page, "SIGNERROR")
    assert "key was left out" in page.inner_text("#message-verdict")
    found = {row[0]: row[1:] for row in rows(page, "message-parts")}
    assert found["key"] == ["key=APIv2 key", "—"]
    assert page.inner_text("#message-parts tr.wrong th") == "key"


def test_a_right_request_is_shown_as_right(visit, merchant):
    merchant.order()
    page = visit()
    choose(page, "POST")
    assert page.inner_text("#message-verdict").startswith("The signature is right")
    assert page.query_selector("#message-parts mark") is None
    assert '"out_trade_no": "T20260101001"' in page.inner_text("#body")
    assert "code_url" in page.inner_text("#answer")
    page.click("summary:has-text('Fields of the operation')")
    assert "notify_url" in page.inner_text("details:has-text('Fields of the operation') table")
    page.click("summary:has-text('Signature of the answer')")
    assert page.inner_text("#answered-verdict").startswith("The signature is right")
    for link in page.query_selector_all("a.official"):
        assert link.get_attribute("href").startswith("https://pay.weixin.qq.com/")
        assert link.get_attribute("rel") == "noopener noreferrer"


def test_encrypted_fields_are_shown_opened(visit, sandbox, merchant):
    from wechatpay import Sensitive

    sandbox.client().v3.profitsharing.receivers.add.post(
        json={
            "appid": sandbox.account.appid,
            "type": "PERSONAL_OPENID",
            "account": "o1",
            "name": Sensitive("张三"),
            "relation_type": "USER",
        }
    )
    page = visit()
    choose(page, "receivers")
    page.click("summary:has-text('Fields of the operation')")
    assert page.inner_text("tr:has(code:text-is('\u2003name')) td:last-child").startswith("Name · encrypted")
    assert "张三" in page.inner_text(".card:has(h3:has-text('Decrypted fields'))")
    merchant.order("paid03")
    sandbox.pay("paid03")
    number = sandbox.complain("paid03")["complaint_id"]
    merchant.send(merchant.request("GET", f"/v3/merchant-service/complaints-v2/{number}"))
    page.wait_for_selector("#requests-list button:has-text('complaints')")
    choose(page, "complaints")
    assert "13800000000" in page.inner_text(".card:has(h3:has-text('Decrypted fields of the answer'))")


def test_a_request_can_be_replayed(visit, sandbox, merchant):
    merchant.order()
    page = visit()
    choose(page, "POST")
    page.click("#replay")
    page.wait_for_selector("#notice.good")
    assert page.inner_text("#notice") == "Replayed; the answer has the status 200"
    assert [entry.verified for entry in sandbox.journal] == [True, True]
    page.wait_for_selector("#requests-list li:first-child button[aria-current=true]")
    page.wait_for_selector("#requests-list li:nth-child(2)")


def test_the_six_forms_can_be_copied(visit, merchant):
    merchant.order()
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    choose(page, "POST")
    buttons = page.query_selector_all(".choice")
    labels = [each.inner_text() for each in buttons]
    assert labels[0] == "sync · attributes"
    codes = set()
    for each in buttons:
        each.click()
        assert each.get_attribute("aria-pressed") == "true"
        page.click("[data-key=copy]")
        page.wait_for_selector("[data-key=copy]:has-text('Copied')")
        code = page.evaluate("navigator.clipboard.readText()")
        compile(code, "copied", "exec")
        assert code == page.text_content("#python")
        codes.add(code)
    assert (len(labels), len(codes)) == (6, 6)


def test_where_the_clipboard_is_closed_the_code_is_selected(visit, merchant):
    merchant.order()
    page = visit()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    choose(page, "POST")
    page.click("[data-key=copy]")
    page.wait_for_selector("[data-key=copy]:has-text('Copied')")
    assert page.evaluate("getSelection().toString()").strip() == page.inner_text("#python").strip()


def test_an_end_that_is_missing_is_marked_as_well(visit, merchant):
    sent = merchant.request(
        "POST",
        "/v3/pay/transactions/native",
        b"{}",
        message=lambda m, u, t, n, b: f"{m}\n{u}\n{t}\n{n}\n{{}}".encode(),
    )
    merchant.send(sent)
    page = visit()
    choose(page, "SIGN_ERROR")
    assert [mark.inner_text() for mark in page.query_selector_all("#message-parts mark")] == ["↵\n", "∅"]


def test_long_content_is_marked_as_cut(visit, merchant):
    merchant.send(merchant.request("POST", "/v3/pay/transactions/native", b'{"a": "' + b"x" * 20_000, signature="x"))
    page = visit()
    choose(page, "SIGN_ERROR")
    assert page.is_visible("h3:has-text('too long: its beginning only')")
    page.click("#replay")
    page.wait_for_selector("#notice.bad:has-text('too long to be kept')")


def test_the_certificate_of_the_connection_is_named(visit, sandbox, merchant):
    merchant.order()
    sandbox.journal[-1].request = evolve(sandbox.journal[-1].request, certificate=sandbox.account.serial)
    page = visit()
    choose(page, "POST")
    assert sandbox.account.serial[:8] in page.inner_text(".chip:has-text('client certificate')")


def test_the_keyboard_skips_what_is_sifted_out(visit, merchant):
    for target in ("/v3/certificates", "/v3/nowhere", "/v3/certificates"):
        merchant.send(merchant.request("GET", target))
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(3)")
    page.fill("#search", "certificates")
    page.focus("#requests-list li:nth-child(1) button")
    page.keyboard.press("ArrowDown")
    last = page.get_attribute("#requests-list li:nth-child(3) button", "data-key")
    assert page.evaluate("document.activeElement.dataset.key") == last


def test_the_list_can_be_sifted(visit, merchant):
    merchant.order()
    merchant.send(merchant.request("GET", "/v3/certificates"))
    merchant.send(merchant.request("GET", "/v3/nowhere"))
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(3)")

    def shown():
        return [each.inner_text() for each in page.query_selector_all("#requests-list .name") if each.is_visible()]

    page.fill("#search", "certif")
    assert shown() == ["Certificates"]
    page.fill("#search", "not_found")
    assert shown() == ["Unknown operation"]
    page.fill("#search", "")
    page.check("#only")
    assert shown() == ["Unknown operation"]
    page.fill("#search", "certif")
    assert shown() == []
    assert "bare" in page.get_attribute("#requests-list", "class")


def test_what_the_journal_forgot_leaves_the_list(visit, sandbox, merchant):
    merchant.order()
    page = visit()
    choose(page, "POST")
    page.click("#reset")
    page.wait_for_selector("#requests-list.bare")
    assert len(sandbox.journal) == 0
    assert "Choose one" in page.inner_text("#requests-details")
    until(page, lambda: page.inner_text("#count-requests") == "")


# callbacks and events


def fire(page, room_url, **settings):
    page.click("#tab-events")
    for name, value in settings.items():
        field = page.locator(f"#events [name={name}]")
        if name in ("event", "forgery"):
            field.select_option(value)
        elif name == "concurrent":
            field.check()
        else:
            field.fill(value)
    page.fill("#events [name=to]", room_url)
    page.click("#events button.main")


def test_an_event_is_fired_and_shown_opened(visit, sandbox, receiver):
    page = visit()
    fire(page, receiver.url, content='{"amount.total": 77}')
    page.wait_for_selector("#notice.good")
    assert page.inner_text("#notice") == "Sent: TRANSACTION.SUCCESS"
    assert sandbox.callbacks.wait()
    page.wait_for_selector("#callbacks-list .chip:has-text('accepted')")
    page.wait_for_selector("#callbacks-details .chip:has-text('accepted')")  # kept up to date while it is open
    assert '"total": 77' in page.inner_text("#opened")
    assert page.inner_text("#attempt-0-verdict").startswith("The signature is right")
    page.click("#redeliver")
    until(page, lambda: len(receiver.received) == 2)
    page.wait_for_selector("#callbacks-list li:nth-child(2)")


def test_all_113_events_are_there_and_have_an_example(visit, sandbox):
    page = visit()
    page.click("#tab-events")
    options = page.query_selector_all("#events [name=event] option")
    assert len(options) == len(list(catalogue.events())) == 113
    page.fill("#events [name=filter]", "refund-processed")
    assert len(page.query_selector_all("#events [name=event] option")) == 1
    page.click("[data-key=fill]")
    until(page, lambda: "out_refund_no" in page.input_value("#events [name=content]"))
    page.fill("#events [name=to]", "http://elsewhere.example/")
    page.click("#events button.main")
    page.wait_for_selector("#callbacks-details h2")
    assert [each.notice.event_type for each in sandbox.callbacks] == ["refund-processed"]
    assert "not sent" in page.inner_text("#callbacks-list .chip")
    page.click("#tab-events")
    page.fill("#events [name=filter]", "coupon")
    assert len(page.query_selector_all("#events [name=event] option")) > 1


def test_a_forgery_shows_where_it_was_altered(visit, sandbox, receiver):
    page = visit()
    fire(page, receiver.url, forgery="body", duplicates="1", concurrent="on")
    page.wait_for_selector("#callbacks-details h2")
    assert sandbox.callbacks.wait()
    page.wait_for_selector("#callbacks-list .trouble:has-text('hole')")
    choose(page, "hole", "callbacks")
    page.wait_for_selector("#callbacks-details .alert")
    assert page.text_content("#attempt-0-parts thead") == "PartAs it arrivedAs it was signed"
    found = rows(page, "attempt-0-parts") + rows(page, "attempt-1-parts")
    assert {row[0] for row in found if row[1] != row[2]} == {"body"}


def test_a_difference_deep_in_a_text_is_in_sight(visit, merchant):
    body = '{"appid":"' + "x" * 4000 + '","mchid": "1"}'
    merchant.send(merchant.request("POST", "/v3/pay/transactions/native", body.encode(), message=compact))
    page = visit()
    choose(page, "SIGN_ERROR")
    places = page.evaluate(
        """() => [...document.querySelectorAll('#message-parts mark')].map((mark) => {
          const [inner, outer] = [mark.getBoundingClientRect(), mark.closest('pre').getBoundingClientRect()];
          return [mark.closest('pre').scrollHeight > mark.closest('pre').clientHeight,
                  inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1]; })"""
    )
    assert places == [[True, True], [True, True]]


def test_content_that_is_not_an_object_is_not_sent(visit, sandbox, receiver):
    page = visit()
    for content in ("[1]", "{", "7", "null"):
        fire(page, receiver.url, content=content)
        page.wait_for_selector("#notice.bad:has-text('no JSON object')")
    assert len(sandbox.callbacks) == 0
    page.fill("#events [name=filter]", "nothing of that kind")
    page.click("#events button.main")
    page.wait_for_selector("#notice.bad:has-text('No event is chosen')")
    page.fill("#events [name=filter]", "")
    assert page.input_value("#events [name=event]") != ""


def test_an_unreachable_merchant_is_reported(visit, sandbox):
    sandbox.callbacks.scale = 1000.0
    try:
        page = visit()
        fire(page, "http://127.0.0.1:9/")
        page.wait_for_selector("#callbacks-list .chip:has-text('waiting')")
        until(page, lambda: len(sandbox.callbacks[0].attempts) == 1)
        choose(page, "Transaction", "callbacks")
        page.wait_for_selector("#callbacks-details .chip:has-text('next attempt')")
        assert "Connection" in page.inner_text("#callbacks-details details summary")
    finally:
        sandbox.callbacks.scale = 0.0
        sandbox.callbacks.clear()


# money


def test_an_order_is_paid_refunded_and_disputed(visit, sandbox, merchant, receiver):
    merchant.order("shop01", 1000, notify_url=receiver.url)
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders")
    assert rows(page, "orders")[0][:4] == ["shop01", "一杯咖啡 / coffee", "¥10.00", "NATIVE NOTPAY not paid"]
    page.click("#orders button:has-text('Pay')")
    page.wait_for_selector("#orders .chip:has-text('SUCCESS')")
    until(page, lambda: len(receiver.received) == 1)
    page.fill("#orders input", "250")
    page.click("#orders button:has-text('Refund')")
    page.wait_for_selector("#refunds")
    assert rows(page, "refunds")[0][1:4] == ["shop01", "¥2.50", "PROCESSING on its way"]
    page.click("#refunds button:has-text('abnormal')")
    page.wait_for_selector("#refunds .chip:has-text('ABNORMAL')")
    page.click("#refunds button:has-text('arrives')")
    page.wait_for_selector("#refunds .chip:has-text('SUCCESS')")
    assert rows(page, "orders")[0][2] == "¥10.00 − ¥2.50"
    page.click("#orders button:has-text('Dispute')")
    page.wait_for_selector("#complaints")
    assert rows(page, "complaints")[0][1:4] == ["shop01", "It never arrived", "PENDING open"]
    assert [entry.operation for entry in sandbox.journal][-1] == "POST v3/refund/domestic/refunds"
    assert ["complaint", "1"] in rows(page, "kinds")


def test_orders_of_v2_have_the_same_buttons(visit, sandbox, merchant):
    sandbox.context.strict = False
    merchant.v2("/pay/unifiedorder", {"body": "tea", "out_trade_no": "tea001", "total_fee": "500", "trade_type": "APP"})
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders")
    assert rows(page, "orders")[0][:4] == ["tea001", "tea", "¥5.00", "APP NOTPAY not paid"]
    page.click("#orders button:has-text('Pay')")
    page.wait_for_selector("#orders .chip:has-text('SUCCESS')")
    page.click("#orders button:has-text('Refund')")
    page.wait_for_selector("#refunds .chip:has-text('PROCESSING')")


def test_a_combined_order_is_paid_as_one(visit, sandbox, merchant):
    sandbox.context.strict = False
    parts = [
        {"mchid": sandbox.account.mchid, "out_trade_no": f"part0{n}", "amount": {"total_amount": n, "currency": "CNY"}}
        for n in (1, 2)
    ]
    content = {
        "combine_appid": sandbox.account.appid,
        "combine_mchid": sandbox.account.mchid,
        "combine_out_trade_no": "whole1",
        "sub_orders": parts,
    }
    target = "/v3/combine-transactions/native"
    assert merchant.send(merchant.request("POST", target, json.dumps(content).encode())).status == 200
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders tr:nth-child(2)")
    page.click("#orders button:has-text('Pay')")
    page.wait_for_selector("#orders tr:nth-child(2) .chip:has-text('SUCCESS')")
    assert [row[3] for row in rows(page, "orders")] == ["NATIVE SUCCESS done"] * 2


def test_a_refused_refund_leads_to_its_request(visit, sandbox, merchant):
    merchant.order("shop02", 1000)
    sandbox.pay("shop02")
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders")
    sandbox.faults.add("error", code="NOT_ENOUGH", times=1)
    page.click("#orders button:has-text('Refund')")
    page.wait_for_selector("#requests-details #reason")
    assert "NOT_ENOUGH" in page.inner_text("#reason")


def test_impossible_actions_are_reported(visit, sandbox, merchant):
    merchant.order("shop03")
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders")
    page.evaluate("window.pay = document.querySelector('#orders button')")
    sandbox.pay("shop03")
    page.evaluate("window.pay.click()")  # as it stood a moment ago
    page.wait_for_selector("#notice.bad")
    assert page.inner_text("#notice") == "the order shop03 cannot be paid, it is SUCCESS"


@pytest.mark.parametrize(
    ("locale", "family", "label", "words"),
    [
        ("en-GB", "Refunds", "finish_refund · End a refund as SUCCESS, CLOSED or ABNORMAL", "the state it ends in"),
        ("zh-CN", "退款", "finish_refund · 结束退款", "最终状态"),
    ],
)
def test_actions_stand_by_family_with_the_values_of_their_parameters(visit, sandbox, locale, family, label, words):
    page = visit(locale, path="_sandbox/#money")
    page.wait_for_selector("#act select", state="attached")
    page.evaluate("document.querySelectorAll('#act details').forEach((each) => { each.open = true; })")
    assert page.inner_text(f"#act optgroup[label='{family}'] option").strip() == label
    page.select_option("#act select", "finish_refund")
    assert words in page.inner_text("#act label:has(input[name=status])")
    values = [each.get_attribute("value") for each in page.query_selector_all("#act datalist option")]
    assert values == ["SUCCESS", "CLOSED", "ABNORMAL"]


def test_a_kind_of_an_owner_has_its_name_and_a_state_its_own(visit, sandbox):
    sandbox.actions["deposit"]("100", "BASIC", "1900000109")
    sandbox.actions["open_parking"]("粤B888888")
    page = visit("zh-CN", path="_sandbox/#money")
    page.wait_for_selector("#kinds")
    kinds = [row[0] for row in rows(page, "kinds")]
    assert {"基本账户流水 1900000109", "停车服务"} <= set(kinds)
    page.click("#kinds a:has-text('停车服务')")
    page.wait_for_selector("#object .chip:has-text('NORMAL 正常')")


def test_the_bills_add_up(visit, sandbox, merchant):
    for number, total in (("bill01", 1000), ("bill02", 234)):
        merchant.order(number, total)
        sandbox.pay(number)
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders")
    page.click("#show-bill")
    page.wait_for_selector("#bill-totals")
    assert [row[6] for row in rows(page, "bill-rows")] == ["bill01", "bill02"]
    assert rows(page, "bill-totals")[0][:2] == ["2", "12.34"]
    page.select_option("#bill-form select", "funds")
    page.click("#show-bill")
    page.wait_for_selector("#bill-totals td:has-text('12.34')")
    page.fill("#bill-form input", "2020-01-01")
    page.click("#show-bill")
    page.wait_for_selector("#bill:has-text('Nothing happened')")


def test_what_else_users_do_has_buttons(visit, sandbox, merchant):
    sandbox.context.strict = False
    account = sandbox.account
    posts = {
        "/v3/fund-app/mch-transfer/transfer-bills": {"out_bill_no": "bill1", "transfer_amount": 5, "openid": "o"},
        "/v3/payscore/serviceorder": {"out_order_no": "serv1", "service_id": "1"},
        "/v3/hire-power-bank/insurance-orders": {"out_order_no": "insu1", "openid": "o", "service_id": "s"},
        "/v3/papay/insurance-sign/contracts/pre-entrust-sign/app": {"out_contract_code": "cont1", "plan_id": 1},
        "/v3/papay/sign/contracts/pre-entrust-sign": {"out_contract_code": "dedu1", "plan_id": 1},
        "/v3/fund-app/mch-transfer/user-confirm-authorization": {"out_authorization_no": "auth1", "openid": "o"},
    }
    for target, content in posts.items():
        entry = merchant.send(
            merchant.request("POST", target, json.dumps({"appid": account.appid, **content}).encode())
        )
        assert entry.status < 300, entry.message
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#transfers")
    page.click("#transfers button:has-text('fails')")
    page.wait_for_selector("#transfers .chip:has-text('FAIL')")
    page.click("#services button:has-text('confirms')")
    page.wait_for_selector("#services .chip:has-text('DOING')")
    page.click("#contracts button:has-text('signs')")
    page.wait_for_selector("#contracts .chip:has-text('SIGNED')")
    page.click("#contracts button:has-text('Terminate')")
    page.wait_for_selector("#contracts .chip:has-text('TERMINATED')")
    page.click("#deductions button:has-text('signs')")
    page.wait_for_selector("#deductions .chip:has-text('SIGNED')")
    page.click("#deductions button:has-text('Terminate')")
    page.wait_for_selector("#deductions .chip:has-text('TERMINATED')")
    page.click("#authorizations button:has-text('allows')")
    page.wait_for_selector("#authorizations .chip:has-text('TAKING_EFFECT')")
    page.click("#authorizations button:has-text('forbids')")
    page.wait_for_selector("#authorizations .chip:has-text('CLOSED')")
    page.fill("#insurances input", "USED")
    page.click("#insurances button")
    page.wait_for_selector("#insurances .chip:has-text('USED')")


def test_the_money_keeps_up_with_what_happens(visit, sandbox, merchant):
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#money:has-text('Nothing yet')")
    merchant.order("late01", 100)
    page.wait_for_selector("#orders")
    sandbox.pay("late01")
    merchant.order("late02", 100)
    page.wait_for_selector("#orders tr:nth-child(2)")
    page.wait_for_selector("#orders .chip:has-text('SUCCESS')")
    page.focus("#orders input")
    page.keyboard.press("End")
    page.keyboard.type("7")
    merchant.order("late03", 100)
    page.wait_for_selector("#orders tr:nth-child(3)")
    assert page.input_value("#orders input") == "1007"
    assert page.evaluate("document.activeElement.dataset.key") == "amount-late01"
    page.focus("#show-bill")
    sandbox.complain("late01")
    page.wait_for_selector("#complaints")
    assert page.input_value("#orders input") == "1007"


def refund(sandbox, merchant, number, refund, total):
    """Refund by the API while the page is open."""
    content = {"out_trade_no": number, "out_refund_no": f"{number}-{refund}", "reason": "cold"}
    content["amount"] = {"refund": refund, "total": total, "currency": "CNY"}
    sent = merchant.request("POST", "/v3/refund/domestic/refunds", json.dumps(content).encode())
    assert merchant.send(sent).status == 200


def test_what_is_typed_outlives_an_answer_that_was_on_its_way(visit, sandbox, merchant):
    merchant.order("race01", 1000)
    sandbox.pay("race01")
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders input")
    held = []
    page.route("**/inspector/money", lambda route: held.append(route), times=1)
    refund(sandbox, merchant, "race01", 100, 1000)
    until(page, lambda: held)
    page.fill("#orders input", "250")
    page.focus("#show-bill")  # the amount is typed, the button not pressed yet
    held[0].continue_()
    page.wait_for_selector("#refunds")
    page.wait_for_selector("#orders td:has-text('¥10.00 − ¥1.00')")
    assert page.input_value("#orders input") == "250"
    page.click("#orders button:has-text('Refund')")
    page.wait_for_selector("#refunds tr:nth-child(2)")
    assert sorted(row[2] for row in rows(page, "refunds")) == ["¥1.00", "¥2.50"]
    page.wait_for_selector("#orders td:has-text('¥10.00 − ¥3.50')")
    assert page.input_value("#orders input") == "650"  # what is left is offered anew


def test_a_button_stays_while_it_is_pressed(visit, sandbox, merchant):
    merchant.order("press1", 1000)
    sandbox.pay("press1")
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#orders input")
    box = page.locator("#orders button:has-text('Refund')").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held_for_long(page)
    asked = []
    page.route("**/inspector/changes*", lambda route: asked.append(route))
    until(page, lambda: asked)
    refund(sandbox, merchant, "press1", 100, 1000)
    page.mouse.down()
    with page.expect_response("**/inspector/changes*"):
        asked[0].continue_()
    page.unroute("**/inspector/changes*")
    page.wait_for_timeout(300)
    page.mouse.up()
    page.wait_for_selector("#requests-details #reason")  # 10.00 were asked for, 9.00 are left
    assert sandbox.journal[-1].operation == "POST v3/refund/domestic/refunds"
    page.click("#tab-money")
    page.wait_for_selector("#orders td:has-text('¥10.00 − ¥1.00')")


def test_a_key_that_is_pressed_counts_as_well(visit, sandbox, merchant):
    merchant.order("press2", 1000)
    page = visit(path="_sandbox/#faults")
    page.focus("[data-key=switch-latency]")
    held_for_long(page)
    page.keyboard.down(" ")
    sandbox.faults.add("latency", seconds=0.0, times=1)
    page.wait_for_timeout(1200)
    assert page.get_attribute("[data-key=switch-latency]", "aria-checked") == "false"
    page.keyboard.up(" ")
    page.wait_for_selector("[data-key=switch-latency][aria-checked=true]")
    until(page, lambda: len(sandbox.faults) == 2)


def test_the_money_is_asked_for_again_when_an_answer_is_lost(visit, sandbox, merchant):
    page = visit(path="_sandbox/#money")
    page.wait_for_selector("#money:has-text('Nothing yet')")
    lost = []

    def lose(route):
        lost.append(route)
        route.abort()

    page.route("**/inspector/money", lose, times=1)
    merchant.order("lost01", 100)
    until(page, lambda: lost)
    page.wait_for_selector("#orders")


# faults


def test_every_kind_is_switched_on_and_off(visit, sandbox):
    page = visit(path="_sandbox/#faults")
    page.wait_for_selector("#fault-switches button")
    for kind in KINDS:
        switch = f"#fault-switches [data-key=switch-{kind}]"
        assert page.get_attribute(switch, "aria-checked") == "false"
        page.click(switch)
        page.wait_for_selector(f"{switch}[aria-checked=true]")
        assert [rule["kind"] for rule in sandbox.faults.as_json()] == [kind]
        page.click(switch)
        page.wait_for_selector(f"{switch}[aria-checked=false]")
        assert len(sandbox.faults) == 0


def test_a_rule_is_added_strikes_and_is_removed(visit, sandbox, merchant):
    page = visit(path="_sandbox/#faults")
    page.wait_for_selector("#rule-form")
    page.select_option("#rule-form [name=kind]", "error")
    assert page.is_visible("#rule-form [name=code]")
    page.fill("#rule-form [name=operation]", "POST v3/pay/*")
    page.fill("#rule-form [name=code]", "NOT_ENOUGH")
    page.fill("#rule-form [name=message]", "no money")
    page.fill("#rule-form [name=times]", "1")
    page.fill("#rule-form [name=after]", "1")
    page.check("#rule-form [name=executed]")
    page.click("#rule-form button")
    page.wait_for_selector("#rules")
    (rule,) = sandbox.faults.as_json()
    assert (rule["operation"], rule["code"], rule["message"], rule["executed"]) == (
        "POST v3/pay/*",
        "NOT_ENOUGH",
        "no money",
        True,
    )
    merchant.order("fault01")
    assert merchant.order("fault02").code == "NOT_ENOUGH"
    page.wait_for_selector("#rules:has-text('used up')")
    assert page.get_attribute("[data-key=switch-error]", "aria-checked") == "false"
    page.select_option("#rule-form [name=kind]", "latency")
    assert not page.is_visible("#rule-form [name=code]")
    page.fill("#rule-form [name=seconds]", "0.1")
    page.fill("#rule-form [name=times]", "")
    page.fill("#rule-form [name=operation]", "")
    page.click("#rule-form button")
    page.wait_for_selector("#rules tr:nth-child(2)")
    assert rows(page, "rules")[1][:3] == ["latency · 0.1 s", "*", "∞"]
    page.click("[data-key=remove-0]")
    page.wait_for_selector("#rules tr:nth-child(2)", state="detached")
    page.click("#clear-rules")
    page.wait_for_selector("#fault-rules:has-text('Nothing yet')")
    assert len(sandbox.faults) == 0


def test_the_rule_that_was_seen_is_the_one_that_goes(visit, sandbox):
    for code in ("NOT_ENOUGH", "NO_AUTH", "SYSTEM_ERROR"):
        sandbox.faults.add("error", code=code)
    page = visit(path="_sandbox/#faults")
    page.wait_for_selector("#rules tbody tr:nth-child(3)")
    page.route("**/inspector/changes*", lambda route: None)  # the page has not heard of it yet
    sandbox.faults.remove(0)
    page.click("[data-key=remove-1]")
    until(page, lambda: len(sandbox.faults) == 1)
    assert [rule["code"] for rule in sandbox.faults.as_json()] == ["SYSTEM_ERROR"]
    page.wait_for_selector("#rules tbody tr:nth-child(2)", state="detached")
    sandbox.faults.clear()
    page.click("[data-key=remove-0]")
    page.wait_for_selector("#notice.bad:has-text('removed or used up')")


def test_a_fault_is_shown_at_its_request(visit, sandbox, merchant):
    page = visit(path="_sandbox/#faults")
    page.click("[data-key=switch-bad-signature]")
    page.wait_for_selector("[data-key=switch-bad-signature][aria-checked=true]")
    merchant.order()
    page.wait_for_selector("[data-key=switch-bad-signature] .chip:has-text('1')")
    page.click("#tab-requests")
    choose(page, "bad-signature")
    page.click("summary:has-text('Signature of the answer')")
    assert "the message is another one" in page.inner_text("#answered-verdict")


def test_the_host_goes_down_and_comes_back_from_the_backup_page(visit, sandbox):
    page = visit(path="_sandbox/#faults")
    page.click("#host-rotate")
    page.wait_for_selector("#notice.good:has-text('Serial')")
    assert sandbox.account.certificate_serial in page.inner_text("#notice")
    page.click("#host-down")
    page.wait_for_selector("#live.bad")
    assert page.get_attribute("#live a", "href") == f"{sandbox.backup_url}_sandbox/"
    page.click("#live a")
    page.wait_for_selector("#live.good")
    page.click("#tab-faults")
    page.click("#host-up")
    other = visit()
    other.wait_for_selector("#live.good")


def test_another_sandbox_at_the_address_is_loaded_anew(visit, sandbox, merchant):
    merchant.order()
    page = visit()
    page.wait_for_selector("#requests-list li")
    page.evaluate("window.old = true")
    with page.expect_navigation():
        sandbox._inspector._run = "another"
    assert page.evaluate("window.old") is None


# languages, keys, sizes


def test_what_is_typed_stays_in_another_language(visit, sandbox, merchant):
    merchant.order("typed01", 1000)
    sandbox.pay("typed01")
    page = visit(path="_sandbox/#money")
    page.fill("#orders input", "70")
    page.fill("[name=day]", "2026-01-02")
    page.select_option("#bill-form [name=kind]", "funds")
    page.click("#show-bill")
    page.wait_for_selector("#bill:has-text('Nothing happened')")
    page.click("#tab-events")
    page.fill("#events [name=filter]", "REFUND")
    page.select_option("#events [name=event]", label="Refund · abnormal · REFUND.ABNORMAL · v3")
    page.select_option("#events [name=forgery]", "stale")
    page.fill("#events [name=to]", "http://127.0.0.1:8/x")
    page.fill("#events [name=content]", '{"half": ')
    page.fill("#events [name=duplicates]", "2")
    page.check("#events [name=concurrent]")
    found = page.locator("#events [name=event] option").count()
    assert 1 < found < 113
    page.click("#tab-faults")
    page.select_option("#rule-form [name=kind]", "throttle")
    page.fill("#rule-form [name=operation]", "GET v3/*")
    page.fill("#rule-form [name=code]", "RULE_LIMIT")
    page.click("#language")
    page.wait_for_selector("#rule-form button:has-text('添加')")
    given = {
        name: page.input_value(f"#rule-form [name={name}]") for name in ("kind", "operation", "code", "times", "after")
    }
    assert given == {"kind": "throttle", "operation": "GET v3/*", "code": "RULE_LIMIT", "times": "", "after": "0"}
    assert page.is_visible("#rule-form [name=seconds]")
    assert not page.is_visible("#rule-form [name=message]")
    page.click("#tab-events")
    assert page.locator("#events [name=event] option").count() == found
    assert "REFUND.ABNORMAL" in page.evaluate(
        "document.querySelector('#events [name=event]').selectedOptions[0].textContent"
    )
    given = {
        name: page.input_value(f"#events [name={name}]")
        for name in ("filter", "to", "content", "forgery", "duplicates")
    }
    assert given == {
        "filter": "REFUND", "to": "http://127.0.0.1:8/x", "content": '{"half": ', "forgery": "stale", "duplicates": "2",
    }  # fmt: skip
    assert page.is_checked("#events [name=concurrent]")
    page.click("#tab-money")
    page.wait_for_selector("#orders button:has-text('退款')")
    assert page.inner_text("#orders th:nth-child(3)") == "金额"
    assert page.inner_text("#money h2") == "订单"
    assert page.input_value("#orders input") == "70"
    assert (page.input_value("[name=day]"), page.input_value("#bill-form [name=kind]")) == ("2026-01-02", "funds")
    page.wait_for_selector("#bill:has-text('没有发生任何交易')")
    page.fill("[name=day]", sandbox.context.day())
    page.click("#show-bill")
    page.wait_for_selector("#bill-rows")
    page.click("#language")
    page.wait_for_selector("#orders button:has-text('Refund')")
    assert page.is_visible("#bill-rows")
    page.click("#reset")
    page.wait_for_selector("#bill-rows", state="detached")


def test_both_languages_say_everything(visit, sandbox, merchant, receiver):
    wrongly_signed(merchant)
    merchant.order("both01", 100)
    sandbox.pay("both01")
    sandbox.trigger("REFUND.SUCCESS", receiver.url)
    page = visit(locale="zh-CN")
    assert page.title() == "微信支付沙箱"
    assert page.get_attribute("html", "lang") == "zh-CN"
    choose(page, "SIGN_ERROR")
    assert page.inner_text("#requests-details h2") == "Native下单"
    assert "签名的 JSON 与发送的写法不同" in page.inner_text("#message-verdict")
    assert [row[0] for row in rows(page, "message-parts")] == ["方法", "路径与参数", "时间戳", "随机串", "报文"]
    assert page.inner_text(".choice") == "同步纯链式"
    for kind in KINDS:
        assert CHINESE.search(page.text_content(f"[data-key=switch-{kind}]"))
        assert CHINESE.search(page.text_content(f"#rule-form option[value={kind}]"))
    for forgery in FORGERIES:
        assert CHINESE.search(page.text_content(f"#events option[value={forgery}]"))
    page.click("#tab-money")
    page.wait_for_selector("#orders")
    assert rows(page, "orders")[0][3] == "NATIVE SUCCESS 成功"
    page.click("#language")
    page.wait_for_selector("#requests-details h2:has-text('Pay · transactions · native')", state="attached")
    assert (page.title(), page.get_attribute("html", "lang")) == ("WeChat Pay sandbox", "en")
    page.wait_for_selector("#orders .chip:has-text('done')")
    for room in ROOMS:
        page.click(f"#tab-{room}")
        if room == "callbacks":
            choose(page, "Refund", "callbacks")
            assert page.inner_text("#callbacks-details h2") == "Refund · success"
    words = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((each) => !each.closest('[lang=zh], pre, #language, noscript')
          && !each.closest('.card table td:last-child'))
          .flatMap((each) => [...each.childNodes]).filter((each) => each.nodeType === 3).map((each) => each.textContent)"""
    )
    assert [word for word in words if CHINESE.search(word) and "咖啡" not in word] == []
    page.reload()
    page.wait_for_selector("#live.good")
    assert page.title() == "WeChat Pay sandbox"


def test_both_languages_have_the_same_words(visit):
    page = visit()
    words = page.evaluate(
        """async (files) => {
          const { toggleLanguage, say } = await import('/_sandbox/inspector/i18n.js');
          const used = [];
          for (const file of files) {
            const answer = await fetch(`/_sandbox/inspector/${file}`);
            if (!answer.ok) throw new Error(file);
            const text = await answer.text();
            used.push(...[...text.matchAll(/(?:say|labelled)\\('([a-zA-Z]+)'/g)].map((found) => found[1]));
          }
          const told = () => used.map((word) => [word, say(word)]);
          const first = told(); toggleLanguage(); const second = told(); toggleLanguage();
          return { first, second };
        }""",
        sorted(name for name in FILES.names if name.endswith(".js")),
    )
    for language in ("first", "second"):
        assert [word for word, text in words[language] if not isinstance(text, str) or not text] == []
    alike = {
        word
        for (word, one), (_, other) in zip(words["first"], words["second"], strict=True)
        if one == other and CHINESE.search(one + other) is None
    }
    assert alike == {"none"}


def test_the_keyboard_reaches_everything(visit, merchant):
    merchant.order("keys01")
    merchant.send(merchant.request("GET", "/v3/certificates"))
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(2)")
    page.focus("#tab-requests")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-connect"
    page.wait_for_selector("#values")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    assert page.is_visible("#requests-list")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#requests-details h2:has-text('native')")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.wait_for_selector("#requests-details h2:has-text('Certificates')")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "replay"
    unreachable = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, textarea, summary')]"
        ".filter((each) => each.tabIndex < 0 && each.getAttribute('role') !== 'tab').length"
    )
    assert unreachable == 0


def test_what_has_the_focus_keeps_it(visit, sandbox, merchant):
    merchant.order("focus1")
    page = visit(path="_sandbox/#faults")
    page.click("[data-key=switch-latency]")
    page.wait_for_selector("[data-key=switch-latency][aria-checked=true]")
    assert page.evaluate("document.activeElement.dataset.key") == "switch-latency"
    page.click("#tab-requests")
    page.focus("#requests-list button")
    merchant.order("focus2")
    page.wait_for_selector("#requests-list li:nth-child(2)")
    assert page.evaluate("document.activeElement.dataset.key").startswith("requests-")


def test_every_control_has_a_name(visit, sandbox, merchant, receiver):
    merchant.order("names1", 100)
    sandbox.pay("names1")
    sandbox.trigger("REFUND.SUCCESS", receiver.url)
    page = visit()
    choose(page, "POST")
    for room in ROOMS:
        page.click(f"#tab-{room}")
    page.wait_for_selector("#orders", state="attached")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, textarea')].filter((each) =>
          !(each.textContent.trim() || each.getAttribute('aria-label') || each.labels?.length)).map((each) => each.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_telephone_has_room_for_it(visit, sandbox, merchant, receiver, locale):
    merchant.order("small1", 123_456_789, description="x" * 120, notify_url=f"{receiver.url}/{'y' * 150}")
    sandbox.pay("small1")
    sandbox.complain("small1")
    wrongly_signed(merchant)
    sandbox.context.strict = False
    sandbox.faults.add("error", code="X" * 40, operation="POST " + "v3/" * 30, times=1)
    sandbox.context.strict = True
    page = visit(locale=locale, width=390, height=800)
    page.wait_for_selector("#requests-list li")

    def fits():
        return page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    assert fits()
    page.click("#requests-list button")
    page.wait_for_selector("#message-parts")
    assert fits()
    for summary in page.query_selector_all("#requests-details summary"):
        summary.click()
    assert fits()
    page.click(".back")
    assert page.is_visible("#requests-list")
    assert page.evaluate("document.activeElement.dataset.key") == page.get_attribute(
        "#requests-list button", "data-key"
    )
    for room in ROOMS[1:]:
        page.click(f"#tab-{room}")
        if room == "callbacks":
            page.click("#callbacks-list button")
            page.wait_for_selector("#attempt-0-parts")
        elif room == "money":
            page.wait_for_selector("#orders")
            page.click("#show-bill")
            page.wait_for_selector("#bill-rows")
        assert fits(), room


def test_controls_are_written_like_the_rest(visit, merchant):
    merchant.order()
    page = visit()
    page.wait_for_selector("#requests-list li")
    fonts = page.evaluate(
        """() => [...document.querySelectorAll('body, button, input:not([type=checkbox]), select')].map((each) => {
          const { fontFamily, fontWeight } = getComputedStyle(each);
          return fontFamily + (['tab', null].includes(each.getAttribute('role')) && each.matches('[aria-selected=true], .main') ? '' : fontWeight); })"""
    )
    assert len({font.partition(",")[0] for font in fonts}) == 1
    assert {font[-3:] for font in fonts if font[-1].isdigit()} == {"400"}


def test_light_and_dark(visit, merchant):
    merchant.order()
    page = visit(color_scheme="dark")

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = ground()
    page.click("#theme")
    light = ground()
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 120 < 600 < sum(map(int, re.findall(r"\d+", light)[:3]))
    page.reload()
    page.wait_for_selector("#requests-list li")
    assert ground() == light
    page.click("#theme")
    assert ground() == dark


def test_it_calls_only_the_sandbox(visit, sandbox, merchant):
    merchant.order()
    page = visit()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    choose(page, "POST")
    for room in ROOMS:
        page.click(f"#tab-{room}")
    page.wait_for_timeout(1200)
    assert asked
    assert [url for url in asked if not url.startswith(sandbox.base_url)] == []


def test_the_page_does_not_poll_while_hidden(visit):
    page = visit()
    page.wait_for_selector("#live.good")
    page.evaluate(
        """() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });
                   window.asked = 0; const old = fetch; window.fetch = (...all) => { window.asked += 1; return old(...all); }; }"""
    )
    page.wait_for_timeout(1500)
    assert page.evaluate("window.asked") <= 1
    page.evaluate(
        """() => { window.asked = 0; Object.defineProperty(document, 'hidden', { value: false });
                   document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    until(page, lambda: page.evaluate("window.asked") > 0)
