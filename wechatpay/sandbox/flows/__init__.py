"""
The flows of the platform: one module for each product.

An action raises LookupError for an unknown object, ValueError where the object's state does not allow it.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from wechatpay.sandbox.routing import Routes

__all__ = ["routes"]

routes = Routes()
"""The handlers and actions of all flows: those of every module here that has ``routes``."""
for _found in pkgutil.iter_modules(__path__):
    _module = import_module(f"{__name__}.{_found.name}")
    if hasattr(_module, "routes"):
        routes.include(_module.routes)
