"""The example of a remote key: the platform accepts the service's signatures, and unauthorized callers get none."""

from __future__ import annotations

import pytest
import requests

from chainable.errors import DecryptionError
from examples.signing_service import RemoteKey, RemoteSigner, SigningService, main
from wechatpay.sandbox import Sandbox


def test_both_ways_are_verified_by_the_platform(capsys):
    """A key that only signs and decrypts, and a custom signer."""
    signed, verified, opened = main()

    assert signed == len(verified) == 4
    assert all(verified)
    assert opened["user_name"] == "张三"
    assert '"code_url"' in capsys.readouterr().out.replace("'", '"')


@pytest.fixture
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


def test_only_callers_with_the_token_get_a_signature(sandbox):
    with SigningService(sandbox.account.private_key, "the token") as service:
        client = sandbox.client(
            private_key=RemoteKey(service.url, "another"), merchant_cert=None, merchant_key=None, retries=0
        )
        with pytest.raises(requests.HTTPError, match="403") as caught:
            client.v3.certificates.get()

        assert not caught.value.maybe_sent

        assert service.signed == 0
        assert len(sandbox.journal) == 0


def test_undecryptable_content_is_reported(sandbox):
    with SigningService(sandbox.account.private_key, "the token") as service:
        key = RemoteKey(service.url, "the token")
        client = sandbox.client(private_key=key, merchant_cert=None, merchant_key=None)
        with pytest.raises(DecryptionError, match="cannot open"):
            client.decrypt("bm90aGluZw==")
        assert "token" not in repr(key)


def test_each_attempt_is_signed_anew(sandbox):
    """By the service, over a nonce of its own."""
    with SigningService(sandbox.account.private_key, "the token") as service:
        key = RemoteKey(service.url, "the token")
        signer = RemoteSigner(sandbox.account.mchid, sandbox.account.serial, key, clock=sandbox.context.clock)
        client = sandbox.client(private_key=None, signer=signer, merchant_cert=None, merchant_key=None)
        sandbox.faults.add("reset", operation="*certificates", times=1)

        assert client.v3.certificates.get().verified

        assert service.signed == 2
        sent = [entry.request.header("authorization") for entry in sandbox.journal]
        assert len({line.partition("nonce_str=")[2][:34] for line in sent}) == 2


def test_an_upload_is_signed_over_its_meta(sandbox):
    with SigningService(sandbox.account.private_key, "the token") as service:
        key = RemoteKey(service.url, "the token")
        signer = RemoteSigner(sandbox.account.mchid, sandbox.account.serial, key, clock=sandbox.context.clock)
        client = sandbox.client(private_key=None, signer=signer, merchant_cert=None, merchant_key=None)

        assert client.v3.merchant.media.upload.post(files={"file": ("a.png", b"\x89PNG")}).data["media_id"]
