"""
Many calls as one request.

https://open.taobao.com/doc.htm?docId=350&docType=1
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from chainable.call import Call
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict, MaskedText, MaskedURL, Secret, safe_repr, without_frames_of
from chainable.path import split_name
from chainable.validation import check_base_url, check_whole
from taobao_top.batch_format import SEPARATOR, check_separator, read_batch, write_batch, write_form
from taobao_top.batch_future import BatchFuture, BatchState
from taobao_top.call_options import check_text
from taobao_top.chain import MethodChain
from taobao_top.errors import TopError, caused_by
from taobao_top.request import SHORTEST, RequestSpec
from taobao_top.response import TopResponse
from taobao_top.response_parsing import ERROR, is_utf8, read
from taobao_top.response_reading import foreign_refusal, http_error, refusal_error, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from chainable.pipeline import Pipeline
    from chainable.response import Response
    from taobao_top.call_options import CallOptions
    from taobao_top.method_info import MethodInfo
    from taobao_top.settings import Settings

__all__ = ["SEPARATOR", "Batch", "read_batch", "write_batch"]

T = TypeVar("T")

_IN_QUERY = ("app_key", "v", "format", "simplify")
_OF_THE_BATCH = ("timeout", "headers", "stream", "retries")
_SENT = Words("this batch has been sent: begin a new one", "这批调用已发送：请新建一批")


class _Collector:
    """The sender of a batch's chains: collects their calls."""

    def __init__(self, settings: Settings, options: CallOptions) -> None:
        self._settings = settings
        self._options = options
        self.futures: list[BatchFuture] = []
        self.state = BatchState()

    def send(
        self, path: str, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any], /
    ) -> BatchFuture:
        """Add a call to the batch."""
        if self.state.sent:
            raise RuntimeError(_SENT)
        spec = RequestSpec(self._settings, path, positional, keywords, self._options)
        if spec.has_body:
            name = spec.info.name
            msg = f"{name}: files and raw bodies cannot go into a batch, call it by itself"
            raise TypeError(Words(msg, f"{name}：文件和原始报文不能放入批量调用，请单独调用"))
        if spec.options is not self._options:
            for option in _OF_THE_BATCH:
                if option in keywords:
                    msg = f"{option!r} is for a request as a whole: pass it to batch(), not to a call in it"
                    raise TypeError(Words(msg, f"{option!r} 属于整个请求：请传给 batch()，而不是其中的某次调用"))
        future = BatchFuture(spec, self.state)
        self.futures.append(future)
        return future

    submit = send


class _BatchChain(MethodChain):
    """A chain that keeps its steps: the calls of a batch repeat the same names."""

    def __getattr__(self, name: str) -> Self:
        step = self.__dict__[name] = super().__getattr__(name)
        return step

    def __repr__(self) -> str:
        return f"<Batch {str(self)!r}>"


