"""A sandbox, a merchant that signs by hand, and a browser that looks at the page."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.browser import REBOUND, chromium, visits
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Request

NATIVE = "/v3/pay/transactions/native"


class Merchant:
    """Makes requests by the platform's documents alone."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.account = sandbox.account
        self.key = serialization.load_pem_private_key(
            self.account.private_key.encode(), None, unsafe_skip_rsa_key_validation=True
        )

    def rsa(self, message, algorithm=None, pad=None, key=None):
        made = (key or self.key).sign(message, pad or padding.PKCS1v15(), algorithm or hashes.SHA256())
        return base64.b64encode(made).decode()

    def request(self, method, target, body=b"", *, message=None, signature=None, headers=(), **fields):
        """A request; ``message`` is what is signed instead of the right five lines, given their parts."""
        parts = {
            "mchid": self.account.mchid,
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(time.time())),
            "serial_no": self.account.serial,
            **fields,
        }
        lines = (method, target, parts["timestamp"], parts["nonce_str"])
        right = ("\n".join(lines) + "\n").encode() + body + b"\n"
        parts["signature"] = signature or self.rsa(message(*lines, body) if message else right)
        value = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{text}"' for name, text in parts.items() if text)
        plain = {"host": "127.0.0.1:1", "accept": "*/*", "user-agent": "tests", "content-type": "application/json"}
        sent = {**plain, "authorization": value, **dict(headers)}
        pairs = tuple((name, text) for name, text in sent.items() if text is not None)
        return Request(method, target, pairs, body, secure=True)

    def send(self, request):
        """Send it to the platform and return its journal entry."""
        self.sandbox.dispatcher.handle(request)
        return self.sandbox.journal[-1]

    def order(self, number="T20260101001", total=1234, **more):
        """Order by Native; the entry."""
        content = {
            "appid": self.account.appid,
            "mchid": self.account.mchid,
            "description": "一杯咖啡 / coffee",
            "out_trade_no": number,
            "notify_url": "http://127.0.0.1:9/notify",
            "amount": {"total": total, "currency": "CNY"},
            **more,
        }
        return self.send(self.request("POST", NATIVE, json.dumps(content).encode()))

    # v2

    def sign(self, text, algorithm="MD5", key=None):
        if algorithm == "MD5":
            return hashlib.md5(text.encode()).hexdigest().upper()
        return hmac.digest((key or self.account.secret).encode(), text.encode(), "sha256").hex().upper()

    def text(self, parameters):
        pairs = sorted((name, value) for name, value in parameters.items() if value != "" and name != "sign")
        return "&".join(f"{name}={value}" for name, value in pairs) + f"&key={self.account.secret}"

    def v2(self, target, parameters, *, text=None, algorithm="MD5", key=None, **changes):
        """An XML request; ``text`` is what is signed instead of the right text."""
        sent = {"mch_id": self.account.mchid, "nonce_str": secrets.token_hex(16), **parameters}
        sent["sign"] = self.sign(text(sent) if text else self.text(sent), algorithm, key)
        sent |= changes
        body = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in sent.items() if value is not None)
        headers = (("host", "127.0.0.1:1"), ("content-type", "text/xml"))
        return self.send(Request("POST", target, headers, f"<xml>{body}</xml>".encode(), secure=True))


class Page:
    """Asks what the page asks, without a socket."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def reply(self, path, method="GET", content=None, **headers):
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        sent = {"host": "127.0.0.1:1", "content-type": "application/json", "accept": "*/*", "user-agent": "tests"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = tuple((name, value) for name, value in sent.items() if value is not None)
        return self.sandbox.control_api.handle(Request(method, f"/_sandbox/{path}", pairs, body))

    def __call__(self, path, method="GET", content=None):
        reply = self.reply(path, method, content)
        assert reply.status in (200, 204), reply.body
        return json.loads(reply.body or b"null")


class Receiver:
    """The merchant's server: answers as told, and keeps what it was sent."""

    def __init__(self):
        self.received = []
        self.answers = []
        self.page = b""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status, answer = receiver.answers.pop(0) if receiver.answers else (200, b"")
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(receiver.page)))
                self.end_headers()
                self.wfile.write(receiver.page)

            def log_message(self, format, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def running():
    with Sandbox(callback_scale=0.0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    running.reset()
    running.context.automatic = frozenset()
    running.context.strict = True
    yield running
    running.up()


@pytest.fixture
def merchant(sandbox):
    return Merchant(sandbox)


@pytest.fixture
def ask(sandbox):
    return Page(sandbox)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium(REBOUND) as started:
        yield started


@pytest.fixture
def visit(browser, sandbox):
    """Open the page, in a language and a size."""
    with visits(browser) as open_page:
        yield lambda locale="en-GB", path="_sandbox/", **options: open_page(sandbox.base_url + path, locale, **options)
