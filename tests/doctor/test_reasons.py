"""What loaders of keys say, in Chinese."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chainable.errors import ConfigurationError
from wechatpay.cli.doctor.reasons import translated
from wechatpay.crypto.keys import (
    check_apiv3_key,
    check_platform_key,
    load_certificate,
    load_merchant_pair,
    load_private_key,
    load_public_key,
)
from wechatpay.crypto.serials import normalise_serial

PEM = "-----BEGIN {0}-----\n{1}\n-----END {0}-----"


def refused(load, *arguments, **keywords):
    with pytest.raises(ConfigurationError) as caught:
        load(*arguments, **keywords)
    return translated(str(caught.value))


def pem(key, password=None):
    cipher = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher).decode()


def test_wrong_files(tmp_path, sandbox):
    account = sandbox.account
    missing, empty, cut = tmp_path / "missing.pem", tmp_path / "empty.pem", tmp_path / "cut.pem"
    empty.write_text("")
    cut.write_text(account.merchant_cert[:200])
    told = {
        refused(load_private_key, str(missing)).zh: f"private_key：没有这个文件：{missing}",
        refused(load_private_key, "nothing"): None,
        refused(load_private_key, str(empty)).zh: f"private_key：文件为空：{empty}",
        refused(load_private_key, str(tmp_path)).zh: "private_key：这是目录，应为文件",
        refused(load_certificate, str(cut)).zh: "merchant_cert：PEM 被截断：有 BEGIN 行而没有对应的 END 行",
        refused(load_private_key, account.merchant_cert).zh: "private_key：这是证书，应为私钥",
        refused(load_certificate, account.private_key).zh: "merchant_cert：这是私钥，应为证书",
        refused(load_public_key, account.private_key).zh: "certs：这是私钥，应为公钥或证书",
        refused(load_private_key, b"x" * 32).zh: "private_key：这像是 32 位的 API 密钥，不像文件",
        refused(load_private_key, b"??").zh: "private_key：既不是 PEM，也不是 DER 或其 base64",
        refused(load_private_key, b"").zh: "private_key：值为空",
        refused(load_private_key, b"\x30\x82\xff\xff\x00").zh: "private_key：内容被截断或损坏",
        refused(load_private_key, PEM.format("PRIVATE KEY", "!")).zh: "private_key：私钥的 base64 已损坏",
        refused(load_private_key, PEM.format("PRIVATE KEY", "MAAA")).zh: "private_key：这是私钥，但已损坏或算法不明",
        refused(load_private_key, "file://host/a.pem").zh: (
            "private_key：本地文件地址有三条斜线：file:///路径/key.pem：file://host/a.pem"
        ),
        refused(load_private_key, b"0" * (1 << 21)).zh: "private_key：超过 1 MiB，不会是密钥或证书",
    }

    for given, wanted in told.items():
        assert given == wanted or wanted is None
    assert refused(load_private_key, "nothing").zh.startswith("private_key：没有这个文件（")


def test_wrong_keys(sandbox, merchant_key):
    account = sandbox.account
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    other = pem(merchant_key)

    assert refused(load_private_key, pem(small)).zh == "private_key：RSA 密钥只有 1024 位，至少要 2048 位"
    assert refused(load_private_key, pem(curve)).zh == "private_key：这是 EC 私钥，应为 RSA"
    assert refused(load_private_key, pem(small, b"word")).zh == "private_key：私钥已加密，而未给出密码"
    assert (
        refused(load_private_key, pem(small, b"word"), password="no").zh
        == "private_key：密码解不开这个私钥，或私钥已损坏"
    )
    assert refused(load_merchant_pair, account.merchant_cert, other).zh == (
        f"merchant_cert 与 merchant_key：私钥与证书 {account.serial} 不匹配"
    )
    assert refused(load_merchant_pair, account.merchant_cert).zh == "merchant_key：缺少与证书配对的私钥"
    assert refused(check_apiv3_key, "short").zh.startswith("apiv3_key：长 5 字节，APIv3 密钥应为 32 个 ASCII 字节")


def test_wrong_names(sandbox):
    account = sandbox.account
    public, certificate = load_public_key(account.public_key), load_public_key(account.merchant_cert)

    assert refused(check_platform_key, "AB" * 20, public).zh.startswith(f"certs：序列号 {'AB' * 20} 下放的是公钥")
    assert refused(check_platform_key, "PUB_KEY_ID_01", certificate).zh == (
        f"certs：PUB_KEY_ID_01 下放的是证书；这个 ID 对应平台公钥 pub_key.pem；该证书的序列号为 {account.serial}"
    )
    assert refused(check_platform_key, "AB" * 20, certificate).zh == (
        f"certs：给 {'AB' * 20} 的证书，序列号却是 {account.serial}"
    )
    assert refused(normalise_serial, "1" * 48).zh.startswith("serial：这是十进制的序列号，平台要十六进制：")
    assert refused(normalise_serial, "no").zh.endswith("以 PUB_KEY_ID_ 开头的 ID：'no'")
    assert refused(normalise_serial, "0Key" * 8).zh.endswith(
        "以 PUB_KEY_ID_ 开头的 ID：32 个字符，看起来是密钥，第 2 个不是十六进制数字"
    )
    assert refused(normalise_serial, PEM.format("PUBLIC KEY", "x")).zh.endswith(
        "开头的 ID：PUBLIC KEY 类型的 PEM，第 1 个不是十六进制数字"
    )
    assert refused(check_platform_key, "ABCDEF0123", public).zh.startswith(
        "certs：序列号 'AB…' (10 个字符) 下放的是公钥"
    )


def test_wrong_bundles(merchant_key, tmp_path):
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    cipher = serialization.BestAvailableEncryption(b"word")
    alone = serialize_key_and_certificates(b"x", merchant_key, None, None, cipher)

    assert refused(load_merchant_pair, alone, password="no").zh.startswith("merchant_cert：打不开这个 .p12：文件已损坏")
    assert refused(load_merchant_pair, alone, password="word").zh == "merchant_cert：这个 .p12 里没有证书"


def test_what_is_not_known_is_kept():
    assert translated("base_url: something else").zh == "出错：base_url: something else"
    assert translated("this is truncated or damaged").zh == "内容被截断或损坏"
