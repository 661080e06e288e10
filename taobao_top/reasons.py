"""The Chinese text of configuration errors of ``taobao_top``, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable import reasons

if TYPE_CHECKING:
    from chainable.i18n import Words

__all__ = ["REASONS", "explain"]

REASONS = {
    "app_key_missing": "未设置 app_key：请填写控制台显示的 App Key",
    "not_an_app_key": "应为控制台显示的 App Key（数字）",
    "app_key_is_secret": "与 app_secret 相同，应为控制台显示的 App Key（数字）",
    "app_secret_missing": "缺少 app_secret：请填写控制台显示的 App Secret",
    "app_secret_bytes": "app_secret 应为文本，不是 bytes：请先解码",
    "app_secret_unprintable": "app_secret 含有不可见的字符：请从控制台重新复制",
    "gateway_without_path": "缺少路径：应为 https://{host}/router/rest",
    "app_secret_not_utf8": "app_secret 不是 UTF-8 文本",
    "not_a_format": "应为 json 或 xml，奇门自定义接口也可用 json2、xml2",
    "unknown_sign_method": "应为 hmac-sha256、hmac、md5、sha256 或 chainable.Signer",
}
"""The Chinese text of each reason."""


def explain(error: Exception) -> Words:
    """Return the message of a configuration error in both languages."""
    return reasons.explain(error, REASONS)
