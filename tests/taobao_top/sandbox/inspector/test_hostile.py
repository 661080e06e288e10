"""Request content never becomes markup, and other pages cannot control the sandbox."""

import json
from urllib.parse import quote

import pytest

from taobao_top.sandbox import Sandbox

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all

EVIL = (
    """"'></textarea></script><script>hacked=1</script><img src=x onerror=hacked=1><svg onload=hacked=1><b id=evil>"""
)
TIME = "taobao.time.get"
ROOMS = {"trades": "#orders", "messages": "#waiting", "faults": "#rules"}


def harmless(page):
    """No script of the visitor's ran, and nothing of theirs is an element."""
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.query_selector("#evil, main img, main script, main svg, main iframe, main object, main style") is None


def look_everywhere(page):
    """Open every request with all that is folded in it."""
    for key in [each.get_attribute("data-key") for each in page.query_selector_all("#requests-list button")]:
        page.click(f"[data-key={key}]")
        page.wait_for_selector(f"#requests-details[data-shown='{key.rpartition('-')[2]}']")
        for summary in page.query_selector_all("#requests-details details:not([open]) > summary"):
            summary.evaluate("summary => summary.click()")
        for form in page.query_selector_all(".choice"):
            form.evaluate("button => button.click()")
        harmless(page)


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_requests_full_of_markup_are_shown_as_text(visit, call, sandbox, running, server, locale):
    running.service.gateway.strict = False
    server.answer = EVIL.encode()
    call.raw(EVIL)
    call.raw(TIME, **{EVIL: EVIL})
    call.raw(TIME, session=EVIL)
    call.raw(TIME, sign=EVIL)
    call.raw(TIME, sign_method=EVIL, timestamp=EVIL, v=EVIL)
    call.raw(TIME, timestamp=EVIL)
    call.raw(TIME, format=EVIL)
    call.raw(TIME, body=EVIL.encode())
    call.raw(TIME, body=json.dumps({EVIL: [EVIL, {EVIL: EVIL}]}).encode())
    call.raw(TIME, headers={"User-Agent": EVIL, "X-Evil": EVIL})
    call.raw("taobao.top.oaid.decrypt", query_list=json.dumps([{EVIL: EVIL}]), session=sandbox.account.session)
    call.raw(
        "taobao.picture.upload", files={"img": (EVIL, EVIL.encode(), EVIL.replace('"', ""))},
        session=sandbox.account.session, picture_category_id="0", image_input_title=EVIL,
    )  # fmt: skip
    wrong = call.parameters(TIME, memo=EVIL)
    call.raw(TIME, memo=EVIL, sign=call.sign({**wrong, "memo": EVIL.replace(" ", "+")}))
    call.raw(None, url=f"{sandbox.origin}/router/batch", body=EVIL.encode(), headers={"Content-Type": "text/plain"})
    call.http.post(
        f"{sandbox.origin}/token", data={"grant_type": EVIL, "client_id": sandbox.account.app_key, EVIL: EVIL}
    )
    sandbox.call_spi(f"{server.url}?{quote(EVIL)}", method=EVIL, parameters={EVIL: EVIL}, body=EVIL.encode())
    sandbox.error(50, EVIL, EVIL)
    call.raw(TIME)
    sandbox.journal.write(kind=EVIL, at=0.0, verb=EVIL, path=EVIL, method=EVIL, fault=EVIL, notes=(EVIL,))
    page = visit(locale=locale)
    page.wait_for_selector(f"#requests-list li:nth-child({len(sandbox.journal)})")
    look_everywhere(page)
    page.fill("#search", EVIL)
    harmless(page)


@pytest.fixture(autouse=True)
def strict(running):
    yield
    running.service.gateway.strict = True


def test_trades_messages_and_faults_full_of_markup_are_text(visit, sandbox):
    sandbox.trades.add(1, title=EVIL, buyer_nick=EVIL, payment=EVIL, created=EVIL, modified=EVIL)
    sandbox.sessions.tokens(7, EVIL)
    sandbox.messages.publish(EVIL, EVIL, group=EVIL, nick=EVIL)
    number = sandbox.messages.publish("a").id
    sandbox.messages.take("default", 1)
    sandbox.messages.fail(number, EVIL)
    sandbox.service.gateway.strict = False
    sandbox.fault("error", sub_code=EVIL, sub_msg=EVIL, method=EVIL)
    sandbox.ban(600, method=EVIL, sub_code=EVIL)
    sandbox.limit(3, method=EVIL)
    page = visit()
    for room, shown in ROOMS.items():
        page.click(f"#tab-{room}")
        page.wait_for_selector(f"{shown}:has-text('hacked=1')")
        harmless(page)
    page.fill(
        "#rule-form [name=sub_msg]" if page.is_visible("#rule-form [name=sub_msg]") else "#rule-form [name=method]",
        EVIL,
    )
    page.click("#rule-form button")
    page.wait_for_selector("#rules tbody tr:nth-child(2)")
    page.click("#tab-messages")
    page.fill("#publish-form [name=content]", EVIL)
    page.click("#publish-form button")
    page.wait_for_selector("#notice.bad")
    page.evaluate("localStorage.setItem('sandbox-spi-url', `" + EVIL.replace("</script>", "") + "`)")
    page.evaluate("localStorage.setItem('sandbox-language', '__proto__'); localStorage.setItem('sandbox-theme', 'x')")
    page.reload()
    page.wait_for_selector("#waiting")
    harmless(page)


