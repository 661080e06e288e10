"""A whole client against servers that really break: what is sent is kept, what is promised is asked."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from chainable import DirectTransport
from tests.chainable.fault_server import FaultServer
from wechatpay import WeChatPay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric import rsa

PLATFORM = "PUB_KEY_ID_0000000000000024101100397200000006"
SERIAL = "3775B6A45ACD588826D15E583A95F5DD12345678"
_NONCE = re.compile(rb'nonce_str="([^"]+)"')


class Gateway:
    """
    What the platform would say, signed; and every request that reached it, on any of its hosts.

    Args:
        key: Signs the answers.
    """

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.key = key
        self.requests: list[bytes] = []
        self.now = time.time
        self._made: dict[bytes, tuple[bytes, str, dict[str, str]]] = {}

    def answer(self, body: bytes = b'{"code_url":"weixin://"}', status: str = "200 OK", **headers: str) -> bytes:
        """Return one HTTP response with its signature."""
        timestamp = str(int(self.now()))
        nonce = os.urandom(16).hex()
        signature = self.key.sign(b"%b\n%b\n%b\n" % (timestamp.encode(), nonce.encode(), body), PKCS1v15(), SHA256())
        lines = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PLATFORM,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Request-ID": "08F2-268443699",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        made = (
            f"HTTP/1.1 {status}\r\n{''.join(f'{n}: {v}' + chr(13) + chr(10) for n, v in lines.items())}\r\n".encode()
            + body
        )
        self._made[made] = body, status, headers
        return made

    def fresh(self, answer: bytes) -> bytes:
        """Sign a response of this module anew, because the platform never repeats a signature."""
        if answer not in self._made:
            return answer
        body, status, headers = self._made[answer]
        return self.answer(body, status, **headers)

    def refusal(self, code: str, status: str, **headers: str) -> bytes:
        """Return an error in the platform's form."""
        return self.answer(json.dumps({"code": code, "message": "…"}).encode(), status, **headers)

    @property
    def nonces(self) -> list[bytes]:
        """The nonce of each request, in order."""
        return [found[1] for request in self.requests if (found := _NONCE.search(request))]

    def posts(self) -> int:
        """Count the requests that were POSTs."""
        return sum(request.startswith(b"POST ") for request in self.requests)


@pytest.fixture
def gateway(platform_key: rsa.RSAPrivateKey) -> Gateway:
    return Gateway(platform_key)


@pytest.fixture
def serve(gateway: Gateway) -> Iterator[Callable[..., FaultServer]]:
    """Start a server whose answers are steps: bytes to send, or a function of the connection; the last one stays."""
    servers: list[FaultServer] = []

    def start(*steps: Any, context: Any = None) -> FaultServer:
        waiting = list(steps)

        def script(connection: Any, request: bytes, _: int) -> None:
            gateway.requests.append(request)
            step = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(step, bytes):
                connection.sendall(gateway.fresh(step))
            else:
                step(connection)

        servers.append(FaultServer(script, context))
        servers[-1].__enter__()
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(params=["requests", "direct"])
def lane(request: pytest.FixtureRequest) -> str:
    """The transport of the clients: both keep the same promises."""
    return str(request.param)


@pytest.fixture
def make_client(
    merchant_key: rsa.RSAPrivateKey, platform_key: rsa.RSAPrivateKey, lane: str
) -> Iterator[Callable[..., WeChatPay]]:
    made: list[WeChatPay] = []

    def make(base_url: str, **settings: Any) -> WeChatPay:
        options: dict[str, Any] = {
            "mchid": "1900000109",
            "serial": SERIAL,
            "private_key": merchant_key,
            "certs": {PLATFORM: platform_key.public_key()},
            "timeout": (60, 60),
            "deadline": 120,
        }
        if lane == "requests":
            options["proxies"] = {}
        else:
            options["transport"] = DirectTransport(pool_maxsize=settings.pop("pool_maxsize", 32))
        client = WeChatPay(base_url=base_url, **options | settings)
        # The pauses between attempts are tested elsewhere; here they would only take time.
        object.__setattr__(client._pipeline, "jitter", lambda: 0.0)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
