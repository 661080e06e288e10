"""Faults on purpose: the rules of a sandbox, and the requests they apply to."""

from __future__ import annotations

import json
import warnings
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from attrs import define, evolve, field, fields, frozen

from chainable.i18n import Words
from chainable.sandbox.conditions import hold, read_conditions
from chainable.spelling import similar_names

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

__all__ = ["HEADER", "NOTIFICATION_KINDS", "FaultRule", "Faults", "matching", "refuse_unknown", "suggestion"]

HEADER = "sandbox-fault"
"""The request header that carries a fault for this request alone: ``error; code=SYSTEM_ERROR; status=500``."""

LONGEST = 3600.0
"""Seconds that a fault may delay a response."""

NOTIFICATION_KINDS: Mapping[str, str] = {
    "lost": "a notification that never arrives",
    "late": "a notification that arrives after so many seconds of the sandbox's clock",
    "doubled": "a notification that arrives twice, at the same moment",
    "out_of_order": "a notification that arrives behind the next one",
}
"""The faults of notifications, whose names are ``notify`` and the event: ``notify TRANSACTION.SUCCESS``."""
NOTIFY = "notify "

F = TypeVar("F", bound="FaultRule")


def matching() -> Any:
    """Return the field ``match`` of a gateway's faults: values of the request by name, all of which have to fit."""
    return field(factory=dict, converter=read_conditions, hash=False, kw_only=True)


@frozen(kw_only=True)
class FaultRule:
    """
    Base of the faults of a gateway, which are frozen attrs classes with fields of their own.

    Args:
        kind: One of :attr:`KINDS`.
        times: How many matching calls it applies to; None for always.
        after: How many matching calls pass first.
        seconds: How long the response is delayed.
        status: The HTTP status of the response; 0 for the usual one.
        executed: Whether the call is carried out; None: unless the kind is one of :attr:`PREVENTING`.
        match: Values that a call has to have, by name.
    """

    KINDS: ClassVar[Mapping[str, str]]
    """The kinds of faults, and their effects."""
    PREVENTING: ClassVar[frozenset[str]]
    """The kinds that come instead of the call; all others change the response of a call that took effect."""
    PATTERN: ClassVar[str]
    """The field with the pattern of the calls that are meant; ``*`` stands for any text."""
    RENAMED: ClassVar[Mapping[str, str]] = {"done": "executed"}
    """Deprecated names of fields."""
    RENAMED_KINDS: ClassVar[Mapping[str, str]] = {"half": "half_body"}
    """Deprecated names of kinds."""

    kind: str
    times: int | None = 1
    after: int = 0
    seconds: float = 0.0
    status: int = 0
    executed: bool | None = None
    match: Mapping[str, str] = matching()

    def __attrs_post_init__(self) -> None:
        for old, now in self.RENAMED.items():
            if getattr(self, old, None) is not None:
                warnings.warn(f"{old} is deprecated: use {now}", DeprecationWarning, stacklevel=3)
                object.__setattr__(self, now, getattr(self, old))
                object.__setattr__(self, old, None)
        new = self.RENAMED_KINDS.get(self.kind)
        if new in self.KINDS:
            warnings.warn(f"the fault {self.kind!r} is deprecated: use {new!r}", DeprecationWarning, stacklevel=3)
            object.__setattr__(self, "kind", new)
        if self.kind not in self.KINDS:
            near = suggestion(self.kind, self.KINDS)
            raise ValueError(
                Words(
                    f"kind: {self.kind!r} is not a fault{near}; choose one of {', '.join(self.KINDS)}",
                    f"kind：没有故障 {self.kind!r}{near.zh}，可选：{'、'.join(self.KINDS)}",
                )
            )
        pattern = getattr(self, self.PATTERN)
        about_notifications = pattern in (None, "*") or pattern.startswith(NOTIFY)
        if self.kind in NOTIFICATION_KINDS and not about_notifications:
            raise ValueError(
                Words(
                    f"{self.PATTERN}: {self.kind} concerns notifications, whose names begin with {NOTIFY!r}",
                    f"{self.PATTERN}：{self.kind} 针对通知，名称应以 {NOTIFY!r} 开头",
                )
            )
        if self.kind not in NOTIFICATION_KINDS and (pattern or "").startswith(NOTIFY):
            kinds = [each for each in self.KINDS if each in NOTIFICATION_KINDS]
            raise ValueError(
                Words(
                    f"kind: a notification can be {', '.join(kinds)}, not {self.kind}",
                    f"kind：通知的故障可选 {'、'.join(kinds)}，不能是 {self.kind}",
                )
            )
        for valid, english, chinese in (
            (
                self.times is None or self.times >= 1,
                "times: 1 or more, or None for always",
                "times：应不小于 1，None 表示一直生效",
            ),
            (self.after >= 0, "after: 0 or more", "after：应不小于 0"),
            (self.status == 0 or 200 <= self.status <= 599, "status: 200 to 599", "status：应为 200 至 599"),
            (0 <= self.seconds <= LONGEST, f"seconds: 0 to {LONGEST:.0f}", f"seconds：应为 0 至 {LONGEST:.0f}"),
        ):
            if not valid:
                raise ValueError(Words(english, chinese))

    @property
    def takes_effect(self) -> bool:
        """True if the call is carried out although it fails."""
        return self.kind not in self.PREVENTING if self.executed is None else self.executed

    def matches(self, names: Iterable[str]) -> bool:
        """Return whether a call of one of these names is meant."""
        pattern = getattr(self, self.PATTERN)
        return pattern is None or any(fnmatchcase(name, pattern) for name in names)

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Self:
        """
        Return a fault of JSON or header members; numbers may be text.

        Raises:
            ValueError: An unknown or missing name, or a value of the wrong type.
        """
        known = {each.name for each in fields(cls)} - set(cls.RENAMED)
        settings: dict[str, Any] = {}
        for name, value in members.items():
            new = cls.RENAMED.get(name, name)
            if new not in known:
                near = suggestion(name, known)
                raise ValueError(
                    Words(
                        f"a fault has no {name!r}{near}: it has {', '.join(sorted(known))}",
                        f"故障没有设置项 {name!r}{near.zh}，可用的设置项：{'、'.join(sorted(known))}",
                    )
                )
            settings[new] = _value(new, value)
        if "kind" not in settings:
            raise ValueError(
                Words(f"a fault needs a kind: {', '.join(cls.KINDS)}", f"缺少故障的 kind，可选：{'、'.join(cls.KINDS)}")
            )
        return cls(**settings)

    @classmethod
    def of_header(cls, text: str) -> Self:
        """
        Return the fault of a ``Sandbox-Fault`` header: ``error; code=SYSTEM_ERROR; status=500``.

        Raises:
            ValueError: As :meth:`read`; or it concerns notifications, which no request stands for.
        """
        kind, *pairs = (part.strip() for part in text.split(";"))
        members = {name: value for name, _, value in (pair.partition("=") for pair in pairs if pair)}
        if kind in NOTIFICATION_KINDS:
            raise ValueError(
                Words(
                    f"{kind} concerns notifications: add it to the faults in force",
                    f"{kind} 针对通知，请添加为生效中的规则",
                )
            )
        return cls.read({"kind": kind, **members})


