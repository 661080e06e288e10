"""
The platform's keys: those given, and certificates that are downloaded and kept fresh.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates),
https://pay.weixin.qq.com/doc/v3/merchant/4012153196 (public key)
"""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import warnings
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.atomic import replace_file
from chainable.codecs import JSON
from chainable.errors import (
    APIError,
    ChainableError,
    CodecError,
    ConfigurationError,
    InProgress,
    UnknownKeyError,
)
from chainable.i18n import Words, message_of, translate
from chainable.masking import safe_repr, without_frames
from chainable.times import system_time
from chainable.validation import check_seconds
from chainable.waiting import acquire
from wechatpay.crypto.keys import check_certs, check_platform_key, load_certificate, load_public_key
from wechatpay.crypto.serials import PUBLIC_KEY_ID, normalise_serial, shown_serial
from wechatpay.key_snapshot import KeySnapshot
from wechatpay.signing import RSAVerifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from wechatpay.crypto.aes import APIv3Key
    from wechatpay.crypto.keys import Certificate, KeySource

__all__ = ["PlatformCertificates"]

REFRESH_EVERY = 8 * 3600.0
"""Seconds; the platform asks for at least every twelve hours."""

MINIMUM_INTERVAL = 60.0
"""Seconds between two attempts that the user did not call for."""

PATIENCE = 60.0
"""Seconds that a thread waits for another thread's attempt, at most."""

_SMALL_STEP = 60.0  # seconds that the clock may go back without a new download

_PUBLIC_KEY_ONLY = (
    "this merchant has no platform certificates, only the platform's public key (the rule for "
    "merchants since autumn 2024): take pub_key.pem and its id from 账户中心 > API安全 > "
    "微信支付公钥 and give certs={'PUB_KEY_ID_…': 'file:///path/pub_key.pem'}"
)

_logger = logging.getLogger("wechatpay")


@frozen
class _Outcome:
    """The outcome of the last attempt to download, also for the threads that waited for it."""

    moment: float = float("-inf")
    error: Exception | None = None


# The stores that the current call refreshes. Greenlets and tasks share a thread, so this is a context variable.
_refreshing: ContextVar[tuple[PlatformCertificates, ...]] = ContextVar("refreshing", default=())


