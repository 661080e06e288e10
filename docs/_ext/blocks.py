"""Code on pages: what tests need and readers do not see, and comments in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.directives.code import CodeBlock
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx.application import Sphinx

_COMMENT = re.compile(r"(?m)((?:^|(?<=\s))#[ ]+)(?P<text>[^\n]*[A-Za-z][^\n]*)$")
_LANGUAGES = {"python", "console", "text", "yaml", "toml", "ini", "dockerfile"}


class Given(SphinxDirective):
    """``.. given::``: what the tests of the guide run before the next block; shows nothing."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return []


class literal_block(nodes.literal_block, addnodes.translatable):  # noqa: N801 (visitors go by the name)
    """A code block whose comments are messages; its code is the same in both languages."""

    def preserve_original_messages(self) -> None:
        self["comments"] = list(dict.fromkeys(match["text"] for match in _COMMENT.finditer(self.rawsource)))

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        def put(match: re.Match[str]) -> str:
            return match[1] + (translated_message if match["text"] == original_message else match["text"])

        self.rawsource = _COMMENT.sub(put, self.rawsource)
        self.children = []
        self += nodes.Text(self.rawsource)

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
    app.add_directive("given", Given)
    app.add_directive("code-block", CommentedBlock, override=True)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
