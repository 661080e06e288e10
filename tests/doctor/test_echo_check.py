"""The platform's own notification: awaited, looked for, or left to others."""

from __future__ import annotations

import time
from http.client import HTTPConnection

import pytest
import requests

from chainable.cli.webhook_listener import WebhookListener
from wechatpay.cli.doctor import examine
from wechatpay.cli.doctor.echo_check import Listener, Remote, SandboxLog, blocked, choose_echo_check
from wechatpay.sandbox import Sandbox


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def callback(settings, complete, **options):
    """The last finding about the notification, or None."""
    result = complete(list(examine(settings, timeout=20, **options)))
    return next((finding for finding in result if finding.check == "callback"), None)


@pytest.mark.parametrize(
    ("status", "state", "code", "words"),
    [(204, "✓", 0, "accepted"), (401, "✗", 1, "refused a genuine"), (302, "✗", 1, "302")],
)
def test_a_sandbox_tells_how_a_shop_answered(settings, complete, shop, status, state, code, words):
    shop.status = status
    finding = callback(settings, complete, notify_url=shop.url)

    assert (finding.state, finding.code) == (state, code)
    assert words in finding.found


def test_a_shop_that_is_not_there(settings, complete, port):
    finding = callback(settings, complete, notify_url=f"http://127.0.0.1:{port}/")

    assert finding.code == 3
    assert "did not respond" in finding.found


def test_a_sandbox_does_not_call_others(settings, complete):
    finding = callback(settings, complete, notify_url="https://shop.invalid/notify")

    assert finding.state == "!"
    assert "--callback-host" in finding.fix


def test_nothing_in_the_table(settings, sandbox, complete, shop):
    finding = SandboxLog(sandbox.https_url, settings["ca"], shop.url).wait(0.05)

    complete([finding])
    assert finding.code == 3
    assert "did not arrive" in finding.found


def test_a_sandbox_that_ends_meanwhile(complete, shop):
    with Sandbox() as sandbox:
        table = SandboxLog(sandbox.base_url, None, shop.url)
    finding = table.wait(5)

    complete([finding])
    assert finding.code == 3


def test_the_very_one_is_looked_for(settings, sandbox, shop):
    sandbox.trigger("SECURITY_ECHO.SUCCESS", shop.url)
    assert sandbox.callbacks.wait()
    table = SandboxLog(sandbox.https_url, settings["ca"], shop.url)
    sandbox.trigger("REFUND.SUCCESS", shop.url)

    assert table.wait(0.05).code == 3
    shop.status = 200
    sandbox.trigger("SECURITY_ECHO.SUCCESS", shop.url)
    assert table.wait(60).found.startswith(f"{shop.url} accepted SECURITY_ECHO.SUCCESS: 200")


def test_a_port_that_is_taken(settings, complete, shop):
    finding = callback(settings, complete, receive=shop.server_port)

    assert finding.code == 3
    assert f"port {shop.server_port}" in finding.found


@pytest.fixture
def client(sandbox):
    return sandbox.client()


@pytest.fixture
def here(client):
    with Listener(client, "doctor 1") as place:
        yield place


def arriving(sandbox, here, **more):
    sandbox.trigger("SECURITY_ECHO.SUCCESS", here.url, {"echo_message": "doctor 1"}, **more)
    assert sandbox.callbacks.wait()
    return [attempt.status for attempt in sandbox.callbacks[-1].attempts]


def test_a_notification_is_received_on_this_machine(sandbox, here):
    assert arriving(sandbox, here) == [204]
    assert here.wait(60).state == "✓"


def test_probes_are_refused_and_the_genuine_one_is_taken(sandbox, here):
    assert arriving(sandbox, here, forgery="probe") == [401, 204]
    assert here.wait(60).state == "✓"


@pytest.mark.parametrize("forgery", ["signature", "stale", "serial", "body", "missing"])
def test_failed_checks_are_reported(sandbox, here, complete, forgery):
    assert arriving(sandbox, here, forgery=forgery) == [401]
    until(lambda: not here._listener._results.empty())  # it is put there after the answer has left
    finding = here.wait(0.05)

    complete([finding])
    assert finding.code == 4


def test_a_key_that_does_not_open_it(sandbox, complete):
    with Listener(sandbox.client(apiv3_key="x" * 32), "doctor 1") as here:
        sandbox.trigger("SECURITY_ECHO.SUCCESS", here.url, {"echo_message": "doctor 1"})
        finding = here.wait(60)

    complete([finding])
    assert finding.code == 5


def test_what_is_for_others_comes_to_them_again(sandbox, here, complete):
    before, sandbox.callbacks.scale = sandbox.callbacks.scale, 100
    one = sandbox.trigger("TRANSACTION.SUCCESS", here.url)
    two = sandbox.trigger("SECURITY_ECHO.SUCCESS", here.url, {"echo_message": "another"})
    until(lambda: one.attempts and two.attempts)
    finding = here.wait(0.05)
    sandbox.callbacks.scale = before

    assert [each.attempts[0].status for each in (one, two)] == [503, 503]
    complete([finding])
    assert finding.code == 3


def test_elsewhere_it_is_not_seen(client, complete, shop):
    url = "https://shop.invalid/notify"
    for base in (None, "https://api.mch.weixin.qq.com/", shop.url):
        with choose_echo_check(client, {"base_url": base}, "doctor 1", url, None) as place:
            assert isinstance(place, Remote)
            finding = place.wait(0)
            complete([finding])
            assert "'doctor 1'" in finding.fix
    with choose_echo_check(client, {}, "doctor 1", None, None) as place:
        assert place is None


def test_a_listener_passes_requests_to_its_handler():
    taken = []

    def take(headers, body):
        taken.append(body)
        return 202, len(taken)

    with WebhookListener(take) as receiver:
        assert requests.post(receiver.url, data=b"abc", timeout=60).status_code == 202
        assert receiver.wait(60) == 1
        assert receiver.wait(0) is None
        plain = HTTPConnection("127.0.0.1", int(receiver.url.rstrip("/").rpartition(":")[2]), timeout=60)
        plain.putrequest("POST", "/")
        plain.endheaders()
        assert plain.getresponse().status == 202
        plain.close()

    assert taken == [b"abc", b""]


def test_the_log_of_a_sandbox_is_polled_until_there_is_a_response(sandbox, settings, monkeypatch):
    log = SandboxLog(sandbox.https_url, settings["ca"], "http://127.0.0.1:1/notify")
    polls = iter([None, {"state": "blocked"}])
    monkeypatch.setattr(log, "_done", lambda: next(polls))

    assert log.wait(60) == blocked(log.url)
    assert next(polls, "no more") == "no more"
