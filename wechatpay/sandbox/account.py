"""A made-up merchant account with its keys, and the platform's keys."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta, timezone
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chainable.i18n import Words
from chainable.sandbox.randomness import Randomness
from chainable.sandbox.tls_ca import Authority
from wechatpay.sandbox.seeded_keys import new_ec_key, new_rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["KEYS", "OAEP", "Account", "PlatformCertificate"]

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 (the platform's)
LIFETIME = timedelta(days=5 * 365)
EARLIER = timedelta(days=1)
KEYS = ("public-key", "certificate", "both")
"""The keys of the platform that a merchant can have: new ones have a public key, older ones certificates or both."""
CENTURY = (datetime(2000, 1, 1, tzinfo=timezone.utc), datetime(2099, 12, 31, tzinfo=timezone.utc))


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return the key as unencrypted PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPublicKey) -> str:
    """Return the key as SubjectPublicKeyInfo PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return the certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def read_key(pem: str) -> Any:
    """Return the private key in this PEM text, which a sandbox made."""
    return serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)


def issue(
    authority: Authority,
    public_key: rsa.RSAPublicKey,
    name: str,
    random: Randomness,
    *,
    start: datetime | None = None,
    client: bool = False,
) -> x509.Certificate:
    """
    Return a certificate of the authority, with a serial number of 40 hexadecimal digits, as the platform's have.

    It is valid from yesterday on, or from its start on, for five years; that of a seed without a start for a century, as
    no clock may change it. ``client`` makes it one for TLS clients.
    """
    begin, end = validity(random, start)
    key = read_key(authority.key_pem)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.load_pem_x509_certificate(authority.pem.encode()).subject)
        .public_key(public_key)
        .serial_number(int.from_bytes(b"\x10" + random.bytes(19, "serial"), "big"))
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if client:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def validity(random: Randomness, start: datetime | None = None) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a certificate."""
    if start is None and random.seed is not None:
        return CENTURY
    begin = start or datetime.now(timezone.utc) - EARLIER
    return begin, begin + LIFETIME


def new_authority(random: Randomness) -> Authority:
    """Return a TLS authority: a fresh one, or that of the seed."""
    if random.seed is None:
        return Authority()
    key = new_ec_key(random, "authority")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox of the seed {random.seed}"[:64])])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(random.below(2**159, "authority") + 1)
        .not_valid_before(CENTURY[0])
        .not_valid_after(CENTURY[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return Authority.load(certificate_pem(certificate), private_pem(key))


@frozen(eq=False)
class PlatformCertificate:
    """A platform certificate with its private key."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate = field(repr=False)

    @property
    def serial(self) -> str:
        """The serial number, 40 upper-case hexadecimal digits."""
        return f"{self.certificate.serial_number:040X}"

    @property
    def pem(self) -> str:
        """The certificate without its key."""
        return certificate_pem(self.certificate)


def platform_certificate(saved: Mapping[str, str]) -> PlatformCertificate:
    """Return a platform certificate that was saved."""
    certificate = x509.load_pem_x509_certificate(saved["certificate"].encode())
    return PlatformCertificate(read_key(saved["key"]), certificate)


