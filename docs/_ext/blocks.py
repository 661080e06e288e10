"""Code that pages need for their tests and do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


class Given(SphinxDirective):
    """``.. given::``: what the tests of the guide run before the next block; shows nothing."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("given", Given)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
