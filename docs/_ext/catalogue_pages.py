"""
The reference: one page for each operation and event, TOP's methods by group.

All of it is made from the catalogue while the documentation is built.  What
the sidebar shows (a page for each product) are small sources written beside
``reference/wechatpay/index.rst``; the other pages go straight to HTML and Markdown.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import operation_page
import yaml
from docutils import nodes
from languages import language, said, say
from operation_page import Page
from sphinx.util.docutils import SphinxDirective, SphinxRole

import taobao_top.catalogue
import taobao_top.describe
import wechatpay.catalogue
import wechatpay.describe
from chainable.describe import Label
from taobao_top import errors
from taobao_top.sandbox.operations import OPERATIONS
from wechatpay.sandbox import flows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from operation_page import Block
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
PRODUCTS = HERE.parents[1] / "catalogue" / "glossary" / "products" / "wechatpay.yaml"
WECHATPAY = "reference/wechatpay"
TOP = "reference/taobao_top"
LARGEST = 200_000
"""Bytes of a page's own content, about; the theme adds its frame."""

_navigation: dict[int, str] = {}
_contents: dict[str, str] = {}


# -- the catalogue ------------------------------------------------------


@cache
def products() -> dict[str, Any]:
    """Return the products by slug."""
    return yaml.safe_load(PRODUCTS.read_text("utf-8"))


@cache
def titles() -> dict[str, Label]:
    """Return the titles of the pages of products and of the events, in both languages, by slug."""
    return {slug: Label(one["title"], one["en"]) for slug, one in products().items()} | {
        "events": Label("通知事件", "Notification events")
    }


def product(path: str) -> str:
    """Return the product of a path: the longest prefix decides."""
    prefixes = {prefix: slug for slug, one in products().items() for prefix in one["paths"]}
    segments = path.split("/")
    return next(
        prefixes[prefix] for count in range(len(segments), 0, -1) if (prefix := "/".join(segments[:count])) in prefixes
    )


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-").lower()


def _names(fields: Iterable[Any]) -> Iterator[str]:
    for field in fields or ():
        yield field.name
        yield from _names(field.fields)


@cache
def operations() -> dict[str, Page]:
    """Return the pages of all operations by key."""
    found = {}
    weights = {candidate.key: candidate.weight for candidate in wechatpay.describe.candidates()}
    for operation in wechatpay.catalogue.operations():
        slug = product(operation.path)
        request = operation.request
        places = (request.path, request.query, request.json, request.xml, request.multipart)
        found[operation.key] = Page(
            key=operation.key,
            title=operation.title,
            name=operation.key,
            uri=f"{WECHATPAY}/{slug}/{_slug(operation.key)}",
            product=slug,
            weight=weights[operation.key],
            fields=frozenset(name for place in places for name in _names(place)),
        )
    return found


@cache
def events() -> dict[str, Page]:
    """Return the pages of all events by key."""
    found = {}
    for event in wechatpay.catalogue.events():
        key = f"event {event.version} {event.name}"
        found[key] = Page(
            key=key,
            title=event.title,
            name=f"{event.version} {event.name}",
            uri=f"{WECHATPAY}/events/{_slug(key)}",
            product="events",
            weight=-60,
        )
    return found


@cache
def groups() -> dict[str, list[str]]:
    """Return the names of TOP's methods by group."""
    found: dict[str, list[str]] = {}
    for name in taobao_top.catalogue.methods():
        found.setdefault(taobao_top.catalogue.method(name).group, []).append(name)
    return dict(sorted(found.items()))


@cache
def methods() -> tuple[dict[str, Page], dict[str, tuple[str, dict[str, list[Block]]]]]:
    """Return the pages of all methods by name; title and methods of each page by its document name."""
    pages: dict[str, Page] = {}
    contents: dict[str, tuple[str, dict[str, list[Block]]]] = {}
    prominent = taobao_top.describe.glossary.prominent
    for group, names in groups().items():
        number, size = 1, 0
        for name in names:
            blocks, length = _section(name)
            if size and size + length > LARGEST:
                number, size = number + 1, 0
            size += length
            uri = _group_uri(group, number)
            contents.setdefault(uri, (f"{group} {number}" if number > 1 else group, {}))[1][name] = blocks
            method = taobao_top.catalogue.method(name)
            pages[name] = Page(
                key=name,
                title=method.title or name,
                name=name,
                uri=uri,
                product=group,
                weight=60 if name in prominent else -80,
                fields=frozenset(_names(method.params)) if name in prominent else frozenset(),
                anchor=name,
            )
    return pages, contents


@cache
def pages() -> dict[str, Page]:
    """Return the pages of all operations and events by key."""
    return operations() | events()


