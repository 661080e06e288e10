"""``taobao-top sandbox``: a gateway of one's own until Ctrl-C."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Command, Option, as_json, json_option
from chainable.cli.output import put_json, put_pairs
from chainable.cli.shared import needs_sandbox
from chainable.cli.waiting import until_interrupted

if TYPE_CHECKING:
    from taobao_top.sandbox import Sandbox

__all__ = ["ADVICE", "load", "sandbox"]

ADVICE = "pip install 'wechatpay-taobao-top[sandbox]'"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def load() -> type[Sandbox]:
    """Import the sandbox, which needs its extra."""
    from taobao_top.sandbox import Sandbox

    return Sandbox


@click.command(
    "sandbox",
    cls=Command,
    help="Start a gateway of your own on this machine; Ctrl-C ends it.\n\nIt prints a throw-away app to call it with.",
    zh="在本机启动一个沙箱网关，Ctrl-C 结束。\n\n启动后列出一个一次性应用。",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    cls=Option,
    help="HTTP port; 0 takes a free one.",
    zh="HTTP 端口，0 为任意。",
)
@click.option(
    "--https-port",
    type=click.IntRange(0, 65535),
    default=0,
    cls=Option,
    help="HTTPS port; 0 takes a free one.",
    zh="HTTPS 端口，0 为任意。",
)
@click.option(
    "--address", default="127.0.0.1", cls=Option, help="Address to listen on.", zh="监听地址。", show_default=True
)
@click.option(
    "--lenient",
    is_flag=True,
    cls=Option,
    help="Do not check parameters against the catalogue.",
    zh="不按目录校验参数。",
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    cls=Option,
    help="SQLite file that keeps account and state.",
    zh="保存账户与状态的 SQLite 文件。",
)
@click.option(
    "--env",
    type=click.Path(dir_okay=False, path_type=Path),
    cls=Option,
    help="Write the app here, for TaobaoTop.from_env(file=…) and --env of other commands.",
    zh="把应用写入此文件，供 TaobaoTop.from_env(file=…) 与其他命令的 --env 读取。",
)
@json_option
def sandbox(port: int, https_port: int, address: str, *, lenient: bool, data: Path | None, env: Path | None) -> None:
    """Start a sandbox and wait."""
    if address not in _LOOPBACK:
        click.echo(f"warning: {address} can be reached from other machines, and so can this sandbox", err=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told above, in one line
        made: Sandbox = needs_sandbox(load, ADVICE)(
            host=address, port=port, https_port=https_port, lenient=lenient, data=data
        )
    with made as running:
        if env is not None:
            running.write_env(env)
        pairs = account(running, env)
        if as_json():
            put_json(pairs)
        else:
            put_pairs("TOP sandbox", pairs.items())
            click.echo("Ctrl-C ends it.")
        until_interrupted()


def account(running: Sandbox, env: Path | None) -> dict[str, Any]:
    """What a client is configured with: good for this sandbox only, and shown."""
    known = running.account
    pairs: dict[str, Any] = {
        "gateway": running.gateway,
        "gateway, HTTPS": running.https_gateway,
        "message channel": running.channel_url,
        "inspector": running.inspector_url,
        "app_key": known.app_key,
        "app_secret": known.app_secret,
        "session": known.session,
        "ca": str(running.ca),
    }
    if env is not None:
        pairs["env file"] = str(env)
    return pairs
