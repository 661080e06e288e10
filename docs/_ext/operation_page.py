"""
The page of an operation, a notification or a method: its parts in order, as HTML and as Markdown.

Both are written from the same blocks, so that neither lacks what the other has.
"""

from __future__ import annotations

import re
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sandbox_facts
from attrs import field, frozen
from docutils import nodes
from languages import language, said, say
from sphinx.util.osutil import relative_uri

import wechatpay.catalogue
from wechatpay.describe.front_end import front_end_step
from wechatpay.sandbox.action_words import described as described_actions
from wechatpay.sandbox.parameter_rules import limit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sphinx.application import Sphinx

    from chainable.describe import CallStyle, Description, KnownError, Reference, Row, Sample, Table
    from taobao_top.errors import Rule
    from wechatpay.sandbox.parameter_rules import Limit

__all__ = ["Block", "Page", "event_blocks", "html", "known_errors", "markdown", "method_blocks", "operation_blocks"]

_TOKENS = re.compile(
    r"(?P<i>'(?:[^'\\]|\\.)*')|(?P<b>\b(?:True|False|None|lambda|from|import|with|as|if)\b|\b\d+\b)|(?P<u>#.*)"
)


DOCS = Path(__file__).parents[1]
LONG = 40
"""Letters from which a pattern says less than its field's example."""


# -- what a page is made of ---------------------------------------------


@frozen
class Code:
    """Code in a line of text."""

    text: str


@frozen
class Link:
    """A link to a page of the site (its document, with the place in it) or, with ``://``, elsewhere."""

    text: str
    to: str
    code: bool = False


@frozen
class Chinese:
    """A term in Chinese, whatever the language of the page is."""

    text: str


Part = str | Code | Link | Chinese


@frozen
class Heading:
    """A section begins."""

    at: str
    text: str


@frozen
class Text:
    """A paragraph."""

    parts: tuple[Part, ...]


@frozen
class Facts:
    """Labels with what is said of each."""

    pairs: tuple[tuple[str, str], ...]


@frozen
class Fields:
    """The tree of a request or a response."""

    heading: str
    rows: tuple[tuple[Row, str], ...]


@frozen
class Grid:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[tuple[Part, ...], ...], ...]


@frozen
class Forms:
    """The ways to write a call."""

    slug: str
    forms: tuple[CallStyle, ...]


@frozen
class Listing:
    """A list."""

    items: tuple[tuple[Part, ...], ...]


@frozen
class Folded:
    """Blocks that are opened by a click."""

    summary: str
    blocks: tuple[Block, ...]


@frozen
class Source:
    """A block of code."""

    language: str
    text: str


