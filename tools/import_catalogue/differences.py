"""Compare the catalogue's records with those of today's source, and take over what differs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from tools.import_catalogue import records

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from tools.import_catalogue.records import Path

__all__ = ["Difference", "apply", "compare", "compare_all"]

OPERATION = "operation"


@frozen
class Difference:
    """
    One difference.

    Attributes:
        kind: ``new``, ``gone`` or ``changed``.
        key: The operation, the event (version and name) or the method.
        path: The place and the names of the field; empty for the operation itself.
        aspect: What differs: ``type``, ``required`` …; empty if all of it is new or gone.
        ours: What the catalogue says.
        theirs: What the source says.
        decided: The reviewed table that decides it; None if it is open.
    """

    kind: str
    key: str
    path: Path = ()
    aspect: str = ""
    ours: Any = None
    theirs: Any = None
    decided: str | None = None

    @property
    def field(self) -> str:
        """The place and the names, joined by dots; ``operation`` for the operation itself."""
        return ".".join(self.path) or OPERATION

    def __str__(self) -> str:
        words = [f"{self.kind:<8}", self.key]
        if self.path or self.aspect:
            words.append(self.field)
        if self.aspect:
            words.append(f"{self.aspect}: {_shown(self.ours)} → {_shown(self.theirs)}")
        elif self.kind == "new" and self.path:
            words.append(_shown(self.theirs))
        if self.decided:
            words.append(f"(decided in {self.decided})")
        return "  ".join(words)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        names = ("kind", "key", "field", "aspect", "ours", "theirs", "decided")
        return {name: getattr(self, name) for name in names}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name} ({len(inner)})" if name == "fields" else f"{name}: {_shown(inner)}"
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return (
        {None: "none", True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, (bool, type(None)))
        else str(value)
    )


def compare_all(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    unread: Container[str] = (),
    silent: Container[str] = (),
    partial: bool = False,
) -> Iterator[Difference]:
    """
    Yield how the records of a source differ from the catalogue's.

    Args:
        ours: The catalogue's records by key.
        theirs: The source's.
        unread: The paths of pages that could not be read: what they describe is not known to be gone.
        silent: Aspects that the form of the source never states, so that they are not gone either.
        partial: Whether the source has some records only, so that none is known to be gone.
    """
    for key, record in theirs.items():
        if key in ours:
            yield from compare(key, ours[key], record, silent)
        else:
            yield Difference("new", key, theirs=records.normal_record(record))
    for key in ours:
        names = (key, key.partition(" ")[2], key.replace(" ", "/"))
        if key not in theirs and not partial and not any(name in unread for name in names):
            yield Difference("gone", key)


def compare(
    key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], silent: Container[str] = ()
) -> Iterator[Difference]:
    """Yield how one record of the source differs from the catalogue's."""
    have, want = records.flat(ours), records.flat(theirs)
    for path, aspects in want.items():
        if path not in have:
            if path[:-1] in have:  # what is inside it comes with it
                given = records.field(theirs, path)
                made = records.normal_field(given) if len(path) > 1 else records.normal_members(given)
                yield Difference("new", key, path, theirs=made)
            continue
        said = records.normal_aspects(aspects, have[path])
        for aspect in dict.fromkeys([*have[path], *said]):
            mine, other = have[path].get(aspect), said.get(aspect)
            if mine != other or type(mine) is not type(other):
                if other is None and _is_silent(path, aspect, silent):
                    continue
                yield Difference("changed", key, path, aspect, mine, other)
    for path in have:
        if path not in want and path[:-1] in want:
            yield Difference("gone", key, path)


def _is_silent(path: Path, aspect: str, silent: Container[str]) -> bool:
    """Return whether a form never states an aspect: anywhere, at a place, or of what is inside of objects."""
    inner = f"inner {aspect}" if len(path) > 2 else ""
    return any(name in silent for name in (aspect, f"{path[0]} {aspect}" if path else "", inner))


def apply(ours: Mapping[str, Any], theirs: Mapping[str, Any], found: list[Difference]) -> dict[str, Any]:
    """Return a record with the differences taken over; what is the same keeps its place."""
    made: dict[str, Any] = copy.deepcopy(dict(ours))
    for difference in sorted(found, key=lambda each: each.kind == "gone"):
        path = difference.path
        if difference.kind == "changed":
            records.set_aspect(made, path, difference.aspect, difference.theirs)
        elif difference.kind == "gone":
            records.remove(made, path)
        else:
            order = records.inside(theirs, path[:-1]) if len(path) > 1 else ()
            records.insert(made, path, copy.deepcopy(difference.theirs), order)
    return made


def decide(difference: Difference, table: str) -> Difference:
    """Return a difference that a reviewed table decides."""
    return evolve(difference, decided=table)
