"""
Turn a published snapshot of the catalogue into the readable source.

Run once for each snapshot; from then on the source is what people correct:
``python tools/import_catalogue.py SNAPSHOT`` with the folder that holds
``wechatpay.json``, ``wechatpay-events.json`` and ``top.jsonl.gz``.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import source

Fields = list[dict[str, Any]]

_LARGE = 40


def _members(fields: Fields) -> dict[str, Any]:
    """Give fields by name; one whose type is all that is known is its type."""
    members: dict[str, Any] = {}
    for given in fields:
        field = dict(given)
        name = field.pop("name")
        if "fields" in field:
            field["fields"] = _members(field.pop("fields"))
        members[name] = field["type"] if list(field) == ["type"] else field
    return members


def _operation(given: dict[str, Any]) -> dict[str, Any]:
    record = {key: value for key, value in given.items() if key not in {"method", "path", "request", "response"}}
    request = {place: _members(fields) for place, fields in given["request"].items()}
    if "path" in request:
        request["path"].pop("empty", None)
        request = {place: fields for place, fields in request.items() if fields or place != "path"}
    record["request"] = request
    response = given["response"]
    record["content"] = response["content"]
    if response["fields"]:
        record["answer"] = _members(response["fields"])
    return record


def _operations(given: list[dict[str, Any]], root: Path) -> None:
    products: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for operation in given:
        products[tuple(operation["path"].split("/")[:2])].append(operation)
    for product, members in products.items():
        files: dict[tuple[str, ...], dict[str, Any]] = defaultdict(dict)
        for operation in members:
            segments = operation["path"].replace("{empty}", "").split("/")
            place = segments[:3] if len(members) > _LARGE else segments[:2]
            if place[-1].startswith("{") or (len(place) == len(segments) and len(place) > 2):
                place.pop()
            files[tuple(place)][f"{operation['method']} {'/'.join(segments)}"] = _operation(operation)
        for place, records in files.items():
            folder = place if len(members) > _LARGE and len(place) == 2 else place[:-1]
            source.write(root.joinpath(*folder, f"{place[-1]}.yaml"), records)


def _events(given: list[dict[str, Any]], root: Path) -> None:
    files: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in given:
        name = event["event_type"] or event["slug"]
        record = {
            key: value for key, value in event.items() if key not in {"version", "fields", "resource", "slug"}
        }
        for place in ("fields", "resource"):
            if place in event:
                record[place] = _members(event[place])
        files["v2" if event["version"] == "v2" else f"v3/{name.split('.')[0].lower()}"][name] = record
    for name, records in files.items():
        source.write(root / f"{name}.yaml", records)


def _methods(given: list[dict[str, Any]], root: Path) -> None:
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for method in given:
        record = {key: value for key, value in method.items() if key not in {"method", "group", "params", "response"}}
        for place, fields in (("params", method["params"]), ("answer", method["response"])):
            if fields:
                record[place] = _members(fields)
        groups[method["group"]][method["method"]] = record
    for group, records in groups.items():
        name = group if re.fullmatch(r"[a-z0-9]+", group) else "insurance-scenarios"
        source.write(root / f"{name}.yaml", {"group": group, "methods": records})


def main(snapshot: Path) -> None:
    """Write the source of everything in the snapshot."""
    root = Path(__file__).parent.parent / "catalogue"
    _operations(json.loads((snapshot / "wechatpay.json").read_text("utf-8")), root / "wechatpay" / "operations")
    _events(json.loads((snapshot / "wechatpay-events.json").read_text("utf-8")), root / "wechatpay" / "events")
    lines = gzip.decompress((snapshot / "top.jsonl.gz").read_bytes()).decode().splitlines()
    _methods([json.loads(line) for line in lines], root / "taobao_top")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
