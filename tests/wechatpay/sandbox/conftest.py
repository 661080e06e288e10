"""A merchant that signs by the platform's documents alone: it shares nothing with the client, nor with the gate."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chainable.i18n import Words
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wechatpay.sandbox.http import Reply

OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def public_key(pem: bytes) -> Any:
    if b"CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_key()
    return serialization.load_pem_public_key(pem)


class Answer:
    """The response, its signature verified by hand."""

    def __init__(self, reply: Reply, sandbox: Sandbox) -> None:
        self.reply = reply
        self.status = reply.status
        self.headers = dict(reply.headers)
        self.body = reply.body
        self.sandbox = sandbox

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def xml(self) -> dict[str, str]:
        return {element.tag: element.text or "" for element in ET.fromstring(self.body)}

    @property
    def issue(self) -> str:
        return str(self.data["detail"]["issue"])

    @property
    def note(self) -> Words:
        """What the journal says of the last request, in both languages."""
        note = self.sandbox.journal[-1].message
        assert isinstance(note, Words)
        return note

    def signed(self, covered: bytes | None = None) -> bool:
        """True if the platform's signature is valid."""
        headers = self.headers
        body = self.body if covered is None else covered
        message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        key = public_key(self.sandbox.account.certs[headers["Wechatpay-Serial"]].encode())
        key.verify(base64.b64decode(headers["Wechatpay-Signature"]), message, padding.PKCS1v15(), hashes.SHA256())
        return True


