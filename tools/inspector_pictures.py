"""
Draw the pictures of the inspectors for the guide: ``python tools/inspector_pictures.py [wechatpay] [top]``.

A small coffee shop orders, is paid, refunds and errs against a sandbox of WeChat Pay, and sells
and errs on one of TOP; a headless Chromium looks at the pages in both languages and writes
``docs/_static/inspector-*.png``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import shutil
import struct
import sys
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from playwright.sync_api import ViewportSize, sync_playwright

from taobao_top import sandbox as top
from taobao_top.sandbox.times import written
from wechatpay import Sensitive
from wechatpay.sandbox import Sandbox

PICTURES = Path(__file__).parents[1] / "docs" / "_static"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZE: ViewportSize = {"width": 1180, "height": 760}
TELEPHONE: ViewportSize = {"width": 390, "height": 760}
ROOMS = ("callbacks", "money", "events", "faults")


class Shop(BaseHTTPRequestHandler):
    """The merchant's server: takes every notification, as no merchant's should."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Discard log lines."""


def trade(sandbox: Sandbox, notify_url: str) -> None:
    """Events of the WeChat Pay shop."""
    client = sandbox.client()
    mchid = sandbox.account.mchid
    for number, total, what in (
        ("coffee-0041", 3200, "拿铁 ×2"),
        ("coffee-0042", 1800, "美式"),
        ("coffee-0043", 5400, "咖啡豆 250 g"),
    ):
        client.v3.pay.transactions.native.post(json=order(sandbox, notify_url, number, total, what))
    sandbox.pay("coffee-0041")
    sandbox.pay("coffee-0043")
    sandbox.complain("coffee-0043")
    client.v3.refund.domestic.refunds.post(
        json={
            "out_trade_no": "coffee-0041",
            "out_refund_no": "refund-0007",
            "amount": {"refund": 1600, "total": 3200, "currency": "CNY"},
            "notify_url": notify_url,
        }
    )
    client.v3.profitsharing.receivers.add.post(
        json={
            "appid": sandbox.account.appid,
            "type": "PERSONAL_OPENID",
            "account": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            "name": Sensitive("张三"),
            "relation_type": "USER",
        }
    )
    client.v3.pay.transactions.out_trade_no._out_trade_no_.get(out_trade_no="coffee-0041", params={"mchid": mchid})
    wrongly_signed(sandbox, order(sandbox, notify_url, "coffee-0044", 1800, "美式"))
    sandbox.trigger("REFUND.SUCCESS", notify_url)
    sandbox.trigger("TRANSACTION.SUCCESS", notify_url, forgery="body")
    sandbox.callbacks.wait()
    sandbox.faults.add("bad-signature", operation="GET v3/certificates")
    sandbox.faults.add("throttle", times=3, seconds=2.0)


def order(sandbox: Sandbox, notify_url: str, number: str, total: int, description: str) -> Any:
    """An order by Native."""
    return {
        "appid": sandbox.account.appid,
        "mchid": sandbox.account.mchid,
        "description": description,
        "out_trade_no": number,
        "notify_url": notify_url,
        "amount": {"total": total, "currency": "CNY"},
    }