Block = Heading | Text | Facts | Fields | Grid | Forms | Listing | Folded | Source


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
        anchor: Its place in the page, if it is not the whole page.
    """

    key: str
    title: str
    name: str
    uri: str
    product: str
    weight: int = 0
    fields: frozenset[str] = frozenset()
    anchor: str = ""
    path: str = field(init=False)

    @path.default
    def _path(self) -> str:
        return f"{self.uri}#{self.anchor}" if self.anchor else self.uri


# -- an operation -------------------------------------------------------


def operation_blocks(found: Description, pages: Mapping[str, Page]) -> Iterator[Block]:
    """Yield what the page of an operation has, each section only if the operation has it."""
    operation = wechatpay.catalogue.operation(found.key)
    assert operation is not None
    step = front_end_step(operation)
    yield from _links(found.links)
    facts = tuple((said(label), said(text)) for label, text in found.facts if text != step)
    if facts:
        yield Facts(facts)
    yield Heading("request", say("请求", "Request"))
    for table in found.tables:
        yield _fields(table, operation.path)
    yield Heading("call", say("写法", "The call"))
    yield Forms(_slug(found.key), found.forms)
    yield Heading("response", say("应答", "Response"))
    yield from map(_fields, found.answers)
    if step is not None:
        yield Heading("front-end", say("前端", "Front end"))
        yield Text(
            (
                say(
                    "调起参数由应答生成，交给前端（参见",
                    "The parameters for the front end are made from the response (see ",
                ),
                Link(_title(_front_end(step)), _front_end(step)),
                say("）：", "):"),
            )
        )
        yield Source("python", step)
    if found.notifications:
        yield Heading("notifications", say("通知", "Notifications"))
        yield Text(
            (
                say(
                    "该接口，或用户、平台其后的操作，会引起这些通知。",
                    "This call, or what the user or the platform does next, leads to these. ",
                ),
                Link(say("接收与验签", "How to receive and verify them"), "guide/notifications"),
                say("。", "."),
            )
        )
        yield _references(found.notifications, pages)
    if found.errors:
        yield Heading("errors", say("错误码", "Errors"))
        yield Text(
            (
                say("失败时抛出 ", "A failure raises "),
                Code("APIError"),
                say("，", "; "),
                Code("error.code"),
                say(" 为下列之一时这样处理（其他错误码见 ", " is one of these among others. "),
                Link(_title("howto/errors"), "howto/errors"),
                say("）。", "."),
            )
        )
        yield known_errors(found.errors)
    yield Heading("sandbox", say("沙箱", "Sandbox"))
    yield from _sandbox(found.key, pages)


@cache
def _front_end(step: str) -> str:
    """Return the document that shows a step of the front end: of the ways to pay, of one flow, or of all steps."""
    called = f"{step.removeprefix('client.').partition('(')[0]}("
    pages = ["howto/front-ends", *sorted(f"howto/{path.stem}" for path in (DOCS / "howto").glob("*.rst"))]
    return next((each for each in pages if called in (DOCS / f"{each}.rst").read_text("utf-8")), "guide/paying")


def _links(links: tuple[str, ...]) -> Iterator[Block]:
    """Link the first official page, and fold the others: the same operation is described for many products."""
    written = [Text((say("官方文档 ", "Official page "), Link(link, link))) for link in links]
    yield from written[:1]
    if len(written) > 1:
        more = len(written) - 1
        english = (
            f"{more} more official pages, of other products" if more > 1 else "The official page of another product"
        )
        yield Folded(say(f"另有 {more} 个产品的官方文档", english), tuple(written[1:]))


def _references(references: Iterable[Reference], pages: Mapping[str, Page]) -> Listing:
    return Listing(
        tuple(
            (Link(_called(pages[each.key]), pages[each.key].path, code=True), " ", Chinese(each.title))
            for each in references
        )
    )


def _called(page: Page) -> str:
    """Return the name of an operation, or that of an event without its version."""
    return page.name.partition(" ")[2] if page.product == "events" else page.name


def known_errors(errors: Iterable[KnownError]) -> Grid:
    """Return the table of error codes, with what to do about each."""
    return Grid(
        (say("错误码", "Code"), say("怎么办", "What to do")),
        tuple(
            (
                tuple(part for code in each.codes for part in (", ", Code(code)))[1:],
                (said(each.advice),),
            )
            for each in errors
        ),
    )


def _sandbox(key: str, pages: Mapping[str, Page]) -> Iterator[Block]:
    """Say what the sandbox does at an operation: what it keeps, and who acts next."""
    if not sandbox_facts.keeps_state(key):
        yield Text(
            (
                say(
                    "沙箱校验签名与参数，按接口目录生成应答，不保存状态。参见",
                    "The sandbox checks signature and parameters, and makes the response up from the catalogue; it keeps no "
                    "state. See ",
                ),
                Link(_title("rehearsing/index"), "rehearsing/index"),
                say("。", "."),
            )
        )
        return
    kinds = sandbox_facts.kinds(key)
    names = say("、".join(kind.zh for kind, _ in kinds), ", ".join(str(kind) for kind, _ in kinds))
    kept = say(f"（{names}）", f" ({names})") if kinds else ""
    yield Text(
        (
            say(
                f"沙箱保存状态{kept}，前后各次调用的应答一致。怎么演练：",
                f"The sandbox keeps state{kept}: responses of later calls agree with it. Rehearse it: ",
            ),
            Link(_title(sandbox_facts.page(key)), sandbox_facts.page(key)),
            say("。", "."),
        )
    )
    acts = [_action(name) for name, _ in sandbox_facts.actions(key)]
    if acts:
        yield Text((say("用户与平台的操作：", "What users and the platform do there:"),))
        yield Listing(tuple(acts))
    for kind, changes in kinds:
        if changes:
            summary = say(f"{kind.zh}的状态", f"States: {kind}")
            yield Folded(summary, (_states(changes, pages),))


def _action(name: str) -> tuple[Part, ...]:
    about = _actions()[name]
    needed = ", ".join(each["name"] for each in about["takes"] if each["required"])
    return (
        Code(f"sandbox.actions['{name}']({needed})"),
        say("：", ": "),
        about["does_zh"] if language() == "zh" else about["does"],
    )


@cache
def _actions() -> dict[str, dict[str, Any]]:
    found = sandbox_facts.flows.routes.actions
    return described_actions({name: partial(action, None) for name, action in found.items()})


def _states(changes: Iterable[sandbox_facts.Change], pages: Mapping[str, Page]) -> Grid:
    who = {
        "merchant": say("商户", "merchant"),
        "user": say("用户", "user"),
        "platform": say("平台", "platform"),
    }
    rows: list[tuple[tuple[Part, ...], ...]] = []
    for each in changes:
        page = pages.get(f"event v3 {each.notifies}")
        notified: tuple[Part, ...] = (Link(_called(page), page.path, code=True),) if page else ()
        rows.append(((Code(" | ".join(each.before)),), (Code(each.after),), (who[each.by],), notified))
    return Grid(
        (say("原状态", "From"), say("新状态", "To"), say("由谁", "By"), say("通知", "Notification")), tuple(rows)
    )


_titles: dict[str, str] = {}


def _title(docname: str) -> str:
    return _titles.get(docname, docname)


def know_titles(titles: Mapping[str, str]) -> None:
    """Take the titles of the other pages, for links to them."""
    _titles.update(titles)


# -- an event, a method -------------------------------------------------


def event_blocks(found: Description, pages: Mapping[str, Page]) -> Iterator[Block]:
    """Yield what the page of a notification has."""
    yield from _links(found.links)
    if found.facts:
        yield Facts(tuple((said(label), said(text)) for label, text in found.facts))
    yield Heading("content", say("内容", "Content"))
    yield from map(_fields, (*found.tables, *found.answers))
    yield Heading("call", say("接收", "Receive it"))
    yield Forms(_slug(found.key), found.forms)
    if found.causes:
        yield Heading("causes", say("由哪些接口引起", "What leads to it"))
        yield _references(found.causes, pages)
    version, _, name = found.name.partition(" ")
    yield Heading("sandbox", say("沙箱", "Sandbox"))
    yield Text(
        (
            say(
                "沙箱随时可以发出这个通知，内容可以指定：",
                "The sandbox sends it whenever you like, with what you give it: ",
            ),
            Link(_title("rehearsing/notifications"), "rehearsing/notifications"),
            say("。", "."),
        )
    )
    more = "" if version == "v3" else f", version={version!r}"
    yield Source("python", f"sandbox.trigger({name!r}{more})")


def method_blocks(found: Description, *, forms: bool = True) -> Iterator[Block]:
    """Yield what the section of a TOP method has; what all methods share stands on the page of all groups."""
    if len(found.facts) > 1:
        yield Facts(tuple((said(label), said(text)) for label, text in found.facts[1:]))
    yield from (_fields(table) for table in found.tables[1:])
    if forms:
        yield Forms(_slug(found.key), found.forms)
    yield from map(_fields, found.answers)
    yield from map(sample_block, found.samples[:2])


def group_blocks(pages: Iterable[Page]) -> Iterator[Block]:
    """Yield what stands above the methods of a page: where the rest is, and the list of them."""
    yield Text((Link(_title("reference/taobao_top/index"), "reference/taobao_top/index"),))
    yield Text(
        (
            say(
                "各方法共有的参数、错误码与沙箱行为见",
                "Parameters, errors and the sandbox's behaviour that all methods share: ",
            ),
            Link(_title("reference/taobao_top/index"), "reference/taobao_top/index"),
            say("。", "."),
        )
    )
    yield Listing(tuple(_of_method(page) for page in pages))


def _of_method(page: Page) -> tuple[Part, ...]:
    place = f"{page.uri}#{page.anchor}"
    if page.title == page.name:
        return (Link(page.name, place, code=True),)
    if language() == "zh":
        return (Link(page.title, place), " ", Code(page.name))
    return (Link(page.name, place, code=True), " ", Chinese(page.title))


def common_blocks(found: Description) -> Iterator[Block]:
    """Yield what every call to TOP carries, and how a refusal looks on the wire."""
    yield _fields(found.tables[0])
    yield from map(sample_block, found.samples[2:])


def rules(given: Iterable[Rule]) -> Grid:
    """Return the table of TOP's refusals: codes, what to do, which calls are sent again."""
    repeated = {
        "any": say("会自动重试", "repeated"),
        "reads": say("查询会自动重试", "reads are repeated"),
        "none": "",
    }
    rows = []
    for rule in given:
        codes = sorted(rule.codes, key=lambda code: (len(code), code))
        shown = [*codes, *_alternatives(rule.sub_codes)]
        advice = say(rule.chinese, rule.advice) or say(
            "业务拒绝：请看 sub_code 与 sub_msg，再核对业务数据", "a refusal of the business: read sub_code and sub_msg"
        )
        rows.append(
            (
                tuple(part for each in shown for part in (", ", Code(each)))[1:] or (say("其他", "others"),),
                (advice,),
                (repeated[rule.retry_policy],),
            )
        )
    head = (
        say("code 或 sub_code", "code or sub_code"),
        say("怎么办", "What to do"),
        say("重试", "Retry"),
    )
    return Grid(head, tuple(rows))


