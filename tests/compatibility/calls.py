"""Calls of every kind, as a merchant makes them; programs of their own make them too."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from typing import TYPE_CHECKING, Any

from chainable import BEIJING, APIError

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = b"\x89PNG\r\n\x1a\n" * 100
MEDIA_ID = "vtsu9wcvkqy4z1ub5kgb7fzr3atut2gnwx62m4eu"
"""What the sandbox makes of the image."""


def order(client: Any, number: str = "") -> dict[str, Any]:
    return {
        "appid": "wx8888888888888888",
        "mchid": client.mchid,
        "description": "thing",
        "out_trade_no": number or f"order-{secrets.token_hex(8)}",
        "notify_url": "https://shop.example/notify",
        "amount": {"total": 1},
    }


REFUND = {"appid": "wx1", "out_trade_no": "nothing", "out_refund_no": "r1", "total_fee": 1, "refund_fee": 1}
PICTURE = {"file": ("a.png", b"\x89PNG\r\n\x1a\n")}
PICTURE_OF_SHOP = {"picture_category_id": "0", "image_input_title": "thing", "img": ("a.png", IMAGE)}


def streamed(client: Any) -> Any:
    """Read a file; its number is made from its content."""
    response = client.v3.merchant_service.images._media_id_.get(media_id=MEDIA_ID, stream=True)
    content = b"".join(response.iter_content(4096))
    return content, response.close()


def batch(client: Any) -> Any:
    with client.batch() as together:
        together.taobao.time.get()
    return together.answers[0]


def download(url: str) -> Callable[[Any], Any]:
    return lambda client: client.download(url, io.BytesIO())


def bill(client: Any) -> Any:
    """Ask for the bill of the day before yesterday, for that of yesterday is made at ten; and download it."""
    day = dt.datetime.now(BEIJING).date() - dt.timedelta(days=2)
    asked = client.v3.bill.tradebill.get(params={"bill_date": day})
    return asked, client.download(asked, io.BytesIO())


WECHAT: dict[str, Callable[[Any], Any]] = {
    "v3": lambda client: client.v3.pay.transactions.native.post(json=order(client)),
    "v3 promise": lambda client: client.v3.certificates.get_async().wait(60),
    "v3 upload": lambda client: client.v3.merchant.media.upload.post(files=PICTURE),
    "v3 stream": streamed,
    "v2 with mTLS": lambda client: client.v2.secapi.pay.refund.post(xml=REFUND),
}
TOP: dict[str, Callable[[Any], Any]] = {
    "top": lambda client: client.taobao.time.get(),
    "top upload": lambda client: client.taobao.picture.upload.post(**PICTURE_OF_SHOP),
    "top promise": lambda client: client.taobao.time.get.post_async().wait(60),
    "top batch": batch,
}


def answered(call: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return the call; a refusal of the platform is an answer."""

    def made(client: Any) -> object:
        try:
            return call(client)
        except APIError as error:
            return error

    return made
