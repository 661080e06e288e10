"""The client a command works with: from the environment, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Option
from chainable.cli.redaction import Redactor
from chainable.cli.settings import texts
from chainable.environment import environment, table
from chainable.redaction import SECRET_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay import WeChatPay

__all__ = ["PERSONAL", "SETTINGS", "client_of", "env_option", "redactor_of", "settings_of"]

PREFIX = "WECHATPAY_"
PERSONAL = "openid|unionid|phone|mobile|email|id_?card|id_?number|identi|real_?name|user_?name|address|bank_?account|account_?n"
"""What the names of persons' data contain, in paths, queries and bodies."""
SETTINGS = ("MCHID", "BRAND_ID", "SERIAL", "PRIVATE_KEY", "CERTS", "APIV3_KEY", "SECRET", "MERCHANT_CERT",
            "MERCHANT_KEY", "BASE_URL", "BACKUP_URL", "CA")  # fmt: skip


def env_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ``--env``."""
    return click.option(
        "--env",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        cls=Option,
        help="Settings: a file of WECHATPAY_NAME=value lines, or TOML; without it, the environment.",
        zh="配置文件：WECHATPAY_NAME=value 逐行，或 TOML；不写则读环境变量。",
    )(function)


def client_of(env: Path | None, **more: Any) -> WeChatPay:
    """Make the client."""
    from wechatpay import WeChatPay

    if env is not None and env.suffix == ".toml":
        settings_of(env)  # says more about a wrong value
        return WeChatPay.from_file(env, **more)
    return WeChatPay.from_env(PREFIX, env, **more)


def settings_of(env: Path | None) -> dict[str, Any]:
    """
    Read the settings as they are written.

    Raises:
        ConfigurationError: The file cannot be read, or has an unknown setting or one that is no text.
    """
    if env is not None and env.suffix == ".toml":
        found = table(env, "wechatpay", [name.lower() for name in SETTINGS])
        return texts(found, env, numbers=("mchid", "brand_id"), lists=("apiv3_key",), tables=("certs",))
    return dict(environment(PREFIX, SETTINGS, env))


def redactor_of(env: Path | None) -> Redactor:
    """Make what takes the settings' secrets out of text."""
    settings = settings_of(env)
    keys = settings.get("apiv3_key", ())
    names = ("secret", "private_key", "merchant_key")
    return Redactor(
        [*([keys] if isinstance(keys, str) else keys), *(settings[name] for name in names if name in settings)],
        f"{SECRET_NAMES}|{PERSONAL}",
    )
