"""The JSON behind the page, and which requests may read it."""

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import chainable.sandbox.inspector
import wechatpay.sandbox.inspector
from chainable.sandbox.inspector import GUARDS
from wechatpay.sandbox import FORGERIES, KINDS
from wechatpay.sandbox.http import Request
from wechatpay.sandbox.inspector.page import FILES
from wechatpay.sandbox.journal import KEPT, Entry

ROOM = Path(wechatpay.sandbox.inspector.__file__).parent
SHARED = Path(chainable.sandbox.inspector.__file__).parent
NATIVE = "/v3/pay/transactions/native"


def test_it_shares_no_code_with_the_client():
    allowed = (
        "wechatpay.sandbox.inspector",
        "wechatpay.sandbox",
        "wechatpay.catalogue",
        "wechatpay.describe",
        "chainable.describe",
        "chainable.i18n",
        "chainable.sandbox.inspector",
    )
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{each.name}" for each in node.names]
            for name in names:
                assert name.split(".")[0] not in ("wechatpay", "chainable", "requests") or name.startswith(allowed)


def test_every_file_is_served_with_its_type_and_guards(ask):
    types = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    found = {path.name for room in (ROOM, SHARED) for path in room.iterdir() if path.suffix[1:] in types}
    assert found == FILES.names | {"inspector.html"}
    for path in ("", *(f"inspector/{name}" for name in FILES.names)):
        reply = ask.reply(path)
        assert reply.status == 200
        assert reply.content_type == f"{types[path.rpartition('.')[2] or 'html']}; charset=utf-8"
        headers = dict(reply.headers)
        assert {**headers, **GUARDS, "X-Content-Type-Options": "nosniff"} == headers
        assert "'unsafe" not in headers["Content-Security-Policy"]


def test_the_files_need_no_network_and_no_inline_code():
    for path in (*ROOM.iterdir(), *SHARED.iterdir()):
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text("utf-8")
            for word in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "onclick=",
                "style=",
                "@import",
                "http://www",
                'src="http',
            ):
                assert word not in text, (path, word)


