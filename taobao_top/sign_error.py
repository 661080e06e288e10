"""The explanations of two refusals: the signature and the clock, as sent and as the gateway sees them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from chainable.i18n import Words, translate
from chainable.masking import Secret
from chainable.redaction import redact_values
from chainable.times import BEIJING
from taobao_top.signing import MASK, ParameterSigner, signed_parts, string_to_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from chainable.signing import Signer
    from taobao_top.errors import Rule

__all__ = ["explanation", "gateway_time"]

_WORDS = "session|secret|token|password|pwd"
_CONFIDENTIAL = rf"(?i){_WORDS}|(^|_)code$"
_INSIDE = (
    rf'(?i)("[^"]*(?:{_WORDS})[^"]*"\s*:\s*")(?:[^"\\]|\\.)*',
    rf"(?i)(<[\w:.-]*(?:{_WORDS})[^<>]*>)[^<]*",
    rf"(?i)((?:^|[&#\s])[\w.]*(?:{_WORDS})[\w.]*=)[^&\s]*",
)
"""The same inside a value or a body: members of JSON, elements of XML, parameters of a form."""

_MILLISECONDS = 13  # digits, from 2001 to 2286
_LONG = 6
"""Confidential values of this length or more are masked inside other values, too."""


def explanation(rule: Rule, response: requests.Response, signer: Signer | None) -> Callable[[], str] | None:
    """Return the function that explains a refusal of this class; None if there is none."""
    if rule.name == "signature":
        return lambda: _signature(response.request, signer)
    if rule.name == "clock":
        return lambda: _clock(response)
    return None


def _signature(request: requests.PreparedRequest, signer: Signer | None) -> str:
    parameters, body = signed_parts(request)
    confidential = {name for name in parameters if re.search(_CONFIDENTIAL, name)}
    shown = {name: MASK if name in confidential else _masked(value) for name, value in parameters.items()}
    message = string_to_sign(shown, _masked(body.decode(errors="replace")).encode()).decode()
    secrets: list[Secret[str]] = [Secret(parameters[name]) for name in confidential if len(parameters[name]) >= _LONG]
    lines = [_SIGNED_TEXT]
    if isinstance(signer, ParameterSigner):
        secrets.append(Secret(signer.secret))
        signed = signer.explain(message)
        lines.append(Words(f"  {signed}", f"  {translate(signed, 'zh')}"))
        if signer.secret != signer.secret.strip():
            lines.append(_BLANK)
    else:
        lines.append(Words(f"  {message}", f"  {message}"))
    lines.append(Words("Parameter by parameter:", "逐个参数："))
    lines += [Words(line, line) for line in (f"  {name} = {shown[name]}" for name in sorted(shown))]
    return _joined([*lines, _CAUSES], secrets)


_SIGNED_TEXT = Words(
    "The gateway computed another signature than was sent. The signed text, secrets masked:",
    "网关算出的签名与所发的不同。所签的字符串如下（机密已遮盖）：",
)
_BLANK = Words(
    "The app_secret begins or ends with white space, which was signed with: is it part of it?",
    "app_secret 的开头或末尾有空白，签名时包含了它：空白是密钥的一部分吗？",
)
_CAUSES = Words(
    "Most often the app_secret is that of another app_key or environment, or was reset in the console;\n"
    "else something between here and the gateway changes parameters.",
    "最常见的原因：app_secret 属于另一个 app_key 或环境，或已在控制台重置；\n否则是途中有什么改动了参数。",
)


def _joined(lines: list[Words], secrets: list[Secret[str]]) -> Words:
    english, chinese = ("\n".join(translate(line, language) for line in lines) for language in ("en", "zh"))
    return Words(redact_values(english, secrets, MASK), redact_values(chinese, secrets, MASK))


def _masked(text: str) -> str:
    for pattern in _INSIDE:
        text = re.sub(pattern, rf"\1{MASK}", text)
    return text


def gateway_time(response: requests.Response) -> datetime | None:
    """Return the time in the Date header; None if it is missing or unreadable."""
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
        # "-0000" means UTC, and parses as naive.
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(BEIJING)
    except (OverflowError, ValueError):
        return None


def _clock(response: requests.Response) -> str:
    stamped = signed_parts(response.request)[0].get("timestamp", "")
    there, here = gateway_time(response), _moment(stamped)
    shown = stamped if here is None else f"{here:%Y-%m-%d %H:%M:%S}"
    lines = [Words(f"The call was stamped {shown}, Beijing time.", f"调用的时间戳是北京时间 {shown}。")]
    if there is None or here is None:
        lines.append(Words("The response does not have the gateway's time.", "应答中没有网关的时间。"))
    else:
        seconds = round((here - there).total_seconds())
        fast = seconds > 0
        lines.append(
            Words(f"The gateway's clock says {there:%Y-%m-%d %H:%M:%S}.", f"网关的时间是 {there:%Y-%m-%d %H:%M:%S}。")
        )
        lines.append(
            Words(
                f"This machine is {abs(seconds)} seconds {'fast' if fast else 'slow'}.",
                f"本机{'快' if fast else '慢'} {abs(seconds)} 秒。",
            )
        )
    lines.append(
        Words(
            "Set the machine's clock, or call top.adjust_clock(), which asks the gateway and corrects for it.",
            "请校准本机时钟，或调用 top.adjust_clock()：它向网关询问时间并据此修正。",
        )
    )
    return _joined(lines, [])


def _moment(stamped: str) -> datetime | None:
    """Read a timestamp, in Beijing time or in milliseconds since 1970."""
    try:
        if stamped.isdecimal() and len(stamped) == _MILLISECONDS:
            return datetime.fromtimestamp(int(stamped) / 1000, BEIJING)
        return datetime.strptime(stamped, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except (OSError, OverflowError, ValueError):
        return None
