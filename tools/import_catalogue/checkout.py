"""
Read a checkout of the public documentation pages: ``openapi/`` holds operations, ``webhook/`` events.

Pages in other folders are read where the checkout has neither: those below a
folder ``webhook`` and those named as events (``PARCEL.SENT.md``) are events, and
what speaks of no operation is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import define, field

from tools.import_catalogue import events, markdown, operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.import_catalogue.problems import Problems

__all__ = ["Found", "NotACheckoutError", "read"]

_FOLDERS = {"openapi": operations.operations, "webhook": events.events}
_EVENT = re.compile(r"[A-Z_]+(\.[A-Z_]+)+")
_VERSIONS = ("v2", "v3")


class NotACheckoutError(Exception):
    """The folder or file has not what is read: the text says what was expected."""


@define
class Found:
    """
    The records of a source, by key.

    Attributes:
        operations: By verb and path.
        events: By version and name.
        methods: By name; ``group`` in each is its group.
        places: Where each was read: file and line.
        unread: The paths of the pages that could not be read whole: what they described is not gone.
    """

    operations: dict[str, Any] = field(factory=dict)
    events: dict[str, Any] = field(factory=dict)
    methods: dict[str, Any] = field(factory=dict)
    places: dict[str, str] = field(factory=dict)
    unread: set[str] = field(factory=set)


def read(checkout: Path, problems: Problems, progress: Callable[[int, int], None] = lambda *_: None) -> Found:
    """
    Return what a checkout describes.

    Args:
        checkout: Its folder.
        problems: Receives what could not be read.
        progress: Called with the pages read and their number.

    Raises:
        NotACheckoutError: There are no pages.
    """
    pages = _pages(checkout)
    if not pages:
        wanted = " and ".join(f"{folder}/v3/….md" for folder in _FOLDERS)
        raise NotACheckoutError(f"{checkout}: no documentation pages; a folder with {wanted} was expected")
    found = Found()
    for done, (folder, path) in enumerate(pages):
        progress(done, len(pages))
        problems.file = path.relative_to(checkout).as_posix()
        into = found.operations if folder == "openapi" else found.events
        before = len(problems.found)
        for key, line, record in _page(folder, path, checkout, problems):
            if key in into:
                problems.add(line, f"{key} is described at {found.places[key]} too; this one was not read")
            else:
                into[key] = record
                found.places[key] = f"{problems.file}:{line}"
        if len(problems.found) > before:
            found.unread.add(_page_path(checkout, folder, path))
    progress(len(pages), len(pages))
    _successors(found)
    return found


def _pages(checkout: Path) -> list[tuple[str, Path]]:
    """Return the pages, each with the kind of folder it belongs to."""
    pages = [(folder, path) for folder in _FOLDERS for path in sorted((checkout / folder).rglob("*.md"))]
    if not pages:
        for path in sorted(checkout.rglob("*.md")):
            parts = path.relative_to(checkout).parts
            pages.append(("webhook" if "webhook" in parts or _EVENT.fullmatch(path.stem) else "openapi", path))
    return [(folder, path) for folder, path in pages if path != checkout / folder / "index.md"]


def _successors(found: Found) -> None:
    """Give a successor its verb where the link says none and its page has one operation only, of another verb."""
    by_path: dict[str, list[str]] = {}
    for key in found.operations:
        by_path.setdefault(key.partition(" ")[2], []).append(key)
    for record in found.operations.values():
        successor = record.get("successor")
        there = by_path.get(successor.partition(" ")[2], []) if successor else []
        if len(there) == 1:
            record["successor"] = there[0]


def _page(folder: str, path: Path, checkout: Path, problems: Problems) -> Iterator[tuple[str, int, dict[str, Any]]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(0, f"this page cannot be read: {error}")
        return
    if markdown.has_moved(text):
        return
    sections = markdown.sections(text, problems)
    known = (checkout / folder) in path.parents
    if not sections and known:
        problems.add(1, "no heading with a verb such as {#post}: this page describes nothing")
    yield from _FOLDERS[folder](_page_path(checkout, folder, path), sections, problems)


def _page_path(checkout: Path, folder: str, path: Path) -> str:
    """Return the path of a page below its folder, without ``.md``; elsewhere it begins with the version, if it can."""
    if (checkout / folder) in path.parents:
        return path.relative_to(checkout / folder).as_posix().removesuffix(".md")
    parts = (*path.relative_to(checkout).parts[:-1], path.name.removesuffix(".md"))
    at = next((number for number, part in enumerate(parts) if part in _VERSIONS), 0)
    return "/".join(parts[at:])
