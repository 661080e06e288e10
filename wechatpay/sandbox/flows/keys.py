"""Platform certificates, and the platform's own self-test of signatures and encryption."""

from __future__ import annotations

import json
import secrets
from datetime import timezone
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows.orders import common_v2
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
    told = dict(answer)
    if secret is not None:
        answer["encrypted_echo_message"] = platform.account.conceal(secret)
        told["encrypt_echo_message"] = platform.account.conceal(secret)
    platform.notify(call.body.get("notify_url"), "SECURITY_ECHO.SUCCESS", told)
    return answer


@routes.on("POST v2/risk/getpublickey")
def bank_key(platform: Platform, call: Call) -> dict[str, Any]:
    """The key that bank card fields are encrypted with (PKCS#1 PEM)."""
    pem = platform.account.bank_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    return platform.answer(call, {**common_v2(call), "pub_key": pem.decode()})


@routes.on("POST v2/risk/getcertficates")
def certificates_v2(platform: Platform, call: Call) -> dict[str, Any]:
    """The platform certificates for v2, encrypted under the APIv3 key."""
    listed = json.dumps(certificates(platform, call))
    return platform.answer(call, {**common_v2(call), "certificates": listed})
