"""Amounts that move: whole fen, and none that money cannot have."""

from __future__ import annotations

import re
from typing import Any

from wechatpay.sandbox.messages import Refusal

__all__ = ["MOST", "fen"]

MOST = 2**63 - 1
"""What the platform's integers hold."""
DIGITS = re.compile(r"[0-9]{1,19}")


def fen(value: Any, field: str, least: int = 1) -> int:
    """
    The amount that a request gives, also to a lenient sandbox.

    Args:
        value: A number, whole although it may be written with a point, or its digits (v2).
        field: Where it stands in the body, a JSON pointer.
        least: The smallest that can move here.

    Raises:
        Refusal: It is no amount in fen, less than that, or more than anybody has.
    """
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    if DIGITS.fullmatch(text) and least <= int(text) <= MOST:
        return int(text)
    raise Refusal.of_field("body", field, f"an amount in fen is expected, {least} to {MOST}")
