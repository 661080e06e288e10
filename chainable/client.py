"""What every gateway's client shares: connections, promises, an end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from chainable.forking import renew_after_fork
from chainable.options import seconds, timeout_pair, verification, whole
from chainable.pipeline import Pipeline
from chainable.transport import RequestsTransport

if TYPE_CHECKING:
    import logging
    import os
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
    The base of a gateway's client: subclass it, write :meth:`prepare`, begin chains with it.

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
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    @abstractmethod
    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """
        Turn what a user wrote into a call, before anything is sent.

        Args:
            path: What the chain spells: a :class:`chainable.resolution.PathResolver`, or the name of a method.
            verb: The HTTP method, in capitals.
            positional: Arguments without a name.
            keywords: Arguments by name: options, variables of the path, parameters.

        Raises:
            TypeError: An argument is missing, unknown or of the wrong type.
            ChainableError: A value is unusable.

        .. versionadded:: 0.1.0
        """

    def default_verb(self, path: Any) -> str:
        """
        Return the verb of a chain that is called itself.

        Args:
            path: As for :meth:`prepare`.

        Raises:
            TypeError: A chain with this path cannot be called itself.

        .. versionadded:: 0.1.0
        """
        del path
        return "POST"

    def send(self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Response[Any]:
        """
        Send a call of a chain, and wait for the response.

        Args:
            path: As for :meth:`prepare`.
            verb: The HTTP method; None for that of :meth:`default_verb`.
            positional: As for :meth:`prepare`.
            keywords: As for :meth:`prepare`.

        Raises:
            RuntimeError: The client is closed.

        .. versionadded:: 0.1.0
        """
        self._refuse_closed()
        return self._pipeline.run(self.prepare(path, verb or self.default_verb(path), positional, keywords))

    def submit(
        self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Promise[Response[Any]]:
        """
        Queue a call of a chain, checked now, for the client's threads.

        Args:
            path: As for :meth:`prepare`.
            verb: As for :meth:`send`.
            positional: As for :meth:`prepare`.
            keywords: As for :meth:`prepare`.

        .. versionadded:: 0.1.0
        """
        call = self.prepare(path, verb or self.default_verb(path), positional, keywords)
        return self.promise(lambda: self._pipeline.run(call))

    def run(self, call: Call) -> Response[Any]:
        """
        Send a prepared call, and wait for the response.

        Args:
            call: As :meth:`prepare` returns it, or made by the gateway's own code.

        Raises:
            RuntimeError: The client is closed.

        .. versionadded:: 0.1.0
        """
        self._refuse_closed()
        return self._pipeline.run(call)

    def promise(self, work: Callable[[], Any]) -> Promise[Any]:
        """
        Queue work for the client's threads, and promise its outcome.

        Args:
            work: Called without arguments; a promise that it returns is followed.

        Raises:
            RuntimeError: The client is closed.

        .. versionadded:: 0.1.0
        """
        from concurrent.futures import ThreadPoolExecutor

        from chainable.promise import Promise

        promise: Promise[Any] = Promise()

        def run() -> None:
            if promise.set_running_or_notify_cancel():
                promise.settle(work)

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
