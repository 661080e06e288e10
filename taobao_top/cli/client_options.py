"""The option that chooses a client, and the settings behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chainable.cli.commands import settings_option
from chainable.cli.redaction import Redactor
from chainable.cli.sandbox_clock import sandbox_clock
from chainable.redaction import SECRET_NAMES
from chainable.settings import check_texts, read_environment, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from taobao_top import TaobaoTop

__all__ = ["OTHERS", "SETTINGS", "TEXTS", "env_option", "make_client", "make_redactor", "read_settings"]

PREFIX = "TAOBAO_TOP_"
_CONFIDENTIAL = re.compile(rf"(?i){SECRET_NAMES}|(^|_)code$")
SETTINGS = ("APP_KEY", "APP_SECRET", "SESSION", "SIGN_METHOD", "GATEWAY", "OAUTH_URL", "CA")
TEXTS = ("app_key", "app_secret", "session", "sign_method", "gateway", "oauth_url")
OTHERS = ("format", "simplify", "timeout", "retries", "deadline", "pool_maxsize", "max_promises", "verify", "proxies")
"""Further settings of a TOML file: the options of the client."""


env_option = settings_option(PREFIX)
"""``--env`` of a command."""


def make_client(env: Path | None, **more: Any) -> TaobaoTop:
    """Build the client from a settings file or the environment; the time is the sandbox's where it calls one."""
    from taobao_top import TaobaoTop

    settings = read_settings(env)  # describes a wrong value better
    more.setdefault("clock", sandbox_clock(settings.get("gateway"), settings.get("ca")))
    if env is not None and env.suffix == ".toml":
        return TaobaoTop.from_file(env, **more)
    return TaobaoTop.from_env(PREFIX, env, **more)


def read_settings(env: Path | None) -> dict[str, Any]:
    """
    Read the settings without interpreting them, and without the options of the client.

    ``ca`` is the file of the certificate authority.
    """
    if env is not None and env.suffix == ".toml":
        found = read_toml(env, "taobao_top", (*TEXTS, *OTHERS))
        given = {name: value for name, value in found.items() if name in TEXTS}
        if isinstance(found.get("verify"), str):
            given["ca"] = found["verify"]
        made = check_texts(given, env, numbers=("app_key",))
        return made | ({"proxies": found["proxies"]} if "proxies" in found else {})
    return dict(read_environment(PREFIX, SETTINGS, env))


def make_redactor(env: Path | None, parameters: Mapping[str, Any]) -> Redactor:
    """Build a redactor of the secrets in the settings and of parameters with a confidential name."""
    settings = read_settings(env)
    given = [str(value) for name, value in parameters.items() if value and _CONFIDENTIAL.search(name)]
    return Redactor([*given, *(str(settings[name]) for name in ("app_secret", "session") if name in settings)])
