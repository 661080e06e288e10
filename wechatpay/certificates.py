"""
The platform's keys: those given, and certificates that are fetched and kept fresh.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates),
https://pay.weixin.qq.com/doc/v3/merchant/4012153196 (public key)
"""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import Factory, evolve, field, frozen

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
from chainable.masking import safe_repr, without_frames
from chainable.options import seconds
from chainable.waiting import acquire
from wechatpay.apiv3.signing import RSAVerifier
from wechatpay.crypto.keys import check_platform_key, load_certificate, load_public_key
from wechatpay.crypto.serials import PUBLIC_KEY_ID, normalise_serial, shown_serial

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
"""Seconds between two attempts that nobody asked for in so many words."""

PATIENCE = 60.0
"""Seconds a thread waits for another one's attempt at most."""

_SMALL_STEP = 60.0  # seconds the clock may go back without the list being asked for again

_PUBLIC_KEY_ONLY = (
    "this merchant has no platform certificates, only the platform's public key (the rule for "
    "merchants since autumn 2024): take pub_key.pem and its id from 账户中心 > API安全 > "
    "微信支付公钥 and give certs={'PUB_KEY_ID_…': 'file:///path/pub_key.pem'}"
)

_logger = logging.getLogger("wechatpay")


def _current(snapshot: _Snapshot) -> tuple[Certificate, ...]:
    known = (*snapshot.given, *snapshot.fetched)
    return tuple(one for one in known if snapshot.moment < one.not_after.timestamp())


def _all_keys(snapshot: _Snapshot) -> Mapping[str, RSAPublicKey]:
    certificates = {one.serial: one.key for one in snapshot.certificates}
    return MappingProxyType(certificates | dict(snapshot.public_keys))


def _first_event(snapshot: _Snapshot) -> float:
    return min([snapshot.due, *(one.not_after.timestamp() for one in snapshot.certificates)])


@frozen
class _Snapshot:
    """
    What is known at one moment; replaced as a whole, so that no reader sees half of it.

    Attributes:
        public_keys: Those given, by id.
        given: Certificates given, those that are over too: a clock that was wrong may be set right.
        fetched: Certificates fetched, likewise.
        moment: Unix time for which the rest holds.
        due: Unix time from which on certificates are to be fetched.
        certificates: Those of both that are not over.
        keys: Theirs, and the public keys.
        until: Unix time from which on something has to be done: a
            certificate is over, or the list is due.
    """

    public_keys: Mapping[str, RSAPublicKey]
    given: tuple[Certificate, ...] = ()
    fetched: tuple[Certificate, ...] = ()
    moment: float = float("-inf")
    due: float = float("inf")
    certificates: tuple[Certificate, ...] = field(init=False, default=Factory(_current, takes_self=True))
    keys: Mapping[str, RSAPublicKey] = field(init=False, default=Factory(_all_keys, takes_self=True))
    until: float = field(init=False, default=Factory(_first_event, takes_self=True))

    def but(self, **changes: Any) -> _Snapshot:
        """The same with some attributes changed."""
        snapshot: _Snapshot = evolve(self, **changes)
        return snapshot

    def youngest(self, now: float) -> str | None:
        """The id of the first public key, else the serial of the youngest valid certificate."""
        if self.public_keys:
            return next(iter(self.public_keys))
        valid = [one for one in self.certificates if one.not_before.timestamp() <= now]
        return max(valid, key=lambda one: one.not_before).serial if valid else None


@frozen
class _Outcome:
    """What came of the last attempt to fetch, also for those who waited for it."""

    moment: float = float("-inf")
    error: Exception | None = None


# The stores that the present call refreshes. A context variable, because greenlets and tasks share a thread.
_refreshing: ContextVar[tuple[PlatformCertificates, ...]] = ContextVar("refreshing", default=())


