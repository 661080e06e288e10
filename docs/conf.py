"""Settings of the documentation."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

project = "wechatpay · taobao-top"
author = "The wechatpay-taobao-top authors"
language = "zh_CN" if tags.has("zh") else "en"  # noqa: F821 (Sphinx gives the tags)
locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False
gettext_additional_targets = ["image"]
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_markdown_builder",
    "languages",
    "blocks",
    "catalogue_pages",
    "finder",
    "machines",
    "pains",
]
exclude_patterns = ["_*", "locale"]
templates_path = ["_templates"]
root_doc = "index"

html_theme = "furo"
html_title = "wechatpay · taobao-top"
html_static_path = ["_static"]
html_css_files = ["reference.css"]
html_js_files = ["reference.js", "language.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "separated"
napoleon_use_rtype = False

copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
