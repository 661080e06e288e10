"""The page in a real browser, against a real sandbox: every room, every button, both languages."""

import json
import re

import pytest
from websockets.exceptions import ConnectionClosed

from taobao_top.sandbox import KINDS, Sandbox
from taobao_top.sandbox.inspector.page import FILES
from tests.browser import choose, held_for_long, rows, until
from tests.taobao_top.sandbox.test_tmc_connection import Consumer

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOMS = ("requests", "trades", "messages", "faults", "connect")
TIME = "taobao.time.get"


def wrongly_signed(call, sandbox):
    """A call whose session was added after it was signed."""
    given = call.parameters(TIME)
    call.raw(TIME, sign=call.sign(given), after={"session": sandbox.account.session})


def faults(sandbox):
    return list(sandbox.application.faults)


# requests


def test_requests_appear_by_themselves(visit, call):
    page = visit()
    assert page.title() == "Taobao Open Platform sandbox"
    assert page.get_attribute("#requests-list", "data-empty").startswith("No request yet")
    call(TIME)
    page.wait_for_selector("#requests-list li")
    call.refused("taobao.nothing.get")
    page.wait_for_selector("#requests-list li:nth-child(2)")
    names = [each.inner_text() for each in page.query_selector_all("#requests-list .name")]
    assert names == ["taobao.nothing.get", TIME]
    until(page, lambda: page.inner_text("#count-requests") == "2")


def test_the_pieces_stand_side_by_side(visit, call, sandbox):
    wrongly_signed(call, sandbox)
    page = visit()
    choose(page, "isv.invalid-signature")
    assert "session was not signed but sent" in page.inner_text("#message-verdict")
    assert page.inner_text("#message-parts tr.wrong th") == "session"
    found = {row[0]: row[1:] for row in rows(page, "message-parts")}
    assert found["session"] == [f"session{sandbox.account.session[:4]}…", "—"]
    assert "code 25" in page.inner_text("#reason")
    assert "another signature" in page.inner_text("#advice")
    result = page.inner_text("body")
    assert sandbox.account.app_secret not in result
    assert sandbox.account.session not in result


def test_the_first_character_that_differs_is_marked(visit, call):
    given = call.parameters(TIME, memo="a b")
    call.raw(TIME, memo="a b", sign=call.sign({**given, "memo": "a+b"}))
    page = visit()
    choose(page, "isv.invalid-signature")
    marks = [mark.inner_text() for mark in page.query_selector_all("#message-parts mark")]
    assert marks == ["␣", "+"]


def test_what_fits_nothing_says_so(visit, call):
    call.raw(TIME, sign="F" * 64)
    page = visit()
    choose(page, "isv.invalid-signature")
    assert "none of the usual mistakes" in page.inner_text("#message-verdict")
    assert {row[2] for row in rows(page, "message-parts")} == {"cannot be known"}


def test_a_right_request_is_shown_as_right(visit, call, sandbox):
    call.raw(
        "taobao.picture.upload", files={"img": ("a.jpg", b"\xff")}, session=sandbox.account.session,
        picture_category_id="0", image_input_title="a picture",
    )  # fmt: skip
    page = visit()
    choose(page, "taobao.picture.upload")
    assert page.inner_text("#message-verdict").startswith("The signature is right")
    assert page.query_selector("#message-parts mark") is None
    assert ["image_input_title", "a picture"] in [row[:2] for row in rows(page, "parameters")]
    assert rows(page, "files") == [["img", "a.jpg", "application/octet-stream", "1"]]
    assert "picture_path" in page.inner_text("#answer")
    page.click("summary:has-text('Fields of the method')")
    assert "image_input_title" in page.inner_text(
        "details:has-text('Fields of the method') table:nth-of-type(1) >> nth=1"
    )
    for link in page.query_selector_all("a.official"):
        assert link.get_attribute("href").startswith("https://open.taobao.com/")
        assert link.get_attribute("rel") == "noopener noreferrer"


def test_a_request_can_be_replayed(visit, call, sandbox):
    call(TIME)
    page = visit()
    choose(page, TIME)
    page.click("#replay")
    page.wait_for_selector("#notice.good")
    assert page.inner_text("#notice") == "Replayed; the answer: good"
    assert [entry.verified for entry in sandbox.journal] == [True, True]
    page.wait_for_selector("#requests-list li:nth-child(2)")
    sandbox.error(15)
    page.click("#replay")
    page.wait_for_selector("#notice.bad:has-text('Replayed; the answer: 15')")


