"""
Many calls as one request.

https://open.taobao.com/doc.htm?docId=350&docType=1
"""

from __future__ import annotations

import re
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode

from chainable.call import Call
from chainable.errors import CodecError, ConfigurationError
from chainable.options import base_url, timeout_pair, whole
from chainable.path import split_name
from chainable.promise import Promise
from taobao_top.answers import ERROR, read
from taobao_top.chain import MethodChain
from taobao_top.errors import top_error
from taobao_top.explain import explanation
from taobao_top.request import Wanted, http_error
from taobao_top.response import TopResponse

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from chainable.client import Client
    from chainable.response import Response
    from taobao_top.client import TaobaoTop

__all__ = ["SEPARATOR", "Batch", "read_batch", "write_batch"]

SEPARATOR = "\r\n-S-\r\n"
_SHARED = "#PUBLIC#"
_SHAREABLE = ("method", "session", "target_app_key")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_NOTHING = "N"
_OF_THE_WHOLE = ("timeout", "headers", "stream", "retries")


def write_batch(items: list[dict[str, str]], separator: str = SEPARATOR) -> bytes:
    """
    Write the body of a batch.

    Args:
        items: The parameters of each call; those that all have alike are written once.
        separator: What stands between the calls.
    """
    first, *others = items
    shared = {
        name: first[name]
        for name in _SHAREABLE
        if name in first and all(item.get(name) == first[name] for item in others)
    }
    written = _Escaped()
    parts = [_SHARED + _form(shared.items(), written)] if shared else []
    for item in items:
        own = [pair for pair in item.items() if pair[0] not in shared]
        parts.append(_form(own, written) if own else _NOTHING)
    return separator.join(parts).encode()


class _Escaped(dict[str, str]):
    """Texts of one batch with their escapes: names, and many values, come again and again."""

    def __missing__(self, text: str) -> str:
        self[text] = escaped = text if _PLAIN(text) else quote_plus(text)
        return escaped


def _form(pairs: Iterable[tuple[str, str]], written: _Escaped) -> str:
    return "&".join([f"{written[name]}={written[value]}" for name, value in pairs])


def read_batch(body: bytes, count: int, separator: str = SEPARATOR) -> list[bytes] | None:
    """Take the answers of a batch apart; None where there are not as many as there were calls."""
    parts = body.split(separator.encode())
    return parts if len(parts) == count else None


