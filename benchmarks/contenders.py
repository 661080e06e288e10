"""
Who is measured: the hand-written floors, ourselves, and the packages in use today.

A contender is a function that takes the place of a merchant's program: it
gives a call, made ready once, that returns the decoded answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

if TYPE_CHECKING:
    from pathlib import Path

MCHID = "1900000109"
SERIAL = "3775B6A45ACD588826D15E583A95F5DD12345678"
KEY_ID = "PUB_KEY_ID_BENCH"
SECRET = "0123456789abcdef0123456789abcdef"
ORDER = {
    "appid": "wxd678efh567hg6787",
    "mchid": MCHID,
    "description": "Image形象店-深圳腾大-QQ公仔",
    "out_trade_no": "1217752501201407033233368018",
    "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
    "amount": {"total": 100, "currency": "CNY"},
}
V2_ORDER = {
    "appid": "wxd678efh567hg6787",
    "body": "Image形象店-深圳腾大-QQ公仔",
    "out_trade_no": "1217752501201407033233368018",
    "total_fee": "100",
    "spbill_create_ip": "127.0.0.1",
    "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
    "trade_type": "NATIVE",
}
Made = Callable[[], Any]


class Place:
    """Where the server is, and the files of this run."""

    def __init__(self, port: int, folder: Path) -> None:
        self.base = f"https://127.0.0.1:{port}/"
        self.ca = str(folder / "ca.pem")
        self.merchant_key = (folder / "merchant.pem").read_text()
        self.platform_key = (folder / "platform_public.pem").read_text()

    def session(self) -> requests.Session:
        session = requests.Session()
        session.verify = self.ca
        return session


def bare(place: Place, path: str) -> Callable[[bytes, str], tuple[dict[str, str], bytes]]:
    """A request over a TLS socket and nothing else: the limit of what any client could reach."""
    host = place.base.split("/")[2]
    context = ssl.create_default_context(cafile=place.ca)
    threads = threading.local()

    def exchange(body: bytes, fields: str) -> tuple[dict[str, str], bytes]:
        if not hasattr(threads, "socket"):
            name, port = host.split(":")
            plain = socket.create_connection((name, int(port)))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threads.socket = context.wrap_socket(plain, server_hostname=name)
        threads.socket.sendall(
            f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body
        )
        head, _, content = threads.socket.recv(65536).partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        while len(content) < int(headers["Content-Length"]):
            content += threads.socket.recv(65536)
        return headers, content

    return exchange


def v3_floor(place: Place, *, limit: bool = False) -> Made:
    """json.dumps, sign, Session.post, verify, json.loads: the tightest ordinary code."""
    session = place.session()
    exchange = bare(place, "v3/pay/transactions/native")
    key: Any = load_pem_private_key(place.merchant_key.encode(), None)
    platform: Any = load_pem_public_key(place.platform_key.encode())
    padding, digest = PKCS1v15(), SHA256()

    def call() -> Any:
        body = json.dumps(ORDER, ensure_ascii=False, separators=(",", ":")).encode()
        stamp, nonce = str(int(time.time())), os.urandom(16).hex()
        message = f"POST\n/v3/pay/transactions/native\n{stamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(key.sign(message, padding, digest)).decode()
        authorization = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{MCHID}",nonce_str="{nonce}",'
            f'timestamp="{stamp}",serial_no="{SERIAL}",signature="{signature}"'
        )
        headers: Any
        if limit:
            headers, content = exchange(body, f"Content-Type: application/json\r\nAuthorization: {authorization}\r\n")
        else:
            response = session.post(
                place.base + "v3/pay/transactions/native",
                data=body,
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Authorization": authorization,
                },
                timeout=(5, 30),
                allow_redirects=False,
            )
            headers, content = response.headers, response.content
        if abs(time.time() - int(headers["Wechatpay-Timestamp"])) > 300:
            raise ValueError("stale")
        text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + content + b"\n"
        platform.verify(base64.b64decode(headers["Wechatpay-Signature"]), text, padding, digest)
        return json.loads(content)

    return call


def v3_ours(place: Place, transport: Any = None) -> Made:
    from wechatpay import WeChatPay

    client = WeChatPay(
        mchid=MCHID,
        serial=SERIAL,
        private_key=place.merchant_key,
        certs={KEY_ID: place.platform_key},
        base_url=place.base,
        verify=place.ca,
        transport=transport,
    )
    return lambda: client.v3.pay.transactions.native.post(json=ORDER).data


def v3_wechatpayv3(place: Place) -> Made:
    from wechatpayv3 import WeChatPay, WeChatPayType

    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=MCHID,
        private_key=place.merchant_key,
        cert_serial_no=SERIAL,
        apiv3_key=SECRET,
        appid="wx1",
        notify_url="https://a.example/",
        public_key=place.platform_key,
        public_key_id=KEY_ID,
        timeout=(5, 30),
    )
    client._core._gate_way = place.base.rstrip("/")

    def call() -> Any:
        status, text = client.pay(description="x", out_trade_no="1", amount={"total": 100})
        if status != 200:
            raise ValueError(text)
        return json.loads(text)

    return call


def v2_floor(place: Place, *, limit: bool = False) -> Made:
    session = place.session()
    exchange = bare(place, "pay/unifiedorder")

    def signed(fields: dict[str, str]) -> str:
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name]) + f"&key={SECRET}"
        return hashlib.md5(text.encode()).hexdigest().upper()

    def call() -> Any:
        fields = {**V2_ORDER, "mch_id": MCHID, "nonce_str": os.urandom(16).hex()}
        fields["sign"] = signed(fields)
        body = "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items()) + "</xml>"
        if limit:
            content = exchange(body.encode(), "Content-Type: text/xml\r\n")[1]
        else:
            content = session.post(
                place.base + "pay/unifiedorder",
                data=body.encode(),
                headers={"Content-Type": "text/xml"},
                timeout=(5, 30),
            ).content
        answer = {element.tag: element.text or "" for element in ET.fromstring(content)}
        if signed({name: value for name, value in answer.items() if name != "sign"}) != answer["sign"]:
            raise ValueError("forged")
        return answer

    return call


def v2_ours(place: Place, transport: Any = None) -> Made:
    from wechatpay import WeChatPay

    client = WeChatPay(mchid=MCHID, secret=SECRET, base_url=place.base, verify=place.ca, transport=transport)
    return lambda: client.v2.pay.unifiedorder.post(xml=V2_ORDER).data


def top_floor(place: Place, *, limit: bool = False) -> Made:
    session = place.session()
    exchange = bare(place, "router/rest")

    def call() -> Any:
        stamp = datetime.now(timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M:%S")
        fields = {"method": "taobao.item.seller.get", "app_key": "12345678", "session": "s", "timestamp": stamp,
                  "format": "json", "v": "2.0", "sign_method": "md5", "fields": "num_iid,title", "num_iid": "123"}  # fmt: skip
        text = SECRET + "".join(name + fields[name] for name in sorted(fields)) + SECRET
        fields["sign"] = hashlib.md5(text.encode()).hexdigest().upper()
        if limit:
            content = exchange(urlencode(fields).encode(), "Content-Type: application/x-www-form-urlencoded\r\n")[1]
        else:
            content = session.post(place.base + "router/rest", data=fields, timeout=(5, 30)).content
        answer = json.loads(content)
        if "error_response" in answer:
            raise ValueError(answer)
        return next(iter(answer.values()))

    return call


def top_ours(place: Place, transport: Any = None) -> Made:
    from taobao_top import TaobaoTop

    top = TaobaoTop(
        app_key="12345678", app_secret=SECRET, session="s", sign_method="md5", gateway=place.base + "router/rest",
        verify=place.ca, transport=transport,
    )  # fmt: skip
    return lambda: top.taobao.item.seller.get(fields="num_iid,title", num_iid=123).data


def top_same_size(place: Place) -> Made:
    """One plain call, whose body and answer are as long as those of the batch below."""
    from taobao_top import TaobaoTop

    top = TaobaoTop(
        app_key="12345678", app_secret=SECRET, session="s", sign_method="md5",
        gateway=place.base + "router/many/rest", verify=place.ca,
    )  # fmt: skip
    ids = ",".join(str(680000000000 + number) for number in range(64))
    return lambda: top.taobao.items.seller.list.get(fields="num_iid,title", num_iids=ids).data


def top_batch(place: Place) -> Made:
    from taobao_top import TaobaoTop

    top = TaobaoTop(
        app_key="12345678", app_secret=SECRET, session="s", sign_method="md5", gateway=place.base + "router/rest",
        verify=place.ca,
    )  # fmt: skip

    def call() -> Any:
        with top.batch() as batch:
            for number in range(20):
                batch.taobao.item.seller.get(fields="num_iid,title", num_iid=680000000000 + number)
        return [answer.data for answer in batch.answers]

    return call


def top_taobaopy(place: Place) -> Made:
    from taobaopy.taobao import TaoBaoAPIClient

    client = TaoBaoAPIClient("12345678", SECRET)
    client.gw_url = place.base + "router/rest"
    return lambda: client.taobao_item_seller_get(fields="num_iid,title", num_iid=123)


def direct(ours: Callable[[Place, Any], Made]) -> Callable[[Place], Made]:
    """The same client on the direct lane."""

    def made(place: Place) -> Made:
        from chainable import DirectTransport

        return ours(place, DirectTransport())

    return made


GROUPS: dict[str, dict[str, Callable[[Place], Made]]] = {
    "WeChat Pay APIv3": {
        "floor": v3_floor,
        "limit": partial(v3_floor, limit=True),
        "ours": v3_ours,
        "ours, direct": direct(v3_ours),
        "wechatpayv3": v3_wechatpayv3,
    },
    "WeChat Pay APIv2": {
        "floor": v2_floor,
        "limit": partial(v2_floor, limit=True),
        "ours": v2_ours,
        "ours, direct": direct(v2_ours),
    },
    "Batch of 20 (TOP)": {"floor": top_same_size, "ours": top_batch},
    "Taobao TOP": {
        "floor": top_floor,
        "limit": partial(top_floor, limit=True),
        "ours": top_ours,
        "ours, direct": direct(top_ours),
        "taobaopy": top_taobaopy,
    },
}
