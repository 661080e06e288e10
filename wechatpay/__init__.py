"""
WeChat Pay (微信支付) for Python: every operation as a chain.

::

    from wechatpay import WeChatPay

    client = WeChatPay(mchid=…, serial=…, private_key=…, certs={…})
    client.v3.pay.transactions.native.post(json={…})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wechatpay.apiv3.signing import RSASigner, RSAVerifier
from wechatpay.client import WeChatPay
from wechatpay.sensitive import Ciphertext, Sensitive

if TYPE_CHECKING:
    from wechatpay import bills
    from wechatpay.apiv2.signing import ParamSigner, WorkWXSigner
    from wechatpay.certificates import PlatformCertificates
    from wechatpay.merchants import Merchants
    from wechatpay.notifications import Notification
    from wechatpay.notifications.replies import accept, reject

__all__ = [
    "Ciphertext",
    "Merchants",
    "Notification",
    "ParamSigner",
    "PlatformCertificates",
    "RSASigner",
    "RSAVerifier",
    "Sensitive",
    "WeChatPay",
    "WorkWXSigner",
    "accept",
    "bills",
    "reject",
]

_LATER = {
    "WorkWXSigner": "wechatpay.apiv2.signing",
    "Merchants": "wechatpay.merchants",
    "Notification": "wechatpay.notifications",
    "ParamSigner": "wechatpay.apiv2.signing",
    "PlatformCertificates": "wechatpay.certificates",
    "accept": "wechatpay.notifications.replies",
    "reject": "wechatpay.notifications.replies",
}


def __getattr__(name: str) -> Any:
    if name == "bills":
        return import_module("wechatpay.bills")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
