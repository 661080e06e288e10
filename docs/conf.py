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
    "operation_page",
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
html_favicon = "_static/mark.svg"
html_css_files = ["face.css", "reference.css"]
html_js_files = ["reference.js", "language.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"
html_theme_options = {
    # Text on each background is at least 4.5 to 1: tests/docs/test_face.py.
    "light_css_variables": {
        "color-brand-primary": "#0b665a",
        "color-brand-content": "#0b665a",
        "color-brand-visited": "#5d4a8f",
        "color-foreground-primary": "#17211f",
        "color-foreground-secondary": "#4d5b58",
        "color-foreground-muted": "#5b6966",
        "color-background-primary": "#ffffff",
        "color-background-secondary": "#f4f7f6",
        "color-background-hover": "#e6eeec",
        "color-background-border": "#dbe4e1",
        "color-code-background": "#f4f7f6",
        "color-code-foreground": "#17211f",
        "color-problematic": "#a8380f",
        "color-literal": "#2e6b24",
        "color-value": "#0b5ea8",
    },
    "dark_css_variables": {
        "color-brand-primary": "#58cdb8",
        "color-brand-content": "#58cdb8",
        "color-brand-visited": "#bcaeea",
        "color-foreground-primary": "#d9e0de",
        "color-foreground-secondary": "#a6b3b0",
        "color-foreground-muted": "#93a19e",
        "color-background-primary": "#121716",
        "color-background-secondary": "#181f1e",
        "color-background-hover": "#222c2a",
        "color-background-border": "#2d3937",
        "color-code-background": "#181f1e",
        "color-code-foreground": "#d9e0de",
        "color-problematic": "#f2a07a",
        "color-literal": "#8fd07f",
        "color-value": "#7fbcf5",
    },
}

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "separated"
napoleon_use_rtype = False

copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
