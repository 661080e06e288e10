"""``taobao-top doctor``: find out what is wrong and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainable.cli.checks import print_findings, step_timeout_option
from chainable.cli.commands import command, json_option, option
from chainable.cli.i18n import Words
from taobao_top.cli.client_options import env_option, read_settings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["doctor"]


@command(
    "doctor",
    help=Words(
        "Find out what is wrong: app, secret, gateway, clock, signature, session, SPI.\n\n"
        "The exit code is that of the first fault.",
        "排查问题：应用、密钥、网关、时钟、签名、授权、SPI。\n\n退出码为第一个故障的退出码。",
    ),
    examples=(
        "taobao-top doctor --env top.env",
        "taobao-top doctor --spi-url http://127.0.0.1:8000/spi --env top.env",
    ),
)
@option("--offline", is_flag=True, help=Words("Check the settings only.", "仅检查配置，不联网。"))
@option(
    "--spi-url", help=Words("Check your SPI at this URL: send it a forged call.", "检查该 SPI 地址：向它发送伪造调用。")
)
@step_timeout_option
@env_option
@json_option
@click.pass_context
def doctor(context: click.Context, spi_url: str | None, timeout: float, *, offline: bool, env: Path | None) -> None:
    """Run all checks."""
    from taobao_top.cli.doctor import examine

    context.exit(print_findings(examine(read_settings(env), offline=offline, spi_url=spi_url, timeout=timeout)))
