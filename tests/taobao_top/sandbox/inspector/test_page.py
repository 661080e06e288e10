"""The JSON behind the page, and which requests may read it."""

import ast
import http.client
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import taobao_top.sandbox.inspector
from chainable.sandbox.inspector import GUARDS
from chainable.sandbox.inspector.assets import SHARED, Files
from taobao_top.errors import BUSINESS, RULES
from taobao_top.sandbox import KINDS, Sandbox
from taobao_top.sandbox.inspector.page import FILES
from taobao_top.sandbox.rate_limits import Limit
from taobao_top.sandbox.tmc_codec import CONNECT

ROOM = Path(taobao_top.sandbox.inspector.__file__).parent
TIME = "taobao.time.get"
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


def test_it_shares_no_code_with_the_client():
    allowed = (
        "taobao_top.sandbox.inspector",
        "taobao_top.sandbox",
        "taobao_top.catalogue",
        "taobao_top.describe",
        "taobao_top.errors",
        "taobao_top.options",
        "chainable.describe",
        "chainable.i18n",
        "chainable.sandbox",
    )
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{each.name}" for each in node.names]
            for name in names:
                assert name.split(".")[0] not in ("taobao_top", "chainable", "requests") or name.startswith(allowed)


def test_every_file_is_served_with_its_type_and_guards(ask):
    own = {path.name for path in ROOM.iterdir() if path.suffix[1:] in TYPES}
    assert own | SHARED == FILES.names | {"inspector.html"}
    for path in ("", *(f"inspector/{name}" for name in FILES.names)):
        reply = ask.reply(path)
        assert reply.status_code == 200
        assert reply.headers["Content-Type"] == f"{TYPES[path.rpartition('.')[2] or 'html']}; charset=utf-8"
        wanted = {name.lower(): value for name, value in GUARDS.items()} | {"x-content-type-options": "nosniff"}
        headers = {name.lower(): value for name, value in reply.headers.items()}
        assert {**headers, **wanted} == headers
        assert "'unsafe" not in headers["content-security-policy"]


def test_the_files_need_no_network_and_no_inline_code():
    for path in ROOM.iterdir():
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text("utf-8")
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "onclick=",
                         "style=", "@import", "http://www", 'src="http'):  # fmt: skip
                assert word not in text, (path, word)


def test_a_closed_list_of_names_is_served():
    files = Files("taobao_top.sandbox.inspector", ("i18n.js",))
    assert "i18n.js" in files
    assert "page.py" not in files
    with pytest.raises(KeyError):
        files["page.py"]
    assert files.index.content_type == "text/html; charset=utf-8"
    assert "teach" not in repr(files["i18n.js"])


