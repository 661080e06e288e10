"""Breaking on purpose: which faults there are, when they strike, and what they do to an answer."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, evolve, fields, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from wechatpay.sandbox.messages import Request

__all__ = ["CUTS", "HEADER", "KINDS", "SIGNATURE_KINDS", "STATUS_OF_CODE", "UNDONE", "Fault", "Faults"]

HEADER = "sandbox-fault"

KINDS: Mapping[str, str] = {
    "error": "answer with an error code",
    "throttle": "429 with Retry-After",
    "pending": "202: taken, not finished",
    "latency": "answer so many seconds late",
    "reset": "reset the connection before any byte of the answer",
    "close": "close the connection before any byte of the answer",
    "half": "close the connection after half of the body",
    "reset-body": "reset the connection after half of the body",
    "bad-signature": "sign something else",
    "missing-signature": "leave the signature headers out",
    "probe": "a signature of the platform's probe traffic",
    "unknown-serial": "name a key nobody knows",
    "stale": "sign with a time an hour ago",
    "rotate": "sign with a platform certificate made at this moment",
    "down": "stop listening on the main host",
}
SIGNATURE_KINDS = ("bad-signature", "missing-signature", "probe", "unknown-serial", "stale", "rotate")
CUTS = ("reset", "close", "half", "reset-body")
UNDONE = ("error", "throttle", "pending", "reset", "close", "down")

LONGEST = 3600.0

STATUS_OF_CODE: Mapping[str, int] = {
    "USERPAYING": 202,
    "PARAM_ERROR": 400,
    "INVALID_REQUEST": 400,
    "APPID_MCHID_NOT_MATCH": 400,
    "ORDER_CLOSED": 400,
    "SIGN_ERROR": 401,
    "NO_AUTH": 403,
    "NOT_ENOUGH": 403,
    "OUT_TRADE_NO_USED": 403,
    "RULE_LIMIT": 403,
    "ACCOUNT_ERROR": 403,
    "TRADE_ERROR": 403,
    "USER_ACCOUNT_ABNORMAL": 403,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "NOT_FOUND": 404,
    "MCH_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429,
    "RATELIMIT_EXCEEDED": 429,
    "SYSTEM_ERROR": 500,
    "BANK_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}


@frozen
class Fault:
    """
    One rule.

    Args:
        kind: One of :data:`KINDS`.
        operation: Which requests: a pattern (``*``) for the operation's key or for verb and path.
        times: How often it strikes; None for ever.
        after: How many matching requests pass first.
        code: The error code of ``error``; ``SYSTEM_ERROR`` unless given.
        status: The HTTP status of ``error``; unless given, that of the code.
        message: The error message.
        seconds: Of ``latency``; ``Retry-After`` of ``throttle``.
        done: Whether the platform acts on the request before it answers so; unless given, only faults
            of the answer itself come after the deed.
    """

    kind: str
    operation: str = "*"
    times: int | None = None
    after: int = 0
    code: str = ""
    status: int = 0
    message: str = ""
    seconds: float = 1.0
    done: bool | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"no fault is called {self.kind!r}: there are {', '.join(KINDS)}"
            raise ValueError(msg)
        for fits, words in (
            (self.times is None or self.times >= 1, "times: 1 or more, or none for ever"),
            (self.after >= 0, "after: 0 or more"),
            (self.status == 0 or 200 <= self.status <= 599, "status: 200 to 599"),
            (0 <= self.seconds <= LONGEST, f"seconds: 0 to {LONGEST:.0f}"),
        ):
            if not fits:
                raise ValueError(words)

    @property
    def acts(self) -> bool:
        """Whether the request takes effect."""
        return self.kind not in UNDONE if self.done is None else self.done

    def matches(self, request: Request, operation: str | None) -> bool:
        """Whether this request is meant."""
        keys = (operation or "", f"{request.method} {request.path}", request.path)
        return any(fnmatchcase(key, self.operation) for key in keys)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Fault:
        """A fault out of JSON members, whose numbers may be text; ValueError names a wrong one."""
        known = {each.name for each in fields(cls)}
        unknown = sorted(settings.keys() - known)
        if unknown:
            msg = f"a fault has no {unknown[0]!r}: it has {', '.join(sorted(known))}"
            raise ValueError(msg)
        if "kind" not in settings:
            msg = f"a fault needs a kind: {', '.join(KINDS)}"
            raise ValueError(msg)
        return cls(**{name: _fitting(name, value) for name, value in settings.items()})

    @classmethod
    def of_header(cls, value: str) -> Fault:
        """A fault out of ``error; code=SYSTEM_ERROR; status=500``; ValueError if it is none."""
        kind, *pairs = (part.strip() for part in value.split(";"))
        return cls.read({"kind": kind, **{name: text for name, _, text in (pair.partition("=") for pair in pairs)}})


def _fitting(name: str, value: Any) -> Any:
    """A setting of a rule as what it has to be; ValueError says that it is something else."""
    if value is None and name in ("times", "done"):
        return None
    try:
        return _READ[name](value)
    except (TypeError, ValueError):
        msg = f"{name}: {value!r} does not fit"
        raise ValueError(msg) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "kind": _text,
    "operation": _text,
    "times": int,
    "after": int,
    "code": _text,
    "status": int,
    "message": _text,
    "seconds": float,
    "done": lambda value: value not in {False, "false"},
}


@define
class Rule:
    """A fault with its counters."""

    fault: Fault
    passed: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count one matching request."""
        if self.passed < self.fault.after:
            self.passed += 1
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        self.struck += 1
        return True


