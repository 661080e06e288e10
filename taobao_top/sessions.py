"""
Sellers' sessions, shared between processes and refreshed in time, by one process at a time.

``MemorySessions`` for one process, ``FileSessions`` for one machine,
``RedisSessions`` for many.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import os
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chainable.atomic import replace_file
from chainable.errors import ConfigurationError, InProgress
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.redis_timeouts import warn_without_timeout
from chainable.times import BEIJING, system_time
from chainable.validation import check_seconds
from chainable.waiting import acquire
from taobao_top.errors import TopError
from taobao_top.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from redis import Redis

__all__ = ["FileSessions", "MemorySessions", "RedisSessions", "Session", "SessionStore"]

_PAUSE = 60.0  # seconds before a failed early refresh is tried again
_GLANCE = 1.0  # seconds before the store is read again while another process refreshes
_PATIENCE = 90.0  # seconds to wait for a refresh elsewhere: more than a client's deadline
_WRITING = 10.0  # seconds to wait for another process that writes the file
_POLL = 0.02  # seconds between two attempts to get a lock
_LEASE = 90.0  # seconds after which a refreshing process counts as dead

_logger = logging.getLogger("taobao_top")


class SessionStore(Protocol):
    """
    Keeps tokens by name.

    The stores of this module also take ``wait`` in :meth:`refreshing`: the
    seconds to wait for the name, 0 for not at all. A session whose token is
    still valid passes 0, and uses that token while the name is refreshed
    elsewhere. Without this argument, sessions wait for the store.
    """

    def load(self, name: str, /) -> Token | None:
        """Return the token of this name; None if the store has none."""
        ...

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        ...

    def refreshing(self, name: str, /) -> AbstractContextManager[object]:
        """
        Lock this name for all users of the store while it is refreshed.

        Entering raises :class:`~chainable.errors.InProgress` if a refresh
        elsewhere does not end in time.
        """
        ...


@safe_repr
class Session:
    """
    One seller's session: called, it returns the access token.

    While another thread or process refreshes it, a token that is still valid
    is used; for an expired one it waits, as long as the store allows.

    Args:
        name: The token's name in the store.
        store: Shared by all users of this session.
        refresh: Exchanges a token for a new one.
        early: Seconds before its expiry at which a token is refreshed.
        clock: Returns seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        store: SessionStore,
        refresh: Callable[[Token], Token],
        *,
        early: float = 600.0,
        clock: Callable[[], float] = system_time,
    ) -> None:
        self._name = name
        self._store = store
        self._waits = "wait" in inspect.signature(store.refreshing).parameters
        self._refresh = refresh
        self._early = timedelta(seconds=early)
        self._clock = clock
        self._token: Token | None = None
        self._replaces: Token | None = None  # the token that the store has because ours could not be saved
        self._paused_at = float("-inf")
        self._pause = 0.0

    def __repr__(self) -> str:
        return f"<Session {self._name!r}>"

    def keep(self, token: Token) -> None:
        """Save the token of a new authorisation."""
        self._store.save(self._name, token)
        self._token, self._replaces = token, None

    def __call__(self) -> str:
        """
        Return the access token, refreshed if it expires soon.

        Raises:
            ConfigurationError: The store has no token of this name, or cannot be read.
            InProgress: The token has expired, and a refresh elsewhere does not end in time.
            TopError: The token has expired and cannot be refreshed; ``.session_expired``.
        """
        token = self._token
        if token is None:
            token = self._token = self._loaded()
        if self._expires(token, self._early):
            if self._is_time() or self._expires(token, timedelta()):
                token = self._in_advance(token)
        elif self._replaces is not None and self._is_time():
            self._save_again()
        return token.access_token

    def renew(self, expired: str) -> str:
        """
        Return a new access token in place of this one, which the platform refused.

        Raises:
            InProgress: A refresh elsewhere does not end in time.
            TopError: The token cannot be refreshed; ``.session_expired``.
        """
        token = self._loaded()
        if token.access_token == expired:
            token = self._refreshed(token)
        self._token = token
        return token.access_token

    def _loaded(self) -> Token:
        token = self._store.load(self._name)
        if token is None:
            msg = f"session {self._name!r}: the store has no token: let the seller authorise, then keep() the token"
            chinese = f"session {self._name!r}：存储中没有令牌：请让卖家授权，再用 keep() 保存令牌"
            raise ConfigurationError(Words(msg, chinese))
        if self._replaces is None:
            return token
        if self._token is not None and token.access_token == self._replaces.access_token:
            return self._token  # the store has not saved it yet, and has an invalid one
        self._replaces = None
        return token

    def _expires(self, token: Token, early: timedelta) -> bool:
        now = datetime.fromtimestamp(self._clock(), BEIJING)
        return token.expires is not None and token.expires <= now + early

    def _is_time(self) -> bool:
        # A clock that was set back ends the pause, or the pause could last for hours.
        return not 0 <= self._clock() - self._paused_at < self._pause

    def _pause_for(self, pause: float) -> None:
        self._paused_at, self._pause = self._clock(), pause

    def _in_advance(self, token: Token) -> Token:
        try:
            kept = self._loaded()
            if self._expires(kept, self._early):
                kept = self._refreshed(kept, wait=None if self._expires(token, timedelta()) else 0.0)
            self._token = kept
        except Exception as error:
            if self._expires(token, timedelta()):
                raise
            # The token is still valid, and the next attempt may succeed.
            fresh = self._token
            if fresh is not None and fresh.access_token != token.access_token:
                trouble, token = "was refreshed, but its store could not keep it", fresh
            elif isinstance(error, InProgress):
                self._pause_for(_GLANCE)
                return token
            else:
                trouble = "could not be refreshed in advance"
            self._pause_for(_PAUSE)
            _logger.warning("session %r %s: %s", self._name, trouble, type(error).__name__)
            return token
        return kept

    def _refreshed(self, old: Token, *, wait: float | None = None) -> Token:
        with self._exclusively(wait):
            token = self._loaded()
            if token.access_token != old.access_token:
                return token
            if token.refresh_expires is not None and token.refresh_expires <= datetime.fromtimestamp(
                self._clock(), BEIJING
            ):
                msg = f"session {self._name!r} cannot be refreshed any more: let the seller authorise again"
                chinese = f"session {self._name!r} 已不能再刷新：请让卖家重新授权"
                raise TopError(Words(msg, chinese), session_expired=True, maybe_sent=False)
            # Kept here first: the old token is invalid by now, even if the store cannot be written.
            self._token, self._replaces = self._refresh(token), self._replaces or token
            self._store.save(self._name, self._token)
            self._replaces = None
            return self._token

    def _save_again(self) -> None:
        """Save a new token that the store could not save before, unless the store has a newer one."""
        try:
            with self._exclusively(0.0):
                token = self._loaded()
                if self._replaces is not None:
                    self._store.save(self._name, token)
                    self._replaces = None
        except Exception as error:  # noqa: BLE001 (the token is valid, whatever a store raises)
            self._pause_for(_PAUSE)
            _logger.warning("session %r: its store still cannot keep it: %s", self._name, type(error).__name__)

    def _exclusively(self, wait: float | None) -> AbstractContextManager[object]:
        refreshing: Any = self._store.refreshing
        context: AbstractContextManager[object] = (
            refreshing(self._name, wait=wait) if self._waits else refreshing(self._name)
        )
        return context


