"""
The inspector: a web page with requests, their signed messages, and responses.

It stands at ``/_sandbox/`` of every running sandbox; it needs no network and no build step.
"""

from chainable.sandbox.inspector import Comparison, Part
from wechatpay.sandbox.inspector.comparison import compared
from wechatpay.sandbox.inspector.page import Inspector

__all__ = ["Comparison", "Inspector", "Part", "compared"]
