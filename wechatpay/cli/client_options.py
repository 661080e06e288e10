"""Options that choose a client or a running sandbox, and the settings behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.commands import settings_option
from chainable.cli.redaction import Redactor
from chainable.cli.sandbox_clock import sandbox_clock
from chainable.redaction import PERSONAL_NAMES, SECRET_NAMES
from chainable.settings import check_texts, read_environment, read_toml
from wechatpay.configuration import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from wechatpay import WeChatPay

__all__ = [
    "env_option",
    "make_client",
    "make_redactor",
    "read_settings",
]

PREFIX = "WECHATPAY_"
env_option = settings_option(PREFIX)
"""``--env`` of a command."""


def make_client(env: Path | None, **more: Any) -> WeChatPay:
    """Build the client from a settings file or the environment; the time is the sandbox's where it calls one."""
    from wechatpay import WeChatPay

    settings = read_settings(env)  # describes a wrong value better
    more.setdefault("clock", sandbox_clock(settings.get("base_url"), settings.get("ca")))
    if env is not None and env.suffix == ".toml":
        return WeChatPay.from_file(env, **more)
    return WeChatPay.from_env(PREFIX, env, **more)


def read_settings(env: Path | None) -> dict[str, Any]:
    """Read the settings without interpreting them."""
    if env is not None and env.suffix == ".toml":
        found = read_toml(env, "wechatpay", [name.lower() for name in SETTINGS])
        return check_texts(found, env, numbers=("mchid", "brand_id"), lists=("apiv3_key",), tables=("certs",))
    return dict(read_environment(PREFIX, SETTINGS, env))


def make_redactor(env: Path | None) -> Redactor:
    """Build a redactor of the secrets in the settings and of personal data."""
    settings = read_settings(env)
    keys = settings.get("apiv3_key", ())
    names = ("secret", "private_key", "private_key_password", "merchant_key", "merchant_cert_password")
    return Redactor(
        [*([keys] if isinstance(keys, str) else keys), *(settings[name] for name in names if name in settings)],
        f"{SECRET_NAMES}|{PERSONAL_NAMES}",
    )
