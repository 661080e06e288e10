"""What the platform does: one module for each business people build on."""

from __future__ import annotations

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.flows import insurance, keys

__all__ = ["UNSIGNED", "routes"]

UNSIGNED = frozenset(
    {
        "GET v3/billdownload/file",
        "GET v3/merchant-service/images/{media_id}",
        "GET v3/global/merchant-service/images/{media_id}",
        "GET v3/transferdownload/elecvoucherfile",
        "GET v3/transferdownload/signfile",
    }
)
"""Operations whose good answers carry no signature."""

routes = Routes()
for module in (keys, insurance):
    routes.include(module.routes)
