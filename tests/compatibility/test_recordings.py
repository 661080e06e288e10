"""Recordings hold no secrets and no personal data, and are replayed with verified signatures and other keys."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
from urllib.parse import quote

import pytest
import requests
import vcr
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

from chainable import BEIJING, SignatureError
from chainable.recording import MASK, vcr_config
from taobao_top.sandbox import Sandbox as TopSandbox
from tests.compatibility.calls import IMAGE, MEDIA_ID, answered, order
from wechatpay import Sensitive
from wechatpay.sandbox import Sandbox

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
PHONE = "13800138000"
NAME = "张三丰"
SESSION_OF_SELLER = "6100801234567890abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def others():
    """The sandboxes that replay, with keys of their own."""
    with Sandbox(mchid="1900000208") as pay, TopSandbox() as top:
        yield pay, top


@pytest.fixture
def tape(tmp_path):
    return tmp_path / "tape.yaml"


@pytest.fixture
def recorded(sandbox, top_sandbox, others, tape):
    """Record with one client, and replay with that of another account; return both results and the recording."""

    def both(started, record, **options):
        started = top_sandbox if started == "top" else sandbox
        other = others[started is top_sandbox]
        make = {} if "make" not in options else options.pop("make")
        with (
            started.client(**make) as client,
            vcr.use_cassette(str(tape), record_mode="new_episodes", **vcr_config(sandbox, top_sandbox, **options)),
        ):
            first = record(client)
        before = started.journal.count, other.journal.count
        with (
            other.client(**make) as client,
            vcr.use_cassette(str(tape), record_mode="none", **vcr_config(*others, **options)) as played,
        ):
            second = record(client)
            assert played.all_played
        assert (started.journal.count, other.journal.count) == before
        text = tape.read_text()
        check(text, sandbox.account, top_sandbox.account)
        return first, second, text

    return both


def check(text, merchant, app):
    """Refuse a recording with a secret of these accounts or data of a person."""
    secrets = {merchant.secret, merchant.apiv3_key, app.app_secret, app.session, app.app_key, merchant.serial}
    people = {OPENID, PHONE, NAME, SESSION_OF_SELLER}
    plain = text.encode().decode("unicode_escape", "replace")
    for word in secrets | people:
        for form in (word, quote(word), json.dumps(word)[1:-1]):
            assert form not in text, word
            assert form not in plain, word
    assert not re.search(r'signature="(?!REDACTED)', text)
    for interaction in yaml.safe_load(text)["interactions"]:  # the id of a public key contains the merchant's number
        assert merchant.public_key_id not in str(interaction["request"]["headers"])
    assert not re.search(r"(?<![\w])sign=(?!REDACTED)", text)


def test_apiv3(recorded):
    def call(client):
        asked = {**order(client, "recorded-1"), "payer": {"openid": OPENID}}
        prepaid = client.v3.pay.transactions.jsapi.post(json=asked)
        path = client.v3.pay.transactions.out_trade_no._out_trade_no_
        return prepaid, path.get(out_trade_no="recorded-1", params={"mchid": client.mchid})

    first, second, _text = recorded("pay", call)
    for one, other in zip(first, second, strict=True):
        assert other.verified
        assert other.status_code == one.status_code
    assert second[0].data == first[0].data
    assert second[1].data["out_trade_no"] == "recorded-1"
    assert second[1].data["mchid"] == "1900000208"


def test_apiv2_with_mutual_tls(recorded):
    asked = {
        "appid": "wx8888888888888888",
        "out_trade_no": "v2-1",
        "body": "thing",
        "total_fee": 1,
        "trade_type": "JSAPI",
    }
    asked |= {"openid": OPENID, "spbill_create_ip": "127.0.0.1", "notify_url": "https://shop.example/n"}
    refund = {
        "appid": "wx8888888888888888",
        "out_trade_no": "nothing",
        "out_refund_no": "r1",
        "total_fee": 1,
        "refund_fee": 1,
    }

    def call(client):
        return client.v2.pay.unifiedorder.post(xml=asked), answered(lambda c: c.v2.secapi.pay.refund.post(xml=refund))(
            client
        )

    first, second, _text = recorded("pay", call)
    assert second[0].verified
    assert second[0].data["prepay_id"] == first[0].data["prepay_id"]
    assert second[0].data["mch_id"] == "1900000208"
    assert second[1].code == first[1].code
    assert second[1].verified == first[1].verified


def test_top(recorded, top_sandbox, others):
    wanted = {"fields": "tid,buyer_nick,receiver_name,receiver_mobile,payment", "start_created": "2026-01-01 00:00:00"}

    def call(client):
        time = client.taobao.time.get()
        return time, client.taobao.trades.sold.get(**wanted), client.taobao.time.get(format="xml")

    for started in (top_sandbox, others[1]):
        started.trades.add(receiver_name=NAME, receiver_mobile=PHONE, tid=2900000000000000001, payment="12.30")
    first, second, _text = recorded("top", call)
    assert [answer.data for answer in second[::2]] == [answer.data for answer in first[::2]]
    (mine,), (theirs,) = (answer[1].data["trades"]["trade"] for answer in (first, second))
    assert mine["receiver_name"] == NAME
    assert theirs == {**mine, "buyer_nick": MASK, "receiver_name": MASK, "receiver_mobile": MASK}


def test_calls_of_top_are_told_apart(recorded):
    """All go to the same URL: the recording answers the method that is called."""

    def call(client):
        with client.batch() as together:
            together.taobao.time.get()
        return answered(lambda c: c.taobao.item.seller.get(num_iid=1, fields="title"))(client), together.answers[0]

    first, second, _text = recorded("top", call)
    assert type(second[0]) is type(first[0])
    assert second[1].data == first[1].data


def test_an_upload(recorded):
    """The file, its name and its digest stay out of the recording."""
    file = {"file": (f"{NAME}.png", b"\x89PNG\r\n\x1a\n" + PHONE.encode())}
    first, second, text = recorded("pay", lambda client: client.v3.merchant.media.upload.post(files=file))
    assert second.verified
    assert second.data == first.data
    assert "PNG" not in text
    assert "sha256" in text


def test_an_upload_of_top(recorded):
    picture = {
        "picture_category_id": 0,
        "img": ("a.png", b"\x89PNG\r\n\x1a\n"),
        "image_input_title": "shoe",
        "session": SESSION_OF_SELLER,
    }
    first, second, text = recorded("top", answered(lambda client: client.taobao.picture.upload.post(**picture)))
    assert type(second) is type(first)
    assert "PNG" not in text


@pytest.mark.parametrize("packed", [{}, {"tar_type": "GZIP"}], ids=["plain", "gzip"])
def test_a_download(recorded, sandbox, packed):
    """The digest in the first response is that of the file without the users."""
    sandbox.clock.advance(
        hours=max(0, 10 - dt.datetime.fromtimestamp(sandbox.clock(), BEIJING).hour)
    )  # before nine the bill is not ready
    yesterday = dt.datetime.fromtimestamp(sandbox.clock(), BEIJING).date() - dt.timedelta(days=1)

    def call(client):
        bill = client.v3.bill.tradebill.get(params={"bill_date": yesterday, **packed})
        file = io.BytesIO()
        return bill, client.download(bill, file), file.getvalue().decode()

    first, second, _text = recorded("pay", call)
    assert second[0].verified
    assert second[1].verified
    (user,) = set(re.findall(r"`(o[\w-]{27})", first[2]))
    assert second[2] == first[2].replace(user, MASK)
    assert second[0].data["hash_value"] != first[0].data["hash_value"]
    assert user not in _text


def test_a_file_of_apiv2(recorded, sandbox):
    yesterday = dt.datetime.fromtimestamp(sandbox.clock(), BEIJING).strftime("%Y%m%d")
    asked = {"appid": "wx8888888888888888", "bill_date": yesterday, "bill_type": "ALL"}
    first, second, _text = recorded("pay", answered(lambda client: client.v2.pay.downloadbill.post(xml=asked)))
    assert type(second) is type(first)


def test_a_picture(recorded):
    def call(client):
        response = client.v3.merchant_service.images._media_id_.get(media_id=MEDIA_ID, stream=True)
        return b"".join(response.iter_content(4096))

    first, second, text = recorded("pay", call)
    assert (first, second) == (IMAGE, MASK.encode())
    assert "PNG" not in text


def test_encrypted_fields(recorded):
    """Those of a response can be decrypted with the throw-away key."""

    def call(client):
        return client.v3.security.echo.post(json={"echo_message": "hello", "encrypted_echo_message": Sensitive(NAME)})

    first, second, text = recorded("pay", call)
    assert first.decrypted()["encrypted_echo_message"] == NAME
    assert second.verified
    assert second.decrypted()["encrypted_echo_message"] == MASK
    assert first.data["encrypted_echo_message"] not in text


def test_certificates(recorded):
    first, second, text = recorded("pay", lambda client: client.v3.certificates.get())
    assert second.verified
    for one, other in zip(first.data["data"], second.data["data"], strict=True):
        assert other["serial_no"] == one["serial_no"]
        assert one["encrypt_certificate"]["ciphertext"] not in text


class TestWhatIsNotRecorded:
    def test_another_amount_is_not_answered(self, recorded, others, tape):
        recorded("pay", lambda client: client.v3.pay.transactions.native.post(json=order(client, "amount-1")))
        before = others[0].journal.count
        with (
            others[0].client() as client,
            vcr.use_cassette(str(tape), record_mode="none", **vcr_config(*others)),
            pytest.raises(CannotOverwriteExistingCassetteException),
        ):
            client.v3.pay.transactions.native.post(json={**order(client, "amount-1"), "amount": {"total": 2}})
        assert others[0].journal.count == before

    def test_without_a_recording_the_sandbox_is_called(self, others):
        with others[0].client() as client:
            assert client.base_url == others[0].https_url
            before = others[0].journal.count
            client.v3.certificates.get()
        assert others[0].journal.count == before + 1

    def test_a_sandbox_that_was_not_started_is_called_nowhere(self, tmp_path):
        with Sandbox() as started, started.client() as client:
            tape = str(tmp_path / "tape.yaml")
            with vcr.use_cassette(tape, **vcr_config(started)):
                client.v3.certificates.get()
        alone = Sandbox()
        try:
            with alone.client() as client:
                with vcr.use_cassette(tape, record_mode="none", **vcr_config(alone)):
                    assert client.v3.certificates.get().verified
                with pytest.raises(requests.ConnectionError, match=r"127\.0\.0\.1.*9"):
                    client.v3.certificates.get()
        finally:
            alone.stop()


def test_a_replay_is_verified(recorded, others, sandbox, tape):
    """It is signed by the sandbox of the configuration: a client with the keys of another one refuses it."""
    recorded("pay", lambda client: client.v3.pay.transactions.native.post(json=order(client, "verified-1")))
    with (
        sandbox.client(base_url=others[0].https_url, clock=others[0].clock) as client,
        vcr.use_cassette(str(tape), record_mode="none", **vcr_config(*others)),
        pytest.raises(SignatureError) as caught,
    ):
        client.v3.pay.transactions.native.post(json={**order(client, "verified-1"), "mchid": "1900000208"})
    assert caught.value.reason == "unknown_key"


CONFTEST = """
import chainable.recording
import pytest

