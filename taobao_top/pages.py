"""The former name of :mod:`taobao_top.pagination`."""

import warnings

from taobao_top.pagination import CURSORS, Cursor, PageNames, pages

__all__ = ["CURSORS", "Cursor", "PageNames", "pages"]

warnings.warn("taobao_top.pages is now taobao_top.pagination", DeprecationWarning, stacklevel=2)
