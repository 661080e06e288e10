"""
Build the compact catalogues inside the packages from the readable source.

``python -m tools.build_catalogue`` writes them; with ``--check`` it writes
nothing and fails if it would change one.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from chainable.path import fold
from chainable.record_file import RecordFile, encode_records
from tools import personal_data, source

PACKAGES = Path(__file__).parent.parent

Records = dict[str, Any]

_BLOCK = 900
_WIDE = 20
_PLACES = ("path", "query", "headers", "json", "xml", "multipart")


@frozen
class CompactFile:
    """The records of a compact file."""

    records: Records
    buckets: int
    deflated: bool = False

    def content(self) -> bytes:
        return encode_records(self.records, buckets=self.buckets, deflated=self.deflated)

    def is_in(self, path: Path) -> bool:
        """Return whether a file holds these records; another zlib may compress them to other bytes."""
        return path.exists() and (path.read_bytes() == self.content() or dict(RecordFile(path).items()) == self.records)


def fields(members: Records) -> list[Records]:
    """Return the fields of a mapping of the source as a list; each field holds its name."""
    made = []
    for name, member in members.items():
        field = {"name": name} | ({"type": member} if isinstance(member, str) else dict(member))
        if "fields" in field:
            field["fields"] = fields(field.pop("fields"))
        made.append(field)
    return made


def marked(given: list[Records], mark: str, *, kinds: tuple[str, ...] = ()) -> Records:
    """Return the nested names of the fields that have a mark or one of the given types."""
    found: Records = {}
    for field in given:
        inside = {} if "encoded" in field else marked(field.get("fields", []), mark, kinds=kinds)
        if field.get(mark):
            found[field["name"]] = field[mark]
        elif field.get("type") in kinds:
            found[field["name"]] = True
        elif inside:
            found[field["name"]] = inside
    return found


def tree(keys: list[str]) -> Records:
    """Return the tree of paths."""
    root: Records = {}
    for key in keys:
        verb, _, path = key.partition(" ")
        node = root
        for segment in path.split("/"):
            if segment.startswith("{"):
                node = node.setdefault("variables", {}).setdefault(segment[1:-1], {})
            else:
                node = node.setdefault("literals", {}).setdefault(fold(segment), {}).setdefault(segment, {})
        node.setdefault("verbs", []).append(verb)
    return root


def fix(root: Records, path: str, value: str) -> None:
    """Add the only value of a path's last variable as a literal beside the variable."""
    node = root
    *segments, last = path.split("/")
    for segment in segments:
        node = node["variables"][segment[1:-1]] if segment[0] == "{" else node["literals"][fold(segment)][segment]
    node.setdefault("literals", {}).setdefault(fold(value), {})[value] = last[1:-1]


def shards(root: Records) -> Records:
    """Split the tree into records that are read quickly; 0 stands for a child with a record of its own."""
    records: Records = {}

    def cut(node: Records, path: str) -> None:
        inline: list[tuple[int, str, Records, str]] = []
        for children in [*node.get("literals", {}).values(), node.get("variables", {})]:
            braces = "{%s}" if children is node.get("variables") else "%s"
            for name, child in children.items():
                if isinstance(child, dict):
                    place = f"{path}/{braces % name}".removeprefix("/")
                    cut(child, place)
                    inline.append((_size(child), place, children, name))
        literals = node.get("literals", {})
        if len(literals) > _WIDE:
            del node["literals"]
            node["wide"] = True
            records[f"wide {path}"] = sorted(spelling for children in literals.values() for spelling in children)
            records.update({f"below {path} {folded}": children for folded, children in literals.items()})
        inline.sort(key=lambda item: item[:2])
        while inline and _size(node) > _BLOCK:
            _, place, children, name = inline.pop()
            records[f"tree {place}"] = children[name]
            children[name] = 0

    cut(root, "")
    records["tree "] = root
    return records


def _size(node: Any) -> int:
    return len(json.dumps(node, ensure_ascii=False))


_SHORT = {"String": 0, "Number": 1, "Boolean": 2, "Date": 3}


