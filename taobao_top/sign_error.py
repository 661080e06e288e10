"""The explanations of two refusals: the signature and the clock, as sent and as the gateway sees them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

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
    lines = ["The gateway computed another signature than was sent. The signed text, secrets masked:"]
    secrets: list[Secret[str]] = [Secret(parameters[name]) for name in confidential if len(parameters[name]) >= _LONG]
    if isinstance(signer, ParameterSigner):
        secrets.append(Secret(signer.secret))
        lines.append(f"  {signer.explain(message)}")
        if signer.secret != signer.secret.strip():
            lines.append("The app_secret begins or ends with white space, which was signed with: is it part of it?")
    else:
        lines.append(f"  {message}")
    lines += ["Parameter by parameter:", *(f"  {name} = {shown[name]}" for name in sorted(shown))]
    lines += [
        "Most often the app_secret is that of another app_key or environment, or was reset in the console;",
        "else something between here and the gateway changes parameters.",
    ]
    return redact_values("\n".join(lines), secrets, MASK)


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
    there = gateway_time(response)
    lines = [f"The call was stamped {stamped}, Beijing time."]
    try:
        here = datetime.strptime(stamped, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        here = None
    if there is None or here is None:
        lines.append("The response does not have the gateway's time.")
    else:
        seconds = round((here - there).total_seconds())
        lines.append(f"The gateway's clock says {there:%Y-%m-%d %H:%M:%S}.")
        lines.append(f"This machine is {abs(seconds)} seconds {'fast' if seconds > 0 else 'slow'}.")
    lines.append("Set the machine's clock, or call top.adjust_clock(), which asks the gateway and corrects for it.")
    return "\n".join(lines)
