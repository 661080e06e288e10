"""Request content never becomes markup, and other pages cannot control the sandbox."""

import hashlib
import json
from urllib.parse import quote

import pytest

from wechatpay.sandbox.http import Request

pytestmark = pytest.mark.xdist_group("inspector")  # one browser for all

EVIL = (
    """"'></textarea></script><script>hacked=1</script><img src=x onerror=hacked=1><svg onload=hacked=1><b id=evil>"""
)
NATIVE = "/v3/pay/transactions/native"
ROOMS = ("requests", "callbacks", "money", "events", "faults")


def harmless(page):
    """No script of the visitor's ran, and nothing of theirs is an element."""
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.query_selector("#evil, main img, main script, main svg, main iframe, main object, main style") is None


def look_everywhere(page):
    """Open every room, every request and every callback, and all that is folded."""
    page.wait_for_selector("#live.good")
    for room in ROOMS:
        page.click(f"#tab-{room}")
        if room in ("requests", "callbacks"):
            for key in [each.get_attribute("data-key") for each in page.query_selector_all(f"#{room}-list button")]:
                page.click(f"[data-key={key}]")
                page.wait_for_selector(f"#{room}-details[data-shown='{key.rpartition('-')[2]}']")
                for summary in page.query_selector_all(f"#{room}-details details:not([open]) > summary"):
                    summary.evaluate("summary => summary.click()")
                for form in page.query_selector_all(".choice"):
                    form.evaluate("button => button.click()")
                harmless(page)
        elif room == "money":
            page.wait_for_selector("#kinds, #money-state:has-text('Nothing yet')")
            page.click("#show-bill")
            page.wait_for_selector("#bill table, #bill p")
        harmless(page)


def order(merchant, **changes):
    content = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "x",
        "out_trade_no": "T1234567",
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 1},
        **changes,
    }
    return merchant.send(merchant.request("POST", NATIVE, json.dumps(content).encode()))


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_requests_full_of_markup_are_shown_as_text(visit, sandbox, merchant, locale):
    sandbox.context.strict = False
    plain = [("host", "127.0.0.1:1")]
    entries = [
        merchant.send(merchant.request("GET", "/v3/" + EVIL)),
        merchant.send(merchant.request("GET", f"/v3/certificates?{EVIL}={quote(EVIL)}")),
        merchant.send(merchant.request("GET", f"/v3/pay/transactions/id/{quote(EVIL, safe='')}?mchid=1")),
        merchant.send(merchant.request("GET", "/v3/certificates", headers=[(EVIL, EVIL), ("user-agent", EVIL)])),
        merchant.send(merchant.request("GET", "/v3/certificates", headers=[("sandbox-fault", EVIL)])),
        merchant.send(merchant.request("GET", "/v3/certificates", mchid=EVIL.replace('"', ""))),
        merchant.send(merchant.request("GET", "/v3/certificates", nonce_str=EVIL.replace('"', ""), signature="x")),
        merchant.send(merchant.request("POST", NATIVE, EVIL.encode())),
        merchant.send(merchant.request("POST", NATIVE, json.dumps({EVIL: [EVIL, {EVIL: EVIL}]}).encode())),
        merchant.send(merchant.request("POST", NATIVE, b"{}", message=lambda *parts: EVIL.encode())),
        merchant.send(Request(EVIL, "/v3/certificates", tuple(plain), b"")),
        merchant.send(Request("GET", "/v3/certificates", (("authorization", EVIL),), b"")),
        merchant.send(Request("POST", "/pay/unifiedorder", tuple(plain), EVIL.encode())),
        merchant.send(Request("GET", "/" + EVIL, tuple(plain), b"")),
        merchant.v2("/pay/unifiedorder", {"body": EVIL, "out_trade_no": EVIL, "attach": EVIL}),
        merchant.v2("/pay/unifiedorder", {"body": EVIL}, sign=EVIL),
        order(merchant, description=EVIL, attach=EVIL, out_trade_no=EVIL, notify_url=EVIL, goods_tag=EVIL),
    ]
    assert len({entry.id for entry in entries}) == len(entries)
    page = visit(locale=locale)
    page.wait_for_selector(f"#requests-list li:nth-child({len(entries)})")
    look_everywhere(page)
    page.fill("#search", EVIL) if page.is_visible("#search") else None
    harmless(page)


