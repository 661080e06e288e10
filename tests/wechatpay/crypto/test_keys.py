"""Every form of key is read, every wrong one is named, and none is shown."""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainable.errors import ConfigurationError
from wechatpay.crypto.keys import (
    LoadedKey,
    check_apiv3_key,
    check_platform_key,
    load_certificate,
    load_merchant_pair,
    load_p12,
    load_private_key,
    load_public_key,
)

SERIAL = "0A75B6A45ACD588826D15E583A95F5DD01020304"


def numbers(key):
    return key.private_numbers()


def pem_of(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def der_of(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.DER, form, encryption or NoEncryption())


def client_context():
    """Trusts everybody, for a handshake in memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown_in_handshake(server, client):
    """Run a TLS handshake in memory and return the certificate that the server saw."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server),
    ]
    for _ in range(4):
        for side in sides:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return sides[0].getpeercert(binary_form=True)


@pytest.fixture
def files(tmp_path, key_pem, certificate_pem, public_pem, p12):
    """The download of the merchant console, unpacked."""
    (tmp_path / "apiclient_key.pem").write_bytes(key_pem)
    (tmp_path / "apiclient_cert.pem").write_bytes(certificate_pem)
    (tmp_path / "apiclient_cert.p12").write_bytes(p12)
    (tmp_path / "pub_key.pem").write_bytes(public_pem)
    return tmp_path


