"""``wechatpay doctor``: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainable.cli.commands import Command, Option, json_option, usage
from chainable.cli.findings import put_findings, step_timeout_option
from chainable.cli.words import Words
from wechatpay.cli.clients import env_option, settings_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["doctor"]


@click.command(
    "doctor",
    cls=Command,
    help="Find out what is wrong: files, keys, hosts, clock, calls, notify_url.\n\n"
    "It moves no money. The exit code is that of the first fault.",
    zh="排查问题：文件、密钥、域名、时钟、调用、notify_url。\n\n不产生任何资金变动。退出码为第一个故障的退出码。",
)
@click.option("--offline", is_flag=True, cls=Option, help="Look at files only.", zh="仅检查文件，不联网。")
@click.option(
    "--notify-url",
    cls=Option,
    help="Look at it, send it a forgery, and let the platform call it.",
    zh="检查该地址：发一条伪造通知，并让平台回调它。",
)
@click.option(
    "--receive",
    type=click.IntRange(1, 65535),
    cls=Option,
    help="Port of this machine that --notify-url leads to, through a tunnel or proxy: the platform's own "
    "test notification is awaited there.",
    zh="--notify-url（经隧道或代理）通到的本机端口：在此等待平台的测试通知。",
)
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=15.0,
    cls=Option,
    help="Seconds to wait for it.",
    zh="等待该通知的秒数。",
)
@step_timeout_option
@env_option
@json_option
@click.pass_context
def doctor(
    context: click.Context,
    notify_url: str | None,
    receive: int | None,
    patience: float,
    timeout: float,
    *,
    offline: bool,
    env: Path | None,
) -> None:
    """Look at everything."""
    from wechatpay.doctor import examine

    if receive is not None and notify_url is None:
        raise usage(
            Words(
                "--receive: which URL leads to that port? Give --notify-url",
                "--receive：哪个地址通到该端口？请给出 --notify-url",
            )
        )

    findings = examine(
        settings_of(env), offline=offline, notify_url=notify_url, receive=receive, timeout=timeout, patience=patience
    )
    context.exit(put_findings(findings))
