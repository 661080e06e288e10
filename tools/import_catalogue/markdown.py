"""
Read one documentation page: its front matter, and the tables, code and notices of each section.

markdown-it-py reads the Markdown. What VitePress adds is read here: attributes in
braces at the end of a heading or cell, and containers between lines of colons.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import yaml
from attrs import define, field, frozen
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from tools.import_catalogue.problems import Problems

__all__ = ["VERBS", "Cell", "Code", "Section", "Table", "cell", "has_moved", "sections"]

VERBS = ("get", "post", "put", "patch", "delete")

_ATTRIBUTES = re.compile(r"\s*\{([^{}]*)\}\s*$")
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"\{\{\s*\$frontmatter\.title\s*\}\}")
_TABLES = {"请求参数": "request", "返回字典": "response", "应答规范": "reply"}
_CONTAINER = ":::"
_BARE_PIPE = re.compile(r"(?<=`) \| (?=`)")
_MOVED = re.compile(r"^[\s-]*http-equiv:\s*[\"']?refresh", re.MULTILINE | re.IGNORECASE)
_NOTICE = re.compile(r"\.im-([\w-]+)")
_REFERENCES = ("参阅", "参考")


@frozen
class Cell:
    """The text of a cell or heading, and the attributes in the braces after it; one without a value is an empty text."""

    text: str
    attributes: dict[str, str]


@frozen
class Table:
    """A table of fields: its kind (``request``, ``response``, ``reply``) and its rows below the head, by line."""

    kind: str
    line: int
    rows: list[tuple[int, list[Cell]]]


@frozen
class Code:
    """A block of code: the line of its first line, the language and what its label says."""

    line: int
    language: str
    text: str


@define
class Section:
    """
    What a page says about one operation or event.

    Attributes:
        title: Its title.
        anchor: The id of its heading: a verb in lower case, or ``mix`` above several.
        line: The line of its heading.
        tables: Its tables of fields.
        codes: Its blocks of code.
        notices: The text below each notice, by its class without ``im-``.
        links: Where its references lead.
    """

    title: str
    anchor: str
    line: int
    tables: list[Table] = field(factory=list)
    codes: list[Code] = field(factory=list)
    notices: dict[str, str] = field(factory=dict)
    links: list[str] = field(factory=list)


def cell(content: str) -> Cell:
    """Return the text of a cell without the attributes after it."""
    found = _ATTRIBUTES.search(content)
    if not found:
        return Cell(content.strip(), {})
    try:
        words = shlex.split(found[1])
    except ValueError:  # a quote that is not closed
        words = found[1].split()
    attributes = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    return Cell(content[: found.start()].strip(), attributes)


def sections(text: str, problems: Problems) -> list[Section]:
    """Return the sections of a page that speak of an operation or event."""
    front, body = _front_matter(text, problems)
    body = "\n".join(_repaired(line) for line in body.splitlines())
    reader = MarkdownIt("commonmark").enable("table")
    reader.normalizeLink = lambda url: url  # type: ignore[method-assign]
    found: list[Section] = []
    for section in _split(reader.parse(body), str(front.get("title") or "")):
        if section.anchor in VERBS:
            found.append(section)
        elif section.tables and section.anchor != "mix":
            problems.add(section.line, f"this section needs the verb behind its title, such as {{#{VERBS[1]}}}")
    return found


def has_moved(text: str) -> bool:
    """Return whether a page only leads to another one."""
    front = _FRONT_MATTER.match(text)
    return bool(front and _MOVED.search(front[1]))


def _repaired(line: str) -> str:
    """Return a row whose description lists values between bare pipes, with them escaped."""
    if line.startswith("|") and line.replace("\\|", "").count("|") > 3:
        return _BARE_PIPE.sub(r" \\| ", line)
    return line


def _front_matter(text: str, problems: Problems) -> tuple[dict[str, Any], str]:
    """Return the front matter, and the page with empty lines in its place, so that lines keep their numbers."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        front = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        mark = getattr(error, "problem_mark", None)
        problems.add(mark.line + 2 if mark else 1, f"the front matter is not YAML: {getattr(error, 'problem', error)}")
        front = None
    rest = "\n" * found[0].count("\n") + text[found.end() :]
    return (front if isinstance(front, dict) else {}), rest


def _split(tokens: Sequence[Token], page_title: str) -> Iterator[Section]:
    section = Section(page_title, "", 1)
    notice = ""
    after_table = referring = False
    for index, token in enumerate(tokens):
        if token.level != 0 or not token.map:
            if token.type == "inline" and referring and token.level:
                section.links += _links(token)
            continue
        line = token.map[0] + 1
        if token.type == "heading_open":
            yield section
            section, notice, referring = _heading(tokens[index + 1].content, page_title, line), "", False
        elif token.type == "table_open":
            section.tables.append(_table(tokens, index, line))
            referring = False
        elif token.type == "fence":
            section.codes.append(Code(line + 1, token.info.strip(), token.content))
        elif token.type == "paragraph_open":
            content = tokens[index + 1].content
            notice = _notice(section, notice, content)
            referring = content.startswith(_REFERENCES)
            if after_table and content.startswith("{"):
                _name_table(section, cell(content))
        after_table = token.type == "table_open" or (after_table and token.type != "paragraph_open")
    yield section


def _heading(content: str, page_title: str, line: int) -> Section:
    head = cell(content)
    anchor = next((name[1:] for name in head.attributes if name.startswith("#")), "")
    return Section(_TITLE.sub(lambda _: page_title, head.text).strip(), anchor.lower(), line)


def _notice(section: Section, notice: str, content: str) -> str:
    """Add a paragraph to the notice it stands in; return the class of the notice that is open after it."""
    for line in content.splitlines():
        if line.startswith(_CONTAINER):
            opened = _NOTICE.search(line)
            notice = opened[1] if opened else ""
            if notice:
                section.notices.setdefault(notice, "")
        elif notice:
            section.notices[notice] += line
    return notice


def _links(inline: Token) -> list[str]:
    addresses = (str(child.attrGet("href")) for child in inline.children or () if child.type == "link_open")
    return [address for address in addresses if address.startswith(("https://", "http://"))]


def _name_table(section: Section, attributes: Cell) -> None:
    """Take the kind of the last table from the line of attributes below it."""
    for name in attributes.attributes:
        if name in {"#request", "#response"} and section.tables[-1].kind in {"", "request", "response"}:
            table = section.tables.pop()
            section.tables.append(Table(name[1:], table.line, table.rows))


def _table(tokens: Sequence[Token], start: int, line: int) -> Table:
    rows: list[tuple[int, list[Cell]]] = []
    at = line
    for token in tokens[start:]:
        if token.type == "tr_open":
            at = token.map[0] + 1 if token.map else at + 1
            rows.append((at, []))
        elif token.type == "inline" and rows:
            rows[-1][1].append(cell(token.content))
        elif token.type == "table_close":
            break
    head, *body = rows
    kind = _TABLES.get(head[1][0].text if head[1] else "", "")
    return Table(kind, line, [row for row in body if not row[1][0].text.startswith(_CONTAINER)])
