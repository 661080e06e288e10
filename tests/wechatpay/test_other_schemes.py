"""Other schemes behind the same seams, end to end: SM2 with SM3 and SM4, over a real connection."""

from __future__ import annotations

import base64
import json
import os

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chainable.errors import CodecError, DecryptionError, SignatureError, UnknownKeyError
from examples.sm2 import CIPHER, SCHEME, SM2Key, SM4Key, sm_client, sm_notifications
from tests.chainable.fault_server import FaultServer
from wechatpay import Ciphertext, Sensitive

NOW = 1_790_000_000
SERIAL = "5E4D3C2B1A"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"


def pair():
    public, private = gmssl_pyx.sm2_key_generate()
    return SM2Key(private, public)


class Platform:
    """Signs by SM2 and seals by SM4, and checks what it is sent; SM3 here is GmSSL's."""

    def __init__(self):
        self.key = pair()
        self.merchant = pair()
        self.seen = []

    def headers(self, body, timestamp=NOW, serial=SERIAL):
        nonce = os.urandom(16).hex()
        signature = self.key.sign(b"%d\n%b\n%b\n" % (timestamp, nonce.encode(), body))
        return {
            "Wechatpay-Timestamp": str(timestamp),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": SCHEME,
        }

    def answer(self, connection, request, _):
        head, _, body = request.partition(b"\r\n\r\n")
        verb, target, _ = head.split(b" ", 2)
        line = next(line for line in head.split(b"\r\n") if line.startswith(b"Authorization: "))
        scheme, _, rest = line.partition(b": ")[2].partition(b" ")
        fields = dict(part.split(b"=", 1) for part in rest.split(b","))
        said = {name.decode(): value.strip(b'"') for name, value in fields.items()}
        message = b"\n".join([verb, target, said["timestamp"], said["nonce_str"], body, b""])
        right = gmssl_pyx.sm2_verify(self.merchant.public_key, message, base64.b64decode(said["signature"]))
        self.seen.append((scheme.decode(), right, f"Wechatpay-Serial: {SERIAL}".encode() in head))
        content = b'{"code_url":"weixin://"}'
        lines = {"Content-Type": "application/json", "Content-Length": str(len(content)), **self.headers(content)}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"HTTP/1.1 200 OK\r\n{text}\r\n".encode() + content)

    def notification(self, resource):
        key = algorithms.SM4(gmssl_pyx.sm3_hash(APIV3_KEY.encode())[:16])
        sealer = Cipher(key, modes.GCM(b"fdasflkja484")).encryptor()
        sealer.authenticate_additional_data(b"transaction")
        sealed = sealer.update(json.dumps(resource).encode()) + sealer.finalize() + sealer.tag
        content = {
            "algorithm": CIPHER,
            "nonce": "fdasflkja484",
            "associated_data": "transaction",
            "ciphertext": base64.b64encode(sealed).decode(),
        }
        return json.dumps({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": content}).encode()


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def client(platform):
    with FaultServer(platform.answer) as server:
        keys = {SERIAL: platform.key.public_key}
        with sm_client("1900000109", "0A1B", platform.merchant, keys, clock=lambda: NOW, base_url=server.url) as client:
            yield client


def test_a_call_is_signed_and_its_answer_verified(client, platform):
    """No RSA key is anywhere; the serial asked for is the verifier's."""
    response = client.v3.pay.transactions.native.post(json={"out_trade_no": "order001"})

    assert response.verified
    assert response.data == {"code_url": "weixin://"}
    assert platform.seen == [(SCHEME, True, True)]


def test_a_file_is_asked_for_in_the_same_way(client, platform, tmp_path):
    client.download(f"{client.base_url}v3/billdownload/file?token=x", tmp_path / "bill")
    assert platform.seen == [(SCHEME, True, True)]


def test_another_serial_is_refused_before_sending(client, platform):
    """Only the verifier's own serial passes; the platform would use an unknown key for others."""
    answer = client.v3.pay.transactions.native.post(json={"a": 1}, headers={"Wechatpay-Serial": SERIAL})
    assert answer.verified
    with pytest.raises(UnknownKeyError):
        client.v3.pay.transactions.native.post(json={"a": 1}, headers={"Wechatpay-Serial": "another"})
    assert len(platform.seen) == 1


def test_a_persons_data_never_leaves_plain(client, platform):
    """There is no RSA key to encrypt with, and plain text is refused as ever."""
    with pytest.raises(UnknownKeyError):
        client.v3.new.thing.post(json={"name": Sensitive("张三")})
    with pytest.raises(CodecError, match="encrypted"):
        client.v3.fund_app.mch_transfer.transfer_bills.post(json={"user_name": "张三"})
    assert platform.seen == []

    sealed = Ciphertext("sealed elsewhere", serial=SERIAL)
    assert client.v3.new.thing.post(json={"name": sealed}).verified
    with pytest.raises(UnknownKeyError):
        client.v3.new.thing.post(json={"name": Ciphertext("sealed elsewhere", serial="another")})


def test_a_notification_is_opened(client, platform):
    notifications = sm_notifications("1900000109", {SERIAL: platform.key.public_key}, APIV3_KEY, lambda: NOW)
    body = platform.notification({"out_trade_no": "order001"})

    found = notifications.parse(platform.headers(body), body)

    assert found.resource == {"out_trade_no": "order001"}
    for headers, reason in [
        ({}, "missing"),
        (platform.headers(body, NOW - 301), "stale"),
        (platform.headers(body, serial="another"), "unknown_key"),
        (platform.headers(b"other"), "mismatch"),
        (platform.headers(body) | {"Wechatpay-Signature": "bm90IERFUg=="}, "mismatch"),
    ]:
        with pytest.raises(SignatureError) as caught:
            notifications.parse(headers, body)
        assert caught.value.reason == reason


def test_another_apiv3_key_does_not_open(platform):
    notifications = sm_notifications("1900000109", {SERIAL: platform.key.public_key}, "x" * 32, lambda: NOW)
    body = platform.notification({})
    with pytest.raises(DecryptionError):
        notifications.parse(platform.headers(body), body)


def test_no_key_is_shown():
    assert repr(pair()) == "SM2Key()"
    assert repr(SM4Key(APIV3_KEY)) == "SM4Key()"


def test_both_libraries_agree_on_sm3_and_sm4():
    """One side decrypts what the other encrypts."""
    text, nonce = os.urandom(100), os.urandom(12).hex()[:12]
    key = gmssl_pyx.sm3_hash(APIV3_KEY.encode())[:16]
    sealed, tag = gmssl_pyx.sm4_gcm_encrypt(key, iv=nonce.encode(), aad=b"a", plaintext=text)
    assert SM4Key(APIV3_KEY).open(base64.b64encode(sealed + tag).decode(), nonce, "a") == text
