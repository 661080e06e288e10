"""``wechatpay sandbox``: a WeChat Pay of one's own until Ctrl-C."""

from __future__ import annotations

import warnings
from pathlib import Path
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
from wechatpay.cli.desk import checked_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.sandbox import Sandbox

__all__ = ["ADVICE", "AUTOMATIC", "load", "room_options", "sandbox", "started"]

ADVICE = "pip install 'wechatpay-taobao-top[sandbox]'"
AUTOMATIC = ("pay", "refund", "confirm", "sign")


def load() -> type[Sandbox]:
    """Import the sandbox, which needs its extra."""
    from wechatpay.sandbox import Sandbox

    return Sandbox


def room_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the settings of a sandbox that it starts itself."""
    for option in reversed(
        (
            data_option,
            write_env_options("WeChatPay.from_env"),
            click.option(
                "--automatic",
                type=click.Choice(AUTOMATIC),
                multiple=True,
                cls=Option,
                help="What users do by themselves at once; may be repeated. Without it: refund.",
                zh="用户自动立即完成的动作，可重复；默认 refund。",
            ),
            click.option(
                "--callback-scale",
                type=click.FloatRange(0),
                default=0.01,
                cls=Option,
                help="Factor on the platform's seconds between repeated notifications; 1 is real time.",
                zh="通知重试间隔的倍率；1 为真实间隔。",
            ),
            click.option(
                "--callback-host",
                "hosts",
                multiple=True,
                cls=Option,
                help="Host besides this machine that notifications may go to.",
                zh="除本机外允许接收通知的主机。",
            ),
        )
    ):
        function = option(function)
    return function


def started(
    *,
    data: Path | None,
    automatic: tuple[str, ...],
    callback_scale: float,
    hosts: tuple[str, ...],
    write_env: Path | None = None,
    **more: Any,
) -> Sandbox:
    """Start a sandbox as the options say; its account is in the env file when this returns."""
    kind = needs_sandbox(load, ADVICE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the command says it in one line
        made = kind(
            data=data,
            automatic=automatic or ("refund",),
            callback_scale=callback_scale,
            callback_hosts=hosts,
            **more,
        ).start()
    if write_env is not None:
        try:
            with keeping():
                made.write_env(write_env, force=forced())
        except BaseException:
            made.stop()
            raise
    running: Sandbox = made
    return running


@click.command(
    "sandbox",
    cls=Command,
    help="Start a WeChat Pay of your own on this machine; Ctrl-C ends it.\n\n"
    "It prints a throw-away account to call it with.",
    zh="在本机启动一个沙箱微信支付，Ctrl-C 结束。\n\n启动后列出一个一次性账户。",
)
@listening_options
@click.option(
    "--lenient", is_flag=True, cls=Option, help="Do not check bodies against the catalogue.", zh="不按目录校验请求体。"
)
@faults_option('{"kind": "error", "operation": "POST v3/pay/*", "times": 1}')
@click.option(
    "--notify-url",
    cls=Option,
    help="Where profit sharing and refunds without a notify_url are told, as the platform's console sets it.",
    zh="分账动账与未带 notify_url 的退款的通知地址，相当于商户平台的配置。",
)
@room_options
@json_option
def sandbox(
    port: int,
    https_port: int,
    address: str,
    *,
    lenient: bool,
    rules: Path | None,
    notify_url: str | None,
    write_env: Path | None,
    **room: Any,
) -> None:
    """Start a sandbox and wait."""
    if notify_url is not None:
        checked_url(notify_url, "--notify-url")
    warn_of(address)
    running = started(
        host=address,
        port=port,
        https_port=https_port,
        strict=not lenient,
        notify_url=notify_url,
        write_env=write_env,
        **room,
    )
    try:
        obey(running.faults, rules)
        stay(Words("WeChat Pay sandbox", "微信支付沙箱"), account(running, write_env))
    finally:
        running.stop()


def account(running: Sandbox, env: Path | None) -> dict[str, Any]:
    """What a client is configured with: its keys are good for this sandbox only, and are shown."""
    known = running.account
    settings = running.env(None if env is None else Path(f"{env}.d").absolute())
    pairs: dict[str, Any] = {
        "HTTP": running.base_url,
        "HTTPS": running.https_url,
        Words("inspector", "查看页面"): running.inspector_url,
        "mchid": known.mchid,
        "appid": known.appid,
        "brand_id": known.brand_id,
        "serial": known.serial,
        Words("platform public key id", "平台公钥 ID"): known.public_key_id,
        "apiv3_key": known.apiv3_key,
        "secret": known.secret,
    }
    for name in ("PRIVATE_KEY", "CERTS", "MERCHANT_CERT", "CA"):
        pairs[name.lower()] = settings[f"WECHATPAY_{name}"]
    if env is not None:
        pairs[Words("env file", "env 文件")] = str(env)
    return pairs
