"""
What programs read: ``llms.txt``, a Markdown twin of each page, and the shape of the API as text.

The Markdown is a build of its own, of the same doctrees; ``tools/build_docs.py``
puts its pages beside the HTML.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catalogue_pages
from docutils import nodes
from languages import say
from sphinx.transforms.post_transforms import SphinxPostTransform

import chainable
import taobao_top
import taobao_top.catalogue
import wechatpay
import wechatpay.catalogue
import wechatpay.describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

    from chainable.describe import Description

API = "api.txt"
METHODS = "api-taobao-top.txt"


# -- llms.txt -----------------------------------------------------------


def index(app: Sphinx) -> str:
    """Return ``llms.txt``: what the project is, and each page with its first sentence."""
    env = app.env
    root = env.get_doctree(env.config.root_doc)
    lines = [f"# {app.config.project}", "", f"> {_first(root)}", ""]
    pages = [API, METHODS]
    notes = [
        say(
            "微信支付各接口的 Python 写法、参数和应答", "WeChat Pay operations as Python, with parameters and response"
        ),
        say("TOP 各方法的参数", "TOP methods with their parameters"),
    ]
    lines += [f"## {say('接口', 'API')}", ""]
    lines += [f"- [{page}]({page}): {note}" for page, note in zip(pages, notes, strict=True)]
    for folder, title in (
        ("guide", say("使用指南", "Guide")),
        ("howto", say("操作指南", "How to")),
        ("rehearsing", say("沙箱演练", "Rehearsing")),
        ("coming-from", say("从其他库迁移", "Coming from other libraries")),
        ("reference", say("参考", "Reference")),
    ):
        names = [name for name in _in_order(app) if name.startswith(f"{folder}/")]
        lines += ["", f"## {title}", ""]
        for name in names:
            first = _first(env.get_doctree(name))
            lines.append(f"- [{env.titles[name].astext()}]({name}.md)" + (f": {first}" if first else ""))
    return "\n".join(lines) + "\n"


def _in_order(app: Sphinx) -> Iterator[str]:
    listed = app.env.toctree_includes.get(app.config.root_doc, [])
    yield from listed
    yield from sorted(app.env.found_docs - {*listed})


def _first(document: nodes.document) -> str:
    for paragraph in document.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.list_item):
            continue
        text = re.sub(r"\s+", " ", paragraph.astext())
        return re.split(r"(?<=[。：])|(?<=[.:])\s", text)[0].rstrip(":：")
    return ""


# -- the shape of the API -----------------------------------------------


def operations() -> Iterator[str]:
    """Yield the public names of the packages, then a line for each operation."""
    yield say(
        "# Python 接口：公开的名称与参数；kw 表示只能用关键字传入",
        "# The Python API: public names with their parameters; kw is keyword only",
    )
    for package in (chainable, wechatpay, taobao_top):
        for name in sorted(package.__all__):
            yield f"{package.__name__}.{name}{_signature(getattr(package, name))}"
    yield ""
    yield say(
        "# 微信支付接口：* 必填，! 需加密（用 Sensitive），→ 之后是应答字段",
        "# WeChat Pay operations: * required, ! encrypted (Sensitive), → the fields of the response",
    )
    for key, page in catalogue_pages.operations().items():
        found = wechatpay.describe.described(key)
        code = re.search(r"client\.[^(]*\(?", found.forms[0].code) if found.forms else None
        call = code[0].rstrip("(") if code else key
        yield f"{call}({_rows(found, request=True)}) → {_rows(found, request=False)}  # {page.title} [{key}]"


def methods() -> Iterator[str]:
    """Yield a line for each method of TOP."""
    yield say("# TOP 方法：* 必填", "# TOP methods: * required")
    for name in taobao_top.catalogue.methods():
        method = taobao_top.catalogue.method(name)
        given = " ".join(f"{field.name}{'*' if field.required else ''}" for field in method.params)
        yield f"{name}({given})" + (f"  # {method.title}" if method.title else "")


def _rows(found: Description, *, request: bool) -> str:
    """Write the rows of a description as names, those of objects in braces."""
    parts: list[str] = []
    depth = 0
    for table in found.tables if request else found.answers:
        for row in table.rows:
            if row.depth > depth:
                parts.append("{")
            parts.extend("}" for _ in range(depth - row.depth))
            depth = row.depth
            parts.append(f"{row.name}{'*' if row.required else ''}{'!' if row.encrypted else ''}")
        parts.extend("}" for _ in range(depth))
        depth = 0
    return " ".join(parts).replace("{ ", "{").replace(" }", "}").replace(" {", "{")


def _signature(thing: Any) -> str:
    try:
        parameters: Iterable[inspect.Parameter] = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ""
    words = []
    for parameter in parameters:
        mark = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        keyword = "kw " if parameter.kind is parameter.KEYWORD_ONLY else ""
        words.append(f"{keyword}{mark}{parameter.name}{'' if parameter.default is parameter.empty else '=…'}")
    return f"({', '.join(words)})"


# -- what Sphinx calls --------------------------------------------------


def _link(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    is_made = pagename.startswith((f"{catalogue_pages.WECHATPAY}/", f"{catalogue_pages.TOP}/"))
    context["has_markdown"] = is_made or pagename in app.env.found_docs
    context["markdown"] = f"{pagename.rpartition('/')[2]}.md"


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text(index(app), "utf-8")
    if app.config.catalogue_pages:
        (folder / API).write_text("\n".join(operations()) + "\n", "utf-8")
        (folder / METHODS).write_text("\n".join(methods()) + "\n", "utf-8")


class Plain(SphinxPostTransform):
    """What Markdown has no word for: folded blocks are open, titles and captions bold, a link within the page is text."""

    default_priority = 900
    builders = ("markdown",)

    def run(self, **options: Any) -> None:
        for node in list(self.document.findall(nodes.Element)):
            kind = type(node).__name__
            if kind == "folded":
                node.replace_self(node.children)
            elif kind in {"folded_title", "caption"}:
                node.replace_self(nodes.paragraph("", "", nodes.strong("", node.astext())))
            elif kind == "abbreviation" or (kind == "reference" and "refuri" not in node):
                node.replace_self(nodes.Text(node.astext()))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    app.add_post_transform(Plain)
    app.connect("html-page-context", _link)
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
