"""The keys of the platform that a merchant has, and the files of its account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from chainable import APIError
from wechatpay import WeChatPay
from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATES = "/v3/certificates"
ORDER = "/v3/pay/transactions/out-trade-no/unknown-1?mchid=1900000109"


def test_a_merchant_with_a_public_key_only(new_merchant: Any, receiver: Any) -> None:
    with Sandbox(keys="public-key", seed=1) as sandbox, sandbox.client() as client:
        merchant, account = new_merchant(sandbox), sandbox.account
        for asked in (None, "", account.public_key_id):
            answer = merchant.get(ORDER, headers={"wechatpay-serial": asked})
            assert answer.status == 404
            assert answer.headers["Wechatpay-Serial"] == account.public_key_id
        with pytest.raises(APIError, match="无可用的平台证书") as refused:
            client.v3.certificates.get()
        assert (refused.value.status_code, refused.value.code) == (404, "RESOURCE_NOT_EXISTS")
        assert list(account.certs) == [account.public_key_id]
        assert account.certificate_serial == ""

        serial = sandbox.rotate()  # the first one
        assert [each["serial_no"] for each in client.v3.certificates.get().data["data"]] == [serial]
        sandbox.reset()
        assert merchant.get(CERTIFICATES).status == 404


def test_a_merchant_with_certificates_only(new_merchant: Any, receiver: Any, tmp_path: Path) -> None:
    with Sandbox(keys="certificate", seed=1) as sandbox, sandbox.client() as client:
        merchant, account = new_merchant(sandbox), sandbox.account
        serial = account.certificate_serial
        for asked in (None, "", serial):
            assert merchant.get(ORDER, headers={"wechatpay-serial": asked}).headers["Wechatpay-Serial"] == serial
        refused = merchant.get(ORDER, headers={"wechatpay-serial": account.public_key_id})
        assert (refused.status, refused.data["code"]) == (400, "PARAM_ERROR")
        assert client.v3.certificates.get().verified
        sandbox.trigger("REFUND.SUCCESS", to=receiver.url)
        assert sandbox.callbacks.wait()
        assert receiver.received[-1][0]["wechatpay-serial"] == serial

        file = sandbox.write_env(tmp_path / "sandbox.env", force=False)
        assert f"{serial}=" in file.read_text()
        assert not (tmp_path / "sandbox.env.d" / "pub_key.pem").exists()
        with WeChatPay.from_env(file=file) as own:
            assert own.v3.certificates.get().verified


def test_a_merchant_with_both_is_answered_by_its_public_key(sandbox: Sandbox, new_merchant: Any) -> None:
    merchant, account = new_merchant(sandbox), sandbox.account
    answers = {
        asked: merchant.get(path, headers={"wechatpay-serial": asked}).headers["Wechatpay-Serial"]
        for asked, path in ((None, ORDER), (account.certificate_serial, ORDER), ("", CERTIFICATES))
    }
    assert list(answers.values()) == [account.public_key_id, account.certificate_serial, account.certificate_serial]


def test_other_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="keys: one of public-key, certificate, both"):
        Sandbox(keys="none")


def test_the_certificate_comes_as_p12_too(sandbox: Sandbox) -> None:
    content = (sandbox.folder / "apiclient_cert.p12").read_bytes()
    key, certificate, _ = pkcs12.load_key_and_certificates(content, sandbox.account.mchid.encode())
    assert certificate == sandbox.account.certificate
    assert key.private_numbers() == sandbox.account.key.private_numbers()  # type: ignore[union-attr]
