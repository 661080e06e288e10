"""A merchant's client and a platform on loopback that sends files, well and badly."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable import DirectTransport
from wechatpay import WeChatPay

PLATFORM_ID = "PUB_KEY_ID_0119000001092026010100000000000001"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Do not log a connection that a test broke."""


class Platform:
    """A server whose answers the test hands out, one function per request."""

    def __init__(self, key):
        self.key = key
        self.requests = []
        self.scripts = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append(
                    SimpleNamespace(path=self.path, headers=self.headers, client_address=self.client_address, body=body)
                )
                outer.scripts.pop(0)(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def signed_headers(self, body):
        nonce = os.urandom(16).hex()
        message = b"1700000000\n" + nonce.encode() + b"\n" + body + b"\n"
        signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": "1700000000",
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PLATFORM_ID,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }

    def file(self, body, *, status=200, headers=None, length=None, chunked=False):
        """Send a file, unsigned; with a wrong length, if one is given."""

        def send(handler):
            handler.send_response(status)
            for name, value in (headers or {}).items():
                handler.send_header(name, value)
            if chunked:
                handler.send_header("Transfer-Encoding", "chunked")
            else:
                handler.send_header("Content-Length", str(len(body) if length is None else length))
            handler.end_headers()
            if chunked:
                for start in range(0, len(body), 1000):
                    piece = body[start : start + 1000]
                    handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                handler.wfile.write(b"0\r\n\r\n")
            else:
                handler.wfile.write(body)
            if length is not None:
                handler.close_connection = True

        self.scripts.append(send)

    def json(self, value, *, status=200):
        """Send JSON, signed."""
        body = json.dumps(value).encode()
        self.file(body, status=status, headers={"Content-Type": "application/json", **self.signed_headers(body)})

    def reset(self, body, *, length):
        """Send a part, then reset the connection."""

        def send(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.connection.close()
            handler.close_connection = True

        self.scripts.append(send)

    def stall(self, body, *, length, until):
        """Send a part, then nothing until the event."""

        def send(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
            until.wait(60)
            handler.close_connection = True

        self.scripts.append(send)

    def drip(self, *, length, until):
        """Send a byte every few milliseconds, until the event."""

        def send(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            while not until.wait(0.02):
                handler.wfile.write(b"x")
                handler.wfile.flush()
            handler.close_connection = True

        self.scripts.append(send)


@pytest.fixture
def platform(platform_key):
    platform = Platform(platform_key)
    yield platform
    platform.close()


@pytest.fixture(params=["requests", "direct"])
def lane(request):
    """The transport of the clients: both keep the same promises."""
    return request.param


@pytest.fixture
def make_client(platform, merchant_key, platform_key, lane):
    made = []

    def make(**options):
        options = {
            "mchid": "1900000109",
            "serial": "0A75B6A45ACD588826D15E583A95F5DD01020304",
            "private_key": merchant_key,
            "certs": {PLATFORM_ID: platform_key.public_key()},
            "secret": "s" * 32,
            "base_url": platform.url,
            "timeout": (60, 60),
            "retries": 0,
            "clock": lambda: 1700000000.0,
            **({"transport": DirectTransport()} if lane == "direct" else {"proxies": {}}),
            **options,
        }
        client = WeChatPay(**options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()
