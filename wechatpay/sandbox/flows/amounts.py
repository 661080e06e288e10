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
    Return the amount of a request; a sandbox that is not strict checks it too.

    Args:
        value: A number, whole although it may be written with a point, or its digits (v2).
        field: Where it stands in the body, a JSON pointer.
        least: The smallest that can move here.

    Raises:
        Refusal: It is not an amount in fen, too small or too large.
    """
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    if DIGITS.fullmatch(text) and least <= int(text) <= MOST:
        return int(text)
    raise Refusal.of_field("body", field, f"an amount in fen is expected, {least} to {MOST}")
