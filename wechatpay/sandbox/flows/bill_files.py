"""The files of bills: a day that is over is written once; a link leads to a file for five minutes."""

from __future__ import annotations

import base64
import gzip
import hashlib
from typing import TYPE_CHECKING, Any

from attrs import frozen
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wechatpay.sandbox.account import OAEP
from wechatpay.sandbox.fake_data import is_made_up_token
from wechatpay.sandbox.flows import accounts, bill_rows, trades
from wechatpay.sandbox.http import Refusal, Reply

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["Bill", "behind", "keep", "offer", "sealed"]

FILE = "bill file"
LINK = "bill link"
KEPT = 100
"""How many files and links are kept."""
VALID = 300
"""Seconds that a link can be used: https://pay.weixin.qq.com/doc/v3/merchant/4013071235."""


@frozen
class Bill:
    """
    One bill of one day.

    Args:
        what: ``trade`` or ``funds``.
        day: ``yyyy-mm-dd``.
        kind: A bill_type, or an account_type.
        owner: A sub-merchant's number, or empty.
    """

    what: str
    day: str
    kind: str
    owner: str = ""

    def content(self, context: SandboxContext) -> bytes | None:
        """Return the text, which is written once if the day is over; None if nothing happened."""
        write = bill_rows.trade_bill if self.what == "trade" else bill_rows.fund_flow
        if self.day >= context.day():
            return write(context, self.day, self.kind, self.owner)
        known = context.store.content(FILE, self.id(context))
        if known is not None:
            return gzip.decompress(known)
        content = write(context, self.day, self.kind, self.owner)
        if content is not None:
            keep(context, self.id(context), content)
        return content

    def id(self, context: SandboxContext) -> str:
        """Return a name of the file, which another move on that day (the clock was set back) would change."""
        source = trades.MOVE if self.what == "trade" else accounts.kind_of(self.kind, self.owner)
        last, _ = context.store.last_until(source, self.day) or ("", None)
        return f"{self.what} {self.day} {self.kind} {self.owner} {last}"


def keep(context: SandboxContext, name: str, content: bytes) -> None:
    """Store a file under a name; the oldest is dropped when there are too many."""
    packed = gzip.compress(content, 1, mtime=0)
    with context.change():
        context.store.put(FILE, name, {}, content=packed)
        context.store.trim(FILE, KEPT)


def offer(context: SandboxContext, call: ReceivedCall, content: bytes, name: str = "") -> dict[str, Any]:
    """
    Make a link to a file.

    Args:
        context: The sandbox.
        call: The call that asks for it, with its ``tar_type``.
        content: The file, uncompressed.
        name: The name that it was kept under; by default it is kept now.

    Returns:
        ``hash_type``, ``hash_value`` (SHA-1 of the uncompressed file) and ``download_url``.
    """
    digest = hashlib.sha1(content).hexdigest()  # noqa: S324 (the platform's)
    if not name:
        name = digest
        keep(context, name, content)
    return {"hash_type": "SHA1", "hash_value": digest, "download_url": link(context, call, {"file": name})}


def link(context: SandboxContext, call: ReceivedCall, target: dict[str, Any]) -> str:
    """Return the URL of a new link to a stored file."""
    token = context.account.random.url_safe(24, "bill")
    packed = call.query.get("tar_type") == "GZIP"
    with context.change():
        context.store.put(LINK, token, {**target, "gzip": packed, "expires": context.clock() + VALID})
        context.store.trim(LINK, KEPT)
    url = f"{call.request.origin or context.base_url}v3/billdownload/file?token={token}"
    return url + ("&tartype=gzip" if packed and "key" not in target else "")


def sealed(context: SandboxContext, call: ReceivedCall, content: bytes, name: str) -> dict[str, Any]:
    """Return a link to a file as one encrypted part: AES-256-GCM, its key encrypted for the merchant certificate."""
    key, nonce = context.account.random.bytes(32, "bill"), context.account.random.hex(8, "bill")
    encrypted = context.account.key.public_key().encrypt(key, OAEP)
    target = {"file": name, "key": base64.b64encode(key).decode(), "nonce": nonce}
    return {
        "bill_sequence": 1,
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(content).hexdigest(),  # noqa: S324 (the platform's)
        "download_url": link(context, call, target),
        "encrypt_key": base64.b64encode(encrypted).decode(),
        "nonce": nonce,
    }


def behind(context: SandboxContext, token: str) -> Reply:
    """Return the file that a link leads to; a link that nobody was given, or that is too old, is refused."""
    target = context.store.get(LINK, token)
    if target is None and is_made_up_token(token):
        return Reply(body=f"sandbox file {token}\n".encode(), content_type="text/plain", signed=False)
    stored = context.store.content(FILE, target["file"]) if target and target["expires"] > context.clock() else None
    if target is None or stored is None:
        raise Refusal(400, "INVALID_REQUEST", "请按第一步申请账单的API指引，重新获取账单地址后再请求")
    content = stored if target["gzip"] else gzip.decompress(stored)
    if "key" in target:
        content = AESGCM(base64.b64decode(target["key"])).encrypt(target["nonce"].encode(), content, None)
    kind = "application/x-gzip" if target["gzip"] else "text/plain"
    return Reply(body=content, content_type=kind, signed=False)
