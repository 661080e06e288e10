"""``wechatpay trigger``, ``listen``, ``deliveries``: the notifications of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainable.cli import request_items
from chainable.cli.commands import argument, as_json, command, json_option, option, usage_error
from chainable.cli.control_client import poll, sandbox_option
from chainable.cli.exit_codes import REFUSED, SIGNATURE
from chainable.cli.i18n import Words, echo
from chainable.cli.output import print_json, print_table
from chainable.cli.signals import wait_until_interrupted
from chainable.cli.usage_errors import similar, suggest
from wechatpay.cli.control_client import ControlClient, check_url
from wechatpay.cli.delivery_watch import HEADINGS, DeliveryWatcher, Forwarder, delivery_row, response_text
from wechatpay.cli.sandbox import sandbox_options, start_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox import Delivery, Sandbox

__all__ = ["deliveries", "listen", "trigger"]

ATTEMPTS = (
    Words("attempt", "次序"),
    Words("kind", "内容"),
    Words("response", "应答"),
    Words("time", "耗时"),
    Words("accepted", "已接受"),
)
FORGERIES = ("signature", "probe", "stale", "serial", "body", "missing")


def _events(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from wechatpay import catalogue

    return sorted({event.name for event in catalogue.events() if event.name.startswith(incomplete)})


def _check_event(context: click.Context, param: click.Parameter, event: str) -> str:
    """Refuse an unknown event before options that are missing or wrong are refused."""
    from wechatpay import catalogue

    v2 = context.params["v2"]
    if context.resilient_parsing or (not v2 and catalogue.event(event)) or catalogue.event(event, "v2"):
        return event  # while a shell completes, the event may be missing
    version = "v2" if v2 else "v3"
    message = Words(f"unknown {version} event {event!r}.", f"没有 {version} 事件 {event!r}。")
    names = similar(event, (each.name for each in catalogue.events() if each.version == "v2" or not v2))
    if not names:
        raise usage_error(
            f"{message} 'wechatpay describe {event}' searches the events",
            f"{message.zh}可用“wechatpay describe {event}”搜索",
        )
    raise click.UsageError(suggest(message, names), context)


@command(
    "trigger",
    help=Words(
        "Send a notification to a URL, signed and encrypted like the platform's.\n\n"
        "EVENT is one of 113 event types, such as TRANSACTION.SUCCESS, or the name of a v2 message without a type. "
        "Without --sandbox a temporary one is started: give --state, so that the receiver has its key.",
        "向指定地址发送一条通知，签名与加密方式同微信支付。\n\nEVENT 为 113 种通知之一，如 TRANSACTION.SUCCESS。"
        "不带 --sandbox 则临时启动一个沙箱，此时请用 --state 指定账户，否则接收方没有验签用的公钥。",
    ),
    examples=(
        "wechatpay trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify --state account.db",
        "wechatpay trigger REFUND.SUCCESS --to http://127.0.0.1:8000/notify --sandbox sandbox.env",
        "wechatpay trigger REFUND.SUCCESS --forgery body --to http://127.0.0.1:8000/notify --sandbox sandbox.env",
    ),
)
@argument("event", shell_complete=_events, callback=_check_event)
@option("--to", required=True, help=Words("The notify_url.", "接收通知的地址 notify_url。"))
@option(
    "--set",
    "changes",
    multiple=True,
    help=Words("Set a value of its content: amount.total=1.", "指定通知内容的值：amount.total=1。"),
)
@option(
    "--v2",
    is_flag=True,
    is_eager=True,  # the check of the event needs it
    help=Words("Send the APIv2 message of this name.", "发送同名的 APIv2 通知。"),
)
@option(
    "--forgery",
    type=click.Choice(FORGERIES),
    help=Words("Send a forgery, which the receiver must refuse.", "发送伪造的通知，接收方应当拒绝。"),
)
@option(
    "--duplicates",
    type=click.IntRange(0),
    default=0,
    help=Words("Number of additional deliveries of the same notification.", "额外重复发送的次数。"),
)
@option("--concurrent", is_flag=True, help=Words("Send the duplicates concurrently.", "并发发送重复的通知。"))
@option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=10.0,
    help=Words("Seconds to wait for the responses.", "等待应答的秒数。"),
)
@sandbox_option(required=False)
@sandbox_options
@json_option
def trigger(
    event: str,
    to: str,
    changes: tuple[str, ...],
    *,
    v2: bool,
    forgery: str | None,
    duplicates: int,
    concurrent: bool,
    patience: float,
    where: str | None,
    **options: Any,
) -> None:
    """Send an event and wait for the responses."""
    from wechatpay import catalogue

    check_url(to, "--to")
    version = "v3" if not v2 and catalogue.event(event) else "v2"
    data: dict[str, Any] = {
        "event": event,
        "to": to,
        "set": {
            name: request_items.parse_literal(value, float)
            for name, value in request_items.parse_pairs(changes, "--set").items()
        },
        "version": version,
        "forgery": forgery or "",
        "duplicates": duplicates,
        "concurrent": concurrent,
    }
    expected = 1 + duplicates + (forgery == "probe")
    if where is None:
        running = start_sandbox(**options)
        try:
            sent = running.trigger(**data)
            delivery = _wait(sent.as_json, expected, patience)
        finally:
            running.stop()
    else:
        control = ControlClient.connect(where)
        number = control.request("POST", "trigger", data)["id"]
        delivery = _wait(lambda: control.request("GET", f"deliveries/{number}"), expected, patience)
    _print_delivery(delivery)
    if delivery["accepted_forgery"]:
        echo(
            Words(
                "the receiver accepted a forged notification: it does not verify signatures",
                "接收方接受了伪造的通知：没有验签",
            ),
            err=True,
        )
        click.get_current_context().exit(SIGNATURE)
    genuine = forgery is None or forgery == "probe"
    if delivery["state"] == "blocked":
        raise usage_error(
            f"{to} is not on this machine: allow its host with --callback-host",
            f"{to} 不在本机：请用 --callback-host 允许该主机",
        )
    accepted = any(attempt["accepted"] for attempt in delivery["attempts"])
    if accepted is not genuine or not delivery["attempts"]:
        click.get_current_context().exit(REFUSED)


def _wait(fetch: Callable[[], dict[str, Any]], expected: int, patience: float) -> dict[str, Any]:
    """Poll until the expected number of attempts has a response, the delivery is blocked, or time is up."""
    return poll(fetch, lambda each: len(each["attempts"]) >= expected or each["state"] == "blocked", patience)


@command(
    "deliveries",
    help=Words(
        "List the deliveries of a running sandbox with responses and retries.\n\nID shows one delivery with its attempts.",
        "列出运行中沙箱的通知：投递、应答与重试。\n\n带 ID 则查看该条通知的每次投递。",
    ),
    examples=(
        "wechatpay deliveries --sandbox sandbox.env",
        "wechatpay deliveries 1 --redeliver --sandbox sandbox.env",
    ),
)
@argument("number", metavar="[ID]", type=int, required=False)
@option("--redeliver", is_flag=True, help=Words("Send that delivery again.", "重新投递该条通知。"))
@sandbox_option(required=True)
@json_option
def deliveries(number: int | None, *, redeliver: bool, where: str) -> None:
    """List deliveries, or send one again."""
    control = ControlClient.connect(where)
    if number is None:
        if redeliver:
            raise usage_error("--redeliver: give the ID of the delivery", "--redeliver：请给出通知的 ID")
        found = control.deliveries()
        if as_json():
            print_json({"deliveries": found})
        else:
            print_table("", HEADINGS, [delivery_row(each) for each in found])
        return
    if redeliver:
        number = control.request("POST", f"deliveries/{number}/redeliver")["id"]
        _print_delivery(_wait(lambda: control.request("GET", f"deliveries/{number}"), 1, 10.0))
    else:
        _print_delivery(control.request("GET", f"deliveries/{number}"))


def _print_delivery(delivery: dict[str, Any]) -> None:
    if as_json():
        print_json(delivery)
        return
    print_table("", HEADINGS, [delivery_row(delivery)])
    rows = [
        (
            index,
            attempt["forgery"] or Words("genuine", "真实通知"),
            response_text(attempt),
            f"{attempt['milliseconds']:.0f} ms",
            Words("yes", "是") if attempt["accepted"] else Words("no", "否"),
        )
        for index, attempt in enumerate(delivery["attempts"], 1)
    ]
    if rows:
        print_table("", ATTEMPTS, rows)


@command(
    "listen",
    help=Words(
        "Show notifications as they are delivered; with --to, forward them.\n\n"
        "With --sandbox, new attempts of that sandbox are forwarded with the same bytes and headers. Without it, a "
        "sandbox is started, and notifications to other machines are forwarded. Ctrl-C stops it and prints a summary.",
        "实时显示通知投递；带 --to 则同时转发到该地址。\n\n带 --sandbox 则观察运行中的沙箱，把此后的每次投递原样"
        "（相同的字节与请求头）转发；否则启动一个沙箱，转发其中发往外部地址的通知。按 Ctrl-C 结束并输出汇总。",
    ),
    examples=(
        "wechatpay listen --sandbox sandbox.env",
        "wechatpay listen --sandbox sandbox.env --to http://127.0.0.1:8000/notify",
    ),
)
@option(
    "--to", help=Words("URL to forward to: http://127.0.0.1:8000/notify.", "转发地址：http://127.0.0.1:8000/notify。")
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help=Words("HTTP port of the sandbox to start.", "要启动的沙箱的 HTTP 端口。"),
)
@sandbox_option(required=False)
@sandbox_options
@json_option
def listen(to: str | None, port: int, where: str | None, **options: Any) -> None:
    """Show and forward notifications until Ctrl-C."""
    if to is not None:
        check_url(to, "--to")
    if where is not None:
        control = ControlClient.connect(where)
        _watch(DeliveryWatcher(control.deliveries, None if to is None else Forwarder(to)))
        return
    running = start_sandbox(port=port, **options)
    try:
        echo(
            Words(
                f"sandbox at {running.base_url}, {running.https_url}; press Ctrl-C to stop.",
                f"沙箱地址：{running.base_url}、{running.https_url}；按 Ctrl-C 结束。",
            ),
            err=True,
        )
        _watch(DeliveryWatcher(_BlockedForwarder(running, to)))
    finally:
        running.stop()


def _watch(watch: DeliveryWatcher) -> None:
    wait_until_interrupted(watch)
    watch.end()


class _BlockedForwarder:
    """Returns all deliveries, after forwarding those that the sandbox may not send itself."""

    def __init__(self, sandbox: Sandbox, to: str | None) -> None:
        self._sandbox = sandbox
        self._to = to
        self._done: set[int] = set()

    def __call__(self) -> list[dict[str, Any]]:
        found: list[Delivery] = list(self._sandbox.callbacks)
        for each in found:
            if self._to is not None and each.state == "blocked" and each.id not in self._done:
                self._done.add(each.id)
                self._sandbox.callbacks.send(self._to, each.notice)
        return [each.as_json() for each in found]
