"""The inspector: a page at ``/_sandbox/`` of a running sandbox, with requests, their signed messages and responses."""

from chainable.sandbox.inspector import Comparison, Part
from wechatpay.sandbox.inspector.comparison import compared
from wechatpay.sandbox.inspector.page import Inspector

__all__ = ["Comparison", "Inspector", "Part", "compared"]
