"""Explanations of errors, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taobao_top.errors import BUSINESS, rule_of

if TYPE_CHECKING:
    from taobao_top.sandbox.journal import Entry

__all__ = ["advice"]


def advice(entry: Entry) -> dict[str, str] | None:
    """Return the explanation of an entry's error by language; None without an error."""
    if entry.code is None:
        return None
    rule = rule_of(str(entry.code), entry.sub_code or "")
    english = "the business's own refusal: see sub_code and sub_msg, then the data" if rule is BUSINESS else rule.advice
    return {"name": rule.name, "zh": rule.chinese, "en": english}
