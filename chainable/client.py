"""What every gateway's client shares: connections, promises, an end."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from chainable.options import seconds, timeout_pair, verification, whole
from chainable.pipeline import Pipeline
from chainable.transport import RequestsTransport

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    import requests
    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.promise import Promise
    from chainable.response import Response

__all__ = ["Client"]

_PROMISED = 16  # calls of promises under way at once


class Client(ABC):
    """
    The base of a gateway's client: subclass it, write ``_prepare``, give it a chain.

    Shared freely between threads; a forked child gets connections of its own.

    Args:
        logger: The gateway's logger, by its name.
        timeout: Seconds to connect, and to wait for each piece of an answer.
        retries: Attempts after the first, at most.
        deadline: Seconds a whole call may take.
        pool_maxsize: Connections kept per host.
        verify: TLS verification: True, False, or the path of CA certificates.
            None: what the environment says, or requests' own bundle.
        proxies: requests' mapping; None: those of the environment, looked up once.
        http_session: Lends its adapters, proxies, cert and verify; is not closed.
        on_attempt: Gets a :class:`chainable.Attempt` after each attempt.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger,
        timeout: float | tuple[float, float] = (5, 30),
        retries: int = 2,
        deadline: float = 60,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
        on_attempt: Callable[[Attempt], object] | None = None,
    ) -> None:
        self._timeout = timeout_pair(timeout)
        self._retries = whole("retries", retries)
        self._deadline = seconds("deadline", deadline)
        self._transport = RequestsTransport(
            pool_maxsize=whole("pool_maxsize", pool_maxsize, least=1),
            verify=None if verify is None else verification(verify),
            proxies=proxies,
            http_session=http_session,
        )
        self._pipeline = Pipeline(self._transport, logger, on_attempt)
        self._closed = False
        self._after_fork()
        _alive.add(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    @abstractmethod
    def _prepare(self, chain: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """Turn what a user wrote into a call, or refuse it before anything is sent."""

    def _shorthand(self, chain: Any, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Response[Any]:
        """Send what calling a chain means."""
        return self._now(chain, "POST", positional, keywords)

    def _now(self, chain: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Response[Any]:
        self._refuse_closed()
        return self._pipeline.run(self._prepare(chain, verb, positional, keywords))

    def _later(
        self, chain: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Promise[Response[Any]]:
        call = self._prepare(chain, verb, positional, keywords)
        return self._promise(lambda: self._pipeline.run(call))

    def _promise(self, work: Callable[[], Any]) -> Promise[Any]:
        """Queue the work, and promise its outcome."""
        from concurrent.futures import ThreadPoolExecutor

        from chainable.promise import Promise, settle

        promise: Promise[Any] = Promise()

        def run() -> None:
            if promise.set_running_or_notify_cancel():
                settle(promise, work)

        with self._lock:
            self._refuse_closed()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(_PROMISED, thread_name_prefix=type(self).__name__)
            self._executor.submit(run)
        return promise

    def _refuse_closed(self) -> None:
        if self._closed:
            msg = f"this {type(self).__name__} is closed: make a new one"
            raise RuntimeError(msg)

    def close(self) -> None:
        """Wait for the promises, give the connections back; a call after it is a RuntimeError."""
        with self._lock:
            self._closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = f"a {type(self).__name__} holds keys and connections: it cannot be pickled or copied"
        raise TypeError(msg)


_alive: weakref.WeakSet[Client] = weakref.WeakSet()


def _forget() -> None:
    for client in list(_alive):
        client._after_fork()  # noqa: SLF001


# Windows has no fork, and no such function.
getattr(os, "register_at_fork", dict)(after_in_child=_forget)