class Account:
    """
    A merchant of the sandbox: the settings of its clients, and the platform's keys.

    Args:
        mchid: The merchant number.
        appid: An appid bound to it.
        clock: Seconds since the epoch.
        saved: The account to load, as :meth:`save` returns it.
        random: Where keys, serials and all random values of the platform come from.
        keys: Which keys of the platform it has: one of :data:`KEYS`.

    Attributes:
        appids: All appids that are bound to the merchant number.
    """

    def __init__(
        self,
        mchid: str = "1900000109",
        appid: str = "wxd678efh567hg6787",
        *,
        clock: Callable[[], float],
        saved: Mapping[str, Any] | None = None,
        random: Randomness | None = None,
        keys: str = "both",
    ) -> None:
        self.keys = self._original_keys = keys
        self._clock = clock
        self._lock = Lock()
        self.random = Randomness() if random is None else random
        if saved is None:
            saved = generate(mchid, appid, self.random)
        self._saved = saved
        self.mchid: str = saved["mchid"]
        self.appid: str = saved["appid"]
        self.appids = {self.appid}
        self.brand_id: str = saved["brand_id"]
        self.apiv3_key: str = saved["apiv3_key"]
        self.secret: str = saved["secret"]
        self.public_key_id: str = saved["public_key_id"]
        self.key: rsa.RSAPrivateKey = read_key(saved["private_key"])
        self.platform_key: rsa.RSAPrivateKey = read_key(saved["platform_key"])
        self.authority = Authority.load(saved["authority"], saved["authority_key"])
        self.certificate = x509.load_pem_x509_certificate(saved["certificate"].encode())
        self._platform = [platform_certificate(entry) for entry in saved["platform_certificates"]]
        self._original = tuple(self._platform)

    def __repr__(self) -> str:
        return f"<Account {self.mchid}>"

    def save(self) -> dict[str, Any]:
        """Return everything needed to be this account again, as JSON: its keys are in it, so keep it private."""
        _ = self.platform_certificates  # one at least
        platform = self.certificates_saved()
        return {**self._saved, "platform_certificates": platform, "bank_key": private_pem(self.bank_key)}

    # what the merchant holds

    @property
    def serial(self) -> str:
        """Serial number of the merchant API certificate."""
        return f"{self.certificate.serial_number:040X}"

    @cached_property
    def private_key(self) -> str:
        """The merchant's private key (PEM)."""
        return private_pem(self.key)

    @property
    def merchant_key(self) -> str:
        """The private key that belongs to :attr:`merchant_cert`: the same."""
        return self.private_key

    @cached_property
    def merchant_cert(self) -> str:
        """The merchant API certificate (PEM), for signatures and for TLS."""
        return certificate_pem(self.certificate)

    @cached_property
    def public_key(self) -> str:
        """The platform public key named by :attr:`public_key_id` (PEM)."""
        return public_pem(self.platform_key.public_key())

    @property
    def certs(self) -> dict[str, str]:
        """The platform public key and all platform certificates (PEM) that it has, by id and serial."""
        public_key = {self.public_key_id: self.public_key} if self.keys != "certificate" else {}
        return {**public_key, **{entry.serial: entry.pem for entry in self.platform_certificates}}

    @property
    def p12(self) -> bytes:
        """The merchant API certificate with its key as ``apiclient_cert.p12``; its password is the merchant number."""
        password = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(2048)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(self.mchid.encode())
        )
        return pkcs12.serialize_key_and_certificates(b"Tenpay Certificate", self.key, self.certificate, None, password)

    @property
    def ca(self) -> str:
        """The certificate of the sandbox's TLS authority (PEM)."""
        return self.authority.pem

    # what the platform holds

    @property
    def platform_certificates(self) -> tuple[PlatformCertificate, ...]:
        """The platform certificates, oldest first, if it has some; the first is made when it is needed."""
        if self.keys == "public-key":
            return ()
        with self._lock:
            if not self._platform:
                self._platform = [self._new_certificate()]
                self._original = tuple(self._platform)
            return tuple(self._platform)

    @property
    def certificate_serial(self) -> str:
        """Serial of the platform certificate that signs now: the newest; empty without one."""
        return next((entry.serial for entry in reversed(self.platform_certificates)), "")

    def signer(self, operation: str | None = None) -> str:
        """
        Return the id or serial of the key that signs answers to calls that name none, and notifications: the public key.

        A certificate signs for an account without a public key, and the list of the certificates itself.
        """
        lists = operation is not None and operation.endswith("/certificates")
        by_certificate = self.keys == "certificate" or (self.keys == "both" and lists)
        return self.certificate_serial if by_certificate else self.public_key_id

    @cached_property
    def bank_key(self) -> rsa.RSAPrivateKey:
        """The key of ``risk/getpublickey``, made when it is needed."""
        saved = self._saved.get("bank_key")
        key: rsa.RSAPrivateKey = read_key(saved) if saved else new_rsa_key(self.random, "bank key")
        return key

    def platform_private_key(self, serial: str) -> rsa.RSAPrivateKey | None:
        """Return the platform's private key under this id or serial."""
        if serial == self.public_key_id:
            return None if self.keys == "certificate" else self.platform_key
        return next((entry.key for entry in self.platform_certificates if entry.serial == serial), None)

    def rotate(self) -> str:
        """Add a younger platform certificate, or the first one, and return its serial."""
        fresh = self._new_certificate()
        with self._lock:
            if self.keys == "public-key":
                self.keys, self._platform = "both", []
            self._platform.append(fresh)
        return fresh.serial

    def restore(self) -> None:
        """Restore the platform certificates from before any rotation."""
        with self._lock:
            self._platform = list(self._original)
            self.keys = self._original_keys

    @property
    def identity(self) -> str:
        """A digest of its keys: sandboxes with the same one are the same account."""
        return hashlib.sha256(self.private_key.encode()).hexdigest()

    def certificates_saved(self) -> list[dict[str, str]]:
        """Return the platform certificates that were made so far, with their keys."""
        with self._lock:
            return [{"key": private_pem(entry.key), "certificate": entry.pem} for entry in self._platform]

    def load_certificates(self, saved: Iterable[Mapping[str, str]]) -> None:
        """Have these platform certificates again, as :meth:`certificates_saved` returned them."""
        with self._lock:
            self._platform = [platform_certificate(entry) for entry in saved]

    def retire(self, serial: str) -> None:
        """Drop a platform certificate, as if it had expired; LookupError if there is none of this serial."""
        with self._lock:
            left = [entry for entry in self._platform if entry.serial != serial]
            if len(left) == len(self._platform):
                raise LookupError(
                    Words(f"there is no platform certificate {serial}", f"没有序列号为 {serial} 的平台证书")
                )
            self._platform = left

    def _new_certificate(self) -> PlatformCertificate:
        key = new_rsa_key(self.random, "platform certificate")
        start = datetime.fromtimestamp(self._clock(), timezone.utc) - EARLIER
        certificate = issue(self.authority, key.public_key(), "Sandbox platform", self.random, start=start)
        return PlatformCertificate(key, certificate)

    # primitives, straight from the library

    def sign(self, serial: str, message: bytes) -> str:
        """Return the platform's signature (PKCS#1 v1.5, SHA-256, base64) with the key of this id or serial."""
        key = self.platform_private_key(serial)
        if key is None:
            raise LookupError(f"the sandbox has no platform key {serial}")
        return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def seal(self, text: bytes, nonce: str, associated_data: str) -> str:
        """Encrypt under the APIv3 key (AES-256-GCM, base64)."""
        sealed = AESGCM(self.apiv3_key.encode()).encrypt(nonce.encode(), text, associated_data.encode())
        return base64.b64encode(sealed).decode()

    def conceal(self, text: str) -> str:
        """Encrypt a field of an answer to the merchant certificate (OAEP, base64)."""
        return base64.b64encode(self.key.public_key().encrypt(text.encode(), OAEP)).decode()

    def reveal(self, serial: str, ciphertext: str) -> str:
        """Open a field that the merchant encrypted under this id or serial; ValueError if it does not."""
        key = self.platform_private_key(serial)
        if key is None:
            raise ValueError(f"no platform key {serial}")
        return reveal(key, ciphertext)


