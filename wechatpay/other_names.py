"""The arguments of :class:`wechatpay.WeChatPay` in the words of other SDKs."""

from __future__ import annotations

from chainable.i18n import Words

__all__ = ["OTHER_NAMES"]

_CALL = Words(
    "it belongs to each call, json={…}, or to all of them: defaults={…}",
    "它写在每次调用的 json={…} 中；各次调用都相同时，请用 defaults={…}",
)
_PUBLIC_KEY = Words("write certs={'PUB_KEY_ID_…': 'pub_key.pem'}", "请写成 certs={'PUB_KEY_ID_…': 'pub_key.pem'}")
OTHER_NAMES = {
    **dict.fromkeys(("merchantid", "mch", "merchant", "mchno", "spmchid"), "mchid"),
    **dict.fromkeys(
        (
            "certserialno",
            "serialno",
            "serialnumber",
            "merchantserialnumber",
            "mchcertificateserialnumber",
            "mchcertserialnumber",
            "mchserialno",
            "certserial",
            "certserialnumber",
            "merchantserial",
            "mchserial",
        ),
        "serial",
    ),
    **dict.fromkeys(
        (
            "privatekeypath",
            "privatekeyfrompath",
            "privatekeyfile",
            "keypath",
            "apiclientkey",
            "mchprivatekey",
            "merchantprivatekey",
            "mchkeypath",
            "rsaprivatekey",
        ),
        "private_key",
    ),
    **dict.fromkeys(
        ("apikeyv3", "mchapiv3key", "v3key", "apiv3", "apiv3secret", "secretkey", "keyv3", "aeskey"),
        "apiv3_key",
    ),
    **dict.fromkeys(
        ("apikey", "apiv2key", "key", "v2key", "v2secretkey", "mchapikey", "partnerkey", "apisecret"), "secret"
    ),
    **dict.fromkeys(
        (
            "publickey",
            "publickeyid",
            "publickeypath",
            "publickeyfrompath",
            "wxpaypublickey",
            "wxpaypublicid",
            "wechatpaypublickey",
            "platformcert",
            "platformcerts",
            "platformcertificate",
            "certdir",
            "pubkey",
            "pubkeyid",
        ),
        _PUBLIC_KEY,
    ),
    **dict.fromkeys(
        (
            "mchcert",
            "certpath",
            "apiclientcert",
            "certificate",
            "cert",
            "merchantcertificate",
            "certfile",
            "p12",
            "pfx",
        ),
        "merchant_cert",
    ),
    "mchkey": "merchant_key",
    "passphrase": "merchant_cert_password",
    "privatekeypassphrase": "private_key_password",
    **dict.fromkeys(("endpoint", "gateway", "host", "baseuri", "apihost", "url", "domain"), "base_url"),
    "proxy": "proxies",
    "session": "http_session",
    "httpadapter": "transport",
    **dict.fromkeys(("maxworkers", "concurrency", "poolsize", "threads"), "max_promises"),
    **dict.fromkeys(("appid", "spappid", "notifyurl", "submchid", "subappid"), _CALL),
}
"""The names of arguments in other SDKs (Java, Go, PHP, Node, Python), in lower case without ``_``, and ours."""
