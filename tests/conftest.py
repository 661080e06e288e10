"""Shared fixtures: throw-away keys, generated for each run."""

from __future__ import annotations

import gc
import os
import socket
import weakref
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, event

# A slow machine is not a defect: the first draw of any text builds tables for all of Unicode.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

pytest_plugins = ("tests.database_servers", "tests.redis_server")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Where everything has to be there, a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, though CI has everything: {report.longrepr}"
    return report


HERE = Path(__file__).parent
UNTRACED = (
    "*/sandbox/inspector/test_browser.py",
    "*/sandbox/inspector/test_hostile.py",
    "*/sandbox/inspector/test_places.py",
    "catalogue/test_import_catalogue_round_trip.py",
    "catalogue/test_source.py",
    "catalogue/test_spelling.py",
    "catalogue/test_taobao_top.py",
    "chainable/deduplication/test_kill.py",
    "cli/test_examples.py",
    "compatibility/*",
    "describe/test_forms.py",
    "docs/*",
    "examples/*",
    "foreign/*",
    "fuzz/*",
    "integration_tasks/*",
    "money/*",
    "taobao_top/sandbox/test_odd_requests.py",
    "taobao_top/test_answers_fit_their_types.py",
    "taobao_top/test_every_method.py",
    "test_architecture.py",
    "test_types.py",
    "wechatpay/notifications/test_fuzz.py",
    "wechatpay/sandbox/test_action_words.py",
)
"""
Tests that drive browsers, other libraries and programs, or go through all data.

They cover no line that no other test covers, and coverage makes them three times as slow: ``make test`` runs them
beside the others, without it.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--part``: CI runs the two parts beside each other."""
    parser.addoption("--part", choices=("traced", "untraced"), help="only the tests with, or without, coverage")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the files of the other part out."""
    part = config.getoption("--part")
    if part is None or not collection_path.is_file() or not collection_path.is_relative_to(HERE):
        return None
    is_untraced = any(collection_path.relative_to(HERE).match(name) for name in UNTRACED)
    return True if is_untraced == (part == "traced") else None


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
event.listen(Engine, "engine_connect", lambda connection: _engines.add(connection.engine))


@pytest.fixture(autouse=True)
def _pools_are_closed():
    """Close what the engines of a test keep open, wherever it made them: since 3.13 Python reports it as leaked."""
    yield
    for engine in list(_engines):
        engine.dispose()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what the collection made out of every later look at all objects: there are a million of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _expensive_steps_are_taken_once(tmp_path_factory):
    """
    Save the most expensive steps of most tests, and no other.

    A private key that was loaded once, which checks its primes, is the same object the next time. Clients trust
    one public authority instead of all of them, for tests call this machine alone.
    """
    from chainable import tls_contexts
    from wechatpay.crypto.keys import private_key

    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_der_private_key", "load_pem_private_key"):
            patch.setattr(private_key, name, lru_cache(maxsize=64)(getattr(private_key, name)))
        authorities = Path(tls_contexts.where()).read_text("ascii", "ignore")
        bundle = tmp_path_factory.mktemp("trusted") / "ca.pem"
        bundle.write_text(authorities[: authorities.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
        patch.setattr(tls_contexts, "where", lambda: str(bundle))
        yield


@pytest.fixture
def port() -> int:
    """A port of loopback that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def merchant_key() -> rsa.RSAPrivateKey:
    """The merchant's private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def platform_key() -> rsa.RSAPrivateKey:
    """The platform's private key: tests sign with it what the platform would."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def merchant_certificate(merchant_key):
    """The merchant's API certificate, self-signed here: ``.pem``, ``.serial``."""
    from datetime import datetime, timedelta, timezone

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import NameOID

    from wechatpay.crypto.keys import load_certificate

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1900000109")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(merchant_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(merchant_key, SHA256())
    )
    return load_certificate(certificate, name="merchant_cert")
