from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tools import source


@pytest.fixture(scope="session")
def given() -> dict[str, Any]:
    """WeChat Pay's operations as their source has them."""
    return source.operations()


@pytest.fixture(scope="session")
def given_events() -> dict[tuple[str, str], Any]:
    return source.events()


@pytest.fixture(scope="session")
def given_methods() -> dict[str, dict[str, Any]]:
    return source.methods()


@pytest.fixture(scope="session")
def merchant_pem(merchant_key) -> tuple[bytes, bytes]:
    """The merchant's certificate and its key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1900000109")])
    now = dt.datetime.now(dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(merchant_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(merchant_key, hashes.SHA256())
    )
    pem = merchant_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), pem
