"""Faults on purpose: what the gateway can be told to do wrong, and when."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, field, frozen, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from pathlib import Path

__all__ = ["KINDS", "Fault", "Faults"]

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
}
"""The faults and what they do."""

LONGEST = 3600.0
LARGEST = 1024**3


def _once_at_least(fault: Any, attribute: Any, times: int | None) -> None:
    if times is not None and times < 1:
        raise ValueError("times: 1 or more, or None for always")


_SPOIL_THE_ANSWER = frozenset(
    {"latency", "half_body", "empty", "truncated", "control_characters", "content_type", "broken_gzip", "huge"}
)


@frozen(kw_only=True)
class Fault:
    """
    One fault and when it is played.

    Args:
        kind: One of :data:`KINDS`.
        method: Only for this API; a trailing ``*`` stands for any rest; None for every call.
        times: How often it is played, None for always.
        after: How many matching calls pass before.
        executed: Whether the call takes effect before it fails; None: faults of the answer come after the
            call took effect, all others instead of it.
        seconds: Of ``latency``; every other fault waits as well when it is given. An hour at most.
        status: Of ``html``, 200 to 599.
        size: Of ``huge``, bytes; a gibibyte at most.
        code: Of ``error``.
        sub_code: Of ``error``.
        sub_msg: Of ``error``.
    """

    kind: str = field(validator=validators.in_(KINDS))
    method: str | None = None
    times: int | None = field(default=1, validator=_once_at_least)
    after: int = field(default=0, validator=validators.ge(0))
    executed: bool | None = None
    seconds: float = field(default=0.0, validator=[validators.ge(0.0), validators.le(LONGEST)])
    status: int = field(default=502, validator=[validators.ge(200), validators.le(599)])
    size: int = field(default=1_000_000, validator=[validators.ge(0), validators.le(LARGEST)])
    code: int = 50
    sub_code: str | None = "isp.remote-service-error"
    sub_msg: str | None = "the remote service failed"

    @property
    def takes_effect(self) -> bool:
        """Whether the call is carried out before it fails."""
        return self.kind in _SPOIL_THE_ANSWER if self.executed is None else self.executed

    def matches(self, method: str | None) -> bool:
        """Tell whether this fault is meant for calls of this API."""
        if self.method is None:
            return True
        if self.method.endswith("*"):
            return (method or "").startswith(self.method[:-1])
        return method == self.method

    @classmethod
    def from_header(cls, text: str) -> Fault:
        """
        Read the ``Sandbox-Fault`` header: ``kind; name=value; …``, for example ``error; code=7; sub_msg=…``.

        Raises:
            ValueError: An unknown kind, name or number.
        """
        kind, *rest = (part.strip() for part in text.split(";"))
        options = {name: value for name, _, value in (part.partition("=") for part in rest if part)}
        return cls.from_members({"kind": kind, **options})

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Fault:
        """
        Make a fault of JSON or header members; numbers may be text.

        Raises:
            ValueError: An unknown kind, name or number.
        """
        try:
            return cls(**{name: _READ[name](value) if name in _READ else value for name, value in members.items()})
        except TypeError as error:
            raise ValueError(f"not a fault: {error}") from None

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        return asdict(self)


def _later(before: Fault, now: Fault) -> bool:
    """Tell whether a fault may have become another by counting down."""
    if (before.times is None) != (now.times is None):
        return False
    fewer = (now.times or 0) <= (before.times or 0) and now.after <= before.after
    return fewer and evolve(now, times=before.times, after=before.after) == before


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _yes(value: Any) -> bool | None:
    return None if value is None else value in {True, "true", "True", "1"}


_READ: Mapping[str, Callable[[Any], Any]] = {
    "times": _count,
    "after": int,
    "executed": _yes,
    "seconds": float,
    "status": int,
    "size": int,
    "code": int,
}


class Faults:
    """The faults waiting to be played, first come, first played."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault behind the others."""
        with self._lock:
            self._waiting.append(fault)

    def load(self, path: Path) -> None:
        """
        Add those of a JSON file: a list of objects with the members of :class:`Fault`.

        Raises:
            ValueError: It holds something else; none of its faults is added then.
        """
        listed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(listed, list) or not all(isinstance(members, dict) for members in listed):
            raise ValueError("a list of objects was expected, each with a kind")
        for fault in [Fault.from_members(members) for members in listed]:
            self.add(fault)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._waiting.clear()

    def remove(self, fault: Fault) -> None:
        """
        Forget one: this very one, or the one it has become while it counted down.

        Raises:
            ValueError: There is no such fault; it may have been played meanwhile.
        """
        with self._lock:
            found = next((each for each in self._waiting if each == fault), None)
            found = found or next((each for each in self._waiting if _later(fault, each)), None)
            if found is None:
                raise ValueError("there is no such fault any more: it was played meanwhile")
            self._waiting.remove(found)

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._waiting))

    def take(self, method: str | None, kinds: Container[str] = KINDS) -> Fault | None:
        """
        Return the fault to play for a call of this API, and count it; None for none.

        Args:
            method: The API's name; ``batch`` for a batch as a whole.
            kinds: Only faults of these kinds.
        """
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.kind not in kinds or not fault.matches(method):
                    continue
                if fault.after:
                    self._waiting[position] = evolve(fault, after=fault.after - 1)
                    return None
                if fault.times is not None:
                    self._count(position, fault, fault.times)
                return fault
        return None

    def _count(self, position: int, fault: Fault, times: int) -> None:
        if times > 1:
            self._waiting[position] = evolve(fault, times=times - 1)
        else:
            del self._waiting[position]
