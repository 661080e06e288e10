"""
The classes of the platform's refusals, as data.

https://open.taobao.com/doc.htm?docId=645&docType=1&source=search

Gateways at ``/sync`` (AliExpress, Lazada) answer in the same shape, with words in place of numbers:
https://open.alitrip.com/docs/doc.htm?articleId=108138&docType=1&treeId=499
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from chainable.i18n import Words
from chainable.throttling import ban_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

__all__ = ["BUSINESS", "MOVED", "RULES", "SYNC_RULES", "Rule", "advice_on", "rule_of", "seconds_to_wait"]


class Rule(NamedTuple):
    """
    One class of refusals.

    Attributes:
        name: Its name in this library.
        codes: Its codes; empty for any.
        sub_codes: Its sub codes, as a pattern matched from their beginning.
        retry_policy: Which calls may be sent again: ``any``, ``reads`` or ``none``.
        advice: How to fix it.
        chinese: The same in Chinese.
        throttled: Whether the call came too often, and was refused before it was carried out.
        session_expired: Whether the session has to be refreshed or authorised again.
        wait: The seconds to wait if the platform does not say them; None if they are unknown.
    """

    name: str
    codes: frozenset[str]
    sub_codes: str
    retry_policy: str
    advice: str
    chinese: str
    throttled: bool = False
    session_expired: bool = False
    wait: float | None = None


def _codes(*codes: int | str) -> frozenset[str]:
    return frozenset(map(str, codes))


_ANY = _codes()

RULES = (
    Rule("quota", _ANY, r"accesscontrol\.limited-by-app-access-count", "any",
         "the app's quota of calls is used up; it starts again at 24:00 Beijing time",
         "应用当天的调用次数已用完，北京时间 24:00 起重新计数", throttled=True),
    Rule("throttled", _ANY, r"accesscontrol\.limited-by|isp\.call-limited", "any",
         "the call came too often and was not carried out: wait, and space the calls out (limiter=)",
         "调用过于频繁，本次没有执行：请等待，并放慢调用（limiter=）", throttled=True),
    Rule("throttled", _codes(4, 5, 6, 7, 8), r"", "any",
         "the call came too often and was not carried out: wait, and space the calls out (limiter=)",
         "调用过于频繁，本次没有执行：请等待，并放慢调用（limiter=）", throttled=True),
    Rule("rejection", _ANY, r"is[pvm]\.[\w.-]*service-rejection", "any",
         "the service rejects calls for some minutes and did not carry this one out: wait, then ask for less at a time",
         "服务在几分钟内拒绝调用，本次没有执行：请等待，之后缩短查询的时间间隔", throttled=True, wait=180.0),
    Rule("shape", _ANY, r"isp\.(top-)?(parse|mapping-parse)-error", "none",
         "the service behind the gateway could not read a parameter: compare names and types with the method's page",
         "网关背后的服务读不懂某个参数：请对照文档核对名称与类型"),
    Rule("fault", _ANY, r"isp\.", "reads",
         "the service behind the gateway failed; a write may have been carried out: ask for its state first",
         "网关背后的服务出错；写操作可能已经执行：请先查询状态"),
    Rule("fault", _codes(10), r"", "reads",
         "the gateway is unavailable; a write may have been carried out: ask for its state first",
         "网关暂不可用；写操作可能已经执行：请先查询状态"),
    Rule("platform", _codes(1), r"", "reads",
         "the gateway failed before it carried the call out: try again later",
         "网关在执行前出错：请稍后重试"),
    Rule("platform", _codes(2), r"", "none",
         "the platform blocks the app, or no longer serves this method here: see the console and the method's page",
         "平台已封禁该应用，或此处不再提供该接口：请查看控制台与接口文档"),
    Rule("session", _codes(27, 44), r"", "none",
         "the session is expired, withdrawn, or of another app_key: refresh it, or let the seller authorise again",
         "session 已过期、已被取消，或属于另一个 app_key：请刷新，或让卖家重新授权",
         session_expired=True),
    Rule("session", _ANY, r"(isv\.)?invalid-sessionkey|(isv\.)?sessionkey-", "none",
         "the session is expired, withdrawn, or of another app_key: refresh it, or let the seller authorise again",
         "session 已过期、已被取消，或属于另一个 app_key：请刷新，或让卖家重新授权",
         session_expired=True),
    Rule("session", _codes(26), r"", "none", "this method needs a session: give session= to the client or the call",
         "此接口需要 session：请在客户端或本次调用中给出 session="),
    Rule("session", _codes(42), r"", "none",
         "the session's authorisation does not reach so far or so long: let the seller authorise again",
         "session 的授权范围或时长不足：请让卖家重新授权"),
    Rule("permission", _codes(11), r"", "none",
         "the app has no permission for this method, or this machine's address is not on its list: see the console",
         "应用没有此接口的权限，或本机地址不在白名单中：请到控制台核对"),
    Rule("permission", _codes(12), r"", "none", "the seller's authorisation does not cover this method",
         "卖家的授权不包含此接口"),
    Rule("permission", _codes(13), r"", "none", "the partner has no permission for this method",
         "合作伙伴没有此接口的权限"),
    Rule("signature", _codes(25), r"", "none",
         "the gateway computed another signature: .explain() shows the string that was signed",
         "网关算出的签名不同：.explain() 会列出所签的字符串"),
    Rule("clock", _codes(31), r"", "none",
         "the time differs from the gateway's by more than 10 minutes: .explain() compares them",
         "时间与网关相差超过 10 分钟：.explain() 会对比两者"),
    Rule("platform", _codes(21, 22), r"", "none", "there is no such method on this gateway: compare the name's spelling",
         "此网关没有这个接口：请核对名称的拼写"),
    Rule("platform", _codes(28, 29), r"", "none", "the app_key is unknown here: is it that of this environment?",
         "此处不认识这个 app_key：它属于这个环境吗？"),
    Rule("platform", _codes(24, 30, 32, 33, 34), r"", "none",
         "a public parameter did not arrive: is something between here and the gateway changing requests?",
         "缺少公共参数：途中是否有什么改动了请求？"),
    Rule("platform", _codes(3), r"", "none", "the file could not be taken: compare its size and kind with the method's page",
         "文件未被接受：请对照文档核对大小与类型"),
    Rule("platform", _codes(9), r"", "none", "uploads have to be sent as POST",
         "上传文件必须用 POST"),
    Rule("platform", _codes(23), r"", "none", "format has to be 'json' or 'xml'",
         "format 只能是 json 或 xml"),
    Rule("platform", _codes(40), r"", "none", "a required parameter is missing",
         "缺少必填参数"),
    Rule("platform", _codes(41, 43), r"", "none", "a parameter has a form the method does not take",
         "某个参数的写法不被此接口接受"),
    Rule("platform", _codes(47), r"", "none", "the parameters have to be UTF-8",
         "参数必须是 UTF-8"),
)  # fmt: skip
"""The classes; the first match counts. Other codes, such as 15 and 50, are refusals of the business."""

SYNC_RULES = (
    Rule("throttled", _codes("ApiCallLimit", "AppCallLimit", "SellerCallLimit"), r"", "any",
         "the call came too often and was not carried out: wait, and space the calls out (limiter=)",
         "调用过于频繁，本次没有执行：请等待，并放慢调用（limiter=）", throttled=True),
    Rule("fault", _codes("ServiceTimeout", "UnknownRuntimeException"), r"", "reads",
         "the service behind the gateway failed; a write may have been carried out: ask for its state first",
         "网关背后的服务出错；写操作可能已经执行：请先查询状态"),
    Rule("session", _codes("IllegalAccessToken", "InvalidAccessToken", "IllegalRefreshToken"), r"", "none",
         "the access token is expired, withdrawn, or of another app: refresh it, or let the seller authorise again",
         "access_token 已过期、已被取消，或属于另一个应用：请刷新，或让卖家重新授权",
         session_expired=True),
    Rule("session", _codes("MissingAccessToken"), r"", "none",
         "this method needs a session: give session= to the client or the call",
         "此接口需要 session：请在客户端或本次调用中给出 session="),
    Rule("permission", _codes("InsufficientPermission"), r"", "none",
         "the app has no permission for this method: see the console", "应用没有此接口的权限：请到控制台核对"),
    Rule("permission", _codes("AppWhiteIpLimit"), r"", "none",
         "this machine's address is not on the app's list: see the console", "本机地址不在应用的白名单中：请到控制台核对"),
    Rule("signature", _codes("IncompleteSignature", "InvalidSignature"), r"", "none",
         "the gateway computed another signature: it takes sign_method='sha256'; "
         ".explain() shows the string that was signed",
         "网关算出的签名不同：它使用 sign_method='sha256'；.explain() 会列出所签的字符串"),
    Rule("clock", _codes("IllegalTimestamp", "InvalidTimestamp"), r"", "none",
         "the time differs from the gateway's by more than two hours: .explain() compares them",
         "时间与网关相差超过两小时：.explain() 会对比两者"),
    Rule("platform", _codes("InvalidAppKey", "AppKeyNotExist"), r"", "none",
         "the app_key is unknown here: is it that of this environment?", "此处不认识这个 app_key：它属于这个环境吗？"),
    Rule("platform", _codes("InvalidApiPath"), r"", "none",
         "there is no such method on this gateway: compare the name's spelling", "此网关没有这个接口：请核对名称的拼写"),
    Rule("platform", _codes("MissingParameter"), r"", "none", "a required parameter is missing", "缺少必填参数"),
)  # fmt: skip
"""The classes of the codes at ``/sync``, which are words."""

BUSINESS = Rule("business", _ANY, r"", "none", "", "业务拒绝：请看 sub_code 与 sub_msg，再核对业务数据")
"""The class of all other refusals."""


class _Moved(NamedTuple):
    """The platform that methods have moved to."""

    host: str
    advice: Words


MOVED = {
    "aliexpress.": _Moved(
        "aliexpress.com",
        Words(
            "aliexpress.* methods have moved: make an app at openservice.aliexpress.com, and a client with "
            "gateway='https://api-sg.aliexpress.com/sync' and sign_method='sha256'",
            "aliexpress.* 接口已迁移：请在 openservice.aliexpress.com 创建应用，并用 "
            "gateway='https://api-sg.aliexpress.com/sync'、sign_method='sha256' 创建客户端",
        ),
    )
}
"""Methods that TOP no longer serves, by the beginning of their names."""

_GONE = frozenset({"2", "22", "29"})
"""The codes that a gateway has for methods and apps of another platform."""
_NO_METHOD = frozenset({"22", "InvalidApiPath"})
_DAY = 86_400
_BEIJING = 8 * 3600


def rule_of(code: str, sub_code: str) -> Rule:
    """Return the class of a refusal."""
    for rule in RULES if not code or code.isdecimal() else (*SYNC_RULES, *RULES):
        if (not rule.codes or code in rule.codes) and re.match(rule.sub_codes, sub_code):
            return rule
    return BUSINESS


def seconds_to_wait(rule: Rule, words: str, now: Callable[[], float]) -> float | None:
    """Return the seconds to wait, from the platform's words or by the rule."""
    seconds = ban_seconds(words)
    if seconds is not None:
        return seconds
    return _DAY - (now() + _BEIJING) % _DAY if rule.name == "quota" else rule.wait


def advice_on(rule: Rule, code: str, method: str, response: requests.Response | None) -> str:
    """Return what to do about a refusal; empty if it is unknown."""
    if code in _GONE:
        host = "" if response is None else urlsplit(str(response.request.url)).hostname or ""
        for prefix, moved in MOVED.items():
            if method.startswith(prefix) and not host.endswith(moved.host):
                return moved.advice
    if code in _NO_METHOD and method.endswith("_async"):
        call = f"client.{method.removesuffix('_async')}.post_async(…)"
        return Words(f"a promise is made with .post_async: {call}", f"异步调用请用 .post_async：{call}")
    return Words(rule.advice, rule.chinese) if rule.advice else ""