def _alternatives(pattern: str) -> list[str]:
    """Return a pattern of sub codes as they are written, ``*`` for any letters, without what may be missing."""
    if not pattern:
        return []
    plain = re.sub(r"\([^()|]*\)\?", "", pattern.replace("[\\w.-]*", "*").replace("\\", ""))
    return [
        f"{each}*" if each.endswith((".", "-")) else each for each in ([plain] if "(" in plain else plain.split("|"))
    ]


def sample_block(sample: Sample) -> Folded:
    """Return a response on the wire, folded."""
    return Folded(_capital(said(sample.name)), (Source(sample.language, sample.text),))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-").lower()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _fields(table: Table, path: str = "") -> Fields:
    """Return a table with what is said of each field; of a request with the documented limits of its values."""
    rows, names = [], []
    for row in table.rows:
        del names[row.depth :]
        names.append(f"{row.name}/*" if row.type.endswith("[]") else row.name)
        remarks = [said(each) for each in row.remarks(language())]
        # A field at the top is a path variable or a place (json, params …), which the limits do not name.
        limit = limit_of(path, "/" + "/".join([*names[1:-1], row.name])) if path and row.depth else None
        if limit is not None:
            at = int(row.meaning is not None)
            remarks[at:at] = [_limited(limit, row)]
        rows.append((row, say("；", "; ").join(filter(None, remarks))))
    heading = said(table.heading)
    return Fields(heading if "." in heading else _capital(heading), tuple(rows))