def test_an_app_named_like_markup_is_text(visit, sandbox, running, browser):
    running.service.gateway.applications[EVIL] = sandbox.application
    try:
        page = visit()
        page.wait_for_selector("#apps option:has-text('hacked=1')", state="attached")
        harmless(page)
    finally:
        del running.service.gateway.applications[EVIL]


def test_markup_could_not_be_made_even_by_mistake(visit):
    page = visit()
    refused = page.evaluate(
        """() => ['innerHTML', 'outerHTML'].map((name) => {
          try { document.querySelector('main')[name] = '<img src=x onerror=hacked=1>'; return 'made'; } catch (error) { return error.name; } })"""
    )
    assert refused == ["TypeError", "TypeError"]
    harmless(page)


def test_answers_of_the_platform_are_not_pages(visit, sandbox):
    page = visit()
    for path in (
        "router/rest?method=<b id=evil>&format=json",
        "authorize?client_id=<b id=evil>",
        "_sandbox/<b id=evil>",
    ):
        page.goto(f"{sandbox.origin}/{path}")
        harmless(page)


# other pages

ATTACK = """<!doctype html><title>waiting</title><body><script>
const base = new URLSearchParams(location.search).get('base');
const send = (method, path, options) => fetch(base + path, {method, ...options}).then((answer) => answer.status, () => 'refused');
(async () => {
  const told = [];
  const json = {headers: {'Content-Type': 'application/json'}};
  for (const mode of ['cors', 'no-cors']) {
    told.push(await send('POST', '_sandbox/faults', {mode}));
    told.push(await send('POST', '_sandbox/faults', {mode, body: '{"kind": "reset"}'}));
    told.push(await send('POST', '_sandbox/faults', {mode, body: '{"kind": "reset"}', headers: {'Content-Type': 'text/plain'}}));
    told.push(await send('POST', '_sandbox/inspector/entries/1/replay', {mode}));
  }
  told.push(await send('POST', '_sandbox/faults', {body: '{"kind": "reset"}', ...json}));
  told.push(await send('POST', '_sandbox/inspector/spi', {body: '{"url": "http://127.0.0.1:9/"}', ...json}));
  told.push(await send('DELETE', '_sandbox/journal', {body: '{}', ...json}));
  for (const path of ['_sandbox/', '_sandbox/journal', '_sandbox/trades', '_sandbox/inspector/catalogue', '_sandbox/inspector/entries/1'])
    told.push(await fetch(base + path).then((answer) => answer.text(), () => 'refused'));
  for (const path of ['_sandbox/journal', '_sandbox/inspector/inspector.js', '_sandbox/inspector/catalogue'])
    told.push(await import(base + path).then(() => 'run', () => 'refused'));
  const frame = document.createElement('iframe');
  frame.name = 'frame';
  frame.src = base + '_sandbox/';
  const loaded = new Promise((done) => { frame.onload = done; setTimeout(done, 20000); });
  document.body.append(frame);
  await loaded;
  const form = document.createElement('form');
  Object.assign(form, {method: 'post', action: base + '_sandbox/faults', target: 'frame', enctype: 'text/plain'});
  form.innerHTML = '<input name=\\'{"kind":"reset","x":"\\' value=\\'"}\\'>';
  document.body.append(form);
  const answered = new Promise((done) => { frame.onload = done; setTimeout(done, 20000); });
  form.submit();
  await answered;
  document.body.append(JSON.stringify(told));
  document.title = 'done';
})();
</script>"""


def test_a_page_elsewhere_can_neither_read_nor_steer(browser, call, sandbox, server):
    server.page = ATTACK.encode()
    call(TIME)
    context = browser.new_context()
    page = context.new_page()
    for origin in (
        server.url,
        server.url.replace("127.0.0.1", "localhost"),
        server.url.replace("127.0.0.1", "evil.example"),
    ):
        page.goto(f"{origin}?base={sandbox.origin}/")
        page.wait_for_function("document.title === 'done'", timeout=60_000)
        result = json.loads(page.inner_text("body").splitlines()[-1])
        assert set(result) <= {"refused", 0}  # 0: sent blindly; what came of it follows
        assert page.frame("frame").query_selector("#requests-list") is None
        assert len(sandbox.journal) == 1
        assert list(sandbox.application.faults) == []
    context.close()


def test_a_name_bound_to_this_machine_is_refused(browser):
    with Sandbox(https=False) as alone:
        context = browser.new_context()
        page = context.new_page()
        port = alone.origin.rpartition(":")[2]
        for path in ("", "journal", "inspector/inspector.js", "inspector/catalogue"):
            answer = page.goto(f"http://evil.example:{port}/_sandbox/{path}")
            assert answer.status == 403
        steered = page.evaluate(
            """fetch('/_sandbox/faults', {method: 'POST', body: '{"kind": "reset"}', headers: {'Content-Type': 'application/json'}})
              .then((answer) => answer.status)"""
        )
        assert steered == 403
        context.close()