def test_orders_bills_and_refunds_full_of_markup_are_text(visit, sandbox, merchant, receiver):
    sandbox.context.strict = False
    order(merchant, description=EVIL, attach=EVIL, out_trade_no=EVIL, notify_url=receiver.url + "?" + EVIL)
    sandbox.pay(EVIL, openid=EVIL)
    sandbox.complain(EVIL, EVIL)
    content = {"out_trade_no": EVIL, "out_refund_no": EVIL, "reason": EVIL, "amount": {"refund": 1, "total": 1}}
    refund = merchant.request("POST", "/v3/refund/domestic/refunds", json.dumps(content).encode())
    assert merchant.send(refund).status == 200
    sandbox.finish_refund(EVIL)
    page = visit()
    look_everywhere(page)
    page.click("#tab-money")
    for name in ("orders", "refunds", "complaints", "bill-rows"):
        assert "<script>hacked=1</script>" in page.inner_text(f"#{name}"), name
    page.evaluate("document.querySelector('#orders button').click()")
    page.wait_for_timeout(100)
    harmless(page)


def test_callbacks_full_of_markup_are_text(visit, sandbox, receiver):
    receiver.answers += [(200, EVIL.encode()), (500, EVIL.encode())]
    sandbox.trigger("TRANSACTION.SUCCESS", receiver.url + "?" + EVIL, {"attach": EVIL, EVIL.replace(".", ""): EVIL})
    sandbox.trigger("refund-processed", receiver.url, {"out_refund_no": EVIL}, version="v2", forgery="signature")
    sandbox.trigger("TRANSACTION.SUCCESS", EVIL)
    assert sandbox.callbacks.wait()
    page = visit()
    look_everywhere(page)
    page.click("#tab-callbacks")
    page.click("#callbacks-list li:last-child button")
    page.wait_for_selector("#opened:has-text('hacked=1')")
    harmless(page)


def test_faults_and_messages_full_of_markup_are_text(visit, sandbox, merchant):
    sandbox.context.strict = False
    sandbox.faults.add("error", code=EVIL, operation=EVIL, message=EVIL)
    sandbox.context.strict = True
    sandbox.faults.add("error", code=EVIL, message=EVIL, status=418)
    merchant.send(merchant.request("GET", "/v3/certificates"))
    page = visit()
    look_everywhere(page)
    page.fill("#events [name=to]" if page.is_visible("#events") else "#rule-form [name=message]", EVIL)
    page.evaluate("localStorage.setItem('sandbox-notify-url', `" + EVIL.replace("</script>", "") + "`)")
    page.evaluate("localStorage.setItem('sandbox-language', '__proto__'); localStorage.setItem('sandbox-theme', 'x')")
    page.reload()
    look_everywhere(page)
    sent = {"number": EVIL}
    page.evaluate(
        """async (sent) => { const { ask, doing } = await import('/_sandbox/inspector/elements.js');
                            await doing(() => ask('actions/pay', 'POST', sent))(); }""",
        sent,
    )
    assert "hacked=1" in page.inner_text("#notice")
    harmless(page)


def test_markup_could_not_be_made_even_by_mistake(visit):
    page = visit()
    refused = page.evaluate(
        """() => ['innerHTML', 'outerHTML'].map((name) => {
          try { document.querySelector('main')[name] = '<img src=x onerror=hacked=1>'; return 'made'; } catch (error) { return error.name; } })"""
    )
    assert refused == ["TypeError", "TypeError"]
    refused = page.evaluate(
        """() => { const button = document.createElement('p');
                   try { button.setAttribute('onclick', 'hacked=1'); return 'made'; } catch (error) { return error.name; } }"""
    )
    assert refused == "TypeError"
    page.evaluate(
        """() => { const script = document.createElement('script');
                   try { script.append('hacked=1'); document.body.append(script); } catch { } }"""
    )
    harmless(page)


@pytest.mark.parametrize("name", ["evil.html", "evil.svg", "evil.xhtml", "evil.js", 'e"><script>.png', "evil"])
def test_an_uploaded_page_runs_no_script(visit, sandbox, merchant, name):
    content = (
        b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="shown">x</p>'
        b"<script>document.title='hacked'; hacked=1</script></body></html>"
        if name != "evil.svg"
        else b'<svg xmlns="http://www.w3.org/2000/svg"><text id="shown">x</text><script>hacked=1</script></svg>'
    )
    meta = json.dumps({"filename": name, "sha256": hashlib.sha256(content).hexdigest()}).encode()
    header = f'form-data; name="file"; filename="{name.replace(chr(34), "%22")}"'
    form = b'--x\r\nContent-Disposition: form-data; name="meta"\r\n\r\n' + meta + b"\r\n--x\r\n"
    form += f"Content-Disposition: {header}\r\nContent-Type: text/html\r\n\r\n".encode() + content + b"\r\n--x--\r\n"
    request = merchant.request(
        "POST",
        "/v3/marketing/favor/media/image-upload",
        form,
        message=lambda m, u, t, n, b: f"{m}\n{u}\n{t}\n{n}\n".encode() + meta + b"\n",
        headers=[("content-type", "multipart/form-data; boundary=x"), ("host", sandbox.base_url[7:-1])],
    )
    entry = merchant.send(request)
    assert entry.status == 200, entry.message
    url = json.loads(entry.answer)["media_url"].replace("https:", "http:")
    page = visit()
    look_everywhere(page)
    answer = page.request.get(url)
    assert answer.body() == content
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    if name in ("evil.html", "evil.svg", "evil.xhtml", "evil.js"):
        page.goto(url)
        assert page.title() != "hacked"
        assert page.evaluate("typeof hacked") == "undefined"


