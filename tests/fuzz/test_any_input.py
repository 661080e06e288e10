"""Whatever is given for a key, and whatever comes as XML: only errors of the family come out."""

from __future__ import annotations

from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainable.errors import ChainableError, CodecError
from wechatpay.crypto.keys import load_certificate, load_merchant_pair, load_p12, load_private_key, load_public_key
from wechatpay.xml import XML

LOADERS = (load_private_key, load_public_key, load_certificate, load_merchant_pair, load_p12)
KINDS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE")
bounded = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TEXT = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0xD7FF), max_size=40)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)


@pytest.fixture(scope="module")
def genuine(merchant_key, merchant_certificate):
    """Files that are fine, before something happens to them."""
    public = merchant_key.public_key()
    return [
        merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        merchant_key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        merchant_certificate.pem,
    ]


def load_all(data):
    for load in LOADERS:
        with suppress(ChainableError):
            load(data)


@bounded
@given(data=st.data())
def test_damaged_keys(genuine, data):
    """Cut, with bytes changed, put together."""
    octets = bytearray(data.draw(st.sampled_from(genuine)))
    for _ in range(data.draw(st.integers(0, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(octets)))
    load_all(bytes(octets[start:] + octets[: data.draw(st.integers(0, start))]))


@bounded
@given(kind=st.sampled_from(KINDS), other=st.sampled_from(KINDS), inner=st.binary(max_size=80))
def test_blocks_of_anything(kind, other, inner):
    """With the right frame, the wrong frame, and no base64 inside."""
    load_all(f"-----BEGIN {kind}-----\n".encode() + inner + f"\n-----END {other}-----\n".encode())


@bounded
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_anything_for_a_key(given_for_it):
    """Text may be a path; most are none."""
    load_all(given_for_it)


@bounded
@given(st.binary(max_size=300))
def test_any_bytes_for_xml(octets):
    with suppress(CodecError):
        assert isinstance(XML.decode(octets), dict)
    with suppress(CodecError):
        assert isinstance(XML.decode(b"<xml><a>" + octets + b"</a></xml>"), dict)


@bounded
@given(st.dictionaries(NAMES, TEXT, max_size=6))
def test_xml_survives(members):
    """Written data is read unchanged."""
    try:
        written = XML.encode(members)
    except CodecError:
        return
    assert XML.decode(written) == members
