"""
WeChat Pay (微信支付) for Python: every operation as a chain.

::

    from wechatpay import WeChatPay

    client = WeChatPay(mchid=…, serial=…, private_key=…, certs={…})
    client.v3.pay.transactions.native.post(json={…})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.errors import REASON_MODULES
from chainable.lazy import lazy_attributes
from wechatpay.client import WeChatPay
from wechatpay.sensitive import Ciphertext, Sensitive

if TYPE_CHECKING:
    from chainable._version import __version__
    from chainable.errors import (
        APIError,
        ChainableError,
        ClaimError,
        CodecError,
        ConfigurationError,
        DecryptionError,
        InProgress,
        PathError,
        SignatureError,
        UnknownKeyError,
    )
    from wechatpay import bills
    from wechatpay.apiv2.signing import ParamSigner, WorkWXSigner
    from wechatpay.certificates import PlatformCertificates
    from wechatpay.merchants import Merchants
    from wechatpay.notification import Notification
    from wechatpay.notifications.responses import accept, reject
    from wechatpay.reconciliation.reconciling import reconcile
    from wechatpay.signing import RSASigner, RSAVerifier

__all__ = [
    "APIError",
    "ChainableError",
    "Ciphertext",
    "ClaimError",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "InProgress",
    "Merchants",
    "Notification",
    "ParamSigner",
    "PathError",
    "PlatformCertificates",
    "RSASigner",
    "RSAVerifier",
    "Sensitive",
    "SignatureError",
    "UnknownKeyError",
    "WeChatPay",
    "WorkWXSigner",
    "__version__",
    "accept",
    "bills",
    "reconcile",
    "reject",
]

REASON_MODULES["wechatpay.reasons"] = None

_ERRORS = [name for name in __all__ if name.endswith("Error") or name == "InProgress"]

__getattr__ = lazy_attributes(
    __name__,
    {
        **dict.fromkeys(_ERRORS, "chainable.errors"),
        "Merchants": "wechatpay.merchants",
        "Notification": "wechatpay.notification",
        "ParamSigner": "wechatpay.apiv2.signing",
        "PlatformCertificates": "wechatpay.certificates",
        "RSASigner": "wechatpay.signing",
        "RSAVerifier": "wechatpay.signing",
        "WorkWXSigner": "wechatpay.apiv2.signing",
        "__version__": "chainable._version",
        "accept": "wechatpay.notifications.responses",
        "bills": "wechatpay.bills",
        "reconcile": "wechatpay.reconciliation.reconciling",
        "reject": "wechatpay.notifications.responses",
    },
)