def test_it_is_imported_with_the_first_visit():
    program = (
        "import sys, urllib.request\n"
        "from taobao_top.sandbox import Sandbox\n"
        "with Sandbox(https=False) as sandbox:\n"
        "    for path in ('_sandbox/journal', '_sandbox'):\n"
        "        urllib.request.urlopen(f'{sandbox.origin}/{path}').read()\n"
        "        print('taobao_top.sandbox.inspector' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_it_has_an_address(running, sandbox):
    assert sandbox.inspector_url == f"{sandbox.origin}/_sandbox/?app_key={sandbox.account.app_key}"
    with Sandbox(https=False) as alone:
        assert alone.inspector_url == f"{alone.origin}/_sandbox/"


def test_the_catalogue_is_sent_once(ask, sandbox):
    result = ask("inspector/catalogue")
    assert result["kinds"] == KINDS
    assert result["codes"]["25"] == "Invalid signature"
    assert result["app_key"] == sandbox.account.app_key


def test_only_new_entries_are_shown(ask, call, sandbox, running):
    call(TIME)
    first = ask("inspector/changes")
    (row,) = first["entries"]
    assert (row["id"], row["method"], row["title"], row["verified"]) == (1, TIME, "获取淘宝系统当前时间", True)
    assert (first["first"], first["last"]) == (1, 1)
    assert {running.account.app_key, sandbox.account.app_key} <= set(first["apps"])
    again = ask(f"inspector/changes?after=1&seen={first['mark']}")
    assert (again["entries"], "faults" in again) == ([], False)
    sandbox.fault("latency")
    assert ask(f"inspector/changes?after=1&seen={first['mark']}")["faults"][0]["kind"] == "latency"
    sandbox.journal.clear()
    assert ask("inspector/changes")["first"] == 2
    assert ask("inspector/changes")["last"] == 1


def test_the_latest_app_is_shown_unless_one_is_named(ask, sandbox, running):
    assert ask.reply("inspector/catalogue", app_key=False).json()["app_key"] == sandbox.account.app_key
    named = ask.http.get(f"{sandbox.origin}/_sandbox/inspector/catalogue?app_key={running.account.app_key}").json()
    assert named["app_key"] == running.account.app_key
    gone = ask.http.get(f"{sandbox.origin}/_sandbox/inspector/changes?app_key=1")
    assert (gone.status_code, gone.json()) == (404, {"error": "no app 1", "zh": "没有 app_key 为 1 的应用"})


def test_a_request_is_shown_in_full(ask, call, sandbox):
    call.seller("taobao.trades.sold.get", fields="tid,status", odd="1")
    result = ask.last()
    assert (result["comparison"]["state"], result["code"], result["advice"], result["message"]) == (
        "verified",
        None,
        None,
        "",
    )
    assert ["fields", "tid,status"] in result["parameters"]
    assert ["session", f"{sandbox.account.session[:4]}…"] in result["parameters"]
    assert result["description"]["key"] == "taobao.trades.sold.get"
    assert len(result["forms"]) == 6
    assert "odd" in result["notes"][0]
    assert json.loads(result["answer"])["trades_sold_get_response"]["total_results"] == 0
    for secret in (sandbox.account.app_secret, sandbox.account.session):
        assert secret not in json.dumps(result)


def test_xml_is_reported_line_by_line(ask, call):
    call.raw(TIME, format="xml")
    assert ask.last()["answer"].splitlines()[1] == "<time_get_response>"


def test_an_error_says_what_it_means(ask, call, sandbox):
    call.refused("taobao.trade.get", fields="tid", tid="1")
    result = ask.last()
    assert (result["code"], result["sub_code"], result["message"]) == (26, "isv.missing-session", "Missing session")
    assert "needs a session" in result["advice"]["en"]
    assert "需要 session" in result["advice"]["zh"]
    call.refused("taobao.trade.get", fields="tid", tid="1", session=sandbox.account.session)
    assert "sub_code" in ask.last()["advice"]["en"]
    call.refused("taobao.nothing.get")
    result = ask.last()
    assert (result["code"], result["description"]) == (22, None)
    assert result["forms"][0]["code"].startswith("response = top.taobao.nothing.get.post()")


def test_every_advice_is_there_in_chinese():
    assert all(re.search(r"[\u4e00-\u9fff]", rule.chinese) for rule in (*RULES, BUSINESS))


def test_an_upload_is_reported_with_its_files(ask, call, sandbox):
    call.raw(
        "taobao.picture.upload", files={"img": ("a.jpg", b"\xff\xd8")}, session=sandbox.account.session,
        picture_category_id="0", image_input_title="a",
    )  # fmt: skip
    result = ask.last()
    assert result["files"] == [["img", "a.jpg", "application/octet-stream", 2]]
    assert result["comparison"]["state"] == "verified"
    done = ask(f"inspector/entries/{result['id']}/replay", "POST")
    assert (done["status"], done["code"]) == (200, None)
    assert sandbox.journal[-1].files == sandbox.journal[-2].files


def test_secrets_are_masked_wherever_they_stand(ask, call, sandbox):
    secret, session = sandbox.account.app_secret, sandbox.account.session
    call.http.post(
        f"{sandbox.origin}/token",
        data={"grant_type": "authorization_code", "client_id": sandbox.account.app_key, "client_secret": secret,
              "code": sandbox.sessions.code(), "redirect_uri": "http://x/"},
    )  # fmt: skip
    result = ask.last()
    assert result["kind"] == "oauth"
    assert dict(result["parameters"])["client_secret"] == "********"
    assert json.loads(result["answer"])["access_token"].endswith("…")
    call.refused(TIME, session="another-apps-session", memo=f"{secret} {session}")
    result = ask.last()
    assert dict(result["parameters"])["memo"] == f"******** {session[:4]}…"
    assert dict(result["parameters"])["session"] == "anot…"
    call.refused(TIME, session="short")
    assert dict(ask.last()["parameters"])["session"] == "short"
    sandbox.messages.publish("a", f'{{"x": "{secret}"}}')
    sandbox.fault("error", sub_msg=secret)
    for entry in sandbox.journal:
        page = json.dumps(ask(f"inspector/entries/{entry.number}")) + json.dumps(ask("inspector/changes?room=trades"))
        assert secret not in page
        assert session not in page
        assert "another-apps-session" not in page


# what the page does


def test_replaying_signs_anew_what_was_signed_right(ask, call, sandbox):
    sandbox.application.refuse_repeats = True
    call(TIME)
    sandbox.advance(3)
    first = sandbox.journal[-1]
    done = ask(f"inspector/entries/{first.number}/replay", "POST")
    assert done == {"id": first.number + 1, "status": 200, "code": None}
    again = sandbox.journal[-1]
    assert again.verified
    assert again.parameters["timestamp"] != first.parameters["timestamp"]
    call.refused(TIME, sign="F" * 64)
    done = ask(f"inspector/entries/{sandbox.journal[-1].number}/replay", "POST")
    assert done["code"] == 25


def test_replaying_keeps_the_way_the_time_was_written(ask, call, sandbox):
    call(TIME, timestamp=str(int(sandbox.application.clock() * 1000)))
    ask(f"inspector/entries/{sandbox.journal[-1].number}/replay", "POST")
    assert sandbox.journal[-1].parameters["timestamp"].isdecimal()
    assert sandbox.journal[-1].verified


def test_batches_are_replayed_and_their_items_are_not(ask, call, sandbox):
    call.batch({"method": TIME}, {"method": TIME})
    *items, whole = sandbox.journal
    done = ask(f"inspector/entries/{whole.number}/replay", "POST")
    assert done["status"] == 200
    assert [entry.kind for entry in sandbox.journal] == ["item", "item", "batch"] * 2
    result = ask(f"inspector/entries/{items[0].number}")
    assert (result["replay"], result["comparison"]["state"], len(result["forms"])) == (False, "unsigned", 6)
    assert ask(f"inspector/entries/{whole.number}")["forms"] == []
    refused = ask.reply(f"inspector/entries/{items[0].number}/replay", "POST", {})
    assert (refused.status_code, "cannot be sent again" in refused.json()["error"]) == (400, True)


def test_a_replay_may_go_to_another_app(ask, call, sandbox, running):
    call.refused(TIME, app_key="nobody")
    number = sandbox.journal[-1].number
    with Sandbox(beside=running) as newer:
        reply = ask.reply(f"inspector/entries/{number}/replay", "POST", {})
        assert (reply.status_code, "another app" in reply.json()["error"]) == (404, True)
        assert len(newer.journal) == 1


def test_the_fault_header_is_not_replayed(ask, call, sandbox):
    call.raw(TIME, headers={"Sandbox-Fault": "html"})
    assert ask.last()["fault"] == "html"
    ask(f"inspector/entries/{sandbox.journal[-1].number}/replay", "POST")
    assert ask.last()["fault"] is None


def test_trades_move_on(ask, sandbox):
    (tid,) = sandbox.trades.add()
    for act, status, stamp in (
        ("pay", "WAIT_SELLER_SEND_GOODS", "pay_time"),
        ("ship", "WAIT_BUYER_CONFIRM_GOODS", "consign_time"),
        ("finish", "TRADE_FINISHED", "end_time"),
        ("close", "TRADE_CLOSED", "end_time"),
    ):
        ask(f"inspector/trades/{tid}", "POST", {"act": act})
        assert sandbox.trades.get(tid)["status"] == status
        assert stamp in sandbox.trades.get(tid)
    (trade,) = ask("inspector/changes?room=trades")["trades"]
    assert (trade["tid"], trade["status"]) == (str(tid), "TRADE_CLOSED")
    assert "trades" not in ask("inspector/changes")
    assert ask.reply(f"inspector/trades/{tid}", "POST", {"act": "steal"}).status_code == 404
    assert ask.reply(f"inspector/trades/{tid}", "POST", {}).status_code == 400
    missing = ask.reply("inspector/trades/1", "POST", {"act": "pay"})
    assert (missing.status_code, missing.json()["sub_code"]) == (400, "isv.trade-not-exist")


def test_sessions_expire_and_are_withdrawn(ask, call, sandbox):
    def shown():
        return ask("inspector/changes?room=trades")["sessions"]

    sandbox.sessions.tokens(7, "other")
    other, usual = shown()
    assert (other["nick"], other["expired"], usual["expires"]) == ("other", False, None)
    for act, works in (("expire", False), ("revive", True), ("withdraw", False)):
        ask(f"inspector/sessions/{usual['id']}", "POST", {"act": act})
        answer = call.raw(TIME, session=sandbox.account.session).json()
        assert ("error_response" not in answer) == works
        assert [each["expired"] for each in shown()] == ([False, act == "expire"] if act != "withdraw" else [False])
    assert ask.reply(f"inspector/sessions/{usual['id']}", "POST", {"act": "revive"}).status_code == 404


def test_messages_are_reported_where_they_are(ask, sandbox):
    numbers = [sandbox.messages.publish(f"t{count}").id for count in range(4)]
    sandbox.messages.take("default", 3)
    sandbox.messages.confirm(numbers[0])
    sandbox.messages.fail(numbers[1], "no")
    sandbox.messages.sent_by_client(sandbox.messages.out[0])
    result = ask("inspector/changes")["messages"]
    assert [each["id"] for each in result["waiting"]] == [str(numbers[1]), str(numbers[3])]
    assert [each["topic"] for each in result["unconfirmed"]] == ["t2"]
    assert (result["confirmed"], result["failed"]) == ([str(numbers[0])], [[str(numbers[1]), "no"]])
    assert (result["connections"], len(result["sent"])) == (0, 1)


def test_the_users_server_is_called(ask, sandbox, server):
    done = ask("inspector/spi", "POST", {"url": server.url, "parameters": {"a": "1"}, "forged": True})
    assert done["status"] == 200
    result = ask.last()
    assert (result["id"], result["kind"], result["replay"]) == (done["id"], "outbound", False)
    assert result["comparison"]["state"] == "found"
    (differs,) = [each["name"] for each in result["comparison"]["parts"] if each["differs"] is not None]
    assert differs == "timestamp"
    assert len(server.received) == 1
    ask("inspector/spi", "POST", {"url": server.url, "body": {"a": 1}, "headers": {"x-a": "b c"}})
    result = ask.last()
    assert (result["comparison"]["state"], result["body"]) == ("verified", '{\n  "a": 1\n}')
    gone = ask.reply("inspector/spi", "POST", {"url": "http://127.0.0.1:9/"})
    assert (gone.status_code, "does not answer" in gone.json()["error"]) == (502, True)
    assert ask.reply("inspector/spi", "POST", {"url": server.url, "nothing": 1}).status_code == 400


def test_faults_limits_and_bans_are_reported_and_removed(ask, call, sandbox):
    sandbox.fault("error", code=7, times=None)
    sandbox.fault("latency", executed=False)
    sandbox.ban(60, method="a.b")
    sandbox.ban(-1)
    sandbox.limit(3)
    result = ask("inspector/changes")
    assert [rule["kind"] for rule in result["faults"]] == ["error", "latency"]
    assert [each["method"] for each in result["bans"]] == ["a.b"]
    assert result["limits"] == [{"calls": 3, "seconds": 1.0, "ban": 1.0, "method": None}]
    ask("faults", "DELETE", result["faults"][1])
    ask("faults", "DELETE", result["faults"][0])
    assert list(sandbox.application.faults) == []
    assert ask.reply("faults", "DELETE", result["faults"][0]).status_code == 404
    ask("bans", "DELETE")
    assert (sandbox.application.throttle.bans, sandbox.application.throttle.limits) == ([], [])
    ask("limits", "POST", {"calls": 1})
    assert sandbox.application.throttle.limits == [Limit(calls=1)]


def test_a_frame_of_the_channel_is_reported(ask, sandbox):
    assert CONNECT == 0
    sandbox.journal.write(kind="channel", at=0.0, verb="SEND", method="pull", parameters={"__kind": "1"})
    result = ask.last()
    assert (result["comparison"]["state"], result["forms"], result["replay"]) == ("unsigned", [], False)


def test_what_is_not_there(ask):
    for path in ("inspector/entries/7", "inspector/nothing", "inspector/page.py", "inspector/entries", "inspector/"):
        assert ask.reply(path).status_code == 404
    assert ask.reply("inspector/entries/x").status_code == 404
    assert ask.reply("inspector/changes?after=x").status_code == 400
    assert ask.reply("", "POST", {}).status_code == 404
    assert ask.reply("inspector/i18n.js", "POST", {}).status_code == 404


def test_half_characters_survive(ask, sandbox):
    answer = ask("messages", "POST", {"topic": "\ud83d", "content": "{}"})
    assert answer["topic"] == "\ud83d"
    assert ask("inspector/changes")["messages"]["waiting"][0]["topic"] == "\ud83d"


# who may ask


def plain(sandbox, verb, path, headers=None, body=None):
    """A request with these headers and no others."""
    connection = http.client.HTTPConnection(sandbox.origin.removeprefix("http://"), timeout=30)
    connection.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
    sent = {"Host": sandbox.origin.removeprefix("http://"), **(headers or {})}
    content = b"" if body is None else json.dumps(body).encode()
    for name, value in {**sent, "Content-Length": str(len(content))}.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(content)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


PATHS = ["", "inspector/catalogue", "inspector/changes", "inspector/inspector.js", "journal", "trades"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:1", "", "10.0.0.1",
     "127.0.0.1@evil.example", "[::1", "localhost:1:2", "[fe80::1]:80"],
)  # fmt: skip
def test_a_name_that_is_not_this_machine_is_refused(sandbox, path, host):
    assert plain(sandbox, "GET", f"/_sandbox/{path}", {"Host": host})[0] == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "[::1]", "a.localhost"]
)
def test_a_name_of_this_machine_is_not(sandbox, host):
    assert plain(sandbox, "GET", "/_sandbox/inspector/changes", {"Host": host})[0] == 200


