"""``wechatpay sandbox``: a local WeChat Pay until Ctrl-C."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import add_options, command, json_option, option, usage_error
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
from wechatpay.cli import DISTRIBUTION
from wechatpay.cli.control_client import check_url

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

__all__ = ["AUTOMATIC", "import_sandbox", "sandbox", "sandbox_options", "start_sandbox"]

AUTOMATIC = ("pay", "refund", "confirm", "sign", "finish")
NOTHING = "none"
KEYS = ("public-key", "certificate", "both")


def import_sandbox() -> type[Sandbox]:
    """Import the sandbox, which needs its extra."""
    from wechatpay.sandbox import Sandbox

    return Sandbox


sandbox_options = add_options(
    state_option,
    seed_option,
    write_env_options("WeChatPay.from_env"),
    option(
        "--automatic",
        type=click.Choice((*AUTOMATIC, NOTHING)),
        multiple=True,
        help=Words(
            "Action that happens at once; may be repeated; none: all of them wait. Default: refund and finish.",
            "自动立即完成的操作，可重复；none 表示都不自动完成；默认 refund 和 finish。",
        ),
    ),
    option(
        "--callback-scale",
        type=click.FloatRange(0),
        default=0.01,
        help=Words(
            "Factor on the platform's retry intervals of notifications; 1 is real time.",
            "通知重试间隔的倍率；1 为真实间隔。",
        ),
    ),
    option(
        "--callback-host",
        "callback_hosts",
        multiple=True,
        help=Words(
            "Further host that may receive notifications, besides this machine.", "除本机外允许接收通知的主机。"
        ),
    ),
)
"""The settings of a sandbox that a command starts."""


def start_sandbox(
    *,
    state: Path | None,
    data: Path | None,
    automatic: tuple[str, ...],
    callback_scale: float,
    callback_hosts: tuple[str, ...],
    write_env: Path | None = None,
    **more: Any,
) -> Sandbox:
    """Start a sandbox from the options of a command, and write its env file."""
    if NOTHING in automatic and len(set(automatic)) > 1:
        raise usage_error(
            f"--automatic {NOTHING} goes with no other --automatic",
            f"--automatic {NOTHING} 不能与其他 --automatic 同用",
        )
    kind = require_sandbox(import_sandbox, DISTRIBUTION)
    with warnings.catch_warnings(), listening():
        warnings.simplefilter("ignore")  # warn_if_public() prints it in one line
        running: Sandbox = kind(
            state=data if state is None else state,
            automatic=() if NOTHING in automatic else automatic or ("refund", "finish"),
            callback_scale=callback_scale,
            callback_hosts=callback_hosts,
            **more,
        ).start()
    try:
        write_account(running, write_env)
    except BaseException:
        running.stop()
        raise
    return running


@command(
    "sandbox",
    help=Words(
        "Start a local sandbox of WeChat Pay; Ctrl-C stops it.\n\nIt prints a test account.",
        "启动本地微信支付沙箱，按 Ctrl-C 结束。\n\n启动后输出一个测试账户。",
    ),
    examples=("wechatpay sandbox --automatic pay --write-env sandbox.env",),
)
@listening_options
@option(
    "--lenient", is_flag=True, help=Words("Do not validate bodies against the catalogue.", "不按接口目录校验请求体。")
)
@option(
    "--keys",
    type=click.Choice(KEYS),
    default="public-key",
    show_default=True,
    help=Words(
        "Keys of the platform that the merchant has: new merchants have a public key only.",
        "商户拥有的平台密钥：新商户只有微信支付公钥。",
    ),
)
@faults_option('{"kind": "error", "operation": "POST v3/pay/*", "times": 1}')
@option(
    "--notify-url",
    help=Words(
        "URL for notifications of profit sharing and of refunds without a notify_url, as set in the console.",
        "分账动账通知、未带 notify_url 的退款的通知地址，相当于商户平台的配置。",
    ),
)
@sandbox_options
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
    notify_url: str | None,
    write_env: Path | None,
    **options: Any,
) -> None:
    """Start a sandbox and wait."""
    if notify_url is not None:
        check_url(notify_url, "--notify-url")
    warn_if_public(address)
    running = start_sandbox(
        host=address,
        hosts=names,
        allow_hosts=allowed or None,
        port=port,
        https_port=https_port,
        strict=not lenient,
        notify_url=notify_url,
        write_env=write_env,
        **options,
    )
    try:
        load_faults(running.faults, rules)
        run_until_interrupted(Words("WeChat Pay sandbox", "微信支付沙箱"), account_rows(running, write_env))
    finally:
        running.stop()


def _public_key(running: Sandbox) -> dict[str, Any]:
    account = running.account
    if account.keys == "certificate":
        return {Words("platform certificate", "平台证书序列号"): account.signer()}
    return {Words("platform public key id", "微信支付公钥 ID"): account.public_key_id}


def account_rows(running: Sandbox, env: Path | None) -> dict[str, Any]:
    """Return the settings of a client, keys included: they are valid for this sandbox only."""
    account = running.account
    settings = running.env(None if env is None else Path(f"{env}.d").absolute())
    rows: dict[str, Any] = {
        "HTTP": running.base_url,
        "HTTPS": running.https_url,
        Words("inspector", "查看页面"): running.inspector_url,
        "mchid": account.mchid,
        "appid": account.appid,
        "brand_id": account.brand_id,
        "serial": account.serial,
        **_public_key(running),
        "apiv3_key": account.apiv3_key,
        "secret": account.secret,
    }
    for name in ("PRIVATE_KEY", "CERTS", "MERCHANT_CERT", "CA"):
        rows[name.lower()] = settings[f"WECHATPAY_{name}"]
    if account.random.seed is not None:
        rows[Words("seed", "种子")] = seeded(account.random.seed)
    if env is not None:
        rows[Words("env file", "env 文件")] = str(env)
    return rows
