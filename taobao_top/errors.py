"""
The platform's refusals: their classes, as data, and their exception.

https://open.taobao.com/doc.htm?docId=645&docType=1&source=search

Gateways at ``/sync`` (AliExpress, Lazada) answer in the same shape, with words in place of numbers:
https://open.alitrip.com/docs/doc.htm?articleId=108138&docType=1&treeId=499
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.errors import APIError
from chainable.i18n import Words, translate
from chainable.lazy import lazy_attributes
from chainable.path import fold
from chainable.times import system_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from taobao_top.error_rules import BUSINESS, RULES, SYNC_RULES, Rule, rule_of

__all__ = ["BUSINESS", "RULES", "SYNC_RULES", "Rule", "TopError", "caused_by", "is_read", "rule_of", "top_error"]

# The tables are imported with the first error.
__getattr__ = lazy_attributes(
    __name__, dict.fromkeys(("BUSINESS", "RULES", "SYNC_RULES", "Rule", "rule_of"), "taobao_top.error_rules")
)


READS = frozenset({"count", "detail", "details", "find", "get", "list", "query", "search"})
"""The last words of the names of read-only methods."""

ALLOCATING = frozenset(
    {
        "alibaba.nazca.token.authapply.get",
        "alibaba.nazca.token.changeauthapply.get",
        "alibaba.nazca.token.issuecertapply.get",
        "cainiao.waybill.ii.get",
        "taobao.top.once.token.get",
        "taobao.wlb.crossborder.waybill.get",
        "taobao.wlb.imports.waybill.get",
        "taobao.wlb.waybill.i.get",
        "taobao.wlb.waybill.shengxian.get",
    }
)
"""Methods named like reads that issue a new number, certificate or token each time."""


def is_read(method: str) -> bool:
    """Return whether a method only reads, judged by its name, so that repeating it changes nothing."""
    last = method.rpartition(".")[2]
    # Folded, in case the gateway accepts other spellings of the name.
    return (last in READS or last.endswith(("query", "search"))) and fold(method) not in ALLOCATING


class TopError(APIError):
    """
    A refusal of the platform; see :class:`chainable.APIError` for the common attributes.

    Args:
        message: One line: method, code, the platform's message, how to fix it.
        sub_code: The service's own code, such as ``isv.invalid-parameter``.
        sub_msg: The service's message.
        throttled: Whether the call came too often; ``retry_after`` has the seconds, if known.
        session_expired: Whether the session has to be refreshed or authorised again.
        others: The arguments of :class:`chainable.APIError`.
    """

    def __init__(
        self,
        message: str,
        *,
        sub_code: str = "",
        sub_msg: str = "",
        throttled: bool = False,
        session_expired: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(message, **others)
        self.sub_code = sub_code
        self.sub_msg = sub_msg
        self.throttled = throttled
        self.slack = 1.0 if throttled else 0.0  # the platform rounds a ban's seconds down
        self.session_expired = session_expired


def top_error(
    error: Mapping[str, Any],
    *,
    method: str,
    repeatable: bool,
    now: Callable[[], float] = system_time,
    request_id: str | None = None,
    response: requests.Response | None = None,
    explain: Callable[[Rule], Callable[[], str] | None] = lambda _: None,
) -> TopError:
    """
    Build the error of an ``error_response``.

    Args:
        error: Its members; ``foreign`` says that the code is another platform's.
        method: The called method.
        repeatable: Whether the call may be sent twice.
        now: Returns seconds since 1970, for a quota that ends with the day.
        request_id: The request id outside the error's members.
        response: The whole response.
        explain: Returns the function behind ``explain()`` for a class, or None.
    """
    from taobao_top.error_rules import BUSINESS, advice_on, rule_of, seconds_to_wait

    code, message, sub_code, sub_msg = (_text(error.get(name)) for name in ("code", "msg", "sub_code", "sub_msg"))
    message = message or _text(error.get("message"))  # in refusals of /sync without error_response
    rule = BUSINESS if error.get("foreign") is True else rule_of(code, sub_code)
    words = ": ".join(word for word in (message, sub_code, sub_msg) if word)
    advice = advice_on(rule, code, method, response)
    return TopError(
        Words(
            f"{method}: code {code or '?'}: {words}" + (f" ({advice})" if advice else ""),
            f"{method}：错误码 {code or '?'}：{words}" + (f"（{translate(advice, 'zh')}）" if advice else ""),
        ),
        code=code,
        sentence=message or sub_msg or None,
        sub_code=sub_code,
        sub_msg=sub_msg,
        detail=dict(error),
        status_code=None if response is None else response.status_code,
        request_id=_text(error.get("request_id")) or request_id,
        retryable=rule.retry_policy == "any" or (rule.retry_policy == "reads" and repeatable),
        retry_after=seconds_to_wait(rule, f"{sub_msg} {message}", now) if rule.throttled else None,
        maybe_sent=rule.name in {"fault", "business"},
        throttled=rule.throttled,
        session_expired=rule.session_expired,
        response=response,
        explain=explain(rule),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def caused_by(refusal: TopError, failure: Exception) -> Exception:
    """
    Return the error of a renewal that failed after a session was refused.

    The refusal is its cause; an error without a code, such as that of a token
    that cannot be refreshed, gets the code and ids of the refusal.
    """
    if failure.__cause__ is None:
        failure.__cause__ = refusal
    if isinstance(failure, TopError) and not failure.code:
        for name in ("code", "sub_code", "sub_msg", "request_id", "status_code", "detail", "response"):
            setattr(failure, name, getattr(refusal, name))
    return failure
