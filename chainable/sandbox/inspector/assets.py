"""The files that a page is made of, by a closed list of names, and the headers that guard it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GUARDS", "INDEX", "SHARED", "File", "Files"]

HERE = "chainable.sandbox.inspector"
INDEX = "inspector.html"
SHARED = frozenset({"elements.js", "layout.js", "inspector.css", "language.js", "place.js"})
"""The files that every page has."""

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
GUARDS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer: no script but its own, no frame around it, nothing kept."""


@frozen
class File:
    """A file as it is served: its bytes, its media type and charset."""

    content: bytes = field(repr=False)
    content_type: str


class Files:
    """The files of one page: its own, by the package they are in and their names, and those that every page has."""

    def __init__(self, package: str, names: Iterable[str]) -> None:
        self._places = {**dict.fromkeys(SHARED, HERE), **dict.fromkeys(names, package)}
        self._package = package

    def __contains__(self, name: object) -> bool:
        """Return whether a file of this name is served."""
        return name in self._places

    def __getitem__(self, name: str) -> File:
        """Return a file by name; KeyError if there is none."""
        return _read(self._places[name], name)

    @property
    def index(self) -> File:
        """The page itself."""
        return _read(self._package, INDEX)

    @property
    def names(self) -> frozenset[str]:
        """The names of the files beside the page itself."""
        return frozenset(self._places)


def _read(package: str, name: str) -> File:
    kind = TYPES[name.rpartition(".")[2]]
    return File((files(package) / name).read_bytes(), f"{kind}; charset=utf-8")
