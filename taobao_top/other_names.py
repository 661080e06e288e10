"""The arguments of :class:`taobao_top.TaobaoTop` in the words of other SDKs."""

from __future__ import annotations

__all__ = ["OTHER_NAMES"]

OTHER_NAMES = {
    **dict.fromkeys(("key", "clientid", "appid", "apikey", "accesskey"), "app_key"),
    **dict.fromkeys(("secret", "clientsecret", "appsecretkey", "secretkey", "accesssecret", "apisecret"), "app_secret"),
    **dict.fromkeys(("sessionkey", "accesstoken", "token", "topsession"), "session"),
    **dict.fromkeys(("signtype", "signature", "signer"), "sign_method"),
    **dict.fromkeys(
        ("baseurl", "url", "apiurl", "gatewayurl", "serverurl", "endpoint", "baseuri", "host", "domain", "router"),
        "gateway",
    ),
    "proxy": "proxies",
}
"""The names of arguments in other SDKs of TOP, in lower case without ``_``, and ours."""
