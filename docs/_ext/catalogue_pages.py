"""
The reference: one page for each operation and event, TOP's methods by group.

All of it is made from the catalogue while the documentation is built.  What
the sidebar shows (a page for each product) are small sources written beside
``reference/wechatpay/index.rst``; the other pages go straight to HTML.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from attrs import frozen
from docutils import nodes
from languages import language, said, say
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.osutil import relative_uri

import taobao_top.catalogue
import taobao_top.describe
import wechatpay.catalogue
import wechatpay.describe
from chainable.describe import Label
from wechatpay.sandbox import flows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

    from chainable.describe import CallStyle, Description, Row, Table

HERE = Path(__file__).parent
PRODUCTS = HERE.parents[1] / "catalogue" / "glossary" / "products" / "wechatpay.yaml"
WECHATPAY = "reference/wechatpay"
TOP = "reference/taobao_top"
LARGEST = 200_000
"""Bytes of a page's own content, about; the theme adds its frame."""

_navigation: dict[str, str] = {}
_TOKENS = re.compile(
    r"(?P<i>'(?:[^'\\]|\\.)*')|(?P<b>\b(?:True|False|None|lambda|from|import|with|as|if)\b|\b\d+\b)|(?P<u>#.*)"
)


@frozen
class Page:
    """
    Where something is described.

    Attributes:
        key: Its key in the catalogue.
        title: Its title.
        name: What it is called by: verb and path, event type, method.
        uri: Its page, without the suffix.
        product: Slug of the product or name of the group.
        weight: Its rank among equally good answers of a search.
        fields: Names of the fields of its request.
    """

    key: str
    title: str
    name: str
    uri: str
    product: str
    weight: int = 0
    fields: frozenset[str] = frozenset()
    anchor: str = ""

    def to(self, other: str) -> str:
        """Return the link from another page."""
        return relative_uri(f"{other}.html", f"{self.uri}.html") + (f"#{self.anchor}" if self.anchor else "")


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
def methods() -> tuple[dict[str, Page], dict[str, tuple[str, str]]]:
    """Return the pages of all methods by name, and the title and content of each page by its document name."""
    pages: dict[str, Page] = {}
    contents: dict[str, tuple[str, str]] = {}
    prominent = taobao_top.describe.glossary.prominent
    for group, names in groups().items():
        number, parts, size = 1, [], 0
        for name in names:
            section, length = _section(name)
            if parts and size + length > LARGEST:
                contents[_group_uri(group, number)] = (f"{group} {number}", "".join(parts))
                number, parts, size = number + 1, [], 0
            parts.append(section)
            size += length
            method = taobao_top.catalogue.method(name)
            pages[name] = Page(
                key=name,
                title=method.title or name,
                name=name,
                uri=_group_uri(group, number),
                product=group,
                weight=60 if name in prominent else -80,
                fields=frozenset(_names(method.params)) if name in prominent else frozenset(),
                anchor=name,
            )
        contents[_group_uri(group, number)] = (f"{group} {number}" if number > 1 else group, "".join(parts))
    return pages, contents


def _group_uri(group: str, number: int) -> str:
    place = list(groups()).index(group)
    slug = _slug(group) or f"group-{place}"
    return f"{TOP}/{slug}" + (f"-{number}" if number > 1 else "")


# -- how it is shown ----------------------------------------------------


def described(found: Description, level: int = 1) -> str:
    """Write a description as HTML."""
    parts = [f'<p class="op-name"><code>{escape(found.name)}</code></p>']
    parts.append(_links(found.links))
    if found.facts:
        pairs = "".join(f"<dt>{escape(said(label))}</dt><dd>{escape(said(text))}</dd>" for label, text in found.facts)
        parts.append(f'<dl class="op-facts">{pairs}</dl>')
    parts += map(_table, found.tables)
    parts.append(_forms(found.forms, _slug(found.key)))
    parts += map(_table, found.answers)
    parts += [
        f'<details class="op-sample"><summary>{escape(said(sample.name))}</summary><pre>{escape(sample.text)}</pre></details>'
        for sample in found.samples
    ]
    return "".join(parts)


def _links(links: tuple[str, ...]) -> str:
    """Link the first official page, and fold the others: the same operation is described for many products."""
    written = [
        f'<p><a class="external" href="{escape(link)}">{say("官方文档", "Official page")} {escape(link)}</a></p>'
        for link in links
    ]
    more = len(written) - 1
    if more < 1:
        return "".join(written)
    summary = say(f"另有 {more} 个产品的官方文档", f"{more} more official pages, of other products")
    return f"{written[0]}<details><summary>{summary}</summary>{''.join(written[1:])}</details>"