class TestEveryForm:
    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
    @pytest.mark.parametrize(
        "shape",
        [
            pytest.param(lambda pem, _: pem, id="PEM bytes"),
            pytest.param(lambda pem, _: bytearray(pem), id="PEM bytearray"),
            pytest.param(lambda pem, _: pem.decode(), id="PEM text"),
            pytest.param(lambda pem, _: pem.decode().replace("\n", "\\n"), id="escaped newlines"),
            pytest.param(lambda pem, _: pem.decode().replace("\n", "\\r\\n"), id="escaped CRLF"),
            pytest.param(lambda pem, _: pem.decode().replace("\n", " "), id="folded to one line"),
            pytest.param(lambda pem, _: pem.replace(b"\n", b"\r\n"), id="CRLF"),
            pytest.param(lambda pem, _: b"\xef\xbb\xbf" + pem, id="BOM"),
            pytest.param(lambda pem, _: pem.decode().encode("utf-16"), id="UTF-16"),
            pytest.param(lambda pem, _: b"Bag Attributes: x\n" + pem, id="text in front"),
            pytest.param(lambda _, der: der, id="DER"),
            pytest.param(lambda _, der: der + b"\n", id="DER and a newline"),
            pytest.param(lambda _, der: base64.b64encode(der), id="base64 bytes"),
            pytest.param(lambda _, der: base64.b64encode(der).decode(), id="base64 text"),
            pytest.param(lambda _, der: base64.encodebytes(der).decode(), id="base64 lines"),
        ],
    )
    def test_a_private_key_is_read_from(self, rsa_key, form, shape):
        """PKCS#1 and PKCS#8 are read from every encoding."""
        source = shape(pem_of(rsa_key, form), der_of(rsa_key, form))

        assert numbers(load_private_key(source)) == numbers(rsa_key)

    def test_paths_and_file_urls_are_read(self, files, rsa_key, monkeypatch):
        """Absolute, relative, PathLike and URL name the same file."""
        path = files / "apiclient_key.pem"
        spaced = files / "私钥 1.pem"
        spaced.write_bytes(path.read_bytes())
        monkeypatch.chdir(files)

        for source in (
            path,
            str(path),
            "apiclient_key.pem",
            path.as_uri(),
            f"file://localhost{path}",
            spaced.as_uri(),
        ):
            assert numbers(load_private_key(source)) == numbers(rsa_key)

    def test_a_windows_file_url_loses_its_first_slash(self):
        """Drive letters are kept as Windows writes them."""
        with pytest.raises(ConfigurationError, match=r"no such file: file:///C:/keys/key\.pem"):
            load_private_key("file:///C:/keys/key.pem")

    def test_key_objects_are_taken_as_they_are(self, rsa_key):
        """A key of cryptography, and anything that signs, needs no loading."""

        class Remote:
            def sign(self, message):
                return message

        remote = Remote()

        assert load_private_key(rsa_key) is rsa_key
        assert load_private_key(remote) is remote

    @pytest.mark.parametrize("password", ["open sesame", b"open sesame"])
    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
    def test_encrypted_keys_open_with_their_password(self, rsa_key, form, password):
        """Both PEM encryptions, modern and old, are read."""
        pem = pem_of(rsa_key, form, BestAvailableEncryption(b"open sesame"))

        assert numbers(load_private_key(pem, password=password)) == numbers(rsa_key)

    def test_a_password_too_many_does_no_harm(self, rsa_key, key_pem):
        """A key that is not encrypted is read whatever the password."""
        assert numbers(load_private_key(key_pem, password="x")) == numbers(rsa_key)

    def test_a_key_wins_over_the_certificate_in_one_file(self, rsa_key, key_pem, certificate_pem):
        """A file that holds both serves for either."""
        both = certificate_pem + key_pem

        assert numbers(load_private_key(both)) == numbers(rsa_key)
        assert load_certificate(both).serial == SERIAL

    @pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
    @pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
    def test_public_keys_are_read(self, rsa_key, encoding, form):
        """``pub_key.pem`` and the PKCS#1 key of ``risk/getpublickey`` alike."""
        kind, key, serial = load_public_key(rsa_key.public_key().public_bytes(encoding, form))

        assert (kind, serial) == ("public key", None)
        assert key.public_numbers() == rsa_key.public_key().public_numbers()

    def test_certificates_are_platform_keys_too(self, rsa_key, certificate, certificate_pem):
        """PEM, DER and object give the key and the serial with its leading zero."""
        der = certificate.public_bytes(Encoding.DER)
        for source in (certificate_pem, der, base64.b64encode(der).decode(), certificate):
            loaded = load_public_key(source)

            assert loaded.kind == "certificate"
            assert loaded.serial == SERIAL
            assert loaded.key.public_numbers() == rsa_key.public_key().public_numbers()

    def test_a_public_key_object_is_taken(self, rsa_key):
        """An object needs no loading."""
        public = rsa_key.public_key()

        assert load_public_key(public) == LoadedKey("public key", public, None)

    def test_a_certificate_says_when_and_whose(self, certificate, certificate_pem):
        """Validity is aware, the merchant number stands in the common name."""
        loaded = load_certificate(certificate)

        assert (loaded.not_before.isoformat(), loaded.not_after.isoformat()) == (
            "2026-01-01T00:00:00+00:00",
            "2030-12-31T00:00:00+00:00",
        )
        assert loaded.common_name == "1900000109"
        assert loaded.pem == certificate_pem
        assert loaded == load_certificate(certificate_pem)

    def test_a_certificate_without_a_name_is_read(self, issue, rsa_key):
        """No common name is an empty one."""
        assert load_certificate(issue(rsa_key, common_name=None)).common_name == ""

    def test_a_p12_opens_with_the_merchant_number(self, files, rsa_key, certificate_pem):
        """Both halves come out."""
        pair = load_p12(files / "apiclient_cert.p12", password="1900000109")

        assert pair.certificate.serial == SERIAL
        assert numbers(pair.key) == numbers(rsa_key)
        assert pair.chain_pem == certificate_pem

    def test_ber_of_indefinite_length_is_known_as_p12(self, p12):
        """Some tools write the outermost length as 'until the end'."""
        header = 4
        indefinite = b"\x30\x80" + p12[header:] + b"\x00\x00"

        with pytest.raises(ConfigurationError, match=r"this is a PKCS#12 bundle \(\.p12\); a priv"):
            load_private_key(indefinite)


