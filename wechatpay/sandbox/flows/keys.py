"""Platform certificates, and the platform's own self-test of signatures and encryption."""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from datetime import datetime

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

NO_CERTIFICATE = (
    "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。"
    "可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196"
)
routes = Routes()


def stamp(context: SandboxContext, moment: datetime) -> str:
    """Return a certificate's naive UTC time as v3 writes times."""
    zone = context.now().tzinfo
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).isoformat(timespec="seconds")


@routes.on("GET v3/certificates", "GET v3/global/certificates")
def certificates(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the platform certificates, encrypted under the APIv3 key; a merchant with a public key only has none."""
    if not context.account.platform_certificates:
        # As captured on 10 March 2026: https://github.com/wechatpay-apiv3/wechatpay-java/issues/400
        raise Refusal(404, "RESOURCE_NOT_EXISTS", NO_CERTIFICATE)
    if call.get("algorithm_type") == "SM2":
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "无可用的国密平台证书")
    entries = []
    for each in context.account.platform_certificates:
        nonce = context.account.random.hex(6, "certificates")
        entries.append(
            {
                "serial_no": each.serial,
                "effective_time": stamp(context, each.certificate.not_valid_before_utc),
                "expire_time": stamp(context, each.certificate.not_valid_after_utc),
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "nonce": nonce,
                    "associated_data": "certificate",
                    "ciphertext": context.account.seal(each.pem.encode(), nonce, "certificate"),
                },
            }
        )
    return {"data": entries}


@routes.on("POST v3/security/echo")
def echo(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the fields of the request, encrypted ones encrypted to the merchant."""
    secret = call.body.get("encrypted_echo_message")
    answer = {"echo_message": call.body["echo_message"]}
    result = dict(answer)
    if secret is not None:
        answer["encrypted_echo_message"] = context.account.conceal(secret)
        result["encrypt_echo_message"] = context.account.conceal(secret)
    context.notify(call.body.get("notify_url"), "SECURITY_ECHO.SUCCESS", result)
    return answer


@routes.on("POST v2/risk/getpublickey")
def bank_key(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the key that bank card fields are encrypted with (PKCS#1 PEM)."""
    pem = context.account.bank_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    return context.respond(call, {"pub_key": pem.decode()})


@routes.on("POST v2/risk/getcertficates")
def certificates_v2(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the platform certificates for v2, encrypted under the APIv3 key."""
    return context.respond(call, {"certificates": json.dumps(certificates(context, call))})
