"""``wechatpay notify verify``: verify and decrypt a saved notification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from requests.structures import CaseInsensitiveDict

from chainable.cli import request_items
from chainable.cli.commands import Group, as_json, json_option, option
from chainable.cli.i18n import Words
from chainable.cli.output import print_json, print_pairs
from wechatpay.cli.client_options import env_option, make_client

__all__ = ["notify"]

_NAMES = {
    "id": Words("id", "通知编号"),
    "event_type": Words("event_type", "事件类型"),
    "title": Words("title", "名称"),
    "create_time": Words("create_time", "时间"),
    "summary": Words("summary", "摘要"),
}

_EXAMPLE = "wechatpay notify verify --headers headers.txt --body body.json --env sandbox.env"

notify = Group("notify", help=Words("Notifications of the platform.", "回调通知。"), examples=(_EXAMPLE,))


@notify.command(
    "verify",
    help=Words(
        "Verify and decrypt a saved notification.\n\nThe body must be the bytes as received.",
        "对保存的回调通知验签并解密。\n\n请求体必须是收到的原始字节。",
    ),
    examples=(_EXAMPLE,),
)
@option(
    "--headers",
    "header_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=Words(
        "File of the headers: 'Name: value' lines or a JSON object; not needed for APIv2.",
        "请求头文件：每行一个 'Name: value'，或 JSON 对象；APIv2 不需要。",
    ),
)
@option(
    "--body",
    "body_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help=Words("File of the body, byte for byte.", "请求体文件，内容与收到的完全一致。"),
)
@option(
    "--then",
    is_flag=True,
    help=Words("Verify as of the time in the headers, so that it is not stale.", "按请求头中的时间验签，不判为过期。"),
)
@env_option
@json_option
def verify(header_file: Path | None, body_file: Path, *, then: bool, env: Path | None) -> None:
    """Verify and decrypt a notification."""
    headers = CaseInsensitiveDict(_headers(header_file))
    more: dict[str, Any] = {}
    if then:
        moment = headers.get("Wechatpay-Timestamp", "")
        if not moment.isdigit():
            msg = Words(
                "--then: the headers have no Wechatpay-Timestamp in seconds",
                "--then：请求头里没有以秒为单位的 Wechatpay-Timestamp",
            )
            raise click.UsageError(msg)
        more["clock"] = lambda: float(moment)
    with make_client(env, **more) as client:
        notification = client.notifications.parse(headers, body_file.read_bytes())
    facts = {
        "id": notification.id,
        "event_type": notification.event_type,
        "title": None if notification.event is None else notification.event.title,
        "create_time": notification.create_time,
        "summary": notification.summary,
    }
    if as_json():
        print_json({**facts, "resource": notification.resource})
        return
    print_pairs(Words("signature verified", "验签通过"), ((_NAMES[name], value) for name, value in facts.items()))
    print_json(notification.resource)


def _headers(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    text = request_items.read_text(f"@{file}")
    try:
        found = json.loads(text)
    except ValueError:
        return request_items.parse_headers([line for line in text.splitlines() if line.strip()], str(file))
    if not isinstance(found, dict):
        msg = Words(f"{file}: a JSON object was expected", f"{file}：应为 JSON 对象")
        raise click.UsageError(msg)
    return {str(name): str(value) for name, value in found.items()}
