"""
What the source says where the catalogue says something else on purpose.

A row says it of an operation's field, so that a difference is decided once; when
the source says a third thing, it is reported again. Decisions of
``reviewed/contradictions.yaml`` hold whatever the source says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools import source
from tools.import_catalogue import differences, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tools.import_catalogue.differences import Difference

__all__ = ["Table", "add", "decided", "read", "stale", "write"]

Table = dict[str, Any]

_PRESENCE = {"new": "present", "gone": "absent"}
_HEAD = """\
# What the source said where the catalogue keeps something else: import_catalogue writes it with --keep.
# present: it has a field, or the operation itself, that the catalogue leaves out; absent: it lacks one.
# For a value, what the source says: null for nothing. The reasons stand in ../README.rst and in
# ../wechatpay/reviewed/contradictions.yaml.
"""


def read(path: Path) -> Table:
    """Return the rows by key and field."""
    return (source.read(path) or {}) if path.exists() else {}


def add(table: Table, found: Iterable[Difference]) -> None:
    """Add rows that keep the catalogue as it is."""
    for each in found:
        if not each.path and not each.aspect:
            table[each.key] = _PRESENCE[each.kind]
        else:
            if isinstance(table.get(each.key), str):  # of a time when only one side had it
                del table[each.key]
            row = table.setdefault(each.key, {})
            if each.kind != "changed":
                row[each.field] = _PRESENCE[each.kind]
            elif isinstance(row.setdefault(each.field, {}), dict):
                row[each.field][each.aspect] = each.theirs


def write(path: Path, table: Table) -> None:
    """Write the rows, in the order of keys."""
    lines = [_HEAD] if table else [_HEAD, "{}\n"]
    for key, row in sorted(table.items(), key=lambda item: item[0].partition(" ")[::-1]):
        name = yaml_text.scalar(key, key=True)
        if isinstance(row, str):
            lines.append(f"{name}: {row}\n")
        else:
            lines.append(f"{name}:\n")
            lines += [f"  {yaml_text.scalar(field, key=True)}: {yaml_text.flow(said)}\n" for field, said in row.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), "utf-8")


def decided(found: Iterable[Difference], table: Table, contradictions: Iterable[Any] = ()) -> Iterator[Difference]:
    """
    Yield the differences, those that a table decides with its name.

    Args:
        found: The differences.
        table: What is kept.
        contradictions: The decisions of ``reviewed/contradictions.yaml`` as written.
    """
    rows = set(_contradictions(contradictions))
    for each in found:
        if _keeps(table, each):
            yield differences.decide(each, "kept")
        elif (each.key, each.field, each.aspect or "known") in rows:
            yield differences.decide(each, "contradictions")
        else:
            yield each


def _contradictions(decisions: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    for decision in decisions:
        for key, fields in decision["at"].items():
            for field in fields or [""]:
                for aspect in decision:
                    # A group of members stands at the operation where the members of a place are meant.
                    whole = not field or (aspect == "one_of" and "." not in field)
                    yield key, differences.OPERATION if whole else field, aspect


def _keeps(table: Table, each: Difference) -> bool:
    row = table.get(each.key, {})
    if isinstance(row, str) or (not each.path and not each.aspect):
        return bool(row == _PRESENCE.get(each.kind) and not each.path and not each.aspect)
    said = row.get(each.field)
    if each.kind != "changed":
        return bool(said == _PRESENCE[each.kind])
    if not isinstance(said, dict) or each.aspect not in said:
        return False
    return bool(said[each.aspect] == each.theirs)


def stale(found: Iterable[Difference], table: Table) -> Table:
    """Return the rows that no difference needs: the catalogue or the source has changed."""
    needed: Table = {}
    add(needed, (each for each in found if each.decided == "kept"))
    return {key: row for key, row in table.items() if needed.get(key) != row}