pytest_plugins = ["wechatpay.sandbox.pytest_plugin", "taobao_top.sandbox.pytest_plugin"]

@pytest.fixture(scope="session")
def vcr_config(wechatpay_sandbox_server, taobao_sandbox_server):
    return chainable.recording.vcr_config(wechatpay_sandbox_server, taobao_sandbox_server)
"""
TESTS = """
import chainable
import pytest

@pytest.mark.vcr
@pytest.mark.block_network
def test_pay(wechatpay_sandbox_server):
    client = wechatpay_sandbox_server.client()
    found = client.v3.pay.transactions.native.post(json={
        "appid": wechatpay_sandbox_server.account.appid, "mchid": client.mchid, "description": "thing",
        "out_trade_no": "order-1", "notify_url": "https://shop.example/n", "amount": {"total": 1},
    })
    assert found.verified and found.data["code_url"]

@pytest.mark.vcr
@pytest.mark.block_network
def test_others(wechatpay_sandbox_server):
    client = wechatpay_sandbox_server.client(base_url=wechatpay_sandbox_server.base_url)
    assert client.v3.certificates.get_async().wait(60).verified
    assert client.v3.merchant.media.upload.post(files={"file": ("a.png", b"\\x89PNG\\r\\n\\x1a\\n")}).data["media_id"]

