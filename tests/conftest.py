"""What all tests share: throw-away keys, made anew for each run."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

pytest_plugins = ("tests.redis_server",)


@pytest.fixture(scope="session")
def merchant_key() -> rsa.RSAPrivateKey:
    """The merchant's private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def platform_key() -> rsa.RSAPrivateKey:
    """The platform's private key: tests sign with it what the platform would."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
