"""The settings that users write: one rule for blanks, and mistakes are named."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from chainable.errors import ConfigurationError
from tests.wechatpay.conftest import APIV3_KEY, PLATFORM, SERIAL, V2_SECRET
from wechatpay import WeChatPay
from wechatpay.catalogue import operations
from wechatpay.settings import Endpoints

GIVEN = {"mchid": "1900000109", "serial": SERIAL, "secret": V2_SECRET, "apiv3_key": APIV3_KEY}


@pytest.fixture
def pem(merchant_key):
    return merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def public_pem(platform_key):
    return platform_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def checked(client):
    with client:
        settings = client.settings
        return settings.mchid, settings.serial, settings.secret.reveal()


EXPECTED = ("1900000109", SERIAL, V2_SECRET)


@pytest.mark.parametrize("blank", ["{}\n", " {}", "{}\r\n", "\t{}\u00a0", "\u3000{}"])
class TestWhiteSpaceIsDropped:
    @pytest.mark.parametrize("name", GIVEN)
    def test_from_an_argument(self, blank, name, pem):
        with pytest.warns(UserWarning, match=f"^{name}: white space around (it|the key) was dropped$"):
            assert checked(WeChatPay(private_key=pem, **GIVEN | {name: blank.format(GIVEN[name])})) == EXPECTED

    @pytest.mark.parametrize("name", GIVEN)
    def test_from_the_environment(self, blank, name, pem, monkeypatch):
        for each, value in {**GIVEN, "private_key": pem}.items():
            monkeypatch.setenv(f"SHOP_{each.upper()}", blank.format(value) if each == name else value)
        with pytest.warns(UserWarning, match=f"^{name}: white space"):
            assert checked(WeChatPay.from_env("SHOP_")) == EXPECTED

    @pytest.mark.parametrize("name", GIVEN)
    def test_from_both_kinds_of_files(self, blank, name, pem, tmp_path):
        values = {**GIVEN, "private_key": pem} | {name: blank.format(GIVEN[name])}
        env, toml = tmp_path / "a.env", tmp_path / "a.toml"
        env.write_text("".join(f'SHOP_{each.upper()}="{value}"\n' for each, value in values.items()), "utf-8")
        toml.write_bytes("".join(f'{each} = """{value}"""\n' for each, value in values.items()).encode())
        with pytest.warns(UserWarning, match=f"^{name}: white space"):
            assert checked(WeChatPay.from_env("SHOP_", file=env)) == EXPECTED
        with pytest.warns(UserWarning, match=f"^{name}: white space"):
            assert checked(WeChatPay.from_file(toml)) == EXPECTED


@pytest.mark.parametrize("blank", ["", " ", "\n", "\u3000"])
class TestNothing:
    @pytest.mark.parametrize("name", ["mchid", "serial", "secret", "private_key", "merchant_cert"])
    def test_is_refused_as_an_argument(self, blank, name, pem):
        with pytest.raises(ConfigurationError, match=f"^{name}: the value is empty$"):
            WeChatPay(**{**GIVEN, "private_key": pem} | {name: blank})

    def test_is_not_set_in_the_environment_and_in_files(self, blank, monkeypatch, tmp_path):
        monkeypatch.setenv("SHOP_MCHID", "1900000109")
        monkeypatch.setenv("SHOP_SECRET", blank)
        (tmp_path / "a.toml").write_text(f'mchid = "1900000109"\nsecret = """{blank}"""\n', "utf-8")
        for client in (WeChatPay.from_env("SHOP_"), WeChatPay.from_file(tmp_path / "a.toml")):
            with client:
                assert client.settings.secret is None


class TestMerchantNumber:
    def test_what_is_missing_has_the_name_that_was_looked_for(self, monkeypatch, tmp_path):
        for name in ("WECHATPAY_MCHID", "WECHATPAY_BRAND_ID"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(ConfigurationError, match="^WECHATPAY_MCHID is not set: give the merchant number$"):
            WeChatPay.from_env()
        file = tmp_path / "sb.env"
        file.write_text("SHOP_SERIAL=\n")
        with pytest.raises(ConfigurationError, match=r"^SHOP_MCHID is not set in .*sb\.env: give"):
            WeChatPay.from_env("SHOP_", file=file)
        file.write_text('serial = "A"\n')
        with pytest.raises(ConfigurationError, match=r"^mchid is not set in .*sb\.env: give"):
            WeChatPay.from_file(file)
        with WeChatPay.from_env("SHOP_", mchid="1900000109") as client:
            assert client.mchid == "1900000109"

    def test_a_file_in_the_place_of_the_prefix(self):
        with pytest.raises(ConfigurationError, match=r"from_env\(file='sb\.env'\)"):
            WeChatPay.from_env("sb.env")

    @pytest.mark.parametrize("name", ["mchid", "brand_id"])
    @pytest.mark.parametrize("appid", ["wxd678efh567hg6787", "wx8888888888888888", "WXd930ea5d5a258f4f", " wx1234567890abcdef"])  # fmt: skip
    @pytest.mark.filterwarnings("ignore:.*white space")
    def test_an_appid_is_named(self, name, appid):
        with pytest.raises(ConfigurationError, match=f"^{name}: this is an appid"):
            WeChatPay(**{name: appid})


class TestSerial:
    @pytest.mark.parametrize("serial", ["1234", "AB", "12:34:56:78", "0x7132D72A0", "3775B6A"])
    def test_a_short_one_is_refused(self, serial, pem):
        with pytest.raises(ConfigurationError, match=r"^serial: \d+ characters, and .* 40 hex digits") as caught:
            WeChatPay(mchid="1900000109", serial=serial, private_key=pem)
        assert caught.value.reason == "serial_too_short"

    def test_the_id_of_the_public_key_is_named(self, pem):
        with pytest.raises(ConfigurationError, match="^serial: this is the id of the platform's public key.* certs="):
            WeChatPay(mchid="1900000109", serial=PLATFORM, private_key=pem)

    def test_a_serial_is_text(self, pem):
        with pytest.raises(TypeError, match="a number loses leading zeros"):
            WeChatPay(mchid="1900000109", serial=1234, private_key=pem)


class TestPasswordsOfFiles:
    def test_of_an_encrypted_key(self, merchant_key, tmp_path, monkeypatch):
        text = merchant_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")
        ).decode()
        with WeChatPay(
            mchid="1900000109", serial=SERIAL, private_key=text, private_key_password="open sesame"
        ) as client:
            assert client.settings.key.private_numbers() == merchant_key.private_numbers()
            assert "sesame" not in repr(client.settings)
        monkeypatch.setenv("SHOP_MCHID", "1900000109")
        monkeypatch.setenv("SHOP_SERIAL", SERIAL)
        monkeypatch.setenv("SHOP_PRIVATE_KEY", text)
        with pytest.raises(ConfigurationError, match="give private_key_password="):
            WeChatPay.from_env("SHOP_")
        monkeypatch.setenv("SHOP_PRIVATE_KEY_PASSWORD", "open sesame")
        with WeChatPay.from_env("SHOP_") as client:
            assert client.settings.key is not None
        (tmp_path / "a.toml").write_text(
            f'mchid = "1900000109"\nserial = "{SERIAL}"\nprivate_key = """{text}"""\nprivate_key_password = "open sesame"\n'
        )
        with WeChatPay.from_file(tmp_path / "a.toml") as client:
            assert client.settings.key is not None

    def test_a_wrong_one_is_not_shown(self, merchant_key):
        text = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"SECRET-1"))
        with pytest.raises(ConfigurationError) as caught:
            WeChatPay(mchid="1900000109", serial=SERIAL, private_key=text, private_key_password="SECRET-2")
        assert "SECRET" not in str(caught.value) + repr(caught.value.values)
        assert len(caught.traceback) == 2  # the test, and the masked frame of the client


class TestRegionPrefix:
    @pytest.mark.parametrize(
        ("own", "base", "url"),
        [
            ("https://api.mch.weixin.qq.com/hk/", "https://host.example/hk/", "https://host.example/hk/v3/x"),
            ("https://api.mch.weixin.qq.com/hk/", "https://host.example/hk", "https://host.example/hk/v3/x"),
            ("https://api.mch.weixin.qq.com/hk/", "https://host.example/", "https://host.example/hk/v3/x"),
            ("https://api.mch.weixin.qq.com/hk/", "https://host.example/ahk/", "https://host.example/ahk/hk/v3/x"),
            ("https://apihk.mch.weixin.qq.com/global/", "https://h.example/a/global/", "https://h.example/a/global/v3/x"),
            ("https://apihk.mch.weixin.qq.com/global/", "https://h.example/a", "https://h.example/a/global/v3/x"),
            ("https://fraud.mch.weixin.qq.com/", "https://host.example/x/", "https://host.example/x/v3/x"),
        ],
    )  # fmt: skip
    def test_it_is_not_written_twice(self, own, base, url):
        class Known:
            base_uri = own
            base_uri_required = True

        assert Endpoints.build(base, None).urls(Known, "v3/x") == (url,)
        assert Endpoints.build("https://first.example/", base).urls(Known, "v3/x")[1] == url

    def test_the_catalogue_has_such_prefixes(self):
        found = {each.base_uri for each in operations() if each.base_uri_required}
        assert {"https://api.mch.weixin.qq.com/hk/", "https://apihk.mch.weixin.qq.com/global/"} <= found


@pytest.mark.parametrize("secret", [V2_SECRET[:-1], 12345678901234567890123456789012])
def test_a_secret_is_text_of_32_characters(secret, pem):
    with pytest.raises(ConfigurationError, match="32 characters") as refused:
        WeChatPay(**{**GIVEN, "private_key": pem, "secret": secret})
    assert str(secret) not in str(refused.value)


class TestOneFileOfTheConsole:
    """``apiclient_cert.p12`` has the certificate, its serial and the key."""

    @pytest.fixture
    def bundle(self, merchant_key):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "1900000109")])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder(subject, subject, merchant_key.public_key(), int(SERIAL, 16))
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(merchant_key, SHA256())
        )
        cipher = BestAvailableEncryption(b"1900000109")
        return serialize_key_and_certificates(b"x", merchant_key, certificate, None, cipher)

    @pytest.mark.parametrize("password", [None, "", "1900000109\n"])
    def test_it_signs(self, bundle, merchant_key, password):
        with WeChatPay(
            mchid="1900000109", apiv3_key=APIV3_KEY, merchant_cert=bundle, merchant_cert_password=password
        ) as client:
            settings = client.settings
            assert (settings.serial, settings.signer is not None) == (SERIAL, True)
            assert settings.decryption_key().private_numbers() == merchant_key.private_numbers()

    def test_a_private_key_of_another_certificate_is_named(self, bundle, merchant_key, platform_key):
        with pytest.warns(UserWarning, match="private_key: it does not belong to merchant_cert"):
            WeChatPay(mchid="1900000109", merchant_cert=bundle, private_key=platform_key).close()

        class Remote:
            def sign(self, message: bytes) -> bytes:
                raise NotImplementedError

        for key in (merchant_key, Remote()):
            WeChatPay(mchid="1900000109", merchant_cert=bundle, private_key=key, merchant_key=merchant_key).close()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"secret": b"x" * 32}, ConfigurationError, "^secret: text was expected, not bytes: decode it first$"),
        ({"serial": SERIAL.encode()}, TypeError, "^serial: a serial is text, not bytes: decode it first$"),
    ],
)
def test_bytes_are_named(given, error, words, pem):
    with pytest.raises(error, match=words):
        WeChatPay(private_key=pem, **GIVEN | given)


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("form", ["'{}'", '"{}"', ' "{}"\n', "\u200b{}", "\ufeff{}", '" {} "'])
def test_quotation_marks_and_invisible_characters_are_dropped(name, form, pem):
    """``docker run --env-file`` keeps quotation marks; web pages add characters without width."""
    with pytest.warns(UserWarning, match=f"^{name}: (white space|quotation marks) around (it|the key) w"):
        assert checked(WeChatPay(private_key=pem, **GIVEN | {name: form.format(GIVEN[name])})) == EXPECTED


@pytest.mark.parametrize("form", [" https://a.example/hk ", '"https://a.example/hk/"', "https://a.example/hk\n"])
def test_an_access_point_is_trimmed(form):
    with pytest.warns(UserWarning, match="^base_url: "):
        assert Endpoints.build(form, None).base_url == "https://a.example/hk/"


@pytest.mark.parametrize("url", ["https://api.mch.weixin.qq.com/v3/", "https://api.wechatpay.cn/v2"])
def test_a_version_in_the_access_point_is_named(url):
    with pytest.raises(ConfigurationError, match="base_url: leave out the version"):
        Endpoints.build(url, None)


def test_a_forwarder_may_have_a_version():
    assert Endpoints.build("https://shop.example/v3", None).base_url == "https://shop.example/v3/"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"serial": "A" * 64}, ConfigurationError, "serial: 64 hex digits.*fingerprint"),
        ({"apiv3_key": []}, ConfigurationError, "apiv3_key: the list is empty"),
        ({"merchant_key": "pem"}, ConfigurationError, "merchant_key: it is used together with merchant_cert="),
        ({"clock": 5}, ConfigurationError, "clock: a function was expected, not int"),
        ({"nonce": "abc"}, ConfigurationError, "nonce: a function was expected, not str"),
        ({"on_attempt": "log"}, ConfigurationError, "on_attempt: a function was expected, not str"),
        ({"signer": "rsa"}, ConfigurationError, "signer: a function was expected, not str"),
        ({"verifier": "rsa"}, ConfigurationError, r"verifier: an object with verify\(\) was expected, not str"),
        ({"transport": "direct"}, ConfigurationError, r"transport: an object with send\(\) was expected, not str"),
        ({"http_session": "s"}, ConfigurationError, r"http_session: an object with get_adapter\(\) was expected"),
        ({"proxies": "http://u:secret@host:1"}, ConfigurationError, "^proxies: a mapping as requests takes it"),
        ({"proxies": {"https://": "http://u:secret@host:1"}}, ConfigurationError, "^proxies: .*without '://'"),
        ({"proxies": {"https": 5}}, ConfigurationError, "^proxies: "),
        ({"proxies": {"https": "http://u:secret@[::1"}}, ConfigurationError, "^proxies: the value of 'https' is not"),
        ({"proxies": {"https": "http://u:secret@host:port"}}, ConfigurationError, "is not the URL of a proxy"),
        ({"proxies": {"all": "http://u:a#secret@host:1"}}, ConfigurationError, "percent-encoded"),
        ({"proxies": {"http": "ftp://u:secret@host"}}, ConfigurationError, "the value of 'http' is not"),
        ({"proxies": {"http": "http://"}}, ConfigurationError, "is not the URL of a proxy"),
    ],
)
def test_a_value_of_another_kind_is_named(given, error, words, pem):
    given = {name: pem if value == "pem" else value for name, value in given.items()}
    with pytest.raises(error, match=words) as caught:
        WeChatPay(private_key=pem, **GIVEN | given)

    assert "secret@" not in str(caught.value)