@pytest.mark.vcr
@pytest.mark.block_network
def test_refund(wechatpay_sandbox_server):
    refund = {"appid": "wx1", "out_trade_no": "nothing", "out_refund_no": "r1", "total_fee": 1, "refund_fee": 1}
    with pytest.raises(chainable.APIError) as caught:
        wechatpay_sandbox_server.client().v2.secapi.pay.refund.post(xml=refund)
    assert caught.value.code == "ORDERNOTEXIST"

@pytest.mark.vcr
@pytest.mark.block_network
def test_time(taobao_sandbox_server):
    client = taobao_sandbox_server.client()
    assert client.taobao.time.get().data["time"]
    picture = {"picture_category_id": "0", "image_input_title": "thing", "img": ("a.png", b"\\x89PNG\\r\\n\\x1a\\n" * 9)}
    assert client.taobao.picture.upload.post(**picture).data["picture"]
    with client.batch() as together:
        together.taobao.time.get()
    assert together.answers[0].data["time"]
"""


def test_pytest_recording(tmp_path):
    """Recorded by one process, replayed by another with the network blocked, whose keys differ."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text(TESTS)
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_recording.plugin",
        str(tmp_path),
    ]
    for mode, options in (("rewrite", ["--allowed-hosts=127.0.0.1"]), ("none", [])):
        (tmp_path / "test_shop.py").write_text(
            TESTS if mode == "none" else TESTS.replace("@pytest.mark.block_network", "")
        )
        command = [*program, f"--record-mode={mode}", *options]
        alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=alone)
        assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert {path.name for path in tmp_path.glob("cassettes/*/*.yaml")} == {
        f"test_{name}.yaml" for name in ("pay", "others", "refund", "time")
    }