@safe_repr
class Batch:
    """
    Collects calls and sends them as one, or as few as the platform's limit allows; made by ``top.batch()``.

    ::

        with top.batch() as batch:
            first = batch.taobao.item.seller.get(fields='num_iid', num_iid=1)
            second = batch.taobao.item.seller.get(fields='num_iid', num_iid=2)
        first.result().data

    Each call returns a promise, settled when the block ends; ``batch.answers``
    has all responses and errors in order.  Sessions may differ; files cannot
    be sent.  When the block ends with an exception, nothing is sent.

    A call that is refused inside an answered batch is sent again under the
    rules of a single call: after a short ban, after a fault if it may be
    repeated, once with a renewed session if its own had expired.  Calls that
    have their responses are not repeated.

    Args:
        size: Calls in one request, at most.
        separator: The text between two calls; None for the platform's own.
        url: The URL of batches; None for the gateway's ``/router/batch``.
        timeout: Seconds, as for a call.
        retries: Attempts after the first, at most.
        repeatable: Whether calls without an option of their own may be sent
            twice; None for those that only read.

    Raises:
        ConfigurationError: An option is unusable.
    """

    def __init__(
        self,
        settings: Settings,
        options: CallOptions,
        pipeline: Pipeline,
        refuse_closed: Callable[[], None],
        *,
        size: int = 20,
        separator: str | None = None,
        url: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        retries: int | None = None,
        repeatable: bool | None = None,
    ) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._refuse_closed = refuse_closed
        self._size = check_whole("size", size, least=1)
        if separator is not None:
            check_separator(separator)
        self._separator = separator
        if url is None:
            url = _batch_url(settings.gateway)
        else:
            check_base_url("url", url)
        self._url = url
        own = {"timeout": timeout, "retries": retries, "repeatable": repeatable}
        self._options = options.with_options(own) if any(value is not None for value in own.values()) else options
        # Chains hold the collector and not the batch, so that nothing keeps a sent batch alive.
        self._collector = collector = _Collector(settings, self._options)
        self._state = collector.state
        self._futures = collector.futures

    def __repr__(self) -> str:
        return f"<Batch of {len(self._futures)} calls>"

    def __getattr__(self, name: str) -> MethodChain:
        if name.startswith("_"):
            msg = Words(f"a batch has no attribute {name!r}", f"批次没有属性 {name!r}")
            raise AttributeError(msg)
        step = self.__dict__[name] = _BatchChain(self._collector, name.removesuffix("_"))
        return step

    def __getitem__(self, name: str, /) -> MethodChain:
        return self.chain(name)

    __iter__ = None
    __contains__ = None

    def chain(self, name: str, /) -> MethodChain:
        """Begin a method's name with literal text; dots in it are steps."""
        return _BatchChain(self._collector, ".".join(split_name(name)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()
            return
        self._state.sent = True
        for future in self._futures:
            future.cancel()

    def send(self) -> None:
        """
        Send the collected calls; leaving the block does it.

        Raises:
            RuntimeError: The batch has been sent, or the client is closed.
        """
        if self._state.sent:
            raise RuntimeError(_SENT)
        self._refuse_closed()
        self._state.sent = True
        with self._state.lock:
            going = [future for future in self._futures if future.start()]
        try:
            for start in range(0, len(going), self._size):
                self._deliver(going[start : start + self._size])
        except BaseException as error:  # an interruption: end every call, or waiting for it would never end
            for future in going:
                if future.outcome is None:
                    future.end(error)
            raise

    @property
    def answers(self) -> list[TopResponse[Any] | BaseException]:
        """The responses and errors, in the order of the calls."""
        self._state.require_sent()
        return [
            future.outcome if type(future.outcome) is TopResponse else future.wait_for_outcome()
            for future in self._futures
        ]

    def _deliver(self, going: list[BatchFuture]) -> None:
        """Send these calls as one request, and again those that may be repeated."""
        expires = time.monotonic() + self._settings.deadline
        number = 0
        going = self._with_tokens(going)
        while going:
            number += 1
            outcomes, call, failed = self._exchange(going, expires)
            if not failed:
                for future, outcome in zip(going, outcomes, strict=True):
                    future.end(outcome)
                return
            going, pause = self._to_repeat(going, outcomes, call, number, expires)
            if pause:
                self._pipeline.sleep(pause)

    @staticmethod
    def _with_tokens(going: list[BatchFuture]) -> list[BatchFuture]:
        """Ask each session once for its token, and return the calls that have theirs."""
        tokens: dict[int, Secret[str] | Exception | None] = {}
        ready = []
        options: CallOptions | None = None
        token: Secret[str] | Exception | None = None
        for future in going:
            if future.spec.options is not options:
                options = future.spec.options
                session = options.session
                if id(session) not in tokens:
                    tokens[id(session)] = _attempt(_token, session)
                token = tokens[id(session)]
            if isinstance(token, Exception):
                future.end(token)
            else:
                future.token = token
                ready.append(future)
        return ready

    def _exchange(
        self, going: list[BatchFuture], expires: float
    ) -> tuple[Sequence[TopResponse[Any] | Exception], Call | None, bool]:
        """Send these calls as one; return their outcomes, the request (None: it failed as a whole), and whether any failed."""
        try:
            call = self._call(going, max(expires - time.monotonic(), SHORTEST))
            whole_response = self._pipeline.run(call)
        except Exception as error:  # noqa: BLE001 (any error is the outcome of each of these calls)
            return [error] * len(going), None, True
        members = whole_response.__dict__ | {"_data": None}
        make = TopResponse.__new__
        utf8 = is_utf8(whole_response.headers.get("Content-Type"))
        outcomes: list[TopResponse[Any] | Exception] = []
        failed = False
        for future, part in zip(going, whole_response.data, strict=True):
            spec = future.spec
            response: TopResponse[Any] = make(TopResponse)
            response.__dict__ = own = members.copy()
            own["method"] = spec.info.name
            own["_content"] = part
            try:
                own["_data"] = spec.read_body(part, response, utf8=utf8)
            except Exception as error:  # noqa: BLE001 (it is the outcome of this call alone)
                outcomes.append(error)
                failed = True
            else:
                outcomes.append(response)
        return outcomes, call, failed

    def _to_repeat(
        self,
        going: list[BatchFuture],
        outcomes: Sequence[TopResponse[Any] | Exception],
        call: Call | None,
        number: int,
        expires: float,
    ) -> tuple[list[BatchFuture], float]:
        """End the calls that are not repeated; return the others, and the seconds to wait before."""
        again = []
        longest = 0.0
        renewals: dict[tuple[int, Secret[str] | None], Secret[str] | Exception] = {}
        # A refusal of the whole request does not say whose session it means, if there are several.
        renewable = call is not None or len({future.token for future in going}) == 1
        for future, outcome in zip(going, outcomes, strict=True):
            delay: float | Exception | None = None
            if isinstance(outcome, TopError):
                if renewable and future.can_renew(outcome):
                    delay = _renew(future, renewals, outcome)
                elif call is not None:
                    alone = evolve(call, repeatable=future.spec.repeatable)
                    delay = self._pipeline.retry_delay(alone, outcome, number - future.renewed)
            if isinstance(delay, float) and time.monotonic() + delay < expires:
                again.append(future)
                longest = max(longest, delay)
            else:
                future.end(delay if isinstance(delay, Exception) else outcome)
        return again, longest

    def _call(self, going: list[BatchFuture], deadline: float) -> Call:
        settings = self._settings
        publics: dict[tuple[Any, ...], dict[str, str]] = {}
        calls = []
        info: MethodInfo | None = None
        options, token, version = self._options, None, ""
        public: dict[str, str] = {}
        repeatable = True
        for future in going:
            spec = future.spec
            # Most calls are like the one before them.
            if (
                spec.info is not info
                or spec.options is not options
                or future.token is not token
                or spec.version != version
            ):
                info, options, token, version = spec.info, spec.options, future.token, spec.version
                key = (info.name, token, options.format, options.simplify, options.target_app_key, spec.version)
                public = publics.setdefault(key, spec.public(token))
                repeatable = repeatable and spec.repeatable
            calls.append((public, spec.texts))
        query: dict[str, str] = MaskedDict(format=settings.format)
        first, *others = publics.values()
        for name in _IN_QUERY:
            if name in first and all(public.get(name) == first[name] for public in others):
                query[name] = first[name]
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "*/*", "Accept-Encoding": "gzip"}
        if self._separator is not None:
            headers["top-api-separator"] = self._separator
        # A limiter counts calls, as the platform does.
        counting = getattr(settings.attached, "counting", None)
        return Call(
            verb="POST",
            label="batch",
            urls=(MaskedURL(f"{self._url}?{write_form(query.items())}"),),
            headers=headers,
            body=write_batch(calls, self._separator or SEPARATOR, query),
            signer=settings.attached if counting is None else counting(len(going)),
            verifier=None,
            parse=lambda response: self._read_response(response, len(going), repeatable=repeatable),
            parameters=query,
            codec=None,
            repeatable=repeatable,
            timeout=self._options.timeout,
            retries=self._options.retries,
            deadline=deadline,
        )

    @without_frames_of(ChainableError)
    def _read_response(self, received: Response[Any], count: int, *, repeatable: bool) -> Response[Any]:
        response: TopResponse[Any] = TopResponse.of(received, "batch")
        parts = read_batch(received.content, count, self._separator or SEPARATOR)
        if parts is not None and 200 <= received.status_code < 300:
            return response.set_data(parts)
        # One body for all calls: the refusal of the whole request.
        what = f"the response does not have the {count} parts that were expected"
        try:
            payload = read(received.content, received.headers.get("Content-Type"))
        except CodecError as error:
            payload = {}
            what = f"{what}: {error}"
        refusal = payload.get(ERROR)
        if not isinstance(refusal, dict):
            refusal = foreign_refusal(payload)
        if refusal is not None:
            raise refusal_error(refusal, response, self._settings, repeatable=repeatable)
        if not 200 <= received.status_code < 300:
            raise http_error(response, repeatable=repeatable)
        raise unreadable(response, what, f"应答不是预期的 {count} 个部分")


def _attempt(work: Callable[..., T], *given: Any) -> T | Exception:
    """Return a result or the exception in its place: it is the outcome of the calls that need the result."""
    try:
        return work(*given)
    except Exception as error:  # noqa: BLE001 (see above)
        return error


def _token(session: Secret[str] | Callable[[], str] | None) -> Secret[str] | None:
    token = Secret(session()) if callable(session) else session
    if token:
        check_text("session", token)
    return token


def _renew(
    future: BatchFuture, renewals: dict[tuple[int, Secret[str] | None], Secret[str] | Exception], refusal: TopError
) -> float | Exception:
    """Renew a call's session for a replay, once for all calls with the same one; return the wait or the error."""
    session: Any = future.spec.options.session
    key = (id(session), future.token)
    if key not in renewals:
        renewals[key] = _attempt(_renewed, session, future.token)
    token = renewals[key]
    if isinstance(token, Exception):
        return caused_by(refusal, token)
    future.token, future.renewed = token, True
    return 0.0


def _renewed(session: Any, token: Secret[str] | None) -> Secret[str]:
    return Secret(session.renew(None if token is None else MaskedText(token.reveal())))


def _batch_url(gateway: str) -> str:
    before, slash, last = gateway.rstrip("/").rpartition("/")
    if last != "rest":
        raise ConfigurationError(
            Words(
                "batch: the gateway does not end in /router/rest, so pass the URL of batches: batch(url=…)",
                "batch：网关地址不以 /router/rest 结尾，请传入批量调用的地址：batch(url=…)",
            )
        )
    return f"{before}{slash}batch"