def _section(name: str) -> tuple[str, int]:
    """Return the part of a page on one method, and about its bytes: the same number in both languages."""
    found = taobao_top.describe.described(name)
    code = sum(len(form.code) for form in found.forms)
    rows = sum(len(table.rows) for table in (*found.tables[1:], *found.answers))
    size = 1900 + int(1.3 * code) + sum(len(sample.text) for sample in found.samples[:2]) + 104 * rows
    # The common parameters are the same for all: they stand on the index page.
    tables = "".join(_table(table) for table in found.tables[1:])
    facts = "".join(f"<dt>{escape(said(label))}</dt><dd>{escape(said(text))}</dd>" for label, text in found.facts[1:])
    samples = "".join(
        f'<details class="op-sample"><summary>{escape(said(sample.name))}</summary><pre>{escape(sample.text)}</pre></details>'
        for sample in found.samples[:2]
    )
    written = (
        f'<section id="{escape(name)}"><h2>{escape(found.title)}<a class="headerlink" href="#{escape(name)}">#</a></h2>'
        f'<p class="op-name"><code>{escape(name)}</code></p>'
        + (f'<dl class="op-facts">{facts}</dl>' if facts else "")
        + f"{tables}{_forms(found.forms, _slug(name))}{''.join(map(_table, found.answers))}{samples}</section>"
    )
    return written, size


def _table(table: Table) -> str:
    if not table.rows:
        return f"<p>{escape(_heading(table))}{say('：无', ': none')}</p>"
    head = f"<th>{escape(_heading(table))}</th><th>{say('类型', 'Type')}</th><th>{say('描述', 'Description')}</th>"
    return (
        f'<div class="table-wrapper"><table class="op docutils"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(map(_row, table.rows))}</tbody></table></div>"
    )


def _heading(table: Table) -> str:
    text = said(table.heading)
    return text[:1].upper() + text[1:]


def _row(row: Row) -> str:
    required, encrypted = say("必填", "required"), say("加密", "encrypted")
    marks = f'<b title="{required}">*</b>' if row.required else ""
    marks += f'<s title="{encrypted}">🔒</s>' if row.encrypted else ""
    remarks = say("；", "; ").join(map(said, row.remarks(language())))
    depth = f' class="d{min(row.depth, 9)}"' if row.depth else ""
    return f"<tr><td{depth}>{escape(row.name)}{marks}</td><td>{escape(row.type)}</td><td>{escape(remarks)}</td></tr>"


def _forms(forms: Iterable[CallStyle], slug: str) -> str:
    tabs = []
    for number, form in enumerate(forms):
        at = f"{slug}-{number}"
        checked = " checked" if number == 0 else ""
        tabs.append(
            f'<input type="radio" name="{slug}" id="{at}"{checked}><label for="{at}">{escape(said(form.name))}</label>'
            f"<pre>{_coloured(form.code)}</pre>"
        )
    return f'<div class="op-forms">{"".join(tabs)}</div>'


def _coloured(code: str) -> str:
    # Far smaller than a highlighter's output: a page holds the same body six times.
    parts, position = [], 0
    for token in _TOKENS.finditer(code):
        parts.append(escape(code[position : token.start()], quote=False))
        parts.append(f"<{token.lastgroup}>{escape(token[0], quote=False)}</{token.lastgroup}>")
        position = token.end()
    return "".join(parts) + escape(code[position:], quote=False).rstrip()


def _list(pages: Iterable[Page], docname: str) -> str:
    items = [
        f'<li><a href="{escape(page.to(docname))}">{escape(page.title)}</a> <code>{escape(page.name)}</code></li>'
        for page in pages
    ]
    return f'<ul class="op-list">{"".join(items)}</ul>'


# -- what Sphinx calls --------------------------------------------------


class Operations(SphinxDirective):
    """``.. operations:: refunds``: the list of a product's operations."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        pages = [page for page in operations().values() if page.product == self.arguments[0]]
        return [nodes.raw("", _list(pages, self.env.docname), format="html")]


class Products(SphinxDirective):
    """``.. products::``: all products with their operations counted."""

    def run(self) -> list[nodes.Node]:
        counted = Counter(page.product for page in operations().values())
        items = []
        for slug in products():
            link = relative_uri(f"{self.env.docname}.html", f"{WECHATPAY}/{slug}.html")
            items.append(
                f'<li><a href="{escape(link)}">{escape(said(titles()[slug]))}</a> <code>{counted[slug]}</code></li>'
            )
        return [nodes.raw("", f'<ul class="op-list op-groups">{"".join(items)}</ul>', format="html")]


class KeptInSandbox(SphinxDirective):
    """``.. kept-in-sandbox::``: for each product, how many of its operations keep state in the sandbox."""

    def run(self) -> list[nodes.Node]:
        every = Counter(page.product for page in operations().values())
        kept = Counter(page.product for page in operations().values() if page.key in flows.routes.handlers)
        rows = "".join(
            f'<tr><td><a href="{escape(relative_uri(f"{self.env.docname}.html", f"{WECHATPAY}/{slug}.html"))}">'
            f"{escape(said(titles()[slug]))}</a></td><td>{kept[slug]}</td><td>{every[slug]}</td></tr>"
            for slug in sorted(products(), key=lambda each: -kept[each])
        )
        rows += f"<tr><td></td><td>{kept.total()}</td><td>{every.total()}</td></tr>"
        names = (say("产品", "Product"), say("保存状态", "Keep state"), say("全部", "All"))
        head = "".join(f"<th>{name}</th>" for name in names)
        table = f'<table class="docutils"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        return [nodes.raw("", f'<div class="table-wrapper">{table}</div>', format="html")]


class WithoutRequired(SphinxDirective):
    """``.. without-required::``: operations of whose body nothing is known to be required."""

    def run(self) -> list[nodes.Node]:
        found = []
        for operation in wechatpay.catalogue.operations():
            body = operation.request.json or operation.request.xml
            if body and not any(field.required for field in body):
                found.append(operations()[operation.key])
        return [nodes.raw("", _list(found, self.env.docname), format="html")]


class Events(SphinxDirective):
    """``.. events::``: the list of all events."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", _list(events().values(), self.env.docname), format="html")]