class _Locks:
    """The locks of one process; in a forked child, no thread is left to release the parent's."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.refreshing = threading.Lock()
        self.swapping = threading.Lock()


@safe_repr
class PlatformCertificates:
    """
    The platform's keys by serial or id: a key store that refreshes itself.

    Keys that were given are kept. Certificates are downloaded if the store is
    empty, if the list is older than ``refresh_every``, and if a message names an
    unknown serial. One thread downloads at a time; the others use the known
    keys, or wait if there are none. A failure changes nothing.

    Args:
        certs: Platform public keys by id (``PUB_KEY_ID_…``) and certificates
            by serial: paths, ``file://`` URLs, PEM text, DER bytes, one-line
            base64 or objects of ``cryptography``.
        fetch: Requests ``/v3/certificates`` with the given ``Wechatpay-Serial`` (None:
            without the header) and returns the response unverified; raises APIError
            for 4xx and 5xx. None: certificates are never downloaded.
        apiv3_key: Decrypts downloaded certificates. None: certificates are never downloaded.
        merchant_serial: The serial of the merchant's own certificate, which is refused here.
        refresh_every: Seconds between two downloads.
        minimum_interval: Seconds between two attempts.
        patience: Seconds that a thread waits for another thread's attempt, at most.

            .. versionadded:: 0.1.0
        clock: Returns Unix time in seconds.
        accept: Called with each response whose signature was verified; raises for one
            that must be rejected, such as a replay.

    Raises:
        ConfigurationError: A key has a wrong id or serial, does not belong to the
            platform, or cannot be read; or the patience is not a positive
            number of seconds.
    """

    @without_frames
    def __init__(
        self,
        certs: Mapping[str, KeySource | RSAPublicKey | x509.Certificate] | None = None,
        *,
        fetch: Callable[[str | None], requests.Response] | None = None,
        apiv3_key: APIv3Key | None = None,
        merchant_serial: str | None = None,
        refresh_every: float = REFRESH_EVERY,
        minimum_interval: float = MINIMUM_INTERVAL,
        patience: float = PATIENCE,
        clock: Callable[[], float] = system_time,
        accept: Callable[[requests.Response], object] | None = None,
    ) -> None:
        public_keys: dict[str, RSAPublicKey] = {}
        given: list[Certificate] = []
        for name, source in check_certs(certs).items():
            loaded = load_public_key(source, name="certs")
            if merchant_serial is not None and loaded.serial == normalise_serial(merchant_serial):
                msg = (
                    f"certs: {shown_serial(name)} is the merchant's own certificate; the platform's is wanted: "
                    f"its public key with its id, or one of its certificates"
                )
                raise ConfigurationError(msg, reason="own_certificate", setting="certs")
            checked = check_platform_key(name, loaded, name="certs")
            if loaded.serial is None:
                public_keys[checked] = loaded.key
            else:
                given.append(load_certificate(source, name="certs"))
        self._fetch = fetch
        self._apiv3_key = apiv3_key
        self._refresh_every = refresh_every
        self._minimum_interval = minimum_interval
        self._patience = check_seconds("patience", patience)
        self._clock = clock
        self._accept = accept
        self._has_given = bool(public_keys or given)  # they may expire
        self._file: Path | None = None
        self._fetched_at = float("-inf")
        self._sealed: list[Any] | None = None
        self._outcome = _Outcome()
        self._own_locks = _Locks()
        now = clock()
        due = now + refresh_every if given and self._fetches else float("inf")
        self._snapshot = KeySnapshot(public_keys, tuple(given), moment=now, due=due)

    def __repr__(self) -> str:
        return f"PlatformCertificates({', '.join(self.serials)})"

    def __getitem__(self, serial: str, /) -> RSAPublicKey:
        """
        Return the key of a serial or id.

        Raises:
            UnknownKeyError: The key is unknown, even after a download; the
                cause is the error of a failed download.
        """
        snapshot = self._snapshot
        key = snapshot.keys.get(serial)
        if key is not None and self._clock() < snapshot.until:
            return key
        return self._look_up(serial)

    def __contains__(self, serial: object) -> bool:
        """Return whether the key is known; never downloads."""
        return serial in self._snapshot.keys

    @property
    def serials(self) -> tuple[str, ...]:
        """The serials and ids of all known keys."""
        return tuple(self._snapshot.keys)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The known certificates, given and downloaded."""
        return self._snapshot.certificates

    @property
    def default_serial(self) -> str:
        """
        The ``Wechatpay-Serial`` of calls: the id of the public key, else the serial of the newest valid certificate.

        Raises:
            UnknownKeyError: No key is known, and none can be downloaded.
            InProgress: No key is known, and another thread's download does not end.
            ConfigurationError: The merchant has no certificates, only a public key.
            APIError: The platform refused to send its certificates; the other
                errors of a call are raised as well.
        """
        now = self._clock()
        if not self._snapshot.moment <= now < self._snapshot.until:
            self._keep_fresh(now)
        found = self._snapshot.newest(now)
        if found is None and self._may_fetch:
            self._refreshed()
            found = self._snapshot.newest(now)
        if found is None:
            raise self._unknown(Words("no key of the platform is known", "没有可用的平台密钥"))
        return found

    def download(self) -> tuple[Certificate, ...]:
        """
        Download the platform's certificates now.

        Each is decrypted with the APIv3 key, and the response's signature is verified
        with the known keys and the downloaded ones, before the store changes in one step.

        Returns:
            All known certificates.

        Raises:
            ConfigurationError: The merchant has no certificates, only a public
                key; or this store has no APIv3 key, or no ``fetch``.
            SignatureError: The response is not authentic.
            DecryptionError: The APIv3 key is wrong.
            InProgress: Another thread's download does not end.
            APIError: The platform refused; the other errors of a call are raised as well.
        """
        if not self._fetches:
            msg = "certificates are fetched with apiv3_key= and the merchant's key; one of them is missing"
            raise ConfigurationError(msg, reason="cannot_fetch_certificates")
        self._refreshed()
        return self.certificates

    def cache_to(self, path: str | os.PathLike[str]) -> None:
        """
        Cache downloaded certificates in a file, and load those in the file if they are newer.

        The file has the certificates as the platform encrypted them under the
        APIv3 key, so that certificates cannot be added without that key. It is
        replaced in one step, and readable for its owner only. A file that is
        missing, damaged or encrypted under another key is ignored.

        Args:
            path: Several clients of one merchant may share it.

        .. versionadded:: 0.1.0
        """
        self._file = Path(os.path.expanduser(path))  # noqa: PTH111 (a home that is unknown stays as it is)
        self._load()
        if self._sealed is not None:
            self._save()

    def persist(self, path: str | os.PathLike[str]) -> None:
        """Call :meth:`cache_to`, its new name."""
        warnings.warn("PlatformCertificates.persist is deprecated: call cache_to", DeprecationWarning, stacklevel=2)
        self.cache_to(path)

    # -- looking up ---------------------------------------------------------

    def _look_up(self, serial: str) -> RSAPublicKey:
        now = self._clock()
        self._keep_fresh(now)
        try:
            serial = normalise_serial(serial)
        except ConfigurationError as error:
            from chainable.reasons import explain_any

            raise UnknownKeyError(Words(str(error), explain_any(error).zh)) from None
        key = self._snapshot.keys.get(serial)
        failure: Exception | None = None
        if key is None and self._may_fetch and not serial.startswith(PUBLIC_KEY_ID):
            self._load()
            if serial not in self._snapshot.keys and self._is_time(now):
                failure = self._refresh()
            key = self._snapshot.keys.get(serial)
        if key is None:
            name = shown_serial(serial)
            raise self._unknown(
                Words(f"no key of the platform under {name}", f"没有序列号或 ID 为 {name} 的平台密钥"), failure
            )
        return key

    def _unknown(self, what: Words, failure: Exception | None = None) -> UnknownKeyError:
        known = ", ".join(self.serials) or "none"
        zh = f"{what.zh}（已有：{'、'.join(self.serials) or '无'}）"
        if self._fetches:
            error = failure or self._outcome.error
            reason = f"; asking for certificates failed ({type(error).__name__}: {error})" if error else ""
            zh_reason = (
                f"；下载平台证书失败（{type(error).__name__}：{translate(message_of(error), 'zh')}）" if error else ""
            )
            unknown = UnknownKeyError(Words(f"{what} (known: {known}){reason}", f"{zh}{zh_reason}"))
            unknown.__cause__ = error
            return unknown
        if not self._has_given and self._apiv3_key is None:
            return UnknownKeyError(
                Words(
                    f"{what}: neither certs= nor apiv3_key= was given: give the WeChat Pay public key, certs={{…}}, "
                    "or apiv3_key= so that certificates are fetched",
                    "没有配置 certs，也没有 apiv3_key：请传入微信支付公钥 certs={…} 或 apiv3_key（用于下载平台证书）",
                )
            )
        return UnknownKeyError(
            Words(
                f"{what} (known: {known}): add it to certs=, or give apiv3_key= so that certificates are fetched",
                f"{zh}：请加入 certs=，或传入 apiv3_key= 以下载平台证书",
            )
        )

    # -- keeping fresh ------------------------------------------------------

    @property
    def _fetches(self) -> bool:
        return self._fetch is not None and self._apiv3_key is not None

    @property
    def _may_fetch(self) -> bool:
        # A download may itself look up a key; it must not wait for itself.
        return self._fetches and self not in _refreshing.get()

    @property
    def _locks(self) -> _Locks:
        if self._own_locks.process != os.getpid():
            self._own_locks = _Locks()
        return self._own_locks

    def _is_time(self, now: float) -> bool:
        return not 0 <= now - self._outcome.moment < self._pause(self._outcome)

    def _pause(self, outcome: _Outcome) -> float:
        # A merchant without certificates will not have any a minute later.
        nothing = isinstance(outcome.error, ConfigurationError)
        return self._refresh_every if nothing else self._minimum_interval

    def _keep_fresh(self, now: float) -> None:
        """Drop expired certificates; download new ones if they are due, unless another thread does."""
        with self._locks.swapping:
            self._snapshot = self._snapshot.evolve(moment=now)
        if self._is_due(now) and self._snapshot.keys and self._may_fetch:
            self._load()
            if self._is_due(now):
                error = self._refresh(wait=False)
                if error is not None:
                    _logger.warning("the platform's certificates could not be refreshed: %s", error)

    def _is_due(self, now: float) -> bool:
        # A clock that is set back must not delay the next download by as much.
        due = self._snapshot.due
        farthest = max(self._refresh_every, self._minimum_interval) + _SMALL_STEP
        return math.isfinite(due) and not due - farthest <= now < due

    def _refreshed(self) -> None:
        error = self._refresh()
        if error is not None:
            raise error

    def _refresh(self, *, wait: bool = True) -> Exception | None:
        """Download, or wait for the thread that does, and return the error of either."""
        locks, before = self._locks, self._outcome
        if not acquire(locks.refreshing, self._patience if wait else 0.0):
            msg = Words(
                f"another thread has been asking for the platform's certificates for {self._patience:g} seconds: try again",
                f"另一个线程获取平台证书已超过 {self._patience:g} 秒：请重试",
            )
            return InProgress(msg) if wait else None
        inside = _refreshing.set((*_refreshing.get(), self))
        try:
            if self._outcome is before:
                self._outcome = self._attempt()
            return self._outcome.error
        finally:
            _refreshing.reset(inside)
            locks.refreshing.release()

    def _attempt(self) -> _Outcome:
        try:
            sealed = self._download()
        except Exception as error:  # noqa: BLE001 (raised by this thread, and by those that waited)
            outcome = _Outcome(self._clock(), error)
            with self._locks.swapping:
                again = outcome.moment + self._pause(outcome)
                due = again if self._is_due(outcome.moment) else max(self._snapshot.due, again)
                self._snapshot = self._snapshot.evolve(due=due)
            return outcome
        self._sealed = sealed
        self._save()
        return _Outcome(self._clock())

    def _download(self) -> list[Any]:
        fetch: Any = self._fetch
        known = self._snapshot.newest(self._clock())
        try:
            response = fetch(known)
        except APIError as error:
            if error.code == "RESOURCE_NOT_EXISTS":
                raise ConfigurationError(_PUBLIC_KEY_ONLY, reason="no_platform_certificates") from error
            raise
        sealed = _sealed(JSON.decode(response.content))
        fetched = self._opened(sealed)
        keys = dict(self._snapshot.keys) | {one.serial: one.key for one in fetched}
        RSAVerifier(keys, clock=self._clock).verify(response)
        if self._accept is not None:
            self._accept(response)
        self._take(fetched, self._clock())
        return sealed

    def _take(self, fetched: tuple[Certificate, ...], fetched_at: float) -> None:
        with self._locks.swapping:
            self._fetched_at = fetched_at
            due = fetched_at + self._refresh_every
            self._snapshot = self._snapshot.evolve(fetched=fetched, moment=self._clock(), due=due)

    def _opened(self, sealed: list[Any]) -> tuple[Certificate, ...]:
        opened = []
        apiv3_key: Any = self._apiv3_key
        for entry in sealed:
            try:
                box, serial = entry["encrypt_certificate"], entry["serial_no"]
                pem = apiv3_key.open(box["ciphertext"], box["nonce"], box.get("associated_data"))
                certificate = load_certificate(pem, name=f"the platform's certificate {serial}")
                right = certificate.serial == normalise_serial(serial)
            except (AttributeError, KeyError, TypeError, UnicodeError, ConfigurationError) as error:
                msg = Words(
                    f"the platform's list of certificates is not in its documented form ({error})",
                    f"平台证书列表不符合文档的格式（{error}）",
                )
                raise CodecError(msg) from error
            if not right:
                msg = Words(
                    f"the platform's list gives the certificate {certificate.serial} as {serial}",
                    f"平台证书列表把证书 {certificate.serial} 列为 {serial}",
                )
                raise CodecError(msg)
            opened.append(certificate)
        return tuple(opened)

    # -- the file -----------------------------------------------------------

    def _load(self) -> None:
        """Load the certificates in the file, if they are newer than the known ones."""
        if self._file is None or self._apiv3_key is None:
            return
        try:
            content = JSON.decode(self._file.read_bytes())
            sealed, fetched_at = _sealed(content), float(content["fetched_at"])
            if self._fetched_at < fetched_at <= self._clock():
                self._take(self._opened(sealed), fetched_at)
                self._sealed = sealed
        except FileNotFoundError:
            return
        except (OSError, ChainableError, KeyError, TypeError, ValueError) as error:
            _logger.warning("the file of platform certificates is ignored: %s", error)

    def _save(self) -> None:
        if self._file is None:
            return
        content = json.dumps({"fetched_at": self._fetched_at, "data": self._sealed})
        try:
            replace_file(self._file, content.encode())
        except OSError as error:
            _logger.warning("the platform's certificates could not be cached in a file: %s", error)


def _sealed(content: Any) -> list[Any]:
    entries = content.get("data") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        msg = Words(
            "a list of the platform's certificates was expected in 'data', with at least one",
            "'data' 中应为平台证书的列表，且至少有一张",
        )
        raise CodecError(msg)
    return entries
