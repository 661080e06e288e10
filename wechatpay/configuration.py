"""A client's settings from environment variables or a TOML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.masking import MaskedDict, MaskedTuple, Secret
from chainable.settings import check_texts, read_toml

if TYPE_CHECKING:
    import os

__all__ = ["SETTINGS", "arguments", "parse_certs", "read_file"]

SETTINGS = (
    "MCHID",
    "BRAND_ID",
    "SERIAL",
    "PRIVATE_KEY",
    "PRIVATE_KEY_PASSWORD",
    "CERTS",
    "APIV3_KEY",
    "SECRET",
    "MERCHANT_CERT",
    "MERCHANT_CERT_PASSWORD",
    "MERCHANT_KEY",
    "BASE_URL",
    "BACKUP_URL",
    "CA",
)
"""Their names in the environment, without the prefix; in TOML they are in lower case."""


def arguments(settings: dict[str, Any], more: dict[str, Any], *, prefix: str = "", where: str = "") -> dict[str, Any]:
    """
    Build the arguments of a client from the settings that were read and those given in the program.

    Args:
        settings: Those that were read. Empty ones count as not set.
        more: Those of the program.
        prefix: The start of the names of variables, for the error.
        where: Where the settings were read, for the error: empty for the environment, or `` in FILE``.

    Raises:
        ConfigurationError: ``certs`` has another form, an argument is given twice, or there is no merchant number.
    """
    settings = MaskedDict({name: value for name, value in settings.items() if not _is_blank(value)})
    twice = sorted(settings.keys() & more.keys())
    if twice:
        msg = f"{twice[0]}: is both among the settings that were read and an argument: leave one of them out"
        raise ConfigurationError(msg, reason="setting_twice", setting=twice[0])
    found = MaskedDict(settings | more)
    if found.get("mchid") is None and found.get("brand_id") is None:
        name = f"{prefix}MCHID" if prefix or not where else "mchid"
        msg = f"{name} is not set{where}: give the merchant number"
        raise ConfigurationError(msg, reason="mchid_not_set", name=name)
    if isinstance(found.get("certs"), str):
        found["certs"] = parse_certs(Secret(found["certs"]), name=f"{prefix}CERTS")
    if "ca" in found:
        ca = found.pop("ca")
        found["verify"] = ca.strip() if isinstance(ca, str) else ca
    return found


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def read_file(file: str | os.PathLike[str], more: dict[str, Any]) -> dict[str, Any]:
    """Read the arguments of a client from a TOML file, as :meth:`wechatpay.WeChatPay.from_file` describes it."""
    found = read_toml(file, "wechatpay", [name.lower() for name in SETTINGS])
    settings = check_texts(
        found, file, numbers=("mchid", "brand_id"), lists=("apiv3_key",), tables=("certs",), flags=("ca",)
    )
    return arguments(settings, more, where=f" in {file}")


def parse_certs(given: str | Secret[str], *, name: str = "certs") -> dict[str, str]:
    """Parse ``id=path,id=path``; raise ConfigurationError for another form."""
    parts = MaskedTuple(part.strip().partition("=") for part in Secret.of(given).reveal().split(",") if part.strip())
    if not all(equals for _, equals, _ in parts):
        msg = f"{name}: id=path,id=path was expected"
        raise ConfigurationError(msg, reason="not_certs_list", setting=name)
    return MaskedDict({key.strip(): path.strip() for key, _, path in parts})