def _group_uri(group: str, number: int) -> str:
    place = list(groups()).index(group)
    slug = _slug(group) or f"group-{place}"
    return f"{TOP}/{slug}" + (f"-{number}" if number > 1 else "")


# -- how it is shown ----------------------------------------------------


def heading(title: str, name: str) -> str:
    """Return the heading of a page: the title, in English the name, for all titles of the platforms are Chinese."""
    if language() == "zh" or title == name:
        return title
    return name


def _section(name: str) -> tuple[list[Block], int]:
    """Return the parts of a method, and about the bytes of a page that they take: the same number in both languages."""
    found = taobao_top.describe.described(name)
    code = sum(len(form.code) for form in found.forms)
    rows = sum(len(table.rows) for table in (*found.tables[1:], *found.answers))
    size = 1900 + int(1.3 * code) + sum(len(sample.text) for sample in found.samples[:2]) + 104 * rows
    return list(operation_page.method_blocks(found)), size


def _list(pages: Iterable[Page], docname: str) -> nodes.bullet_list:
    items = []
    for page in pages:
        link = nodes.reference("", "", refuri=operation_page.href(page.path, docname), internal=True)
        if language() == "zh":
            link += nodes.Text(page.title)
            rest: list[nodes.Node] = [nodes.literal("", page.name)]
        else:
            link += nodes.literal("", page.name)
            rest = [nodes.inline("", page.title, classes=["language-zh-CN"])] if page.title != page.name else []
        items.append(nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(" "), *rest)))
    return nodes.bullet_list("", *items, classes=["op-list"])


def _counted(groups: Iterable[tuple[str, str, int, list[str]]], docname: str) -> nodes.bullet_list:
    """Return a list of titles: where each is described, how many operations it has, and on which further pages."""
    items = []
    for title, document, count, more in groups:
        parts: list[nodes.Node] = [_link(title, document, docname), nodes.Text(" "), nodes.literal("", str(count))]
        for number, further in enumerate(more, 2):
            parts += [nodes.Text(" "), _link(str(number), further, docname)]
        items.append(nodes.list_item("", nodes.paragraph("", "", *parts)))
    return nodes.bullet_list("", *items, classes=["op-list", "op-groups"])


def _link(text: str, document: str, docname: str) -> nodes.reference:
    return nodes.reference("", text, refuri=operation_page.href(document, docname), internal=True)


# -- what Sphinx calls --------------------------------------------------


class Operations(SphinxDirective):
    """``.. operations:: refunds``: the list of a product's operations."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        pages = [page for page in operations().values() if page.product == self.arguments[0]]
        return [_list(pages, self.env.docname)]


class Products(SphinxDirective):
    """``.. products::``: all products with their operations counted."""

    def run(self) -> list[nodes.Node]:
        counted = Counter(page.product for page in operations().values())
        groups = ((said(titles()[slug]), f"{WECHATPAY}/{slug}", counted[slug], []) for slug in products())
        return [_counted(groups, self.env.docname)]


class KeptInSandbox(SphinxDirective):
    """``.. kept-in-sandbox::``: for each product, how many of its operations keep state in the sandbox."""

    def run(self) -> list[nodes.Node]:
        every = Counter(page.product for page in operations().values())
        kept = Counter(page.product for page in operations().values() if page.key in flows.routes.handlers)
        rows = [
            (
                (operation_page.Link(said(titles()[slug]), f"{WECHATPAY}/{slug}"),),
                (str(kept[slug]),),
                (str(every[slug]),),
            )
            for slug in sorted(products(), key=lambda each: -kept[each])
        ]
        rows.append(((say("合计", "All products"),), (str(kept.total()),), (str(every.total()),)))
        head = (say("产品", "Product"), say("保存状态", "Keep state"), say("全部", "All"))
        return [operation_page.node([operation_page.Grid(head, tuple(rows))], self.env.docname)]


class WithoutRequired(SphinxDirective):
    """``.. without-required::``: operations of whose body nothing is known to be required."""

    def run(self) -> list[nodes.Node]:
        found = []
        for operation in wechatpay.catalogue.operations():
            body = operation.request.json or operation.request.xml
            if body and not any(field.required for field in body):
                found.append(operations()[operation.key])
        return [_list(found, self.env.docname)]


class Events(SphinxDirective):
    """``.. events::``: the list of all events."""

    def run(self) -> list[nodes.Node]:
        return [_list(events().values(), self.env.docname)]


class Groups(SphinxDirective):
    """``.. groups::``: TOP's groups with their methods counted; those of many pages have a link to each."""

    def run(self) -> list[nodes.Node]:
        documents: dict[str, list[str]] = {}
        for page in methods()[0].values():
            found = documents.setdefault(page.product, [])
            if page.uri not in found:
                found.append(page.uri)
        counted = ((group, found[0], len(groups()[group]), found[1:]) for group, found in documents.items())
        return [_counted(counted, self.env.docname)]