class Groups(SphinxDirective):
    """``.. groups::``: TOP's groups with their methods counted."""

    def run(self) -> list[nodes.Node]:
        pages, contents = methods()
        items = []
        for uri, (title, _) in contents.items():
            count = sum(page.uri == uri for page in pages.values())
            link = relative_uri(f"{self.env.docname}.html", f"{uri}.html")
            items.append(f'<li><a href="{escape(link)}">{escape(title)}</a> <code>{count}</code></li>')
        return [nodes.raw("", f'<ul class="op-list op-groups">{"".join(items)}</ul>', format="html")]


class CommonParameters(SphinxDirective):
    """``.. common-parameters::``: what every call to TOP carries."""

    def run(self) -> list[nodes.Node]:
        found = taobao_top.describe.described("taobao.time.get")
        refusals = "".join(
            f'<details class="op-sample"><summary>{escape(said(sample.name))}</summary><pre>{escape(sample.text)}</pre></details>'
            for sample in found.samples[2:]
        )
        return [nodes.raw("", _table(found.tables[0]) + refusals, format="html")]


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
        return [
            nodes.raw(
                "",
                f'<div class="table-wrapper"><table class="op docutils"><thead><tr><th>{say("字段", "Field")}</th><th>中文</th><th>English</th></tr>'
                f"</thead><tbody>{rows}</tbody></table></div>",
                format="html",
            ),
        ]


class OperationRole(SphinxRole):
    """``:operation:`POST v3/…```: a link to the page of an operation, event or method."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        key = self.text
        page = operations().get(key) or events().get(f"event v3 {key}") or events().get(f"event v2 {key}")
        page = page or methods()[0].get(key)
        if page is None:
            message = self.inliner.reporter.error(f"the catalogue has no {key!r}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        link = nodes.reference("", "", refuri=page.to(self.env.docname), internal=True)
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
    for page in (*operations().values(), *events().values()):
        up = f'<p class="op-up"><a href="../{page.product}.html">{escape(said(titles()[page.product]))}</a></p>'
        yield _page(page.title, page.uri, up + described(wechatpay.describe.described(page.key)) + _sandbox(page))
    for uri, (title, content) in methods()[1].items():
        here = "".join(
            f'<li><a href="#{escape(page.anchor)}">{escape(page.title)}</a> <code>{escape(page.name)}</code></li>'
            for page in methods()[0].values()
            if page.uri == uri
        )
        up = f'<p class="op-up"><a href="index.html">{say("淘宝开放平台", "Taobao Open Platform")}</a></p>'
        yield _page(title, uri, f'{up}<ul class="op-list">{here}</ul>{content}')


def _sandbox(page: Page) -> str:
    """Say what the sandbox does at an operation."""
    if page.key not in operations():
        return ""
    if page.key in flows.routes.handlers:
        text = say("沙箱保存状态，前后各次调用的应答一致。", "The sandbox keeps its state.")
    else:
        text = say("沙箱按接口目录生成应答，不保存状态。", "The sandbox makes its response up from the catalogue.")
    return f'<p class="op-sandbox">{text}</p>'


def _page(title: str, uri: str, content: str) -> tuple[str, dict[str, Any], str]:
    body = f"<section><h1>{escape(title)}</h1>{content}</section>"
    return uri, {"title": escape(title), "body": body}, "page.html"


def _share_navigation(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Make the sidebar once for all pages of a folder: it is most of the time that a page takes."""
    folder = pagename.rpartition("/")[0]
    if doctree is None and folder.startswith((f"{WECHATPAY}/", TOP)):
        made = context["toctree"]

        def shared(**options: Any) -> str:
            if folder not in _navigation:
                _navigation[folder] = made(**options)
            return _navigation[folder]

        context["toctree"] = shared


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.add_config_value("catalogue_pages", default=True, rebuild="html")
    app.connect("html-page-context", _share_navigation, priority=100)
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
    app.add_directive("glossary-of-fields", FieldMeanings)
    app.add_role("operation", OperationRole())
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