def test_the_six_forms_can_be_copied(visit, call):
    call.seller("taobao.trades.sold.get", fields="tid")
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    choose(page, "taobao.trades.sold.get")
    codes = set()
    for each in page.query_selector_all(".choice"):
        each.click()
        assert each.get_attribute("aria-pressed") == "true"
        page.click("[data-key=copy]")
        page.wait_for_selector("[data-key=copy]:has-text('Copied')")
        code = page.evaluate("navigator.clipboard.readText()")
        compile(code, "copied", "exec")
        assert code == page.text_content("#python")
        codes.add(code)
    assert len(codes) == 6


def test_batches_frames_and_calls_to_the_user_are_there(visit, call, sandbox, server):
    call.batch({"method": TIME}, public={})
    sandbox.call_spi(server.url, body={"a": 1})
    sandbox.journal.write(kind="channel", at=sandbox.application.clock(), verb="SEND", path="/", method="pull")
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(4)")
    kinds = [each.inner_text() for each in page.query_selector_all("#requests-list .verb")]
    assert kinds == ["frame", "to you", "batch", "item"]
    choose(page, "item")
    assert "signed with its batch" in page.inner_text("#message-verdict")
    choose(page, "batch")
    assert "#PUBLIC#" in page.inner_text("#body")
    choose(page, "to you")
    assert page.text_content("#message-parts thead") == "PartAs it arrivedAs it was signed"
    assert page.query_selector("#replay") is None
    page.check("#only")
    assert [each.is_visible() for each in page.query_selector_all("#requests-list li")] == [False] * 4


def test_the_list_can_be_sifted(visit, call):
    call(TIME)
    call.refused("taobao.nothing.get")
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(2)")

    def shown():
        return [each.inner_text() for each in page.query_selector_all("#requests-list .name") if each.is_visible()]

    page.fill("#search", "系统")  # the title in the catalogue
    assert shown() == [TIME]
    page.fill("#search", "invalid-method")
    assert shown() == ["taobao.nothing.get"]
    page.fill("#search", "")
    page.check("#only")
    assert shown() == ["taobao.nothing.get"]
    page.fill("#search", "系统")
    assert shown() == []


def test_the_list_is_forgotten(visit, call, sandbox):
    call(TIME)
    page = visit()
    choose(page, TIME)
    page.click("#reset")
    page.wait_for_selector("#requests-list.bare")
    assert len(sandbox.journal) == 0
    assert "Choose one" in page.inner_text("#requests-details")
    until(page, lambda: page.inner_text("#count-requests") == "")


# apps


def test_another_app_can_be_chosen(visit, call, sandbox, running):
    call(TIME)
    page = visit()
    page.wait_for_selector("#requests-list li")
    assert page.input_value("#apps") == sandbox.account.app_key
    with page.expect_navigation():
        page.select_option("#apps", running.account.app_key)
    page.wait_for_selector(f"#account:has-text('{running.account.app_key}')")
    page.wait_for_selector("#requests-list.bare")


def test_an_app_that_is_gone_gives_way_to_the_latest(visit, sandbox, running):
    with Sandbox(beside=running) as short:
        page = visit(url=short.inspector_url)
        page.wait_for_selector(f"#account:has-text('{short.account.app_key}')")
    page.wait_for_selector(f"#account:has-text('{sandbox.account.app_key}')")
    page.wait_for_selector("#live.good")


def test_an_app_that_is_alone_is_not_to_be_chosen(browser):
    context = browser.new_context()
    page = context.new_page()
    with Sandbox(https=False) as alone:
        page.goto(alone.inspector_url)
        page.wait_for_selector(f"#account:has-text('{alone.account.app_key}')")
        alone.client().taobao.time.get()
        page.wait_for_selector("#requests-list li")
        assert not page.is_visible("#apps")
    page.wait_for_selector("#live.bad:has-text('●')")
    context.close()


# trades and sessions


