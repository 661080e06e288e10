"""``trigger``, ``deliveries``, ``listen``."""

from __future__ import annotations

import json

import click
import pytest

from tests.loopback import QuietHandler, serving
from wechatpay import catalogue
from wechatpay.cli.control_client import ControlClient


def test_an_event_at_a_running_sandbox(wx, sandbox, receiver):
    result = wx(
        "trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--set", "amount.total=9", "--sandbox", sandbox.file
    )

    assert result.code == 0, result.err
    assert "accepted" in result.out
    headers, body = receiver.came[0]
    with sandbox.client() as client:
        assert client.notifications.parse(headers, body).resource["amount"]["total"] == 9


def test_an_event_from_a_sandbox_of_its_own(wx, receiver, tmp_path):
    file = tmp_path / "a.env"
    result = wx(
        "trigger",
        "TRANSACTION.SUCCESS",
        "--v2",
        "--to",
        receiver.url,
        "--write-env",
        file,
        "--data",
        tmp_path / "a.db",
        "--json",
    )

    assert result.code == 0, result.err
    assert result.data["version"] == "v2"
    assert receiver.came[0][1].startswith(b"<xml>")
    assert file.exists()


def test_every_event_can_be_triggered(wx, sandbox, receiver):
    events = list(catalogue.events())
    kinds = {(event.name, event.version) for event in events}
    client = sandbox.client()

    assert len(events) == 113
    assert sum(event.event_type is None for event in events) == 7
    for event in events:
        shared = event.version == "v2" and (event.name, "v3") in kinds
        result = wx(
            "trigger", event.event_type or event.name, "--to", receiver.url, "--sandbox", sandbox.base_url, "--json",
            *(["--v2"] if shared else []),
        )  # fmt: skip
        assert result.code == 0, (event, result.err)
        assert (result.data["event_type"], result.data["version"]) == (event.name, event.version)
        notification = client.notifications.parse(*receiver.came[-1])
        assert notification.version == event.version, event
    assert len(receiver.came) == 113