def wrongly_signed(sandbox: Sandbox, content: Any) -> None:
    """The usual mistake: one JSON is signed, another is sent."""
    path, timestamp, nonce = "/v3/pay/transactions/native", str(int(time.time())), secrets.token_hex(16)
    signed = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    message = f"POST\n{path}\n{timestamp}\n{nonce}\n{signed}\n".encode()
    signature = base64.b64encode(sandbox.account.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
    fields = {
        "mchid": sandbox.account.mchid,
        "nonce_str": nonce,
        "timestamp": timestamp,
        "serial_no": sandbox.account.serial,
        "signature": signature,
    }
    value = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{text}"' for name, text in fields.items())
    headers = {"Authorization": value, "Content-Type": "application/json"}
    sent = json.dumps(content, ensure_ascii=False).encode()
    requests.post(sandbox.base_url.rstrip("/") + path, data=sent, headers=headers, timeout=10)


def draw(sandbox: Sandbox) -> None:
    """Look at every room in both languages, at a telephone and in the dark."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language, locale in (("en", "en-GB"), ("zh", "zh-CN")):
            page = browser.new_context(locale=locale, viewport=SIZE).new_page()
            page.goto(sandbox.inspector_url)
            page.click("#requests-list button:has-text('SIGN_ERROR')")
            page.wait_for_selector("#message-parts")
            write(f"requests-{language}", page.screenshot())
            for room in ROOMS:
                page.click(f"#tab-{room}")
                if room == "callbacks":
                    page.click("#callbacks-list li:first-child button")
                    page.wait_for_selector("#attempt-0-parts")
                    page.evaluate("document.querySelector('#attempt-0-parts').closest('.card .card').scrollIntoView()")
                page.mouse.move(0, 0)
                if room == "money":
                    page.wait_for_selector("#orders")
                page.wait_for_timeout(200)
                write(f"{room}-{language}", page.screenshot())
        page = browser.new_context(locale="zh-CN", viewport=SIZE, color_scheme="dark").new_page()
        page.goto(sandbox.inspector_url)
        page.click("#requests-list button:has-text('receivers')")
        page.wait_for_selector("#message-parts")
        page.evaluate("document.querySelector('#python').scrollIntoView({ block: 'end' })")
        write("python-zh", page.screenshot())
        page = browser.new_context(locale="en-GB", viewport=TELEPHONE).new_page()
        page.goto(sandbox.inspector_url)
        page.click("#requests-list button:has-text('SIGN_ERROR')")
        page.wait_for_selector("#message-parts")
        page.evaluate("document.querySelector('#message-parts mark').scrollIntoView({ block: 'center' })")
        write("telephone-en", page.screenshot())
        browser.close()


def sell(sandbox: top.Sandbox, spi_url: str) -> None:
    """Events of the shop on TOP."""
    client = sandbox.client()
    sandbox.trades.add(1, title="咖啡豆 250 g", buyer_nick="buyer_17", payment="54.00")
    paid, sent = sandbox.trades.add(2, title="拿铁 ×2", payment="32.00")
    sandbox.trades.pay(paid)
    sandbox.trades.change(sent, status="TRADE_FINISHED")
    client.taobao.time.get()
    client.taobao.trades.sold.get(fields="tid,status,payment", page_size=40, use_has_next=True)
    sandbox.call_spi(spi_url, method="shop.order.check", body={"tid": str(paid)})
    for topic in ("taobao_trade_TradeCreate", "taobao_trade_TradeBuyerPay"):
        sandbox.messages.publish(topic, {"tid": str(paid), "payment": "32.00"})
    sandbox.messages.take("default", 1)
    sandbox.fault("html", method="taobao.logistics.*", times=3)
    wrongly_encoded(sandbox)


def wrongly_encoded(sandbox: top.Sandbox) -> None:
    """The usual mistake: a plus sign is signed, and goes out without being encoded."""
    account = sandbox.account
    given = {
        "method": "taobao.trade.memo.update",
        "app_key": account.app_key,
        "session": account.session,
        "timestamp": written(time.time()),
        "v": "2.0",
        "sign_method": "md5",
        "format": "json",
        "tid": "4200000000000000002",
        "memo": "2+1 gratis",
    }
    text = "".join(name + given[name] for name in sorted(given))
    sign = hashlib.md5(f"{account.app_secret}{text}{account.app_secret}".encode()).hexdigest().upper()
    sent = given | {"memo": "2 1 gratis", "sign": sign}
    requests.post(sandbox.gateway, data=sent, timeout=10)


def draw_top(sandbox: top.Sandbox) -> None:
    """Look at TOP's page in both languages."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language, locale in (("en", "en-GB"), ("zh", "zh-CN")):
            page = browser.new_context(locale=locale, viewport=SIZE).new_page()
            page.goto(sandbox.inspector_url)
            page.click("#requests-list button:has-text('invalid-signature')")
            page.wait_for_selector("#message-parts")
            write(f"top-requests-{language}", page.screenshot())
            page.click("#tab-messages")
            page.wait_for_selector("#unconfirmed")
            page.mouse.move(0, 0)
            write(f"top-messages-{language}", page.screenshot())
        browser.close()


def write(name: str, png: bytes) -> None:
    """Write a picture with as many colours as a byte can name."""
    path = PICTURES / f"inspector-{name}.png"
    path.write_bytes(reduced(png))
    print(f"{path.name}: {path.stat().st_size // 1024} KiB")


def reduced(png: bytes) -> bytes:
    """The same picture with a palette: its frequent colours, and for the others the nearest of them."""
    width, height, channels, rows = pixels(png)
    colours = [bytes(row[at : at + 3]) for row in rows for at in range(0, width * channels, channels)]
    counts: dict[bytes, int] = {}
    for colour in colours:
        counts[colour] = counts.get(colour, 0) + 1
    palette = sorted(counts, key=lambda colour: -counts[colour])[:256]
    places = {colour: index for index, colour in enumerate(palette)}
    for colour in counts.keys() - places.keys():
        places[colour] = min(
            range(len(palette)),
            key=lambda index: sum((left - right) ** 2 for left, right in zip(palette[index], colour, strict=True)),
        )
    lines = b"".join(
        b"\0" + bytes(places[colour] for colour in colours[start : start + width])
        for start in range(0, width * height, width)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def pixels(png: bytes) -> tuple[int, int, int, list[bytearray]]:
    """Width, height, bytes of a pixel, and the rows of a PNG with eight bits to a channel."""
    at, data, width, height, channels = 8, b"", 0, 0, 3
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack_from(">IIBB", content)
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            data += content
        at += 12 + length
    raw, size = zlib.decompress(data), width * channels
    rows: list[bytearray] = []
    above = bytearray(size)
    for line in range(height):
        start = line * (size + 1)
        above = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + size]), above, channels)
        rows.append(above)
    return width, height, channels, rows


def unfiltered(kind: int, row: bytearray, above: bytearray, step: int) -> bytearray:
    """A row as it was before its filter."""
    for at in range(len(row)):
        left = row[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[at]
        elif kind == 3:
            guess = (left + above[at]) // 2
        elif kind == 4:
            guess = min((left, above[at], corner), key=lambda each: abs(left + above[at] - corner - each))
        else:
            guess = 0
        row[at] = (row[at] + guess) & 255
    return row


def main() -> int:
    """Draw them all."""
    if CHROMIUM is None:
        print("no chromium on this machine: apt-get install chromium-headless-shell", file=sys.stderr)
        return 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    Thread(target=server.serve_forever, daemon=True).start()
    wanted = sys.argv[1:] or ["wechatpay", "top"]
    if "wechatpay" in wanted:
        with Sandbox(port=8400, automatic=(), callback_scale=0.0) as sandbox:
            trade(sandbox, f"http://127.0.0.1:{server.server_port}/notify")
            draw(sandbox)
    if "top" in wanted:
        with top.Sandbox(port=8401, https=False) as gateway:
            sell(gateway, f"http://127.0.0.1:{server.server_port}/spi")
            draw_top(gateway)
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
