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

from chainable import BEIJING, FORM, JSON, APIError, Call, Client, NameChain, SignatureError, Signer

ERRORS = {"20000": ("try again", True), "40004": ("see sub_msg", False), "40002": ("correct the arguments", False)}


class AlipaySigner(Signer):
    def __init__(self, key):
        self._key = key

    def __call__(self, r):
        fields = dict(r.parameters) | {"timestamp": f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}"}
        message = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        signature = base64.b64encode(self._key.sign(message.encode(), PKCS1v15(), SHA256())).decode()
        r.body = r.codec.encode(fields | {"sign": signature})
        return r


class AlipayVerifier:
    """The answer's signature covers the text of its first member."""

    def __init__(self, public_key):
        self._key = public_key

    def verify(self, response, /):
        text, answer = response.content.decode(), JSON.decode(response.content)
        if "sign" not in answer:
            raise SignatureError("the answer carries no signature", reason="missing", response=response)
        start = text.index(":") + 1
        _, length = json.JSONDecoder().raw_decode(text[start:].lstrip())
        signed = text[start:].lstrip()[:length].encode()
        try:
            self._key.verify(base64.b64decode(answer["sign"]), signed, PKCS1v15(), SHA256())
        except Exception as error:
            raise SignatureError("the signature does not match", response=response) from error


class Alipay(Client):
    def __init__(self, app_id, key, public_key, gateway="https://openapi.alipay.com/gateway.do", **options):
        super().__init__(logger=logging.getLogger("alipay"), **options)
        self._app_id, self._gateway = app_id, gateway
        self._signer, self._verifier = AlipaySigner(key), AlipayVerifier(public_key)

    def __getattr__(self, name):
        return NameChain(self, name)

    def prepare(self, path, verb, positional, keywords):
        fields = {
            "app_id": self._app_id,
            "method": path,
            "charset": "utf-8",
            "sign_type": "RSA2",
            "version": "1.0",
        }
        fields["biz_content"] = JSON.encode(keywords).decode()
        headers = {"Content-Type": FORM.content_type}
        return Call(verb, path, (self._gateway,), headers, None, self._signer, self._verifier, _answer, fields, FORM)


def _answer(response):
    response.set_data(next(iter(JSON.decode(response.content).values())))
    code = response.data["code"]
    if code != "10000":
        advice, retryable = ERRORS.get(code, ("see sub_code", False))
        raise APIError(f"{code}: {response.data['msg']}; {advice}", code=code, retryable=retryable, response=response)
    return response