def test_a_trade_goes_its_way(visit, sandbox):
    page = visit(room="trades")
    page.wait_for_selector("#trades-state:has-text('Nothing yet')")
    page.fill("#trade-form [name=buyer_nick]", "buyer one")
    page.fill("#trade-form [name=payment]", "12.50")
    page.fill("#trade-form [name=title]", "coffee")
    page.click("#trade-form button")
    page.wait_for_selector("#orders td:has-text('buyer one')")
    (trade,) = sandbox.trades.all()
    tid = str(trade["tid"])
    assert rows(page, "orders")[0][:4] == [tid, "coffee", "buyer one", "¥12.50"]
    for act, status in (
        ("pay", "WAIT_SELLER_SEND_GOODS"),
        ("ship", "WAIT_BUYER_CONFIRM_GOODS"),
        ("finish", "TRADE_FINISHED"),
    ):
        page.click(f"[data-key={act}-{tid}]")
        page.wait_for_selector(f"#orders .chip:has-text('{status}')")
        assert sandbox.trades.get(tid)["status"] == status
    assert page.query_selector("#orders button") is None
    (other,) = sandbox.trades.add(1)
    page.click(f"[data-key=close-{other}]")
    page.wait_for_selector("#orders .chip:has-text('TRADE_CLOSED')")


def test_a_session_expires_lives_again_and_is_withdrawn(visit, call, sandbox):
    page = visit(room="trades")
    page.click("#sessions button:has-text('Let it expire')")
    page.wait_for_selector("#sessions .chip.bad:has-text('expired')")
    assert call.refused(TIME, session=sandbox.account.session)["code"] == 27
    page.click("#sessions button:has-text('Make it good again')")
    page.wait_for_selector("#sessions td:has-text('for ever')")
    assert call.seller(TIME)["time"]
    assert sandbox.account.session not in page.content()
    page.click("#sessions button:has-text('Withdraw')")
    page.wait_for_selector("#sessions", state="detached")
    assert call.refused(TIME, session=sandbox.account.session)["code"] == 27


# messages and calls to the user's server


def test_a_message_is_published_and_taken(visit, call, sandbox):
    page = visit(room="messages")
    page.fill("#publish-form [name=content]", "no JSON")
    page.click("#publish-form button")
    page.wait_for_selector("#notice.bad:has-text('no JSON object')")
    page.fill("#publish-form [name=content]", "[]")
    page.click("#publish-form button")
    page.wait_for_selector("#notice.bad:has-text('[]')")
    page.fill("#publish-form [name=topic]", "taobao_trade_TradeCreate")
    page.fill("#publish-form [name=content]", '{"tid": 4200000000000000001}')
    page.click("#publish-form button")
    page.wait_for_selector("#waiting td:has-text('4200000000000000001')")
    page.wait_for_selector("#notice.good")
    assert page.inner_text("#count-messages") == "1"
    (message,) = sandbox.messages.take("default", 9)
    page.wait_for_selector("#unconfirmed td:has-text('taobao_trade_TradeCreate')")
    sandbox.messages.confirm(message.id)
    page.wait_for_selector(f"#confirmed td:has-text('{message.id}')")
    other = sandbox.messages.publish("a_b_C")
    sandbox.messages.take("default", 1)
    sandbox.messages.fail(other.id, "too late")
    page.wait_for_selector("#failed td:has-text('too late')")
    call("taobao.tmc.message.produce", topic="from_a_client", content="{}", session=sandbox.account.session)
    page.wait_for_selector("#sentByClient td:has-text('from_a_client')")


def test_connections_are_counted(visit, sandbox):
    page = visit(room="messages")
    with sandbox.application.queue._lock:
        sandbox.application.queue._links.append(object())
    page.wait_for_selector("#connections td:has-text('1')")


@pytest.mark.parametrize(
    ("word", "locale", "result"),
    [("closeLinks", "en-GB", "Connections dropped: 1"), ("cutLinks", "zh-CN", "已断开的连接数：1")],
)
def test_connections_are_dropped(visit, sandbox, word, locale, result):
    page = visit(room="messages", locale=locale)
    with Consumer(sandbox) as consumer:
        page.click(f"[data-key={word}]")
        page.wait_for_selector("#notice.good")
        assert page.inner_text("#notice") == result
        with pytest.raises(ConnectionClosed) as closed:
            consumer.next()
    assert (closed.value.rcvd is None) == (word == "cutLinks")
    page.wait_for_selector("#connections", state="detached")


