"""
A third gateway in one file: Alipay's, without touching chainable.

``Alipay(app_id, key, public_key).alipay.trade.query(out_trade_no='…').data``

Protocol: https://opendocs.alipay.com/common/02kf5q (signature), common/02mse7 (answers)
"""

import base64
import json
import logging
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from chainable import BEIJING, FORM, JSON, APIError, Client, NameRoot, SignatureError, Signer, call_options, read_json

ERRORS = {"20000": ("try again", True), "40004": ("see sub_msg", False), "40002": ("correct the arguments", False)}


class AlipaySigner(Signer):
    def __init__(self, key):
        self.key = key

    def __call__(self, r):
        fields = dict(r.parameters) | {"timestamp": f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}"}
        message = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        signature = base64.b64encode(self.key.sign(message.encode(), PKCS1v15(), SHA256())).decode()
        r.body = r.codec.encode(fields | {"sign": signature})
        return r


class AlipayVerifier:
    """The answer's signature covers the text of its first member."""

    def __init__(self, public_key):
        self.key = public_key

    def verify(self, response, /):
        text, answer = response.content.decode(errors="replace"), read_json(response)
        if "sign" not in answer:
            raise SignatureError("the answer carries no signature", reason="missing", response=response)
        member = text[text.index(":") + 1 :].lstrip()
        signed = member[: json.JSONDecoder().raw_decode(member)[1]].encode()
        try:
            self.key.verify(base64.b64decode(answer["sign"]), signed, PKCS1v15(), SHA256())
        except Exception as error:
            raise SignatureError("the signature does not match", response=response) from error


class Alipay(NameRoot, Client):
    def __init__(self, app_id, key, public_key, gateway="https://openapi.alipay.com/gateway.do", **options):
        super().__init__(logger=logging.getLogger("alipay"), **options)
        self.app_id, self.gateway = app_id, gateway
        self._signer, self._verifier = AlipaySigner(key), AlipayVerifier(public_key)

    def prepare(self, path, verb, positional, keywords):
        options = call_options(keywords)
        fields = {"app_id": self.app_id, "method": path, "charset": "utf-8", "sign_type": "RSA2", "version": "1.0"}
        fields["biz_content"] = JSON.encode(dict(*positional) | keywords).decode()
        signing = {"signer": self._signer, "verifier": self._verifier, "codec": FORM}
        return self.call(verb, path, self.gateway, options=options, parameters=fields, parse=answer, **signing)


def answer(response):
    response.set_data(next(iter(read_json(response).values())))
    code = response.data["code"]
    if code != "10000":
        advice, retryable = ERRORS.get(code, ("see sub_code", False))
        raise APIError(f"{code}: {response.data['msg']}; {advice}", code=code, retryable=retryable, response=response)
    return response
