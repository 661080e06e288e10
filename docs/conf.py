"""Settings of the documentation."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

project = "wechatpay · taobao-top"
author = "The wechatpay-taobao-top authors"
language = "en"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "blocks", "catalogue_pages", "finder", "pains"]
exclude_patterns = ["_*"]
templates_path = ["_templates"]
root_doc = "index"

html_theme = "furo"
html_title = "wechatpay · taobao-top"
html_static_path = ["_static"]
html_css_files = ["reference.css"]
html_js_files = ["reference.js"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "separated"
napoleon_use_rtype = False
