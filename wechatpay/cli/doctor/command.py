"""``wechatpay doctor``: find out what is wrong and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainable.cli.checks import print_findings, step_timeout_option
from chainable.cli.commands import command, json_option, option, usage_error
from chainable.cli.i18n import Words
from wechatpay.cli.client_options import env_option, read_settings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["doctor"]


@command(
    "doctor",
    help=Words(
        "Find out what is wrong: files, keys, hosts, clock, calls, notify_url.\n\n"
        "It moves no money. The exit code is that of the first fault.",
        "排查问题：文件、密钥、域名、时钟、调用、notify_url。\n\n不产生任何资金变动。退出码为第一个故障的退出码。",
    ),
    examples=(
        "wechatpay doctor --env sandbox.env",
        "wechatpay doctor --offline --env sandbox.env",
        "wechatpay doctor --notify-url http://127.0.0.1:8000/notify --env sandbox.env",
    ),
)
@option("--offline", is_flag=True, help=Words("Check files only.", "仅检查文件，不联网。"))
@option(
    "--notify-url",
    help=Words(
        "Check this URL: send it a forgery, and let the platform call it.",
        "检查该地址：向它发送伪造通知，并让平台回调它。",
    ),
)
@option(
    "--receive",
    type=click.IntRange(1, 65535),
    help=Words(
        "Port of this machine that --notify-url leads to through a tunnel or proxy, to receive the platform's "
        "test notification.",
        "--notify-url 经隧道或代理通到的本机端口，用于接收平台的测试通知。",
    ),
)
@option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=15.0,
    help=Words("Seconds to wait for that notification.", "等待该通知的秒数。"),
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
    """Run all checks."""
    from wechatpay.cli.doctor import examine

    if receive is not None and notify_url is None:
        raise usage_error(
            "--receive: give --notify-url, the URL that leads to this port",
            "--receive：请用 --notify-url 给出通到该端口的地址",
        )

    findings = examine(
        read_settings(env), offline=offline, notify_url=notify_url, receive=receive, timeout=timeout, patience=patience
    )
    context.exit(print_findings(findings))