def test_the_users_server_is_called_and_its_answer_shown(visit, sandbox, server):
    page = visit(room="messages")
    page.fill("#spi-form [name=url]", server.url)
    page.fill("#spi-form [name=method]", "shop.order.check")
    page.fill("#spi-form [name=parameters]", '{"order_id": "1", "count": 2}')
    page.fill("#spi-form [name=body]", '{"a": 1}')
    page.fill("#spi-form [name=age]", "5")
    page.click("#spi-form button")
    page.wait_for_selector("#notice.good:has-text('200')")
    page.wait_for_selector("#requests-details h2:has-text('shop.order.check')")
    assert '"ok": true' in page.inner_text("#answer")
    assert page.inner_text("#message-verdict").startswith("The signature is right")
    ((path, _, body),) = server.received
    assert "count=2" in path
    assert json.loads(body) == {"a": 1}
    page.click("#tab-messages")
    page.fill("#spi-form [name=body]", "")
    page.check("#spi-form [name=forged]")
    page.click("#spi-form button")
    page.wait_for_selector("#message-verdict.bad")
    assert page.inner_text("#message-parts tr.wrong th") == "timestamp"
    page.click("#tab-messages")
    page.fill("#spi-form [name=url]", "http://127.0.0.1:9/")
    page.click("#spi-form button")
    page.wait_for_selector("#notice.bad:has-text('does not answer')")
    page.reload()
    assert page.input_value("#spi-form [name=url]") == server.url


# faults


def test_every_kind_is_switched_on_and_off(visit, sandbox):
    page = visit(room="faults")
    page.wait_for_selector("#fault-switches button")
    for kind in KINDS:
        switch = f"#fault-switches [data-key=switch-{kind}]"
        assert page.get_attribute(switch, "aria-checked") == "false"
        page.click(switch)
        page.wait_for_selector(f"{switch}[aria-checked=true]")
        assert [(rule.kind, rule.times) for rule in faults(sandbox)] == [(kind, None)]
        page.click(switch)
        page.wait_for_selector(f"{switch}[aria-checked=false]")
        assert faults(sandbox) == []


def test_a_rule_is_added_strikes_and_is_removed(visit, call, sandbox):
    page = visit(room="faults")
    form = "#rule-form [name={}]"
    page.select_option(form.format("kind"), "error")
    for name, value in {"method": "taobao.time.*", "code": "15", "sub_code": "isp.x", "sub_msg": "no", "times": "1",
                        "after": "1"}.items():  # fmt: skip
        page.fill(form.format(name), value)
    page.select_option(form.format("executed"), "true")
    page.click("#rule-form button")
    page.wait_for_selector("#rules")
    (rule,) = faults(sandbox)
    assert (rule.method, rule.code, rule.sub_code, rule.sub_msg) == ("taobao.time.*", 15, "isp.x", "no")
    assert (rule.after, rule.executed) == (1, True)
    assert rows(page, "rules")[0][:5] == [
        "error",
        "15 · isp.x · no · Execute first, then fail: yes",
        "taobao.time.*",
        "1",
        "1",
    ]
    assert call(TIME)["time"]
    assert call.refused(TIME)["code"] == 15
    page.wait_for_selector("#fault-rules:has-text('Nothing yet')")
    page.select_option(form.format("kind"), "html")
    assert not page.is_visible(form.format("code"))
    page.fill(form.format("status"), "503")
    page.fill(form.format("times"), "")
    page.fill(form.format("method"), "")
    page.fill(form.format("seconds"), "0.5")
    page.select_option(form.format("executed"), "false")
    page.click("#rule-form button")
    page.wait_for_selector("#rules td:has-text('503')")
    page.select_option(form.format("kind"), "huge")
    page.click("#rule-form button")
    page.wait_for_selector("#rules tbody tr:nth-child(2)")
    assert faults(sandbox)[0].status == 503
    assert page.inner_text("#count-faults") == "2"
    page.click("[data-key=remove-0]")
    page.wait_for_selector("#rules tbody tr:nth-child(2)", state="detached")
    page.click("#clear-rules")
    page.wait_for_selector("#fault-rules:has-text('Nothing yet')")
    assert faults(sandbox) == []


def test_a_rule_that_counts_down_can_be_removed_meanwhile(visit, call, sandbox):
    sandbox.fault("latency", times=5)
    page = visit(room="faults")
    page.wait_for_selector("#rules tbody tr")
    page.route("**/inspector/changes*", lambda route: None)  # the page has not heard of it yet
    call(TIME)
    page.click("[data-key=remove-0]")
    until(page, lambda: faults(sandbox) == [])


