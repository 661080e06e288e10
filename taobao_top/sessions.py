"""
Sellers' sessions, kept where every process finds them, refreshed in time and by one at a time.

``MemorySessions`` for one process, ``FileSessions`` for one machine,
``RedisSessions`` for many.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chainable.errors import ConfigurationError, InProgress
from chainable.masking import safe_repr
from chainable.redis_timeouts import warn_without_timeout
from chainable.times import BEIJING
from taobao_top.errors import TopError
from taobao_top.oauth import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from redis import Redis

__all__ = ["FileSessions", "MemorySessions", "RedisSessions", "Session", "SessionStore"]

_PAUSE = 60.0  # seconds before a refresh that failed in advance is tried again
_LEASE = 90.0  # seconds after which a process that refreshes counts as dead

_logger = logging.getLogger("taobao_top")


class SessionStore(Protocol):
    """Where tokens are kept by name."""

    def load(self, name: str, /) -> Token | None:
        """Give the token of this name; None if there is none."""
        ...

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        ...

    def refreshing(self, name: str, /) -> AbstractContextManager[object]:
        """Keep all others who share the store out while this name is refreshed."""
        ...


@safe_repr
class Session:
    """
    One seller's session: called, it gives the access token.

    Args:
        name: Under which the store keeps the token.
        store: Shared by all who use this session.
        refresh: Exchanges a token for a new one.
        early: Seconds before its end at which it is refreshed.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        store: SessionStore,
        refresh: Callable[[Token], Token],
        *,
        early: float = 600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._store = store
        self._refresh = refresh
        self._early = timedelta(seconds=early)
        self._clock = clock
        self._token: Token | None = None
        self._not_before = 0.0

    def __repr__(self) -> str:
        return f"<Session {self._name!r}>"

    def keep(self, token: Token) -> None:
        """Keep a token a seller has just authorised."""
        self._store.save(self._name, token)
        self._token = token

    def __call__(self) -> str:
        """
        Give the access token, refreshed if its end is near.

        Raises:
            ConfigurationError: The store has no token of this name.
            TopError: It has expired and cannot be refreshed; ``.session_expired``.
        """
        token = self._token
        if token is None:
            token = self._token = self._loaded()
        if self._ends(token, self._early) and (self._clock() >= self._not_before or self._ends(token, timedelta())):
            token = self._in_advance(token)
        return token.access_token

    def renew(self, expired: str) -> str:
        """
        Give another access token than this one, which the platform refused.

        Raises:
            TopError: There is none to be had; ``.session_expired``.
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
            raise ConfigurationError(msg)
        return token

    def _ends(self, token: Token, early: timedelta) -> bool:
        now = datetime.fromtimestamp(self._clock(), BEIJING)
        return token.expires is not None and token.expires - early <= now

    def _in_advance(self, token: Token) -> Token:
        try:
            kept = self._loaded()
            self._token = kept = self._refreshed(kept) if self._ends(kept, self._early) else kept
        except Exception as error:
            if self._ends(token, timedelta()):
                raise
            # There is still time: the session works, and the next try may.
            self._not_before = self._clock() + _PAUSE
            fresh = self._token
            if fresh is not None and fresh.access_token != token.access_token:
                trouble, token = "was refreshed, but its store could not keep it", fresh
            else:
                trouble = "could not be refreshed in advance"
            _logger.warning("session %r %s: %s", self._name, trouble, type(error).__name__)
            return token
        return kept

    def _refreshed(self, old: Token) -> Token:
        with self._store.refreshing(self._name):
            token = self._loaded()
            if token.access_token != old.access_token:
                return token
            if token.refresh_expires is not None and token.refresh_expires <= datetime.fromtimestamp(
                self._clock(), BEIJING
            ):
                msg = f"session {self._name!r} cannot be refreshed any more: let the seller authorise again"
                raise TopError(msg, session_expired=True, maybe_sent=False)
            # Kept here first: the old one is dead by now, whether the store can be written or not.
            self._token = token = self._refresh(token)
            self._store.save(self._name, token)
            return token


class MemorySessions:
    """Tokens of one process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._locks: dict[tuple[int, str], threading.Lock] = {}

    def load(self, name: str, /) -> Token | None:
        """Give the token of this name."""
        return self._tokens.get(name)

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        self._tokens[name] = token

    def refreshing(self, name: str, /) -> AbstractContextManager[object]:
        """Keep other threads out while this name is refreshed."""
        # A process forked meanwhile inherits locks that no thread of its own will ever release.
        return self._locks.setdefault((os.getpid(), name), threading.Lock())