def call(key: str, record: Records, row: Records) -> Records:
    """Return the record that a call of this operation reads."""
    path = key.partition(" ")[2]
    request = {place: fields(record["request"].get(place, {})) for place in _PLACES}
    body = next((place for place in ("json", "xml", "multipart") if place in record["request"]), None)
    places = written(record)
    made = {
        "title": record["title"],
        "page": next(iter(record["docs"]), None),
        "base_uri": record.get("base_uri"),
        "base_uri_required": "base_uri" in record and not record.get("base_uri_optional"),
        "mtls": record.get("mtls"),
        "nonceless": record.get("nonceless"),
        "status": record.get("status"),
        "successor": record.get("successor"),
        "body": body,
        "answer": record["content"] if record["content"] != "json" else None,
        "variables": re.findall(r"\{(\w+)\}", path),
        "fixed": {field["name"]: field["enum"][0] for field in request["path"] if len(field.get("enum", ())) == 1},
        "encrypted": record.get("encrypted"),
        "encrypted_fields": _placed(places, "encrypted"),
        "encrypted_answer_fields": marked(fields(record.get("answer", {})), "encrypted"),
        "integer_fields": _placed(places, "", kinds=("integer", "integer[]")),
        "encoded_fields": _placed(places, "encoded"),
    }
    return {name: value for name, value in (made | row).items() if value}


def written(record: Records) -> Records:
    """Return the request fields that a user writes, by place; ``meta`` holds those beside the file of an upload."""
    query, json_, xml, multipart = (
        fields(record["request"].get(place, {})) for place in ("query", "json", "xml", "multipart")
    )
    meta = next((field["fields"] for field in multipart if field.get("encoded")), multipart)
    return {"query": query, "json": json_, "xml": xml, "meta": meta}


def _placed(places: Records, mark: str, *, kinds: tuple[str, ...] = ()) -> Records:
    found = {place: marked(given, mark, kinds=kinds) for place, given in places.items()}
    return {place: names for place, names in found.items() if names}


def detail(record: Records) -> Records:
    """Return all fields of an operation."""
    request = {place: fields(members) for place, members in record["request"].items()}
    return {
        "docs": record["docs"],
        "request": request | ({"one_of": record["one_of"]} if "one_of" in record else {}),
        "response": {"content": record["content"], "fields": fields(record.get("answer", {}))},
    }


def wechatpay() -> dict[str, CompactFile]:
    """Return the files of wechatpay's catalogue by name."""
    operations = source.operations()
    rows = source.rows()
    index: Records = {key: call(key, record, rows.get(key, {})) for key, record in operations.items()}
    for key, marks in personal_data.marks(index).items():
        index[key] |= marks
    personal = personal_data.records(operations, {key: written(record) for key, record in operations.items()})
    root = tree(list(operations))
    for key, record in index.items():
        path = key.partition(" ")[2]
        for name, value in record.get("fixed", {}).items():
            fix(root, path[: path.index(f"{{{name}}}") + len(name) + 2], value)
    details: Records = {key: detail(record) for key, record in operations.items()}
    events = source.events()
    for (version, name), record in events.items():
        members = {place: fields(record[place]) for place in ("fields", "resource") if place in record}
        types = record.get("event_types") or [kind for kind in [record["event_type"]] if kind]
        details[f"event {version} {name}"] = record | members | {"event_types": types}
    index |= shards(root) | personal
    index["operations"] = list(operations)
    index["events"] = [list(key) for key in events]
    return {
        "index.shelf": CompactFile(index, len(index)),
        "details.shelf": CompactFile(details, len(details) // 12, deflated=True),
    }


def taobao_top() -> dict[str, CompactFile]:
    """Return the files of taobao_top's catalogue by name."""
    index: Records = {}
    details: Records = {}
    names: list[str] = []
    limits = source.limits()
    for group, methods in source.methods().items():
        for name, record in methods.items():
            names.append(name)
            params = fields(record.get("params", {}))
            given = {"title": record.get("title"), "session": record.get("session")}
            types = {field["name"]: _type(field) for field in params}
            given |= {"types": types, "limits": limits.get(name)}
            index[name] = {key: value for key, value in given.items() if value}
            details[name] = {"group": group, "params": params, "response": fields(record.get("answer", {}))}
    details["parameters"] = sorted({name for record in index.values() for name in record.get("types", ())})
    index["methods"] = sorted(names)
    return {
        "index.shelf": CompactFile(index, len(index)),
        "details.shelf": CompactFile(details, len(details) // 16, deflated=True),
    }


def _type(field: Records) -> str | int:
    kind = "object" if "fields" in field else field.get("type", "String")
    return f"{kind}[]" if field.get("list") else _SHORT.get(kind, str(kind))


def main(arguments: list[str]) -> int:
    """Write the compact files that differ; with ``--check`` only list them."""
    changed = []
    for package, made in (("wechatpay", wechatpay), ("taobao_top", taobao_top)):
        for name, file in made().items():
            path = PACKAGES / package / "catalogue" / name
            if not file.is_in(path):
                changed.append(path)
                if "--check" not in arguments:
                    path.write_bytes(file.content())
    for path in changed:
        print(f"{path.relative_to(PACKAGES)} {'would change' if '--check' in arguments else 'written'}")
    return int("--check" in arguments and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
