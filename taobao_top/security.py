"""
Persons' data in the platform's own encrypted forms, and the index to search in them.

The forms come first, as pure functions; :class:`SecurityClient` fetches the
keys (``taobao.top.secret.get``).  The newer way needs none of this: call
``taobao.top.oaid.decrypt``.
https://open.taobao.com/doc.htm?docId=106213&docType=1
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import re
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeoutError
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from attrs import field, frozen
from attrs.validators import ge, le
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from chainable.codecs import no_constant
from chainable.errors import ChainableError, CodecError, ConfigurationError, DecryptionError, InProgress
from chainable.masking import MaskedDict, Secret, guarded, safe_repr, shown_name, without_frames
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.settings import TopClient

__all__ = ["KINDS", "Key", "SecurityClient", "decrypt", "encrypt", "is_encrypted", "search", "windows"]

KINDS = {"phone": "$", "nick": "~", "receiver_name": "~", "simple": "~", "search": "~", "normal": "\x01"}
"""The kinds of data, and what stands around each."""

_IV = b"0102030405060708"
_BASE64 = "[A-Za-z0-9+/]+=*"
_WHOLE_PHONE = 11
_BLOCK = 128  # bits
_HIDDEN_DIGITS = 8
_SHOWN_DIGITS = 4
_NO_SUCH_KEY = "20005"
_NOTHING_FOR = 300.0  # seconds for which a key that does not exist is not asked for again
_KEPT = 1024

_logger = logging.getLogger("taobao_top")


def _as_secret(given: bytes | Secret[bytes]) -> Secret[bytes]:
    return Secret.of(given)


@safe_repr
@guarded
@frozen
class Key:
    """
    A key of the platform.

    Attributes:
        secret: The AES key, 16, 24 or 32 bytes.
        version: Its number, which every ciphertext carries.
        slide_size: How much text one window of the index holds; ASCII counts 1, all else 2.
        compress_len: How many bytes are kept of each window's digest, 1 to 16.
        searchable: The kinds that are written with an index.

    Raises:
        ValueError: A size is out of its bounds.
    """

    _secret: Secret[bytes] = field(alias="secret", repr=False, converter=_as_secret)
    version: int
    slide_size: int = field(default=4, validator=ge(1))
    compress_len: int = field(default=3, validator=[ge(1), le(16)])
    searchable: frozenset[str] = frozenset({"search"})

    @property
    def secret(self) -> bytes:
        """The AES key."""
        return self._secret.reveal()


class _Parts(NamedTuple):
    """A ciphertext taken apart: what is readable of it, the AES part, the version of its key."""

    shown: str
    sealed: str
    version: int


def _patterns(mark: str) -> tuple[re.Pattern[str], ...]:
    mark = re.escape(mark)
    version = r"(?P<version>-?\d{1,9})"
    if mark == re.escape("$"):
        return (
            re.compile(rf"{mark}(?P<shown>[^$]*){mark}(?P<sealed>{_BASE64}){mark}{version}{mark}"),
            re.compile(rf"{mark}{_BASE64}{mark}(?P<sealed>{_BASE64}){mark}{version}{mark}{mark}"),
        )
    return (
        re.compile(rf"{mark}(?P<sealed>{_BASE64}){mark}{version}{mark}"),
        re.compile(rf"{mark}(?P<sealed>{_BASE64}){mark}[A-Za-z0-9+/=]*{mark}{version}{mark}{mark}"),
    )


_PATTERNS = {kind: _patterns(mark) for kind, mark in KINDS.items()}


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        msg = f"{shown_name(kind)} is no kind of data: {', '.join(KINDS)} were expected"
        raise ConfigurationError(msg)
    return kind


def _parts(text: str, kind: str) -> _Parts | None:
    for pattern in _PATTERNS[_checked_kind(kind)]:
        found = pattern.fullmatch(text)
        if found:
            parts = found.groupdict()
            return _Parts(parts.get("shown", ""), parts["sealed"], int(parts["version"]))
    return None


def is_encrypted(text: str, kind: str) -> bool:
    """Tell whether a text has the form of this kind's ciphertexts."""
    return _parts(text, kind) is not None


@without_frames
def encrypt(text: str, kind: str, key: Key) -> str:
    """
    Write a text in the encrypted form of its kind.

    Raises:
        CodecError: A phone number has less than 11 characters, or a text holds a lone surrogate.
        ConfigurationError: There is no such kind.
    """
    mark, version = KINDS[_checked_kind(kind)], key.version
    if kind == "phone":
        if len(text) < _WHOLE_PHONE:
            raise CodecError("a phone number of at least 11 characters was expected")
        if kind in key.searchable:
            tail = _digest(text[-_SHOWN_DIGITS:], key)
            return f"{mark}{tail}{mark}{_sealed(text, key)}{mark}{version}{mark}{mark}"
        shown, hidden = text[:-_HIDDEN_DIGITS], text[-_HIDDEN_DIGITS:]
        return f"{mark}{shown}{mark}{_sealed(hidden, key)}{mark}{version}{mark}"
    if kind in key.searchable:
        return f"{mark}{_sealed(text, key)}{mark}{search(text, kind, key)}{mark}{version}{mark}{mark}"
    return f"{mark}{_sealed(text, key)}{mark}{version}{mark}"