def suggestion(name: str, known: Iterable[str], cutoff: float = 0.6) -> Words:
    """Return the names that are similar to a wrong one, as a part of a sentence; empty if there are none."""
    near = similar_names(name, known, cutoff)
    if not near:
        return Words("", "")
    return Words(f"; did you mean {' or '.join(map(repr, near))}?", f"，您是否想用 {'、'.join(near)}？")


def _value(name: str, value: Any) -> Any:
    if value is None and name not in {"kind", "operation"}:
        return None
    read: Callable[[Any], Any] = _READ.get(name, _text)
    try:
        return read(value)
    except (TypeError, ValueError):
        if name == "match":
            raise
        raise ValueError(Words(f"{name}: {value!r} is not valid", f"{name}：{value!r} 无效")) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _code(value: Any) -> str | int:
    if not isinstance(value, (str, int)):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    return value not in {False, "false", "0"}


_READ: Mapping[str, Callable[[Any], Any]] = {
    "times": int,
    "after": int,
    "status": int,
    "size": int,
    "code": _code,
    "seconds": float,
    "executed": _flag,
    "match": read_conditions,
}


@define
class _Rule(Generic[F]):
    fault: F
    passed: int = 0
    hits: int = 0

    def means(
        self, names: Iterable[str], values: Callable[[], Mapping[str, Any]] | None, kinds: Container[str] | None
    ) -> bool:
        """Return whether a call of one of these names and with these values is meant, by a fault of these kinds."""
        fault = self.fault
        if fault.kind in NOTIFICATION_KINDS if kinds is None else fault.kind not in kinds:
            return False
        return fault.matches(names) and (not fault.match or hold(fault.match, values() if values else {}))

    def count(self) -> bool:
        """Count a matching call; True if the fault applies to it."""
        if self.passed < self.fault.after:
            self.passed += 1
            return False
        if self.fault.times is not None and self.hits >= self.fault.times:
            return False
        self.hits += 1
        return True

    @property
    def remaining(self) -> F:
        """The fault, with the calls that it will still pass and apply to; unchanged once it is used up."""
        if self.is_spent:
            return self.fault
        times = self.fault.times
        left = None if times is None else times - self.hits
        return evolve(self.fault, times=left, after=self.fault.after - self.passed)

    @property
    def is_spent(self) -> bool:
        return self.fault.times is not None and self.hits >= self.fault.times


