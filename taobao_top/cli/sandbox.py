"""``taobao-top sandbox``: a local gateway until Ctrl-C."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import command, json_option, option
from chainable.cli.i18n import Words
from chainable.cli.sandbox_options import (
    faults_option,
    listening,
    listening_options,
    load_faults,
    require_sandbox,
    run_until_interrupted,
    seed_option,
    seeded,
    state_option,
    warn_if_public,
    write_account,
    write_env_options,
)
from taobao_top.cli import DISTRIBUTION

if TYPE_CHECKING:
    from taobao_top.sandbox import Sandbox

__all__ = ["import_sandbox", "sandbox"]


def import_sandbox() -> type[Sandbox]:
    """Import the sandbox, which needs its extra."""
    from taobao_top.sandbox import Sandbox

    return Sandbox


@command(
    "sandbox",
    help=Words(
        "Start a local sandbox of the TOP gateway; Ctrl-C stops it.\n\nIt prints a test app.",
        "启动本地淘宝开放平台沙箱，按 Ctrl-C 结束。\n\n启动后输出一个测试应用。",
    ),
    examples=("taobao-top sandbox --write-env top.env",),
)
@listening_options
@option(
    "--lenient", is_flag=True, help=Words("Do not validate parameters against the catalogue.", "不按接口目录校验参数。")
)
@faults_option('{"kind": "error", "method": "taobao.trade*", "times": 1}')
@state_option
@seed_option
@option(
    "--callback-host",
    "hosts",
    multiple=True,
    help=Words(
        "Further host that calls from the inspector may go to, besides this machine.",
        "除本机外允许由查看页面发起调用的主机。",
    ),
)
@option(
    "--catalogue",
    "definitions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=Words(
        "YAML or JSON file with definitions of further methods.",
        "定义更多接口的 YAML 或 JSON 文件，格式同接口目录源文件。",
    ),
)
@write_env_options("TaobaoTop.from_env")
@json_option
def sandbox(
    port: int,
    https_port: int,
    address: str,
    *,
    names: tuple[str, ...],
    allowed: tuple[str, ...],
    lenient: bool,
    rules: Path | None,
    state: Path | None,
    data: Path | None,
    seed: str | None,
    hosts: tuple[str, ...],
    definitions: tuple[Path, ...],
    write_env: Path | None,
) -> None:
    """Start a sandbox and wait."""
    warn_if_public(address)
    with warnings.catch_warnings(), listening():
        warnings.simplefilter("ignore")  # warn_if_public() prints it in one line
        made: Sandbox = require_sandbox(import_sandbox, DISTRIBUTION)(
            host=address,
            hosts=names,
            allow_hosts=allowed or None,
            port=port,
            https_port=https_port,
            strict=not lenient,
            state=data if state is None else state,
            seed=seed,
            callback_hosts=hosts,
            catalogue=definitions or None,
        )
    with made as running:
        load_faults(running.application.faults, rules)
        write_account(running, write_env)
        run_until_interrupted(Words("TOP sandbox", "淘宝开放平台沙箱"), account_rows(running, write_env))


def account_rows(running: Sandbox, env: Path | None) -> dict[str, Any]:
    """Return the settings of a client, secrets included: they are valid for this sandbox only."""
    account = running.account
    rows: dict[str, Any] = {
        Words("gateway", "网关"): running.gateway,
        Words("gateway, HTTPS", "网关（HTTPS）"): running.https_gateway,
        Words("message channel", "消息通道"): running.channel_url,
        Words("inspector", "查看页面"): running.inspector_url,
        "app_key": account.app_key,
        "app_secret": account.app_secret,
        "session": account.session,
        "ca": running.env(None if env is None else Path(f"{env}.d", "sandbox_ca.pem").absolute())["TAOBAO_TOP_CA"],
    }
    if running.application.random.seed is not None:
        rows[Words("seed", "种子")] = seeded(running.application.random.seed)
    if env is not None:
        rows[Words("env file", "env 文件")] = str(env)
    return rows
