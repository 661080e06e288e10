"""``wechatpay trigger``, ``listen``, ``deliveries``: notifications of a sandbox."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from chainable.cli import values
from chainable.cli.commands import Argument, Command, Option, as_json, json_option, usage
from chainable.cli.outcomes import REFUSED, SIGNATURE
from chainable.cli.output import put_json, put_table
from chainable.cli.waiting import until_interrupted
from chainable.cli.words import Words, say
from wechatpay.cli.desk import HEADINGS, Desk, Forwarder, Watch, answer_of, checked_url, row_of
from wechatpay.cli.sandboxes import room_options, started

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox import Delivery, Sandbox

__all__ = ["deliveries", "listen", "trigger"]

ATTEMPTS = (
    Words("attempt", "次序"),
    Words("what", "内容"),
    Words("answer", "应答"),
    Words("took", "耗时"),
    Words("accepted", "接受"),
)
FORGERIES = ("signature", "probe", "stale", "serial", "body", "missing")


def _sandbox_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--sandbox",
        "where",
        required=required,
        cls=Option,
        help="A running sandbox: its URL, or the env file it wrote.",
        zh="正在运行的沙箱：其地址，或它写出的 env 文件。",
    )


def _events(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from wechatpay import catalogue

    return sorted({event.name for event in catalogue.events() if event.name.startswith(incomplete)})


@click.command(
    "trigger",
    cls=Command,
    help="Send a notification to a URL, signed and encrypted as the platform does.\n\n"
    "EVENT is any of the 112: TRANSACTION.SUCCESS, or the name of a v2 message without a type. "
    "Without --sandbox one is started for it: give --data, or the receiver has no key to check it with.",
    zh="向指定地址发送一条通知，签名、加密与平台一致。\n\nEVENT 为 112 种之一，如 TRANSACTION.SUCCESS。"
    "不给 --sandbox 则临时启动一个；此时请用 --data 指定账户，否则接收方没有验签密钥。",
)
@click.argument("event", shell_complete=_events, cls=Argument)
@click.option("--to", required=True, cls=Option, help="The notify_url.", zh="notify_url。")
@click.option(
    "--set",
    "changes",
    multiple=True,
    cls=Option,
    help="A value of its content: amount.total=1.",
    zh="通知内容的值：amount.total=1。",
)
@click.option("--v2", is_flag=True, cls=Option, help="The APIv2 message of this name.", zh="同名的 APIv2 通知。")
@click.option(
    "--forgery",
    type=click.Choice(FORGERIES),
    cls=Option,
    help="Make it a forgery: it has to be refused.",
    zh="伪造的通知，应当被拒绝。",
)
@click.option(
    "--duplicates",
    type=click.IntRange(0),
    default=0,
    cls=Option,
    help="Send it so many more times.",
    zh="额外重复发送的次数。",
)
@click.option(
    "--concurrent", is_flag=True, cls=Option, help="Send the duplicates at the same moment.", zh="重复的通知同时发出。"
)
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=10.0,
    cls=Option,
    help="Seconds to wait for the answers.",
    zh="等待应答的秒数。",
)
@_sandbox_option(required=False)
@room_options
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
    **room: Any,
) -> None:
    """Send an event, wait for the answers."""
    context = click.get_current_context()
    from wechatpay import catalogue

    checked_url(to, "--to")

    version = "v2" if v2 or (catalogue.event(event) is None and catalogue.event(event, "v2")) else "v3"
    if catalogue.event(event, version) is None:
        raise usage(
            Words(
                f"there is no {version} event {event!r}: see 'wechatpay describe {event}'",
                f"没有 {version} 事件 {event!r}：见“wechatpay describe {event}”",
            )
        )
    wanted: dict[str, Any] = {
        "event": event,
        "to": to,
        "set": {name: values.literal(value, float) for name, value in values.pairs(changes, "--set").items()},
        "version": version,
        "forgery": forgery or "",
        "duplicates": duplicates,
        "concurrent": concurrent,
    }
    answers = 1 + duplicates + (forgery == "probe")
    if where is None:
        running = started(**room)
        try:
            sent = running.trigger(**wanted)
            told = _answered(sent.as_json, answers, patience)
        finally:
            running.stop()
    else:
        desk = Desk.of(where)
        number = desk.ask("POST", "trigger", wanted)["id"]
        told = _answered(lambda: desk.ask("GET", f"deliveries/{number}"), answers, patience)
    _put_one(told)
    if told["accepted_forgery"]:
        say(
            Words(
                "a forged notification was accepted: the receiver does not check signatures",
                "伪造的通知被接受了：接收方没有验签",
            ),
            err=True,
        )
        context.exit(SIGNATURE)
    genuine = forgery is None or forgery == "probe"
    if told["state"] == "blocked":
        raise usage(
            Words(
                f"{to} is not on this machine: allow its host with --callback-host",
                f"{to} 不在本机：请用 --callback-host 允许该主机",
            )
        )
    taken = any(attempt["accepted"] for attempt in told["attempts"])
    if taken is not genuine or not told["attempts"]:
        context.exit(REFUSED)


def _answered(look: Callable[[], dict[str, Any]], answers: int, patience: float) -> dict[str, Any]:
    """Look again and again until so many attempts were answered, or the delivery is over."""
    until = time.monotonic() + patience
    while True:
        told = look()
        over = len(told["attempts"]) >= answers or told["state"] == "blocked"
        if over or time.monotonic() > until:
            return told
        time.sleep(0.02)


@click.command(
    "deliveries",
    cls=Command,
    help="Show what a running sandbox delivered, how it was answered, what comes again.\n\nID shows one with its attempts.",
    zh="查看运行中沙箱的通知：投递、应答与重试。\n\nID 查看单条及其每次投递。",
)
@click.argument("number", metavar="[ID]", type=int, required=False, cls=Argument)
@click.option("--redeliver", is_flag=True, cls=Option, help="Send that one once more.", zh="重新投递该条。")
@_sandbox_option(required=True)
@json_option
def deliveries(number: int | None, *, redeliver: bool, where: str) -> None:
    """Show deliveries, or send one again."""
    desk = Desk.of(where)
    if number is None:
        if redeliver:
            raise usage(Words("--redeliver: which one? Give its id", "--redeliver：哪一条？请给出编号"))
        found = desk.deliveries()
        if as_json():
            put_json({"deliveries": found})
        else:
            put_table("", HEADINGS, [row_of(each) for each in found])
        return
    if redeliver:
        number = desk.ask("POST", f"deliveries/{number}/redeliver")["id"]
        _put_one(_answered(lambda: desk.ask("GET", f"deliveries/{number}"), 1, 10.0))
    else:
        _put_one(desk.ask("GET", f"deliveries/{number}"))


def _put_one(told: dict[str, Any]) -> None:
    if as_json():
        put_json(told)
        return
    put_table("", HEADINGS, [row_of(told)])
    rows = [
        (
            index,
            attempt["forgery"] or Words("genuine", "真实"),
            answer_of(attempt),
            f"{attempt['milliseconds']:.0f} ms",
            Words("yes", "是") if attempt["accepted"] else Words("no", "否"),
        )
        for index, attempt in enumerate(told["attempts"], 1)
    ]
    if rows:
        put_table("", ATTEMPTS, rows)


@click.command(
    "listen",
    cls=Command,
    help="Show notifications as they are delivered; with --to, forward them as well.\n\n"
    "With --sandbox those of a running one: what it tries from now on goes to --to too, the same bytes under the "
    "same headers. Else a sandbox is started here, and what it sends to addresses elsewhere goes to --to. "
    "Ctrl-C ends it and lists what came.",
    zh="实时显示通知投递；给 --to 时转发到该地址。\n\n给 --sandbox 则观察运行中的沙箱，此后它的每次投递都原样"
    "（相同字节与请求头）转发到 --to；否则在此启动一个沙箱，发往外部地址的通知转到 --to。Ctrl-C 结束并列出汇总。",
)
@click.option(
    "--to",
    cls=Option,
    help="Forward here: http://127.0.0.1:8000/notify.",
    zh="转发地址：http://127.0.0.1:8000/notify。",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    cls=Option,
    help="HTTP port of the sandbox started here.",
    zh="此处启动的沙箱的 HTTP 端口。",
)
@_sandbox_option(required=False)
@room_options
@json_option
def listen(to: str | None, port: int, where: str | None, **room: Any) -> None:
    """Show and forward until Ctrl-C."""
    if to is not None:
        checked_url(to, "--to")
    if where is not None:
        desk = Desk.of(where)
        _watch(Watch(desk.deliveries, None if to is None else Forwarder(to)))
        return
    running = started(port=port, **room)
    try:
        say(
            Words(
                f"sandbox at {running.base_url}, {running.https_url}; Ctrl-C ends it.",
                f"沙箱地址：{running.base_url}、{running.https_url}；按 Ctrl-C 结束。",
            ),
            err=True,
        )
        _watch(Watch(_Forward(running, to)))
    finally:
        running.stop()


def _watch(watch: Watch) -> None:
    until_interrupted(watch)
    watch.end()


class _Forward:
    """Sends on what the sandbox may not send itself, and gives all deliveries."""

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
