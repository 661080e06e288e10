"""``taobao-top trigger``, ``listen``, ``deliveries``: the messages and SPI calls of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import requests

from chainable.cli.commands import argument, as_json, command, json_option, option, usage_error
from chainable.cli.control_client import check_url, poll, sandbox_option
from chainable.cli.exit_codes import REFUSED, SIGNATURE
from chainable.cli.i18n import Words, echo
from chainable.cli.output import print_json, print_json_line, print_table
from chainable.cli.request_items import parse_body
from chainable.cli.signals import wait_until_interrupted
from chainable.pinned import PinnedSession
from taobao_top.cli.control_client import ControlClient
from taobao_top.cli.doctor.spi_url import refuses
from taobao_top.topics import topics, unknown_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_topic", "deliveries", "listen", "trigger"]

HEADINGS = (
    Words("id", "编号"),
    Words("topic", "主题"),
    Words("group", "分组"),
    Words("state", "状态"),
    Words("deliveries", "投递次数"),
    Words("reason", "失败原因"),
)
_STATES = {
    "waiting": Words("waiting", "待投递"),
    "handed out": Words("handed out", "已投递"),
    "lost": Words("lost by a fault", "已丢失（故障）"),
    "failed": Words("failed", "处理失败"),
    "confirmed": Words("confirmed", "已确认"),
}
_TIMEOUT = 5.0


def _topics(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in topics() if name.startswith(incomplete)]


def check_topic(name: str) -> None:
    """Raise a usage error for a topic that is probably misspelt."""
    doubt = unknown_topic(name)
    if doubt is not None:
        raise usage_error(
            f"{doubt} 'taobao-top trigger TOPIC --any-topic' sends every topic",
            f"{doubt.zh}如确需发送，请用“taobao-top trigger 主题 --any-topic”",
        )


@command(
    "trigger",
    help=Words(
        "Send a message to the consumers of a running sandbox, or with --to an SPI call to your server.\n\n"
        "NAME is a topic (taobao_trade_TradeBuyerPay), or the method of an SPI call. The command waits until a consumer has "
        "confirmed the message. --any-topic sends a topic that this program does not know.",
        "在运行中的沙箱里发出一条消息；带 --to 则向你的服务器发起 SPI 调用。\n\n"
        "NAME 为消息主题（taobao_trade_TradeBuyerPay），或 SPI 的方法名。发出消息后等待消费者确认。"
        "带 --any-topic 可发送本程序不认识的主题。",
    ),
    examples=(
        "taobao-top trigger taobao_trade_TradeBuyerPay -d tid=1 --sandbox top.env",
        "taobao-top trigger taobao.shop.check -d tid=1 --to http://127.0.0.1:8000/spi --sandbox top.env",
        "taobao-top trigger taobao.shop.check --forgery --to http://127.0.0.1:8000/spi --sandbox top.env",
    ),
)
@argument("name", shell_complete=_topics)
@option(
    "-d",
    "--data",
    multiple=True,
    help=Words("Content: name=value, name:=JSON, @file.json or -.", "内容：name=value、name:=JSON、@file.json 或 -。"),
)
@option("--to", help=Words("URL of your SPI: call it instead of sending a message.", "SPI 地址：改为向它发起调用。"))
@option(
    "--forgery",
    is_flag=True,
    help=Words(
        "Forge the signature of the SPI call, which the server must refuse.", "伪造 SPI 调用的签名，服务器应当拒绝。"
    ),
)
@option("--group", default="default", show_default=True, help=Words("Group of consumers.", "消费者分组。"))
@option(
    "--any-topic",
    is_flag=True,
    help=Words("Send a topic that is not among the known ones.", "发送已知主题之外的主题。"),
)
@option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=10.0,
    help=Words("Seconds to wait for the confirmation.", "等待确认的秒数。"),
)
@sandbox_option(required=True)
@json_option
def trigger(
    name: str,
    data: tuple[str, ...],
    to: str | None,
    *,
    forgery: bool,
    group: str,
    any_topic: bool,
    patience: float,
    where: str,
) -> None:
    """Send a message or an SPI call, and show what became of it."""
    if to is None and not any_topic:
        check_topic(name)
    content = parse_body(data) or {}
    control = ControlClient.connect(where)
    if to is not None:
        _call(control, name, check_url(to, "--to"), content, forgery=forgery)
        return
    if forgery or "." in name:
        raise usage_error(
            "--to is missing: the URL of your SPI (a message has a topic such as taobao_trade_TradeBuyerPay)",
            "缺少 --to：SPI 地址（消息的主题形如 taobao_trade_TradeBuyerPay）",
        )
    sent = control.request("POST", "messages", {"topic": name, "content": content, "group": group})
    message = poll(
        lambda: _message(control, sent["id"]), lambda each: each["state"] in {"confirmed", "failed"}, patience
    )
    _print(message)
    if message["state"] == "confirmed":
        return
    if not control.request("GET", "deliveries")["connections"]:
        echo(
            Words(
                "no consumer is connected: start one with top.tmc, or call taobao.tmc.messages.consume",
                "没有消费者连接：请用 top.tmc 启动消费者，或调用 taobao.tmc.messages.consume",
            ),
            err=True,
        )
    click.get_current_context().exit(REFUSED)


def _call(control: ControlClient, method: str, to: str, content: Any, *, forgery: bool) -> None:
    """Let the sandbox call the server, and judge the response."""
    found = control.request("POST", "spi", {"url": to, "method": method, "body": content, "forged": forgery})
    refused = refuses(found["status"], found["body"].encode())
    if as_json():
        print_json({"status": found["status"], "body": found["body"], "refused": refused})
    else:
        print_table("", (Words("response", "应答"), Words("body", "内容")), [(found["status"], found["body"][:200])])
    if forgery and found["status"] < 300 and not refused:
        echo(
            Words(
                "the server accepted a forged call: it does not verify signatures", "服务器接受了伪造的调用：没有验签"
            ),
            err=True,
        )
        click.get_current_context().exit(SIGNATURE)
    if refused is not forgery or (not forgery and found["status"] >= 300):
        click.get_current_context().exit(REFUSED)


def _message(control: ControlClient, number: int) -> dict[str, Any]:
    """Return a message of a sandbox by its number."""
    found = next((each for each in control.deliveries() if each["id"] == number), None)
    if found is None:
        raise usage_error(f"no message {number}", f"没有编号为 {number} 的消息")
    return found


@command(
    "deliveries",
    help=Words(
        "List the messages of a running sandbox and what became of them.\n\nID shows one message with its content.",
        "列出运行中沙箱的消息及其状态。\n\n带 ID 则查看该条消息的内容。",
    ),
    examples=("taobao-top deliveries --sandbox top.env", "taobao-top deliveries 1 --redeliver --sandbox top.env"),
)
@argument("number", metavar="[ID]", type=int, required=False)
@option("--redeliver", is_flag=True, help=Words("Hand this message out once more.", "重新投递该条消息。"))
@sandbox_option(required=True)
@json_option
def deliveries(number: int | None, *, redeliver: bool, where: str) -> None:
    """List the messages, or show one."""
    control = ControlClient.connect(where)
    if number is None:
        if redeliver:
            raise usage_error("--redeliver: give the ID of a message", "--redeliver：请给出消息编号")
        found = control.deliveries()
        if as_json():
            print_json({"deliveries": found})
        else:
            print_table("", HEADINGS, [_row(each) for each in found])
    elif redeliver:
        _print(control.request("POST", f"deliveries/{number}/redeliver"))
    else:
        _print(_message(control, number))


def _row(message: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("id", "topic", "group", "state", "deliveries", "reason")
    return tuple(_STATES[message[name]] if name == "state" else message[name] for name in names)


def _print(message: dict[str, Any]) -> None:
    if as_json():
        print_json(message)
        return
    print_table("", HEADINGS, [_row(message)])
    click.echo(message["content"])


@command(
    "listen",
    help=Words(
        "Show the messages of a running sandbox as they are delivered and confirmed; Ctrl-C stops it.\n\n"
        "With --to, the content of each new message is also posted to that URL as JSON.",
        "实时显示运行中沙箱的消息投递与确认，按 Ctrl-C 结束。\n\n带 --to 则同时把每条新消息以 JSON 发送到该地址。",
    ),
    examples=(
        "taobao-top listen --sandbox top.env",
        "taobao-top listen --to http://127.0.0.1:8000/messages --sandbox top.env",
    ),
)
@option("--to", help=Words("URL to post new messages to.", "接收新消息的地址。"))
@sandbox_option(required=True)
@json_option
def listen(to: str | None, *, where: str) -> None:
    """Show the messages until Ctrl-C."""
    watch = MessageWatcher(ControlClient.connect(where), None if to is None else check_url(to, "--to"))
    watch()
    wait_until_interrupted(watch)
    watch()


class MessageWatcher:
    """Prints each new state of the messages of a sandbox, and posts new messages to a URL if one is given."""

    def __init__(self, control: ControlClient, to: str | None) -> None:
        self._control = control
        self._to = to
        self._seen: dict[int, tuple[str, int]] | None = None

    def __call__(self) -> None:
        """Fetch once; messages that exist at the first call are printed, and not posted."""
        before = self._seen
        self._seen = {}
        for message in self._control.deliveries():
            number, now = message["id"], (message["state"], message["deliveries"])
            self._seen[number] = now
            if before is None or before.get(number) != now:
                _show(message)
            if self._to is not None and before is not None and number not in before:
                self._post(self._to, message)

    def _post(self, to: str, message: dict[str, Any]) -> None:
        names = ("id", "topic", "content", "user_id", "nick")
        try:
            with PinnedSession() as session:
                found = session.post(to, json={name: message[name] for name in names}, timeout=_TIMEOUT)
            text = str(found.status_code)
        except requests.RequestException as error:
            text = type(error).__name__
        if as_json():
            print_json_line({"id": message["id"], "to": to, "response": text})
        else:
            click.echo(f"  #{message['id']} -> {to}: {text}")


def _show(message: dict[str, Any]) -> None:
    if as_json():
        print_json_line(message)
        return
    mark = {"confirmed": "✓", "failed": "✗"}.get(message["state"], "·")
    state = _STATES[message["state"]]
    content = "".join(each if each.isprintable() else repr(each)[1:-1] for each in message["content"])
    line = f"{mark} #{message['id']} {message['topic']} {content}"
    echo(Words(f"{line} ({state})", f"{line}（{state.zh}）"))
