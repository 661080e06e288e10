"""
Personal data in the platform's encrypted forms, and the index to search it.

:mod:`taobao_top.ciphertexts` defines the forms; :class:`SecurityClient` fetches the keys
(``taobao.top.secret.get``).  The platform's newer method needs neither: call
``taobao.top.oaid.decrypt``.
https://open.taobao.com/doc.htm?docId=106213&docType=1

The version in a ciphertext names its key.  A positive one is a key of the
seller whose session is given; a negative one is the app's own key, which
encrypts without a session: ``-1`` is fetched as version 1, without a session.
The official SDKs for Java and PHP (``SecurityClient``) do the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeoutError
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chainable.codecs import no_constant
from chainable.errors import ChainableError, CodecError, ConfigurationError, InProgress
from chainable.i18n import Words
from chainable.masking import MaskedDict, Secret, safe_repr, without_frames
from taobao_top.ciphertexts import (
    KINDS,
    Key,
    decrypt,
    encrypt,
    is_encrypted,
    search,
    split,
    stays_plain,
    windows,
)
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.settings import TopClient

__all__ = ["KINDS", "Key", "SecurityClient", "decrypt", "encrypt", "is_encrypted", "search", "windows"]

_NO_SUCH_KEY = "20005"
_NOTHING_FOR = 300.0  # seconds before a missing key is requested again
_KEPT = 1024

_logger = logging.getLogger("taobao_top")


class _Kept(NamedTuple):
    """A key; it is renewed in the background from ``fresh`` on, and must not be used from ``usable`` on."""

    key: Key | None
    fresh: float
    usable: float


_Place: TypeAlias = "tuple[str, int | None]"
"""The owner of a key, by the digest of a session, and its version; None for the current one."""


class _Fetch(NamedTuple):
    """The request for a key, and its place in the cache."""

    place: _Place
    session: Secret[str]
    user: int | None
    version: int | None


@safe_repr
class SecurityClient:
    """
    Encrypts, decrypts and searches with the platform's keys.

    Keys are fetched at their first use and cached as long as the platform
    allows: after its ``interval`` they are renewed in the background, after
    its ``max_interval`` before their next use.

    Args:
        top: The client, which fetches the keys.
        random_num: The pseudo-random code that the console shows for this app.
        clock: Monotonic seconds, for the age of keys.

            .. versionadded:: 0.1.0
    """

    def __init__(self, top: TopClient, random_num: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not isinstance(random_num, str) or not random_num:
            raise ConfigurationError(
                Words(
                    "random_num: the code that the console shows for this app was expected",
                    "random_num：应为控制台上该应用的伪随机码",
                )
            )
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
        Encrypt with the current key.

        An encrypted text, an empty or blank one, and a phone number of less
        than 11 characters are returned unchanged.

        Args:
            text: The plain text.
            kind: One of :data:`KINDS`.
            session: A seller's session, for the seller's key. Without session
                and user, the app's own key is used; the ciphertext then has a
                negative version.
            user: A customer's number, for the customer's key.
        """
        if is_encrypted(text, kind) or stays_plain(text, kind):
            return text
        # Secrets, because a traceback of a failed fetch would show both.
        plain, owner = Secret(text), Secret(session)
        del text, session
        key = self._key(owner, user, None)
        return plain.reveal() if key is None else encrypt(plain.reveal(), kind, key)

    def decrypt(self, text: str, kind: str, *, session: str = "", user: int | None = None) -> str:
        """
        Decrypt with the key of the ciphertext; a text in another form is returned unchanged.

        A ciphertext of a negative version is decrypted with the app's own key,
        whatever session or user is given.

        Raises:
            DecryptionError: The key does not decrypt it.
        """
        owner = Secret(session)
        del session
        parts = split(text, kind)
        if parts is None:
            return text
        if parts.version < 0:
            owner, user = Secret(""), None
        key = self._key(owner, user, abs(parts.version))
        return text if key is None else decrypt(text, kind, key)

    def search(self, text: str, kind: str, *, session: str = "", user: int | None = None) -> str:
        """
        Return the text that finds this text in stored ciphertexts; the text itself without a key, or if it is blank.

        Args:
            text: A part of the name, or the last 4 digits of a phone number.
            kind: One of :data:`KINDS`.
            session: As it was given to :meth:`encrypt`.
            user: As it was given to :meth:`encrypt`.

        Raises:
            CodecError: A phone number's part does not have 4 characters.
            TypeError: The text is not a str.
        """
        if stays_plain(text, "search"):
            return text
        plain, owner = Secret(text), Secret(session)
        del text, session
        key = self._key(owner, user, None)
        return plain.reveal() if key is None else search(plain.reveal(), kind, key)

    def _key(self, session: Secret[str], user: int | None, version: int | None) -> Key | None:
        # A digest, so that no session is kept in memory.
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
            # The cached key is still valid, and the next use tries again; RuntimeError: the client was closed.
            _logger.warning("a key could not be renewed in advance: %s", type(error).__name__)
        finally:
            self._renewing.discard(fetch.place)

    def _shared(self, fetch: _Fetch) -> Key | None:
        """Fetch a key, or wait for the thread that is fetching it."""
        # Per process: after a fork, the fetching thread does not exist in the child.
        place = (os.getpid(), fetch.place)
        with self._lock:
            found = self._fetching.get(place)
            future = self._fetching[place] = Future() if found is None else found
        if found is None:
            try:
                future.set_result(self._fetched(fetch))
            except BaseException as error:  # noqa: BLE001 (any error belongs to all waiting threads)
                future.set_exception(error)
            finally:
                with self._lock:
                    del self._fetching[place]
        # The fetch has a deadline; if its thread hangs nevertheless, the others still return.
        patience = 2 * self._top.settings.deadline
        try:
            return future.result(timeout=patience)
        except WaitTimeoutError:
            if future.done():
                raise
            msg = f"another thread has been fetching the key for {patience:g} seconds: try again"
            raise InProgress(Words(msg, f"另一线程取密钥已用了 {patience:g} 秒：请重试")) from None

    def _fetched(self, fetch: _Fetch) -> Key | None:
        keywords = MaskedDict(
            random_num=self._random_num.reveal(),
            secret_version=fetch.version,
            customer_user_id=fetch.user,
            session="" if fetch.user is not None else fetch.session.reveal(),
            format="json",
            simplify=False,
        )
        try:
            response = self._top.send("taobao.top.secret.get", None, (), keywords)
        except TopError as error:
            if error.sub_code != _NO_SUCH_KEY:
                raise
            lives, key = (_NOTHING_FOR, _NOTHING_FOR), None
        else:
            is_public = fetch.user is None and not fetch.session.reveal()
            lives, key = _read_key(response.data, is_public=is_public)
        now = self._clock()
        with self._lock:
            self._keys[fetch.place] = _Kept(key, now + lives[0], now + lives[1])
            while len(self._keys) > _KEPT:
                self._keys.popitem(last=False)
        return key


@without_frames
def _read_key(data: Any, *, is_public: bool) -> tuple[tuple[float, float], Key]:
    try:
        config: Mapping[str, Any] = json.loads(data.get("app_config") or "{}", parse_constant=no_constant)
        searchable = {kind for kind in KINDS if str(config.get(f"current_{kind}")) == "2"}
        version = abs(int(data["secret_version"]))
        key = Key(
            base64.b64decode(data["secret"]),
            -version if is_public else version,
            int(config.get("encrypt_slide_size", 4)),
            int(config.get("encrypt_index_compress_len", 3)),
            frozenset(searchable | {"search"}),
        )
        return (_seconds(data["interval"]), _seconds(data["max_interval"])), key
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, ArithmeticError):
        raise CodecError(
            Words("taobao.top.secret.get: the response is not a key", "taobao.top.secret.get：应答中没有可用的密钥")
        ) from None


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not isfinite(seconds):
        raise ValueError
    return seconds
