"""
List where the catalogue and the models of the official SDKs contradict each other.

``python -m tools.compare_models go CHECKOUT`` (or ``java``) prints a line for
each contradiction that ``reviewed/contradictions.yaml`` does not decide, and
fails if there is one; with ``--all`` it prints the decided ones too. The
kinds are:

============  ==================================================================
``unknown``   an operation, or a member of it, that the catalogue does not have
``stricter``  the catalogue requires what the models do not
``looser``    the models require what the catalogue does not
``type``      the types differ
``enum``      the models have values that the catalogue's enumeration lacks
``encrypted`` only one of them says that the value is encrypted
============  ==================================================================

Names that only the catalogue has are no contradiction unless it requires them:
the pages are newer than the models. In answers, ``looser`` is none either: the
types then only say less than they could.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from tools import source
from tools.models import go, java

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READERS = {"go": go.operations, "java": java.operations}
_PLACES = ("query", "json", "answer")
# A row of the table decides a contradiction by naming what the catalogue has instead.
_ASPECTS = {"stricter": "required", "looser": "required", "unknown": "known"}


@frozen
class Contradiction:
    """
    One contradiction.

    Attributes:
        key: The operation, as the models spell it.
        field: Its place and names, joined by dots; empty for the operation itself.
        kind: Its kind, as the module lists them.
        ours: What the catalogue says.
        theirs: What the models say.
    """

    key: str
    field: str
    kind: str
    ours: Any = None
    theirs: Any = None

    def __str__(self) -> str:
        values = "" if self.ours is None and self.theirs is None else f"  {self.ours} / {self.theirs}"
        return f"{self.kind:<9} {self.key} {self.field}{values}".rstrip()

    @property
    def aspect(self) -> str:
        """The entry of a row that decides it."""
        return _ASPECTS.get(self.kind, self.kind)


def contradictions(models: Mapping[str, Any], catalogue: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Yield the contradictions between an SDK's operations and the catalogue's source."""
    spelled = {_spelled(key): record for key, record in catalogue.items()}
    for key, model in sorted(models.items(), key=lambda item: item[0].partition(" ")[::-1]):
        record = spelled.get(_spelled(key))
        if record is None:
            yield Contradiction(key, "", "unknown")
            continue
        for place in _PLACES:
            ours = record.get("answer", {}) if place == "answer" else record["request"].get(place, {})
            theirs = model.get(place, {})
            if theirs and (ours or place != "answer"):
                yield from _members(key, place, ours, theirs)


def _spelled(key: str) -> str:
    """Return a key without the names of its variables."""
    return re.sub(r"\{\w+\}", "{}", key)


def _members(key: str, at: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Contradiction]:
    says_marks = _says_marks(at, theirs)
    for name, given in ours.items():
        if name not in theirs and says_marks and _record(given).get("required"):
            yield Contradiction(key, f"{at}.{name}", "stricter")
    for name, model in theirs.items():
        if name not in ours:
            yield Contradiction(key, f"{at}.{name}", "unknown")
        else:
            yield from _one(key, f"{at}.{name}", _record(ours[name]), model, says_marks=says_marks)


def _record(given: Any) -> dict[str, Any]:
    return {"type": given} if isinstance(given, str) else given


def _says_marks(at: str, members: Mapping[str, Any]) -> bool:
    """Return whether the marks of an object mean anything: some answers of the Go SDK mark no member at all."""
    marks = {member["required"] for member in members.values()}
    return True in marks if at.partition(".")[0] == "answer" else None not in marks


def _one(
    key: str, at: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], *, says_marks: bool
) -> Iterator[Contradiction]:
    required = bool(ours.get("required"))
    if says_marks and required and not theirs["required"]:
        yield Contradiction(key, at, "stricter")
    if says_marks and theirs["required"] and not required and at.partition(".")[0] != "answer":
        yield Contradiction(key, at, "looser")
    kind = "string" if ours["type"] == "file" else ours["type"]
    if kind != theirs["type"]:
        yield Contradiction(key, at, "type", kind, theirs["type"])
    lacking = [value for value in theirs.get("enum", ()) if value not in map(str, ours.get("enum", ()))]
    if ours.get("enum") and lacking:
        yield Contradiction(key, at, "enum", ours["enum"], lacking)
    if bool(ours.get("encrypted")) != bool(theirs.get("encrypted")):
        yield Contradiction(key, at, "encrypted", bool(ours.get("encrypted")), bool(theirs.get("encrypted")))
    if "fields" in theirs and ours.get("fields"):
        yield from _members(key, at, ours["fields"], theirs["fields"])


def decisions() -> set[tuple[str, str, str]]:
    """Return operation, field and aspect of everything that the reviewed table decides."""
    return {
        (_spelled(key), field, aspect)
        for key, field, entries in source.contradictions()
        for aspect in entries
        if aspect != "reason"
    }


def decided(found: Contradiction, table: set[tuple[str, str, str]]) -> bool:
    """Return whether the table decides a contradiction; what is unknown is decided with the object it is in."""
    parts = found.field.split(".")
    fields = [".".join(parts[:end]) for end in range(len(parts), 0, -1)] if found.kind == "unknown" else [found.field]
    return any((_spelled(found.key), field, found.aspect) in table for field in fields)


def main(arguments: list[str]) -> int:
    """Print the contradictions; 1 if one is undecided, 2 for wrong arguments."""
    names = [argument for argument in arguments if not argument.startswith("--")]
    if len(names) != 2 or names[0] not in _READERS:
        print("usage: python -m tools.compare_models go|java CHECKOUT [--all]", file=sys.stderr)
        return 2
    table = decisions()
    found = list(contradictions(_READERS[names[0]](Path(names[1])), source.operations()))
    undecided = [each for each in found if not decided(each, table)]
    for each in found if "--all" in arguments else undecided:
        print(each)
    print(f"{len(found)} contradictions, {len(undecided)} of them undecided")
    return 1 if undecided else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