def test_bans_and_limits_are_set_and_lifted(visit, call, sandbox):
    page = visit(room="faults")
    page.fill("#ban-form [name=method]", TIME)
    page.click("#ban-form button")
    page.wait_for_selector("#throttles")
    assert call.refused(TIME)["code"] == 7
    page.fill("#limit-form [name=calls]", "3")
    page.click("#limit-form button")
    page.wait_for_selector("#throttles tbody tr:nth-child(2)")
    assert [row[:2] for row in rows(page, "throttles")] == [["Ban", TIME], ["Times", "*"]]
    page.click("#clear-throttles")
    page.wait_for_selector("#fault-throttle:has-text('Nothing yet')")
    assert call(TIME)["time"]


def test_the_clock_is_moved(visit, call, sandbox):
    page = visit(room="faults")
    page.wait_for_selector("#clock-state:text-is('Ahead of the real time: 0 s')")
    page.fill("#clock-form input", "90.5")
    page.press("#clock-form input", "Enter")
    page.wait_for_selector("#clock-state:has-text(' 90.5 s')")
    assert page.inner_text("#notice.good") == "Ahead of the real time: 90.5 s"
    page.click("#language")
    page.fill("#clock-form input", "-1000.5")
    page.click("#clock-form button")
    page.wait_for_selector("#clock-state:has-text('比真实时间快：-910 s')")
    assert call.refused(TIME, timestamp=str(int((sandbox.application.clock() + 910) * 1000)))["code"] == 31
    page.fill("#clock-form input", "1e12")
    page.click("#clock-form button")
    page.wait_for_selector("#notice.bad:has-text('1970')")
    assert sandbox.application.clock.offset == -910
    sandbox.advance(910)
    page.wait_for_selector("#clock-state:has-text('比真实时间快：0 s')")


def test_the_key_is_rotated(visit, sandbox):
    page = visit(room="faults")
    page.wait_for_selector("#secret-state:text-is('Version in use: 1')")
    page.focus("#rotate-secret")
    page.keyboard.press("Enter")
    page.wait_for_selector("#secret-state:has-text('2')")
    assert page.inner_text("#notice.good") == "Version in use: 2"
    assert sandbox.application.secret_version == 2


def test_a_fault_is_shown_at_its_request(visit, call, sandbox):
    sandbox.fault("html")
    call.raw(TIME)
    page = visit()
    choose(page, "html")
    assert page.is_visible("#requests-details .chip.fault:has-text('fault: html')")


# nothing typed or pressed is lost


def test_what_is_typed_stays_while_the_page_renews_itself(visit, call, sandbox):
    page = visit(room="trades")
    page.fill("#trade-form [name=buyer_nick]", "half a na")
    sandbox.trades.add(2)
    page.wait_for_selector("#orders tbody tr:nth-child(2)")
    page.keyboard.type("me")
    assert page.input_value("#trade-form [name=buyer_nick]") == "half a name"
    page.click("#tab-faults")
    page.fill("#rule-form [name=method]", "taobao.t")
    sandbox.fault("latency", times=3)
    page.wait_for_selector("#rules")
    assert page.input_value("#rule-form [name=method]") == "taobao.t"


def test_a_button_stays_while_it_is_pressed(visit, sandbox):
    (tid,) = sandbox.trades.add(1)
    page = visit(room="trades")
    wanted = f"[data-key=pay-{tid}]"
    box = page.wait_for_selector(wanted).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held_for_long(page)
    asked = []
    page.route("**/inspector/changes*", lambda route: asked.append(route))
    until(page, lambda: asked)
    sandbox.trades.change(tid, title="meanwhile")
    page.mouse.down()
    with page.expect_response("**/inspector/changes*"):
        asked[0].continue_()
    page.unroute("**/inspector/changes*")
    assert "meanwhile" not in page.inner_text("#orders")
    page.mouse.up()
    page.wait_for_selector("#orders td:has-text('meanwhile')")
    until(page, lambda: sandbox.trades.get(tid)["status"] == "WAIT_SELLER_SEND_GOODS")


def test_what_has_the_focus_keeps_it(visit, call, sandbox):
    (tid,) = sandbox.trades.add(1)
    page = visit(room="trades")
    page.focus(f"[data-key=close-{tid}]")
    sandbox.trades.change(tid, title="renewed")
    page.wait_for_selector("#orders td:has-text('renewed')")
    assert page.evaluate("document.activeElement.dataset.key") == f"close-{tid}"
    call(TIME)
    page.click("#tab-requests")
    page.focus("#requests-list button")
    call(TIME)
    page.wait_for_selector("#requests-list li:nth-child(2)")
    assert page.evaluate("document.activeElement.dataset.key").startswith("requests-")


