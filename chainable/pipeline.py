"""
The pipeline: sign, send and verify each attempt of a call, and retry.

Every attempt is signed anew, so no nonce is used twice.  A request goes to
another host only if certainly nothing of it was sent.  After an unknown
outcome it is retried only if the call is marked as repeatable.
"""

from __future__ import annotations

import logging
import random
import re
import ssl
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from attrs import field, frozen
from requests.utils import default_user_agent

from chainable._version import __version__
from chainable.errors import APIError, ChainableError, SignatureError
from chainable.headers import Headers
from chainable.hooks import Guard, current_observer, enters_around, warn_if_late
from chainable.i18n import Words, translate
from chainable.masking import fields_repr
from chainable.signing import SignableRequest
from chainable.transport import causes

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.hooks import Observer
    from chainable.response import Response
    from chainable.transport import Transport

__all__ = ["Pipeline"]

_ALWAYS = {"User-Agent": f"chainable/{__version__} {default_user_agent()}", "Accept-Encoding": "gzip, deflate"}
LONGEST_WAIT = 10.0  # seconds; a longer Retry-After is raised, not slept
_BACKOFF = 0.5  # seconds, doubled with each attempt, with full jitter
_LONGEST_BACKOFF = 8.0


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class Pipeline:
    """
    Runs calls: attempts, retries and failover.

    Args:
        transport: Sends one request.
        logger: Logs one line at INFO for each attempt.
        on_attempt: Called with an :class:`Attempt` after each attempt; or, if it announces a context manager,
            before each attempt: see :mod:`chainable.hooks`.
        sleep: Sleeps for a number of seconds.
        jitter: Returns a random number from 0 to 1 for the jitter. The default
            does not depend on ``random.seed()``, which would give all
            processes the same jitter.
        timeout: Seconds to connect and to wait for each piece, for calls that set none.
        retries: Attempts after the first, for calls that set none.
        deadline: Seconds for a whole call, for calls that set none.
        verify: TLS verification, for calls that set none; None for the transport's.
        observer: Sees each call and attempt; None for the observer of all clients.
    """

    transport: Transport = field(repr=False)
    logger: logging.Logger
    on_attempt: Callable[[Attempt], object] | None = None
    sleep: Callable[[float], None] = lambda seconds: time.sleep(seconds)  # noqa: PLW0108 (gevent may patch time.sleep after this import)
    jitter: Callable[[], float] = random.SystemRandom().random
    timeout: tuple[float, float] = (5.0, 30.0)
    retries: int = 2
    deadline: float = 60.0
    verify: bool | str | None = None
    observer: Observer | None = None
    _is_around: bool = field(init=False, repr=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Import what a report needs now: a call in a signal handler could meet a half-initialised module later."""
        import chainable.attempt  # noqa: F401 (see above)

        object.__setattr__(self, "_is_around", self.on_attempt is not None and enters_around(self.on_attempt))

    def run(self, call: Call) -> Response[Any]:
        """
        Send a call, retry it as long as that is safe, and return the response.

        Raises:
            requests.RequestException: The network failed; ``maybe_sent`` is
                False if certainly nothing of the request was sent.
            SignatureError: The response is not authentic.
            APIError: The platform refused the request.
        """
        observer = current_observer() if self.observer is None else self.observer
        if observer is None:
            return self._run(call, None)
        with Guard("observer", self.logger, observer.call, call):
            return self._run(call, observer)

    def _run(self, call: Call, observer: Observer | None) -> Response[Any]:
        expires = time.monotonic() + (self.deadline if call.deadline is None else call.deadline)
        hosts = tuple(range(len(call.urls)))
        number = 0
        sent = False  # an earlier attempt may have reached the platform
        while True:
            number += 1
            try:
                if observer is None and not self._is_around:
                    return self._attempt(call, hosts[0], expires, number, sent=sent)
                return self._watched(call, hosts[0], expires, number, observer, sent=sent)
            except requests.RequestException as raised:
                error = raised
            delay = self.retry_delay(call, error, number)
            if delay is None or time.monotonic() + delay >= expires:
                raise error
            if _sent_nothing(error):
                hosts = (*hosts[1:], hosts[0])
            sent = _maybe_sent(error)
            self.sleep(delay)

    def _watched(
        self, call: Call, host: int, expires: float, number: int, observer: Observer | None, *, sent: bool
    ) -> Response[Any]:
        """Attempt the call once, inside the context managers of the observer and of ``on_attempt``."""
        from chainable.attempt import Attempt

        where = _host(call, host)
        attempt = Attempt(call.verb, call.label, where, None, None, number, 0.0, scheme=_scheme(call, host))
        outer = Guard("observer", self.logger, _nothing if observer is None else observer.attempt, attempt)
        hook = self.on_attempt if self._is_around else None
        inner = Guard("on_attempt", self.logger, _nothing if hook is None else hook, attempt)
        with outer, inner:
            sending = Guard("observer", self.logger, _nothing if observer is None else observer.sending)
            watch = _Watch(attempt, {**outer.headers, **inner.headers}, sending)
            return self._attempt(call, host, expires, number, watch, sent=sent)

    def _attempt(
        self, call: Call, host: int, expires: float, number: int, watch: _Watch | None = None, *, sent: bool
    ) -> Response[Any]:
        """
        Attempt the call once, at the host of this index in ``call.urls``.

        Error reporters show the variables of this frame, so the URL stays inside ``call``, whose repr omits it.
        *sent*: an earlier attempt may have reached the platform.
        """
        started = time.monotonic()
        connect, read = call.timeout or self.timeout
        response: Response[Any] | None = None
        error: Exception | None = None
        request: requests.PreparedRequest | None = None
        try:
            request = self._signed(call, host)
            left = expires - time.monotonic()
            if left <= 0:
                failure: requests.RequestException = _expired(call, sent=sent)
            else:
                send = self.transport.send if watch is None else watch.sender(self.transport, request)
                response = send(
                    request,
                    timeout=(min(connect, left), min(read, left)),
                    expires=expires,
                    stream=call.stream,
                    verify=self.verify if call.verify is None else call.verify,
                    certificate=call.certificate,
                    foreign=call.foreign,
                )
                response.elapsed = timedelta(seconds=time.monotonic() - started)
                response.label = call.label
                self._check(call, response)
                return call.parse(response)
            error = failure
        except ChainableError as raised:
            error = raised
            if sent or (response is not None and not isinstance(raised, APIError)):
                raised.maybe_sent = True
            raise
        except requests.RequestException as raised:
            if request is None:  # raised by a signer that uses the network: this attempt sent nothing
                error = raised
                raised.maybe_sent = sent  # type: ignore[attr-defined]  # an attribute of ours
                raise
            error = failure = _redacted(raised, call, host, sent=sent)
        except Exception as raised:
            error = raised
            raise
        finally:
            if watch is not None or self.on_attempt is not None or self.logger.isEnabledFor(logging.INFO):
                self._report(call, host, response, error, number, time.monotonic() - started, watch)
        raise failure

    @staticmethod
    def _signed(call: Call, host: int) -> requests.PreparedRequest:
        request = SignableRequest()
        request.method = call.verb
        request.url = call.urls[host]
        request.headers = Headers({**_ALWAYS, **call.headers})
        request.body = call.body
        request.parameters = call.parameters
        request.codec = call.codec
        request.signed_body = call.signed_body
        signed: requests.PreparedRequest = request if call.signer is None else call.signer(request)
        body = signed.body
        if isinstance(body, str):
            body = signed.body = body.encode()
        if isinstance(body, bytes):
            signed.headers["Content-Length"] = str(len(body))
        elif call.verb != "GET":
            signed.headers["Content-Length"] = "0"
        return signed

    @staticmethod
    def _check(call: Call, response: Response[Any]) -> None:
        is_success = 200 <= response.status_code < 300
        if call.verifier is None or (is_success and (call.unsigned or call.stream)):
            return
        try:
            call.verifier.verify(response)
        except SignatureError as error:
            # Gateways in front of the platform cannot sign: their error responses are passed on as unverified.
            if error.reason != "missing" or is_success:
                raise
        else:
            response.verified = True

    def retry_delay(self, call: Call, error: requests.RequestException, number: int) -> float | None:
        """
        Return the seconds to wait before the next attempt; None to raise the error.

        Args:
            call: The call that failed.
            error: The error of the last attempt.
            number: The number of attempts so far.
        """
        if number > (self.retries if call.retries is None else call.retries):
            return None
        if isinstance(error, APIError):
            if not error.transient or (_maybe_sent(error) and not call.repeatable):
                return None
            if error.retry_after is not None:
                return error.retry_after + error.slack if error.retry_after <= LONGEST_WAIT else None
        elif _is_certificate_failure(error) or (_maybe_sent(error) and not call.repeatable):
            return None
        elif _sent_nothing(error) and number < len(call.urls):
            return 0.0
        return self.jitter() * min(_LONGEST_BACKOFF, _BACKOFF * 2.0 ** (number - 1))

    def _report(
        self,
        call: Call,
        host: int,
        response: Response[Any] | None,
        error: Exception | None,
        number: int,
        seconds: float,
        watch: _Watch | None,
    ) -> None:
        from chainable.attempt import Attempt, complete

        status = None if response is None else response.status_code
        request_id = None if response is None else response.request_id
        milliseconds = round(seconds * 1000, 1)
        name = None if error is None else type(error).__name__
        if watch is None:
            where = _host(call, host)
            attempt = Attempt(
                call.verb, call.label, where, status, request_id, number, milliseconds, name, _scheme(call, host)
            )
        else:
            attempt = watch.attempt
            complete(attempt, status, request_id, milliseconds, name)
        self.logger.info(
            "%s %s at %s: status %s, request id %s, attempt %d, %.1f ms%s",
            attempt.verb,
            attempt.path,
            attempt.host,
            attempt.status,
            attempt.request_id,
            attempt.number,
            attempt.milliseconds,
            f", {attempt.error}" if attempt.error else "",
        )
        if self.on_attempt is not None and not self._is_around:
            try:
                warn_if_late(self.on_attempt, self.on_attempt(attempt))
            except Exception as failure:  # noqa: BLE001 (a failing metric must not fail a payment)
                self.logger.warning("on_attempt raised %s; the call continues", type(failure).__name__)


class _Watch:
    """
    What hooks see of an attempt, and add to it.

    Attributes:
        attempt: The attempt, whose outcome is set when it is known.
        headers: Headers for tracing.
        sending: Entered around the exchange with the network.
    """

    __slots__ = ("attempt", "headers", "sending")

    def __init__(self, attempt: Attempt, headers: dict[str, str], sending: Guard) -> None:
        self.attempt = attempt
        self.headers = headers
        self.sending = sending

    def sender(self, transport: Transport, signed: requests.PreparedRequest) -> Callable[..., Response[Any]]:
        """Add the headers to the signed request, except those that it has, and return what sends it."""
        for name, value in self.headers.items():
            signed.headers.setdefault(name, value)

        def send(request: requests.PreparedRequest, /, **options: Any) -> Response[Any]:
            with self.sending:
                return transport.send(request, **options)

        return send


def _nothing(*_: object) -> None:
    """Do nothing: there is no hook."""


def _maybe_sent(error: requests.RequestException) -> bool:
    return bool(getattr(error, "maybe_sent", True))


def _sent_nothing(error: requests.RequestException) -> bool:
    """Return True if the last attempt certainly sent nothing; earlier attempts do not count."""
    return bool(getattr(error, "sent_nothing", not _maybe_sent(error)))


def _is_certificate_failure(error: requests.RequestException) -> bool:
    return bool(getattr(error, "bad_certificate", False))


def _host(call: Call, host: int) -> str:
    return urlsplit(call.urls[host]).netloc.rpartition("@")[2]


def _scheme(call: Call, host: int) -> str:
    return call.urls[host].partition(":")[0].lower()


_ADVICE = {
    True: Words(
        "the platform may have received it: query the state before you repeat it", "平台可能已经收到：请先查询再重试"
    ),
    False: Words("nothing was sent", "请求没有发出"),
}
_TUNNEL = r"Tunnel connection failed: (\d{3})"
_UNTRUSTED = Words(
    "the certificate is not trusted: check for a proxy in between, and the CA file of verify=.",
    "证书不受信任：请检查中间是否有代理，以及 verify= 的 CA 文件。",
)


def _expired(call: Call, *, sent: bool) -> requests.Timeout:
    """Build the error for a deadline that passed while the attempt was signed."""
    error = requests.Timeout(
        Words(
            f"{call.verb} {call.label}: the deadline passed before the attempt ({_ADVICE[sent]})",
            f"{call.verb} {call.label}：签名时已超过总时限（{_ADVICE[sent].zh}）",
        )
    )
    error.maybe_sent = sent  # type: ignore[attr-defined]  # an attribute of ours
    error.deadline_passed = True  # type: ignore[attr-defined]  # likewise
    return error


def _tunnel(cause: BaseException) -> re.Match[str] | None:
    """Return the status of a proxy that refused a tunnel, without the text that the proxy chose."""
    return re.match(_TUNNEL, str(cause)) if isinstance(cause, OSError) else None


def _no_tunnel(status: str) -> Words:
    return Words(f"the proxy refused the tunnel: HTTP {status}", f"代理拒绝建立隧道：HTTP {status}")


def _redacted(error: requests.RequestException, call: Call, host: int, *, sent: bool) -> requests.RequestException:
    """Rebuild a network error with a redacted URL; *sent*: an earlier attempt may have reached the platform."""
    chain = list(causes(error))
    reason = (
        next((str(cause) for cause in chain if isinstance(cause, OSError) and cause.errno), None)
        or next((_no_tunnel(found[1]) for found in map(_tunnel, chain) if found), None)
        or next(
            (str(cause) for cause in reversed(chain) if isinstance(cause, TimeoutError | ssl.SSLError)),
            type(error).__name__,
        )
    )
    untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain)
    maybe_sent = sent or _maybe_sent(error)
    advice = _ADVICE[maybe_sent]
    if untrusted:
        advice = Words(f"{_UNTRUSTED} {advice}", f"{_UNTRUSTED.zh}{advice.zh}")
    request = requests.PreparedRequest()
    request.method = call.verb
    name = _host(call, host)
    request.url = f"{urlsplit(call.urls[host]).scheme}://{name}/{call.label}"
    request.headers = Headers()
    kind = next(kind for kind in type(error).__mro__ if kind.__module__ == "requests.exceptions")
    redacted: requests.RequestException = kind(
        Words(
            f"{call.verb} {call.label} at {name}: {reason} ({advice})",
            f"{call.verb} {call.label}，{name}：{translate(reason, 'zh')}（{advice.zh}）",
        ),
        request=request,
    )
    redacted.maybe_sent = maybe_sent  # type: ignore[attr-defined]  # an attribute of ours
    redacted.sent_nothing = not _maybe_sent(error)  # type: ignore[attr-defined]  # likewise, for retry_delay()
    redacted.bad_certificate = untrusted  # type: ignore[attr-defined]  # likewise
    return redacted
