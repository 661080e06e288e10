"""``taobao-top doctor``: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainable.cli.commands import Command, Option, json_option
from chainable.cli.findings import put_findings, step_timeout_option
from taobao_top.cli.clients import env_option, settings_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["doctor"]


@click.command(
    "doctor",
    cls=Command,
    help="Find out what is wrong: app, secret, gateway, clock, signature, session, SPI.\n\n"
    "The exit code is that of the first fault.",
    zh="排查问题：应用、密钥、网关、时钟、签名、授权、SPI。\n\n退出码为第一个故障的退出码。",
)
@click.option("--offline", is_flag=True, cls=Option, help="Look at the settings only.", zh="仅检查配置，不联网。")
@click.option(
    "--spi-url",
    cls=Option,
    help="Of an SPI of yours: it is sent a forged call.",
    zh="你的 SPI 地址：向它发一次伪造调用。",
)
@step_timeout_option
@env_option
@json_option
@click.pass_context
def doctor(context: click.Context, spi_url: str | None, timeout: float, *, offline: bool, env: Path | None) -> None:
    """Look at everything."""
    from taobao_top.doctor import examine

    context.exit(put_findings(examine(settings_of(env), offline=offline, spi_url=spi_url, timeout=timeout)))