def test_an_address_that_is_listened_on_is_taken(sandbox):
    controls = sandbox.service._server._serving.handle.__self__._controls
    usual = controls._address
    try:
        controls._address = "192.0.2.7"
        assert plain(sandbox, "GET", "/_sandbox/journal", {"Host": "192.0.2.7:80"})[0] == 200
        assert plain(sandbox, "GET", "/_sandbox/journal", {"Host": "192.0.2.8:80"})[0] == 403
        controls._address = "2001:db8::7"
        assert plain(sandbox, "GET", "/_sandbox/journal", {"Host": "[2001:db8::7]:80"})[0] == 200
    finally:
        controls._address = usual


POSTS = [
    ("POST", "faults", {"kind": "reset"}),
    ("DELETE", "journal", {}),
    ("POST", "bans", {"seconds": 60}),
    ("POST", "trades", {"count": 1}),
    ("POST", "messages", {"topic": "a"}),
    ("POST", "sessions", {}),
    ("POST", "spi", {"url": "http://127.0.0.1:9/"}),
    ("POST", "inspector/spi", {"url": "http://127.0.0.1:9/"}),
    ("POST", "inspector/entries/1/replay", {}),
]


def untouched(sandbox):
    application = sandbox.application
    return (
        list(application.faults) == [] and application.throttle.bans == [] and len(application.trades) == 0
        and application.queue.waiting == 0 and len(application.sessions.all()) == 1 and application.journal.written == 0
    )  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "members"), POSTS)
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1:2", "https://{host}", ""]
)
def test_another_pages_requests_are_refused(sandbox, verb, path, members, origin):
    host = sandbox.origin.removeprefix("http://")
    headers = {"Origin": origin.format(host=host), "Content-Type": "application/json"}
    assert plain(sandbox, verb, f"/_sandbox/{path}", headers, members)[0] == 403
    assert untouched(sandbox)