class CommonParameters(SphinxDirective):
    """``.. common-parameters::``: what every call to TOP carries."""

    def run(self) -> list[nodes.Node]:
        found = taobao_top.describe.described("taobao.time.get")
        return [operation_page.node(operation_page.common_blocks(found), self.env.docname)]


class KnownErrors(SphinxDirective):
    """``.. known-errors-of-top::``: the classes of TOP's refusals, with what to do about each."""

    def run(self) -> list[nodes.Node]:
        return [operation_page.node([operation_page.rules((*errors.RULES, errors.BUSINESS))], self.env.docname)]


class KeptByTop(SphinxDirective):
    """``.. kept-by-top::``: the methods that the sandbox of TOP carries out."""

    def run(self) -> list[nodes.Node]:
        return [_list((methods()[0][name] for name in sorted(OPERATIONS)), self.env.docname)]


class FieldMeanings(SphinxDirective):
    """``.. glossary-of-fields:: wechatpay``: the meanings of field names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        glossary = {"wechatpay": wechatpay.describe.glossary, "taobao_top": taobao_top.describe.glossary}[
            self.arguments[0]
        ]
        rows = "".join(
            f'<tr id="{escape(name)}"><td>{escape(name)}</td><td>{escape(zh)}</td><td>{escape(en)}</td></tr>'
            for name, (zh, en) in glossary.meanings.items()
        )
        head = (say("字段", "Field"), "中文", "English")
        grid = operation_page.Grid(
            head,
            tuple(((operation_page.Code(name),), (zh,), (en,)) for name, (zh, en) in glossary.meanings.items()),
        )
        found = operation_page.node([grid], self.env.docname)
        found["html"] = (
            f'<div class="table-wrapper"><table class="op docutils"><thead><tr>{"".join(f"<th>{each}</th>" for each in head)}'
            f"</tr></thead><tbody>{rows}</tbody></table></div>"
        )
        return [found]


class OperationRole(SphinxRole):
    """``:operation:`POST v3/…```: a link to the page of an operation, event or method."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        key = self.text
        page = operations().get(key) or events().get(f"event v3 {key}") or events().get(f"event v2 {key}")
        page = page or methods()[0].get(key)
        if page is None:
            message = self.inliner.reporter.error(f"the catalogue has no {key!r}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        link = nodes.reference("", "", refuri=operation_page.href(page.path, self.env.docname), internal=True)
        link += nodes.literal(key, key)
        return [link], []


def _write_products(app: Sphinx, config: Any) -> None:
    write_products(Path(app.srcdir))


def write_products(docs: Path) -> None:
    """Write the page of each product, and that of the events."""
    for slug in titles():
        path = docs / WECHATPAY / f"{slug}.rst"
        text = _source(slug, "en")
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _source(slug: str, lang: str) -> str:
    """Return the source of a product's page in a language; the English names it in Chinese too."""
    title = titles()[slug]
    name = title.en if lang == "en" else str(title)
    chinese = f"In Chinese: {title}.\n\n" if lang == "en" else ""
    content = ".. events::" if slug == "events" else f".. operations:: {slug}"
    return f"{name}\n{'=' * 2 * len(name)}\n\n{chinese}{content}\n"


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Read the page of a product in the language of the build: both builds share the files."""
    folder, _, slug = docname.rpartition("/")
    if folder == WECHATPAY and slug in titles():
        source[0] = _source(slug, language())


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if not app.config.catalogue_pages:
        return
    operation_page.know_titles({name: title.astext() for name, title in app.env.titles.items()})
    for page in pages().values():
        found = wechatpay.describe.described(page.key)
        write = operation_page.operation_blocks if page.key in operations() else operation_page.event_blocks
        blocks = list(write(found, pages()))
        up = operation_page.Link(said(titles()[page.product]), f"{WECHATPAY}/{page.product}")
        yield _page(app, page, up, blocks)
    for uri, (title, sections) in methods()[1].items():
        yield _group(app, uri, title, sections)


def _page(app: Sphinx, page: Page, up: operation_page.Link, blocks: list[Block]) -> tuple[str, dict[str, Any], str]:
    """Write the Markdown of a page, and return what Sphinx makes its HTML of."""
    shown = heading(page.title, page.name)
    if language() == "zh":
        top = f'<h1>{escape(page.title)}</h1><p class="op-name"><code>{escape(page.name)}</code></p>'
        name = f"# {page.title}\n\n`{page.name}`"
    else:
        top = f'<h1 class="op-name"><code>{escape(page.name)}</code></h1>'
        top += f'<p class="op-title" lang="zh-CN">{escape(page.title)}</p>'
        name = f"# {page.name}\n\n{page.title}"
    above = [operation_page.Text((up,))]
    parts = (top, '<div class="op-up">', operation_page.html(above, page.uri), "</div>")
    body = f'<section class="op-page">{"".join(parts)}{operation_page.html(blocks, page.uri)}</section>'
    _contents[page.uri] = operation_page.contents(shown, blocks)
    _write_markdown(app, page.uri, f"{name}\n\n{operation_page.markdown([*above, *blocks], page.uri)}")
    return page.uri, {"title": escape(shown), "body": body}, "page.html"


def _group(app: Sphinx, uri: str, title: str, sections: dict[str, list[Block]]) -> tuple[str, dict[str, Any], str]:
    """Write the Markdown of a page of TOP's methods, and return what Sphinx makes its HTML of."""
    known, _ = methods()
    above = list(operation_page.group_blocks([known[name] for name in sections]))
    parts = [f'<section class="op-page"><h1>{escape(title)}</h1>{operation_page.html(above, uri)}']
    text = [f"# {title}", operation_page.markdown(above, uri)]
    for name, blocks in sections.items():
        page = known[name]
        other = page.name if language() == "zh" else page.title
        kind = "<code>{}</code>" if language() == "zh" else '<span lang="zh-CN">{}</span>'
        more = f'<p class="op-name">{kind.format(escape(other))}</p>' if other != heading(page.title, name) else ""
        parts.append(
            f'<section id="{escape(name)}"><h2>{escape(heading(page.title, name))}'
            f'<a class="headerlink" href="#{escape(name)}">#</a></h2>{more}{operation_page.html(blocks, uri)}</section>'
        )
        text += [f"## {name}", page.title, operation_page.markdown(blocks, uri, 3)]
    parts.append("</section>")
    _write_markdown(app, uri, "\n\n".join(text))
    return uri, {"title": escape(title), "body": "".join(parts)}, "page.html"


def _write_markdown(app: Sphinx, uri: str, text: str) -> None:
    path = Path(app.outdir, f"{uri}.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", "utf-8")


def _share_navigation(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Make the sidebar once for all pages: it is most of the time that a page takes."""
    made, depth = context["toctree"], pagename.count("/")

    def shared(**options: Any) -> str:
        if not _navigation:
            _navigation[0] = _from_root(made(**options), pagename)
        if depth not in _navigation:
            _navigation[depth] = _navigation[0].replace(' href="', f' href="{"../" * depth}')
        return _navigation[depth]

    context["toctree"] = shared


def _from_root(tree: str, pagename: str) -> str:
    """Return a sidebar with links from the root of the site, in which no page is the current one."""
    folder = pagename.rpartition("/")[0]
    tree = re.sub(r' class="[^"]*"', lambda found: found[0].replace(" current", "").replace('"current ', '"'), tree)
    tree = tree.replace(' class="current"', "")
    tree = tree.replace('href="#"', f'href="{pagename.rpartition("/")[2]}.html"')
    return re.sub(
        r' href="([^"]+)"', lambda link: f' href="{posixpath.normpath(posixpath.join(folder, link[1]))}"', tree
    )


def _show_place(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Mark where a page is in the sidebar, and list the sections of an operation's page beside it."""
    up = "../" * pagename.count("/")
    tree = context["furo_navigation_tree"]
    for name, target in ((pagename, "#"), (pagename.rpartition("/")[0], f"{up}{pagename.rpartition('/')[0]}.html")):
        plain = f'<li class="toctree-l1"><a class="reference internal" href="{up}{name}.html">'
        if plain in tree:
            here = f'<li class="toctree-l1 current current-page"><a class="current reference internal" href="{target}">'
            context["furo_navigation_tree"] = tree.replace(plain, here)
            break
    if pagename in _contents:
        context["toc"], context["furo_hide_toc"] = _contents[pagename], False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.add_config_value("catalogue_pages", default=True, rebuild="html")
    app.connect("html-page-context", _share_navigation, priority=100)
    app.connect("html-page-context", _show_place, priority=900)
    app.connect("config-inited", _write_products)
    app.connect("source-read", _read)
    app.connect("html-collect-pages", _pages)
    app.add_directive("operations", Operations)
    app.add_directive("products", Products)
    app.add_directive("without-required", WithoutRequired)
    app.add_directive("kept-in-sandbox", KeptInSandbox)
    app.add_directive("events", Events)
    app.add_directive("groups", Groups)
    app.add_directive("common-parameters", CommonParameters)
    app.add_directive("known-errors-of-top", KnownErrors)
    app.add_directive("kept-by-top", KeptByTop)
    app.add_directive("glossary-of-fields", FieldMeanings)
    app.add_role("operation", OperationRole())
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