def test_it_is_imported_with_the_first_visit():
    program = (
        "import sys\n"
        "from wechatpay.sandbox import Sandbox\n"
        "from wechatpay.sandbox.http import Request\n"
        "with Sandbox() as sandbox:\n"
        "    for target in ('account', 'inspector/catalogue'):\n"
        "        sandbox.control_api.handle(Request('GET', '/_sandbox/' + target, (('host', 'localhost'),)))\n"
        "        print('wechatpay.sandbox.inspector' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_it_has_an_address(sandbox):
    assert sandbox.inspector_url == f"{sandbox.base_url}_sandbox/"


def test_the_catalogue_is_sent_once(ask, sandbox):
    result = ask("inspector/catalogue")
    assert len(result["events"]) == 113
    assert set(result["kinds"]) == set(KINDS)
    assert set(result["forgeries"]) == set(FORGERIES)
    assert result["mchid"] == sandbox.account.mchid
    for secret in (sandbox.account.apiv3_key, sandbox.account.secret):
        assert secret not in json.dumps(result)


def test_only_new_entries_are_shown(ask, merchant, sandbox):
    entry = merchant.order()
    first = ask(f"inspector/changes?after={entry.id - 1}")
    assert [(each["id"], each["title"], each["verified"]) for each in first["entries"]] == [
        (entry.id, entry.title, True)
    ]
    assert (first["first"], first["last"]) == (entry.id, entry.id)
    assert (first["deliveries"], first["faults"]) == ([], [])
    again = ask(f"inspector/changes?after={entry.id}&seen={first['mark']}")
    assert again["entries"] == []
    assert "faults" not in again
    sandbox.faults.add("latency")
    assert ask(f"inspector/changes?after=0&seen={first['mark']}")["faults"][0]["kind"] == "latency"
    sandbox.reset()
    assert ask("inspector/changes")["first"] == sandbox.journal.count + 1


def test_a_request_that_took_long_is_shown_although_a_later_one_was(ask, merchant, sandbox):
    slow = Entry(id=sandbox.journal.next_id(), time=0.0, request=merchant.request("GET", "/v3/certificates"))
    before = ask("inspector/changes")
    assert (before["last"], before["count"], before["entries"]) == (0, 0, [])
    quick = merchant.order()
    between = ask(f"inspector/changes?after={before['last']}")
    assert (between["first"], between["last"], between["count"]) == (quick.id, quick.id, 1)
    sandbox.journal.add(slow)
    after = ask(f"inspector/changes?after={between['last']}")
    assert [each["id"] for each in after["entries"]] == [slow.id]
    assert (after["first"], after["last"], after["count"]) == (slow.id, slow.id, 2)
    assert ask(f"inspector/changes?after={after['last']}")["entries"] == []


def test_a_request_is_shown_in_full(ask, merchant, sandbox):
    entry = merchant.order()
    result = ask(f"inspector/entries/{entry.id}")
    assert result["comparison"]["state"] == "verified"
    assert result["answer_comparison"]["state"] == "verified"
    assert result["description"]["title"] == entry.title
    assert len(result["forms"]) == 6
    assert json.loads(result["body"])["out_trade_no"] == "T20260101001"
    assert result["cut"] is False
    assert sandbox.account.private_key not in json.dumps(result)
    unknown = merchant.send(merchant.request("GET", "/v3/nowhere"))
    result = ask(f"inspector/entries/{unknown.id}")
    assert (result["description"], result["forms"], result["code"]) == (None, [], "NOT_FOUND")


@pytest.mark.parametrize(
    ("kind", "state", "differs"),
    [
        ("bad-signature", "other", "Wechatpay-Signature"),
        ("stale", "verified", "Wechatpay-Timestamp"),
        ("unknown-serial", "foreign", "Wechatpay-Serial"),
        ("probe", "foreign", "Wechatpay-Signature"),
    ],
)
def test_the_answer_is_compared_as_well(ask, merchant, sandbox, kind, state, differs):
    sandbox.faults.add(kind, times=1)
    found = ask(f"inspector/entries/{merchant.order().id}")["answer_comparison"]
    assert found["state"] == state
    assert differs in [each["name"] for each in found["header"] if each["differs"] is not None]


def test_a_refusal_is_explained_in_both_languages(ask, merchant, sandbox):
    entry = merchant.send(merchant.request("GET", "/v3/certificates", serial_no=sandbox.account.public_key_id))
    details = ask(f"inspector/entries/{entry.id}")
    assert details["message"].startswith("serial_no names a key of the platform")
    assert details["message_zh"].startswith("serial_no 填了平台证书或微信支付公钥的编号")


def test_a_missing_signature_is_reported_where_one_belongs(ask, merchant, sandbox):
    sandbox.faults.add("missing-signature", times=1)
    assert ask(f"inspector/entries/{merchant.order().id}")["answer_comparison"]["state"] == "absent"
    entry = merchant.v2("/pay/orderquery", {"out_trade_no": "1"})
    assert ask(f"inspector/entries/{entry.id}")["answer_comparison"] is None


def test_encrypted_fields_of_an_answer_are_opened(ask, merchant, sandbox):
    merchant.order("paid02")
    sandbox.pay("paid02")
    number = sandbox.complain("paid02")["complaint_id"]
    entry = merchant.send(merchant.request("GET", f"/v3/merchant-service/complaints-v2/{number}"))
    assert ask(f"inspector/entries/{entry.id}")["answer_opened"] == {"/payer_phone": "13800000000"}
    entry.answer = json.dumps({"a": ["x" * 400, 1], "b": None}).encode()
    assert ask(f"inspector/entries/{entry.id}")["answer_opened"] == {}
    entry.answer = b"{"
    assert ask(f"inspector/entries/{entry.id}")["answer_opened"] == {}


def test_a_notification_is_shown_in_full(ask, sandbox, receiver):
    delivery = sandbox.trigger("TRANSACTION.SUCCESS", receiver.url)
    assert sandbox.callbacks.wait()
    result = ask(f"inspector/deliveries/{delivery.id}")
    assert json.loads(result["opened"])["trade_state"] == "SUCCESS"
    assert ask("inspector/changes")["deliveries"][0]["state"] == "accepted"


def test_an_event_has_an_example(ask):
    assert ask("inspector/events/v3/REFUND.SUCCESS")["refund_status"] == "SUCCESS"
    assert ask("inspector/events/v2/refund-processed")["out_refund_no"]


def test_money_is_listed_newest_first(ask, merchant, sandbox):
    for number in ("first0", "second"):
        merchant.order(number)
    money = ask("inspector/money")
    assert [order["out_trade_no"] for order in money["orders"]] == ["second", "first0"]
    assert money["kinds"] == {"order": 2}


def test_replaying_signs_anew_what_was_signed_right(ask, merchant, sandbox):
    entry = merchant.order()
    done = ask(f"inspector/entries/{entry.id}/replay", "POST")
    assert done["status"] == 200
    again = sandbox.journal[-1]
    assert (again.id, again.verified, again.request.body) == (done["id"], True, entry.request.body)
    assert again.authorization["nonce_str"] != entry.authorization["nonce_str"]
    wrong = merchant.send(merchant.request("GET", "/v3/certificates", message=lambda *parts: b"?"))
    assert ask(f"inspector/entries/{wrong.id}/replay", "POST")["status"] == 401


def test_replaying_works_for_v2_brands_and_uploads(ask, merchant, sandbox):
    entry = merchant.v2("/pay/orderquery", {"out_trade_no": "1"})
    assert ask(f"inspector/entries/{entry.id}/replay", "POST")["status"] == 200
    assert sandbox.journal[-1].verified
    target = "/brand/card/x"
    sent = merchant.request("GET", target, headers=[("wechatpay-serial", sandbox.account.public_key_id)])
    value = sent.header("authorization").replace("WECHATPAY2", "WECHATPAY-BRAND")
    value = value.replace(f'mchid="{sandbox.account.mchid}"', f'brand_id="{sandbox.account.brand_id}"')
    headers = [*(pair for pair in sent.headers if pair[0] != "authorization"), ("authorization", value)]
    entry = merchant.send(Request("GET", target, tuple(headers)))
    assert entry.verified
    assert ask(f"inspector/entries/{entry.id}/replay", "POST")["status"] == 200
    content = b"\xff\xd8\xff"
    meta = json.dumps({"filename": "a.jpg", "sha256": hashlib.sha256(content).hexdigest()}).encode()
    form = b'--x\r\nContent-Disposition: form-data; name="meta"\r\n\r\n' + meta
    form += b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + content + b"\r\n--x--"
    request = merchant.request(
        "POST",
        "/v3/merchant/media/upload",
        form,
        message=lambda m, u, t, n, b: f"{m}\n{u}\n{t}\n{n}\n".encode() + meta + b"\n",
        headers=[("content-type", "multipart/form-data; boundary=x")],
    )
    entry = merchant.send(request)
    assert entry.verified
    assert ask(f"inspector/entries/{entry.id}/replay", "POST")["status"] == 200


def test_what_is_not_kept_cannot_be_replayed(ask, merchant):
    entry = merchant.send(merchant.request("POST", NATIVE, b'"' + b"x" * KEPT + b'"'))
    assert ask.reply(f"inspector/entries/{entry.id}/replay", "POST").status == 400
    assert ask(f"inspector/entries/{entry.id}")["cut"] is True
    assert ask.reply("inspector/entries/0").status == 404
    assert ask.reply("inspector/entries/x").status == 404
    assert ask.reply("inspector/deliveries/0").status == 404
    assert ask.reply("inspector/events/v3/NOTHING").status == 404
    assert ask.reply("inspector/nothing").status == 404
    assert ask.reply("inspector/page.py").status == 404
    assert ask.reply("", "POST").status == 404


def test_a_refund_goes_through_the_gate(ask, merchant, sandbox, receiver):
    merchant.order("paid01")
    sandbox.pay("paid01")
    content = {"out_trade_no": "paid01", "refund": 34, "notify_url": receiver.url}
    done = ask("inspector/refund", "POST", content)
    assert (done["status"], sandbox.journal[-1].verified) == (200, True)
    (refund,) = ask("inspector/money")["refunds"]
    assert (refund["amount"], refund["notify_url"]) == (34, receiver.url)
    assert ask("inspector/refund", "POST", {"out_trade_no": "paid01", "refund": 9999})["status"] == 400
    assert ask.reply("inspector/refund", "POST", {"out_trade_no": "no", "refund": 1}).status == 404


def test_every_answer_of_the_page_survives_half_characters(ask, merchant):
    entry = merchant.send(merchant.request("POST", NATIVE, b'{"description": "\\ud83d <b>"}', signature="x"))
    result = ask(f"inspector/entries/{entry.id}")
    assert json.loads(result["body"]) == {"description": "\ud83d <b>"}
    assert "'\\ud83d <b>'" in result["forms"][0]["code"]
    assert ask.reply("actions/pay", "POST", {"number": "\ud83d"}).status == 400
    assert b"? is unknown" in ask.reply("actions/pay", "POST", {"\ud83d": "1"}).body


# who may ask


@pytest.mark.parametrize("path", ["", "inspector/catalogue", "inspector/changes", "journal", "state", "media/x"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example:1",
        "",
        None,
        "127.0.0.1@evil.example",
        "[::1",
        "10.0.0.1",
    ],
)
def test_a_name_that_is_not_this_machine_is_refused(ask, path, host):
    reply = ask.reply(path, host=host)
    assert (reply.status, json.loads(reply.body)["code"]) == (403, "NO_AUTH")


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "[::1]:8080", "[::1]", "shop.localhost:1"])
def test_a_name_of_this_machine_is_not(ask, host):
    assert ask.reply("inspector/changes", host=host).status == 200


