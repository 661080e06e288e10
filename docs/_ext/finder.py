"""
The search: a static index that also works offline and from ``file://``.

Sphinx's own search cuts texts into words, which fails for Chinese and for
paths.  This one looks for parts of titles, paths and field names, the way
``wechatpay describe`` does, and for words of the guide.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catalogue_pages

import taobao_top.describe
import wechatpay.describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


def _entries() -> list[list[Any]]:
    pages = [
        *catalogue_pages.operations().values(),
        *catalogue_pages.events().values(),
        *catalogue_pages.methods()[0].values(),
    ]
    return [
        [
            page.title,
            page.name,
            f"{page.uri}.html" + (f"#{page.anchor}" if page.anchor else ""),
            page.weight,
            _label(page),
        ]
        for page in pages
    ]


def _label(page: Any) -> str:
    if page.product == "events":
        return "通知"
    if page.product in catalogue_pages.products():
        return str(catalogue_pages.products()[page.product]["title"])
    return str(page.product)


def _fields() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    pages = [
        *catalogue_pages.operations().values(),
        *catalogue_pages.events().values(),
        *catalogue_pages.methods()[0].values(),
    ]
    for number, page in enumerate(pages):
        for name in page.fields:
            found.setdefault(name, []).append(number)
    return found


def _words() -> dict[str, list[list[int]]]:
    """Return the words that people use: for each the numbers of pages, and which place each has in its list."""
    pages = [
        *catalogue_pages.operations(),
        *catalogue_pages.events(),
        *catalogue_pages.methods()[0],
    ]
    numbers = {key: number for number, key in enumerate(pages)}
    found: dict[str, list[list[int]]] = {}
    for glossary in (wechatpay.describe.glossary, taobao_top.describe.glossary):
        for word, keys in glossary.words.items():
            found.setdefault(word, []).extend([numbers[key], place] for place, key in enumerate(keys))
    return found


def _guide(app: Sphinx) -> list[list[str]]:
    pages = []
    for docname in sorted(app.env.found_docs):
        title = app.env.titles[docname].astext()
        text = re.sub(r"\s+", " ", app.env.get_doctree(docname).astext())
        pages.append([title, f"{docname}.html", text])
    return pages


def _quiet(app: Sphinx) -> None:
    # Neither its index nor its page is made.
    app.builder.search = False


def _search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    data = {"pages": _entries(), "fields": _fields(), "words": _words(), "guide": _guide(app)}
    path = Path(app.outdir) / "_static" / "finder-data.js"
    path.parent.mkdir(exist_ok=True)
    path.write_text("window.FINDER = " + json.dumps(data, ensure_ascii=False, separators=(",", ":")) + ";\n", "utf-8")
    yield "search", {"title": "搜索 · Search"}, "search.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.connect("builder-inited", _quiet, priority=900)
    app.connect("html-collect-pages", _search_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
