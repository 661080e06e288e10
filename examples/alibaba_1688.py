"""
1688: ``Alibaba1688(key, secret, token)['com.alibaba.trade/alibaba.trade.get.buyerView'].get(orderId=1).data``.

Protocol: https://open.1688.com/doc/signature.htm (signature), https://open.1688.com/api/sysAuth.htm (tokens)
"""

import hashlib
import hmac
import logging
import time
from urllib.parse import urlsplit

import chainable


class Alibaba1688Signer(chainable.Signer):
    def __init__(self, secret):
        self.secret = chainable.Secret.of(secret)

    def __call__(self, r):
        # Names are joined with their values before they are sorted.
        message = urlsplit(r.url).path.partition("/openapi/")[2] + "".join(sorted(map("".join, r.parameters.items())))
        sign = hmac.new(self.secret.reveal().encode(), message.encode(), hashlib.sha1).hexdigest().upper()
        r.body = r.codec.encode(r.parameters | {"_aop_signature": sign})
        return r


class Alibaba1688(chainable.PathRoot, chainable.Client):
    def __init__(self, app_key, secret, token="", host="https://gw.open.1688.com", clock=time.time, **options):
        super().__init__(logger=logging.getLogger("alibaba_1688"), **options)
        self.app_key, self.secret, self.token = app_key, chainable.Secret.of(secret), chainable.Secret.of(token)
        self.base, self.clock = f"{host}/openapi", clock

    def prepare(self, path, verb, positional, keywords):  # every call is a POST; .get() says that it may be repeated
        more = {"options": chainable.call_options(keywords), "signer": Alibaba1688Signer(self.secret)}
        fields, files = chainable.write_values(dict(*positional) | keywords, moment="{:%Y%m%d%H%M%S000%z}".format)
        if files:
            raise TypeError(f"{path}: pass a file as base64 text")
        fields["_aop_timestamp"] = str(int(self.clock() * 1000))
        fields |= {"access_token": self.token.reveal()} if self.token else {}
        more |= {"parameters": fields, "codec": chainable.FORM, "repeatable": verb == "GET", "parse": answer}
        return self.call("POST", str(path), f"{self.base}/param2/1/{path}/{self.app_key}", **more)

    def get_token(self, **grant):  # get_token(grant_type='authorization_code', code='…', redirect_uri='…')
        known = {"client_id": self.app_key, "client_secret": self.secret.reveal(), "need_refresh_token": "true"}
        url = f"{self.base}/http/1/system.oauth2/getToken/{self.app_key}"
        more = {"body": chainable.FORM.encode(known | grant), "codec": chainable.FORM, "parse": answer}
        return self.run(self.call("POST", "getToken", url, **more))


def answer(response):
    data = chainable.read_json(response, any_status=True, kind=object)
    told = data if isinstance(data, dict) else {}
    code = told.get("error_code") or told.get("error")
    if code or not response.ok:
        busy = str(code).startswith("gw.Qos")  # refused before it was carried out
        message = f"{response.label}: {code}: {told.get('error_message') or told.get('error_description')}"
        raise chainable.APIError(message, code=str(code), transient=busy, maybe_sent=not busy, response=response)
    return response
