"""Amounts that move: whole fen, and none that money cannot have."""

from __future__ import annotations

import re
from typing import Any

from wechatpay.sandbox.http import Refusal

__all__ = ["MOST", "fen"]

MOST = 2**63 - 1
"""The largest integer of the platform."""
DIGITS = re.compile(r"[0-9]{1,19}")


def fen(value: Any, field: str, least: int = 1) -> int:
    """
    Return the amount of a request in fen, a number or its digits (v2); one that money cannot have is refused.

    Args:
        value: The amount; a whole number may be written with a point.
        field: Its JSON pointer in the body.
        least: The smallest that can move here.
    """
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    if DIGITS.fullmatch(text) and least <= int(text) <= MOST:
        return int(text)
    raise Refusal.of_field("body", field, f"金额应为 {least} 至 {MOST} 的整数，单位为分")