def test_answers_of_the_platform_are_not_pages(visit, sandbox):
    page = visit()
    evil = quote(EVIL, safe="")
    for path in (f"v3/pay/transactions/id/{evil}", f"appauth/authindex?a={evil}", "_sandbox/<b>"):
        page.goto(sandbox.base_url + path)
        assert page.evaluate("typeof hacked") == "undefined"
        assert page.query_selector("#evil, script") is None


# other pages

ATTACK = """<!doctype html><title>waiting</title><body><script>
const base = new URLSearchParams(location.search).get('base');
const post = (path, options) => fetch(base + path, {method: 'POST', ...options}).then((answer) => answer.status, () => 'refused');
(async () => {
  const told = [];
  for (const mode of ['cors', 'no-cors']) {
    told.push(await post('_sandbox/reset', {mode}));
    told.push(await post('_sandbox/actions/down', {mode}));
    told.push(await post('_sandbox/faults', {mode, body: '{"kind": "down"}'}));
    told.push(await post('_sandbox/faults', {mode, body: '{"kind": "down"}', headers: {'Content-Type': 'text/plain'}}));
    told.push(await post('_sandbox/inspector/entries/1/replay', {mode}));
  }
  told.push(await post('_sandbox/faults', {body: '{"kind": "down"}', headers: {'Content-Type': 'application/json'}}));
  told.push(await fetch(base + '_sandbox/faults/0', {method: 'DELETE'}).then((answer) => answer.status, () => 'refused'));
  for (const path of ['_sandbox/', '_sandbox/journal', '_sandbox/account', '_sandbox/inspector/catalogue'])
    told.push(await fetch(base + path).then((answer) => answer.text(), () => 'refused'));
  for (const path of ['_sandbox/journal', '_sandbox/inspector/inspector.js', '_sandbox/inspector/catalogue'])
    told.push(await import(base + path).then(() => 'run', () => 'refused'));
  const frame = document.createElement('iframe');
  frame.name = 'frame';
  frame.src = base + '_sandbox/';
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; setTimeout(done, 20000); });
  for (const path of ['reset', 'actions/down', 'inspector/refund']) {
    const form = document.createElement('form');
    Object.assign(form, {method: 'post', action: base + '_sandbox/' + path, target: 'frame', enctype: 'text/plain'});
    form.innerHTML = '<input name=\\'{"kind":"down","x":"\\' value=\\'"}\\'>';
    document.body.append(form);
    const loaded = new Promise((done) => { frame.onload = done; setTimeout(done, 20000); });
    form.submit();
    await loaded;
  }
  document.body.append(JSON.stringify(told));
  document.title = 'done';
})();
</script>"""


def test_a_page_elsewhere_can_neither_read_nor_steer(browser, sandbox, merchant, receiver):
    receiver.page = ATTACK.encode()
    merchant.order()
    sandbox.faults.add("latency", operation="GET v3/certificates")
    context = browser.new_context()
    page = context.new_page()
    for origin in (
        receiver.url,
        receiver.url.replace("127.0.0.1", "localhost"),
        receiver.url.replace("127.0.0.1", "evil.example"),
    ):
        page.goto(f"{origin}?base={sandbox.base_url}")
        page.wait_for_function("document.title === 'done'", timeout=60_000)
        result = json.loads(page.inner_text("body").splitlines()[-1])
        assert set(result) <= {"refused", 0}  # 0: sent blindly; what came of it follows
        assert page.frame("frame").query_selector("#requests-list") is None
        assert len(sandbox.journal) == 1
        assert [rule["kind"] for rule in sandbox.faults.as_json()] == ["latency"]
    context.close()


def test_a_name_bound_to_this_machine_is_refused(browser, sandbox):
    context = browser.new_context()
    page = context.new_page()
    port = sandbox.base_url.rstrip("/").rpartition(":")[2]
    for path in ("", "journal", "inspector/inspector.js", "inspector/catalogue"):
        answer = page.goto(f"http://evil.example:{port}/_sandbox/{path}")
        assert (answer.status, answer.json()["code"]) == (403, "NO_AUTH")
    steered = page.evaluate("fetch('/_sandbox/reset', {method: 'POST'}).then((answer) => answer.status)")
    assert steered == 403
    context.close()