class _Locks:
    """The locks of one process; a forked one begins with new ones, for nobody is left to open the old."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.refreshing = threading.Lock()
        self.swapping = threading.Lock()


@safe_repr
class PlatformCertificates:
    """
    The platform's keys by serial or id: a key store that refreshes itself.

    What was given stays. Certificates are fetched when the store has nothing,
    when the list is older than ``refresh_every``, and when a message names a
    serial that is not known; by one thread at a time, while the others go on
    with the keys at hand, or wait for its result where there is none. A failure
    leaves everything as it was.

    Args:
        certs: Platform public keys by id (``PUB_KEY_ID_…``) and certificates
            by serial: paths, ``file://`` URLs, PEM text, DER bytes, one-line
            base64 or objects of ``cryptography``.
        fetch: Asks for ``/v3/certificates`` with this ``Wechatpay-Serial`` (None:
            without) and gives the answer unchecked; raises APIError for 4xx and
            5xx. None: nothing is ever fetched.
        apiv3_key: Opens what is fetched. None: nothing is ever fetched.
        merchant_serial: Of the merchant's own certificate, which is refused here.
        refresh_every: Seconds.
        minimum_interval: Seconds between two attempts.
        patience: Seconds a thread waits for another one's attempt at most.

            .. versionadded:: 0.1.0
        clock: Gives Unix time in seconds.
        accept: Gets each answer whose signature was checked, and raises for one
            that must not be taken, a replayed one for example.

    Raises:
        ConfigurationError: A key stands under a wrong name, is none of the
            platform's, or cannot be read; or the patience is not a positive
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
        clock: Callable[[], float] = time.time,
        accept: Callable[[requests.Response], object] | None = None,
    ) -> None:
        public_keys: dict[str, RSAPublicKey] = {}
        given: list[Certificate] = []
        for name, source in (certs or {}).items():
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
                given.append(load_certificate(source, name="certs"))  # type: ignore[arg-type]  # a certificate, as the line above found
        self._fetch = fetch
        self._apiv3_key = apiv3_key
        self._refresh_every = refresh_every
        self._minimum_interval = minimum_interval
        self._patience = seconds("patience", patience)
        self._clock = clock
        self._accept = accept
        self._file: Path | None = None
        self._fetched_at = float("-inf")
        self._sealed: list[Any] | None = None
        self._outcome = _Outcome()
        self._own_locks = _Locks()
        now = clock()
        due = now + refresh_every if given and self._fetches else float("inf")
        self._snapshot = _Snapshot(public_keys, tuple(given), moment=now, due=due)

    def __repr__(self) -> str:
        return f"PlatformCertificates({', '.join(self.serials)})"

    def __getitem__(self, serial: str, /) -> RSAPublicKey:
        """
        Give the key of a serial or id.

        Raises:
            UnknownKeyError: There is none, even after asking the platform;
                its cause says why asking failed.
        """
        snapshot = self._snapshot
        key = snapshot.keys.get(serial)
        if key is not None and self._clock() < snapshot.until:
            return key
        return self._look_up(serial)

    def __contains__(self, serial: object) -> bool:
        """Tell whether the key is at hand; never asks the platform."""
        return serial in self._snapshot.keys

    @property
    def serials(self) -> tuple[str, ...]:
        """The serials and ids of all keys at hand."""
        return tuple(self._snapshot.keys)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates at hand, those given and those fetched."""
        return self._snapshot.certificates

    @property
    def default_serial(self) -> str:
        """
        What calls name in ``Wechatpay-Serial``: the public key, else the youngest valid certificate.

        Raises:
            UnknownKeyError: There is no key, and none can be fetched.
            InProgress: There is no key, and another thread's attempt to fetch one does not end.
            ConfigurationError: The merchant has no certificates, only a public key.
            APIError: The platform refused to give its certificates, and so on
                for everything else that a call may end in.
        """
        now = self._clock()
        if not self._snapshot.moment <= now < self._snapshot.until:
            self._keep_fresh(now)
        found = self._snapshot.youngest(now)
        if found is None and self._may_fetch:
            self._refreshed()
            found = self._snapshot.youngest(now)
        if found is None:
            raise self._unknown("no key of the platform is at hand")
        return found

    def download(self) -> tuple[Certificate, ...]:
        """
        Ask the platform for its certificates now.

        Each is opened with the APIv3 key, the answer's signature is checked
        with what is known and what it brought, and only then the store changes,
        in one step.

        Returns:
            All certificates at hand.

        Raises:
            ConfigurationError: The merchant has no certificates, only a public
                key; or this store has no APIv3 key or no way to fetch.
            SignatureError: The answer is not authentic.
            DecryptionError: The APIv3 key is another one.
            InProgress: Another thread's attempt does not end.
            APIError: The platform refused, and so on for everything else that
                a call may end in.
        """
        if not self._fetches:
            msg = "certificates are fetched with apiv3_key= and the merchant's key; one of them is missing"
            raise ConfigurationError(msg, reason="cannot_fetch_certificates")
        self._refreshed()
        return self.certificates

    def persist(self, path: str | os.PathLike[str]) -> None:
        """
        Keep fetched certificates in a file, and take over those that are in it if they are younger.

        The file holds the certificates as the platform sealed them under the
        APIv3 key, so that nobody without the key can slip one in. It is
        replaced in one step, and readable for its owner alone. A file that is
        missing, damaged or sealed under another key is as good as none.

        Args:
            path: Several clients of one merchant may share it.
        """
        self._file = Path(path)
        self._load()
        if self._sealed is not None:
            self._save()

    # -- looking up ---------------------------------------------------------

    def _look_up(self, serial: str) -> RSAPublicKey:
        now = self._clock()
        self._keep_fresh(now)
        try:
            serial = normalise_serial(serial)
        except ConfigurationError as error:
            raise UnknownKeyError(str(error)) from None
        key = self._snapshot.keys.get(serial)
        failure: Exception | None = None
        if key is None and self._may_fetch and not serial.startswith(PUBLIC_KEY_ID):
            self._load()
            if serial not in self._snapshot.keys and self._is_time(now):
                failure = self._refresh()
            key = self._snapshot.keys.get(serial)
        if key is None:
            raise self._unknown(f"no key of the platform under {shown_serial(serial)}", failure)
        return key

    def _unknown(self, what: str, failure: Exception | None = None) -> UnknownKeyError:
        known = ", ".join(self.serials) or "none"
        if self._fetches:
            error = failure or self._outcome.error
            reason = f"; asking for certificates failed ({type(error).__name__}: {error})" if error else ""
            unknown = UnknownKeyError(f"{what} (known: {known}){reason}")
            unknown.__cause__ = error
            return unknown
        return UnknownKeyError(
            f"{what} (known: {known}): add it to certs=, or give apiv3_key= so that certificates are fetched"
        )

    # -- keeping fresh ------------------------------------------------------

    @property
    def _fetches(self) -> bool:
        return self._fetch is not None and self._apiv3_key is not None

    @property
    def _may_fetch(self) -> bool:
        # What fetches may itself ask for a key; it must not wait for its own end.
        return self._fetches and self not in _refreshing.get()

    @property
    def _locks(self) -> _Locks:
        if self._own_locks.process != os.getpid():
            self._own_locks = _Locks()
        return self._own_locks

    def _is_time(self, now: float) -> bool:
        return not 0 <= now - self._outcome.moment < self._pause(self._outcome)

    def _pause(self, outcome: _Outcome) -> float:
        # A merchant without certificates will not have any in a minute.
        nothing = isinstance(outcome.error, ConfigurationError)
        return self._refresh_every if nothing else self._minimum_interval

    def _keep_fresh(self, now: float) -> None:
        """Leave out what is over; fetch what is due, unless another thread is at it."""
        with self._locks.swapping:
            self._snapshot = self._snapshot.but(moment=now)
        if self._is_due(now) and self._snapshot.keys and self._may_fetch:
            self._load()
            if self._is_due(now):
                error = self._refresh(wait=False)
                if error is not None:
                    _logger.warning("the platform's certificates could not be refreshed: %s", error)

    def _is_due(self, now: float) -> bool:
        # A clock that was set back must not put the refresh off for as long as it went back.
        due = self._snapshot.due
        farthest = max(self._refresh_every, self._minimum_interval) + _SMALL_STEP
        return math.isfinite(due) and not due - farthest <= now < due

    def _refreshed(self) -> None:
        error = self._refresh()
        if error is not None:
            raise error

    def _refresh(self, *, wait: bool = True) -> Exception | None:
        """Fetch, or wait for the thread that is fetching; what went wrong in either case."""
        locks, before = self._locks, self._outcome
        if not acquire(locks.refreshing, self._patience if wait else 0.0):
            msg = f"another thread has been asking for the platform's certificates for {self._patience:g} seconds: try again"
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
        except Exception as error:  # noqa: BLE001 (raised by whoever asked, and by those who waited)
            outcome = _Outcome(self._clock(), error)
            with self._locks.swapping:
                again = outcome.moment + self._pause(outcome)
                due = again if self._is_due(outcome.moment) else max(self._snapshot.due, again)
                self._snapshot = self._snapshot.but(due=due)
            return outcome
        self._sealed = sealed
        self._save()
        return _Outcome(self._clock())

    def _download(self) -> list[Any]:
        fetch: Any = self._fetch
        known = self._snapshot.youngest(self._clock())
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
            self._snapshot = self._snapshot.but(fetched=fetched, moment=self._clock(), due=due)

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
                msg = f"the platform's list of certificates is not in its documented form ({error})"
                raise CodecError(msg) from error
            if not right:
                msg = f"the platform's list gives the certificate {certificate.serial} as {serial}"
                raise CodecError(msg)
            opened.append(certificate)
        return tuple(opened)

    # -- the file -----------------------------------------------------------

    def _load(self) -> None:
        """Take over what the file holds, if it is younger than what is known."""
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
            _logger.warning("the file of platform certificates is left aside: %s", error)

    def _save(self) -> None:
        if self._file is None:
            return
        content = json.dumps({"fetched_at": self._fetched_at, "data": self._sealed})
        try:
            replace_file(self._file, content.encode())
        except OSError as error:
            _logger.warning("the platform's certificates could not be kept in a file: %s", error)


def _sealed(content: Any) -> list[Any]:
    entries = content.get("data") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        msg = "a list of the platform's certificates was expected in 'data', with at least one"
        raise CodecError(msg)
    return entries
