"""The sandboxes that answer, for each kind of call."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from attrs import frozen

from chainable import BEIJING
from taobao_top.sandbox import Sandbox as TopSandbox
from tests.compatibility.calls import IMAGE, MEDIA_ID, TOP, WECHAT, answered, download, order
from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = str(Path(__file__).parent)
LOOPBACK = pytest.mark.block_network(allowed_hosts=[r"127\.0\.0\.1$"])
"""Other hosts are refused: none of these tests reaches a platform."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(LOOPBACK)


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox(appids=["wx8888888888888888"]) as started:
        with started.client() as client:
            stored = client.v3.merchant_service.images.upload.post(files={"file": ("a.png", IMAGE)}).data
            client.v3.pay.transactions.native.post(json=order(client, "yesterday"))
        assert stored["media_id"] == MEDIA_ID
        started.pay("yesterday")
        started.clock.advance(days=1)
        yield started


@pytest.fixture(scope="session")
def bills(sandbox):
    """The URL of yesterday's bill, by scheme: asked for tomorrow, it is good until then and not for half a minute."""
    yesterday = dt.datetime.fromtimestamp(sandbox.clock(), BEIJING).date() - dt.timedelta(days=1)
    found = {}
    sandbox.clock.advance(days=1)
    for scheme, url in (("http", sandbox.base_url), ("https", sandbox.https_url)):
        with sandbox.client(base_url=url) as client:
            bill = client.v3.bill.tradebill.get(params={"bill_date": yesterday})
            found[scheme] = bill.data["download_url"]
    sandbox.clock.advance(days=-1)
    return found


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
        port: The port that it goes to.
        secure: Whether it goes over TLS.
    """

    make: Callable[..., Any]
    call: Callable[[Any], object]
    arrived: Callable[[], int]
    path: str
    port: int
    secure: bool


PATHS = {
    "v3": "/v3/pay/transactions/native",
    "v3 promise": "/v3/certificates",
    "v3 upload": "/v3/merchant/media/upload",
    "v3 stream": f"/v3/merchant-service/images/{MEDIA_ID}",
    "v3 download": "/v3/billdownload/file",
    "v2 with mTLS": "/secapi/pay/refund",
    "top": "/router/rest",
    "top upload": "/router/rest",
    "top promise": "/router/rest",
    "top batch": "/router/batch",
}
KINDS = [
    f"{name}, {scheme}" for name in PATHS for scheme in ("http", "https") if (name, scheme) != ("v2 with mTLS", "http")
]


@pytest.fixture(params=KINDS)
def kind(request, sandbox, top_sandbox, bills):
    name, scheme = request.param.split(", ")
    secure = scheme == "https"
    made = []

    def kept(client: Any) -> Any:
        made.append(client)
        return client

    if name in TOP:
        url = top_sandbox.https_gateway if secure else top_sandbox.gateway
        started, place, call = top_sandbox, "gateway", TOP[name]
    else:
        url = sandbox.https_url if secure else sandbox.base_url
        started, place = sandbox, "base_url"
        call = WECHAT[name] if name in WECHAT else download(bills[scheme])
    yield Kind(
        make=lambda **options: kept(started.client(**{place: url}, **options)),
        call=answered(call),
        arrived=lambda: started.journal.count,
        path=PATHS[name],
        port=urlsplit(url).port or 0,
        secure=secure,
    )
    for client in made:
        client.close()
