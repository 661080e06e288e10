"""The APIv3 key."""

from __future__ import annotations

from typing import Any

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import Secret, without_frames
from chainable.validation import trimmed

__all__ = ["check_apiv3_key"]

_SIZE = 32


@without_frames
def check_apiv3_key(key: str | bytes | Secret[str] | Secret[bytes], *, name: str = "apiv3_key") -> bytes:
    """
    Return the APIv3 key as 32 bytes; white space around it is dropped with a warning.

    Raises:
        ConfigurationError: It is not 32 bytes of ASCII.
        TypeError: It is neither str nor bytes.
    """
    key = key.reveal() if isinstance(key, Secret) else key
    if not isinstance(key, str | bytes):
        msg = Words(
            f"{name}: a str of 32 characters was expected, not {type(key).__name__}",
            f"{name}：应为 32 个字符的 str，不是 {type(key).__name__}",
        )
        raise TypeError(msg)
    given: Secret[Any] = Secret(key)
    text: str | bytes = trimmed(name, given, what="the key").reveal() if key.strip() else b""
    stripped = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(stripped) != _SIZE or not stripped.isascii():
        msg = (
            f"{name}: {len(stripped)} bytes, and an APIv3 key has 32 of ASCII; it is the key set "
            f"under 账户中心 > API安全 > APIv3密钥, neither the APIv2 key nor a file"
        )
        raise ConfigurationError(msg, reason="apiv3_key_length", length=len(stripped), setting=name)
    return stripped
