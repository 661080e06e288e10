"""
Reads the YAML source of the catalogue.

One YAML file for each product of WeChat Pay, each family of its events, each
group of TOP; a field of which only the type is known is written as its type. Results are
cached: do not modify them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent / "catalogue"


def read(path: Path) -> Any:
    """Read one file."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


@cache
def operations() -> dict[str, Any]:
    """Return all WeChat Pay operations by verb and path, in the order of their paths."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "wechatpay" / "operations").rglob("*.yaml")):
        found |= read(path)
    return dict(sorted(found.items(), key=lambda item: item[0].partition(" ")[::-1]))


def rows() -> dict[str, Any]:
    """Return the rows of the reviewed tables by operation, without their reasons."""
    found: dict[str, Any] = {}
    for table in ("echoes", "keys", "repeatable", "signatures", "uploads", "v2-signing"):
        for key, row in reviewed(table).items():
            found.setdefault(key, {}).update({name: value for name, value in row.items() if name != "reason"})
    return found


def reviewed(table: str) -> dict[str, Any]:
    """Return one reviewed table as written."""
    rows: dict[str, Any] = read(ROOT / "wechatpay" / "reviewed" / f"{table}.yaml")
    return rows


def contradictions() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the operation, the field and the entries of each decision in ``reviewed/contradictions.yaml``."""
    for decision in read(ROOT / "wechatpay" / "reviewed" / "contradictions.yaml"):
        entries = {name: value for name, value in decision.items() if name != "at"}
        for key, names in decision["at"].items():
            for name in names or [""]:
                yield key, name, entries


@cache
def events() -> dict[tuple[str, str], Any]:
    """Return all WeChat Pay events by version and name."""
    root = ROOT / "wechatpay" / "events"
    found = {}
    for path in sorted(root.rglob("*.yaml")):
        version = path.relative_to(root).parts[0].removesuffix(".yaml")
        found.update({(version, name): record for name, record in read(path).items()})
    return dict(sorted(found.items()))


@cache
def methods() -> dict[str, dict[str, Any]]:
    """Return all TOP methods by group and name."""
    found = {}
    for path in sorted((ROOT / "taobao_top").glob("*.yaml")):
        content = read(path)
        found[content["group"]] = content["methods"]
    return found


def limits() -> dict[str, Any]:
    """Return the reviewed limits of TOP methods by name, without their sources; ValueError for one that is unknown."""
    known = {name: record for records in methods().values() for name, record in records.items()}
    found = {}
    for row in read(ROOT / "taobao_top" / "reviewed" / "limits.yaml"):
        limit = {name: row[name] for name in ("windows", "chunks") if name in row}
        windows = limit.get("windows", ())
        names = [name for window in windows for name in (window["start"], window["end"], *window.get("unless", ()))]
        for method in row["methods"]:
            missing = {*names, *limit.get("chunks", ())} - known.get(method, {}).get("params", {}).keys()
            if missing or method in found:
                msg = f"limits.yaml: {method} has no {', '.join(missing)}, or is there twice"
                raise ValueError(msg)
            found[method] = limit
    return found
