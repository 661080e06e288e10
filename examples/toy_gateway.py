"""
An invented platform, its client and its sandbox: the gateway that the guide builds ("Another platform").

The platform: one URL takes POSTs of forms with ``method``, ``app`` and ``at`` (the time in seconds).  ``sign`` is the
HMAC-SHA256 of names and values in the order of the names.  Answers are JSON: ``{"code": 0, "data": {…}}``, or another
code with a ``message`` for a call that was refused and not carried out.
"""

import hashlib
import hmac
import json
import logging
import time
from typing import ClassVar
from urllib.parse import parse_qsl

from attrs import frozen

import chainable
from chainable.sandbox import faults
from chainable.sandbox.http import Reply
from chainable.sandbox.journal import Journal
from chainable.sandbox.server import Listener, Server


class ToySigner(chainable.Signer):
    def __init__(self, secret, clock=time.time):
        self.secret, self.clock = chainable.Secret.of(secret), clock

    def __call__(self, r):
        fields = r.parameters | {"at": str(int(self.clock()))}
        message = "".join(name + fields[name] for name in sorted(fields))
        sign = hmac.new(self.secret.reveal().encode(), message.encode(), hashlib.sha256).hexdigest()
        r.body = r.codec.encode(fields | {"sign": sign})
        return r


class Toy(chainable.NameRoot, chainable.Client):
    def __init__(self, app, secret, gateway="https://gateway.toy.example/", **options):
        super().__init__(logger=logging.getLogger("toy"), **options)
        self.app, self.gateway, self.signer = app, gateway, ToySigner(secret)

    def prepare(self, path, verb, positional, keywords):
        options = chainable.call_options(keywords)
        texts, files = chainable.write_values(dict(*positional) | keywords)
        if files:
            raise TypeError(f"{path}: this platform takes no files")
        return self.call(
            "POST",
            path,
            self.gateway,
            options=options,
            parse=answer,
            signer=self.signer,
            parameters=texts | {"app": self.app, "method": path},
            codec=chainable.FORM,
            repeatable=path.endswith(".get"),
        )


def answer(response):
    data = chainable.read_json(response)
    code, words = data.get("code"), str(data.get("message"))
    if code == 0:
        return response.set_data(data["data"])
    wait = chainable.ban_seconds(words)
    raise chainable.APIError(
        f"{response.label}: code {code}: {words}",
        code=str(code),
        sentence=words,
        transient=wait is not None,
        retry_after=wait,
        maybe_sent=False,
        response=response,
    )


@frozen(kw_only=True)
class ToyFault(faults.FaultRule):
    KINDS: ClassVar = {
        "reset": "cuts the connection before an answer",
        "half_body": "sends half of an answer",
        "error": "refuses with `code` and `message`",
        "latency": "answers after `seconds`",
    }
    PREVENTING = frozenset({"reset", "error"})
    PATTERN = "method"

    method: str | None = None
    code: int = 9
    message: str = "the service failed"


class ToyFaults(faults.Faults):
    TYPE = ToyFault


@frozen
class ToyEntry:
    id: int
    name: str
    parameters: dict
    answer: dict

    @property
    def volume(self):
        return len(str(self))


class ToySandbox:
    def __init__(self, secret):
        self.secret, self.faults, self.journal, self.parcels = secret, ToyFaults(), Journal(), {}
        self.server = Server(self.handle, [Listener("main", "127.0.0.1")], keep_alive=60)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop()

    def client(self, **options):
        return Toy("toy-app", self.secret, self.server.origin(0), **options)

    def handle(self, request):
        parameters = dict(parse_qsl(request.body.decode()))
        name = parameters.get("method", "")
        fault = self.faults.take(name, values=lambda: parameters)
        if fault is None or fault.takes_effect:
            result = self.carry_out(name, parameters)
        else:
            result = {"code": fault.code, "message": fault.message}
        self.journal.add(ToyEntry(self.journal.next_id(), name, parameters, result))
        cut = fault.kind if fault is not None and fault.kind in {"reset", "half_body"} else ""
        return Reply(body=json.dumps(result).encode(), cut=cut, delay=0 if fault is None else fault.seconds)

    def carry_out(self, name, parameters):
        signed = "".join(key + value for key, value in sorted(parameters.items()) if key != "sign")
        expected = hmac.digest(self.secret.encode(), signed.encode(), "sha256").hex()
        if not hmac.compare_digest(parameters.get("sign", ""), expected):
            return {"code": 25, "message": f"the signature of {signed!r} is another one"}
        number = parameters.get("number", "")
        if name == "shop.parcel.create" and number not in self.parcels:
            self.parcels[number] = {"number": number, "weight": parameters.get("weight"), "state": "created"}
        elif name != "shop.parcel.get" or number not in self.parcels:
            return {"code": 41, "message": "no such method, or no such parcel, or it exists already"}
        return {"code": 0, "data": self.parcels[number]}
