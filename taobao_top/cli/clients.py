"""The client a command works with: from the environment, or a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Option
from chainable.cli.redaction import Redactor
from chainable.cli.settings import texts
from chainable.environment import environment, table
from chainable.redaction import SECRET_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top import TaobaoTop

__all__ = ["OTHERS", "SETTINGS", "TEXTS", "client_of", "env_option", "redactor_of", "settings_of"]

PREFIX = "TAOBAO_TOP_"
_CONFIDENTIAL = re.compile(rf"(?i){SECRET_NAMES}|(^|_)code$")
SETTINGS = ("APP_KEY", "APP_SECRET", "SESSION", "SIGN_METHOD", "GATEWAY", "CA")
TEXTS = ("app_key", "app_secret", "session", "sign_method", "gateway")
OTHERS = ("format", "simplify", "timeout", "retries", "deadline", "pool_maxsize", "verify", "proxies")
"""What a TOML file may have besides: how the client goes about its calls."""


def env_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ``--env``."""
    return click.option(
        "--env",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        cls=Option,
        help="Settings: a file of TAOBAO_TOP_NAME=value lines, or TOML; without it, the environment.",
        zh="配置文件：TAOBAO_TOP_NAME=value 逐行，或 TOML；不写则读环境变量。",
    )(function)


def client_of(env: Path | None, **more: Any) -> TaobaoTop:
    """Make the client."""
    from taobao_top import TaobaoTop

    if env is not None and env.suffix == ".toml":
        settings_of(env)  # says more about a wrong value
        return TaobaoTop.from_file(env, **more)
    return TaobaoTop.from_env(PREFIX, env, **more)


def settings_of(env: Path | None) -> dict[str, Any]:
    """
    Read the settings as they are written, those of a client's manners left out.

    Returns:
        Texts by name; ``ca`` is the file that certificates are verified with.

    Raises:
        ConfigurationError: The file cannot be read, or has an unknown setting or one that is no text.
    """
    if env is not None and env.suffix == ".toml":
        found = table(env, "taobao_top", (*TEXTS, *OTHERS))
        given = {name: value for name, value in found.items() if name in TEXTS}
        if isinstance(found.get("verify"), str):
            given["ca"] = found["verify"]
        made = texts(given, env, numbers=("app_key",))
        return made | ({"proxies": found["proxies"]} if "proxies" in found else {})
    return dict(environment(PREFIX, SETTINGS, env))


def redactor_of(env: Path | None, parameters: Mapping[str, Any]) -> Redactor:
    """Make what takes out of text the settings' secrets, and the parameters that are one by their name."""
    settings = settings_of(env)
    given = [str(value) for name, value in parameters.items() if value and _CONFIDENTIAL.search(name)]
    return Redactor([*given, *(str(settings[name]) for name in ("app_secret", "session") if name in settings)])
