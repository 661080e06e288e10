"""The faults of the TOP sandbox: their kinds and settings."""

from __future__ import annotations

import re
import warnings
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, field, frozen, validators

from chainable.i18n import Words
from chainable.sandbox import faults as engine
from taobao_top.topics import unknown_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Self

    from chainable.sandbox.http import Reply

__all__ = ["HEADER", "HTML", "KINDS", "Fault", "Faults", "played"]

HEADER = engine.HEADER

KINDS = {
    "latency": "answers after `seconds`",
    "reset": "cuts the connection with a TCP reset, no byte of an answer",
    "close": "closes the connection, no byte of an answer",
    "half_body": "sends half of the answer it announced, then closes",
    "empty": "answers 200 with nothing",
    "html": "answers a web page with `status`",
    "truncated": "answers the first half of the text as if it were whole",
    "control_characters": "puts raw tabs, line ends and control characters into the answer's strings",
    "content_type": "answers as text/html what is none",
    "broken_gzip": "announces gzip and sends something else",
    "huge": "pads the answer with white space to `size` bytes",
    "redirect": "answers 302 to another host",
    "error": "answers `error_response` with `code`, `sub_code`, `sub_msg`",
    **engine.NOTIFICATION_KINDS,
}
"""The faults and what they do."""

BATCH = "batch"
"""The name of a batch as a whole."""
LARGEST = 1024**3
PREVENTING = frozenset({"reset", "close", "html", "redirect", "error"})

HTML = "text/html;charset=UTF-8"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
ELSEWHERE = "https://elsewhere.invalid/router/rest"
STRING_END = re.compile(rb'": ?"')


@frozen(kw_only=True)
class Fault(engine.FaultRule):
    """
    One rule.

    Args:
        kind: One of :data:`KINDS`.
        method: The API that is meant: a pattern (``*``); None for every call. Of a message or a call of the platform:
            ``notify taobao_trade_TradeBuyerPay``, the topic or the API that is called.
        times: How often it applies; None for always.
        after: How many matching calls pass first.
        executed: Whether the call takes effect before it fails; by default only if the fault concerns the response
            itself.
        seconds: Of ``latency``; every other fault is delayed too. An hour at most.
        status: Of ``html``, 200 to 599.
        size: Of ``huge``, bytes; a gibibyte at most.
        code: Of ``error``.
        sub_code: Of ``error``.
        sub_msg: Of ``error``.
        match: Values that the parameters of a call have to have, or the content of a message: ``{"tid": "42…"}``, or
            text, ``tid=42…, payment>=100``. A dotted name leads into objects, lists and JSON text; ``*`` stands for
            any text.
    """

    KINDS = KINDS
    PREVENTING = PREVENTING
    PATTERN = "method"

    kind: str
    method: str | None = None
    times: int | None = 1
    after: int = 0
    executed: bool | None = None
    seconds: float = 0.0
    status: int = field(default=502, validator=[validators.ge(200), validators.le(599)])
    size: int = field(default=1_000_000, validator=[validators.ge(0), validators.le(LARGEST)])
    code: int = field(default=50, converter=int)
    sub_code: str | None = "isp.remote-service-error"
    sub_msg: str | None = "the remote service failed"
    match: Mapping[str, str] = engine.matching()

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Self:
        """Deprecated: use :meth:`read`."""
        warnings.warn("Fault.from_members is deprecated: use read", DeprecationWarning, stacklevel=2)
        return cls.read(members)

    @classmethod
    def from_header(cls, text: str) -> Self:
        """Deprecated: use :meth:`of_header`."""
        warnings.warn("Fault.from_header is deprecated: use of_header", DeprecationWarning, stacklevel=2)
        return cls.of_header(text)

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        return asdict(self)


class Faults(engine.Faults[Fault]):
    """
    The rules in force; the first that matches a call applies to it, and is removed once it is used up.

    Attributes:
        known: Returns the methods that the sandbox answers; None: it answers any.
    """

    TYPE = Fault

    def __init__(self) -> None:
        super().__init__()
        self.known: Callable[[], Iterable[str] | None] = lambda: None

    def check(self, fault: Fault) -> None:
        """Raise ValueError if a strict sandbox answers no method that the pattern can mean, or a topic looks misspelt."""
        pattern = fault.method or "*"
        known = None if pattern in ("*", BATCH) else self.known()
        if known is None:
            return
        if pattern.startswith(engine.NOTIFY):
            topic = pattern.removeprefix(engine.NOTIFY)
            doubt = None if "*" in topic else unknown_topic(topic)
            if doubt is not None:
                raise ValueError(Words(f"method: {doubt}", f"method 中的主题 {doubt.zh}"))
            return
        methods = tuple(known)
        if not any(fnmatchcase(each, pattern) for each in methods):
            groups = {f"{each.rpartition('.')[0]}.*" for each in methods} if "*" in pattern else ()
            engine.refuse_unknown("method", pattern, (*methods, BATCH, *groups), "taobao_top.catalogue.methods()")

    def of_notification(self, topic: str, content: Any) -> Fault | None:
        """Return the fault of a message of this topic, or of a call of the platform to this API, and count it."""
        return self.take(f"{engine.NOTIFY}{topic}", engine.NOTIFICATION_KINDS, lambda: content)


def played(answer: Reply, fault: Fault) -> Reply:
    """Return a response as a fault changes it."""
    answer = evolve(answer, delay=fault.seconds)
    match fault.kind:
        case "reset" | "close" | "half_body":
            return evolve(answer, cut=fault.kind)
        case "empty":
            return evolve(answer, body=b"")
        case "html":
            return evolve(answer, body=PAGE, content_type=HTML, status=fault.status)
        case "truncated":
            return evolve(answer, body=answer.body[: len(answer.body) // 2])
        case "control_characters":
            return evolve(answer, body=STRING_END.sub(b'":"\x01\t\n', answer.body))
        case "content_type":
            return evolve(answer, content_type=HTML)
        case "broken_gzip":
            return answer.with_headers({"content-encoding": "gzip"})
        case "huge":
            return evolve(answer, body=answer.body.ljust(fault.size))
        case "redirect":
            return evolve(answer, body=b"", status=302).with_headers({"location": ELSEWHERE})
    return answer
