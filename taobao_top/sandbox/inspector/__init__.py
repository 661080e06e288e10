"""
The inspector: a web page with requests, their signed messages, and responses.

It stands at ``/_sandbox/`` of every running sandbox; it needs no network and no build step.
"""

from taobao_top.sandbox.inspector.comparison import compared
from taobao_top.sandbox.inspector.page import Inspector

__all__ = ["Inspector", "compared"]
