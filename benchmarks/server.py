"""
The gateway everybody is measured against: TLS on loopback, as cheap as it can be.

It answers every request with one signed answer (signed once a second; for our
client each answer has a nonce of its own, most of them signed at the start) and
counts connections.  A batch gets twenty answers, and ``/router/many/rest`` one
answer of the same size. ``GET /count`` tells how many there were and begins anew.
It runs in a process of its own: ``python benchmarks/server.py CERT KEY PLATFORM_KEY SECRET [LATENCY]``, the latency
in seconds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

READY = 6_000
"""Answers signed in advance, so that signing costs nothing while something is measured."""

AHEAD = 200
"""Seconds by which their time lies ahead: they serve from now until 500 seconds later."""

V3_BODY = json.dumps({"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}).encode()
ITEMS = [{"num_iid": 680000000000 + number, "title": f"连衣裙 {number:02}"} for number in range(20)]
TOP_BODY = json.dumps({"item_seller_get_response": {"item": ITEMS[0], "request_id": "x"}}).encode()
BATCH_BODY = b"\r\n-S-\r\n".join(
    json.dumps({"item_seller_get_response": {"item": item, "request_id": "16e8v2j3k4x5"}}, ensure_ascii=False).encode()
    for item in ITEMS
)
MANY_BODY = json.dumps(
    {"items_seller_list_get_response": {"items": {"item": ITEMS * 2}, "request_id": "16e8v2j3k4x5"}}, ensure_ascii=False
).encode()
MANY_BODY += b" " * (len(BATCH_BODY) - len(MANY_BODY))
V2_FIELDS = {"appid": "wx1", "mch_id": "1900000109", "nonce_str": "n", "prepay_id": "wx2", "result_code": "SUCCESS",
             "return_code": "SUCCESS"}  # fmt: skip


class Gateway:
    """The response, and the count of connections."""

    def __init__(self, platform_key: Path, secret: str) -> None:
        self.key = load_pem_private_key(platform_key.read_bytes(), None)
        self.connections = 0
        self.second = 0
        self.v3 = b""
        self.ready = [self.signed_at(int(time.time()) + AHEAD) for _ in range(READY)]
        text = "&".join(f"{name}={value}" for name, value in sorted(V2_FIELDS.items())) + f"&key={secret}"
        import hashlib

        sign = hashlib.md5(text.encode()).hexdigest().upper()
        body = (
            "<xml>" + "".join(f"<{n}><![CDATA[{v}]]></{n}>" for n, v in {**V2_FIELDS, "sign": sign}.items()) + "</xml>"
        )
        self.v2 = self.plain("text/xml", body.encode())
        self.top = self.plain("text/javascript;charset=UTF-8", TOP_BODY)
        self.many = self.plain("text/javascript;charset=UTF-8", MANY_BODY)
        self.batch = self.plain("text/plain;charset=UTF-8", BATCH_BODY)

    @staticmethod
    def plain(kind: str, body: bytes, extra: str = "") -> bytes:
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body

    def signed_at(self, moment: int) -> bytes:
        nonce = os.urandom(16).hex()
        message = b"%d\n%b\n%b\n" % (moment, nonce.encode(), V3_BODY)
        signature = base64.b64encode(self.key.sign(message, PKCS1v15(), SHA256())).decode()
        return self.plain(
            "application/json",
            V3_BODY,
            f"Wechatpay-Timestamp: {moment}\r\nWechatpay-Nonce: {nonce}\r\nWechatpay-Signature: {signature}\r\n"
            "Wechatpay-Serial: PUB_KEY_ID_BENCH\r\nWechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048\r\nRequest-ID: 08-0\r\n",
        )

    def signed(self, *, fresh: bool) -> bytes:
        if fresh:
            return self.ready.pop() if self.ready else self.signed_at(int(time.time()))
        now = int(time.time())
        if now != self.second:
            self.v3 = self.signed_at(now)
            self.second = now
        return self.v3

    def answer(self, target: bytes, *, fresh: bool = False) -> bytes:
        if target.startswith(b"/v3/"):
            return self.signed(fresh=fresh)
        if target.startswith(b"/router/batch"):
            return self.batch
        if target.startswith(b"/router/many/"):
            return self.many
        if target.startswith(b"/router/"):
            return self.top
        if target == b"/count":
            count, self.connections = self.connections, 0
            return self.plain("application/json", json.dumps(count).encode())
        return self.v2


class Connection(asyncio.Protocol):
    def __init__(self, gateway: Gateway, latency: float) -> None:
        self.gateway = gateway
        self.latency = latency
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.gateway.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            target = head.split(b" ", 2)[1]
            if target == b"/count":
                self.gateway.connections -= 1
            answer = self.gateway.answer(target, fresh=b"chainable/" in head)
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.transport.write, answer)
            else:
                self.transport.write(answer)


async def main(certificate: str, key: str, platform_key: str, secret: str, latency: str = "0") -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    gateway = Gateway(Path(platform_key), secret)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(gateway, float(latency)), "127.0.0.1", 0, ssl=context, backlog=256
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