def _limited(limit: Limit, row: Row) -> str:
    """Return a documented limit in words."""
    parts = []
    low, high = limit.shortest, limit.longest
    unit = ""
    if row.type.startswith("string"):
        unit = say(" 个字符", " characters") if limit.unit == "字符数" else say(" 字节", " bytes")
    if low is not None and high is not None:
        parts.append(f"{low}–{high}{unit}")
    elif high is not None:
        parts.append(say(f"最多 {high}{unit}", f"at most {high}{unit}"))
    elif low is not None:
        parts.append(say(f"至少 {low}{unit}", f"at least {low}{unit}"))
    if limit.pattern and len(limit.pattern) < LONG and not row.enum:
        parts.append(say(f"格式 {limit.pattern}", f"form {limit.pattern}"))
    return say("，", ", ").join(parts)


# -- as a node ----------------------------------------------------------


class written(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Content that is written already, as ``html`` and as ``markdown``."""


def node(blocks: Iterable[Block], docname: str) -> written:
    """Return the node of blocks in a page that Sphinx reads."""
    listed = list(blocks)
    return written("", html=html(listed, docname), markdown=markdown(listed, docname))


def _visit_html(translator: Any, found: written) -> None:
    translator.body.append(found["html"])
    raise nodes.SkipNode


def _visit_markdown(translator: Any, found: written) -> None:
    translator.add(found["markdown"], prefix_eol=2, suffix_eol=2)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the node."""
    app.add_node(written, html=(_visit_html, None), markdown=(_visit_markdown, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


# -- as HTML ------------------------------------------------------------


def html(blocks: Iterable[Block], docname: str) -> str:
    """Write blocks as HTML; *docname* is the page that links start from."""
    return "".join(_html(block, docname) for block in blocks)


def _html(block: Block, docname: str) -> str:
    match block:
        case Heading(at, text):
            link = f'<a class="headerlink" href="#{at}">#</a>'
            return f'<h2 id="{at}">{escape(text)}{link}</h2>'
        case Text(parts):
            return f"<p>{_line(parts, docname)}</p>"
        case Facts(pairs):
            listed = "".join(f"<dt>{escape(_capital(label))}</dt><dd>{escape(text)}</dd>" for label, text in pairs)
            return f'<dl class="op-facts">{listed}</dl>'
        case Fields(heading, rows) if not rows:
            return f"<p>{escape(heading)}{say('：无', ': none')}</p>"
        case Fields(heading, rows):
            head = f"<th>{escape(heading)}</th><th>{say('类型', 'Type')}</th><th>{say('描述', 'Description')}</th>"
            return _table(head, "".join(_row(row, remarks) for row, remarks in rows))
        case Grid(head, rows):
            cells = "".join(f"<tr>{''.join(f'<td>{_line(cell, docname)}</td>' for cell in row)}</tr>" for row in rows)
            return _table("".join(f"<th>{escape(each)}</th>" for each in head), cells, "op-grid")
        case Forms(slug, forms):
            return _tabs(slug, forms)
        case Listing(items):
            return f'<ul class="op-list">{"".join(f"<li>{_line(item, docname)}</li>" for item in items)}</ul>'
        case Folded(summary, inside):
            return f'<details class="op-sample"><summary>{escape(summary)}</summary>{html(inside, docname)}</details>'
        case Source(kind, text):
            return f'<pre class="op-code">{_coloured(text) if kind == "python" else escape(text)}</pre>'


def _table(head: str, rows: str, kind: str = "op") -> str:
    return (
        f'<div class="table-wrapper"><table class="{kind} docutils"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _line(parts: Iterable[Part], docname: str) -> str:
    return "".join(_part(part, docname) for part in parts)


def _part(part: Part, docname: str) -> str:
    match part:
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case Chinese(text):
            return escape(text) if language() == "zh" else f'<span lang="zh-CN">{escape(text)}</span>'
        case Link(text, to, is_code):
            shown = f"<code>{escape(text)}</code>" if is_code else escape(text)
            kind = ' class="external"' if "://" in to else ""
            return f'<a{kind} href="{escape(href(to, docname))}">{shown}</a>'
    return escape(part)


def href(to: str, docname: str, suffix: str = ".html") -> str:
    """Return the link from a page to a document, with a place in it, or to another site."""
    if "://" in to:
        return to
    document, _, place = to.partition("#")
    return relative_uri(f"{docname}{suffix}", f"{document}{suffix}") + (f"#{place}" if place else "")


def _row(row: Row, remarks: str) -> str:
    required, encrypted = say("必填", "required"), say("加密", "encrypted")
    marks = f'<b title="{required}">*</b>' if row.required else ""
    marks += f'<s title="{encrypted}"></s>' if row.encrypted else ""
    depth = f' class="d{min(row.depth, 9)}"' if row.depth else ""
    return f"<tr><td{depth}>{escape(row.name)}{marks}</td><td>{escape(row.type)}</td><td>{escape(remarks)}</td></tr>"


def _tabs(slug: str, forms: Iterable[CallStyle]) -> str:
    tabs = []
    for number, form in enumerate(forms):
        at = f"{slug}-{number}"
        checked = " checked" if number == 0 else ""
        tabs.append(
            f'<input type="radio" name="{slug}" id="{at}"{checked}><label for="{at}">{escape(said(form.name))}</label>'
            f"<pre>{_coloured(said(form.code))}</pre>"
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


def contents(title: str, blocks: Iterable[Block]) -> str:
    """Return the list of the sections of a page, as the theme shows it beside the page."""
    items = "".join(
        f'<li><a class="reference internal" href="#{block.at}">{escape(block.text)}</a></li>'
        for block in blocks
        if isinstance(block, Heading)
    )
    return f'<ul><li><a class="reference internal" href="#">{escape(title)}</a><ul>{items}</ul></li></ul>'


# -- as Markdown --------------------------------------------------------


def markdown(blocks: Iterable[Block], docname: str, level: int = 2) -> str:
    """Write blocks as Markdown; headings have this level."""
    return "\n\n".join(_markdown(block, docname, level) for block in blocks)


def _markdown(block: Block, docname: str, level: int) -> str:
    match block:
        case Heading(_, text):
            return f"{'#' * level} {text}"
        case Text(parts):
            return _words(parts, docname)
        case Facts(pairs):
            return "\n".join(f"- {_capital(label)}: {text}" for label, text in pairs)
        case Fields(heading, rows) if not rows:
            return f"{heading}{say('：无', ': none')}"
        case Fields(heading, rows):
            return _lines((heading, say("类型", "Type"), say("描述", "Description")), map(_cells, rows))
        case Grid(head, rows):
            return _lines(head, ([_cell(_words(cell, docname)) for cell in row] for row in rows))
        case Forms(_, forms):
            return "\n\n".join(
                f"**{_capital(said(form.name))}**\n\n```python\n{said(form.code).rstrip()}\n```" for form in forms
            )
        case Listing(items):
            return "\n".join(f"- {_words(item, docname)}" for item in items)
        case Folded(summary, inside):
            return f"**{summary}**\n\n{markdown(inside, docname, level)}"
        case Source(kind, text):
            return f"```{kind}\n{text}\n```"


def _lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, ["---"] * len(names), *rows))


def _cells(given: tuple[Row, str]) -> tuple[str, str, str]:
    row, remarks = given
    marks = ("*" if row.required else "") + (" 🔒" if row.encrypted else "")
    return f"{'└ ' * row.depth}`{row.name}`{marks}", row.type, _cell(remarks)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _words(parts: Iterable[Part], docname: str) -> str:
    return "".join(_word(part, docname) for part in parts)


def _word(part: Part, docname: str) -> str:
    match part:
        case Code(text):
            return f"`{text}`"
        case Chinese(text):
            return text
        case Link(text, to, is_code):
            return f"[{f'`{text}`' if is_code else text}]({href(to, docname, '.md')})"
    return part
