"""
Many calls as one request.

https://open.taobao.com/doc.htm?docId=350&docType=1
"""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import CancelledError
from concurrent.futures._base import FINISHED, PENDING, RUNNING
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote_plus

from attrs import evolve

from chainable.call import Call
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.masking import MaskedDict, MaskedText, MaskedURL, Secret, safe_repr, without_frames_of
from chainable.options import base_url, whole
from chainable.path import split_name
from chainable.promise import Promise
from taobao_top.answers import ERROR, is_utf8, read
from taobao_top.chain import MethodChain
from taobao_top.errors import TopError, top_error
from taobao_top.explain import explanation
from taobao_top.request import SHORTEST, How, Known, Wanted, carried, http_error
from taobao_top.response import TopResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from chainable.response import Response
    from taobao_top.client import TaobaoTop

__all__ = ["SEPARATOR", "Batch", "read_batch", "write_batch"]

T = TypeVar("T")

SEPARATOR = "\r\n-S-\r\n"
_SHARED = "#PUBLIC#"
_SHAREABLE = ("method", "session", "target_app_key")
_COMMON = ("app_key", "v", "format", "simplify")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_NOTHING = "N"
_OF_THE_WHOLE = ("timeout", "headers", "stream", "retries")


def write_batch(
    calls: Sequence[tuple[Mapping[str, str], Mapping[str, str]]],
    separator: str = SEPARATOR,
    query: Mapping[str, str] | None = None,
) -> bytes:
    """
    Write the body of a batch.

    Args:
        calls: Of each call the parameters the client fills in (one mapping
            for all calls that have them alike), and the business parameters.
        separator: What stands between the calls.
        query: What stands in the query, and so not here.
    """
    publics = {id(public): public for public, _ in calls}
    first, *others = publics.values()
    shared = {
        name: first[name]
        for name in _SHAREABLE
        if name in first and all(public.get(name) == first[name] for public in others)
    }
    elsewhere = {**(query or {}), **shared}
    written = _Escaped()
    heads = {
        key: _form([pair for pair in public.items() if elsewhere.get(pair[0]) != pair[1]], written)
        for key, public in publics.items()
    }
    parts = [_SHARED + _form(shared.items(), written)] if shared else []
    before, head = None, ""
    for public, texts in calls:
        if public is not before:
            before, head = public, heads[id(public)]
        own = "&".join([
            f"{written[name]}={value if value.isalnum() and value.isascii() else written[value]}"
            for name, value in texts.items()
        ])  # fmt: skip
        parts.append(f"{head}&{own}" if head and own else head or own or _NOTHING)
    return separator.join(parts).encode()


class _Escaped(dict[str, str]):
    """Texts of one batch with their escapes: names, and many values, come again and again."""

    def __missing__(self, text: str) -> str:
        self[text] = escaped = text if _PLAIN(text) else quote_plus(text)
        return escaped


def _form(pairs: Iterable[tuple[str, str]], written: _Escaped) -> str:
    return "&".join([f"{written[name]}={written[value]}" for name, value in pairs])


def read_batch(body: bytes, count: int, separator: str = SEPARATOR) -> list[bytes] | None:
    """
    Take the answers of a batch apart; None where there are not as many as there were calls.

    A separator inside of a text of JSON separates nothing.
    """
    mark = separator.encode()
    parts = body.split(mark)
    if len(parts) > count:
        parts = _whole(parts, mark)
    return parts if len(parts) == count else None


def _whole(pieces: list[bytes], mark: bytes) -> list[bytes]:
    """Join the pieces that are no whole answers."""
    parts: list[list[bytes]] = []
    inside = False
    for piece in pieces:
        if inside:
            parts[-1].append(piece)
        else:
            parts.append([piece])
        # An odd number of quotes, escaped ones left out, ends within a text of JSON.
        if inside or piece[:1] == b"{":
            inside ^= re.sub(rb"\\.", b"", piece, flags=re.DOTALL).count(b'"') % 2 == 1
    return [mark.join(part) for part in parts]


class _Gate:
    """
    What all promises of a batch have in common.

    Attributes:
        condition: The one they are all settled under; one for each would cost more than the call.
        sent: Whether the batch has been sent, so that waiting has an end.
    """

    __slots__ = ("condition", "sent")

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.sent = False

    def refuse_early(self) -> None:
        """Refuse to wait for what nobody has sent."""
        if not self.sent:
            raise RuntimeError("this batch has not been sent: leave its block first, or call send()")


