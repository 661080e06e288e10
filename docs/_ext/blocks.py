"""Code on pages: comments in the reader's language, and set-up that opens on a click, so that blocks run as they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.directives.code import CodeBlock
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

_COMMENT = r"(?m)((?:^|(?<=\s)){mark}[ ]+)(?P<text>[^\n]*[A-Za-z][^\n]*)$"
_HASH, _SLASHES = (re.compile(_COMMENT.format(mark=mark)) for mark in ("#", "//"))
_LANGUAGES = dict.fromkeys(("python", "console", "text", "yaml", "toml", "ini", "dockerfile", "bash"), _HASH)
_LANGUAGES |= dict.fromkeys(("javascript", "php", "java", "csharp"), _SLASHES)
"""How a comment begins, by language; no string of a page has such a mark after a blank."""


class folded(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """A block that opens on a click."""


class folded_title(nodes.TextElement):  # noqa: N801
    """What the closed block says."""


class Folded(SphinxDirective):
    """``.. folded:: TITLE``: Python that runs with the page's other blocks and is shown folded."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"class": directives.class_option}

    def run(self) -> list[nodes.Node]:
        title = folded_title(self.arguments[0], self.arguments[0])
        title.source, title.line = self.get_source_info()
        code = literal_block("\n".join(self.content), "\n".join(self.content), language="python")
        self.set_source_info(code)
        return [folded("", title, code)]


def _open(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append('<details class="folded">')


def _close(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append("</details>\n")


def _open_title(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append("<summary>")


def _close_title(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append("</summary>\n")


class literal_block(nodes.literal_block, addnodes.translatable):  # noqa: N801 (visitors go by the name)
    """A code block whose comments are messages; its code is the same in both languages."""

    def preserve_original_messages(self) -> None:
        self["comments"] = list(dict.fromkeys(match["text"] for match in self._comment.finditer(self.rawsource)))

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        def put(match: re.Match[str]) -> str:
            return match[1] + (translated_message if match["text"] == original_message else match["text"])

        self.rawsource = self._comment.sub(put, self.rawsource)
        self.children = []
        self += nodes.Text(self.rawsource)

    @property
    def _comment(self) -> re.Pattern[str]:
        return _LANGUAGES.get(self.get("language", ""), _HASH)

    def extract_original_messages(self) -> Sequence[str]:
        return list(self.get("comments", ()))


class CommentedBlock(CodeBlock):
    """``.. code-block::`` with translatable comments."""

    def run(self) -> list[nodes.Node]:
        made = super().run()
        if self.arguments and self.arguments[0] in _LANGUAGES:
            for one in made:
                for block in list(one.findall(nodes.literal_block)):
                    new = literal_block(block.rawsource, block.rawsource, **block.attributes)
                    new.source, new.line = block.source, block.line
                    if block is one:
                        return [new]
                    block.parent.replace(block, new)
        return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_node(folded, html=(_open, _close))
    app.add_node(folded_title, html=(_open_title, _close_title))
    app.add_directive("folded", Folded)
    app.add_directive("code-block", CommentedBlock, override=True)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
