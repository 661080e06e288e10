"""
Write records into the files of the catalogue's source.

Only the lines of a record that changes are written; all others, comments
included, stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.import_catalogue import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["file_of_event", "file_of_method", "file_of_operation", "write"]

_NAME = re.compile(r"[a-z0-9_-]+")


def file_of_operation(key: str, files: Iterable[str]) -> str:
    """
    Return the file of a new operation, relative to the folder of operations.

    Args:
        key: Verb and path.
        files: The files there are; the one whose path the operation's begins with is taken.
    """
    path = key.partition(" ")[2]
    parts = path.split("/")
    known = [file for file in files if f"{path}/".startswith(f"{file.removesuffix('.yaml')}/")]
    return max(known, key=len, default=f"{'/'.join(parts[:2])}.yaml")


def file_of_event(key: str) -> str:
    """Return the file of an event by version and name, relative to the folder of events."""
    version, _, name = key.partition(" ")
    return "v2.yaml" if version == "v2" else f"v3/{name.partition('.')[0].lower()}.yaml"


def file_of_method(group: str) -> str:
    """Return the file of a group of methods."""
    return f"{group}.yaml" if _NAME.fullmatch(group) else f"group-{group.encode().hex()}.yaml"


def write(path: Path, records: Mapping[str, Any], *, head: str = "", depth: int = 0) -> None:
    """
    Write records into a file; a file left without records is removed.

    Args:
        path: The file; it need not exist.
        records: The records to write by key; None removes one.
        head: What a new file begins with.
        depth: How deep the records stand in the file: 1 below ``methods:``.
    """
    text = path.read_text("utf-8") if path.exists() else head
    start, blocks = _blocks(text, depth)
    for key, record in records.items():
        name = yaml_text.scalar(key, key=True)
        if record is None:
            blocks.pop(name, None)
        elif name in blocks:
            blocks[name] = yaml_text.entry(key, record, depth)
        else:
            blocks = _inserted(blocks, name, yaml_text.entry(key, record, depth))
    if blocks:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(start + "".join(blocks.values()), "utf-8")
    else:
        path.unlink(missing_ok=True)


def _blocks(text: str, depth: int) -> tuple[str, dict[str, str]]:
    """Return what stands before the first record, and the lines of each record by its key as written."""
    begins = re.compile(rf"^{'  ' * depth}([^\s#].*?):(?:\s.*)?$", re.MULTILINE)
    at = text.index("methods:\n") + len("methods:\n") if depth else 0
    found = list(begins.finditer(text, at))
    ends = [*(match.start() for match in found[1:]), len(text)][: len(found)]
    start = text[: found[0].start()] if found else text
    return start, {match[1]: text[match.start() : end] for match, end in zip(found, ends, strict=True)}


def _inserted(blocks: dict[str, str], name: str, lines: str) -> dict[str, str]:
    """Return the blocks with one more, before the first that stands behind it in the order of paths."""
    order = _order(name)
    made: dict[str, str] = {}
    for other, text in blocks.items():
        if name not in made and _order(other) > order:
            made[name] = lines
        made[other] = text
    made.setdefault(name, lines)
    return made


def _order(name: str) -> tuple[str, str]:
    verb, _, path = name.partition(" ")
    return (path, verb) if path else (verb, "")
