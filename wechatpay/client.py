"""The client of WeChat Pay."""

from __future__ import annotations

import logging
import time
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from chainable.chain import path_of
from chainable.client import Client
from chainable.errors import ChainableError, ConfigurationError
from chainable.masking import MaskedDict, MaskedTuple, MaskedURL, Secret, outline, without_frames, without_frames_of
from chainable.options import base_url as checked_url
from chainable.path import nearest
from chainable.resolution import PathResolver
from wechatpay import catalogue
from wechatpay.apiv3 import protocol as apiv3
from wechatpay.apiv3.signing import BRAND_SCHEME, AnswerVerifier, RSASigner, RSAVerifier
from wechatpay.crypto import rsa
from wechatpay.request import DEFAULT_BACKUP_URL, Wanted
from wechatpay.sensitive import Ciphertext

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import requests
    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.chain import Chain
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from wechatpay.crypto.aes import APIv3Key
    from wechatpay.crypto.keys import MerchantPair
    from wechatpay.files.downloads import Saved
    from wechatpay.invoke import Invoke
    from wechatpay.notifications import Notifications
    from wechatpay.types.chains import Chains
else:
    from wechatpay.roots import Chains

__all__ = ["WeChatPay"]

_SETTINGS = (
    "MCHID",
    "BRAND_ID",
    "SERIAL",
    "PRIVATE_KEY",
    "CERTS",
    "APIV3_KEY",
    "SECRET",
    "MERCHANT_CERT",
    "MERCHANT_KEY",
    "BASE_URL",
    "BACKUP_URL",
    "CA",
)
_KEY_LENGTH = 20  # characters; no number of a merchant or brand is as long
_OVERSEAS = frozenset({"apihk.mch.weixin.qq.com", "apius.mch.weixin.qq.com"})

D = TypeVar("D")


