"""The faults of the WeChat Pay sandbox: their kinds and settings."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

from chainable.sandbox import faults as engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.http import Request

__all__ = ["CUTS", "HEADER", "KINDS", "SIGNATURE_KINDS", "STATUS_OF_CODE", "UNDONE", "Fault", "Faults"]

HEADER = engine.HEADER

KINDS: Mapping[str, str] = {
    "error": "answer with an error code",
    "throttle": "429 with Retry-After",
    "pending": "202: accepted, not finished",
    "latency": "delay the answer by so many seconds",
    "reset": "reset the connection before any byte of the answer",
    "close": "close the connection before any byte of the answer",
    "half_body": "close the connection after half of the body",
    "reset-body": "reset the connection after half of the body",
    "bad-signature": "sign another message",
    "missing-signature": "leave the signature headers out",
    "probe": "a signature of the platform's probe traffic",
    "unknown-serial": "name an unknown key",
    "stale": "sign with a time an hour ago",
    "rotate": "sign with a platform certificate made at this moment",
    "down": "stop listening on the main host",
}
SIGNATURE_KINDS = ("bad-signature", "missing-signature", "probe", "unknown-serial", "stale", "rotate")
CUTS = ("reset", "close", "half_body", "reset-body")
UNDONE = ("error", "throttle", "pending", "reset", "close", "down")

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
class Fault(engine.FaultRule):
    """
    One rule.

    Args:
        kind: One of :data:`KINDS`.
        operation: The requests that are meant: a pattern (``*``) for the operation's key or for verb and path.
        times: How often it applies; None for always.
        after: How many matching requests pass first.
        code: The error code of ``error``; ``SYSTEM_ERROR`` by default.
        status: The HTTP status of ``error``; by default that of the code.
        message: The error message.
        seconds: Of ``latency``; ``Retry-After`` of ``throttle``.
        executed: Whether the platform carries the request out although it fails; by default only if the fault concerns
            the response itself.
        done: Deprecated name of *executed*.
    """

    KINDS = KINDS
    PREVENTING = frozenset(UNDONE)
    PATTERN = "operation"

    kind: str
    operation: str = "*"
    times: int | None = None
    after: int = 0
    code: str = ""
    status: int = 0
    message: str = ""
    seconds: float = 1.0
    executed: bool | None = None
    done: bool | None = field(default=None, repr=False, eq=False, kw_only=True)

    @property
    def acts(self) -> bool:
        """Deprecated: use :attr:`takes_effect`."""
        warnings.warn("Fault.acts is deprecated: use takes_effect", DeprecationWarning, stacklevel=2)
        return self.takes_effect


class Faults(engine.Faults[Fault]):
    """The rules in force; all that match a request apply to it."""

    TYPE = Fault

    def of_request(self, request: Request, operation: str | None) -> list[Fault]:
        """
        Return the faults of a request: that of its header, and those of all matching rules.

        Raises:
            ValueError: The header cannot be read.
        """
        header = request.header(HEADER)
        found = [Fault.of_header(header)] if header else []
        return found + self.match((operation or "", f"{request.method} {request.path}", request.path))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rules with how often each applied (``struck``), as JSON values; ``done`` repeats ``executed``."""
        return [{**asdict(fault), "done": fault.executed, "struck": hits} for fault, hits in self.hits()]