class _Collected(Promise["TopResponse[Any]"]):
    """
    A call in a batch and the promise of its answer, for which nobody may wait before the batch is sent.

    Attributes:
        wanted: The call.
        token: Its session, once the batch is sent.
        renewed: Its session had expired, and was renewed.
    """

    # What a Future begins with; its own __init__ would make a condition, too.
    _state = PENDING
    _result: TopResponse[Any] | None = None
    _exception: BaseException | None = None
    _taken = False

    token: Secret[str] | None = None
    renewed = False

    def __init__(self, gate: _Gate, wanted: Wanted) -> None:
        self._condition = gate.condition
        self._waiters = []
        self._done_callbacks: list[Any] = []
        self._gate = gate
        self.wanted = wanted

    def can_renew(self, error: TopError) -> bool:
        """Tell whether a new session is worth a try: once, and where there is somebody to renew it."""
        return error.session_expired and not self.renewed and hasattr(self.wanted.how.session, "renew")

    def renew(self, renewals: dict[tuple[int, Secret[str] | None], Secret[str] | Exception]) -> float | Exception:
        """
        Take a new session, for a replay: the platform refused before anything was carried out.

        Args:
            renewals: Those that calls with the same session have been given.

        Returns:
            Seconds to wait; or why there is no new session.
        """
        session: Any = self.wanted.how.session
        key = (id(session), self.token)
        if key not in renewals:
            renewals[key] = _asked(_renewed, session, self.token)
        token = renewals[key]
        if isinstance(token, Exception):
            return token
        self.token, self.renewed = token, True
        return 0.0

    def _wait(self, timeout: float | None) -> None:
        self._taken = True
        self._gate.refuse_early()
        self._refuse_deadlock()
        with self._condition:
            # The others' ends wake who waits here, too.
            self._condition.wait_for(self.done, timeout)

    def result(self, timeout: float | None = None) -> TopResponse[Any]:
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait(timeout)
        return super().exception(0)

    def __del__(self) -> None:
        if self._result is None:
            super().__del__()

    def __await__(self) -> Generator[Any, None, TopResponse[Any]]:
        self._gate.refuse_early()
        return super().__await__()

    def outcome(self) -> TopResponse[Any] | BaseException:
        """Wait for the answer or the error, and give either."""
        self._taken = True
        if self._state != FINISHED:
            try:
                self.exception()
            except CancelledError:
                return CancelledError("this call was cancelled before it was sent")
        return cast("TopResponse[Any] | BaseException", self._result if self._exception is None else self._exception)


class _Collector:
    """
    The sender of a batch's chains.

    Args:
        collect: Adds a call to the batch and returns its promise.
    """

    def __init__(self, collect: Callable[..., _Collected]) -> None:
        self.send = self.submit = collect


class _Step(MethodChain):
    """A chain that keeps its steps: in a batch the same names come again and again."""

    def __getattr__(self, name: str) -> Self:
        step = self.__dict__[name] = super().__getattr__(name)
        return step

    def __repr__(self) -> str:
        return f"<Batch {str(self)!r}>"


