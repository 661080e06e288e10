"""
The language of a build, and the link of each page to its twin in the other.

The site has a folder for each language with the same pages in it. Texts that
are no message of a page stand beside each other, as ``say(Chinese, English)``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.pofile import read_po

from chainable.describe import Label

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOCALE = Path(__file__).parents[1] / "locale" / "zh_CN" / "LC_MESSAGES"
FOLDERS = {"zh": "zh-CN", "en": "en"}
"""The folder of each language in the site, and its name for browsers."""

_build = {"language": "en"}


def language() -> str:
    """Return the language that is being built: ``zh`` or ``en``."""
    return _build["language"]


def say(zh: str, en: str) -> str:
    """Return a text in the language that is being built."""
    return zh if language() == "zh" else en


def said(text: str) -> str:
    """Return a text of a description in the language that is being built."""
    return say(str(text), text.en) if isinstance(text, Label) else text


@cache
def catalogue(docname: str) -> dict[str, str]:
    """Return the Chinese of a page's messages by their English."""
    path = LOCALE / f"{docname}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def _begin(app: Sphinx, config: Any) -> None:
    _build["language"] = "zh" if str(config.language).startswith("zh") else "en"


def _link(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    up = "../" * (pagename.count("/") + 1)
    other = "en" if language() == "zh" else "zh"
    context["say"] = say
    context["twins"] = {FOLDERS[name]: f"{up}{name}/{pagename}.html" for name in FOLDERS}
    context["other_language"] = FOLDERS[other]
    context["other_page"] = f"{up}{other}/{pagename}.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.connect("config-inited", _begin, priority=100)
    app.connect("html-page-context", _link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
