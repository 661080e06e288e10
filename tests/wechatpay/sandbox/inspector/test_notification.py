"""A notification opened, and what each attempt was signed over."""

import json

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.inspector.notification import details, opened, row


def sent(sandbox, *args, **options):
    delivery = sandbox.trigger(*args, **options)
    assert sandbox.callbacks.wait()
    return delivery


def attempt(sandbox, receiver, forgery, event="REFUND.SUCCESS", version="v3"):
    delivery = sent(sandbox, event, receiver.url, forgery=forgery, version=version)
    return details(delivery, sandbox.account)["attempts"][0]["comparison"]


def part(comparison, name, where="parts"):
    (found,) = [each for each in comparison[where] if each["name"] == name]
    return found


def test_what_is_encrypted_is_shown_opened(sandbox, receiver):
    delivery = sent(sandbox, "REFUND.SUCCESS", receiver.url, {"amount.total": 77})
    shown = details(delivery, sandbox.account)
    assert json.loads(shown["opened"])["amount"]["total"] == 77
    assert shown["title"] == catalogue.event("REFUND.SUCCESS").title
    assert json.loads(shown["body"])["resource"]["ciphertext"]
    assert shown["description"]["key"] == "event v3 REFUND.SUCCESS"
    assert shown["attempts"][0]["comparison"]["state"] == "verified"
    assert sandbox.account.apiv3_key not in json.dumps(shown)


@pytest.mark.parametrize(
    ("event", "element"),
    [("refund-processed", "<out_refund_no>"), ("CHECK.SUCCESS", '"out_order_no"'), ("transaction-success", None)],
)
def test_v2_has_two_ways_to_encrypt_and_one_to_not(sandbox, receiver, event, element):
    plain = opened(sent(sandbox, event, receiver.url, version="v2").notice, sandbox.account)
    assert (element in plain) if element else plain == ""


def test_every_event_can_be_sent(sandbox):
    for event in catalogue.events():
        delivery = sandbox.trigger(event.name, "http://elsewhere.example/", version=event.version)
        shown = details(delivery, sandbox.account)
        assert shown["state"] == "blocked"
        assert bool(shown["opened"]) == (event.version == "v3" or event.encryption is not None)
        assert row(delivery)["title"] == event.title


@pytest.mark.parametrize(
    ("forgery", "state", "name", "where"),
    [
        ("signature", "foreign", "Wechatpay-Signature", "header"),
        ("probe", "foreign", "Wechatpay-Signature", "header"),
        ("stale", "verified", "Wechatpay-Timestamp", "header"),
        ("serial", "foreign", "Wechatpay-Serial", "header"),
        ("body", "found", "body", "parts"),
    ],
)
def test_a_forgery_shows_where_it_is_wrong(sandbox, receiver, forgery, state, name, where):
    found = attempt(sandbox, receiver, forgery)
    assert found["state"] == state
    wrong = part(found, name, where)
    assert wrong["differs"] is not None
    others = [each for each in (*found["parts"], *found["header"]) if each["name"] not in (name, "Wechatpay-Signature")]
    assert [each for each in others if each["differs"] is not None] == []


def test_the_altered_body_is_the_one_that_was_sent(sandbox, receiver):
    found = attempt(sandbox, receiver, "body")
    assert part(found, "body")["expected"] == receiver.received[0][1].decode() + "\n"
    assert found["en"] == "the body was changed after it was signed"


def test_a_probe_and_missing_headers_are_named(sandbox, receiver):
    assert "probe" in attempt(sandbox, receiver, "probe")["en"]
    missing = attempt(sandbox, receiver, "missing")
    assert missing["state"] == "absent"
    assert [each["received"] for each in missing["header"]] == [None] * 4


def test_v2_notifications_are_compared_by_their_sign(sandbox, receiver):
    genuine = attempt(sandbox, receiver, "", "transaction-success", "v2")
    assert genuine["state"] == "verified"
    forged = attempt(sandbox, receiver, "signature", "transaction-success", "v2")
    assert forged["state"] == "other"
    assert part(forged, "sign", "header")["received"] == "0" * 32
    assert attempt(sandbox, receiver, "", "refund-processed", "v2")["state"] == "unsigned"


def test_the_list_tells_how_it_went(sandbox, receiver):
    receiver.answers.append((500, b""))
    shown = row(sent(sandbox, "REFUND.SUCCESS", receiver.url))
    assert (shown["state"], shown["attempts"], shown["status"], shown["hole"]) == ("accepted", 2, 200, False)
    shown = row(sent(sandbox, "REFUND.SUCCESS", receiver.url, forgery="body"))
    assert (shown["forgery"], shown["hole"]) == ("body", True)
    shown = row(sandbox.trigger("REFUND.SUCCESS", "http://elsewhere.example/"))
    assert (shown["state"], shown["time"], shown["attempts"]) == ("blocked", None, 0)


def test_an_attempt_may_come_while_a_notification_is_shown(sandbox, receiver, monkeypatch):
    delivery = sent(sandbox, "REFUND.SUCCESS", receiver.url)
    plain = type(delivery).as_json

    def meanwhile(each):
        shown = plain(each)
        each.attempts.append(each.attempts[0])
        return shown

    monkeypatch.setattr(type(delivery), "as_json", meanwhile)
    assert len(details(delivery, sandbox.account)["attempts"]) == 1