def test_the_pages_own_origin_is_taken_on_both_ports(sandbox):
    for secure, scheme in ((False, "http"), (True, "https")):
        headers = (("host", "localhost:1"), ("origin", f"{scheme}://localhost:1"), ("sec-fetch-site", "same-origin"))
        assert sandbox.control_api.handle(Request("POST", "/_sandbox/reset", headers, b"", secure=secure)).status == 204


@pytest.mark.parametrize(("address", "host"), [("192.0.2.7", "192.0.2.7:80"), ("2001:db8::7", "[2001:db8::7]:80")])
def test_an_address_that_is_listened_on_is_taken(sandbox, ask, monkeypatch, address, host):
    assert ask.reply("account", host=host).status == 403
    monkeypatch.setattr(sandbox.control_api, "address", address)
    assert ask.reply("inspector/changes", host=host).status == 200
    assert ask.reply("inspector/changes", host="192.0.2.8:80").status == 403


POSTS = [
    ("inspector/refund", {"out_trade_no": "1", "refund": 1}),
    ("inspector/entries/1/replay", None),
    ("actions/pay", {"number": "1"}),
    ("actions/down", None),
    ("faults", {"kind": "down"}),
    ("trigger", {"event": "REFUND.SUCCESS", "to": "http://127.0.0.1:1/"}),
    ("reset", None),
]


