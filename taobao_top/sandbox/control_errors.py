"""Errors of the controls as JSON members, in both languages."""

from __future__ import annotations

import re
from typing import Any

from chainable.sandbox.control_api import in_chinese

__all__ = ["in_both"]

_RAISED_BY_LIBRARIES = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r".* got an unexpected keyword argument '(.+)'.*", "未知参数 {}"),
        (r".* got multiple values for argument '(.+)'", "参数 {} 重复，或者不能使用这个名称"),
        (r".* missing \d+ required .*?arguments?: (.+)", "缺少参数 {}"),
        (r"'(\w+)' must be ([<>]=?) (\S+): (.+)", "{} 必须 {} {}，实际为 {}"),
        (r"could not convert string to float: (.+)", "{} 不是数字"),
        (r"invalid literal for int\(\) with base 10: (.+)", "{} 不是整数"),
        (r"int too large to convert to float", "数值太大"),
        (r"requests to (.+) are not allowed here", "不允许请求 {}；如需允许，请在启动沙箱时设置 callback_hosts"),
        (r"a URL like https://host/path was expected.*", "URL 格式不正确，应为 https://host/path 的形式"),
    )
)
"""Patterns of the messages of Python, attrs and the HTTP client about wrong members, and their Chinese texts."""


def in_both(error: Exception, english: str) -> dict[str, Any]:
    """Return the members ``error`` and ``zh`` of a response; an error without :class:`Words` is translated by patterns."""
    return {"error": english, "zh": _chinese(error), **in_chinese(error)}


def _chinese(error: Exception) -> str:
    text = str(error).encode(errors="replace").decode()
    if isinstance(error, KeyError):
        return f"缺少参数 {text}"
    for pattern, chinese in _RAISED_BY_LIBRARIES:
        found = pattern.fullmatch(text)
        if found is not None:
            return chinese.format(*found.groups())
    return f"参数类型不正确：{text}" if isinstance(error, TypeError) else f"参数值不正确：{text}"
