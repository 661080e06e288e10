"""The examples, each run as a user runs it, on loopback."""

from __future__ import annotations

import base64
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.wechatpay.platform_side import Platform

ROOT = Path(__file__).resolve().parents[3]
PAID = {
    "transaction_id": "1217752501201407033233368018",
    "out_trade_no": "7752501201407033233368018",
    "mchid": "1900000109",
    "amount": {"total": 100, "currency": "CNY"},
}
COMMANDS = {
    "flask_notifications": ["{python}", "-m", "flask", "--app", "examples/flask_notifications", "run", "-p", "{port}"],
    "fastapi_notifications": [
        "{python}",
        "-m",
        "uvicorn",
        "--factory",
        "examples.fastapi_notifications:create_app",
        "--port",
        "{port}",
    ],
    "django_notifications": ["{python}", "examples/django_notifications.py", "runserver", "--noreload", "{port}"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, env: dict[str, str]) -> Iterator[str]:
    filled = [part.format(python=sys.executable, port=port) for part in command]
    with subprocess.Popen(filled, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            deadline = time.monotonic() + 30
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, server.communicate()[0].decode()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/wechatpay/notify"
        finally:
            server.terminate()
            server.communicate(timeout=60)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "orders.db"
    with closing(sqlite3.connect(path)) as orders, orders:
        orders.execute(
            "CREATE TABLE orders (out_trade_no TEXT PRIMARY KEY, mchid TEXT, fen INTEGER, currency TEXT, "
            "state TEXT, transaction_id TEXT)"
        )
        orders.execute(
            "INSERT INTO orders VALUES (?, '1900000109', 100, 'CNY', 'NOTPAY', NULL)", [PAID["out_trade_no"]]
        )
    return path


def state(database: Path) -> Any:
    with closing(sqlite3.connect(database)) as orders:
        return orders.execute("SELECT state, transaction_id FROM orders").fetchone()


@pytest.mark.parametrize("name", COMMANDS)
def test_example(name: str, platform: Platform, database: Path, tmp_path: Path) -> None:
    key = tmp_path / "pub_key.pem"
    key.write_bytes(platform.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "WECHATPAY_MCHID": "1900000109",
        "WECHATPAY_CERTS": f"{platform.serial}={key}",
        "WECHATPAY_APIV3_KEY": platform.apiv3_key,
        "ORDERS": str(database) if name == "django_notifications" else f"sqlite:///{database}",
    }
    body = platform.body(PAID)
    now = str(int(time.time()))
    genuine = platform.headers(body, timestamp=now)
    forged = platform.headers(body, timestamp=now, signature=base64.b64encode(bytes(256)).decode())
    probe = platform.headers(body, timestamp=now, signature="WECHATPAY/SIGNTEST/" + "A" * 325)

    if name == "django_notifications":
        migrate = [sys.executable, "examples/django_notifications.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=env, check=True)
    with serving(COMMANDS[name], free_port(), env) as url, requests.Session() as session:
        session.trust_env = False
        for headers in (forged, probe):
            refused = session.post(url, data=body, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["code"] == "FAIL"
        assert state(database) == ("NOTPAY", None)

        for _ in range(2):
            accepted = session.post(url, data=body, headers=genuine)
            assert (accepted.status_code, accepted.content) == (204, b"")
        assert state(database) == ("PAID", PAID["transaction_id"])

        other = platform.body(PAID, "REFUND.SUCCESS", id="EV-2")
        assert session.post(url, data=other, headers=platform.headers(other, timestamp=now)).status_code == 204
        assert session.get(url).status_code == 405