# languages, keys, sizes


def test_what_is_typed_stays_in_another_language(visit, call):
    page = visit(room="trades")
    given = {
        "#trade-form [name=count]": "7",
        "#trade-form [name=title]": "half a ti",
        "#trade-form [name=status]": "WAIT_SELLER_SEND_GOODS",
        "#publish-form [name=topic]": "a_b",
        "#publish-form [name=content]": '{"half": ',
        "#spi-form [name=url]": "http://127.0.0.1:8/x",
        "#spi-form [name=body]": "{",
        "#rule-form [name=kind]": "error",
        "#rule-form [name=code]": "15",
        "#rule-form [name=executed]": "true",
        "#ban-form [name=seconds]": "61",
        "#limit-form [name=seconds]": "62",
        "#clock-form [name=seconds]": "63",
    }
    rooms = {"trade": "trades", "publish": "messages", "spi": "messages"}
    for place, value in given.items():
        page.click(f"#tab-{rooms.get(place[1:].partition('-')[0], 'faults')}")
        if page.get_attribute(place, "name") in ("status", "kind", "executed"):
            page.select_option(place, value)
        else:
            page.fill(place, value)
    page.click("#tab-messages")
    page.check("#spi-form [name=forged]")
    page.click("#language")
    page.wait_for_selector("#publish-form button:has-text('发布')")
    assert {place: page.input_value(place) for place in given} == given
    assert page.is_checked("#spi-form [name=forged]")
    page.click("#tab-faults")
    assert page.is_visible("#rule-form [name=sub_code]")
    assert not page.is_visible("#rule-form [name=status]")


def full(call, sandbox, server=None):
    """Something of everything."""
    wrongly_signed(call, sandbox)
    call.seller("taobao.trades.sold.get", fields="tid")
    sandbox.trades.add(2)
    for topic in ("a_b_C", "d_e_F"):
        sandbox.messages.publish(topic, '{"a": 1}')
    sandbox.messages.confirm(sandbox.messages.take("default", 1)[0].id)
    sandbox.fault("error", times=2, method="taobao.tmc.*")
    sandbox.ban(600, method="a.b.c")


def test_both_languages_say_everything(visit, call, sandbox):
    full(call, sandbox)
    page = visit(locale="zh-CN")
    assert page.title() == "淘宝开放平台沙箱"
    assert page.get_attribute("html", "lang") == "zh-CN"
    choose(page, "isv.invalid-signature")
    assert page.inner_text("#requests-details h2") == "获取淘宝系统当前时间"
    assert "session 发送了，却没有参与签名" in page.inner_text("#message-verdict")
    assert "网关算出的签名不同" in page.inner_text("#advice")
    assert page.inner_text(".choice") == "同步纯链式"
    page.click("#tab-faults")
    for kind in KINDS:
        assert CHINESE.search(page.text_content(f"[data-key=switch-{kind}]"))
        assert CHINESE.search(page.text_content(f"#rule-form option[value={kind}]"))
    page.click("#tab-trades")
    page.wait_for_selector("#orders .chip:has-text('待付款')")
    page.click("#language")
    page.wait_for_selector("#orders .chip:has-text('not paid')")
    page.wait_for_selector(f"#requests-details h2:has-text('{TIME}')", state="attached")
    assert (page.title(), page.get_attribute("html", "lang")) == ("Taobao Open Platform sandbox", "en")
    for room in ROOMS:
        page.click(f"#tab-{room}")
    words = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((each) => !each.closest('[lang=zh], pre, #language, noscript'))
          .flatMap((each) => [...each.childNodes]).filter((each) => each.nodeType === 3).map((each) => each.textContent)"""
    )
    assert [word for word in words if CHINESE.search(word) and word != "沙箱商品"] == []
    page.reload()
    page.wait_for_selector("#live.good")
    assert page.title() == "Taobao Open Platform sandbox"


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
            used.push(...[...text.matchAll(/(?:say|labelled|methodInput|drop)\\('([a-zA-Z]+)'/g)].map((found) => found[1]));
            for (const [, list] of text.matchAll(/(?:heads: |', )\\[('[a-zA-Z]+'(?:, '[a-zA-Z]+')*)\\]/g)) used.push(...list.replaceAll("'", '').split(', '));
          }
          for (const each of document.querySelectorAll('[data-text], [data-label], [data-hint]')) used.push(...Object.values({ ...each.dataset }).filter((word) => each.dataset.text === word || each.dataset.label === word || each.dataset.hint === word));
          const told = () => used.map((word) => [word, say(word)]);
          const first = told(); toggleLanguage(); const second = told(); toggleLanguage();
          return { first, second };
        }""",
        sorted(name for name in FILES.names if name.endswith(".js")),
    )
    assert len(words["first"]) > 100
    for language in ("first", "second"):
        assert [word for word, text in words[language] if not isinstance(text, str) or not text] == []
    alike = {
        word
        for (word, one), (_, other) in zip(words["first"], words["second"], strict=True)
        if one == other and CHINESE.search(one + other) is None
    }
    assert alike == {"none", "subCode", "subMsg"}