class WeChatPay(Client, Chains):
    """
    WeChat Pay, as one merchant sees it.

    Every path hangs below it: ``client.v3.pay.transactions.native.post(json={…})``,
    ``client['v3/pay/transactions/native'].post(json={…})`` and
    ``client.chain('v3/pay/transactions/native').post(json={…})`` are one call.
    ``client.v2…`` speaks APIv2, everything else APIv3.

    Args:
        mchid: The merchant's number.
        serial: Serial of the merchant API certificate; taken from
            ``merchant_cert`` when that is given.
        private_key: Its private key: a path, a ``file://`` URL, PEM text, DER
            bytes, base64 on one line, a key of ``cryptography``, or any object
            with ``sign(message: bytes) -> bytes`` (and ``decrypt``).
        certs: Platform public keys and certificates by id or serial, in the
            same forms. May be empty with ``apiv3_key``: then the platform's
            certificates are fetched and kept fresh.
        apiv3_key: 32 bytes, or ``(new, old)`` while it is being reset.
        secret: The key of APIv2, 32 bytes.
        brand_id: In place of ``mchid``, for ``client.brand…`` only.
        merchant_cert: What is shown in TLS where the platform wants it; PEM, or
            a ``.p12`` whose password is the merchant's number.
        merchant_key: Its key; ``private_key`` if it is not given.
        base_url: Where all calls go; plain http for loopback addresses only.
        backup_url: Where a call goes when nothing of it could be sent to the
            first; None for nowhere else.
        timeout: Seconds to connect, and to wait for each piece of the answer.
        retries: Attempts after the first, at most.
        deadline: Seconds a whole call may take.
        pool_maxsize: Connections kept per host.
        verify: TLS verification: True, False or the path of CA certificates;
            given, it beats ``REQUESTS_CA_BUNDLE``. The signature check has no switch.
        proxies: requests' mapping; those of the environment if not given.
        http_session: Lends its adapters, proxies, cert and verify.
        signer: Replaces APIv3's; ``private_key`` may then be left out.
        verifier: Replaces APIv3's. If its keys are not those of ``certs``, its
            attribute ``default_serial`` is what calls name in ``Wechatpay-Serial``.
        v2_signer: Replaces APIv2's.
        clock: Gives Unix time in seconds.
        nonce: Gives a text that was never given before.
        on_attempt: Gets a :class:`chainable.Attempt` after each attempt.

    Raises:
        ConfigurationError: Names the setting, what was found and what was expected.

    Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081606
    """

    @without_frames
    def __init__(
        self,
        *,
        mchid: str | None = None,
        serial: str | None = None,
        private_key: Any = None,
        certs: Mapping[str, Any] | None = None,
        apiv3_key: str | bytes | Secret[Any] | tuple[str | bytes | Secret[Any], ...] | None = None,
        secret: str | Secret[str] | None = None,
        brand_id: str | None = None,
        merchant_cert: Any = None,
        merchant_key: Any = None,
        base_url: str | None = None,
        backup_url: str | None = None,
        timeout: float | tuple[float, float] = (5, 30),
        retries: int = 2,
        deadline: float = 60,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
        signer: Signer | None = None,
        verifier: Verifier | None = None,
        v2_signer: Signer | None = None,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] | None = None,
        on_attempt: Callable[[Attempt], object] | None = None,
    ) -> None:
        # Not at the top of the module: what only making a client takes is no part of the import.
        from wechatpay.certificates import PlatformCertificates
        from wechatpay.crypto.keys import load_private_key
        from wechatpay.crypto.serials import normalise_serial

        self._is_brand = brand_id is not None
        self.mchid = _number(mchid, brand_id)
        self.base_url = None if base_url is None else checked_url("base_url", base_url)
        if backup_url is not None:
            self.backup_url: str | None = checked_url("backup_url", backup_url)
        else:
            self.backup_url = DEFAULT_BACKUP_URL if self.base_url is None else None
        self._clock = clock
        self._nonce = nonce
        self._secret = _secret(secret)
        _refuse_keys_as_numbers({"mchid": mchid, "brand_id": brand_id, "serial": serial}, (secret, apiv3_key))
        self._v2_signer = v2_signer
        self._key = None if private_key is None else load_private_key(private_key, name="private_key")
        self._pair: MerchantPair | None = None
        self.serial = None if serial is None else normalise_serial(serial)
        if merchant_cert is not None:
            found = self._load_merchant_cert(merchant_cert, merchant_key)
            if self.serial not in {None, found}:
                msg = f"serial: is not that of merchant_cert, which is {found}: leave it out, or give the other certificate"
                raise ConfigurationError(msg, reason="serial_not_of_certificate", serial=found, setting="serial")
            self.serial = found
        self._apiv3_key = None if apiv3_key is None else _apiv3_key(apiv3_key)
        self._signer = signer if signer is not None else self._own_signer()
        super().__init__(
            logger=logging.getLogger("wechatpay"),
            timeout=timeout,
            retries=retries,
            deadline=deadline,
            pool_maxsize=pool_maxsize,
            verify=verify,
            proxies=proxies,
            http_session=http_session,
            on_attempt=on_attempt,
        )
        self.certificates = PlatformCertificates(
            certs or {},
            fetch=self._fetch_certificates,
            apiv3_key=self._apiv3_key,
            merchant_serial=self.serial,
            clock=clock,
            accept=self._accept_certificates,
        )
        self._verifier: Verifier = verifier if verifier is not None else RSAVerifier(self.certificates, clock=clock)
        self._answers = AnswerVerifier(self._verifier)
        self._verifier_given = verifier is not None
        self.clock_offset: float | None = None
        self._root = PathResolver.start(catalogue.tree())

    # -- settings ---------------------------------------------------------

    @classmethod
    def from_env(cls, prefix: str = "WECHATPAY_", file: str | os.PathLike[str] | None = None, **more: Any) -> Self:
        """
        Make a client from environment variables.

        Args:
            prefix: How their names begin; then follow ``MCHID``, ``SERIAL``,
                ``PRIVATE_KEY``, ``CERTS`` (``id=path,id=path``), ``APIV3_KEY``,
                ``SECRET``, ``MERCHANT_CERT``, ``MERCHANT_KEY``, ``BASE_URL``,
                ``BACKUP_URL``, ``BRAND_ID``, ``CA``.
            file: A file of ``NAME=value`` lines, read in place of the environment.
            more: Further arguments of the class.

        Raises:
            ConfigurationError: A setting is unusable. An unknown one only warns.
        """
        from chainable.environment import environment

        more = MaskedDict(more)
        settings: dict[str, Any] = environment(prefix, _SETTINGS, file)
        if "certs" in settings:
            settings["certs"] = _pairs(f"{prefix}CERTS", Secret(settings["certs"]))
        return cls(**_with_ca(settings, more))

    @classmethod
    def from_file(cls, file: str | os.PathLike[str], **more: Any) -> Self:
        """
        Make a client from a TOML file: its table ``wechatpay``, or its top.

        Args:
            file: With the names of :meth:`from_env` in lower case; ``certs`` is a table.
            more: Further arguments of the class.

        Raises:
            ConfigurationError: The file cannot be read, or a setting is unusable.
        """
        from chainable.environment import table, texts

        more = MaskedDict(more)
        found = table(file, "wechatpay", [name.lower() for name in _SETTINGS])
        settings = texts(
            found, file, numbers=("mchid", "brand_id"), lists=("apiv3_key",), tables=("certs",), flags=("ca",)
        )
        return cls(**_with_ca(settings, more))

    # -- the chain --------------------------------------------------------

    def __repr__(self) -> str:
        # An error while the client is made shows it before it has its number.
        return f"<{type(self).__name__} {self.__dict__.get('mchid', 'without settings')}>"

    @without_frames
    def prepare(self, path: PathResolver, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """Write a call of APIv2 or APIv3; see :meth:`chainable.Client.prepare`."""
        wanted = Wanted(self, path, verb, positional, keywords)
        if wanted.first == "v2":
            from wechatpay.apiv2 import protocol as apiv2

            return apiv2.prepare(self, wanted)
        return apiv3.prepare(self, wanted)

    def default_verb(self, path: PathResolver) -> str:
        """
        Return ``POST``, if the catalogue has one with a body here.

        Raises:
            TypeError: It has not; the message names the verbs that it has.
        """
        branch = path.resolve("POST").branch
        key = None if branch is None else branch.verbs.get("POST")
        operation = None if key is None else self.operation(key)
        if operation is not None and operation.body is not None:
            return "POST"
        raise TypeError(_not_callable(path))

    @staticmethod
    def operation(key: str) -> catalogue.Operation | None:
        """Give what the catalogue knows of an operation, such as ``'POST v3/refund/domestic/refunds'``."""
        return catalogue.operation(key)

    # -- what a call needs ------------------------------------------------

    def signer_for(self, wanted: Wanted) -> Signer:
        """
        Give the signer of an APIv3 call.

        Raises:
            ConfigurationError: The client was made without a key, or for the other kind of call.
        """
        if (wanted.first == "brand") is not self._is_brand:
            msg = "client.brand… is signed with brand_id=, every other path with mchid=: make a client for each"
            raise ConfigurationError(msg)
        if self._signer is None:
            msg = "APIv3 signs each request: give private_key= and serial= (or merchant_cert=), or signer="
            raise ConfigurationError(msg)
        return self._signer

    def own_serial(self) -> str | None:
        """Give what calls name in ``Wechatpay-Serial`` when the verifier has keys of its own."""
        return getattr(self._verifier, "default_serial", None) if self._verifier_given else None

    def verifier_for(self, wanted: Wanted) -> Verifier:
        """Give the verifier of an APIv3 answer."""
        if wanted.operation is not None and wanted.operation.digest_header is not None:
            from wechatpay.files.statements import StatementVerifier

            return StatementVerifier(self._answers, wanted.operation.digest_header)
        return self._answers

    def merchant_pair(self, label: str) -> MerchantPair:
        """
        Give what is shown in TLS.

        Raises:
            ConfigurationError: The client was made without it.
        """
        if self._pair is None:
            msg = (
                f"{label} wants the merchant certificate in TLS: give merchant_cert= (and merchant_key=) to the client"
            )
            raise ConfigurationError(msg)
        return self._pair

    def _load_merchant_cert(self, certificate: Any, key: Any) -> str:
        """Keep the certificate for TLS, if its key is at hand, and give its serial."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        from wechatpay.crypto.keys import load_certificate, load_merchant_pair

        if key is None and self._key is not None and not isinstance(self._key, RSAPrivateKey):
            return load_certificate(certificate, name="merchant_cert").serial  # its key signs elsewhere: no TLS with it
        own: Any = key if key is not None else self._key
        self._pair = load_merchant_pair(certificate, own, password=self.mchid)
        return self._pair.certificate.serial

    def _own_signer(self) -> Signer | None:
        if self._key is None:
            return None
        if self.serial is None:
            msg = "serial: the serial of the merchant API certificate is missing; give serial= or merchant_cert="
            raise ConfigurationError(msg, reason="serial_missing", setting="serial")
        options: dict[str, Any] = {"clock": self._clock}
        if self._nonce is not None:
            options["nonce"] = self._nonce
        if self._is_brand:
            options |= {"scheme": BRAND_SCHEME, "identity": "brand_id"}
        return RSASigner(self.mchid, self.serial, self._key, **options)

    def _fetch_certificates(self, serial: str | None) -> Response[Any]:
        """Ask for the platform's certificates; the answer is checked by the store, with what it brings."""
        place = self._root.attribute("v3")
        if urlsplit(self.base_url or "").hostname in _OVERSEAS:
            place = place.attribute("global")
        place = place.attribute("certificates")
        call = apiv3.fetch(self, Wanted(self, place, "GET", (), {}), serial)
        return self._pipeline.run(call)

    def _accept_certificates(self, response: requests.Response) -> None:
        self._answers.accept(response)

    def learn_clock(self, response: Response[Any]) -> None:
        """Note by how many seconds the platform's clock is ahead of ours, from the ``Date`` of its answer."""
        date = response.headers.get("Date")
        if date is not None:
            try:
                self.clock_offset = round(parsedate_to_datetime(date).timestamp() - self._clock(), 1)
            except ValueError:
                return

    # -- the rest of the platform -----------------------------------------

    @cached_property
    def notifications(self) -> Notifications:
        """What the platform sends to the merchant: ``parse(headers, body)``, and each ``once``."""
        from wechatpay.notifications import Notifications

        return Notifications(self._verifier, apiv3_key=self._apiv3_key, secret=self._secret, mchid=self.mchid)

    @cached_property
    def invoke(self) -> Invoke:
        """What the front end needs to start a payment: ``jsapi``, ``mini_program``, ``app``, ``h5``, ``native``."""
        from wechatpay.invoke import Invoke

        return Invoke(self)

    def download(
        self,
        source: Response[Any] | str,
        to: str | os.PathLike[str] | BinaryIO,
        progress: Callable[[int, int | None], object] | None = None,
        *,
        max_size: int = 2 * 1024**3,
    ) -> Saved:
        """
        Save a file: a bill, a statement, a voucher.

        Args:
            source: The answer that names the file, or its URL.
            to: A path, written in one step at the end, or a file open for bytes.
            progress: Gets bytes so far, and of how many if that is known.
            max_size: Bytes that may arrive, and that they may unpack to; 2 GiB
                if not given. No byte beyond it is written.

        Returns:
            What was saved, and whether its hash was checked.

        Raises:
            CodecError: The answer leads to no file, or the file is larger than *max_size*.
            SignatureError: The hash or the signature is wrong; nothing is left behind.
        """
        from wechatpay.files.downloads import download

        # A URL is signed: whoever reads it may fetch the file.
        source = MaskedURL(source) if isinstance(source, str) else source
        return download(self, source, to, progress=progress, max_size=max_size)

    @without_frames
    def signed_url(self, chain: Chain[Any], *, params: Mapping[str, Any]) -> str:
        """
        Give the URL of one of APIv2's pages, for the user's browser to be sent to.

        Args:
            chain: ``client.v2.papay.entrustweb`` and the like.
            params: Its parameters; the merchant's number, ``sign`` and the like are filled in.

        Raises:
            TypeError: The chain is no such page.
        """
        from wechatpay.apiv2.protocol import signed_url

        return signed_url(self, Wanted(self, path_of(chain), "GET", (), {"params": params}))

    # -- sensitive data ---------------------------------------------------

    @without_frames
    def encrypt(self, text: str, *, serial: str | None = None) -> Ciphertext:
        """
        Encrypt a person's data for the platform.

        Args:
            text: At most 214 bytes in UTF-8 for a key of 2048 bits.
            serial: The platform key to use; by default the public key if there
                is one, else the youngest valid certificate.

        Returns:
            A ciphertext that remembers its key; the call it is used in goes
            out with that ``Wechatpay-Serial``.

        Raises:
            ValueError: The text is too long for the key.
            UnknownKeyError: The client has no such key.
        """
        from binascii import b2a_base64

        serial = self.certificates.default_serial if serial is None else serial
        sealed = rsa.encrypt(self.certificates[serial], text.encode())
        return Ciphertext(b2a_base64(sealed, newline=False).decode(), serial=serial)

    @without_frames
    def decrypt(self, ciphertext: str) -> str:
        """
        Open a person's data that the platform encrypted for the merchant.

        Raises:
            DecryptionError: It does not open with the merchant's private key.
            ConfigurationError: The client was made without one.
        """
        from wechatpay.apiv3.opening import opened_text

        return opened_text(self._decrypter(), ciphertext)

    @without_frames_of(ChainableError)
    def opened(self, data: D, fields: Mapping[str, Any]) -> D:
        """Give a copy of an answer with these fields, nested by name, opened."""
        from wechatpay.apiv3.opening import opened

        return opened(self._decrypter, data, fields)

    def _decrypter(self) -> Any:
        if self._key is None:
            msg = "opening encrypted fields takes the merchant's private_key="
            raise ConfigurationError(msg)
        return self._key


def _number(mchid: object, brand_id: object) -> str:
    if (mchid is None) is (brand_id is None):
        msg = "mchid: the merchant's number is missing" if mchid is None else "mchid or brand_id: give one of them"
        raise ConfigurationError(msg, reason="mchid_missing" if mchid is None else "mchid_and_brand_id")
    name, number = ("mchid", mchid) if brand_id is None else ("brand_id", brand_id)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not number.isascii() or not number.isalnum():
        msg = f"{name}: digits were expected, such as '1900000109'"
        raise ConfigurationError(msg, reason="not_digits", setting=name)
    if len(number) >= _KEY_LENGTH and not number.isdecimal():
        msg = f"{name}: digits were expected, such as '1900000109', not {outline(number)}"
        raise ConfigurationError(msg, reason="not_digits", setting=name)
    return number


def _secret(given: object) -> Secret[str] | None:
    if given is None:
        return None
    secret: Secret[Any] = Secret.of(given)
    if not isinstance(secret.reveal(), str) or len(secret.reveal()) != 32 or not secret.reveal().isascii():
        msg = "secret: the key of APIv2 is 32 characters, as set in the console; it is not the APIv3 key"
        raise ConfigurationError(msg, reason="secret_length", setting="secret")
    return secret


def _refuse_keys_as_numbers(numbers: Mapping[str, object], keys: tuple[object, ...]) -> None:
    """Refuse a key in the place of a number, which travels and shows in logs."""
    secrets = [Secret.of(key) for given in keys for key in (given if isinstance(given, tuple | list) else (given,))]
    for name, number in numbers.items():
        if number is not None and Secret(number) in secrets:
            msg = (
                f"{name}: this is the same text as one of the keys; a number was expected: look up both in the console"
            )
            raise ConfigurationError(msg, reason="number_is_key", setting=name)


def _apiv3_key(given: object) -> APIv3Key:
    from wechatpay.crypto.aes import APIv3Key

    keys: Any = given if isinstance(given, tuple | list) else (given,)
    return APIv3Key(*keys)


def _pairs(name: str, given: Secret[str]) -> dict[str, str]:
    parts = MaskedTuple(part.strip().partition("=") for part in given.reveal().split(",") if part.strip())
    if not all(equals for _, equals, _ in parts):
        msg = f"{name}: id=path,id=path was expected"
        raise ConfigurationError(msg, reason="not_certs_list", setting=name)
    return MaskedDict({key.strip(): path.strip() for key, _, path in parts})


def _with_ca(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Complete settings that were read by what was given in the program."""
    twice = sorted(settings.keys() & more.keys())
    if twice:
        msg = f"{twice[0]}: is both among the settings that were read and an argument: leave one of them out"
        raise ConfigurationError(msg, reason="setting_twice", setting=twice[0])
    if "ca" in settings:
        settings["verify"] = settings.pop("ca")
    return MaskedDict(settings | more)


def _not_callable(place: PathResolver) -> str:
    resolution = place.resolve("POST")
    if resolution.branch is not None:
        verbs = [f".{verb.lower()}(…)" for verb in sorted(resolution.branch.verbs)]
        if verbs:
            return f"{place} takes no POST with a body, so it is not called itself: use {' or '.join(verbs)}"
        return f"{place} is no operation: longer paths begin so"
    branch, length = resolution.left if resolution.left is not None else (catalogue.tree(), 0)
    segment = resolution.segments[length]
    stray = segment if isinstance(segment, str) else "{…}"
    known = [*getattr(branch, "literals", ()), *(verb.lower() for verb in branch.verbs)]
    hint = nearest(stray, [name.replace("-", "_") for name in known])
    return f"{resolution.label()} is not in the catalogue, so it is not called itself: write .post(json=…){hint}"
