"""What every call can be told, and what only some can."""

from pathlib import Path

from wechatpay import WeChatPay


def good(client: WeChatPay) -> None:
    client.v3.certificates.get(headers={"X": "1"}, timeout=3, base_url="https://localhost/", retries=0)
    client.v3.certificates.get_async(timeout=(3, 30.5), security=True, verify=Path("ca.pem"))


def unknown(client: WeChatPay) -> None:
    client.v3.certificates.get(time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong(client: WeChatPay) -> None:
    client.v3.certificates.get(timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.v3.certificates.get(retries=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def streams(client: WeChatPay) -> None:
    client.v3.billdownload.file.get(params={"token": "t"}, stream=True)
    client.v3.certificates.get(stream=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
