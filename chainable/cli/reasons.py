"""
Configuration errors in both languages.

The English text is the error's own message; the Chinese text is found by the
error's ``reason`` and filled with its ``values``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REASONS", "explain"]

REASONS = {
    "plain_http": "明文 http:// 只能用于本机地址（127.0.0.1、localhost），请用 https://",
    "not_a_url": "应为 https://host/ 形式的地址",
    "not_an_access_point": "接入点不能带用户名、查询参数或片段",
}
"""The Chinese text of each reason in ``chainable``."""


def explain(
    error: Exception, reasons: Mapping[str, str], *, terms: Mapping[str, str] | None = None, setting: str = ""
) -> Words:
    """
    Return the message of a configuration error in both languages.

    Args:
        error: The error; without a known reason, its Chinese text is its message.
        reasons: The Chinese text of each reason of the package that raised it.
        terms: The Chinese text of values that are identifiers.
        setting: A setting that is not repeated in front of the message.
    """
    english = str(error).removeprefix(f"{setting}: ")
    text = {**REASONS, **reasons}.get(str(getattr(error, "reason", None)))
    if text is None:
        return Words(english, f"出错：{english}")
    values = dict(getattr(error, "values", {}))
    name, file = str(values.get("setting") or ""), values.get("file")
    shown = {key: _term(value, terms or {}) for key, value in values.items()}
    chinese = text.format(**shown) + (f"：{file}" if file else "")
    return Words(english, chinese if name in {"", setting} else f"{name.replace(', ', ' 与 ')}：{chinese}")


def _term(value: object, terms: Mapping[str, str]) -> str:
    """Return the Chinese text of a value: identifiers, separated by blanks, or any other text."""
    words = str(value).split(" ")
    return " 和 ".join(terms[word] for word in words) if all(word in terms for word in words) else str(value)