@without_frames
def decrypt(text: str, kind: str, key: Key) -> str:
    """
    Read a text in the encrypted form of its kind; any other text comes back unchanged.

    Raises:
        DecryptionError: The key does not open it.
        ConfigurationError: There is no such kind.
    """
    parts = _parts(text, kind)
    return text if parts is None else parts.shown + _opened(parts.sealed, key)


@without_frames
def search(text: str, kind: str, key: Key) -> str:
    """
    Give what to look for in stored ciphertexts (``LIKE '%…%'``) to find this text.

    Args:
        text: A part of the name; of a phone number its last 4 digits.
        kind: The kind of data.
        key: The key the ciphertexts were made with.

    Raises:
        CodecError: Something else than 4 digits of a phone number, or a text that holds a lone surrogate.
        ConfigurationError: There is no such kind.
    """
    if _checked_kind(kind) == "phone":
        if len(text) != _SHOWN_DIGITS:
            raise CodecError("phone numbers are found by their last 4 digits")
        return f"${_digest(text, key)}$"
    return "".join(_digest(window, key, key.compress_len) for window in windows(text, key.slide_size))


def windows(text: str, size: int = 4) -> list[str]:
    """
    Cut a text into the overlapping windows of the index.

    Args:
        text: Any text.
        size: What a window holds: ASCII characters weigh 1, all others 2.

    Raises:
        CodecError: The size is less than 1.
    """
    if size < 1:
        raise CodecError("a window holds 1 or more")
    weights = [1 if character.isascii() else 2 for character in text]
    found: list[str] = []
    start = end = weight = 0
    while end < len(text) or weight > size:
        begins_light = end > 0 and weights[start] == 1
        if end == len(text) and not begins_light:
            break
        if weight == size and not begins_light and weights[end] == 1:
            # A full window that begins heavy takes one light character more before it moves on.
            end += 1
            weight = size + 1
        else:
            if end:
                weight -= weights[start]
                start += 1
            while weight < size and end < len(text):
                weight += weights[end]
                end += 1
        found.append(text[start:end])
    return found


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CodecError("a text holds a lone surrogate, which no UTF-8 can carry") from None


def _digest(text: str, key: Key, length: int | None = None) -> str:
    digest = hmac.digest(key.secret, _encoded(text), "md5")
    if length is not None:
        folded = bytearray(length)
        for index, byte in enumerate(digest):
            folded[index % length] ^= byte
        digest = bytes(folded)
    return base64.b64encode(digest).decode()


def _sealed(text: str, key: Key) -> str:
    padder = PKCS7(_BLOCK).padder()
    encryptor = Cipher(AES(key.secret), CBC(_IV)).encryptor()
    padded = padder.update(_encoded(text)) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _opened(sealed: str, key: Key) -> str:
    try:
        decryptor = Cipher(AES(key.secret), CBC(_IV)).decryptor()
        padded = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        msg = f"the ciphertext does not open with the key of version {key.version}"
        raise DecryptionError(msg) from None


class _Kept(NamedTuple):
    """A key and how long it may be used: gladly until ``fresh``, at all until ``usable``."""

    key: Key | None
    fresh: float
    usable: float


_Place: TypeAlias = "tuple[str, int | None]"
"""Whose key, by the digest of a session, and its version; None for the current one."""


class _Fetch(NamedTuple):
    """What to ask for, and where to keep it."""

    place: _Place
    session: Secret[str]
    user: int | None
    version: int | None


