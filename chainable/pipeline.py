"""
Attempts: sign, send, verify, read; and whether to try again.

Everything that repeats stands above the signer, so no attempt reuses a
nonce.  A request goes to another host only when certainly no byte of it
left, and is repeated after an unknown outcome only when the call says that
repeating it is safe.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from attrs import field, frozen
from requests.structures import CaseInsensitiveDict
from requests.utils import default_user_agent
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from chainable._version import __version__
from chainable.errors import APIError, ChainableError, SignatureError
from chainable.signing import SignableRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.response import Response
    from chainable.transport import Transport

__all__ = ["Pipeline"]

_ALWAYS = {"User-Agent": f"chainable/{__version__} {default_user_agent()}", "Accept-Encoding": "gzip, deflate"}
LONGEST_WAIT = 10.0  # seconds; who asks for a longer pause is told to the user
_BEFORE = (requests.ConnectTimeout, ConnectTimeoutError, NewConnectionError, ProxyError)
_BACKOFF = 0.5  # seconds, doubled with each attempt, taken with full jitter
_LONGEST_BACKOFF = 8.0


@frozen(eq=False)
class Pipeline:
    """
    The way of a call through its attempts.

    Args:
        transport: Sends one request.
        logger: Gets one line at INFO for every attempt.
        on_attempt: Gets the same as a value.
        sleep: Waits for that many seconds.
        chance: Gives a number from 0 to 1, for the jitter: not from the sequence
            of the program's own, which a seed makes alike in every process.
    """

    transport: Transport = field(repr=False)
    logger: logging.Logger
    on_attempt: Callable[[Attempt], object] | None = None
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.SystemRandom().random

    def run(self, call: Call) -> Response[Any]:
        """
        Attempt the call until it is answered, or must not be tried again.

        Raises:
            requests.RequestException: The network failed; ``.maybe_sent`` tells
                whether the platform may have got the request.
            SignatureError: The answer is not authentic.
            APIError: The platform refused.
        """
        expires = time.monotonic() + call.deadline
        hosts = call.urls
        number = 0
        while True:
            number += 1
            try:
                return self._attempt(call, hosts[0], expires, number)
            except requests.RequestException as raised:
                error = raised
            again = self.pause(call, error, number)
            if again is None or time.monotonic() + again >= expires:
                raise error
            if not _maybe_sent(error):
                hosts = (*hosts[1:], hosts[0])
            self.sleep(again)

    def _attempt(self, call: Call, url: str, expires: float, number: int) -> Response[Any]:
        started = time.monotonic()
        response: Response[Any] | None = None
        error: Exception | None = None
        request: requests.PreparedRequest | None = None
        try:
            left = expires - started
            request = self._signed(call, url)
            response = self.transport.send(
                request,
                timeout=(min(call.timeout[0], left), min(call.timeout[1], left)),
                expires=expires,
                stream=call.stream,
                verify=call.verify,
                certificate=call.certificate,
            )
            response.elapsed = timedelta(seconds=time.monotonic() - started)
            response.label = call.label
            self._check(call, response)
            return call.answer(response)
        except ChainableError as raised:
            error = raised
            raise
        except requests.RequestException as raised:
            if request is None:  # of a signer that asks over the network: nothing was sent
                error = raised
                raised.maybe_sent = False  # type: ignore[attr-defined]  # the settled name; requests has none
                raise
            error = failure = _told(raised, call, url, connecting=self.transport.connecting)
        except Exception as raised:
            error = raised
            raise
        finally:
            if self.on_attempt is not None or self.logger.isEnabledFor(logging.INFO):
                self._report(call, url, response, error, number, time.monotonic() - started)
        raise failure

    @staticmethod
    def _signed(call: Call, url: str) -> requests.PreparedRequest:
        request = SignableRequest()
        request.method = call.verb
        request.url = url
        request.headers = CaseInsensitiveDict({**_ALWAYS, **call.headers})
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
        good = 200 <= response.status_code < 300
        if call.verifier is None or (good and (call.unsigned or call.stream)):
            return
        try:
            call.verifier.verify(response)
        except SignatureError as error:
            # Gateways in front of the platform answer, too, and cannot sign: their errors are told as unverified.
            if error.reason != "missing" or good:
                raise
        else:
            response.verified = True

    def pause(self, call: Call, error: requests.RequestException, number: int) -> float | None:
        """
        Give the seconds to wait before the next attempt; None if there must not be one.

        Args:
            call: What failed.
            error: How it failed.
            number: Attempts made so far.
        """
        if number > call.retries:
            return None
        if isinstance(error, APIError):
            if not error.transient or (_maybe_sent(error) and not call.repeatable):
                return None
            if error.retry_after is not None:
                return error.retry_after + error.slack if error.retry_after <= LONGEST_WAIT else None
        elif _is_certificate_failure(error) or (_maybe_sent(error) and not call.repeatable):
            return None
        elif not _maybe_sent(error) and number < len(call.urls):
            return 0.0
        return self.chance() * min(_LONGEST_BACKOFF, _BACKOFF * 2.0 ** (number - 1))

    def _report(
        self,
        call: Call,
        url: str,
        response: Response[Any] | None,
        error: Exception | None,
        number: int,
        seconds: float,
    ) -> None:
        from chainable.attempt import Attempt

        attempt = Attempt(
            call.verb,
            call.label,
            urlsplit(url).netloc.rpartition("@")[2],
            None if response is None else response.status_code,
            None if response is None else response.request_id,
            number,
            round(seconds * 1000, 1),
            None if error is None else type(error).__name__,
        )
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
        if self.on_attempt is not None:
            try:
                self.on_attempt(attempt)
            except Exception as failure:  # noqa: BLE001 (a broken metric must not break a payment)
                self.logger.warning("on_attempt raised %s; the call goes on", type(failure).__name__)


def _maybe_sent(error: requests.RequestException) -> bool:
    return bool(getattr(error, "maybe_sent", True))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from what requests raised to what the socket said."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _is_certificate_failure(error: requests.RequestException) -> bool:
    return bool(getattr(error, "bad_certificate", False))


def _told(
    error: requests.RequestException, call: Call, url: str, *, connecting: bool | None
) -> requests.RequestException:
    """Tell a network failure again, of the same class, without the values in its URL."""
    causes = list(_causes(error))
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    reason = next((str(cause) for cause in causes if isinstance(cause, OSError) and cause.errno), None) or next(
        (str(cause) for cause in reversed(causes) if isinstance(cause, TimeoutError | ssl.SSLError)),
        type(error).__name__,
    )
    before = connecting is True or (connecting is None and any(isinstance(cause, _BEFORE) for cause in causes))
    untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)
    advice = "nothing was sent" if before else "the platform may have got it: ask for the state before you repeat it"
    if untrusted:
        advice = (
            "the certificate is not trusted: is a proxy in between, or is verify= the wrong CA file? nothing was sent"
        )
    request = requests.PreparedRequest()
    request.method = call.verb
    request.url = f"{parts.scheme}://{host}/{call.label}"
    request.headers = CaseInsensitiveDict()
    told = type(error)(f"{call.verb} {call.label} at {host}: {reason} ({advice})", request=request)
    told.maybe_sent = not (before or untrusted)  # type: ignore[attr-defined]  # the settled name; requests has none
    told.bad_certificate = untrusted  # type: ignore[attr-defined]  # ours, for the pipeline
    return told