class Faults:
    """The rules in force; the first added is asked first, and all that match strike."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = Lock()
        self._rules: list[Rule] = []
        for fault in faults:
            self.add(fault)

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, fault: Fault | str, **settings: Any) -> Fault:
        """Put a rule in force: a fault, or its kind with the other settings by name."""
        if isinstance(fault, str):
            fault = Fault.read({"kind": fault, **settings})
        elif settings:
            fault = evolve(fault, **settings)
        with self._lock:
            self._rules.append(Rule(fault))
        return fault

    def load(self, path: Path) -> None:
        """
        Put the rules of a JSON file in force: a list of objects with the members of :class:`Fault`.

        Raises:
            ValueError: It holds something else; none of its rules is in force then.
        """
        rules = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rules, list) or not all(isinstance(settings, dict) for settings in rules):
            raise ValueError("a list of objects was expected, each with a kind")
        for fault in [Fault.read(settings) for settings in rules]:
            self.add(fault)

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self._rules.clear()

    def remove(self, index: int) -> None:
        """Take one rule away by where it stands."""
        with self._lock:
            del self._rules[index]

    def discard(self, fault: Fault, struck: int | None = None) -> None:
        """
        Take one rule away by what it says, wherever it stands now.

        Args:
            fault: What the rule says.
            struck: How often it struck when it was seen; of several alike, the one that struck so often is meant.

        Raises:
            LookupError: There is no such rule.
        """
        with self._lock:
            alike = [rule for rule in self._rules if rule.fault == fault]
            if not alike:
                raise LookupError("there is no such rule any more: it was taken away meanwhile")
            self._rules.remove(next((rule for rule in alike if rule.struck == struck), alike[0]))

    def strike(self, request: Request, operation: str | None) -> tuple[Fault, ...]:
        """The faults for this request: the header's, and those of the rules that match."""
        header = request.header(HEADER)
        struck = [Fault.of_header(header)] if header else []
        if self._rules:
            with self._lock:
                struck += [
                    rule.fault for rule in self._rules if rule.fault.matches(request, operation) and rule.strikes()
                ]
        return tuple(struck)

    def as_json(self) -> list[dict[str, Any]]:
        """The rules with how often each struck, as JSON values."""
        with self._lock:
            return [{**asdict(rule.fault), "struck": rule.struck} for rule in self._rules]
