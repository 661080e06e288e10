"""A person's data never leaves plain: near-miss spellings of every operation with encrypted fields, and of its fields."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
import requests
from requests.adapters import BaseAdapter

from chainable import ChainableError
from wechatpay import WeChatPay, catalogue

PLANTED = "张三PLANTED"
VERBS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [operation for operation in catalogue.operations() if operation.encrypted_fields]
IDS = [operation.key for operation in OPERATIONS]


class Recorder(BaseAdapter):
    """Keeps what would leave, and answers nothing."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def send(self, request, **_):
        self.sent.append(request)
        raise requests.ReadTimeout("recorded")

    def close(self):
        """Nothing is open."""

    def plain(self):
        """What left with the person's data in it."""
        return [request for request in self.sent if any(word in _text(request) for word in ("PLANTED", "19900307"))]


def _text(request):
    body = request.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return unquote(request.url) + repr(dict(request.headers)) + text


def plain_signer(request):
    return request


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def make(recorder, merchant_key, merchant_certificate, platform_key):
    session = requests.Session()
    session.mount("http://", recorder)
    session.mount("https://", recorder)

    def client(**settings):
        return WeChatPay(
            mchid="1900000109",
            private_key=merchant_key,
            merchant_cert=merchant_certificate.pem,
            certs={"PUB_KEY_ID_1": platform_key.public_key()},
            secret="abcdefghijklmnopqrstuvwxyz012345",
            signer=plain_signer,
            v2_signer=plain_signer,
            http_session=session,
            proxies={},
            retries=0,
            **{"base_url": "http://127.0.0.1:9/"} | settings,
        )

    return client


@pytest.fixture(scope="module")
def client(make):
    with make() as made:
        yield made


def leaves(fields, value=PLANTED, *, spell=str):
    """Each encrypted field by itself, in the objects it stands in."""
    for name, inner in fields.items():
        if isinstance(inner, str):
            yield {spell(name): value}
        else:
            for below in leaves(inner, value, spell=spell):
                yield {spell(name): below}


def bodies(operation, value=PLANTED, *, spell=str):
    """The options of a call, one for each encrypted field."""
    for place, fields in operation.encrypted_fields.items():
        option = {"query": "params", "meta": "json"}.get(place, place)
        for body in leaves(fields, value, spell=spell):
            yield {option: body}


def camel(name):
    return re.sub(r"[-_]([a-z0-9])", lambda match: match[1].upper(), name)


def concrete(operation):
    return re.sub(r"\{\w+\}", "4200001", operation.path)


def spellings(path):
    """Near misses of a path that has no variables left."""
    bare = path.rstrip("/")
    version, *rest = bare.split("/")
    joined = "/".join(rest)
    yield bare
    yield f"{bare}/"
    yield f"{bare}/{{empty}}"
    yield f"{version.upper()}/{joined}"
    yield bare.upper()
    yield bare.title()
    yield f"{version}/{joined}x"
    yield f"{version}/{joined[:-1]}"
    yield f"{version}/{joined[:1]}{joined[2:]}"
    for index, segment in enumerate(rest):
        for other in {
            segment.capitalize(),
            camel(segment),
            segment.replace("-", "_"),
            segment.replace("_", "-"),
            segment.replace("-", ""),
            f"{segment[:2]}_{segment[2:]}",
            f"{segment[:2]}-{segment[2:]}",
            f"{segment[:-2]}{segment[-1:]}{segment[-2:-1]}",
            f"{segment}s",
            f"_{segment}",
        } - {segment, "_", "-"}:
            yield "/".join([version, *rest[:index], other, *rest[index + 1 :]])
    yield joined
    yield f"{version}/{bare}"
    yield f"hk/{bare}"
    yield f"pay/hk/{bare}"
    yield f"v4/{joined}"
    yield f"brand/{joined}"
    yield f"{'v2' if version == 'v3' else 'v3'}/{joined}"
    yield f"{version}/global/{joined}"
    yield bare.replace("/global/", "/")
    yield f"{bare}/modify"
    yield f"{bare}/4200001/modify"
    yield f"{bare}.json"
    yield bare.replace("/", ".")
    yield f"{version}/{'-'.join(rest)}"
    yield f"{version}/{''.join(rest)}"


def call(chain, verb, **options):
    try:
        getattr(chain, verb)(**options)
    except (ChainableError, TypeError, requests.RequestException):
        return


def options_for(path, options):
    """Under APIv2 a body is XML, under APIv3 JSON."""
    body = options.get("json", options.get("xml"))
    if body is None or "params" in options:
        return options
    return {"xml" if path.split("/")[0].lower() == "v2" else "json": body}


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_spelling_of_the_path_lets_a_person_leave(client, recorder, operation):
    recorder.sent.clear()
    given = list(bodies(operation))
    for path in dict.fromkeys(spellings(concrete(operation))):
        chain = client[path]
        for options in given:
            call(chain, operation.method.lower(), **options_for(path, options))
    assert sorted({request.path_url for request in recorder.plain()}) == []
