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

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import NETWORK, REFUSED
from chainable.cli.reach import proxy, reach
from chainable.errors import ChainableError, ConfigurationError
from taobao_top.client import GATEWAY, TaobaoTop
from taobao_top.errors import TopError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.findings import Finding

__all__ = ["examine"]

_CODES = {
    "25": ("The secret is another app's, or was reset.", "Copy app_secret from the console once more."),
    "28": ("The platform got no app_key.", "Give TAOBAO_TOP_APP_KEY."),
    "29": ("The platform does not know this app_key.", "Copy it from the console; test and live apps differ."),
    "26": ("This call wants a seller's session.", "Give TAOBAO_TOP_SESSION."),
    "27": ("The session has expired, or is another app's.", "Let the seller authorise again."),
    "31": ("The clock of this machine is wrong by more than ten minutes.", "Set it; keep it by NTP."),
    "11": ("The app lacks the package of this API.", "Apply for it in the console."),
    "7": ("The app has called too often.", "Wait for the ban to end."),
}


def examine(
    settings: Mapping[str, Any],
    *,
    offline: bool = False,
    clock: Callable[[], float] = time.time,
    timeout: float = 5.0,
) -> Iterator[Finding]:
    """
    Look at everything, one thing after the other.

    Args:
        settings: As ``TaobaoTop.from_env`` reads them, names in lower case.
        offline: Look at the settings only, ask nobody.
        clock: Gives Unix time in seconds.
        timeout: Seconds for each step.
    """
    texts = list(_texts(settings))
    yield from texts
    if offline:
        return
    gateway, ca = str(settings.get("gateway") or GATEWAY), settings.get("ca")
    yield proxy(gateway)
    steps = list(reach(gateway, ca, timeout))
    yield from steps
    if any(finding.code for finding in (*texts, *steps)):
        return
    given = {name: value for name, value in settings.items() if name != "ca"}
    try:
        top = TaobaoTop(**given, verify=ca, clock=clock, retries=0)
    except ConfigurationError as error:
        yield bad("client", str(error), "No client can be made of these settings.", "Mend what the message names.")
        return
    with top:
        yield from _calls(top, settings)


def _texts(settings: Mapping[str, Any]) -> Iterator[Finding]:
    key, secret, session = (str(settings.get(name) or "") for name in ("app_key", "app_secret", "session"))
    if not re.fullmatch(r"\d{5,12}", key):
        found = "is missing" if not key else "is not a number of 5 to 12 digits"
        yield bad("app_key", found, "Every call names the app.", "Copy the App Key from the console.")
    else:
        yield good("app_key", key)
    if not secret:
        yield bad("app_secret", "is missing", "Nothing can be signed.", "Copy the App Secret from the console.")
    elif secret != secret.strip():
        yield bad("app_secret", "has white space around it", "It is taken literally: code 25.", "Remove the blanks.")
    elif not re.fullmatch(r"[0-9A-Za-z]{32}", secret):
        yield warning(
            "app_secret",
            f"has {len(secret)} characters",
            "Those of the platform have 32 letters and digits.",
            "Compare it with the console.",
        )
    else:
        yield good("app_secret", "32 letters and digits")
    if not session:
        yield warning(
            "session", "is not given", "Calls about a seller's own data are refused (code 26).", "Authorise a seller."
        )
    elif session != session.strip():
        yield bad("session", "has white space around it", "It is taken literally: code 27.", "Remove the blanks.")
    else:
        yield good("session", f"{len(session)} characters")


def _calls(top: TaobaoTop, settings: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        offset = top.clock_offset()
    except (ChainableError, requests.RequestException) as error:
        yield _told("taobao.time.get", error)
        return
    yield good("taobao.time.get", "the signature is accepted")
    if abs(offset) < 30:
        yield good("clock", "as the platform's")
    else:
        told = f"{abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the platform's"
        mend = "Set it, keep it by NTP; top.adjust_clock() corrects for it meanwhile."
        if abs(offset) < 600:
            yield warning("clock", told, "600 s are the limit.", mend)
        else:
            yield bad("clock", told, "Calls are refused with code 31.", mend)
            return
    if settings.get("session"):
        try:
            top["taobao.user.seller.get"].post(fields="user_id")
        except (ChainableError, requests.RequestException) as error:
            yield _told("session, at the platform", error)
        else:
            yield good("session, at the platform", "accepted")


def _told(check: str, error: Exception) -> Finding:
    if isinstance(error, TopError):
        meaning, mend = _CODES.get(error.code, ("The platform refused the call.", "Do what the message says."))
        return bad(check, str(error), meaning, mend, REFUSED)
    if isinstance(error, requests.RequestException):
        return bad(check, str(error), "The call did not come through.", "See the gateway above.", NETWORK)
    return bad(check, str(error), "The call could not be made.", "Mend what the message names.")
