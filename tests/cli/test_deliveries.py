"""``trigger``, ``deliveries``, ``listen``."""

from __future__ import annotations

import click
import pytest

from wechatpay import catalogue


def test_an_event_at_a_running_sandbox(wx, sandbox, receiver):
    told = wx(
        "trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--set", "amount.total=9", "--sandbox", sandbox.file
    )

    assert told.code == 0, told.err
    assert "accepted" in told.out
    headers, body = receiver.came[0]
    with sandbox.client() as client:
        assert client.notifications.parse(headers, body).resource["amount"]["total"] == 9


def test_an_event_from_a_sandbox_of_its_own(wx, receiver, tmp_path):
    file = tmp_path / "a.env"
    told = wx(
        "trigger",
        "TRANSACTION.SUCCESS",
        "--v2",
        "--to",
        receiver.url,
        "--env",
        file,
        "--data",
        tmp_path / "a.db",
        "--json",
    )

    assert told.code == 0, told.err
    assert told.data["version"] == "v2"
    assert receiver.came[0][1].startswith(b"<xml>")
    assert file.exists()


def test_every_event_can_be_triggered(wx, sandbox, receiver):
    events = list(catalogue.events())
    assert len(events) == 112
    for event in events[::8]:
        more = ["--v2"] if event.version == "v2" else []
        told = wx(
            "trigger", event.name, "--to", receiver.url, "--sandbox", sandbox.base_url, "--json", "--wait", "5", *more
        )
        assert told.data["attempts"], (event.name, told.err)


def test_a_v2_event_by_its_name(wx, sandbox, receiver):
    name = next(event.name for event in catalogue.events() if event.version == "v2" and event.event_type is None)
    if catalogue.event(name) is None:
        wx("trigger", name, "--to", receiver.url, "--sandbox", sandbox.base_url)
    assert receiver.came[0][1].startswith(b"<xml>")


@pytest.mark.parametrize(("status", "code"), [(401, 0), (200, 4)])
def test_forgeries_have_to_be_refused(wx, sandbox, receiver, status, code):
    receiver.status = status
    told = wx(
        "trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--forgery", "signature", "--sandbox", sandbox.file
    )

    assert told.code == code, told.err
    assert ("does not check signatures" in told.err) is (code == 4)


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
    told = wx("deliveries", "987654", "--sandbox", sandbox.file)
    assert told.code == 2
    assert "delivery 987654 is not kept" in told.err
    assert wx("listen", "--to", "http://127.0.0.1/", "--sandbox", sandbox.file).code == 2
    assert wx("deliveries", "--sandbox", "http://127.0.0.1:9").code == 3


def test_deliveries_are_shown_and_sent_again(wx, sandbox, receiver):
    delivery = sandbox.trigger("REFUND.SUCCESS", receiver.url)
    assert sandbox.callbacks.wait()

    assert "REFUND.SUCCESS" in wx("deliveries", "--sandbox", sandbox.file).out
    assert wx("deliveries", "--sandbox", sandbox.file, "--json").data["deliveries"]
    assert "genuine" in wx("deliveries", delivery.id, "--sandbox", sandbox.file).out
    assert wx("deliveries", delivery.id, "--redeliver", "--sandbox", sandbox.file).code == 0
    assert len(receiver.came) == 2
    assert receiver.came[0][1] == receiver.came[1][1]


def test_listening_to_a_running_sandbox(wx, sandbox, receiver, interrupted):
    sandbox.trigger("TRANSACTION.SUCCESS", receiver.url)
    sandbox.trigger("TRANSACTION.SUCCESS", "https://a.cn/")
    assert sandbox.callbacks.wait()
    interrupted(asked(sandbox))
    told = wx("listen", "--sandbox", sandbox.file)

    assert told.code == 0
    assert "✓ #" in told.out
    assert "! #" in told.out
    assert "not on this machine" in told.out


def asked(sandbox):
    """Tell whether the deliveries were looked at twice."""
    real, count = sandbox.admin._rooms["deliveries"], []

    def counting(*arguments):
        count.append(1)
        return real(*arguments)

    sandbox.admin._rooms["deliveries"] = counting
    return lambda: len(count) > 2


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_listening_forwards(wx, receiver, interrupted, monkeypatch, more):
    from wechatpay.cli import deliveries

    def started(**room):
        made = real(**room)
        made.trigger("TRANSACTION.SUCCESS", "https://shop.example/notify")
        made.trigger("TRANSACTION.SUCCESS", "http://127.0.0.1:9/")
        return made

    real = deliveries.started
    monkeypatch.setattr(deliveries, "started", started)
    seen = []
    real_put = deliveries._Watch._put
    monkeypatch.setattr(
        deliveries._Watch,
        "_put",
        staticmethod(lambda told, attempt: (real_put(told, attempt), seen.append(told["url"]))),
    )
    interrupted(lambda: receiver.url in seen and "http://127.0.0.1:9/" in seen)
    told = wx("listen", "--to", receiver.url, *more)

    assert told.code == 0
    assert "sandbox at http" in told.err
    assert receiver.came
    assert receiver.url in told.out
    if not more:
        assert "✗ #" in told.out