class MemorySessions:
    """
    Tokens of one process.

    Args:
        patience: The longest wait of a thread for a refresh of the same name elsewhere, in seconds.

            .. versionadded:: 0.1.0

    Raises:
        ConfigurationError: The patience is not a positive number of seconds.
    """

    def __init__(self, *, patience: float = _PATIENCE) -> None:
        self._patience = check_seconds("patience", patience)
        self._tokens: dict[str, Token] = {}
        self._locks: dict[tuple[int, str], threading.Lock] = {}

    def load(self, name: str, /) -> Token | None:
        """Return the token of this name."""
        return self._tokens.get(name)

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        self._tokens[name] = token

    @contextmanager
    def refreshing(self, name: str, /, *, wait: float | None = None) -> Iterator[None]:
        """Lock this name for other threads, as :class:`SessionStore` says; None waits for ``patience``."""
        limit = self._patience if wait is None else wait
        # One lock per process: a forked child inherits locks that none of its threads releases.
        lock = self._locks.setdefault((os.getpid(), name), threading.Lock())
        if not acquire(lock, limit):
            raise _in_progress(name, limit)
        try:
            yield
        finally:
            lock.release()


class FileSessions:
    """
    Tokens of one machine's processes, in a JSON file that only its owner can read.

    Empty lock files are made beside it: ``….lock`` for writing, and one for
    each name that was refreshed. The system releases the locks of a process
    that ends in any way, and the next save removes half-written files.

    Args:
        path: The file; its folder has to exist.
        patience: The longest wait of a process for a refresh of the same name elsewhere, in seconds.

            .. versionadded:: 0.1.0

    Raises:
        ConfigurationError: The patience is not a positive number of seconds.
    """

    def __init__(self, path: str | os.PathLike[str], *, patience: float = _PATIENCE) -> None:
        self._path = Path(os.path.expanduser(path))  # noqa: PTH111 (a home that is unknown stays as it is)
        self._patience = check_seconds("patience", patience)

    def load(self, name: str, /) -> Token | None:
        """
        Return the token of this name.

        Raises:
            ConfigurationError: The file cannot be read, or is not a file of tokens.
        """
        entries = self._read()
        if entries.get(name) is None:
            return None
        token = _restored(entries[name])
        if token is None:
            del entries  # no token is left in the frame of the error
            raise self._damaged()
        return token

    def save(self, name: str, token: Token, /) -> None:
        """
        Keep the token under this name; the file is replaced atomically.

        Raises:
            ConfigurationError: The file cannot be read, or is not a file of tokens.
            InProgress: Another process has been writing the file for 10 seconds.
            OSError: The file cannot be written; it is unchanged.
        """
        msg = f"{self._path}: another process has been writing it for {_WRITING:g} seconds: end that process"
        busy = InProgress(Words(msg, f"{self._path}：另一进程写入已达 {_WRITING:g} 秒：请结束该进程"))
        with _file_lock(f"{self._path}.lock", _WRITING, busy):
            replace_file(self._path, memoryview(json.dumps(self._read() | {name: token.as_dict()}).encode()))

    @contextmanager
    def refreshing(self, name: str, /, *, wait: float | None = None) -> Iterator[None]:
        """Lock this name for other threads and processes, as :class:`SessionStore` says; None waits for ``patience``."""
        limit = self._patience if wait is None else wait
        # The name may be personal data, so the lock's name is a digest.
        mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        with _file_lock(f"{self._path}.{mark}.refreshing", limit, _in_progress(name, limit)):
            yield

    def _read(self) -> dict[str, Any]:
        try:
            entries = _decoded(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            why = error.strerror
            msg = f"{self._path}: cannot be read ({why}): give this process the right to read it"
            raise ConfigurationError(Words(msg, f"{self._path}：无法读取（{why}）：请给本进程读取权限")) from None
        if not isinstance(entries, dict):
            del entries
            raise self._damaged()
        return entries

    def _damaged(self) -> ConfigurationError:
        msg = f"{self._path}: this is not a file of sessions: move it away and let the sellers authorise again"
        return ConfigurationError(Words(msg, f"{self._path}：这不是 session 文件：请移走它，并让卖家重新授权"))


def _decoded(content: bytes | str) -> Any:
    """Decode JSON; None for other text. The decoder's error is dropped because it holds the text with its tokens."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _restored(kept: Any) -> Token | None:
    """Return the token of one entry; None if it is not a token."""
    if not isinstance(kept, dict) or not kept.get("access_token"):
        return None
    if not all(isinstance(value, str) for value in kept.values()):
        return None
    try:
        return Token.from_dict(kept)
    except (TypeError, ValueError):
        return None


def _in_progress(name: str, limit: float) -> InProgress:
    if not limit:
        return InProgress(
            Words(
                f"session {name!r}: it is being refreshed elsewhere: use its current token",
                f"session {name!r}：别处正在刷新：请使用当前的令牌",
            )
        )
    return InProgress(
        Words(
            f"session {name!r}: it has been refreshed elsewhere for {limit:g} seconds: "
            f"try again later; if this goes on, end the process that hangs",
            f"session {name!r}：别处刷新已达 {limit:g} 秒：请稍后重试；若一直如此，请结束卡住的进程",
        )
    )


@contextmanager
def _file_lock(path: str, wait: float, refusal: InProgress) -> Iterator[None]:
    """Hold a lock that ends with the process; raise the refusal if it is not free in time."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait, mode=0o600, thread_local=False)
    try:
        lock.acquire(poll_interval=_POLL)
    except Timeout:
        raise refusal from None
    try:
        yield
    finally:
        lock.release()


class RedisSessions:
    """
    Tokens of many machines' processes, in Redis.

    Args:
        redis: A client of redis-py, ``redis.Redis(...)``. A client without
            ``socket_timeout=`` waits for a hung Redis without end, and causes a
            warning.
        prefix: The beginning of the keys.
        lease: Seconds after which a refreshing process counts as dead; longer
            than the client's ``deadline``, which a refresh may take.

    Raises:
        ConfigurationError: The lease is not a positive number of seconds.
    """

    def __init__(self, redis: Redis, *, prefix: str = "taobao_top:session:", lease: float = _LEASE) -> None:
        warn_without_timeout(redis)
        self._redis = redis
        self._prefix = prefix
        self._lease = check_seconds("lease", lease)

    def load(self, name: str, /) -> Token | None:
        """
        Return the token of this name.

        Raises:
            ConfigurationError: The value of the key is not a token.
        """
        kept: Any = self._redis.get(self._prefix + name)
        if kept is None:
            return None
        token = _restored(_decoded(kept))
        if token is None:
            del kept  # no token is left in the frame of the error
            key = self._prefix + name
            msg = f"the Redis key {key!r} does not hold a token: delete it and let the seller authorise again"
            raise ConfigurationError(Words(msg, f"Redis 键 {key!r} 中不是令牌：请删除它，并让卖家重新授权"))
        return token

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        self._redis.set(self._prefix + name, json.dumps(token.as_dict()))

    @contextmanager
    def refreshing(self, name: str, /, *, wait: float | None = None) -> Iterator[None]:
        """
        Lock this name for all processes, as :class:`SessionStore` says; None waits for twice the lease.

        The lock of a dead process ends with its lease.
        """
        from redis.exceptions import RedisError

        limit = 2 * self._lease if wait is None else wait
        lock = self._redis.lock(f"{self._prefix}{name}:refreshing", timeout=self._lease, blocking_timeout=limit)
        if not lock.acquire():
            raise _in_progress(name, limit)
        try:
            yield
        finally:
            # The token is saved by now, and a lock that cannot be released expires.
            with suppress(RedisError):
                lock.release()
