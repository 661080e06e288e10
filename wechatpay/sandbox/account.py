"""A made-up merchant account with its keys, and the platform's keys."""

from __future__ import annotations

import base64
import json
import secrets
import string
from datetime import datetime, timedelta, timezone
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chainable.i18n import Words
from chainable.sandbox.tls_ca import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OAEP", "Account", "PlatformCertificate"]

ALPHABET = string.ascii_letters + string.digits
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 (the platform's)
LIFETIME = timedelta(days=5 * 365)
EARLIER = timedelta(days=1)


def private_pem(key: rsa.RSAPrivateKey) -> str:
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
    """Return the private key in this PEM text."""
    return serialization.load_pem_private_key(pem.encode(), None)


def issue(
    authority: Authority,
    public_key: rsa.RSAPublicKey,
    name: str,
    *,
    start: datetime | None = None,
    client: bool = False,
) -> x509.Certificate:
    """
    Return a certificate of the authority, with a serial number of 40 hexadecimal digits, as the platform's have.

    It is valid from yesterday on, unless it has a start; ``client`` makes it one for TLS clients.
    """
    begin = start or datetime.now(timezone.utc) - EARLIER
    key = read_key(authority.key_pem)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.load_pem_x509_certificate(authority.pem.encode()).subject)
        .public_key(public_key)
        .serial_number(int.from_bytes(b"\x10" + secrets.token_bytes(19), "big"))
        .not_valid_before(begin)
        .not_valid_after(begin + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if client:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(key, hashes.SHA256())


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


class Account:
    """
    A merchant of the sandbox: the settings of its clients, and the platform's keys.

    Args:
        mchid: The merchant number.
        appid: An appid bound to it.
        clock: Seconds since the epoch.
        saved: The account to load, as :meth:`save` returns it.

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
    ) -> None:
        self._clock = clock
        self._lock = Lock()
        if saved is None:
            saved = generate(mchid, appid)
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
        self._platform = [
            PlatformCertificate(read_key(entry["key"]), x509.load_pem_x509_certificate(entry["certificate"].encode()))
            for entry in saved["platform_certificates"]
        ]
        self._original = tuple(self._platform)

    def __repr__(self) -> str:
        return f"<Account {self.mchid}>"

    def save(self) -> dict[str, Any]:
        """Return everything needed to be this account again, as JSON: its keys are in it, so keep it private."""
        platform = [{"key": private_pem(entry.key), "certificate": entry.pem} for entry in self.platform_certificates]
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
        """The platform public key and all platform certificates (PEM), by id and serial."""
        return {
            self.public_key_id: self.public_key,
            **{entry.serial: entry.pem for entry in self.platform_certificates},
        }

    @property
    def ca(self) -> str:
        """The certificate of the sandbox's TLS authority (PEM)."""
        return self.authority.pem

    # what the platform holds

    @property
    def platform_certificates(self) -> tuple[PlatformCertificate, ...]:
        """The platform certificates, oldest first; the first is made when it is needed."""
        with self._lock:
            if not self._platform:
                self._platform = [self._new_certificate()]
                self._original = tuple(self._platform)
            return tuple(self._platform)

    @property
    def certificate_serial(self) -> str:
        """Serial of the platform certificate that signs now: the newest."""
        return self.platform_certificates[-1].serial

    @cached_property
    def bank_key(self) -> rsa.RSAPrivateKey:
        """The key of ``risk/getpublickey``, made when it is needed."""
        saved = self._saved.get("bank_key")
        key: rsa.RSAPrivateKey = read_key(saved) if saved else new_rsa_key()
        return key

    def platform_private_key(self, serial: str) -> rsa.RSAPrivateKey | None:
        """Return the platform's private key under this id or serial."""
        if serial == self.public_key_id:
            return self.platform_key
        return next((entry.key for entry in self.platform_certificates if entry.serial == serial), None)

    def rotate(self) -> str:
        """Add a younger platform certificate that signs from now on; its serial."""
        fresh = self._new_certificate()
        with self._lock:
            self._platform.append(fresh)
        return fresh.serial

    def restore(self) -> None:
        """Restore the platform certificates from before any rotation."""
        with self._lock:
            self._platform = list(self._original)

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
        key = new_rsa_key()
        start = datetime.fromtimestamp(self._clock(), timezone.utc) - EARLIER
        certificate = issue(self.authority, key.public_key(), "Sandbox platform", start=start)
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


def new_rsa_key() -> rsa.RSAPrivateKey:
    """Return a fresh 2048-bit key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_secret() -> str:
    """32 letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


def generate(mchid: str, appid: str) -> dict[str, Any]:
    """Return a new account with new keys, in the form that :meth:`Account.save` gives."""
    authority = Authority()
    key = new_rsa_key()
    certificate = issue(authority, key.public_key(), mchid, client=True)
    return {
        "mchid": mchid,
        "appid": appid,
        "brand_id": "40000",
        "apiv3_key": new_secret(),
        "secret": new_secret(),
        "public_key_id": f"PUB_KEY_ID_01{mchid}{secrets.randbelow(10**18):018d}",
        "private_key": private_pem(key),
        "platform_key": private_pem(new_rsa_key()),
        "authority_key": authority.key_pem,
        "authority": authority.pem,
        "certificate": certificate_pem(certificate),
        "platform_certificates": [],
    }


def load(text: str) -> Mapping[str, Any]:
    """Return an account saved as JSON."""
    saved: Mapping[str, Any] = json.loads(text)
    return saved