def test_values_of_an_event_without_a_type(wx, sandbox, receiver):
    slug = next(event.name for event in catalogue.events() if event.event_type is None)
    result = wx("trigger", slug, "--to", receiver.url, "--sandbox", sandbox.file, "--set", "made.up=7")

    assert result.code == 0, result.err
    assert b"7" in receiver.came[0][1]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_fraction_is_a_number(wx, sandbox, receiver, elsewhere):
    more = ("--sandbox", sandbox.file) if elsewhere else ()
    values = ("--set", "rate=1.5", "--set", 'more={"of": [0.25]}')
    assert wx("trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, *values, *more).code == 0
    if elsewhere:
        with sandbox.client() as client:
            resource = client.notifications.parse(*receiver.came[0]).resource
        assert (resource["rate"], resource["more"]) == (1.5, {"of": [0.25]})


@pytest.mark.parametrize(("status", "code"), [(401, 0), (200, 4)])
def test_forgeries_have_to_be_refused(wx, sandbox, receiver, status, code):
    receiver.status = status
    result = wx(
        "trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--forgery", "signature", "--sandbox", sandbox.file
    )

    assert result.code == code, result.err
    assert ("does not verify signatures" in result.err) is (code == 4)


def test_what_does_not_arrive(wx, sandbox, receiver):
    assert wx("trigger", "TRANSACTION.SUCCESS", "--to", "http://127.0.0.1:9/", "--sandbox", sandbox.file).code == 1
    blocked = wx("trigger", "TRANSACTION.SUCCESS", "--to", "https://a.cn/", "--sandbox", sandbox.file)
    assert blocked.code == 2
    assert "--callback-host" in blocked.err
    receiver.status = 500
    hasty = wx("trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--duplicates", "1000", "--wait", "0.1",
               "--sandbox", sandbox.file)  # fmt: skip
    assert hasty.code == 1


def test_events_are_completed():
    from wechatpay.cli.deliveries import trigger

    (event,) = (param for param in trigger.params if param.name == "event")

    assert "TRANSACTION.SUCCESS" in [
        found.value for found in event.shell_complete(click.Context(trigger), "TRANSACTION.S")
    ]


def test_wrong_usage(wx, sandbox, tmp_path):
    file = tmp_path / "a.env"
    file.write_text("WECHATPAY_MCHID=1\n")

    assert wx("trigger", "NO.SUCH", "--to", "http://127.0.0.1/").code == 2
    assert wx("trigger", "TRANSACTION.SUCCESS", "--to", "http://127.0.0.1/", "--sandbox", file).code == 2
    assert wx("deliveries", "--redeliver", "--sandbox", sandbox.file).code == 2
    result = wx("deliveries", "987654", "--sandbox", sandbox.file)
    assert result.code == 2
    assert "delivery 987654 is not kept" in result.err
    assert '"message": "response of the sandbox' in wx("deliveries", "987654", "--sandbox", sandbox.file, "--json").err


@pytest.mark.parametrize("url", ["nothing", "http://", "ftp://127.0.0.1/", "http://[::1/", "http://127.0.0.1:99999/"])
def test_an_invalid_url_is_refused(wx, sandbox, url):
    for arguments in (["trigger", "TRANSACTION.SUCCESS"], ["listen"]):
        result = wx(*arguments, "--to", url, "--sandbox", sandbox.file)
        assert result.code == 2
        assert "a URL was expected" in result.err


def test_a_url_without_a_sandbox_is_refused(wx, receiver):
    nobody = wx("deliveries", "--sandbox", "http://127.0.0.1:9")
    assert nobody.code == 3
    assert nobody.err.endswith("no sandbox is running at http://127.0.0.1:9: start it first\n")
    for where in (receiver.url, "no.such.env", "127.0.0.1:80"):
        result = wx("deliveries", "--sandbox", where)
        assert result.code == 2
        assert "sandbox" in result.err


def test_deliveries_are_shown_and_sent_again(wx, sandbox, receiver):
    delivery = sandbox.trigger("REFUND.SUCCESS", receiver.url)
    assert sandbox.callbacks.wait()

    assert "REFUND.SUCCESS" in wx("deliveries", "--sandbox", sandbox.file).out
    assert wx("deliveries", "--sandbox", sandbox.file, "--json").data["deliveries"]
    assert "genuine" in wx("deliveries", delivery.id, "--sandbox", sandbox.file).out
    assert wx("deliveries", delivery.id, "--redeliver", "--sandbox", sandbox.file).code == 0
    assert len(receiver.came) == 2
    assert receiver.came[0][1] == receiver.came[1][1]


@pytest.fixture
def table():
    """Stands where a sandbox would: gives one table of deliveries after the other, the last again and again."""
    pages = []
    asked = []

    class Handler(QuietHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps({"deliveries": pages[min(len(asked), len(pages)) - 1]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as server:
        server.pages, server.asked = pages, asked
        yield server


def attempt(**changes):
    made = {"status": 500, "answer": "", "error": "", "accepted": False, "forgery": "", "duplicate": False}
    return made | {"milliseconds": 1.0, "headers": {"Content-Type": "application/json", "X-A": "b"}} | changes


def delivery(number, *attempts, **changes):
    made = {"id": number, "event_type": "REFUND.SUCCESS", "url": "http://127.0.0.1:9/", "state": "waiting"}
    return made | {"version": "v3", "body": '{"a": "é"}', "next": 1.0, "attempts": list(attempts)} | changes


def test_listening_shows_what_a_sandbox_does(wx, table, interrupted):
    blocked = delivery(2, url="https://a.cn/", state="blocked")
    table.pages += [
        [delivery(1, attempt(), attempt(status=200, accepted=True))],
        [delivery(1, attempt(), attempt(status=200, accepted=True)), blocked, delivery(3, attempt(forgery="stale"))],
    ]
    interrupted(lambda: len(table.asked) > 3)
    result = wx("listen", "--sandbox", table.url)

    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[:3] == [
        "✓ #1 REFUND.SUCCESS -> http://127.0.0.1:9/: 200 (waiting)",
        "! #2 REFUND.SUCCESS -> https://a.cn/: not sent: not on this machine (blocked)",
        "✗ #3 REFUND.SUCCESS [stale] -> http://127.0.0.1:9/: 500 (waiting)",
    ]
    assert "┃ forwarded ┃" in result.out
    assert "│ 1  │" not in result.out


def test_listening_forwards_the_very_bytes_until_they_are_taken(wx, table, receiver, interrupted):
    table.pages += [
        [delivery(1, attempt())],
        [delivery(1, attempt()), delivery(2, attempt())],
        [delivery(1, attempt()), delivery(2, attempt(), attempt(), attempt(duplicate=True))],
        [
            delivery(1, attempt()),
            delivery(2, attempt(), attempt(), attempt(duplicate=True)),
            delivery(3, attempt(forgery="body")),
            delivery(4, attempt(forgery="serial"), version="v2"),
            delivery(5, attempt(), url=receiver.url),
            delivery(6, attempt(forgery="serial")),
            delivery(7, attempt(), body="<xml>v2</xml>", version="v2"),
            delivery(8, url="https://shop.example/", state="blocked", body="8", headers={"X-A": "signed"}),
        ],
    ]
    interrupted(lambda: len(table.asked) > 5)
    result = wx("listen", "--sandbox", table.url, "--to", receiver.url)

    assert result.code == 0
    assert [body for _, body in receiver.came] == ['{"a": "é"}'.encode()] * 3 + [b"<xml>v2</xml>", b"8"]
    assert receiver.came[-1][0]["X-A"] == "signed"
    assert receiver.came[0][0]["X-A"] == "b"
    assert f"✓ #2 REFUND.SUCCESS -> {receiver.url}: 204 (forwarded)" in result.out
    assert "#3 REFUND.SUCCESS: not forwarded" in result.out
    assert "#4 REFUND.SUCCESS: not forwarded" in result.out
    assert f"✓ #7 REFUND.SUCCESS -> {receiver.url}: 200 <xml>" in result.out


def test_listening_in_json_and_without_a_receiver(wx, table, interrupted):
    table.pages += [[], [delivery(1, attempt()), delivery(2, attempt(forgery="body"))]]
    interrupted(lambda: len(table.asked) > 3)
    result = wx("listen", "--sandbox", table.url, "--to", "http://127.0.0.1:9/x", "--json")

    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [(line["id"], line["state"]) for line in lines] == [(1, "waiting"), (1, "forwarded"), (2, "waiting")]
    assert "ConnectionError" in lines[1]["attempts"][0]["error"]


def test_a_running_sandbox_is_listened_to(wx, sandbox, receiver, interrupted, waiting):
    sent = []

    def arrived():
        if waiting() and not sent:
            sent.append(sandbox.trigger("TRANSACTION.SUCCESS", "http://127.0.0.1:9/", {"amount.total": 5}))
        return bool(receiver.came) or any(each.state == "given up" for each in sent)

    # Whatever was tried before the first look is not forwarded: the sandbox tries again.
    before, sandbox.callbacks.scale = sandbox.callbacks.scale, 0.01
    interrupted(arrived)
    result = wx("listen", "--sandbox", sandbox.file, "--to", receiver.url)
    sandbox.callbacks.scale = before

    assert result.code == 0
    assert f"-> {receiver.url}: 204 (forwarded)" in result.out
    assert sandbox.client().notifications.parse(*receiver.came[0]).resource["amount"]["total"] == 5


def test_what_a_running_sandbox_may_not_send_is_forwarded(wx, sandbox, receiver, interrupted, waiting):
    """Deliveries blocked before the first look are not reported."""

    def arrived():
        if waiting():
            sandbox.trigger("TRANSACTION.SUCCESS", "https://shop.example/notify")
        return bool(receiver.came)

    interrupted(arrived)
    result = wx("listen", "--sandbox", sandbox.file, "--to", receiver.url)

    assert result.code == 0
    assert "-> https://shop.example/notify: not sent: not on this machine (blocked)" in result.out
    assert f"-> {receiver.url}: 204 (forwarded)" in result.out
    assert sandbox.client().notifications.parse(*receiver.came[0]).event_type == "TRANSACTION.SUCCESS"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_listening_with_a_sandbox_of_its_own(wx, receiver, interrupted, waiting, tmp_path, more):
    file = tmp_path / "a.env"
    asked = []

    def arrived():
        if waiting() and not asked:
            control = ControlClient.connect(str(file))
            for url in ("https://shop.example/notify", "http://127.0.0.1:9/"):
                asked.append(control.request("POST", "trigger", {"event": "TRANSACTION.SUCCESS", "to": url}))
        return bool(receiver.came) and all(
            entry["attempts"] for entry in ControlClient.connect(str(file)).deliveries()[1:]
        )

    interrupted(arrived)
    result = wx("listen", "--to", receiver.url, "--write-env", file, *more)

    assert result.code == 0
    assert "sandbox at http" in result.err
    assert receiver.url in result.out