class Faults(Generic[F]):
    """
    The rules in force, in the order they were added.

    Raises:
        ValueError: A rule means no call that there can be.
    """

    TYPE: ClassVar[type[Any]]
    """The class of faults."""

    def __init__(self, faults: Iterable[F] = ()) -> None:
        self._lock = Lock()
        self._rules: list[_Rule[F]] = []
        for fault in faults:
            self.add(fault)

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[F]:
        """Iterate over the rules that still apply, as they count down."""
        with self._lock:
            return iter([rule.remaining for rule in self._rules if not rule.is_spent])

    def check(self, fault: F) -> None:
        """Raise ValueError if a fault means no call that there can be; the faults of a gateway know its operations."""

    def add(self, fault: F | str, **settings: Any) -> F:
        """
        Put a rule in force: a fault, or its kind with the other settings by name.

        Raises:
            ValueError: A setting is wrong, or names an operation that there is not; with the nearest names.
        """
        if isinstance(fault, str):
            rule: F = self.TYPE.read({"kind": fault, **settings})
        else:
            rule = evolve(fault, **settings) if settings else fault
        self.check(rule)
        with self._lock:
            self._rules.append(_Rule(rule))
        return rule

    def load(self, path: Path) -> None:
        """
        Put the rules of a JSON file in force: a list of objects with the members of a fault.

        Raises:
            ValueError: The file holds something else; none of its rules is in force then.
        """
        listed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(listed, list) or not all(isinstance(members, dict) for members in listed):
            raise ValueError(
                Words("a list of objects was expected, each with a kind", "应为对象列表，且每个对象都有 kind")
            )
        faults = [self.TYPE.read(members) for members in listed]
        for fault in faults:
            self.check(fault)
        for fault in faults:
            self.add(fault)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def replace(self, faults: Iterable[F]) -> None:
        """Have these rules, which were in force before, in place of all."""
        rules = [_Rule(fault) for fault in faults]
        with self._lock:
            self._rules[:] = rules

    def remove(self, index: int) -> None:
        """Remove one rule by its position."""
        with self._lock:
            del self._rules[index]

    def discard(self, fault: F, hits: int | None = None) -> None:
        """
        Remove one rule by its members, wherever it stands now.

        Args:
            fault: The rule, as it was added or at any moment while it counted down.
            hits: How often it had applied when it was seen; it decides between equal rules.

        Raises:
            LookupError: Unknown rule; it may have been removed or used up.
        """
        with self._lock:
            equal = [rule for rule in self._rules if rule.fault == fault]
            equal = equal or [rule for rule in self._rules if _counted_down(fault, rule.remaining)]
            if not equal:
                raise LookupError(
                    Words("the rule is gone: it was removed or used up", "规则已不存在：已被移除或已用完")
                )
            self._rules.remove(next((rule for rule in equal if rule.hits == hits), equal[0]))

    def match(
        self,
        names: Iterable[str],
        values: Callable[[], Mapping[str, Any]] | None = None,
        kinds: Container[str] | None = None,
    ) -> list[F]:
        """
        Count a call, and return the faults of all rules that apply to it.

        Args:
            names: Its names.
            values: Returns its values, for the rules that ask for some.
            kinds: The kinds of faults that are meant; by default those of requests.
        """
        if not self._rules:
            return []
        keys = tuple(names)
        with self._lock:
            return [rule.fault for rule in self._rules if rule.means(keys, values, kinds) and rule.count()]

    def take(
        self,
        name: str | None,
        kinds: Container[str] | None = None,
        values: Callable[[], Mapping[str, Any]] | None = None,
    ) -> F | None:
        """
        Count a call for the first rule that matches it, as above; rules that are used up are removed.

        Returns:
            The fault, if the rule applies already.
        """
        with self._lock:
            for rule in self._rules:
                if rule.means((name or "",), values, kinds):
                    applies = rule.count()
                    if rule.is_spent:
                        self._rules.remove(rule)
                    return rule.fault if applies else None
        return None

    def hits(self) -> list[tuple[F, int]]:
        """Return the rules with how often each applied."""
        with self._lock:
            return [(rule.fault, rule.hits) for rule in self._rules]


def refuse_unknown(name: str, value: str, known: Iterable[str], source: str) -> NoReturn:
    """
    Refuse a value of a setting, with the names that are similar.

    Args:
        name: The setting.
        value: Its value.
        known: The values that it can have.
        source: Where all of them are listed, for a value that is similar to none.
    """
    near = " / ".join(similar_names(value, known))
    hint = (
        Words(f"did you mean {near}?", f"您是否想用 {near}？")
        if near
        else Words(f"{source} lists all", f"全部见 {source}")
    )
    raise ValueError(Words(f"{name}: {value!r} is unknown; {hint}", f"{name}：{value!r} 不存在，{hint.zh}"))


def _counted_down(before: FaultRule, now: FaultRule) -> bool:
    """Return whether a fault may have become another by counting down."""
    if (before.times is None) != (now.times is None):
        return False
    fewer = (now.times or 0) <= (before.times or 0) and now.after <= before.after
    return fewer and evolve(now, times=before.times, after=before.after) == before
