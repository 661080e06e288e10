"""Keys and certificates made for this run, in every form a user may hold them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

SERIAL = 0x0A75B6A45ACD588826D15E583A95F5DD01020304
SERIAL_TEXT = "0A75B6A45ACD588826D15E583A95F5DD01020304"


@pytest.fixture(scope="session")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def short_rsa_key():
    return rsa.generate_private_key(65537, 1024)


@pytest.fixture(scope="session")
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def issue():
    """Issue a self-signed certificate for a key."""

    def issue(key, *, serial=SERIAL, common_name="1900000109", signer=None):
        names = [] if common_name is None else [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        start = datetime(2026, 1, 1, tzinfo=timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root")]))
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=5 * 365))
            .sign(signer or key, hashes.SHA256())
        )

    return issue


@pytest.fixture(scope="session")
def certificate(issue, rsa_key):
    return issue(rsa_key)


@pytest.fixture(scope="session")
def certificate_pem(certificate):
    return certificate.public_bytes(Encoding.PEM)


@pytest.fixture(scope="session")
def key_pem(rsa_key):
    return rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="session")
def public_pem(rsa_key):
    return rsa_key.public_key().public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="session")
def p12(rsa_key, certificate):
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(b"1900000109")
    )
    return pkcs12.serialize_key_and_certificates(b"Tenpay Certificate", rsa_key, certificate, None, encryption)
