"""``wechatpay notify verify``: a notification that was saved, checked and opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from requests.structures import CaseInsensitiveDict

from chainable.cli import values
from chainable.cli.commands import Command, Group, Option, as_json, json_option
from chainable.cli.output import as_text, put_json, put_pairs
from chainable.cli.words import Words
from wechatpay.cli.clients import client_of, env_option

__all__ = ["notify"]

_NAMES = {
    "id": Words("id", "通知编号"),
    "event_type": Words("event_type", "事件类型"),
    "title": Words("title", "名称"),
    "create_time": Words("create_time", "时间"),
    "summary": Words("summary", "摘要"),
}

notify = Group("notify", help="Notifications of the platform.", zh="平台通知。")


@notify.command(
    "verify",
    cls=Command,
    help="Check the signature of a saved notification and open it.\n\nThe body has to be the very bytes that arrived.",
    zh="校验并解开保存下来的通知。\n\n正文必须是收到的原始字节。",
)
@click.option(
    "--headers",
    "header_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    cls=Option,
    help="'Name: value' lines or a JSON object; APIv2 has none.",
    zh="请求头文件：逐行 'Name: value' 或 JSON 对象；APIv2 不需要。",
)
@click.option(
    "--body",
    "body_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    cls=Option,
    help="The body, byte for byte.",
    zh="正文文件，逐字节原样。",
)
@click.option(
    "--then",
    is_flag=True,
    cls=Option,
    help="Check as at the time the message names.",
    zh="以通知自带的时间为准校验，不判过期。",
)
@env_option
@json_option
def verify(header_file: Path | None, body_file: Path, *, then: bool, env: Path | None) -> None:
    """Check and open a notification."""
    headers = CaseInsensitiveDict(_headers(header_file))
    more: dict[str, Any] = {}
    if then:
        moment = headers.get("Wechatpay-Timestamp", "")
        if not moment.isdigit():
            msg = Words(
                "--then: the headers hold no Wechatpay-Timestamp in seconds",
                "--then：请求头里没有以秒计的 Wechatpay-Timestamp",
            )
            raise click.UsageError(msg)
        more["clock"] = lambda: float(moment)
    with client_of(env, **more) as client:
        notification = client.notifications.parse(headers, body_file.read_bytes())
    facts = {
        "id": notification.id,
        "event_type": notification.event_type,
        "title": None if notification.event is None else notification.event.title,
        "create_time": notification.create_time,
        "summary": notification.summary,
    }
    if as_json():
        put_json({**facts, "resource": notification.resource})
        return
    put_pairs(Words("authentic", "验签通过"), ((_NAMES[name], value) for name, value in facts.items()))
    click.echo(as_text(notification.resource))


def _headers(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    text = values.read_text(f"@{file}")
    try:
        found = json.loads(text)
    except ValueError:
        return values.headers([line for line in text.splitlines() if line.strip()], str(file))
    if not isinstance(found, dict):
        msg = Words(f"{file}: a JSON object was expected", f"{file}：应为 JSON 对象")
        raise click.UsageError(msg)
    return {str(name): str(value) for name, value in found.items()}