def reveal(key: rsa.RSAPrivateKey, ciphertext: str) -> str:
    """Open base64 text encrypted with OAEP under this key; ValueError if it does not."""
    return key.decrypt(base64.b64decode(ciphertext, validate=True), OAEP).decode()


def generate(mchid: str, appid: str, random: Randomness) -> dict[str, Any]:
    """Return a new account with new keys, in the form that :meth:`Account.save` gives."""
    authority = new_authority(random)
    key = new_rsa_key(random, "merchant key")
    certificate = issue(authority, key.public_key(), mchid, random, client=True)
    return {
        "mchid": mchid,
        "appid": appid,
        "brand_id": "40000",
        "apiv3_key": random.letters(32, "apiv3_key"),
        "secret": random.letters(32, "secret"),
        "public_key_id": f"PUB_KEY_ID_01{mchid}{random.below(10**18, 'public_key_id'):018d}",
        "private_key": private_pem(key),
        "platform_key": private_pem(new_rsa_key(random, "platform key")),
        "authority_key": authority.key_pem,
        "authority": authority.pem,
        "certificate": certificate_pem(certificate),
        "platform_certificates": [],
    }


def load(text: str) -> Mapping[str, Any]:
    """Return an account saved as JSON."""
    saved: Mapping[str, Any] = json.loads(text)
    return saved
