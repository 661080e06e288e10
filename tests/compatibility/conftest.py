"""Calls of every kind, as a merchant makes them, and the sandboxes that answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from chainable import APIError
from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = b"\x89PNG\r\n\x1a\n" * 100
MEDIA_ID = "vtsu9wcvkqy4z1ub5kgb7fzr3atut2gnwx62m4eu"


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox() as started:
        with started.client() as client:
            stored = client.v3.merchant_service.images.upload.post(files={"file": ("a.png", IMAGE)}).data
        assert stored["media_id"] == MEDIA_ID
        yield started


@pytest.fixture(scope="session")
def top_sandbox():
    with TopSandbox() as started:
        yield started


@frozen
class Kind:
    """
    A kind of call.

    Args:
        make: Makes a client, which takes its options.
        call: Makes one call with a client; a refusal of the platform is an answer.
        arrived: How many requests the sandbox has seen.
        path: The path of the request.
    """

    make: Callable[..., Any]
    call: Callable[[Any], object]
    arrived: Callable[[], int]
    path: str


def native(client: Any) -> Any:
    return client.v3.pay.transactions.native.post(
        json={
            "appid": "wx8888888888888888",
            "mchid": client.mchid,
            "description": "thing",
            "out_trade_no": f"order-{secrets.token_hex(8)}",
            "notify_url": "https://shop.example/notify",
            "amount": {"total": 1},
        }
    )


def refund_v2(client: Any) -> Any:
    return client.v2.secapi.pay.refund.post(
        xml={"appid": "wx1", "out_trade_no": "nothing", "out_refund_no": "r1", "total_fee": 1, "refund_fee": 1}
    )


def streamed(client: Any) -> Any:
    """Read a file; its number is made from its content."""
    response = client.v3.merchant_service.images._media_id_.get(media_id=MEDIA_ID, stream=True)
    content = b"".join(response.iter_content(4096))
    return content, response.close()


CALLS: dict[str, Callable[[Any], Any]] = {
    "v3": native,
    "v3 promise": lambda client: client.v3.certificates.get_async().wait(60),
    "v3 upload": lambda client: client.v3.merchant.media.upload.post(files={"file": ("a.png", b"\x89PNG\r\n\x1a\n")}),
    "v3 stream": streamed,
    "v2 with mTLS": refund_v2,
}
PATHS = {
    "v3": "/v3/pay/transactions/native",
    "v3 promise": "/v3/certificates",
    "v3 upload": "/v3/merchant/media/upload",
    "v3 stream": f"/v3/merchant-service/images/{MEDIA_ID}",
    "v2 with mTLS": "/secapi/pay/refund",
    "top": "/router/rest",
    "top batch": "/router/batch",
}
KINDS = [
    f"{name}, {scheme}" for name in PATHS for scheme in ("http", "https") if (name, scheme) != ("v2 with mTLS", "http")
]


def batch(client: Any) -> Any:
    with client.batch() as together:
        together.taobao.time.get()
    return together.answers[0]


def answered(call: Callable[[Any], object]) -> Callable[[Any], object]:
    def made(client: Any) -> object:
        try:
            return call(client)
        except APIError as error:
            return error

    return made


@pytest.fixture(params=KINDS)
def kind(request, sandbox, top_sandbox):
    name, scheme = request.param.split(", ")
    made = []

    def kept(client: Any) -> Any:
        made.append(client)
        return client

    if name.startswith("top"):
        url = top_sandbox.https_gateway if scheme == "https" else top_sandbox.gateway
        yield Kind(
            make=lambda **options: kept(top_sandbox.client(gateway=url, **options)),
            call=answered(batch if name == "top batch" else lambda client: client.taobao.time.get()),
            arrived=lambda: len(top_sandbox.journal),
            path=PATHS[name],
        )
    else:
        url = sandbox.https_url if scheme == "https" else sandbox.base_url
        yield Kind(
            make=lambda **options: kept(sandbox.client(base_url=url, **options)),
            call=answered(CALLS[name]),
            arrived=lambda: len(sandbox.journal),
            path=PATHS[name],
        )
    for client in made:
        client.close()
