"""
Run the checks in order: settings, gateway, calls, SPI.

Official pages: https://open.taobao.com/doc.htm?docId=101617&docType=1 (calls),
https://open.taobao.com/doc.htm?docId=114&docType=1 (errors)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import requests

from chainable.cli.checks import FOLLOW, bad, call_failed, good, make_client, warning
from chainable.cli.connectivity import MOVED, check_ca, check_way, is_loopback_url, is_url
from chainable.cli.exit_codes import REFUSED
from chainable.cli.i18n import Words
from chainable.cli.installation import check_installation
from chainable.errors import ChainableError
from chainable.times import system_time
from taobao_top.cli.doctor import spi_url as spi_url_checks
from taobao_top.client import GATEWAY, TaobaoTop
from taobao_top.errors import TopError
from taobao_top.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.checks import Finding

__all__ = ["examine"]

_GATEWAY = "taobao.time.get"
_AUTHORISED = Words("session, at the platform", "session（平台验证）")
_CLOCK = Words("clock", "时钟")
_MISSING = Words("is missing", "缺失")
_WHITE = Words("has white space around it", "前后有空白字符")
_REMOVE = Words("Remove the white space.", "去掉空白字符。")
_STALE = "31"
_CODES = {
    "25": (
        Words("The secret belongs to another app, or was reset.", "app_secret 属于别的应用，或已重置。"),
        Words("Copy app_secret from the console again.", "从控制台重新复制 app_secret。"),
    ),
    "28": (
        Words("The platform received no app_key.", "平台没有收到 app_key。"),
        Words("Set TAOBAO_TOP_APP_KEY.", "设置 TAOBAO_TOP_APP_KEY。"),
    ),
    "29": (
        Words("The platform does not know this app_key.", "app_key 不存在。"),
        Words("Copy it from the console; test and live apps differ.", "从控制台复制；沙箱应用与正式应用不同。"),
    ),
    "26": (
        Words("This call needs a seller's session.", "该调用需要卖家授权的 session。"),
        Words("Set TAOBAO_TOP_SESSION.", "设置 TAOBAO_TOP_SESSION。"),
    ),
    "27": (
        Words("The session has expired, or belongs to another app.", "session 已过期，或属于别的应用。"),
        Words("Ask the seller to authorise again.", "请卖家重新授权。"),
    ),
    _STALE: (
        Words("The clock of this machine is off by more than ten minutes.", "本机时钟偏差超过十分钟。"),
        Words("Set it, and synchronise it by NTP.", "校准时钟，并用 NTP 保持同步。"),
    ),
    "11": (
        Words("The app has no permission package for this API.", "应用没有该接口的权限包。"),
        Words("Apply for it in the console.", "在控制台申请。"),
    ),
    "7": (
        Words("The app exceeded its call limit.", "应用调用超过频率限制。"),
        Words("Wait until the ban ends.", "等待限流解除。"),
    ),
}


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    spi_url: str | None = None,
    clock: Callable[[], float] = system_time,
    timeout: float = 5.0,
) -> Iterator[Finding]:
    """
    Run all checks, one after the other.

    Args:
        settings: As ``TaobaoTop.from_env`` reads them, names in lower case.
        offline: Whether to check the settings only.
        spi_url: The URL of the app's SPI; a forged call is sent to it.
        clock: Returns Unix time in seconds.
        timeout: Seconds for each step.
    """
    replaced = list(check_installation())
    findings = list(_settings(settings))
    if settings.get("ca") is not None:
        findings.insert(0, check_ca(settings["ca"]))
        if findings[0].code:
            settings = {name: value for name, value in settings.items() if name != "ca"}
    yield from (*replaced, *findings)
    broken = bool(replaced) or any(finding.code for finding in findings)
    if offline or replaced:
        if not broken:
            top, finding = _make_client(settings, clock)
            yield finding
            if top is not None:
                top.close()
        return
    yield from _online(settings, clock, timeout, broken=broken)
    if spi_url is not None:
        yield from spi_url_checks.examine(spi_url, settings.get("ca"), str(settings.get("app_key", "")), clock, timeout)


def _online(
    settings: Mapping[str, Any], clock: Callable[[], float], timeout: float, *, broken: bool
) -> Iterator[Finding]:
    gateway, ca = str(settings.get("gateway") or GATEWAY), settings.get("ca")
    steps: list[Finding] = []
    if is_url(gateway):  # the client refuses another
        steps = list(check_way([gateway], ca, timeout))
    yield from steps
    if broken or any(finding.code for finding in steps):
        return
    top, finding = _make_client(settings, clock)
    yield finding
    if top is not None:
        with top:
            yield from _calls(top, settings)


def _make_client(settings: Mapping[str, Any], clock: Callable[[], float]) -> tuple[TaobaoTop | None, Finding]:
    given = {name: value for name, value in settings.items() if name != "ca"}
    key = settings["app_key"]
    return make_client(
        lambda: TaobaoTop(**given, verify=settings.get("ca"), clock=clock, retries=0),
        lambda _: Words(f"made for app {key}", f"应用 {key} 的客户端已创建"),
        explain,
    )


def _settings(settings: Mapping[str, Any]) -> Iterator[Finding]:
    key, secret, session = (str(settings.get(name) or "") for name in ("app_key", "app_secret", "session"))
    if not re.fullmatch(r"\d{5,12}", key):
        found = _MISSING if not key else Words("is not a number of 5 to 12 digits", "不是 5 到 12 位数字")
        yield bad(
            "app_key",
            found,
            Words("Every call carries the App Key.", "每次调用都要带 App Key。"),
            Words("Copy the App Key from the console.", "从控制台复制 App Key。"),
        )
    else:
        yield good("app_key", key)
    yield _secret(secret)
    if not session:
        yield warning(
            "session",
            Words("is not given", "未提供"),
            Words("Calls for a seller's data are refused (code 26).", "涉及卖家数据的调用会被拒绝（错误码 26）。"),
            Words("Ask a seller to authorise the app.", "请卖家授权。"),
        )
    elif session != session.strip():
        yield bad(
            "session", _WHITE, Words("It is used literally: error code 27.", "会被原样使用，返回错误码 27。"), _REMOVE
        )
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
        return bad(
            "app_secret",
            _WHITE,
            Words("It is used literally: error code 25.", "会被原样使用，返回错误码 25。"),
            _REMOVE,
        )
    if not re.fullmatch(r"[0-9A-Za-z]{32}", secret):
        return warning(
            "app_secret",
            Words(f"has {len(secret)} characters", f"长 {len(secret)} 个字符"),
            Words("The platform's secrets have 32 letters and digits.", "App Secret 应为 32 位字母和数字。"),
            Words("Compare it with the console.", "与控制台核对。"),
        )
    return good("app_secret", Words("32 letters and digits", "32 位字母和数字"))


def _calls(top: TaobaoTop, settings: Mapping[str, Any]) -> Iterator[Finding]:
    local = is_loopback_url(top.settings.gateway)
    try:
        offset = top.clock_offset()
    except (ChainableError, requests.RequestException) as error:
        yield _error_finding(_GATEWAY, error, local=local)
        return
    yield good(_GATEWAY, Words("signature accepted", "签名被接受"))
    finding = _clock(offset, local=local)
    yield finding
    if settings.get("session") and not finding.code:
        try:
            top["taobao.user.seller.get"].post(fields="user_id")
        except (ChainableError, requests.RequestException) as error:
            yield _error_finding(_AUTHORISED, error, local=local)
        else:
            yield good(_AUTHORISED, Words("accepted", "有效"))


def _clock(offset: float, *, local: bool = False) -> Finding:
    if abs(offset) < 30:
        return good(_CLOCK, Words("in sync with the platform", "与平台一致"))
    found = Words(
        f"{abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the platform",
        f"比平台{'慢' if offset > 0 else '快'} {abs(offset):.0f} 秒",
    )
    fix = (
        MOVED
        if local
        else Words(
            "Set it, and synchronise it by NTP; top.adjust_clock() compensates until then.",
            "校准时钟，并用 NTP 保持同步；top.adjust_clock() 可暂时修正。",
        )
    )
    if abs(offset) < 600:
        return warning(_CLOCK, found, Words("The limit is 600 s.", "上限为 600 秒。"), fix)
    return bad(_CLOCK, found, Words("Calls are refused (code 31).", "调用会被拒绝（错误码 31）。"), fix)


def _error_finding(check: str, error: Exception, *, local: bool = False) -> Finding:
    if isinstance(error, TopError):
        if not error.code:
            return bad(
                check,
                Words(str(error), f"HTTP 状态码 {error.status_code}，不是网关的响应"),
                Words("The server there is not the gateway.", "该地址不是网关。"),
                Words(
                    f"Compare the gateway's path with {GATEWAY}, and look for a proxy in between.",
                    f"与 {GATEWAY} 核对网关路径，并检查中间的代理。",
                ),
                REFUSED,
            )
        meaning, fix = _CODES.get(error.code, (Words("The platform refused the call.", "平台拒绝了调用。"), FOLLOW))
        if local and error.code == _STALE:
            meaning, fix = (
                Words("The clock of the sandbox is far from this machine's.", "沙箱时间与本机相差太多。"),
                MOVED,
            )
        code = f"平台返回错误码 {error.code} {error.sub_code or ''}".rstrip()
        reason = error.sub_msg or (error.detail or {}).get("msg", "")
        return bad(check, Words(str(error), f"{code}：{reason}"), meaning, fix, REFUSED)
    return call_failed(check, error, explain, Words("See the checks of the gateway above.", "见上面的网关检查。"))