@safe_repr
class SecurityClient:
    """
    Encrypts, decrypts and searches with the platform's keys.

    Keys are fetched when they are first needed and kept as long as the
    platform says: renewed in the background from its ``interval`` on, and
    before anything else from its ``max_interval`` on.

    Args:
        top: The client to fetch keys with.
        random_num: The pseudo-random code the console shows for this app.
        clock: Seconds that never go back, for the keys' ages.

            .. versionadded:: 0.1.0
    """

    def __init__(self, top: TopClient, random_num: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not isinstance(random_num, str) or not random_num:
            raise ConfigurationError("random_num: the code the console shows for this app was expected")
        self._top = top
        self._random_num = Secret(random_num)
        self._clock = clock
        self._keys: OrderedDict[_Place, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._renewing: set[_Place] = set()
        self._fetching: dict[tuple[int, _Place], Future[Key | None]] = {}

    def __repr__(self) -> str:
        return f"<SecurityClient of {self._top!r}>"

    def encrypt(self, text: str, kind: str, *, session: str = "", user: int | None = None) -> str:
        """
        Encrypt with the current key; a text that is empty or encrypted already comes back unchanged.

        Args:
            text: The plain text.
            kind: One of :data:`KINDS`.
            session: A seller's session, for that seller's own key.
            user: A customer's number, for keys by customer in place of sessions.
        """
        if is_encrypted(text, kind) or not text:
            return text
        # An error on the way to the key shows neither.
        plain, owner = Secret(text), Secret(session)
        del text, session
        key = self._key(owner, user, None)
        return plain.reveal() if key is None else encrypt(plain.reveal(), kind, key)

    def decrypt(self, text: str, kind: str, *, session: str = "", user: int | None = None) -> str:
        """
        Decrypt with the key the ciphertext names; a text in no encrypted form comes back unchanged.

        Raises:
            DecryptionError: The key does not open it.
        """
        owner = Secret(session)
        del session
        parts = _parts(text, kind)
        key = None if parts is None else self._key(owner, user, parts.version)
        return text if key is None else decrypt(text, kind, key)

    def search(self, text: str, kind: str, *, session: str = "", user: int | None = None) -> str:
        """Give what to look for in stored ciphertexts; the text itself where there is no key."""
        plain, owner = Secret(text), Secret(session)
        del text, session
        key = self._key(owner, user, None)
        return plain.reveal() if key is None else search(plain.reveal(), kind, key)

    def _key(self, session: Secret[str], user: int | None, version: int | None) -> Key | None:
        # Whose key it is, without keeping a session in memory for its sake.
        owner = f"user {user}" if user is not None else hashlib.sha256(session.reveal().encode()).hexdigest()
        place = (owner, version)
        fetch = _Fetch(place, session, user, version)
        now = self._clock()
        with self._lock:
            kept = self._keys.get(place)
            if kept is not None and now < kept.fresh:
                self._keys.move_to_end(place)
                return kept.key
            usable = kept if kept is not None and now < kept.usable else None
            begins = usable is not None and place not in self._renewing
            if begins:
                self._renewing.add(place)
        if usable is None:
            return self._shared(fetch)
        if begins:
            self._top.promise(lambda: self._renewed(fetch))
        return usable.key

    def _renewed(self, fetch: _Fetch) -> None:
        try:
            self._shared(fetch)
        except (ChainableError, OSError, RuntimeError) as error:
            # The kept key still works, and the next use tries again; RuntimeError: the client was closed meanwhile.
            _logger.warning("a key could not be renewed in advance: %s", type(error).__name__)
        finally:
            self._renewing.discard(fetch.place)

    def _shared(self, fetch: _Fetch) -> Key | None:
        """Fetch a key, or wait for the thread that is fetching it."""
        # After a fork, nobody waits for a thread of another process.
        place = (os.getpid(), fetch.place)
        with self._lock:
            found = self._fetching.get(place)
            future = self._fetching[place] = Future() if found is None else found
        if found is None:
            try:
                future.set_result(self._fetched(fetch))
            except BaseException as error:  # noqa: BLE001 (whatever it is, it belongs to all who wait)
                future.set_exception(error)
            finally:
                with self._lock:
                    del self._fetching[place]
        # The fetch has a deadline; a thread that hangs in it all the same does not take the others with it.
        patience = 2 * self._top.settings.deadline
        try:
            return future.result(timeout=patience)
        except WaitTimeoutError:
            if future.done():
                raise
            msg = f"another thread has been fetching the key for {patience:g} seconds: try again"
            raise InProgress(msg) from None

    def _fetched(self, fetch: _Fetch) -> Key | None:
        keywords = MaskedDict(
            random_num=self._random_num.reveal(),
            secret_version=fetch.version,
            customer_user_id=fetch.user,
            session="" if fetch.user is not None else fetch.session.reveal(),
            format="json",
        )
        try:
            response = self._top.send("taobao.top.secret.get", None, (), keywords)
        except TopError as error:
            if error.sub_code != _NO_SUCH_KEY:
                raise
            lives, key = (_NOTHING_FOR, _NOTHING_FOR), None
        else:
            lives, key = _read_key(response.data)
        now = self._clock()
        with self._lock:
            self._keys[fetch.place] = _Kept(key, now + lives[0], now + lives[1])
            while len(self._keys) > _KEPT:
                self._keys.popitem(last=False)
        return key


@without_frames
def _read_key(data: Any) -> tuple[tuple[float, float], Key | None]:
    try:
        config: Mapping[str, Any] = json.loads(data.get("app_config") or "{}", parse_constant=no_constant)
        if not data.get("secret"):
            return (_NOTHING_FOR, _NOTHING_FOR), None
        searchable = {kind for kind in KINDS if str(config.get(f"current_{kind}")) == "2"}
        key = Key(
            base64.b64decode(data["secret"]),
            int(data["secret_version"]),
            int(config.get("encrypt_slide_size", 4)),
            int(config.get("encrypt_index_compress_len", 3)),
            frozenset(searchable | {"search"}),
        )
        AES(key.secret)
        return (_seconds(data["interval"]), _seconds(data["max_interval"])), key
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, ArithmeticError):
        raise CodecError("taobao.top.secret.get: the answer is no key") from None


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not isfinite(seconds):
        raise ValueError
    return seconds
