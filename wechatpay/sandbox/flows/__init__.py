"""What the platform does: one module for each business people build on."""

from __future__ import annotations

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import (
    authorizations,
    bills,
    complaints,
    contracts,
    insurance,
    keys,
    media,
    orders,
    payscore,
    premiums,
    refunds,
    sharing,
    transfers,
)

__all__ = [
    "authorizations",
    "bills",
    "complaints",
    "contracts",
    "insurance",
    "media",
    "orders",
    "payscore",
    "refunds",
    "routes",
    "sharing",
    "transfers",
]

routes = Routes()
for module in (
    authorizations,
    bills,
    complaints,
    contracts,
    insurance,
    keys,
    media,
    orders,
    payscore,
    premiums,
    refunds,
    sharing,
    transfers,
):
    routes.include(module.routes)
