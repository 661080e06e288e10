"""Made-up notifications fit together: one kind of merchant, and amounts that follow from one another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["as_provider", "fit_amounts", "fit_parties", "is_of_provider"]

OF_PROVIDER = ("sp_mchid", "sp_appid", "sub_mchid", "sub_appid", "sub_mch_id", "sp_openid", "sub_openid")
"""The members that only a service provider's notifications have."""
OWN = {"sp_mchid": "mchid", "sp_appid": "appid", "sp_openid": "openid"}
"""By such a member, what a merchant's own notifications have in its place."""
FOLLOWS = {
    "payer_total": ("total", "discount_total"),
    "payer_refund": ("refund", "discount_refund"),
    "settlement_refund": ("refund", ""),
    "settlement_total_fee": ("total_fee", ""),
    "cash_fee": ("total_fee", "coupon_fee"),
    "settlement_refund_fee": ("refund_fee", ""),
    "cash_refund_fee": ("refund_fee", "coupon_refund_fee"),
    "success_amount": ("total_amount", "fail_amount"),
    "paid_amount": ("total_amount", "paying_amount"),
}
"""An amount is another one without a third."""
NONE = ("discount_total", "discount_refund", "coupon_fee", "coupon_refund_fee", "fail_amount", "paying_amount")
"""The amounts that there are none of, unless they are given."""


def is_of_provider(given: Mapping[str, Any]) -> bool:
    """Return whether values by dotted name are those of a service provider's notification."""
    return any(name.rpartition(".")[2] in OF_PROVIDER for name in given)


def as_provider(content: dict[str, Any]) -> None:
    """Make of a merchant's own notification one of a service provider."""
    for member in _with_parties(content):
        for name, own in OWN.items():
            if own in member:
                member[name] = member.pop(own)


def fit_parties(content: dict[str, Any], given: Mapping[str, Any], kept: Collection[str] = ()) -> None:
    """
    Leave one kind of merchant in a made-up content: a service provider, if one of its values is given, or else a merchant
    of its own.

    Args:
        content: What was made up.
        given: The values that are given, by dotted name.
        kept: Members that stay in any case.
    """
    provider = is_of_provider(given)
    if not provider and not {"mchid", "mch_id"} & content.keys():
        return  # it is only sent to service providers
    twice = {"mchid", "mch_id"} <= content.keys()
    for member in _with_parties(content):
        for name, own in OWN.items():
            if provider and name in member:
                member.pop(own, None)
        for name in () if provider else set(OF_PROVIDER).difference(kept):
            member.pop(name, None)
    if twice:  # a merchant's own transfers have the one, those for sub-merchants the other
        content.pop("mch_id" if provider else "mchid", None)


def _with_parties(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of a content that name merchants, apps and users."""
    return [each for each in (content, content.get("payer")) if isinstance(each, dict)]


def fit_amounts(content: dict[str, Any], given: Collection[str], prefix: str = "") -> None:
    """Let the amounts of a made-up content follow from the others, but for those that are given by dotted name."""
    for name, value in content.items():
        if isinstance(value, dict):
            fit_amounts(value, given, f"{prefix}{name}.")
        elif name in NONE and isinstance(value, (int, str)) and f"{prefix}{name}" not in given:
            content[name] = type(value)(0)
    for name, (whole, part) in FOLLOWS.items():
        if name in content and whole in content and f"{prefix}{name}" not in given:
            amount = content[whole]
            with suppress(TypeError, ValueError):  # what is given is no amount, and is sent as it is
                amount = type(amount)(int(amount) - int(content.get(part) or 0))
            content[name] = amount