class Merchant:
    """Makes requests by hand and gives them to the platform, without sockets."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self.key: Any = serialization.load_pem_private_key(
            self.account.private_key.encode(), None, unsafe_skip_rsa_key_validation=True
        )
        self.serial = self.account.public_key_id

    def rsa(self, message: bytes) -> str:
        return base64.b64encode(self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def authorization(self, method: str, target: str, body: bytes, **changes: str) -> str:
        scheme = changes.pop("scheme", "WECHATPAY2-SHA256-RSA2048")
        timestamp = changes.pop("timestamp", str(int(self.sandbox.context.clock())))
        nonce = changes.pop("nonce_str", secrets.token_hex(16))
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        fields = {
            "mchid": self.account.mchid,
            "nonce_str": nonce,
            "timestamp": timestamp,
            "serial_no": self.account.serial,
            "signature": self.rsa(message),
            **changes,
        }
        return scheme + " " + ",".join(f'{name}="{value}"' for name, value in fields.items() if value != "-")

    def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        covered: bytes | None = None,
        headers: dict[str, str | None] | None = None,
        **authorization: str,
    ) -> Request:
        sent: dict[str, str | None] = {
            "host": "127.0.0.1:1",
            "authorization": self.authorization(method, target, body if covered is None else covered, **authorization),
            "wechatpay-serial": self.serial,
            "accept": "application/json",
            "user-agent": "tests",
        }
        if body:
            sent["content-type"] = "application/json"
        sent |= headers or {}
        return Request(method, target, tuple((name, value) for name, value in sent.items() if value is not None), body)

    def send(self, request: Request) -> Answer:
        return Answer(self.sandbox.dispatcher.handle(request), self.sandbox)

    def call(
        self,
        method: str,
        target: str,
        json_body: Any = None,
        **options: Any,
    ) -> Answer:
        body = b"" if json_body is None else json.dumps(json_body, ensure_ascii=False).encode()
        return self.send(self.request(method, target, body, **options))

    def get(self, target: str, **options: Any) -> Answer:
        return self.call("GET", target, **options)

    def post(self, target: str, json_body: Any = None, **options: Any) -> Answer:
        return self.call("POST", target, {} if json_body is None else json_body, **options)

    def upload(
        self, target: str, meta: dict[str, Any], content: bytes, filename: str = "图.png", name: str = "file"
    ) -> Answer:
        text = json.dumps(meta, ensure_ascii=False).encode()
        body = multipart({"meta": text}, {name: (filename, content)})
        return self.send(
            self.request(
                "POST", target, body, covered=text, headers={"content-type": "multipart/form-data; boundary=x1y2"}
            )
        )

    def encrypt(self, text: str, public_key: Any = None) -> str:
        key: Any = public_key or serialization.load_pem_public_key(self.account.public_key.encode())
        return base64.b64encode(key.encrypt(text.encode(), OAEP)).decode()

    def decrypt(self, text: str) -> str:
        return str(self.key.decrypt(base64.b64decode(text), OAEP).decode())

    # v2

    def sign(self, parameters: dict[str, Any], algorithm: str = "MD5") -> str:
        pairs = sorted((name, str(value)) for name, value in parameters.items() if value != "" and name != "sign")
        text = "&".join(f"{name}={value}" for name, value in pairs) + f"&key={self.account.secret}"
        if algorithm == "MD5":
            return hashlib.md5(text.encode()).hexdigest().upper()
        return hmac.digest(self.account.secret.encode(), text.encode(), "sha256").hex().upper()

    def v2(
        self,
        target: str,
        parameters: dict[str, Any],
        algorithm: str = "MD5",
        *,
        certificate: str | None = "own",
        nonce: bool = True,
        number: str | None = "mch_id",
        **changes: Any,
    ) -> Answer:
        sent = dict(parameters)
        if number:
            sent.setdefault(number, self.account.mchid)
        if nonce:
            sent["nonce_str"] = secrets.token_hex(16)
        sent["sign"] = self.sign(sent, algorithm)
        sent |= changes
        text = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in sent.items() if value is not None)
        return self.v2_raw(target, f"<xml>{text}</xml>".encode(), certificate)

    def v2_raw(self, target: str, body: bytes, certificate: str | None = "own") -> Answer:
        own = self.account.serial if certificate == "own" else certificate
        headers = (("content-type", "text/xml"), ("host", "127.0.0.1:1"))
        return self.send(Request("POST", target, headers, body, secure=True, certificate=own))

    def v2_get(self, target: str, parameters: dict[str, Any], algorithm: str = "MD5") -> Answer:
        sent = {**parameters, "sign": self.sign(parameters, algorithm)}
        return self.send(Request("GET", f"{target}?{urlencode(sent)}", (("host", "127.0.0.1:1"),), b"", secure=True))


def multipart(fields: dict[str, bytes], files: dict[str, tuple[str, bytes]]) -> bytes:
    lines = []
    for name, value in fields.items():
        lines.append(b'--x1y2\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value))
    for name, (filename, content) in files.items():
        head = (
            f'--x1y2\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: image/png'
        )
        lines.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(lines) + b"--x1y2--\r\n"


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(callback_scale=0.0, appids=("wx1", "wx2", "wx", "wx8888888888888888")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.reset()
    running.context.automatic = frozenset({"refund", "finish"})
    running.context.strict = True
    yield running
    running.up()


@pytest.fixture
def merchant(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox)


@pytest.fixture
def stopped(merchant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of the merchant's sandbox: only ``clock.advance()`` moves it."""
    clock = merchant.sandbox.clock
    now = clock() - clock.offset
    monkeypatch.setattr(clock, "_base", lambda: now)


@pytest.fixture
def new_merchant() -> Callable[[Sandbox], Merchant]:
    return Merchant


@pytest.fixture
def form() -> Callable[..., bytes]:
    return multipart


class Receiver:
    """The merchant's server: answers as told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.default = (200, b"")
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    status, answer = receiver.answers.pop(0) if receiver.answers else receiver.default
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def opened(self, sandbox: Sandbox, index: int = -1) -> tuple[dict[str, Any], dict[str, Any]]:
        """Envelope and decrypted resource of a v3 notification, its signature checked."""
        headers, body = self.received[index]
        message = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
        key = public_key(sandbox.account.certs[headers["wechatpay-serial"]].encode())
        key.verify(base64.b64decode(headers["wechatpay-signature"]), message, padding.PKCS1v15(), hashes.SHA256())
        envelope = json.loads(body)
        resource = envelope["resource"]
        plain = AESGCM(sandbox.account.apiv3_key.encode()).decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )
        return envelope, json.loads(plain)

    def xml(self, index: int = -1) -> dict[str, str]:
        return {element.tag: element.text or "" for element in ET.fromstring(self.received[index][1])}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()