class _Collected(Promise["TopResponse[Any]"]):
    """The promise of a call in a batch, for which nobody may wait before the batch is sent."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self._batch = batch
        self.outcome: TopResponse[Any] | BaseException = CancelledError("this call was cancelled before it was sent")

    def fail(self, error: Exception) -> None:
        """End with an error."""
        self.outcome = error
        self.set_exception(error)

    def result(self, timeout: float | None = None) -> TopResponse[Any]:
        self._batch._refuse_early()  # noqa: SLF001 (its own room)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._batch._refuse_early()  # noqa: SLF001
        return super().exception(timeout)

    def __await__(self) -> Generator[Any, None, TopResponse[Any]]:
        self._batch._refuse_early()  # noqa: SLF001
        return super().__await__()


class Batch:
    """
    Collects calls and sends them as one, or as few as the platform's limit allows.

    ::

        with top.batch() as batch:
            first = batch.taobao.item.seller.get(fields='num_iid', num_iid=1)
            second = batch.taobao.item.seller.get(fields='num_iid', num_iid=2)
        first.result().data

    Each call gives a promise, kept when the block ends; ``batch.answers`` has
    all answers and errors in order.  Sessions may differ; files cannot go
    along.  When the block ends with an exception, nothing is sent.

    Args:
        top: The client to send with.
        size: Calls in one request, at most.
        separator: What stands between the calls; None for the platform's own.
        url: Where batches go; None for the gateway's ``/router/batch``.
        timeout: Seconds, as for a call.
        retries: Attempts after the first, at most.
        repeatable: The whole may be sent twice; None: if all calls only read.
    """

    def __init__(
        self,
        top: TaobaoTop,
        *,
        size: int = 20,
        separator: str | None = None,
        url: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        retries: int | None = None,
        repeatable: bool | None = None,
    ) -> None:
        self._top = top
        self._settings = settings = top._settings  # noqa: SLF001 (the client's own room)
        self._size = whole("size", size, least=1)
        self._separator = separator
        if separator is not None and (not separator or not separator.isascii() or not separator.isprintable()):
            raise ConfigurationError("separator: one line of ASCII text was expected")
        self._url = _batch_url(settings.gateway) if url is None else url
        base_url("url", self._url)
        self._timeout = timeout_pair(timeout, settings.timeout)
        self._retries = settings.retries if retries is None else whole("retries", retries)
        self._repeatable = repeatable
        self._wanted: list[Wanted] = []
        self._promises: list[_Collected] = []
        self._sent = False

    def __repr__(self) -> str:
        return f"<Batch of {len(self._wanted)} calls>"

    def __getattr__(self, name: str) -> MethodChain:
        if name.startswith("_"):
            msg = f"a batch has no attribute {name!r}"
            raise AttributeError(msg)
        return MethodChain(cast("Client", self), name.removesuffix("_"))

    def __getitem__(self, name: str, /) -> MethodChain:
        return self.chain(name)

    __iter__ = None
    __contains__ = None

    def chain(self, name: str, /) -> MethodChain:
        """Begin a method's name with literal text; dots in it are steps."""
        return MethodChain(cast("Client", self), ".".join(split_name(name)))

    def _now(self, chain: MethodChain, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> _Collected:
        if self._sent:
            raise RuntimeError("this batch has been sent: begin a new one")
        for option in _OF_THE_WHOLE:
            if option in keywords:
                msg = f"{option!r} is for a request as a whole: give it to batch(), not to a call in it"
                raise TypeError(msg)
        wanted = Wanted(self._settings, chain, positional, keywords)
        if wanted.has_body:
            msg = f"{wanted.name}: files and raw bodies cannot go into a batch, call it by itself"
            raise TypeError(msg)
        promise = _Collected(self)
        self._wanted.append(wanted)
        self._promises.append(promise)
        return promise

    _later = _now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()
            return
        self._sent = True
        for promise in self._promises:
            promise.cancel()

    def send(self) -> None:
        """Send what was collected; leaving the block does it."""
        if self._sent:
            raise RuntimeError("this batch has been sent: begin a new one")
        self._sent = True
        self._top._refuse_closed()  # noqa: SLF001
        going = [
            (wanted, promise)
            for wanted, promise in zip(self._wanted, self._promises, strict=True)
            if promise.set_running_or_notify_cancel()
        ]
        for start in range(0, len(going), self._size):
            wanted, promises = zip(*going[start : start + self._size], strict=True)
            self._send(wanted, promises)

    @property
    def answers(self) -> list[TopResponse[Any] | BaseException]:
        """The answers and errors, in the order of the calls."""
        self._refuse_early()
        for promise in self._promises:
            promise._taken = True  # noqa: SLF001 (an error that is handed over here is no lost one)
        return [promise.outcome for promise in self._promises]

    def _refuse_early(self) -> None:
        if not self._sent:
            raise RuntimeError("this batch has not been sent: leave its block first, or call send()")

    def _send(self, wanted: tuple[Wanted, ...], promises: tuple[_Collected, ...]) -> None:
        try:
            response = self._top._pipeline.run(self._call(wanted))  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the outcome of each of these calls)
            for promise in promises:
                promise.fail(error)
            return
        for call, promise, part in zip(wanted, promises, response.data, strict=True):
            answer: TopResponse[Any] = TopResponse.of(response, call.name)
            answer._content = part  # noqa: SLF001 (its own room)
            try:
                answer._data = call.data(part, answer)  # noqa: SLF001
            except Exception as error:  # noqa: BLE001 (it belongs to this call alone)
                promise.fail(error)
            else:
                promise.outcome = answer
                promise.set_result(answer)

    def _call(self, wanted: tuple[Wanted, ...]) -> Call:
        settings = self._settings
        items = []
        for call in wanted:
            session = call.session() if callable(call.session) else call.session
            items.append(call.public(session) | call.texts)
        query = {"format": settings.format}
        for name in ("app_key", "v", "format", "simplify"):
            values = {item.get(name) for item in items}
            if len(values) == 1 and None not in values:
                query[name] = items[0][name]
        body = write_batch(
            [{name: value for name, value in item.items() if query.get(name) != value} for item in items],
            self._separator or SEPARATOR,
        )
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "*/*", "Accept-Encoding": "gzip"}
        if self._separator is not None:
            headers["top-api-separator"] = self._separator
        repeatable = all(call.repeatable for call in wanted) if self._repeatable is None else self._repeatable
        return Call(
            verb="POST",
            label="batch",
            urls=(f"{self._url}?{urlencode(query)}",),
            headers=headers,
            body=body,
            signer=settings.attached,
            verifier=None,
            answer=lambda response: self._answer(response, len(wanted), repeatable=repeatable),
            parameters=query,
            codec=None,
            repeatable=repeatable,
            timeout=self._timeout,
            retries=self._retries,
            deadline=settings.deadline,
        )

    def _answer(self, response: Response[Any], count: int, *, repeatable: bool) -> Response[Any]:
        answer: TopResponse[Any] = TopResponse.of(response, "batch")
        parts = read_batch(response.content, count, self._separator or SEPARATOR)
        if parts is not None and 200 <= response.status_code < 300:
            answer._data = parts  # noqa: SLF001
            return answer
        # One body stands for the whole: its refusal.
        try:
            payload = read(response.content, response.headers.get("Content-Type"))
        except CodecError:
            payload = {}
        refusal = payload.get(ERROR)
        if isinstance(refusal, dict):
            raise top_error(
                refusal,
                method="batch",
                repeatable=repeatable,
                now=self._settings.clock,
                response=answer,
                explain=lambda rule: explanation(rule, answer, self._settings.signer),
            )
        if not 200 <= response.status_code < 300:
            raise http_error(answer, repeatable=repeatable)
        msg = f"batch: the answer is not the {count} answers that were expected"
        raise CodecError(msg)


def _batch_url(gateway: str) -> str:
    before, slash, last = gateway.rstrip("/").rpartition("/")
    if last != "rest":
        raise ConfigurationError(
            "batch: the gateway does not end in /router/rest, so say where batches go: batch(url=…)"
        )
    return f"{before}{slash}batch"
