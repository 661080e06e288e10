"""
A platform that breaks in every way, and counts what reached it.

A process of its own, so that nothing that the client's process patches
touches it: ``python counting_server.py SEED FOLDER``.  It writes its keys into
the folder, prints one line of JSON with its ports, and when its input ends it
prints, as JSON, how often each call's number arrived, cut requests counted.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_ID = "PUB_KEY_ID_0119000001092025"
LATE = 0.6  # seconds, more than the client waits
NUMBER = re.compile(rb"[?&]q=([A-Za-z0-9]+)")

arrived: Counter[str] = Counter()
faults: Counter[str] = Counter()
lock = threading.Lock()


def signed(status: str, body: bytes) -> bytes:
    stamp, nonce = str(int(time.time())), os.urandom(16).hex()
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    signature = base64.b64encode(KEY.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Wechatpay-Timestamp: {stamp}\r\nWechatpay-Nonce: {nonce}\r\nWechatpay-Signature: {signature}\r\n"
        f"Wechatpay-Serial: {PUBLIC_ID}\r\n\r\n"
    ).encode() + body


def reset(connection: Any) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def note(head: bytes) -> None:
    found = NUMBER.search(head)
    if found is not None:
        with lock:
            arrived[found[1].decode()] += 1


def fault(name: str) -> str:
    with lock:
        faults[name] += 1
    return name


def answer(connection: Any, number: str, chance: random.Random) -> bool:
    """Answer one request in one of many ways; False ends the connection."""
    good = signed("200 OK", json.dumps({"id": number}).encode())
    dice = chance.random()
    if dice < 0.45:
        connection.sendall(good)
    elif dice < 0.52:
        fault("reset")
        reset(connection)
        return False
    elif dice < 0.58:
        fault("closed")
        return False
    elif dice < 0.63:
        fault("half an answer")
        connection.sendall(good[: chance.randrange(1, len(good))])
        return False
    elif dice < 0.68:
        fault("late")
        time.sleep(LATE)
        connection.sendall(good)
    elif dice < 0.74:
        fault("interim")
        for _ in range(chance.randrange(1, 4)):
            connection.sendall(f"HTTP/1.1 {chance.choice([100, 102, 103])} Wait\r\nLink: </x>\r\n\r\n".encode())
        connection.sendall(good)
    elif dice < 0.76:
        fault("101")
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + good)
    elif dice < 0.81:
        fault("5xx")
        connection.sendall(
            signed(f"{chance.choice([500, 502, 503])} Broken", b'{"code": "SYSTEM_ERROR", "message": "x"}')
        )
    elif dice < 0.85:
        fault("429")
        connection.sendall(signed("429 Too Many", b'{"code": "FREQUENCY_LIMITED", "message": "x"}'))
    elif dice < 0.90:
        fault("two answers")
        connection.sendall(good + signed("200 OK", b'{"id": "stray"}'))
    elif dice < 0.94:
        fault("closed right after the answer")
        connection.sendall(good)
        return False
    elif dice < 0.97:
        fault("disputed length")
        connection.sendall(good.replace(b"Content-Length", b"Content-Length: 1\r\nContent-Length", 1))
    else:
        fault("drip")
        for byte in good[:40]:
            connection.sendall(bytes([byte]))
        connection.sendall(good[40:])
    return True


def serve(connection: Any, chance: random.Random) -> None:
    connection.settimeout(20)
    buffer = b""
    while True:
        if not buffer and chance.random() < 0.01:
            fault("closed while idle")
            return
        cut = chance.random() < 0.04
        while b"\r\n\r\n" not in buffer:
            piece = connection.recv(65536)
            if not piece:
                note(buffer)
                return
            buffer += piece
            if cut:
                fault("half a request")
                note(buffer)
                reset(connection)
                return
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        note(head)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(buffer) < length:
            piece = connection.recv(65536)
            if not piece:
                return
            buffer += piece
        number = json.loads(buffer[:length])["id"]
        buffer = buffer[length:]
        if not answer(connection, number, chance):
            return


def tunnel(connection: Any, chance: random.Random, port: int) -> None:
    """A CONNECT proxy that refuses, vanishes, or lets through."""
    connection.settimeout(20)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return
        head += piece
    dice = chance.random()
    if dice < 0.1:
        fault("tunnel refused")
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        return
    if dice < 0.2:
        fault("tunnel lost")
        reset(connection)
        return
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        back = threading.Thread(target=pump, args=(upstream, connection), daemon=True)
        back.start()
        pump(connection, upstream)
        back.join(30)


def pump(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def listen(handler: Any, seed: str, context: ssl.SSLContext | None = None) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    source = random.Random(seed)

    def handle(connection: Any, chance: random.Random) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if context is not None:
                if chance.random() < 0.03:
                    fault("no handshake")
                    reset(connection)
                    return
                connection = context.wrap_socket(connection, server_side=True)
            handler(connection, chance)
        with contextlib.suppress(OSError):
            connection.close()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            chance = random.Random(source.random())
            threading.Thread(target=handle, args=(connection, chance), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def main(seed: str, folder: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pay.test", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    (folder / "platform.pem").write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    secure = listen(serve, seed + "tls", context)
    ports = {
        "plain": listen(serve, seed + "plain"),
        "secure": secure,
        "forwarding": listen(serve, seed + "proxy"),  # the target is an absolute URL, all else is the same
        "tunnel": listen(lambda connection, chance: tunnel(connection, chance, secure), seed + "tunnel"),
    }
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
    time.sleep(0.2)
    with lock:
        print(json.dumps({"arrived": arrived, "faults": faults}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