def test_the_keyboard_reaches_everything(visit, call):
    call(TIME)
    call.refused("taobao.nothing.get")
    page = visit()
    page.wait_for_selector("#requests-list li:nth-child(2)")
    page.focus("#tab-requests")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-connect"
    page.wait_for_selector("#values")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#requests-list")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#requests-details h2:has-text('{TIME}')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "replay"
    page.keyboard.press("Space")
    page.wait_for_selector("#notice.good")
    unreachable = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, textarea, summary')]"
        ".filter((each) => each.tabIndex < 0 && each.getAttribute('role') !== 'tab').length"
    )
    assert unreachable == 0


def test_every_control_has_a_name(visit, call, sandbox):
    full(call, sandbox)
    page = visit()
    choose(page, "isv.invalid-signature")
    for room in ROOMS:
        page.click(f"#tab-{room}")
        if room == "trades":
            page.wait_for_selector("#orders")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, textarea')].filter((each) =>
          !(each.textContent.trim() || each.getAttribute('aria-label') || each.labels?.length)).map((each) => each.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_telephone_has_room_for_it(visit, call, sandbox, locale):
    full(call, sandbox)
    call.refused("taobao." + "x" * 200, long="y" * 300)
    sandbox.trades.add(1, title="x" * 200, buyer_nick="y" * 100)
    sandbox.messages.publish("t" * 100, "z" * 300)
    sandbox.service.gateway.strict = False
    sandbox.fault("error", sub_msg="x" * 200, sub_code="y" * 100, method="m" * 80, times=1)
    sandbox.service.gateway.strict = True
    page = visit(locale=locale, width=390, height=800)
    page.wait_for_selector("#requests-list li:nth-child(3)")

    def fits():
        return page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    assert fits()
    choose(page, "isv.invalid-signature")
    assert fits()
    for summary in page.query_selector_all("#requests-details summary"):
        summary.click()
    assert fits()
    page.click(".back")
    assert page.is_visible("#requests-list")
    assert page.evaluate("document.activeElement.dataset.key").startswith("requests-")
    choose(page, "invalid-method")
    assert fits()
    for room, shown in (("trades", "#orders"), ("messages", "#waiting"), ("faults", "#rules")):
        page.click(f"#tab-{room}")
        page.wait_for_selector(shown)
        assert fits(), room


def test_light_and_dark(visit, call):
    page = visit(color_scheme="dark")

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = ground()
    page.click("#theme")
    light = ground()
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 120 < 600 < sum(map(int, re.findall(r"\d+", light)[:3]))
    page.reload()
    page.wait_for_selector("#live.good")
    assert ground() == light


def test_it_calls_only_the_sandbox(visit, call, sandbox):
    call(TIME)
    page = visit()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    choose(page, TIME)
    for room in ROOMS:
        page.click(f"#tab-{room}")
        with page.expect_response(f"**/inspector/changes*room={room}*"):
            pass
    assert [url for url in asked if not url.startswith(sandbox.origin)] == []


def test_another_sandbox_at_the_address_is_loaded_anew(visit, call, sandbox):
    call(TIME)
    page = visit()
    page.wait_for_selector("#requests-list li")
    page.evaluate("window.old = true")
    with page.expect_navigation():
        sandbox.journal._count = 0
        sandbox.journal.clear()
    assert page.evaluate("window.old") is None
