"""The faults of the WeChat Pay sandbox: their kinds and settings."""

from __future__ import annotations

import json
import re
import warnings
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

from chainable.sandbox import faults as engine
from chainable.sandbox.patterns import can_mean
from chainable.spelling import similar_names
from wechatpay import catalogue
from wechatpay.sandbox import apiv2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from wechatpay.sandbox.http import Request

__all__ = [
    "CUTS",
    "HEADER",
    "KINDS",
    "MESSAGES",
    "SIGNATURE_KINDS",
    "STATUS_OF_CODE",
    "UNDONE",
    "Fault",
    "Faults",
    "values_of",
]

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
    **engine.NOTIFICATION_KINDS,
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

MESSAGES: Mapping[str, str] = {
    "USERPAYING": "用户支付中，需要输入密码",
    "PARAM_ERROR": "参数错误",
    "INVALID_REQUEST": "无效请求",
    "APPID_MCHID_NOT_MATCH": "商户号mchid与appid不匹配",
    "ORDER_CLOSED": "订单已关闭",
    "ORDERCLOSED": "订单已关闭",
    "ORDERPAID": "该订单已支付",
    "SIGN_ERROR": "签名错误，请检查后再试",
    "SIGNERROR": "签名错误",
    "NO_AUTH": "商户无权限",
    "NOAUTH": "商户无权限",
    "NOT_ENOUGH": "余额不足",
    "NOTENOUGH": "余额不足",
    "OUT_TRADE_NO_USED": "商户订单号重复",
    "RULE_LIMIT": "业务规则限制",
    "ACCOUNT_ERROR": "账号异常",
    "ACCOUNTERROR": "账号异常",
    "TRADE_ERROR": "交易错误",
    "USER_ACCOUNT_ABNORMAL": "用户账户异常",
    "ORDER_NOT_EXIST": "订单不存在",
    "ORDERNOTEXIST": "订单不存在",
    "RESOURCE_NOT_EXISTS": "查询的资源不存在",
    "NOT_FOUND": "记录不存在",
    "MCH_NOT_EXISTS": "商户号不存在",
    "REFUNDNOTEXIST": "退款订单查询失败",
    "FREQUENCY_LIMITED": "请求频率过高，请稍后重试",
    "RATELIMIT_EXCEEDED": "请求频率过高，请稍后重试",
    "SYSTEM_ERROR": "系统异常，请稍后重试",
    "SYSTEMERROR": "系统异常，请稍后重试",
    "BANK_ERROR": "银行系统异常",
    "BANKERROR": "银行系统异常",
    "SERVICE_UNAVAILABLE": "服务暂不可用，请稍后重试",
}
"""What the platform says with a code."""

BRAND = re.compile(r"([A-Z*]+ )?/?brand/")
"""The names of the operations of brands, which the catalogue does not have."""
PREFIX = re.compile(r"/(hk|global)/(?=v3/)")
"""What some access points have before ``v3``."""
CLOSE = 0.9
"""How similar a code is to another if it is a slip of it: one letter of twenty."""

MORE_CODES = """
SYSTEMERROR BANKERROR NOTENOUGH NOAUTH SIGNERROR ORDERPAID ORDERCLOSED ORDERNOTEXIST ORDERREVERSED REFUNDNOTEXIST
AUTHCODEEXPIRE AUTH_CODE_ERROR AUTH_CODE_INVALID NOTSUPORTCARD BUYER_MISMATCH TRADE_STATE_ERROR INVALID_TRANSACTIONID
BIZERR_NEED_RETRY REVERSE_EXPIRE XML_FORMAT_ERROR REQUIRE_POST_METHOD POST_DATA_EMPTY NOT_UTF8 LACK_PARAMS APPID_NOT_EXIST
MCHID_NOT_EXIST CERT_ERROR TRADE_OVERDUE NO_STATEMENT_EXIST STATEMENT_CREATING NOT_SHARE_ORDER ALREADY_EXISTS
METHOD_NOT_ALLOWED PAYERROR ERROR REFUND_NOT_EXISTS ORDER_PAID ACCOUNTERROR RATELIMIT_EXCEED OPENID_MISMATCH
INVALID_REQ_TOO_MUCH AMOUNT_LIMIT SENDNUM_LIMIT FREQ_LIMIT V2_ACCOUNT_SIMPLE_BAN
"""
CODES = frozenset({*STATUS_OF_CODE, *MORE_CODES.split()})
"""The error codes that are known here; the platform has more."""


