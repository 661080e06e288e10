"""Pains with keys, files, front ends and APIv2: each first as it hurts, then its cure here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from chainable import BEIJING
from chainable.errors import ConfigurationError, DecryptionError, SignatureError
from tests.wechatpay.conftest import NOW
from wechatpay import WeChatPay, bills
from wechatpay.apiv2.signing import ParamSigner, verify_parameters
from wechatpay.crypto.aes import APIv3Key
from wechatpay.crypto.keys import load_private_key
from wechatpay.crypto.serials import normalise_serial, serial_text
from wechatpay.sandbox import Sandbox
from wechatpay.xml import XML

SECRET = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def own(sandbox):
    with sandbox.client() as made:
        yield made


def test_pain_02_a_file_in_the_wrong_place_is_named(tmp_path, platform_key):
    """It hurts: 'could not deserialize key data'. The cure says which file that is, and which was meant."""
    public = platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match=r"deserialize|PEM|Valid") as hurt:
        load_pem_private_key(public, None)
    assert "public key" not in str(hurt.value)
    path = tmp_path / "pub_key.pem"
    path.write_bytes(public)

    with pytest.raises(ConfigurationError) as cure:
        WeChatPay(mchid="1900000109", serial="AB", private_key=path)

    assert str(cure.value) == f"private_key: this is a public key; a private key was expected: {path}"


def test_pain_06_no_digit_of_a_serial_gets_lost():
    """It hurts: as a number the serial loses its leading zero, and the platform knows no such certificate."""
    serial = "0A75B6A45ACD588826D15E583A95F5DD01020304"
    number = int(serial, 16)
    assert f"{number:X}" != serial

    assert serial_text(number) == serial
    assert normalise_serial(f"{number:x}") == serial
    with pytest.raises(ConfigurationError, match=f"in decimal; the platform wants hex: {serial}"):
        normalise_serial(str(number))


def test_pain_09_a_bill_is_saved_unpacked_and_checked(own, sandbox, tmp_path):
    """It hurts: the announced SHA-1 is that of the unpacked file, so what comes by gzip never has it."""
    order = {"description": "充值", "out_trade_no": "2026112100001", "notify_url": "https://a.example/"}
    own.v3.pay.transactions.native.post(
        json={"appid": sandbox.account.appid, "mchid": own.mchid, **order, "amount": {"total": 100}}
    )
    sandbox.pay("2026112100001")
    day = {"bill_date": f"{datetime.fromtimestamp(sandbox.clock(), BEIJING):%Y-%m-%d}", "tar_type": "GZIP"}
    sandbox.clock.advance(days=2)  # there is no bill of today, and that of yesterday is made at 10
    applied = own.v3.bill.tradebill.get(params=day)
    packed = own.v3.billdownload.file.get(
        params=dict(pair.split("=", 1) for pair in applied.data["download_url"].split("?")[1].split("&"))
    )
    assert hashlib.sha1(packed.content).hexdigest() != applied.data["hash_value"]
    assert hashlib.sha1(gzip.decompress(packed.content)).hexdigest() == applied.data["hash_value"]
    assert not packed.verified

    saved = own.download(applied, tmp_path / "bill.csv")

    assert saved.verified
    assert [row.out_trade_no for row in bills.read(saved.path)] == ["2026112100001"]


def test_pain_10_a_tag_that_does_not_match_is_explained():
    """It hurts: InvalidTag says nothing at all. The cure says which key is meant, and tries two during a reset."""
    old, new, nonce = b"o" * 32, b"n" * 32, "0123456789ab"
    sealed = base64.b64encode(AESGCM(old).encrypt(nonce.encode(), b"{}", b"transaction")).decode()
    with pytest.raises(InvalidTag) as hurt:
        AESGCM(new).decrypt(nonce.encode(), base64.b64decode(sealed), b"transaction")
    assert str(hurt.value) == ""

    with pytest.raises(DecryptionError, match="the APIv3 key, not the APIv2 key; and after a reset"):
        APIv3Key(new).open(sealed, nonce, "transaction")
    assert APIv3Key(new, old).open(sealed, nonce, "transaction") == b"{}"
    with pytest.warns(UserWarning, match="white space"):
        assert APIv3Key(old + b"\n").open(sealed, nonce, "transaction") == b"{}"


def test_pain_13_each_front_end_gets_what_it_signs(make_client, merchant_key):
    """It hurts: an app signs the bare id, a page 'prepay_id=…'; with the other's text the user sees 'fail'."""
    client = make_client()
    order = {"appid": "wx1", "prepay_id": "wx2"}
    lines = f"wx1\n{NOW}\n593BEC0C930BF1AFEB40B4A08C8FB242\n"

    def fits(signature, text):
        try:
            merchant_key.public_key().verify(base64.b64decode(signature), text.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    page, app = client.invoke.jsapi(**order), client.invoke.app(**order)

    assert fits(page["paySign"], f"{lines}prepay_id=wx2\n")
    assert not fits(page["paySign"], f"{lines}wx2\n")
    assert fits(app["sign"], f"{lines}wx2\n")
    assert (page["timeStamp"], app["timestamp"]) == (str(NOW), str(NOW))  # seconds, never milliseconds


def test_pain_14_a_file_of_any_name_is_uploaded(own, tmp_path):
    """It hurts: a name pasted into JSON by hand is no JSON any more. Here the platform takes it."""
    path = tmp_path / '合同 "一".png'
    path.write_bytes(b"\x89PNG")
    with pytest.raises(json.JSONDecodeError):
        json.loads(f'{{"filename":"{path.name}"}}')

    answer = own.v3.merchant.media.upload.post(files={"file": path})

    assert answer.verified
    assert answer.data["media_id"]


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_pain_18_a_key_is_read_as_it_was_stored(merchant_key, form):
    """It hurts: escaped line ends, a missing header. Every such form is read."""
    pem = merchant_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    escaped = pem.replace("\n", "\\n")
    bare = "".join(line for line in pem.splitlines() if "-----" not in line)
    for stored in (escaped, bare):
        with pytest.raises(ValueError, match=r"."):
            load_pem_private_key(stored.encode(), None)

        assert load_private_key(stored).private_numbers() == merchant_key.private_numbers()


def test_pain_25_the_traps_of_apiv2(tmp_path):
    """It hurts: MD5 for everything, zero left out, no sign taken for a right one, files read by entities."""
    answer = {"return_code": "SUCCESS", "total_fee": "0", "of_next_year": "1"}
    text = "&".join(f"{name}={answer[name]}" for name in sorted(answer)) + f"&key={SECRET}"
    by_hmac = hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest().upper()
    assert hashlib.md5(text.encode()).hexdigest().upper() != by_hmac  # and nothing in the answer says which it is
    secret_file = Path(tmp_path / "secret.txt")
    secret_file.write_text("secret")
    entity = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret_file.as_uri()}">]><xml><a>&f;</a></xml>'.encode()

    verify_parameters({**answer, "sign": by_hmac}, SECRET)
    verify_parameters(ParamSigner("MD5", SECRET).sign(answer), SECRET)
    with pytest.raises(SignatureError, match="has no sign"):
        verify_parameters(answer, SECRET)
    for dropped in ("total_fee", "of_next_year"):
        changed = ParamSigner("MD5", SECRET).sign(answer)
        del changed[dropped]
        with pytest.raises(SignatureError):
            verify_parameters(changed, SECRET)
    with pytest.raises(ValueError, match="document type"):
        XML.decode(entity)
