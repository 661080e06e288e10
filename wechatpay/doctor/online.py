"""
Two calls that cost nothing: the platform's own self-test, and its certificates.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4015139289 (self-test),
https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from chainable.cli.findings import bad, good, warning
from chainable.cli.outcomes import DECRYPTION, NETWORK, REFUSED, SIGNATURE
from chainable.errors import APIError, ChainableError, ConfigurationError, DecryptionError, SignatureError
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.findings import Finding
    from wechatpay import WeChatPay

__all__ = ["examine"]

_ECHO = "doctor"
_REASONS = {
    "missing": "Something in between drops the Wechatpay-… headers.",
    "stale": "The clock of this machine is wrong, or the answer is a replay.",
    "unknown_key": "The platform signs with a key that certs does not hold.",
    "mismatch": "The key in certs is another one, or the body is changed on the way.",
    "probe": "The platform tests whether signatures are checked; they are.",
}
_CODES = {
    "SIGN_ERROR": "The platform does not take the signature.",
    "NO_AUTH": "This merchant may not make this call.",
    "PARAM_ERROR": "The platform does not take a value: the encrypted text or a number.",
}


def examine(client: WeChatPay, notify_url: str | None) -> Iterator[Finding]:
    """Ask for an echo and for the certificates."""
    yield from _echo(client, notify_url)
    yield _certificates(client)


def _echo(client: WeChatPay, notify_url: str | None) -> Iterator[Finding]:
    body: dict[str, Any] = {"echo_message": _ECHO, "encrypted_echo_message": Sensitive(_ECHO), "notify_url": notify_url}
    try:
        chain: Any = client.chain("v3/security/echo")
        response = chain.post(json=body)
    except (ChainableError, requests.RequestException) as error:
        yield _told("echo", error)
        return
    yield good("echo", "the request's signature is accepted, the answer's is right")
    try:
        opened = response.decrypted().get("encrypted_echo_message")
    except DecryptionError as error:
        yield _told("decryption", error)
    else:
        if opened == _ECHO:
            yield good("encryption", "the platform read what was encrypted, and its answer opens")
        else:
            yield bad(
                "encryption",
                "the echo is not what was sent",
                "The text was encrypted for another key.",
                "Take pub_key.pem and its id from the same page of the console.",
                DECRYPTION,
            )
    if notify_url is not None:
        yield good(
            "callback", f"the platform was asked to send SECURITY_ECHO.SUCCESS to {notify_url}: look for it there"
        )


def _certificates(client: WeChatPay) -> Finding:
    try:
        found = client.certificates.download()
    except ConfigurationError as error:
        if isinstance(error.__cause__, APIError):
            return warning(
                "certificates",
                "404 RESOURCE_NOT_EXISTS: this merchant has no platform certificates",
                "It works with the platform's public key only, as all merchants since autumn 2024.",
                "Nothing, if certs holds PUB_KEY_ID_…; else give it.",
            )
        return warning(
            "certificates", str(error), "Certificates are not fetched.", "Nothing, if certs holds PUB_KEY_ID_…."
        )
    except (ChainableError, requests.RequestException) as error:
        return _told("certificates", error)
    return good("certificates", f"{len(found)} at hand; the APIv3 key opens them")


def _told(check: str, error: Exception) -> Finding:
    """Say what an error of a call means."""
    if isinstance(error, APIError):
        meaning = _CODES.get(error.code, "The platform refused the call.")
        mend = error.explain() if error.code == "SIGN_ERROR" else "Do what the message says."
        return bad(check, str(error), meaning, mend, REFUSED)
    if isinstance(error, SignatureError):
        return bad(
            check,
            f"the answer's signature is not right: {error.reason}",
            _REASONS[error.reason],
            "Compare certs with the console, and look for what stands between.",
            SIGNATURE,
        )
    if isinstance(error, DecryptionError):
        return bad(
            check,
            str(error),
            "The answer was encrypted for another key than the one at hand.",
            "Compare apiv3_key and private_key with the console.",
            DECRYPTION,
        )
    if isinstance(error, requests.RequestException):
        return bad(check, str(error), "The call did not come through.", "See the hosts above.", NETWORK)
    return bad(check, str(error), "The call could not be made.", "Mend what the message names.")
