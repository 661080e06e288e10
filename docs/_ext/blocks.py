"""Code that a page needs and a reader may skip: shown folded, so that the blocks of a page run as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


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
        code = nodes.literal_block("\n".join(self.content), "\n".join(self.content), language="python")
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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_node(folded, html=(_open, _close))
    app.add_node(folded_title, html=(_open_title, _close_title))
    app.add_directive("folded", Folded)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
