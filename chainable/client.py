"""The base of every gateway's client: connections, promises, closing."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import evolve
from requests.structures import CaseInsensitiveDict

from chainable.call import Call
from chainable.errors import ConfigurationError
from chainable.forking import renew_after_fork
from chainable.i18n import Words
from chainable.pipeline import Pipeline

# With the package, not with the first client: in a test, a recorder may have put connections of its own in place of urllib3's.
from chainable.transport import RequestsTransport
from chainable.validation import check_callable, check_seconds, check_timeout, check_verification, check_whole

if TYPE_CHECKING:
    import logging
    import os
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor

    import requests
    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.codecs import Codec
    from chainable.hooks import Observer
    from chainable.options import CallOptions
    from chainable.promise import Promise
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from chainable.transport import ClientCertificate, Transport

__all__ = ["Client"]

_POOL = 32  # connections kept per host


class Client(ABC):
    """
    The base of a gateway's client: subclass it, implement :meth:`prepare`, and start chains from it.

    Threads may share a client; a forked child makes its own connections.

    Args:
        logger: The logger of the gateway.
        timeout: Seconds to connect and to wait for each piece of a response, or a pair of both.
        retries: The maximum number of attempts after the first.
        deadline: The maximum number of seconds for a whole call.
        pool_maxsize: The number of connections kept per host.
        verify: TLS verification: True, False, or the path of CA certificates.
            None for the file named by ``REQUESTS_CA_BUNDLE`` or
            ``CURL_CA_BUNDLE``, or requests' own bundle.
        proxies: A mapping as requests takes it; None for the proxies of the
            environment, which is read once.
        http_session: A session whose adapters, proxies, cert and verify are used; it is not closed.
        transport: What sends the requests, in place of a :class:`chainable.RequestsTransport`: an object with the
            methods of :class:`chainable.Transport`. It has connections and proxies of its own, so ``pool_maxsize``,
            ``proxies`` and ``http_session`` are refused beside it. ``close()`` closes its idle connections.

            .. versionadded:: 0.1.0
        max_promises: The number of promised calls that are under way at the same time. At least as many connections
            are kept per host.

            .. versionadded:: 0.1.0
        on_attempt: Called with a :class:`chainable.Attempt` after each attempt. If it announces that it returns a
            context manager (see :mod:`chainable.hooks`), that one is entered around each attempt.

    Raises:
        ConfigurationError: An option has a wrong value.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger,
        timeout: float | tuple[float, float] = (5, 30),
        retries: int = 2,
        deadline: float = 60,
        pool_maxsize: int = _POOL,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
        transport: Transport | None = None,
        max_promises: int = 16,
        on_attempt: Callable[[Attempt], object] | None = None,
    ) -> None:
        self._timeout = check_timeout(timeout)
        self._retries = check_whole("retries", retries)
        self._deadline = check_seconds("deadline", deadline)
        self._max_promises = check_whole("max_promises", max_promises, least=1)
        check_whole("pool_maxsize", pool_maxsize, least=1)
        verify = None if verify is None else check_verification(verify)
        check_callable("on_attempt", on_attempt)
        check_callable("transport", transport, "send")
        if transport is None:
            self._transport: Transport = RequestsTransport(
                pool_maxsize=max(pool_maxsize, max_promises), verify=verify, proxies=proxies, http_session=http_session
            )
        else:
            _refuse_beside_transport(transport, pool_maxsize, proxies, http_session)
            self._transport = transport
        self._pipeline = Pipeline(
            self._transport,
            logger,
            on_attempt,
            timeout=self._timeout,
            retries=self._retries,
            deadline=self._deadline,
            verify=verify,
        )
        self._closed = False
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    @abstractmethod
    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """
        Build the call from the arguments of a chain, before anything is sent.

        Args:
            path: The path of the chain: a :class:`chainable.resolution.PathResolver`, or the name of a method.
            verb: The HTTP method, in capitals.
            positional: Arguments without a name.
            keywords: Arguments by name: options, variables of the path, parameters.

        Raises:
            TypeError: An argument is missing, unknown or of the wrong type.
            ChainableError: A value is not valid.

        .. versionadded:: 0.1.0
        """

    def call(
        self,
        verb: str,
        label: str,
        url: str | Sequence[str],
        *,
        options: CallOptions | None = None,
        parse: Callable[[Response[Any]], Response[Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        signer: Signer | None = None,
        verifier: Verifier | None = None,
        parameters: Mapping[str, str] | None = None,
        codec: Codec | None = None,
        signed_body: bytes | None = None,
        repeatable: bool | None = None,
        unsigned: bool = False,
        certificate: ClientCertificate | None = None,
        foreign: bool = False,
    ) -> Call:
        """
        Build a call for :meth:`prepare`, with the options of this client where the call has none.

        Args:
            verb: The HTTP method, in capitals.
            label: The path or the method's name without values, for logs and errors.
            url: The URL, or a list of them: the first is preferred, the others are hosts for a call of which nothing
                could be sent.
            options: Those of the call, as :func:`chainable.call_options` returns them; None for none. Its headers replace those of
                *headers* with the same name.
            parse: Turns a verified response into the user's; by default :func:`chainable.read_json`.
            headers: Headers of every call; ``Content-Type`` is by default that of the codec.
            body: The encoded body; a signer of parameters replaces it.
            signer: Signs each attempt.
            verifier: Verifies the response.
            parameters: The text parameters that a signature of parameters covers.
            codec: Encodes the parameters as the body.
            signed_body: The bytes that the signature covers in place of the body.
            repeatable: Whether the call may be sent twice without a second effect; by default, if the verb is ``GET``.
            unsigned: A successful response carries no signature.
            certificate: The client certificate for TLS.
            foreign: The host does not belong to the platform.

        .. versionadded:: 0.1.0
        """
        if options is None:
            from chainable.options import CallOptions  # imported lazily: the gateways have options of their own

            options = CallOptions()
        if options.repeatable is not None:
            repeatable = options.repeatable
        merged = CaseInsensitiveDict({} if codec is None else {"Content-Type": codec.content_type})
        merged.update(headers or {})
        merged.update(options.headers)
        return Call(
            verb=verb,
            label=label,
            urls=(url,) if isinstance(url, str) else tuple(url),
            headers=dict(merged),
            body=body,
            signer=signer,
            verifier=verifier,
            parse=_unread_or(parse or _parse_json) if options.stream else parse or _parse_json,
            parameters=parameters,
            codec=codec,
            signed_body=signed_body,
            repeatable=verb == "GET" if repeatable is None else repeatable,
            timeout=options.timeout or self._timeout,
            retries=self._retries if options.retries is None else options.retries,
            deadline=options.deadline or self._deadline,
            unsigned=unsigned,
            stream=options.stream,
            verify=options.verify,
            certificate=certificate,
            foreign=foreign,
        )

    def default_verb(self, path: Any) -> str:
        """
        Return the verb for a chain that is called without one; *path* as for :meth:`prepare`.

        Raises:
            TypeError: A chain with this path needs a verb.

        .. versionadded:: 0.1.0
        """
        del path
        return "POST"

    def send(self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Response[Any]:
        """
        Send a call of a chain, and wait for the response.

        The arguments are those of :meth:`prepare`; without a verb, that of :meth:`default_verb` is used.

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
        Check a call of a chain, with the arguments of :meth:`send`, and queue it for the client's threads.

        .. versionadded:: 0.1.0
        """
        call = self.prepare(path, verb or self.default_verb(path), positional, keywords)
        return self.promise(lambda: self._pipeline.run(call))

    def run(self, call: Call) -> Response[Any]:
        """
        Send a call that :meth:`prepare` or the gateway built, and wait for the response.

        Raises:
            RuntimeError: The client is closed.

        .. versionadded:: 0.1.0
        """
        self._refuse_closed()
        return self._pipeline.run(call)

    def promise(self, work: Callable[[], Any]) -> Promise[Any]:
        """
        Queue work for the client's threads, and return a promise of its result.

        The work sees the context variables of the caller.

        Args:
            work: Called without arguments. If it returns a promise, the result is that promise's.

        Raises:
            RuntimeError: The client is closed.

        .. versionadded:: 0.1.0
        """
        from concurrent.futures import ThreadPoolExecutor

        from chainable.promise import Promise, in_context_of_caller

        promise: Promise[Any] = Promise()
        inside = in_context_of_caller(work)

        def run() -> None:
            if promise.set_running_or_notify_cancel():
                promise.settle(inside)

        with self._lock:
            self._refuse_closed()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._max_promises, thread_name_prefix=type(self).__name__)
            executor = self._executor
        try:
            executor.submit(run)  # without the lock: it starts a thread, and gevent runs another greenlet meanwhile
        except RuntimeError:
            self._refuse_closed()
            raise
        return promise

    def observe(self, observer: Observer | None) -> None:
        """
        Show the calls of this client to an observer, in place of that of all clients; None goes back to that one.

        .. versionadded:: 0.1.0
        """
        self._pipeline = evolve(self._pipeline, observer=observer)

    def _refuse_closed(self) -> None:
        if self._closed:
            msg = Words(
                f"this {type(self).__name__} is closed: make a new one",
                f"这个 {type(self).__name__} 已关闭：请新建一个",
            )
            raise RuntimeError(msg)

    def close(self) -> None:
        """Wait for the promises and close the connections; a later call raises RuntimeError."""
        with self._lock:
            self._closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown()
        self._transport.close()

    def __dir__(self) -> list[str]:
        """Return the names that users need: none that begins with an underscore, and none that gateways implement."""
        hidden = {name for name in vars(Client) if name != "close"}
        return [name for name in super().__dir__() if name.startswith("__") or not (name[0] == "_" or name in hidden)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        import asyncio  # imported lazily to keep the import fast

        await asyncio.to_thread(self.close)  # it waits for promises, whose callbacks may need the event loop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = Words(
            f"a {type(self).__name__} holds keys and connections: it cannot be pickled or copied",
            f"{type(self).__name__} 持有密钥与连接，不能 pickle 或复制",
        )
        raise TypeError(msg)


def _parse_json(response: Response[Any]) -> Response[Any]:
    from chainable.json_answers import read_json  # imported lazily: most gateways parse their answers themselves

    read_json(response)
    return response


def _unread_or(parse: Callable[[Response[Any]], Response[Any]]) -> Callable[[Response[Any]], Response[Any]]:
    """Return a parser that leaves the body of a successful response on the connection."""
    return lambda response: response if 200 <= response.status_code < 300 else parse(response)


def _refuse_beside_transport(
    transport: Transport, pool_maxsize: int, proxies: Mapping[str, str] | None, http_session: requests.Session | None
) -> None:
    """Raise ConfigurationError if a setting of the default transport is given together with another transport."""
    given = {"http_session": http_session, "proxies": proxies, "pool_maxsize": None if pool_maxsize == _POOL else 1}
    for name, value in given.items():
        if value is not None:
            kind = type(transport).__name__
            msg = (
                f"{name}: it was given together with transport=, but {kind} has its own connections: "
                f"leave out {name}=, or leave out transport="
            )
            raise ConfigurationError(msg, reason="setting_of_other_transport", setting=name, transport=kind)
