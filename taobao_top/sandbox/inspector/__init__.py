"""The inspector: a page at ``/_sandbox/`` of a running sandbox, with requests, their signed strings and responses."""

from taobao_top.sandbox.inspector.comparison import compared
from taobao_top.sandbox.inspector.page import Inspector

__all__ = ["Inspector", "compared"]
