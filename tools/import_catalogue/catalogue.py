"""The catalogue's source as this tool reads and writes it: each record with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from tools import source
from tools.import_catalogue import differences, store, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tools.import_catalogue.differences import Difference

__all__ = ["Part", "events", "methods", "operations"]


@define
class Part:
    """
    Operations, events or methods.

    Attributes:
        root: The folder of their files.
        records: The records by key.
        files: The file of each, relative to the folder.
        groups: The groups of TOP's files; empty for WeChat Pay.
        versioned: Whether a key has a version before the name that its file has.
    """

    root: Path
    records: dict[str, Any] = field(factory=dict)
    files: dict[str, str] = field(factory=dict)
    groups: dict[str, str] = field(factory=dict)
    versioned: bool = False

    def take(self, theirs: Mapping[str, Any], found: Iterable[Difference], placed: Mapping[str, str]) -> int:
        """
        Write the differences into the files.

        Args:
            theirs: The records of the source.
            found: The differences to take over.
            placed: The file of each new record.

        Returns: The number of records written or removed.
        """
        by_key: dict[str, list[Difference]] = {}
        for each in found:
            by_key.setdefault(each.key, []).append(each)
        by_file: dict[str, dict[str, Any]] = {}
        for key, differing in by_key.items():
            file = self.files[key] if key in self.files else placed[key]
            name = key.partition(" ")[2] if self.versioned else key
            by_file.setdefault(file, {})[name] = self._changed(key, theirs, differing)
        for file, changes in by_file.items():
            group = self.groups.get(file)
            head = f"group: {yaml_text.scalar(group)}\nmethods:\n" if group is not None else ""
            store.write(self.root / file, changes, head=head, depth=1 if self.groups else 0)
        return len(by_key)

    def _changed(self, key: str, theirs: Mapping[str, Any], found: list[Difference]) -> Any:
        if any(not each.path and not each.aspect for each in found):
            return found[0].theirs  # None removes it
        return differences.apply(self.records[key], theirs[key], found)


def operations(root: Path) -> Part:
    """Return the operations of WeChat Pay, by verb and path."""
    part = Part(root / "wechatpay" / "operations")
    for path in sorted(part.root.rglob("*.yaml")):
        for key, record in (source.read(path) or {}).items():
            part.records[key] = record
            part.files[key] = path.relative_to(part.root).as_posix()
    return part


def events(root: Path) -> Part:
    """Return the events of WeChat Pay, by version and name."""
    part = Part(root / "wechatpay" / "events", versioned=True)
    for path in sorted(part.root.rglob("*.yaml")):
        file = path.relative_to(part.root).as_posix()
        version = file.partition("/")[0].removesuffix(".yaml")
        for name, record in (source.read(path) or {}).items():
            part.records[f"{version} {name}"] = record
            part.files[f"{version} {name}"] = file
    return part


def methods(root: Path) -> Part:
    """Return the methods of TOP, by name."""
    part = Part(root / "taobao_top")
    for path in sorted(part.root.glob("*.yaml")):
        content = source.read(path)
        part.groups[path.name] = content["group"]
        for name, record in content["methods"].items():
            part.records[name] = record
            part.files[name] = path.name
    return part
