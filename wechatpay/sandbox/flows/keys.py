"""Platform certificates, and the platform's own self-test of signatures and encryption."""

from __future__ import annotations

import secrets
from datetime import timezone
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.messages import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

routes = Routes()


def stamp(platform: Platform, moment: datetime) -> str:
    """A certificate's naive UTC time as v3 writes times."""
    zone = platform.now().tzinfo
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).isoformat(timespec="seconds")


@routes.on("GET v3/certificates", "GET v3/global/certificates")
def certificates(platform: Platform, call: Call) -> dict[str, Any]:
    """The platform certificates, encrypted under the APIv3 key."""
    if call.get("algorithm_type") == "SM2":
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "this account has no SM2 certificate")
    entries = []
    for each in platform.account.platform_certificates:
        nonce = secrets.token_hex(6)
        entries.append(
            {
                "serial_no": each.serial,
                "effective_time": stamp(platform, each.certificate.not_valid_before_utc),
                "expire_time": stamp(platform, each.certificate.not_valid_after_utc),
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "nonce": nonce,
                    "associated_data": "certificate",
                    "ciphertext": platform.account.seal(each.pem.encode(), nonce, "certificate"),
                },
            }
        )
    return {"data": entries}


@routes.on("POST v3/security/echo")
def echo(platform: Platform, call: Call) -> dict[str, Any]:
    """Give back what was sent, encrypted fields encrypted to the merchant."""
    secret = call.body.get("encrypted_echo_message")
    answer = {"echo_message": call.body["echo_message"]}
    if secret is not None:
        answer["encrypted_echo_message"] = platform.account.conceal(secret)
    return answer