class TestMerchantPair:
    def test_two_files_make_a_pair(self, files, rsa_key, certificate_pem):
        """Certificate and key belong together."""
        pair = load_merchant_pair(files / "apiclient_cert.pem", files / "apiclient_key.pem")

        assert pair.chain_pem == certificate_pem
        assert numbers(pair.key) == numbers(rsa_key)

    def test_a_p12_is_a_pair(self, files):
        """The .p12 may stand in the place of the certificate."""
        pair = load_merchant_pair(files / "apiclient_cert.p12", password=b"1900000109")

        assert pair.certificate.serial == SERIAL

    def test_one_file_with_both_is_a_pair(self, key_pem, certificate_pem):
        """The order inside the file does not matter."""
        assert load_merchant_pair(key_pem + certificate_pem).certificate.serial == SERIAL

    def test_objects_make_a_pair(self, rsa_key, certificate):
        """Objects of cryptography are a pair as well."""
        assert load_merchant_pair(certificate, rsa_key).certificate.serial == SERIAL

    def test_the_chain_above_comes_along(self, issue, other_rsa_key, certificate_pem, key_pem):
        """Intermediate certificates are kept in their order."""
        above = issue(other_rsa_key, serial=77).public_bytes(Encoding.PEM)

        assert load_merchant_pair(certificate_pem + above, key_pem).chain_pem == (certificate_pem + above)

    @pytest.mark.parametrize("as_object", [True, False])
    def test_a_pair_lacks_its_key(self, certificate, certificate_pem, as_object):
        """A certificate alone opens no connection."""
        source = certificate if as_object else certificate_pem

        with pytest.raises(ConfigurationError, match="merchant_key: the private key that belongs"):
            load_merchant_pair(source)

    def test_a_foreign_key_is_not_a_pair(self, certificate_pem, other_rsa_key):
        """A key of another certificate is reported at once, not in the handshake."""
        with pytest.raises(ConfigurationError, match=f"does not belong to the certificate {SERIAL}"):
            load_merchant_pair(certificate_pem, other_rsa_key)

    def test_swapped_files_are_named(self, files):
        """Pain 18: certificate and key in each other's place."""
        with pytest.raises(
            ConfigurationError,
            match=r"^merchant_cert: this is a private key; a certificate was expected$",
        ):
            load_merchant_pair(files / "apiclient_key.pem", files / "apiclient_cert.pem")

    def test_a_remote_key_cannot_do_tls(self, certificate_pem):
        """MTLS needs the key itself."""

        class Remote:
            def sign(self, message):
                return message

        with pytest.raises(ConfigurationError, match="TLS needs the key itself"):
            load_merchant_pair(certificate_pem, Remote())

    def test_a_pair_is_shown_in_tls(self, certificate_pem, key_pem, tmp_path, monkeypatch):
        """A server that asks for a certificate gets this one, and no file stays behind."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        pair = load_merchant_pair(certificate_pem, key_pem)
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(certificate_pem)
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), client_context()
        server.verify_mode = ssl.CERT_REQUIRED
        server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        server.load_verify_locations(trusted)

        for context in (server, client):
            pair.load_into(context)

        assert list(tmp_path.iterdir()) == [trusted]
        assert shown_in_handshake(server, client) == ssl.PEM_cert_to_DER_cert(certificate_pem.decode())

    def test_the_repr_shows_no_key(self, certificate_pem, key_pem):
        """Neither PEM nor numbers."""
        assert "BEGIN" not in repr(load_merchant_pair(certificate_pem, key_pem))


def labelled(label, der):
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"


class TestWrongThings:
    @pytest.mark.parametrize(
        ("load", "file", "message"),
        [
            (
                load_private_key,
                "apiclient_cert.pem",
                "private_key: this is a certificate; a private key was expected: ",
            ),
            (
                load_private_key,
                "pub_key.pem",
                "private_key: this is a public key; a private key was expected: ",
            ),
            (
                load_private_key,
                "apiclient_cert.p12",
                "private_key: this is a PKCS#12 bundle (.p12); a private key was expected: ",
            ),
            (
                load_public_key,
                "apiclient_key.pem",
                "certs: this is a private key; a public key or a certificate was expected: ",
            ),
            (
                load_certificate,
                "pub_key.pem",
                "merchant_cert: this is a public key; a certificate was expected: ",
            ),
            (
                load_p12,
                "apiclient_cert.pem",
                "merchant_cert: this is a certificate; a PKCS#12 bundle (.p12) was expected: ",
            ),
        ],
    )
    def test_pain_2_each_file_is_named(self, files, load, file, message):
        """A file in the wrong place is called what it is, with its path."""
        with pytest.raises(ConfigurationError) as caught:
            load(files / file)

        assert str(caught.value).startswith(message + str(files / file))

    @pytest.mark.parametrize("what", ["key", "encrypted key", "public", "PKCS#1 public", "cert"])
    def test_der_is_named_as_well(self, rsa_key, certificate, what):
        """DER has no label, its shape tells."""
        public = rsa_key.public_key()
        der, name = {
            "key": (der_of(rsa_key, PrivateFormat.TraditionalOpenSSL), "a private key"),
            "encrypted key": (
                der_of(rsa_key, encryption=BestAvailableEncryption(b"x")),
                "a private key",
            ),
            "public": (
                public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                "a public key",
            ),
            "PKCS#1 public": (
                public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
                "a public key",
            ),
            "cert": (certificate.public_bytes(Encoding.DER), "a certificate"),
        }[what]

        with pytest.raises(ConfigurationError, match=f"this is {name}; a PKCS#12 bundle"):
            load_p12(der)

    def test_a_certificate_request_is_named(self, rsa_key):
        """PEM and DER."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        request = builder.sign(rsa_key, hashes.SHA256())

        for encoding in (Encoding.PEM, Encoding.DER):
            with pytest.raises(ConfigurationError, match="this is a certificate request; a cert"):
                load_certificate(request.public_bytes(encoding))

    def test_two_wrong_things_are_both_named(self, certificate_pem, public_pem):
        """Everything in the file is listed, once."""
        with pytest.raises(ConfigurationError, match="this is a certificate and a public key; a p"):
            load_private_key(certificate_pem * 2 + public_pem)

    def test_unknown_pem_is_named_by_its_label(self):
        """An unexpected label is quoted."""
        pem = "-----BEGIN PGP MESSAGE-----\nMIIB\n-----END PGP MESSAGE-----\n"

        with pytest.raises(ConfigurationError, match="a PEM block of the type PGP MESSAGE; a pri"):
            load_private_key(pem)

    @pytest.mark.parametrize(
        "der",
        [
            b"\x30\x02\x05\x00",
            b"\x30\x05\x30\x03\x04\x01\xff",
            b"\x30\x07\x30\x03\x06\x01\x2a\x05\x00",
        ],
    )
    def test_unknown_der_is_said_so(self, der):
        """A DER sequence that is neither a key nor a certificate."""
        with pytest.raises(ConfigurationError, match="DER of an unknown type, or damaged; a private key was"):
            load_private_key(base64.b64encode(der))

    def test_ec_keys_are_named(self, ec_key, issue):
        """The platform takes RSA only."""
        ec_cert = issue(ec_key)

        for pem in (pem_of(ec_key), pem_of(ec_key, PrivateFormat.TraditionalOpenSSL)):
            with pytest.raises(ConfigurationError, match=r"private key of the kind E\w+; RSA was"):
                load_private_key(pem)
        public = ec_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(ConfigurationError, match=r"certs: this is a public key of the kind E"):
            load_public_key(public)
        with pytest.raises(ConfigurationError, match=r"merchant_cert: this is a public key of the"):
            load_certificate(ec_cert)
        bundle = pkcs12.serialize_key_and_certificates(None, ec_key, ec_cert, None, NoEncryption())
        with pytest.raises(ConfigurationError, match=r"this is a private key of the kind E"):
            load_p12(bundle)

    def test_short_keys_are_refused(self, short_rsa_key):
        """1024 bits are not RSA keys of this platform."""
        with pytest.raises(ConfigurationError, match="private_key: an RSA key of 1024 bits"):
            load_private_key(short_rsa_key)

    def test_wrong_objects_are_named(self, rsa_key, ec_key):
        """Objects of cryptography in the wrong place are named by their type."""
        with pytest.raises(ConfigurationError, match="this is a RSAPublicKey object; a private RSA"):
            load_private_key(rsa_key.public_key())
        with pytest.raises(ConfigurationError, match=r"this is a E\w+Key object; a private RSA key"):
            load_private_key(ec_key)
        with pytest.raises(ConfigurationError, match="this is a RSAPrivateKey object; a public"):
            load_public_key(rsa_key)
        with pytest.raises(ConfigurationError, match="this is a RSAPrivateKey object; a certificate"):
            load_certificate(rsa_key)

    @pytest.mark.parametrize("source", [None, 7, 1.5, ["x"], object()])
    def test_other_types_are_type_errors(self, source):
        """A value that is not text, bytes, a path or a key raises TypeError."""
        for load in (load_private_key, load_public_key, load_certificate, load_p12):
            with pytest.raises(TypeError, match="a path, a file:// URL, PEM text, DER bytes"):
                load(source)

    def test_missing_files_are_reported(self, tmp_path):
        """The path is shown when the text is one."""
        missing = tmp_path / "apiclient_key.pem"

        for source in (missing, str(missing), missing.as_uri()):
            with pytest.raises(ConfigurationError, match=r"there is no such file: .*apiclient_key"):
                load_private_key(source)

    def test_a_secret_taken_for_a_path_is_not_shown(self):
        """A text that does not look like a path may be the key itself."""
        with pytest.raises(ConfigurationError) as caught:
            load_private_key("S3cretS3cretS3cretS3cretS3cret")

        assert "S3cret" not in str(caught.value)
        assert "nor PEM nor base64" in str(caught.value)

    def test_directories_are_reported(self, tmp_path):
        """A directory is not a file."""
        with pytest.raises(ConfigurationError, match="this is a directory; a file was expected"):
            load_private_key(tmp_path)

    def test_unreadable_files_are_reported(self, tmp_path):
        """The system's reason is given."""
        loop = tmp_path / "loop.pem"
        loop.symlink_to(loop)

        with pytest.raises(ConfigurationError, match=r"cannot be read \(.+\): .*loop\.pem"):
            load_private_key(loop)
        with pytest.raises(ConfigurationError, match=r"cannot be read \(not a usable path\)"):
            load_private_key("a\0b")

    @pytest.mark.parametrize("url", ["file://apiclient_key.pem", "file://[x/apiclient_key.pem"])
    def test_file_urls_with_two_slashes_are_reported(self, url):
        """``file://name`` would be a host."""
        with pytest.raises(ConfigurationError, match=r"three slashes|not a usable file URL"):
            load_private_key(url)

    @pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
    def test_empty_files_are_reported(self, tmp_path, content):
        """White space alone is empty."""
        path = tmp_path / "apiclient_key.pem"
        path.write_bytes(content)

        with pytest.raises(ConfigurationError, match=r"the file is empty: .*apiclient_key\.pem"):
            load_private_key(path)
        with pytest.raises(ConfigurationError, match=r"the value is empty$"):
            load_private_key(content)

    def test_huge_files_are_not_read(self):
        """Endless devices do not hang the program."""
        with pytest.raises(ConfigurationError, match=r"larger than any key.*: /dev/zero"):
            load_private_key(Path("/dev/zero"))
        with pytest.raises(ConfigurationError, match="larger than any key"):
            load_private_key(bytes(2 << 20))

    @pytest.mark.parametrize("end", [-1, -30, 40, 200])
    def test_truncated_pem_is_reported(self, key_pem, end):
        """Half a copy-and-paste."""
        for source in (key_pem.strip()[:end], key_pem.strip()[:end].decode()):
            with pytest.raises(ConfigurationError, match=r"PEM is truncated|was expected$"):
                load_private_key(source)

    def test_a_whole_block_beside_half_a_block_is_truncated(self, certificate_pem, key_pem):
        """The half is not passed over in silence."""
        with pytest.raises(ConfigurationError, match="PEM is truncated"):
            load_certificate(certificate_pem + key_pem[:200])

    def test_truncated_der_is_reported(self, rsa_key):
        """In bytes and in base64."""
        der = der_of(rsa_key)

        for source in (der[:-1], der[:600], der[:2], base64.b64encode(der[:600]).decode()):
            with pytest.raises(ConfigurationError, match="this is truncated or damaged"):
                load_private_key(source)

    def test_damaged_base64_is_reported(self, key_pem):
        """A stray character inside the block."""
        with pytest.raises(ConfigurationError, match="the base64 of a private key is damaged"):
            load_private_key(key_pem.replace(b"MII", b"M*I", 1))

    def test_damaged_content_is_reported(self, rsa_key, certificate, p12):
        """Right shape, wrong bytes."""
        der = bytearray(der_of(rsa_key))
        der[40:60] = bytes(20)
        with pytest.raises(ConfigurationError, match="private key, but it is damaged or of an unk"):
            load_private_key(labelled("PRIVATE KEY", der))
        with pytest.raises(ConfigurationError, match="DER of an unknown type, or damaged; a private key"):
            load_private_key(der)
        public = rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(ConfigurationError, match="certs: this is a public key, but it is dam"):
            load_public_key(public.replace(b"\x2a\x86\x48", b"\x2a\x86\x47"))
        cert = certificate.public_bytes(Encoding.DER)
        with pytest.raises(ConfigurationError, match="merchant_cert: this is a certificate, but"):
            load_certificate(labelled("CERTIFICATE", cert[:30] + b"\xff" * 8 + cert[38:]))
        with pytest.raises(
            ConfigurationError, match="merchant_cert: this is DER of an unknown type, or damaged; a cert"
        ):
            load_certificate(cert[:30] + b"\xff" * 8 + cert[38:])
        key_oid = bytes.fromhex("2a864886f70d010101")
        with pytest.raises(ConfigurationError, match="merchant_cert: this is a certificate, but"):
            load_certificate(cert.replace(key_oid, key_oid[:-1] + b"\x77"))
        with pytest.raises(ConfigurationError, match="damaged or the password is wrong"):
            load_p12(p12[:100] + bytes(50) + p12[150:], password="1900000109")

    def test_encrypted_without_password_is_reported(self, rsa_key):
        """A wrong password is distinguished from a missing one."""
        for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
            pem = pem_of(rsa_key, form, BestAvailableEncryption(b"right"))
            with pytest.raises(ConfigurationError, match="is encrypted and no password was given"):
                load_private_key(pem)
            with pytest.raises(ConfigurationError, match="the password does not open"):
                load_private_key(pem, password="wrong")

    def test_an_openssh_key_is_named(self, rsa_key):
        """``ssh-keygen`` writes another format."""
        with pytest.raises(ConfigurationError, match="this is an OpenSSH private key; a private"):
            load_private_key(pem_of(rsa_key, PrivateFormat.OpenSSH))

    def test_an_api_key_is_not_a_file(self):
        """The 32 characters of a key in the place of a file."""
        with pytest.raises(ConfigurationError, match="looks like an API key of 32 characters"):
            load_private_key(b"0123456789abcdef0123456789abcdeX")
        with pytest.raises(ConfigurationError, match="neither PEM nor DER nor base64"):
            load_private_key(b"<html>Forbidden</html>")

    def test_pain_18_old_p12_ciphers_are_explained(self, p12):
        """RC2, which OpenSSL 3 has put aside, is named with the way out."""
        old = p12.replace(bytes.fromhex("2A864886F70D010C0103"), bytes.fromhex("2A864886F70D010C0106"))

        with pytest.raises(ConfigurationError, match=r"old cipher, RC2; .*apiclient_key\.pem"):
            load_p12(old, password="1900000109")

    def test_a_wrong_p12_password_is_explained(self, p12):
        """It is the merchant number."""
        for password in (None, "1900000110"):
            with pytest.raises(ConfigurationError, match="it is the merchant number"):
                load_p12(p12, password=password)

    def test_half_a_p12_is_reported(self, rsa_key, certificate):
        """Without key or without certificate it is of no use here."""
        for key, cert, lacking in ((rsa_key, None, "certificate"), (None, certificate, "private")):
            bundle = pkcs12.serialize_key_and_certificates(b"x", key, cert, None, NoEncryption())
            with pytest.raises(ConfigurationError, match=f"this .p12 holds no {lacking}"):
                load_p12(bundle)


