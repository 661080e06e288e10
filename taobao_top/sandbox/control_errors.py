"""Errors of the controls as JSON members, in both languages."""

from __future__ import annotations

from typing import Any

from chainable.sandbox.control_api import in_chinese

__all__ = ["in_both"]


def in_both(error: Exception, english: str) -> dict[str, Any]:
    """
    Return the members ``error`` and ``zh`` of a response.

    A message of Python or a library has no Chinese text; it stands in English behind what kind of error it is.
    """
    return {"error": english, "zh": _kind(error), **in_chinese(error)}


def _kind(error: Exception) -> str:
    text = str(error).encode(errors="replace").decode()
    if isinstance(error, KeyError):
        return f"缺少参数 {text}"
    return f"参数不正确：{text}"
