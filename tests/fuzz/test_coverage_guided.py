"""A fuzzer that sees which lines its input reached, for a bounded time: only errors of the family come out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

SECONDS = 8
TARGETS = Path(__file__).with_name("targets.py")
ROOT = Path(__file__).resolve().parents[2]
TOKENS = {
    "xml": ["<xml>", "</xml>", "<![CDATA[", "]]>", "<!DOCTYPE", "<!ENTITY", "&#13;", "<?xml", "encoding="],
    "notification": ['"resource"', '"algorithm"', "PLAIN", '"id"', "event_type", "<req_info>", "<event_ciphertext>"],
    "pem": ["-----BEGIN ", "-----END ", "PRIVATE KEY-----", "RSA ", "CERTIFICATE-----", "ENCRYPTED ", "PUBLIC KEY"],
}


def xml_seeds():
    return [
        b"<xml><return_code><![CDATA[SUCCESS]]></return_code><total_fee>1</total_fee></xml>",
        b'<?xml version="1.0" encoding="GBK"?><root><a><b>1</b><b>2</b></a></root>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ]


def notification_seeds():
    resource = {
        "algorithm": "PLAIN",
        "nonce": "n",
        "associated_data": "transaction",
        "ciphertext": '{"out_trade_no":"1"}',
    }
    envelope = {"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "summary": "x", "resource": resource}
    return [
        json.dumps(envelope).encode(),
        b"<xml><req_info>" + base64.b64encode(bytes(32)) + b"</req_info></xml>",
        b"<xml><mch_id>1</mch_id><sign>0123456789ABCDEF0123456789ABCDEF</sign></xml>",
    ]


@pytest.fixture
def pem_seeds(merchant_key, merchant_certificate):
    password = BestAvailableEncryption(b"1900000109")
    return lambda: [
        merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        merchant_key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        merchant_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        merchant_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        merchant_certificate.pem,
        pkcs12.serialize_key_and_certificates(b"x", merchant_key, None, None, password),
        b"\xef\xbb\xbf-----BEGIN EC PRIVATE KEY-----\nMAo=\n-----END EC PRIVATE KEY-----",
    ]


@pytest.mark.parametrize("name", list(TOKENS))
def test_only_errors_of_the_family_come_out(name, pem_seeds, tmp_path):
    """Nothing crashes, hangs for seconds or grows for as long as the fuzzer looks for it."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds = {"xml": xml_seeds, "notification": notification_seeds, "pem": pem_seeds}[name]()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    words = tmp_path / "words.dict"
    words.write_text("".join('"{}"\n'.format(token.replace('"', '\\"')) for token in TOKENS[name]))

    done = subprocess.run(
        [
            sys.executable,
            str(TARGETS),
            name,
            "-runs=30000",
            f"-max_total_time={SECONDS}",
            "-timeout=60",
            "-max_len=4096",
            f"-dict={words}",
            f"-artifact_prefix={tmp_path}/",
            str(corpus),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Done " in done.stderr
