"""Keys in the forms in which configuration centres, environments and consoles hand them over."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from chainable.errors import ConfigurationError
from chainable.masking import Secret
from wechatpay.crypto.key_sources import file_of
from wechatpay.crypto.keys import (
    check_certs,
    load_merchant_certificate,
    load_merchant_pair,
    load_p12,
    load_private_key,
    load_public_key,
)

FORMS = {
    "base64": lambda pem: base64.b64encode(pem),
    "base64 in lines": lambda pem: base64.encodebytes(pem),
    "base64 with escaped line ends": lambda pem: base64.encodebytes(pem).replace(b"\n", b"\\n"),
    "URL-safe base64": lambda pem: base64.urlsafe_b64encode(pem),
    "base64 without padding": lambda pem: base64.b64encode(pem + b"\n").rstrip(b"="),
    "URL-safe base64 without padding": lambda pem: base64.urlsafe_b64encode(pem + b"\n\n").rstrip(b"="),
    "bare base64 without padding": lambda pem: b"".join(pem.splitlines()[1:-1]).rstrip(b"="),
    "base64 twice": lambda pem: base64.b64encode(base64.b64encode(pem)),
    "base64 in quotes": lambda pem: b'"' + base64.b64encode(pem) + b'"',
    "base64 of CRLF": lambda pem: base64.b64encode(pem.replace(b"\n", b"\r\n")),
    "base64 after a line end": lambda pem: b"\n  " + base64.b64encode(pem) + b" \n",
    "base64 of PEM with a BOM": lambda pem: base64.b64encode(b"\xef\xbb\xbf" + pem),
    "base64 of PEM after text": lambda pem: base64.b64encode(b"Bag Attributes: x\n" + pem),
    "bare base64 after a line end": lambda pem: b"\n" + b"".join(pem.splitlines()[1:-1]) + b"\n",
    "bare base64 in indented lines": lambda pem: b"\n    ".join([b"", *pem.splitlines()[1:-1], b""]),
    "bare base64 with escaped line ends": lambda pem: b"\\n".join(pem.splitlines()[1:-1]),
    "line ends escaped twice": lambda pem: pem.replace(b"\n", b"\\\\n"),
    "escaped CRLF, twice": lambda pem: pem.replace(b"\n", b"\\\\r\\\\n"),
    "indented, as in YAML": lambda pem: b"\n".join(b"    " + line for line in pem.splitlines()),
    "no-break spaces of a web page": lambda pem: pem.replace(b"\n", "\u00a0\u3000\n\u200b".encode()),
}


@pytest.mark.parametrize("kind", [bytes, str, Secret])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_private_key_in_any_form(form, kind, key_pem, rsa_key):
    data = form(key_pem)
    source = data if kind is bytes else data.decode() if kind is str else Secret(data.decode())

    assert load_private_key(source).private_numbers() == rsa_key.private_numbers()


@pytest.mark.parametrize("form", ["base64", "base64 in lines", "URL-safe base64", "line ends escaped twice"])
def test_public_keys_and_certificates_in_these_forms(form, public_pem, certificate_pem, rsa_key):
    change = FORMS[form]

    assert load_public_key(change(public_pem).decode()).key == rsa_key.public_key()
    assert load_public_key(change(certificate_pem).decode()).kind == "certificate"
    assert load_merchant_certificate(change(certificate_pem).decode()).key == rsa_key.public_key()


def test_a_file_may_hold_base64_of_pem(tmp_path, key_pem, p12, rsa_key):
    (tmp_path / "key.b64").write_bytes(base64.encodebytes(key_pem))

    assert load_private_key(tmp_path / "key.b64").private_numbers() == rsa_key.private_numbers()
    assert (
        load_merchant_pair(base64.b64encode(p12).decode(), password="1900000109").key.private_numbers()
        == rsa_key.private_numbers()
    )


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("change", ["base64", "line ends escaped twice", "indented, as in YAML"])
def test_an_encrypted_key_in_these_forms(form, change, rsa_key):
    pem = rsa_key.private_bytes(Encoding.PEM, form, BestAvailableEncryption("密码".encode()))

    assert load_private_key(FORMS[change](pem).decode(), password="密码").private_numbers() == rsa_key.private_numbers()


def test_damaged_base64_is_not_taken_for_a_path(key_pem):
    bare = b"".join(key_pem.splitlines()[1:-1]).decode()
    with pytest.raises(ConfigurationError, match="neither PEM nor DER nor base64"):
        load_private_key(bare[:-3])
    with pytest.raises(ConfigurationError, match="the PEM is truncated"):
        load_private_key(base64.b64encode(key_pem[:400]).decode())
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load_private_key("words/" * 40)
    with pytest.raises(ConfigurationError, match="there is no such file") as caught:
        load_private_key("a" * 5000)
    assert caught.value.reason == "not_a_path"


class TestWhiteSpaceOfPaths:
    @pytest.mark.parametrize("form", ["{}\n", "  {}", "{}\r\n", "\u3000{}\u00a0", "file://{}\n"])
    def test_it_is_dropped_with_a_warning(self, tmp_path, key_pem, rsa_key, form):
        file = tmp_path / "apiclient_key.pem"
        file.write_bytes(key_pem)
        with pytest.warns(UserWarning, match="^private_key: white space around it was dropped$"):
            assert load_private_key(form.format(file)).private_numbers() == rsa_key.private_numbers()

    def test_it_is_dropped_from_a_path_object(self, tmp_path, key_pem, rsa_key):
        file = tmp_path / "apiclient_key.pem"
        file.write_bytes(key_pem)
        with pytest.warns(UserWarning, match="white space"):
            assert load_private_key(tmp_path / "apiclient_key.pem\n").private_numbers() == rsa_key.private_numbers()

    def test_an_error_says_so(self, tmp_path):
        with pytest.raises(ConfigurationError, match=r"a\.pem \(white space around the path was dropped\)$") as caught:
            load_private_key(f"{tmp_path}/a.pem\n")
        assert caught.value.values["file"] == f"{tmp_path}/a.pem"
        with pytest.raises(
            ConfigurationError, match=r"base64\) \(white space around the path was dropped\)$"
        ) as caught:
            load_private_key("nothing ")
        assert caught.value.values["file"] == ""
        (tmp_path / "other").write_text("shop.example\n")
        with pytest.warns(UserWarning, match="dropped"), pytest.raises(ConfigurationError, match="white space"):
            load_private_key(f"{tmp_path}/other\n")

    @pytest.mark.parametrize("blank", ["", " \n", b"", b"\n"])
    @pytest.mark.parametrize("load", [load_private_key, load_merchant_certificate, load_merchant_pair, load_public_key])
    def test_nothing_is_empty(self, load, blank):
        with pytest.raises(ConfigurationError, match=": the value is empty$"):
            load(blank)

    def test_the_file_of_an_origin(self):
        assert file_of(": a.pem (white space around the path was dropped)") == "a.pem"
        assert file_of(" (white space around the path was dropped)") == ""
        assert file_of("") == ""


class TestPasswords:
    @pytest.mark.parametrize("password", ["秘密", "秘密".encode(), Secret("秘密"), ("no", None, "", "秘密")])
    def test_every_form_of_password(self, rsa_key, certificate, password):
        cipher = BestAvailableEncryption("秘密".encode())
        bundle = pkcs12.serialize_key_and_certificates(b"x", rsa_key, certificate, None, cipher)
        pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cipher)

        assert load_p12(bundle, password=password).key.private_numbers() == rsa_key.private_numbers()
        assert load_private_key(pem, password=password).private_numbers() == rsa_key.private_numbers()
        assert load_merchant_certificate(bundle, password=password).key == rsa_key.public_key()

    @pytest.mark.parametrize("password", [None, "", "1900000109"])
    def test_a_p12_without_encryption_needs_none(self, rsa_key, certificate, password):
        bundle = pkcs12.serialize_key_and_certificates(b"x", rsa_key, certificate, None, NoEncryption())

        assert load_p12(bundle, password=password).key.private_numbers() == rsa_key.private_numbers()

    def test_the_key_beside_the_certificate_has_a_password_of_its_own(self, rsa_key, certificate_pem):
        pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"own"))

        assert (
            load_merchant_pair(certificate_pem, pem, password="1", key_password=(None, "own")).key.private_numbers()
            == rsa_key.private_numbers()
        )
        assert (
            load_merchant_pair(certificate_pem + pem, password="own").key.private_numbers() == rsa_key.private_numbers()
        )
        with pytest.raises(ConfigurationError, match="no password was given; give merchant_cert_password="):
            load_merchant_pair(certificate_pem, pem, password="1900000109", key_password=(None, None))

    def test_a_missing_and_a_wrong_password_name_the_option(self, rsa_key, p12):
        pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"SECRET-1"))
        with pytest.raises(ConfigurationError, match="encrypted and no password was given; give private_key_password="):
            load_private_key(pem, password="")
        with pytest.raises(ConfigurationError, match="its password is private_key_password=$") as caught:
            load_private_key(pem, password="SECRET-2")
        assert "SECRET" not in str(caught.value)
        with pytest.raises(ConfigurationError, match="merchant number, unless you give merchant_cert_password=$"):
            load_p12(p12, password="1900000110")

    @pytest.mark.parametrize("password", ["SECRET-1\n", b"SECRET-1\r\n", Secret("SECRET-1\n")])
    def test_a_file_of_a_secret_ends_with_a_line_end(self, rsa_key, certificate, password):
        cipher = BestAvailableEncryption(b"SECRET-1")
        bundle = pkcs12.serialize_key_and_certificates(b"x", rsa_key, certificate, None, cipher)
        pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cipher)

        assert load_p12(bundle, password=password).key.private_numbers() == rsa_key.private_numbers()
        assert load_private_key(pem, password=password).private_numbers() == rsa_key.private_numbers()
        with pytest.raises(ConfigurationError, match="no password was given|does not open"):
            load_private_key(pem, password="\n")

    def test_a_line_end_may_belong_to_a_password(self, rsa_key):
        pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"own\n"))
        assert load_private_key(pem, password="own\n").private_numbers() == rsa_key.private_numbers()

    def test_a_number_is_not_a_password(self, p12):
        with pytest.raises(TypeError, match="^merchant_cert_password: a str or bytes was expected, not int$"):
            load_p12(p12, password=1900000109)


@pytest.mark.parametrize("given", ["pub_key.pem", ["pub_key.pem"], ("PUB_KEY_ID_1", "pub_key.pem"), b"x", "", 1])
def test_certs_that_is_no_mapping_shows_how_it_is_written(given):
    with pytest.raises(
        ConfigurationError, match=r"^certs: a mapping .*: write certs=\{'PUB_KEY_ID_…': 'pub_key.pem'\}"
    ):
        check_certs(given)


def test_certs_may_be_left_out():
    assert check_certs(None) == {}
    assert check_certs({"PUB_KEY_ID_1": "a.pem"}) == {"PUB_KEY_ID_1": "a.pem"}


def test_base64_of_base64_of_base64_is_not_a_key(key_pem):
    data = base64.b64encode(base64.b64encode(base64.b64encode(key_pem)))
    with pytest.raises(ConfigurationError, match="neither PEM nor DER nor base64"):
        load_private_key(data)
    with pytest.raises(ConfigurationError, match="neither an existing path nor PEM nor base64"):
        load_private_key(data.decode())


def test_a_merchant_certificate_may_be_an_object(certificate, rsa_key):
    assert load_merchant_certificate(certificate).key == rsa_key.public_key()


@pytest.mark.parametrize("end", [b"\\r\\n", b"\\n", b"\r\n", b"\\\\r\\\\n"])
def test_an_encrypted_pem_with_headers_keeps_them_whatever_its_line_ends(end, rsa_key):
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"pw"))

    loaded = load_private_key(pem.replace(b"\n", end), password="pw")
    assert loaded.private_numbers() == rsa_key.private_numbers()


@pytest.mark.parametrize("form", ["~/keys/apiclient_key.pem", " ~/keys/apiclient_key.pem\n"])
def test_a_path_may_begin_with_the_home_folder(tmp_path, monkeypatch, key_pem, rsa_key, form):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "apiclient_key.pem").write_bytes(key_pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in (form, Path(form), Secret(form)):
            assert load_private_key(source).private_numbers() == rsa_key.private_numbers()
    with pytest.raises(ConfigurationError, match=f"no such file: {tmp_path}/other.pem"):
        load_private_key("~/other.pem")
    with pytest.raises(ConfigurationError, match="no such file: ~nobody-of-this-name/a.pem"):
        load_private_key("~nobody-of-this-name/a.pem")