@safe_repr
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

    A call that is refused inside of an answered batch is sent again, with the
    others of its kind and without those that have their answers, as it would
    be by itself: after a short ban, after a fault if it may be repeated, with
    a renewed session once if its own had expired.

    Args:
        top: The client to send with.
        size: Calls in one request, at most.
        separator: What stands between the calls; None for the platform's own.
        url: Where batches go; None for the gateway's ``/router/batch``.
        timeout: Seconds, as for a call.
        retries: Attempts after the first, at most.
        repeatable: The calls that do not say so themselves may be sent twice;
            None: those that only read.

    Raises:
        ConfigurationError: An option is unusable.
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
        if separator is not None:
            _check_separator(separator)
        if url is None:
            self._url = _batch_url(settings.gateway)
        else:
            self._url = url
            base_url("url", url)
        own = {"timeout": timeout, "retries": retries, "repeatable": repeatable}
        self._how = top._how.but(own) if any(value is not None for value in own.values()) else top._how  # noqa: SLF001
        self._promises: list[_Collected] = []
        self._gate = _Gate()
        self._begun: list[str] = []

    def __repr__(self) -> str:
        return f"<Batch of {len(self._promises)} calls>"

    def __getattr__(self, name: str) -> MethodChain:
        if name.startswith("_"):
            msg = f"a batch has no attribute {name!r}"
            raise AttributeError(msg)
        step = self.__dict__[name] = _Step(_Collector(self._collect), name.removesuffix("_"))
        self._begun.append(name)
        return step

    def __getitem__(self, name: str, /) -> MethodChain:
        return self.chain(name)

    __iter__ = None
    __contains__ = None

    def chain(self, name: str, /) -> MethodChain:
        """Begin a method's name with literal text; dots in it are steps."""
        return _Step(_Collector(self._collect), ".".join(split_name(name)))

    def _collect(
        self, path: str, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> _Collected:
        if self._gate.sent:
            raise RuntimeError("this batch has been sent: begin a new one")
        wanted = Wanted(self._settings, path, positional, keywords, self._how)
        if wanted.has_body:
            msg = f"{wanted.about.name}: files and raw bodies cannot go into a batch, call it by itself"
            raise TypeError(msg)
        if wanted.how is not self._how:
            for option in _OF_THE_WHOLE:
                if option in keywords:
                    msg = f"{option!r} is for a request as a whole: give it to batch(), not to a call in it"
                    raise TypeError(msg)
        promise = _Collected(self._gate, wanted)
        self._promises.append(promise)
        return promise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()
            return
        self._close()
        for promise in self._promises:
            promise.cancel()

    def send(self) -> None:
        """
        Send what was collected; leaving the block does it.

        Raises:
            RuntimeError: It has been sent, or the client is closed.
        """
        if self._gate.sent:
            raise RuntimeError("this batch has been sent: begin a new one")
        self._top._refuse_closed()  # noqa: SLF001
        self._close()
        going = []
        with self._gate.condition:
            for promise in self._promises:
                if promise._state == PENDING:  # noqa: SLF001 (its own room)
                    promise._state = RUNNING  # noqa: SLF001
                    going.append(promise)
                else:
                    promise.set_running_or_notify_cancel()
        try:
            for start in range(0, len(going), self._size):
                self._deliver(going[start : start + self._size])
        except BaseException as error:  # an interruption: nobody may wait for ever
            self._settle((promise, error) for promise in going if not promise.done())
            raise

    def _close(self) -> None:
        """Take no more calls; drop the chains, which hold the batch as it holds them."""
        self._gate.sent = True
        for name in self._begun:
            self.__dict__.pop(name, None)
        self._begun.clear()

    @property
    def answers(self) -> list[TopResponse[Any] | BaseException]:
        """The answers and errors, in the order of the calls."""
        self._gate.refuse_early()
        return [
            promise.outcome() if promise._result is None else promise._result  # noqa: SLF001 (its own room)
            for promise in self._promises
        ]

    def _settle(self, outcomes: Iterable[tuple[_Collected, TopResponse[Any] | BaseException]]) -> None:
        watched = []
        condition = self._gate.condition
        with condition:
            for promise, outcome in outcomes:
                if promise._waiters or promise._done_callbacks:  # noqa: SLF001 (its own room)
                    watched.append((promise, outcome))
                    continue
                if isinstance(outcome, BaseException):
                    promise._exception = outcome  # noqa: SLF001
                else:
                    promise._result = outcome  # noqa: SLF001
                promise._state = FINISHED  # noqa: SLF001
            condition.notify_all()
        for promise, outcome in watched:
            if isinstance(outcome, BaseException):
                promise.set_exception(outcome)
            else:
                promise.set_result(outcome)

    def _deliver(self, going: list[_Collected]) -> None:
        """Send these calls as one request, and those again that are to be sent again."""
        expires = time.monotonic() + self._settings.deadline
        number = 0
        going = self._with_tokens(going)
        while going:
            number += 1
            outcomes, call, failed = self._exchange(going, expires)
            if not failed:
                self._settle(zip(going, outcomes, strict=True))
                return
            going, pause = self._again(going, outcomes, call, number, expires)
            if pause:
                self._top._pipeline.sleep(pause)  # noqa: SLF001

    def _with_tokens(self, going: list[_Collected]) -> list[_Collected]:
        """Ask each session once for its token, however many calls it is for; give the calls that have theirs."""
        tokens: dict[int, Secret[str] | Exception | None] = {}
        ready, failed = [], []
        how: How | None = None
        token: Secret[str] | Exception | None = None
        for promise in going:
            if promise.wanted.how is not how:
                how = promise.wanted.how
                session = how.session
                if id(session) not in tokens:
                    tokens[id(session)] = _asked(_token, session)
                token = tokens[id(session)]
            if isinstance(token, Exception):
                failed.append((promise, token))
            else:
                promise.token = token
                ready.append(promise)
        if failed:
            self._settle(failed)
        return ready

    def _exchange(
        self, going: list[_Collected], expires: float
    ) -> tuple[Sequence[TopResponse[Any] | Exception], Call | None, bool]:
        """Send these calls as one; give what became of each, the request (None: it failed as a whole), whether any failed."""
        try:
            call = self._call(going, max(expires - time.monotonic(), SHORTEST))
            response = self._top._pipeline.run(call)  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the outcome of each of these calls)
            return [error] * len(going), None, True
        members = response.__dict__ | {"_data": None}
        make = TopResponse.__new__
        utf8 = is_utf8(response.headers.get("Content-Type"))
        outcomes: list[TopResponse[Any] | Exception] = []
        failed = False
        for promise, part in zip(going, response.data, strict=True):
            wanted = promise.wanted
            answer: TopResponse[Any] = make(TopResponse)
            answer.__dict__ = own = members.copy()
            own["method"] = wanted.about.name
            own["_content"] = part
            try:
                own["_data"] = wanted.data(part, answer, utf8=utf8)
            except Exception as error:  # noqa: BLE001 (it belongs to this call alone)
                outcomes.append(error)
                failed = True
            else:
                outcomes.append(answer)
        return outcomes, call, failed

    def _again(
        self,
        going: list[_Collected],
        outcomes: Sequence[TopResponse[Any] | Exception],
        call: Call | None,
        number: int,
        expires: float,
    ) -> tuple[list[_Collected], float]:
        """Settle the calls that have come to their end; give the others, and the seconds to wait for them."""
        ended: list[tuple[_Collected, TopResponse[Any] | Exception]] = []
        again = []
        longest = 0.0
        renewals: dict[tuple[int, Secret[str] | None], Secret[str] | Exception] = {}
        # A refusal of the whole does not tell whose session it means, if there are several.
        renewable = call is not None or len({promise.token for promise in going}) == 1
        for promise, outcome in zip(going, outcomes, strict=True):
            verdict: float | Exception | None = None
            if isinstance(outcome, TopError):
                if renewable and promise.can_renew(outcome):
                    verdict = promise.renew(renewals)
                elif call is not None:
                    alone = evolve(call, repeatable=promise.wanted.repeatable)
                    verdict = self._top._pipeline.pause(alone, outcome, number - promise.renewed)  # noqa: SLF001
            if isinstance(verdict, float) and time.monotonic() + verdict < expires:
                again.append(promise)
                longest = max(longest, verdict)
            else:
                ended.append((promise, verdict if isinstance(verdict, Exception) else outcome))
        self._settle(ended)
        return again, longest

    def _call(self, going: list[_Collected], deadline: float) -> Call:
        settings = self._settings
        publics: dict[tuple[Any, ...], dict[str, str]] = {}
        calls = []
        about: Known | None = None
        how, token = self._how, None
        public: dict[str, str] = {}
        repeatable = True
        for promise in going:
            wanted = promise.wanted
            # Most calls are like the one before them.
            if wanted.about is not about or wanted.how is not how or promise.token is not token:
                about, how, token = wanted.about, wanted.how, promise.token
                key = (about.name, token, how.format, how.simplify, how.target_app_key)
                public = publics.setdefault(key, wanted.public(token))
                repeatable = repeatable and wanted.repeatable
            calls.append((public, wanted.texts))
        query: dict[str, str] = MaskedDict(format=settings.format)
        first, *others = publics.values()
        for name in _COMMON:
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
            urls=(MaskedURL(f"{self._url}?{_form(query.items(), _Escaped())}"),),
            headers=headers,
            body=write_batch(calls, self._separator or SEPARATOR, query),
            signer=settings.attached if counting is None else counting(len(going)),
            verifier=None,
            answer=lambda response: self._answer(response, len(going), repeatable=repeatable),
            parameters=query,
            codec=None,
            repeatable=repeatable,
            timeout=self._how.timeout,
            retries=self._how.retries,
            deadline=deadline,
        )

    @without_frames_of(ChainableError)
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


