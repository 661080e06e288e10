"""``taobao-top sandbox``: a gateway of one's own until Ctrl-C."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Command, Option, json_option
from chainable.cli.overwriting import forced
from chainable.cli.sandboxes import (
    data_option,
    faults_option,
    keeping,
    listening_options,
    needs_sandbox,
    obey,
    stay,
    warn_of,
    write_env_options,
)
from chainable.cli.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from taobao_top.sandbox import Sandbox

__all__ = ["ADVICE", "load", "sandbox"]

ADVICE = "pip install 'wechatpay-taobao-top[sandbox]'"


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
@listening_options
@click.option(
    "--lenient",
    is_flag=True,
    cls=Option,
    help="Do not check parameters against the catalogue.",
    zh="不按目录校验参数。",
)
@faults_option('{"kind": "error", "method": "taobao.trade*", "times": 1}')
@data_option
@click.option(
    "--callback-host",
    "hosts",
    multiple=True,
    cls=Option,
    help="Host besides this machine that its page may have called.",
    zh="除本机外允许由查看页面发起调用的主机。",
)
@write_env_options("TaobaoTop.from_env")
@json_option
def sandbox(
    port: int,
    https_port: int,
    address: str,
    *,
    lenient: bool,
    rules: Path | None,
    data: Path | None,
    hosts: tuple[str, ...],
    write_env: Path | None,
) -> None:
    """Start a sandbox and wait."""
    warn_of(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told above, in one line
        made: Sandbox = needs_sandbox(load, ADVICE)(
            host=address, port=port, https_port=https_port, strict=not lenient, data=data, callback_hosts=hosts
        )
    with made as running:
        obey(running.application.faults, rules)
        if write_env is not None:
            with keeping():
                running.write_env(write_env, force=forced())
        stay(Words("TOP sandbox", "淘宝开放平台沙箱"), account(running, write_env))


def account(running: Sandbox, env: Path | None) -> dict[str, Any]:
    """What a client is configured with: good for this sandbox only, and shown."""
    known = running.account
    pairs: dict[str, Any] = {
        Words("gateway", "网关"): running.gateway,
        Words("gateway, HTTPS", "网关（HTTPS）"): running.https_gateway,
        Words("message channel", "消息通道"): running.channel_url,
        Words("inspector", "查看页面"): running.inspector_url,
        "app_key": known.app_key,
        "app_secret": known.app_secret,
        "session": known.session,
        "ca": str(running.ca),
    }
    if env is not None:
        pairs[Words("env file", "env 文件")] = str(env)
    return pairs
