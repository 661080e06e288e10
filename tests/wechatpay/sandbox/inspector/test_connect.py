"""The account in the terms of other clients, the actions, the clock, and what the checks of a signature found."""

import json
import re
from pathlib import Path

import pytest

from wechatpay.sandbox import Sandbox


def test_the_account_is_told_without_its_secrets(ask, sandbox):
    found = ask("inspector/connect")
    account = sandbox.account
    text = json.dumps(found)
    for secret in (account.apiv3_key, account.secret, "PRIVATE KEY", account.private_key.splitlines()[1]):
        assert secret not in text
    values = found["values"]
    assert (values["mchid"], values["serial"], values["base_url"]) == (account.mchid, account.serial, sandbox.https_url)
    for name, content in (("key", account.private_key), ("cert", account.merchant_cert), ("ca", account.ca)):
        assert Path(values[name]).read_text() == content
    assert len(found["code"]) == 7
    for each in found["code"]:
        assert not re.search(r"<[a-z_]+>", each["code"]), each["name"]
        assert account.mchid in each["code"]
        assert account.serial in each["code"]
        assert values["key"] in each["code"]
        assert sandbox.https_url.rstrip("/").partition("//")[2] in each["code"]
    assert ask("inspector/secrets", "POST") == {"apiv3_key": account.apiv3_key, "secret": account.secret}
    assert ask.reply("inspector/secrets").status == 404
    assert ask.reply("inspector/secrets", "DELETE").status == 404
    assert ask.reply("inspector/secrets", "POST", origin="http://evil.example").status == 403


def test_the_code_for_python_calls_the_sandbox(ask, sandbox, monkeypatch):
    monkeypatch.setenv("WECHATPAY_APIV3_KEY", sandbox.account.apiv3_key)
    monkeypatch.setenv("WECHATPAY_SECRET", sandbox.account.secret)
    found = {}
    exec(next(each["code"] for each in ask("inspector/connect")["code"] if "Python" in each["name"]), found)
    with found["client"] as client:
        assert client.v3.certificates.get().status_code == 200


def test_files_that_were_written_are_named(tmp_path):
    with Sandbox() as sandbox:
        sandbox.write_env(tmp_path / "env$1")
        from tests.wechatpay.sandbox.inspector.conftest import Page

        found = Page(sandbox)("inspector/connect")
    assert found["values"]["key"] == str(tmp_path / "env$1.d" / "apiclient_key.pem")
    codes = {each["name"].partition(" ")[0]: each["code"] for each in found["code"]}
    assert "env\\$1.d" in codes["PHP"]
    assert "env$1.d" in codes["Go"]


def test_actions_say_what_they_take(ask, sandbox):
    actions = {each["name"]: each for each in ask("inspector/catalogue")["actions"]}
    assert set(actions) == set(sandbox.actions)
    assert [(each["name"], each["required"], each["default"]) for each in actions["finish_refund"]["takes"]] == [
        ("number", True, None),
        ("status", False, "SUCCESS"),
    ]
    assert "ABNORMAL" in actions["finish_refund"]["does"]
    assert [each["name"] for each in actions["pay"]["takes"]] == ["number", "openid"]
    assert all(each["does"] and each["does_zh"] for each in actions.values())


def test_the_clock_is_told(ask, sandbox):
    before = ask("inspector/changes")
    sandbox.clock.advance(days=1)
    after = ask(f"inspector/changes?seen={before['mark']}")
    assert (before["ahead"], after["ahead"], after["run"]) == (0, 86400, before["run"])
    assert after["now"] - before["now"] >= 86400


def checked(ask, entry):
    return ask(f"inspector/entries/{entry.id}")["check"]


@pytest.mark.parametrize("kind", ["error", "reset", "throttle"])
def test_a_fault_that_came_first_is_no_wrong_signature(ask, sandbox, merchant, kind):
    sandbox.faults.add(kind, times=1)
    assert checked(ask, merchant.send(merchant.request("GET", "/v3/certificates"))) == "unchecked"


def test_the_reason_of_a_refusal_is_named(ask, sandbox, merchant):
    def of(**changes):
        return checked(ask, merchant.send(merchant.request("GET", "/v3/certificates", **changes)))

    assert of() == "verified"
    assert of(timestamp="1700000000") == "stale"
    assert of(serial_no="A" * 40) == "sender"
    assert of(nonce_str="once") == "verified"
    assert of(nonce_str="once") == "nonce"
    assert of(message=lambda *parts: b"?") == "wrong"
    assert of(headers=[("authorization", None)]) == "absent"
    v2 = {"out_trade_no": "T20260101001", "appid": sandbox.account.appid}
    assert checked(ask, merchant.v2("/pay/orderquery", v2)) == "verified"
    assert checked(ask, merchant.v2("/pay/nowhere", v2)) == "refused"


def test_messages_that_need_no_signature_are_not_judged(ask, merchant, sandbox):
    sandbox.context.strict = False
    entry = merchant.v2("/secapi/mch/submchmanage", {"a": "b"})
    entry.verified = True
    assert checked(ask, entry) in ("verified", "unsigned")


def test_made_up_answers_are_marked(ask, merchant, sandbox):
    sandbox.context.strict = False
    made_up = merchant.send(merchant.request("GET", "/v3/marketing/membercard-open/cards?offset=0&limit=1"))
    kept = merchant.order()
    rows = {each["id"]: each["generated"] for each in ask("inspector/changes")["entries"]}
    assert (made_up.generated, rows[made_up.id], rows[kept.id]) == (True, True, False)
