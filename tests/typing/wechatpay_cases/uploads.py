"""Uploads take the file; its name and digest are filled in."""

from pathlib import Path
from typing import IO

from starlette.datastructures import UploadFile
from typing_extensions import assert_type
from werkzeug.datastructures import FileStorage

from wechatpay import WeChatPay


def good(client: WeChatPay, opened: IO[bytes], flask: FileStorage, fastapi: UploadFile) -> None:
    upload = client.v3.merchant.media.upload
    assert_type(upload.post(files={"file": "shop.png"}).data["media_id"], str)
    upload.post(files={"file": Path("shop.png")})
    upload.post(files={"file": opened})
    upload.post(files={"file": ("shop.png", b"...")})
    upload.post(files={"file": flask})
    upload.post(files={"file": fastapi})
    upload.post(files={"file": ("shop.png", fastapi)})
    upload(files={"file": ("shop.png", opened)})
    client.v3.marketing.bank.packages._package_id_.tasks.post(
        package_id="1", files={"file": "users.csv"}, json={"bank_type": "ICBC"}
    )


def wrong(client: WeChatPay) -> None:
    client.v3.merchant.media.upload.post()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.v3.merchant.media.upload.post(files={"media": "shop.png"})  # type: ignore[typeddict-item,typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    client.v3.merchant.media.upload.post(files={"file": b"..."})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.v3.marketing.bank.packages._package_id_.tasks.post(package_id="1", files={"file": "users.csv"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
