"""The client of WeChat Pay."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

from chainable.chain import path_of
from chainable.client import Client
from chainable.keywords import with_known_names
from chainable.masking import MaskedDict, MaskedURL, without_frames
from chainable.resolution import PathResolver
from chainable.times import system_time
from wechatpay import catalogue
from wechatpay.apiv3.protocol import APIv3
from wechatpay.request import RequestSpec, resolver_of
from wechatpay.sensitive import Ciphertext

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import requests
    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.chain import Chain
    from chainable.masking import Secret
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from chainable.transport import Transport
    from wechatpay.apiv2.protocol import APIv2
    from wechatpay.defaults import Defaults
    from wechatpay.downloads import DownloadResult
    from wechatpay.invoke import Invoke
    from wechatpay.notification_parsing import Notifications
    from wechatpay.settings import Settings
    from wechatpay.types.chains import Chains
else:
    from wechatpay.chain_root import ChainRoot as Chains

__all__ = ["WeChatPay"]


class WeChatPay(Client, Chains):
    """
    A client of WeChat Pay for one merchant or brand.

    Every path is a chain of attributes: ``client.v3.pay.transactions.native.post(json={…})``,
    ``client['v3/pay/transactions/native'].post(json={…})`` and
    ``client.chain('v3/pay/transactions/native').post(json={…})`` are the same call.
    Paths below ``client.v2`` use APIv2, all others APIv3.

    Args:
        mchid: The merchant's number.
        serial: The serial of the merchant API certificate; read from
            ``merchant_cert`` if that is given.
        private_key: Its private key: a path, a ``file://`` URL, PEM text, DER
            bytes, base64 of DER or of a whole PEM file, a key of ``cryptography``,
            or any object with ``sign(message: bytes) -> bytes`` (and ``decrypt``);
            by default the key of ``merchant_cert``.
        private_key_password: The password of an encrypted ``private_key``.
        certs: Platform public keys and certificates by id or serial, in the
            same forms. May be empty with ``apiv3_key``: then the platform's
            certificates are downloaded and kept fresh.
        apiv3_key: 32 bytes, or ``(new, old)`` while it is being reset.
        secret: The key of APIv2, 32 bytes.
        brand_id: Replaces ``mchid``, for ``client.brand…`` only.
        merchant_cert: The certificate for TLS, where an operation needs one: PEM, or
            a ``.p12``.
        merchant_cert_password: The password of the ``.p12``, by default the merchant's
            number; or that of an encrypted ``merchant_key``, by default
            ``private_key_password``.
        merchant_key: Its key; by default ``private_key``.
        base_url: The host of all calls; plain http for loopback addresses only.
        backup_url: The host for a call of which nothing could be sent to the
            first; None for no other host.
        timeout: Seconds to connect, and to wait for each piece of the response.
        retries: Attempts after the first, at most.
        deadline: Seconds that a whole call may take.
        pool_maxsize: Connections kept per host.
        verify: TLS verification: True, False or the path of CA certificates;
            if given, it overrides ``REQUESTS_CA_BUNDLE``. Signatures are always verified.
        proxies: requests' mapping; by default those of the environment.
        http_session: A session whose adapters, proxies, cert and verify are used.
        transport: What sends the requests, in place of a :class:`chainable.RequestsTransport`; with proxies and
            connections of its own. ``chainable.DirectTransport()`` is faster.

            .. versionadded:: 0.1.0
        max_promises: Promised calls that are under way at the same time.

            .. versionadded:: 0.1.0
        signer: Replaces the signer of APIv3; ``private_key`` is then optional.
        verifier: Replaces the verifier of APIv3. If its keys are not those of ``certs``, its
            attribute ``default_serial`` is the ``Wechatpay-Serial`` of calls.
        v2_signer: Replaces the signer of APIv2.
        clock: Returns Unix time in seconds.
        nonce: Returns a text that was never used before.
        on_attempt: Called with a :class:`chainable.Attempt` after each attempt, or entered around it as a context
            manager: see :mod:`chainable.hooks`.
        defaults: Parameters such as ``appid`` and ``notify_url``, by the platform's names, that fill
            what an operation has and a call leaves out. A mapping fills the object with its name.

            .. versionadded:: 0.1.0

    Attributes:
        settings: The settings, checked and loaded.

            .. versionadded:: 0.1.0
        mchid: The number of the merchant or brand.
        serial: The serial of the merchant API certificate; None if it is unknown.
        base_url: As given; None for the platform's own hosts.
        backup_url: The second host; None for no other host.
        certificates: The platform's keys, a :class:`wechatpay.PlatformCertificates`.

    Raises:
        ConfigurationError: Names the setting, what was found and what was expected.

    Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081606
    """

    @without_frames
    @with_known_names("WeChatPay", "wechatpay.other_names")
    def __init__(
        self,
        *,
        mchid: str | None = None,
        serial: str | None = None,
        private_key: Any = None,
        private_key_password: str | bytes | Secret[Any] | None = None,
        certs: Mapping[str, Any] | None = None,
        apiv3_key: str | bytes | Secret[Any] | tuple[str | bytes | Secret[Any], ...] | None = None,
        secret: str | Secret[str] | None = None,
        brand_id: str | None = None,
        merchant_cert: Any = None,
        merchant_cert_password: str | bytes | Secret[Any] | None = None,
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
        transport: Transport | None = None,
        max_promises: int = 16,
        signer: Signer | None = None,
        verifier: Verifier | None = None,
        v2_signer: Signer | None = None,
        clock: Callable[[], float] = system_time,
        nonce: Callable[[], str] | None = None,
        on_attempt: Callable[[Attempt], object] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        from wechatpay.settings import Settings  # only the making of a client needs it

        self.settings: Settings = Settings.build(
            mchid=mchid,
            brand_id=brand_id,
            serial=serial,
            private_key=private_key,
            private_key_password=private_key_password,
            certs=certs,
            apiv3_key=apiv3_key,
            secret=secret,
            merchant_cert=merchant_cert,
            merchant_cert_password=merchant_cert_password,
            merchant_key=merchant_key,
            base_url=base_url,
            backup_url=backup_url,
            timeout=timeout,
            retries=retries,
            deadline=deadline,
            signer=signer,
            verifier=verifier,
            v2_signer=v2_signer,
            clock=clock,
            nonce=nonce,
            operation=self.operation,
            fetch=self._fetch_certificates,
        )
        super().__init__(
            logger=logging.getLogger("wechatpay"),
            timeout=timeout,
            retries=retries,
            deadline=deadline,
            pool_maxsize=pool_maxsize,
            verify=verify,
            proxies=proxies,
            http_session=http_session,
            transport=transport,
            max_promises=max_promises,
            on_attempt=on_attempt,
        )
        self.mchid = self.settings.mchid
        self.serial = self.settings.serial
        self.base_url = self.settings.endpoints.base_url
        self.backup_url = self.settings.endpoints.backup_url
        self.certificates = self.settings.certificates
        self._defaults = None if defaults is None else _defaults(defaults)
        self._apiv3 = APIv3(self.settings)
        self._root = PathResolver.start(catalogue.tree())

    @classmethod
    def from_env(cls, prefix: str = "WECHATPAY_", file: str | os.PathLike[str] | None = None, **more: Any) -> Self:
        """
        Make a client from environment variables.

        Args:
            prefix: The start of their names; it is followed by ``MCHID``, ``SERIAL``,
                ``PRIVATE_KEY``, ``PRIVATE_KEY_PASSWORD``, ``CERTS``
                (``id=path,id=path``), ``APIV3_KEY``, ``SECRET``, ``MERCHANT_CERT``,
                ``MERCHANT_CERT_PASSWORD``, ``MERCHANT_KEY``, ``BASE_URL``,
                ``BACKUP_URL``, ``BRAND_ID``, ``CA``.
            file: A file of ``NAME=value`` lines, read in place of the environment.
            more: Further arguments of the class.

        Raises:
            ConfigurationError: A setting is unusable. An unknown one only warns.
        """
        from chainable.settings import read_environment
        from wechatpay.configuration import SETTINGS, arguments

        more = MaskedDict(more)
        where = "" if file is None else f" in {file}"
        return cls(**arguments(read_environment(prefix, SETTINGS, file), more, prefix=prefix, where=where))

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
        from wechatpay.configuration import read_file

        more = MaskedDict(more)
        return cls(**read_file(file, more))

    def __repr__(self) -> str:
        # A traceback may show a client whose __init__ has failed.
        return f"<{type(self).__name__} {self.__dict__.get('mchid', 'without settings')}>"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "operation"]

    @without_frames
    def prepare(self, path: PathResolver, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """Build a call of APIv2 or APIv3; see :meth:`chainable.Client.prepare`."""
        spec = self._spec(path, verb, positional, keywords)
        return (self._apiv2 if spec.first == "v2" else self._apiv3).prepare(spec)

    def _spec(
        self, path: PathResolver, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> RequestSpec:
        spec = RequestSpec(self.settings, path, verb, positional, keywords)
        if self._defaults is not None:
            self._defaults.fill(spec)
        return spec

    @cached_property
    def _apiv2(self) -> APIv2:
        from wechatpay.apiv2.protocol import APIv2

        return APIv2(self.settings, self.run)

    def default_verb(self, path: PathResolver) -> str:
        """
        Return ``POST``, if the catalogue has a POST with a body at this path.

        Raises:
            TypeError: The catalogue has none; the message names its verbs.
        """
        branch = path.resolve("POST").branch
        key = None if branch is None else branch.verbs.get("POST")
        operation = None if key is None else self.operation(key)
        if operation is not None and operation.body is not None:
            return "POST"
        from wechatpay.near_paths import describe_uncallable

        raise TypeError(describe_uncallable(path))

    @staticmethod
    def operation(key: str) -> catalogue.Operation | None:
        """Return the catalogue's operation of a key, such as ``'POST v3/refund/domestic/refunds'``."""
        return catalogue.operation(key)

    def _fetch_certificates(self, serial: str | None) -> Response[Any]:
        path = resolver_of("v3/global/certificates" if self.settings.endpoints.is_overseas else "v3/certificates")
        return self.run(self._apiv3.prepare_certificates(RequestSpec(self.settings, path, "GET", (), {}), serial))

    @property
    def clock_offset(self) -> float | None:
        """Seconds by which the platform's clock is ahead of ours; None before the first response."""
        return self.settings.platform_clock.offset

    @cached_property
    def notifications(self) -> Notifications:
        """Notifications of the platform, with ``parse(headers, body)``, and ``once`` to handle each of them once."""
        from wechatpay.notification_parsing import Notifications

        settings = self.settings
        return Notifications(
            settings.verifier, apiv3_key=settings.apiv3_key, secret=settings.secret, mchid=settings.mchid
        )

    @cached_property
    def invoke(self) -> Invoke:
        """The parameters that a front end needs, by its channel (``jsapi``, ``mini_program``, ``app``, ``h5``, ``native`` and more)."""
        from wechatpay.invoke import Invoke

        return Invoke(self.settings)

    def download(
        self,
        source: Response[Any] | str,
        to: str | os.PathLike[str] | BinaryIO,
        progress: Callable[[int, int | None], object] | None = None,
        *,
        max_size: int = 2 * 1024**3,
    ) -> DownloadResult:
        """
        Save a file: a bill, a statement, a voucher.

        Args:
            source: The response that names the file, or the file's URL.
            to: A path, which is written in one step at the end, or a file open for bytes.
            progress: Called with the bytes received so far, and the bytes expected (None if unknown).
            max_size: Bytes that may arrive, and that they may unpack to; by default 2 GiB.

        Returns:
            Path and size of the file, and whether its hash was verified.

        Raises:
            CodecError: The response leads to no file, or the file is larger than *max_size*.
            SignatureError: The hash or the signature is wrong; nothing is saved.
        """
        from wechatpay.downloads import Downloader

        # The URL of a file is signed: anybody who has it may fetch the file.
        source = MaskedURL(source) if isinstance(source, str) else source
        return Downloader(self.settings, self.run).save(source, to, progress=progress, max_size=max_size)

    @without_frames
    def signed_url(self, chain: Chain[Any], *, params: Mapping[str, Any]) -> str:
        """
        Build the URL of one of APIv2's pages, to redirect the user's browser to.

        Args:
            chain: The page, such as ``client.v2.papay.entrustweb``.
            params: Its parameters; the merchant's number, ``sign`` and the like are added.

        Raises:
            TypeError: The chain is not a page.
        """
        return self._apiv2.signed_url(self._spec(path_of(chain), "GET", (), {"params": params}))

    @without_frames
    def encrypt(self, text: str, *, serial: str | None = None) -> Ciphertext:
        """
        Encrypt personal data for the platform.

        Args:
            text: At most 214 bytes in UTF-8 for a key of 2048 bits.
            serial: The platform key to use; by default the public key if there
                is one, else the newest valid certificate.

        Returns:
            The ciphertext with the serial of its key, which becomes the
            ``Wechatpay-Serial`` of the call that it is used in.

        Raises:
            ValueError: The text is too long for the key.
            UnknownKeyError: The client has no such key.
        """
        from binascii import b2a_base64

        from wechatpay.crypto import rsa

        serial = self.certificates.default_serial if serial is None else serial
        encrypted = rsa.encrypt(self.certificates[serial], text.encode())
        return Ciphertext(b2a_base64(encrypted, newline=False).decode(), serial=serial)

    @without_frames
    def decrypt(self, ciphertext: str) -> str:
        """
        Decrypt personal data that the platform encrypted for the merchant.

        Args:
            ciphertext: Base64.

        Raises:
            DecryptionError: The merchant's private key does not decrypt it.
            ConfigurationError: The client has no private key.
        """
        from wechatpay.apiv3.field_decryption import decrypt_text

        return decrypt_text(self.settings.decryption_key(), ciphertext)


def _defaults(given: Mapping[str, Any]) -> Defaults:
    from wechatpay.defaults import Defaults  # most clients have none

    return Defaults(given)