class FileSessions:
    """
    Tokens of one machine's processes, in a JSON file only its owner may read.

    It needs ``fcntl``, which Windows does not have.

    Args:
        path: The file; its folder has to exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self, name: str, /) -> Token | None:
        """
        Give the token of this name.

        Raises:
            ConfigurationError: The file is not one of tokens.
        """
        kept = self._read().get(name)
        try:
            return None if kept is None else Token.from_dict(kept)
        except (TypeError, ValueError, AttributeError):
            raise self._damaged() from None

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name; the file is replaced as a whole."""
        with self._locked(f"{self._path}.lock"):
            kept = json.dumps(self._read() | {name: token.as_dict()})
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._path.parent, prefix=".sessions-", delete=False
            ) as file:
                try:
                    file.write(kept)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self._path)
                except BaseException:
                    Path(file.name).unlink()
                    raise

    def refreshing(self, name: str, /) -> AbstractContextManager[object]:
        """Keep other threads and processes out while any session is refreshed."""
        return self._locked(f"{self._path}.refreshing")

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise self._damaged() from None
        if not isinstance(kept, dict):
            raise self._damaged()
        return kept

    def _damaged(self) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: is no file of sessions: move it away and authorise again")

    @staticmethod
    @contextmanager
    def _locked(path: str) -> Iterator[None]:
        import fcntl

        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            # Closing alone leaves it locked for as long as a process lives that was forked meanwhile.
            fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)


class RedisSessions:
    """
    Tokens of many machines' processes, in Redis.

    Args:
        redis: A client of redis-py, ``redis.Redis(...)``. A client without
            ``socket_timeout=`` waits without end for a Redis that hangs, and is
            warned about.
        prefix: What the keys begin with.
        lease: Seconds after which a process that refreshes counts as dead;
            more than the client's ``deadline``, for so long a refresh may take.

    Raises:
        ConfigurationError: The lease is no positive number of seconds.
    """

    def __init__(self, redis: Redis, *, prefix: str = "taobao_top:session:", lease: float = _LEASE) -> None:
        warn_without_timeout(redis)
        self._redis = redis
        self._prefix = prefix
        if not isinstance(lease, int | float) or isinstance(lease, bool) or lease <= 0:
            raise ConfigurationError("lease: seconds were expected")
        self._lease = lease

    def load(self, name: str, /) -> Token | None:
        """Give the token of this name."""
        kept: Any = self._redis.get(self._prefix + name)
        return None if kept is None else Token.from_dict(json.loads(kept))

    def save(self, name: str, token: Token, /) -> None:
        """Keep the token under this name."""
        self._redis.set(self._prefix + name, json.dumps(token.as_dict()))

    @contextmanager
    def refreshing(self, name: str, /) -> Iterator[None]:
        """
        Keep all others out while this name is refreshed; whoever dies over it is waited for until his lease ends.

        Raises:
            InProgress: Somebody else has been at it for twice that time.
        """
        from redis.exceptions import LockError

        lock = self._redis.lock(
            f"{self._prefix}{name}:refreshing", timeout=self._lease, blocking_timeout=2 * self._lease
        )
        if not lock.acquire():
            msg = f"session {name!r}: somebody else has been refreshing it for {2 * self._lease:g} seconds"
            raise InProgress(msg)
        try:
            yield
        finally:
            # Who took longer than the lease has it no more, and has his token all the same.
            with suppress(LockError):
                lock.release()