@frozen
class Fault(engine.FaultRule):
    """
    One rule.

    Args:
        kind: One of :data:`KINDS`.
        operation: The requests that are meant: a pattern (``*``) for the operation's key or for verb and path. Of the
            notifications: ``notify TRANSACTION.SUCCESS``, the ``event_type`` or the slug of a v2 message.
        times: How often it applies; None for always.
        after: How many matching requests pass first.
        code: The error code of ``error``; ``SYSTEM_ERROR`` by default.
        status: The HTTP status of ``error``; by default that of the code.
        message: The error message.
        seconds: Of ``latency``; ``Retry-After`` of ``throttle``.
        executed: Whether the platform carries the request out although it fails; by default only if the fault concerns
            the response itself.
        match: Values that a request has to have in its path, body or query, or a notification in its content:
            ``{"out_refund_no": "R2", "amount.refund": ">=100"}``, or text, ``out_refund_no=R2, amount.refund>=100``.
            A dotted name leads into objects and lists; ``*`` stands for any text.
        done: Deprecated name of *executed*.

    Raises:
        ValueError: A value is out of range, or unknown: the kind, the event, or a code that resembles one of the
            platform's; with the nearest names.
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
    match: Mapping[str, str] = engine.matching()
    done: bool | None = field(default=None, repr=False, eq=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        event = self.operation.removeprefix(engine.NOTIFY)
        if self.code not in CODES and similar_names(self.code, CODES, CLOSE):
            engine.refuse_unknown("code", self.code, CODES, "")
        if event != self.operation and "*" not in event:
            events = {each.name for each in catalogue.events()}
            if event not in events:
                engine.refuse_unknown("operation", event, events, "wechatpay.catalogue.events()")

    @property
    def acts(self) -> bool:
        """Deprecated: use :attr:`takes_effect`."""
        warnings.warn("Fault.acts is deprecated: use takes_effect", DeprecationWarning, stacklevel=2)
        return self.takes_effect


class Faults(engine.Faults[Fault]):
    """
    The rules in force; all that match a request apply to it.

    Args:
        faults: The first ones.
        strict: Returns whether the sandbox refuses operations that the catalogue does not have: then there are no
            others that a fault can mean.
    """

    TYPE = Fault

    def __init__(self, faults: Iterable[Fault] = (), *, strict: Callable[[], bool] = lambda: True) -> None:
        self.strict = strict
        super().__init__(faults)

    def check(self, fault: Fault) -> None:
        """Raise ValueError if the catalogue has no operation, or no event, that the pattern can mean."""
        pattern = fault.operation
        if pattern == "*" or not self.strict() or BRAND.match(pattern):
            return
        event = pattern.removeprefix(engine.NOTIFY)
        if event != pattern:
            events = {each.name for each in catalogue.events()}
            if not any(fnmatchcase(each, event) for each in events):
                engine.refuse_unknown("operation", event, events, "wechatpay.catalogue.events()")
        elif catalogue.operation(pattern) is None:
            keys = [each.key for each in catalogue.operations()]
            found = PREFIX.sub("/", pattern)
            if not any(fnmatchcase(key, found) for key in keys) and not any(
                can_mean(found, name) for key in keys for name in spellings(key)
            ):
                known = {*keys, *(f"{start}/*" for key in keys for start in starts(key))} if "*" in found else keys
                engine.refuse_unknown("operation", pattern, known, "wechatpay.catalogue.operations()")

    def of_request(
        self, request: Request, operation: str | None, values: Callable[[], Mapping[str, Any]] | None = None
    ) -> list[Fault]:
        """
        Return the faults of a request: that of its header, and those of all matching rules.

        Raises:
            ValueError: The header cannot be read.
        """
        header = request.header(HEADER)
        found = [Fault.of_header(header)] if header else []
        return found + self.match((operation or "", f"{request.method} {request.path}", request.path), values)

    def of_notification(self, event: str, content: Mapping[str, Any]) -> Fault | None:
        """Return the fault of a notification with this event type, or slug, and content: that of the first rule."""
        found = self.match((f"{engine.NOTIFY}{event}",), lambda: content, engine.NOTIFICATION_KINDS)
        return found[0] if found else None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rules with how often each applied (``struck``), as JSON values; ``done`` repeats ``executed``."""
        return [{**asdict(fault), "done": fault.executed, "struck": hits} for fault, hits in self.hits()]


def values_of(request: Request, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what a request says by name: in its query, its body (JSON or XML) and its path."""
    try:
        read = apiv2.read if request.body.lstrip().startswith(b"<") else json.loads
        body = read(request.body or b"{}")
    except (ValueError, RecursionError):
        body = {}
    return {**request.query, **(body if isinstance(body, dict) else {}), **variables}


def spellings(key: str) -> tuple[str, str, str]:
    """Return the names that a fault can call an operation by: its key, verb and path, path."""
    verb, _, path = key.partition(" ")
    sent = path.removeprefix("v2/")
    return key, f"{verb} /{sent}", f"/{sent}"


def starts(key: str) -> Iterator[str]:
    """Return verb and path of an operation without its last segments."""
    found = key
    while "/" in found:
        found = found.rpartition("/")[0]
        yield found
