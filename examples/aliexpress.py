"""
AliExpress: ``AliExpress(key, secret, session).aliexpress.ds.product.get(product_id=1)``, and ``.rest('/auth/token/create', code='…')``.

Protocol: https://openservice.aliexpress.com/doc/doc.htm (HTTP request sample, Signature algorithm)
"""

import hashlib
import hmac
import logging
import time
from urllib.parse import urlencode, urlsplit

import chainable


class AliExpressSigner(chainable.Signer):
    def __init__(self, secret, clock=time.time):
        self.secret, self.clock = chainable.Secret.of(secret), clock

    def __call__(self, r):
        fields = r.parameters | {"sign_method": "sha256", "timestamp": str(int(self.clock() * 1000))}
        message = urlsplit(r.url).path.partition("/rest")[2] + "".join(name + fields[name] for name in sorted(fields))
        sign = hmac.new(self.secret.reveal().encode(), message.encode(), hashlib.sha256).hexdigest().upper()
        signed = urlencode(fields | {"sign": sign})
        # A body with files leaves no room for the parameters.
        r.url, r.body = (r.url, signed) if r.codec else (f"{r.url}?{signed}", r.body)
        return r


class AliExpress(chainable.NameRoot, chainable.Client):
    def __init__(self, app_key, secret, session="", host="https://api-sg.aliexpress.com", clock=time.time, **options):
        super().__init__(logger=logging.getLogger("aliexpress"), **options)
        self.app_key, self.session, self.host = app_key, chainable.Secret.of(session), host
        self.signer = AliExpressSigner(secret, clock)

    def prepare(self, path, verb, positional, keywords):
        more = {"options": chainable.call_options(keywords), "parse": answer, "signer": self.signer}
        texts, files = chainable.write_values(dict(*positional) | keywords)
        at_rest = path.startswith("/")
        texts |= {"app_key": self.app_key, **({} if at_rest else {"method": path})}
        token = {"access_token" if at_rest else "session": self.session.reveal()} if self.session else {}
        texts |= token if not path.startswith("/auth/") else {}
        body, kind = chainable.encode_multipart(files) if files else (None, chainable.FORM.content_type)
        more |= {"body": body, "headers": {"Content-Type": kind}, "codec": None if files else chainable.FORM}
        return self.call("POST", path, f"{self.host}{'/rest' + path if at_rest else '/sync'}", parameters=texts, **more)

    def rest(self, path, **parameters):
        return self.send(path, "POST", (), parameters)


def answer(response):
    data = chainable.read_json(response)
    root, found = next(((name, data[name]) for name in data if name.endswith("_response")), ("", data))
    code, words = str(found.get("code")), str(found.get("msg") or found.get("message"))
    if root == "error_response" or (not root and code != "0"):
        is_ban = code in {"ApiCallLimit", "AppCallLimit", "SellerCallLimit"}
        more = {"transient": is_ban, "retry_after": chainable.ban_seconds(words), "maybe_sent": not is_ban}
        raise chainable.APIError(f"{response.label}: {code}: {words}", code=code, response=response, **more)
    return response.set_data(found)
