"""
Private keys, public keys and certificates, loaded from any usual form.

The merchant has ``apiclient_key.pem`` (its private key), ``apiclient_cert.pem``
(its certificate) and ``apiclient_cert.p12`` (both in one); the platform has
``pub_key.pem`` with an id, or certificates. The error of a wrong file says what
the file is.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053053
"""

from wechatpay.crypto.key_sources import KeySource
from wechatpay.crypto.keys.apiv3_key import check_apiv3_key
from wechatpay.crypto.keys.certificate import Certificate, load_certificate
from wechatpay.crypto.keys.merchant_pair import (
    MerchantPair,
    load_merchant_certificate,
    load_merchant_pair,
    load_p12,
)
from wechatpay.crypto.keys.private_key import PrivateKey, load_private_key
from wechatpay.crypto.keys.public_key import LoadedKey, check_certs, check_platform_key, load_public_key

__all__ = [
    "Certificate",
    "KeySource",
    "LoadedKey",
    "MerchantPair",
    "PrivateKey",
    "check_apiv3_key",
    "check_certs",
    "check_platform_key",
    "load_certificate",
    "load_merchant_certificate",
    "load_merchant_pair",
    "load_p12",
    "load_private_key",
    "load_public_key",
]