@pytest.mark.parametrize(("verb", "path", "members"), POSTS)
def test_so_are_those_that_say_where_they_come_from(sandbox, verb, path, members):
    for site in ("cross-site", "same-site", "none"):
        headers = {"Sec-Fetch-Site": site, "Content-Type": "application/json"}
        assert plain(sandbox, verb, f"/_sandbox/{path}", headers, members)[0] == 403
    assert untouched(sandbox)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", None]
)
def test_a_form_cannot_post(sandbox, kind):
    for path in ("faults", "inspector/spi"):
        assert plain(sandbox, "POST", f"/_sandbox/{path}", {"Content-Type": kind}, {"kind": "reset"})[0] == 415
    assert untouched(sandbox)


def test_the_pages_own_requests_are_taken(sandbox):
    headers = {
        "Origin": sandbox.origin,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json; charset=utf-8",
    }
    assert plain(sandbox, "POST", "/_sandbox/trades", headers, {"count": 1})[0] == 200
    assert len(sandbox.trades) == 1


def test_no_answer_may_be_read_elsewhere(ask):
    for path in PATHS:
        assert "Access-Control-Allow-Origin" not in ask.reply(path).headers
        assert ask.reply(path).headers["X-Content-Type-Options"] == "nosniff"
        assert ask.reply(path, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ask.reply("faults", "OPTIONS", headers={"Origin": "https://evil.example"}).status_code == 403
