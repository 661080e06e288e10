"""
The flows of the platform: one module for each product.

An action raises LookupError for an unknown object, ValueError where the object's state does not allow it.
"""

from __future__ import annotations

from wechatpay.sandbox.flows import (
    bills,
    combined_orders,
    complaints,
    contracts,
    deductions,
    insurance,
    insurance_payments,
    keys,
    media,
    orders,
    orders_v2,
    payments,
    payscore,
    profit_sharing,
    refunds,
    transfer_authorizations,
    transfers,
)
from wechatpay.sandbox.routing import Routes

__all__ = ["routes"]

routes = Routes()
"""The handlers and actions of all flows."""
for module in (
    bills,
    combined_orders,
    complaints,
    contracts,
    deductions,
    insurance,
    insurance_payments,
    keys,
    media,
    orders,
    orders_v2,
    payments,
    payscore,
    profit_sharing,
    refunds,
    transfer_authorizations,
    transfers,
):
    routes.include(module.routes)
