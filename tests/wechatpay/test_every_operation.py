"""All 1,147 operations, called: a client with a base_url of its own reaches nothing else."""

from __future__ import annotations

import contextlib
import re

import pytest
import responses

from chainable import ChainableError
from tests.wechatpay.conftest import APIV3_KEY, V2_SECRET
from wechatpay import Sensitive, catalogue

OWN = "http://127.0.0.1:9/forward/"
PAGES = {operation.key for operation in catalogue.operations() if operation.answer == "redirect"}


def sealed(fields):
    """The encrypted fields of an operation, each with something sensitive in it."""
    return {name: Sensitive("x") if isinstance(inner, str) else sealed(inner) for name, inner in fields.items()}


@pytest.fixture(scope="module")
def client(request, merchant_key, merchant_certificate, platform_key):
    from wechatpay import WeChatPay

    with WeChatPay(
        mchid="1900000109",
        private_key=merchant_key,
        merchant_cert=merchant_certificate.pem,
        certs={"PUB_KEY_ID_1": platform_key.public_key()},
        apiv3_key=APIV3_KEY,
        secret=V2_SECRET,
        base_url=OWN,
        retries=0,
    ) as made:
        yield made


def test_all_of_them(client):
    called = 0
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add(responses.GET, re.compile(re.escape(OWN) + ".*"), b"{}")
        for verb in ("POST", "PUT", "PATCH", "DELETE"):
            web.add(verb, re.compile(re.escape(OWN) + ".*"), b"{}")
        for operation in catalogue.operations():
            if operation.key in PAGES:
                continue
            options = {name: "1" for name in operation.variables if name not in operation.fixed}
            encrypted = operation.encrypted_fields
            if operation.body == "json":
                options["json"] = sealed(encrypted.get("json", {}))
            elif operation.body == "xml":
                options["xml"] = {"a": "b"}
            elif operation.body == "multipart":
                kind = operation.upload.types[0] if operation.upload.types else "png"
                options["files"] = {operation.upload.file: (f"a.{kind}", b"x")}
            if "query" in encrypted:
                options["params"] = sealed(encrypted["query"])
            before = len(web.calls)
            with contextlib.suppress(ChainableError):  # the answer means nothing; what counts is where the request went
                getattr(client[operation.path], operation.method.lower())(**options)
            assert len(web.calls) > before or operation.key_operation, operation.key
            called += 1
        assert all(call.request.url.startswith(OWN) for call in web.calls)
    assert called == 1147 - len(PAGES)


@pytest.mark.parametrize("key", sorted(PAGES))
def test_the_pages_give_a_url(client, key):
    operation = catalogue.operation(key)
    url = client.signed_url(client[operation.path], params={"appid": "wx1"})

    assert url.startswith(OWN)
    with pytest.raises(TypeError, match="signed_url"):
        client[operation.path].get(params={})
