"""The Chinese text of configuration errors of ``taobao_top``, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable import reasons

if TYPE_CHECKING:
    from chainable.i18n import Words

__all__ = ["REASONS", "explain"]

REASONS = {
    "app_key_missing": "未设置 app_key",
    "not_an_app_key": "应为控制台显示的 App Key（数字）",
    "app_key_is_secret": "与 app_secret 相同，应为控制台显示的 App Key（数字）",
    "app_secret_missing": "缺少 app_secret：请填写控制台显示的 App Secret",
    "app_secret_not_utf8": "app_secret 不是 UTF-8 文本",
    "not_a_format": "应为 json 或 xml，奇门自定义接口也可用 json2、xml2",
    "unknown_sign_method": "应为 hmac-sha256、hmac、md5、sha256 或 chainable.Signer",
}
"""The Chinese text of each reason."""


def explain(error: Exception) -> Words:
    """Return the message of a configuration error in both languages."""
    return reasons.explain(error, REASONS)