@pytest.mark.parametrize(("path", "content"), POSTS)
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1:2", "https://127.0.0.1:1", ""],
)
def test_another_pages_posts_are_refused(ask, sandbox, path, content, origin):
    count = sandbox.journal.count
    assert ask.reply(path, "POST", content, origin=origin).status == 403
    assert (len(sandbox.faults), len(sandbox.callbacks), sandbox.journal.count) == (0, 0, count)


@pytest.mark.parametrize(("path", "content"), POSTS)
def test_so_are_posts_that_say_where_they_come_from(ask, path, content):
    for site in ("cross-site", "same-site", "none"):
        assert ask.reply(path, "POST", content, sec_fetch_site=site).status == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_form_cannot_post(ask, sandbox, kind):
    assert ask.reply("faults", "POST", {"kind": "down"}, content_type=kind).status == 400
    assert ask.reply("inspector/refund", "POST", b'{"a": "=b"}', content_type=kind).status == 400
    assert len(sandbox.faults) == 0


def test_no_answer_may_be_read_elsewhere(ask):
    for path in ("", "inspector/changes", "journal", "account"):
        headers = {name.lower() for name, _ in ask.reply(path).headers}
        assert "access-control-allow-origin" not in headers
        assert ask.reply(path, origin="https://evil.example").status == 403
    assert ask.reply("faults", "OPTIONS", origin="https://evil.example").status == 403


def test_an_upload_is_shown_and_never_run(ask, sandbox):
    sandbox.store.put("media", "m1", {"content_type": "text/html"}, content=b"<script>alert(1)</script>")
    reply = ask.reply("media/m1")
    headers = dict(reply.headers)
    assert reply.content_type == "text/html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox;")


def test_every_kind_of_fault_can_be_switched(ask, sandbox):
    for kind in KINDS:
        ask("faults", "POST", {"kind": kind})
    assert [each["kind"] for each in ask("inspector/changes")["faults"]] == list(KINDS)
