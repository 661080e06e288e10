"""
What is wrong with a configuration for TOP: app, gateway, signature, session.

::

    for finding in examine(settings):
        print(finding.state, finding.check, finding.found)

Official pages: https://open.taobao.com/doc.htm?docId=101617&docType=1 (calls),
https://open.taobao.com/doc.htm?docId=114&docType=1 (errors)
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import requests

from chainable.cli.findings import GOOD, bad, good, warning
from chainable.cli.outcomes import NETWORK, REFUSED
from chainable.cli.reach import authority, past_the_proxy, proxy, reach, usable
from chainable.cli.words import Words
from chainable.errors import ChainableError
from taobao_top.client import GATEWAY, TaobaoTop
from taobao_top.doctor import spi
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.findings import Finding

__all__ = ["examine"]

_GATEWAY = "taobao.time.get"
_AUTHORISED = Words("session, at the platform", "session（平台侧）")
_CLIENT = Words("client", "客户端")
_CLOCK = Words("clock", "时钟")
_MISSING = Words("is missing", "缺失")
_WHITE = Words("has white space around it", "前后有空白字符")
_REMOVE = Words("Remove the blanks.", "去掉空白。")
_READ = Words("Do what the message says.", "按提示处理。")
_CODES = {
    "25": (
        Words("The secret is another app's, or was reset.", "app_secret 属于别的应用，或已重置。"),
        Words("Copy app_secret from the console once more.", "从控制台重新复制 app_secret。"),
    ),
    "28": (
        Words("The platform got no app_key.", "平台没有收到 app_key。"),
        Words("Give TAOBAO_TOP_APP_KEY.", "设置 TAOBAO_TOP_APP_KEY。"),
    ),
    "29": (
        Words("The platform does not know this app_key.", "平台不认识这个 app_key。"),
        Words("Copy it from the console; test and live apps differ.", "从控制台复制；沙箱与正式应用不同。"),
    ),
    "26": (
        Words("This call wants a seller's session.", "该调用需要卖家授权的 session。"),
        Words("Give TAOBAO_TOP_SESSION.", "设置 TAOBAO_TOP_SESSION。"),
    ),
    "27": (
        Words("The session has expired, or is another app's.", "session 已过期，或属于别的应用。"),
        Words("Let the seller authorise again.", "请卖家重新授权。"),
    ),
    "31": (
        Words("The clock of this machine is wrong by more than ten minutes.", "本机时钟偏差超过十分钟。"),
        Words("Set it; keep it by NTP.", "校准时钟，并用 NTP 保持。"),
    ),
    "11": (
        Words("The app lacks the package of this API.", "应用没有该接口的权限包。"),
        Words("Apply for it in the console.", "在控制台申请。"),
    ),
    "7": (
        Words("The app has called too often.", "应用调用过于频繁。"),
        Words("Wait for the ban to end.", "等限流解除。"),
    ),
}


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    spi_url: str | None = None,
    clock: Callable[[], float] = time.time,
    timeout: float = 5.0,
) -> Iterator[Finding]:
    """
    Look at everything, one thing after the other.

    Args:
        settings: As ``TaobaoTop.from_env`` reads them, names in lower case.
        offline: Look at the settings only, ask nobody.
        spi_url: Where the platform calls the app; it is sent a forged call.
        clock: Gives Unix time in seconds.
        timeout: Seconds for each step.
    """
    texts = list(_texts(settings))
    if settings.get("ca") is not None:
        texts.insert(0, authority(settings["ca"]))
        if texts[0].code:
            settings = {name: value for name, value in settings.items() if name != "ca"}
    yield from texts
    broken = any(finding.code for finding in texts)
    if offline:
        if not broken:
            top, finding = _made(settings, clock)
            yield finding
            if top is not None:
                top.close()
        return
    yield from _online(settings, clock, timeout, broken=broken)
    if spi_url is not None:
        yield from spi.examine(spi_url, settings.get("ca"), str(settings.get("app_key", "")), clock, timeout)


def _online(
    settings: Mapping[str, Any], clock: Callable[[], float], timeout: float, *, broken: bool
) -> Iterator[Finding]:
    gateway, ca = str(settings.get("gateway") or GATEWAY), settings.get("ca")
    steps: list[Finding] = []
    if usable(gateway):  # what is wrong with another, the client says
        way = proxy(gateway)
        direct = reach(gateway, ca, timeout)
        steps = [way, *(direct if way.state == GOOD else past_the_proxy(direct))]
    yield from steps
    if broken or any(finding.code for finding in steps):
        return
    top, finding = _made(settings, clock)
    yield finding
    if top is not None:
        with top:
            yield from _calls(top, settings)


def _made(settings: Mapping[str, Any], clock: Callable[[], float]) -> tuple[TaobaoTop | None, Finding]:
    """Make the client, which calls nobody yet."""
    given = {name: value for name, value in settings.items() if name != "ca"}
    try:
        top = TaobaoTop(**given, verify=settings.get("ca"), clock=clock, retries=0)
    except ValueError as error:
        return None, bad(
            _CLIENT,
            Words(str(error), f"出错：{error}"),
            Words("No client can be made of these settings.", "这些配置无法构造客户端。"),
            Words("Mend what the message names.", "按提示修正。"),
        )
    return top, good(_CLIENT, Words(f"made for {settings['app_key']}", f"应用 {settings['app_key']} 的客户端可用"))


def _texts(settings: Mapping[str, Any]) -> Iterator[Finding]:
    key, secret, session = (str(settings.get(name) or "") for name in ("app_key", "app_secret", "session"))
    if not re.fullmatch(r"\d{5,12}", key):
        found = _MISSING if not key else Words("is not a number of 5 to 12 digits", "不是 5 到 12 位数字")
        yield bad(
            "app_key",
            found,
            Words("Every call names the app.", "每次调用都要写明应用。"),
            Words("Copy the App Key from the console.", "从控制台复制 App Key。"),
        )
    else:
        yield good("app_key", key)
    yield _secret(secret)
    if not session:
        yield warning(
            "session",
            Words("is not given", "未提供"),
            Words("Calls about a seller's own data are refused (code 26).", "涉及卖家数据的调用会被拒（错误码 26）。"),
            Words("Authorise a seller.", "请卖家授权。"),
        )
    elif session != session.strip():
        yield bad("session", _WHITE, Words("It is taken literally: code 27.", "会被原样使用：错误码 27。"), _REMOVE)
    else:
        yield good("session", Words(f"{len(session)} characters", f"{len(session)} 个字符"))


def _secret(secret: str) -> Finding:
    if not secret:
        return bad(
            "app_secret",
            _MISSING,
            Words("Nothing can be signed.", "无法签名。"),
            Words("Copy the App Secret from the console.", "从控制台复制 App Secret。"),
        )
    if secret != secret.strip():
        return bad("app_secret", _WHITE, Words("It is taken literally: code 25.", "会被原样使用：错误码 25。"), _REMOVE)
    if not re.fullmatch(r"[0-9A-Za-z]{32}", secret):
        return warning(
            "app_secret",
            Words(f"has {len(secret)} characters", f"长 {len(secret)} 个字符"),
            Words("Those of the platform have 32 letters and digits.", "平台的密钥是 32 位字母和数字。"),
            Words("Compare it with the console.", "与控制台核对。"),
        )
    return good("app_secret", Words("32 letters and digits", "32 位字母和数字"))


def _calls(top: TaobaoTop, settings: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        offset = top.clock_offset()
    except (ChainableError, requests.RequestException) as error:
        yield _told(_GATEWAY, error)
        return
    yield good(_GATEWAY, Words("the signature is accepted", "签名被接受"))
    finding = _clock(offset)
    yield finding
    if settings.get("session") and not finding.code:
        try:
            top["taobao.user.seller.get"].post(fields="user_id")
        except (ChainableError, requests.RequestException) as error:
            yield _told(_AUTHORISED, error)
        else:
            yield good(_AUTHORISED, Words("accepted", "有效"))


def _clock(offset: float) -> Finding:
    if abs(offset) < 30:
        return good(_CLOCK, Words("as the platform's", "与平台一致"))
    told = Words(
        f"{abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the platform's",
        f"比平台{'慢' if offset > 0 else '快'} {abs(offset):.0f} 秒",
    )
    mend = Words(
        "Set it, keep it by NTP; top.adjust_clock() corrects for it meanwhile.",
        "校准时钟，并用 NTP 保持；top.adjust_clock() 可暂时修正。",
    )
    if abs(offset) < 600:
        return warning(_CLOCK, told, Words("600 s are the limit.", "上限为 600 秒。"), mend)
    return bad(_CLOCK, told, Words("Calls are refused with code 31.", "调用会被拒（错误码 31）。"), mend)


def _told(check: str, error: Exception) -> Finding:
    if isinstance(error, TopError):
        if not error.code:
            return bad(
                check,
                Words(str(error), f"HTTP 状态 {error.status_code}，不是网关的应答"),
                Words("What answers there is not the gateway.", "应答的不是网关。"),
                Words(
                    f"Compare the path of the gateway with {GATEWAY}, and look for a proxy in the way.",
                    f"与 {GATEWAY} 核对网关路径，并检查中间的代理。",
                ),
                REFUSED,
            )
        meaning, mend = _CODES.get(error.code, (Words("The platform refused the call.", "平台拒绝了调用。"), _READ))
        said = f"平台返回错误码 {error.code} {error.sub_code or ''}".rstrip()
        reason = error.sub_msg or (error.detail or {}).get("msg", "")
        return bad(check, Words(str(error), f"{said}：{reason}"), meaning, mend, REFUSED)
    if isinstance(error, requests.RequestException):
        return bad(
            check,
            Words(str(error), f"网络错误：{error}"),
            Words("The call did not come through.", "调用没有送达。"),
            Words("See the gateway above.", "见上面的网关检查。"),
            NETWORK,
        )
    return bad(
        check,
        Words(str(error), f"出错：{error}"),
        Words("The call could not be made.", "无法发起调用。"),
        Words("Mend what the message names.", "按提示修正。"),
    )
