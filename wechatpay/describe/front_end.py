"""The step of the front end that follows an operation: the function of ``client.invoke`` that makes its parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wechatpay.catalogue import Operation

__all__ = ["front_end_step"]

_ORDERS = r"v3/(pay/transactions|pay/partner/transactions|combine-transactions)/"
_STEPS = (
    ("prepay_id", f"{_ORDERS}jsapi", "jsapi(appid=…, prepay_id=…)"),
    ("prepay_id", f"{_ORDERS}miniprogram", "mini_program(appid=…, prepay_id=…)"),
    ("prepay_id", f"{_ORDERS}app", "app(appid=…, prepay_id=…)"),
    ("code_url", f"{_ORDERS}native", "native(code_url)"),
    ("h5_url", f"{_ORDERS}h5", "h5(h5_url)"),
    ("package_info", r"v3/(fund-app|ecommerce)/mch-transfer/.*", "merchant_transfer(appid=…, package_info=…)"),
    ("package", r"v3/payscore/(partner/)?serviceorder", "payscore_use(package=…)"),
    (
        "apply_permissions_token",
        r"v3/payscore/(partner/)?permissions",
        "payscore_enable(apply_permissions_token=…)",
    ),
    ("redirect_path", r"v3/papay/.*/mini-program", "papay_mini_program(**response.data)"),
)
"""A field of the response, the paths of POST whose response has it, and what is done with it."""


def front_end_step(operation: Operation) -> str | None:
    """Return the call of ``client.invoke`` that the response of an operation is for; None if there is none."""
    verb, _, path = operation.key.partition(" ")
    fields = {field.name for field in operation.response.fields or ()}
    for name, pattern, step in _STEPS:
        if verb == "POST" and name in fields and re.fullmatch(pattern, path):
            return f"client.invoke.{step}"
    return None