class TestPlatformKeyNames:
    def test_each_key_stands_under_its_own_name(self, rsa_key, certificate):
        """Any case of the serial is taken; the store's spelling comes back."""
        public, cert = load_public_key(rsa_key.public_key()), load_public_key(certificate)

        assert check_platform_key("PUB_KEY_ID_0111", public) == "PUB_KEY_ID_0111"
        assert check_platform_key(SERIAL.lower(), cert) == SERIAL
        assert check_platform_key(SERIAL[1:], cert) == SERIAL

    def test_pain_2_swaps_are_refused(self, rsa_key, certificate):
        """Public key in the certificate's slot, and the other way round."""
        public, cert = load_public_key(rsa_key.public_key()), load_public_key(certificate)

        with pytest.raises(ConfigurationError, match="a public key stands under the serial 0A75B"):
            check_platform_key(SERIAL, public)
        with pytest.raises(ConfigurationError, match="a certificate stands under PUB_KEY_ID_0111"):
            check_platform_key("PUB_KEY_ID_0111", cert)
        with pytest.raises(ConfigurationError, match=f"given for AB has the serial {SERIAL}"):
            check_platform_key("ab", cert)


class TestAPIv3Key:
    KEY = "0123456789abcdefghijklmnopqrstuv"

    def test_32_bytes_are_a_key(self):
        """Text and bytes."""
        assert check_apiv3_key(self.KEY) == check_apiv3_key(self.KEY.encode()) == self.KEY.encode()

    def test_pain_10_white_space_is_dropped_with_a_warning(self):
        """A newline copied along."""
        with pytest.warns(UserWarning, match="apiv3_key: white space around the key was dropped"):
            assert check_apiv3_key(f" {self.KEY}\n") == self.KEY.encode()

    @pytest.mark.parametrize("key", ["", KEY[1:], KEY + "x", "密" * 32, "密" * 10 + "ab", "\ud800"])
    def test_pain_10_other_lengths_are_refused(self, key):
        """And the message does not show the key."""
        with pytest.raises(ConfigurationError, match=r"has 32 of ASCII.*APIv2 key") as caught:
            check_apiv3_key(key)

        assert not key or key not in str(caught.value)

    def test_other_types_are_type_errors(self):
        """None is not a key."""
        with pytest.raises(TypeError, match="not NoneType"):
            check_apiv3_key(None)