def _asked(ask: Callable[..., T], *known: Any) -> T | Exception:
    """Ask for what calls need, and give it or why it is not to be had."""
    try:
        return ask(*known)
    except Exception as error:  # noqa: BLE001 (it is the outcome of the calls that need what was asked for)
        return error


def _token(session: Secret[str] | Callable[[], str] | None) -> Secret[str] | None:
    token = Secret(session()) if callable(session) else session
    if token:
        carried("session", token)
    return token


def _renewed(session: Any, token: Secret[str] | None) -> Secret[str]:
    return Secret(session.renew(None if token is None else MaskedText(token.reveal())))


def _check_separator(separator: str) -> None:
    if (
        not isinstance(separator, str)
        or not separator.isascii()
        or not separator.isprintable()
        or separator != separator.strip()
    ):
        raise ConfigurationError("separator: one line of ASCII text was expected, without white space around it")
    # What a form consists of, and the head, would be taken for it.
    if re.fullmatch(r"[A-Za-z0-9_.~%&=+#-]*", separator):
        raise ConfigurationError("separator: it has to have a character that no parameter is written with, such as '|'")


def _batch_url(gateway: str) -> str:
    before, slash, last = gateway.rstrip("/").rpartition("/")
    if last != "rest":
        raise ConfigurationError(
            "batch: the gateway does not end in /router/rest, so say where batches go: batch(url=…)"
        )
    return f"{before}{slash}batch"
