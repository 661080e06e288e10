"""What the platform does: one module for each business people build on."""

from __future__ import annotations

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import (
    bills,
    complaints,
    insurance,
    keys,
    media,
    orders,
    payscore,
    refunds,
    sharing,
    transfers,
)

__all__ = [
    "bills",
    "complaints",
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
for module in (bills, complaints, insurance, keys, media, orders, payscore, refunds, sharing, transfers):
    routes.include(module.routes)
