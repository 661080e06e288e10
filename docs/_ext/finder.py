"""
The search: a static index that also works offline and from ``file://``.

Sphinx's own search cuts texts into words, which fails for Chinese and for
paths.  This one looks for parts of titles, paths and field names, the way
``wechatpay describe`` does, and for words in the sections of the guide, whose
titles it knows in both languages.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catalogue_pages
from docutils import nodes
from languages import catalogue, language, say

import taobao_top.describe
import wechatpay.describe
from chainable.describe import Label

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
            *_labels(page),
        ]
        for page in pages
    ]


def _labels(page: Any) -> tuple[str, str]:
    """Return what a page belongs to in the language of the build, and in the other one for who looks for that."""
    if page.product == "events":
        label = Label("通知", "Notification")
    elif page.product in catalogue_pages.products():
        label = catalogue_pages.titles()[page.product]
    else:
        return str(page.product), ""
    return (str(label), label.en) if language() == "zh" else (label.en, str(label))


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
    """Return the sections of all pages: kind, title of the page, titles in both languages, place, text."""
    found = []
    for docname in sorted(app.env.found_docs):
        parts = docname.split("/")
        kind = "guide"
        if parts[0] == "reference" and parts[-1] != "glossary":
            kind = "python" if parts[-1] in {"python", "chainable"} else "product"
        whole = app.env.titles[docname].astext()
        for section in app.env.get_doctree(docname).findall(nodes.section):
            title = section[section.first_child_matching_class(nodes.title)]
            other = catalogue(docname).get(title.rawsource, "") if language() == "en" else title.rawsource
            if product := catalogue_pages.titles().get(docname.removeprefix(f"{catalogue_pages.WECHATPAY}/")):
                other = str(product) if language() == "en" else product.en
            place = "" if isinstance(section.parent, nodes.document) else f"#{section['ids'][0]}"
            text = "" if kind == "product" else _text(section)
            found.append([kind, whole, title.astext(), other, f"{docname}.html{place}", text])
    return found


def _text(section: nodes.section) -> str:
    skipped = (nodes.title, nodes.section, nodes.raw, nodes.comment)
    words = (child.astext() for child in section.children if not isinstance(child, skipped))
    return re.sub(r"\s+", " ", " ".join(words)).strip()


def _texts() -> dict[str, str]:
    """Return what the page of results says."""
    return {
        "guide": say("指南", "Guide"),
        "python": "Python",
        "product": say("产品", "Product"),
        "count": say("{} 个结果", "{} results"),
        "one": say("{} 个结果", "{} result"),
        "first": say("title", "name"),
    }


def _quiet(app: Sphinx) -> None:
    # Neither its index nor its page is made.
    app.builder.search = False


def _search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    data = {"pages": _entries(), "fields": _fields(), "words": _words(), "guide": _guide(app), "texts": _texts()}
    path = Path(app.outdir) / "_static" / "finder-data.js"
    path.parent.mkdir(exist_ok=True)
    path.write_text("window.FINDER = " + json.dumps(data, ensure_ascii=False, separators=(",", ":")) + ";\n", "utf-8")
    yield "search", {"title": say("搜索", "Search")}, "search.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.connect("builder-inited", _quiet, priority=900)
    app.connect("html-collect-pages", _search_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