def test_no_error_shows_the_content(key_pem):
    """Whatever is wrong with a private key, no line of it is in the message."""
    body = key_pem.split(b"\n")[3].decode()
    for source in (
        key_pem[:-40],
        key_pem.replace(b"MII", b"M*I", 1),
        key_pem.decode().replace("BEGIN", "BEGAN").replace("END", "ENDE"),
        "".join(key_pem.decode().split("\n")[1:-2])[:-8],
    ):
        with pytest.raises(ConfigurationError) as caught:
            load_private_key(source)

        assert body not in str(caught.value)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_only_documented_errors_come_out(data, key_pem, certificate_pem, p12, public_pem):
    """Whatever the bytes, the loaders answer or raise ConfigurationError."""
    whole = data.draw(st.sampled_from([key_pem, certificate_pem, public_pem, p12, b""]))
    if data.draw(st.booleans()) and whole.startswith(b"-----"):
        whole = base64.b64decode(b"".join(whole.split(b"\n")[1:-2]))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    damaged = whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:]
    load = data.draw(st.sampled_from([load_private_key, load_public_key, load_certificate, load_p12]))
    text = data.draw(st.booleans())
    with contextlib.suppress(ConfigurationError):
        load(damaged.decode("latin-1") if text else damaged)


def test_x509_is_imported_only_for_certificates(files):
    """A start with keys alone does not pay for certificates (older versions of cryptography import them anyway)."""
    program = (
        "import sys\n"
        "from cryptography.hazmat.primitives.asymmetric import padding, rsa\n"
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n"
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        f"load_pem_private_key(open({str(files / 'apiclient_key.pem')!r}, 'rb').read(), None)\n"
        "anyway = 'cryptography.x509' in sys.modules\n"
        "from wechatpay.crypto import aes, keys, rsa\n"
        f"keys.load_private_key({str(files / 'apiclient_key.pem')!r})\n"
        f"keys.load_public_key({str(files / 'pub_key.pem')!r})\n"
        "assert anyway or 'cryptography.x509' not in sys.modules\n"
        f"keys.load_certificate({str(files / 'apiclient_cert.pem')!r})\n"
        "assert 'cryptography.x509' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)


def test_a_certificate_with_a_negative_serial_is_reported(certificate):
    """Found by the coverage-guided fuzzer: no certificate may have one, and some bytes say so all the same."""
    import warnings

    from cryptography.hazmat.primitives.serialization import Encoding

    der = certificate.public_bytes(Encoding.DER)
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 7  # behind the version: tag and length of the serial
    broken = der[:at] + bytes([der[at] | 0x80]) + der[at + 1 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ConfigurationError, match="certificate"):
            load_certificate(broken)


@pytest.mark.parametrize("load", [load_certificate, load_public_key, load_merchant_pair])
def test_a_certificate_of_an_unknown_version_is_named_as_damaged(certificate, load):
    """Found by the coverage-guided fuzzer: cryptography raises an error for it that is not a ValueError."""
    from cryptography.hazmat.primitives.serialization import Encoding

    der = certificate.public_bytes(Encoding.DER)
    at = der.index(b"\xa0\x03\x02\x01\x02") + 4
    broken = der[:at] + b"\x46" + der[at + 1 :]
    with pytest.raises(ConfigurationError, match="this is a certificate, but it is damaged"):
        load(broken)


def test_a_p12_around_a_certificate_of_an_unknown_version_is_named_as_damaged(monkeypatch, p12):
    """The error of cryptography for a bundle that openssl made of such a certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import pkcs12

    def refuse(*_):
        raise x509.InvalidVersion("70 is not a valid X509 version", 70)

    monkeypatch.setattr(pkcs12, "load_key_and_certificates", refuse)
    with pytest.raises(ConfigurationError, match="the file is damaged"):
        load_p12(p12, password="1900000109")
