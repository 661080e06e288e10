"""The readable source of the catalogue: YAML with one line for a simple field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent / "catalogue"

_WIDTH = 140
_PLAIN = re.compile(r"[A-Za-z_/\u4e00-\u9fff](?:[^\s:,\[\]{}\"'#]|:(?=[^\s,\[\]{}\"'#]))*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "none"}
_GROUPS = {"request", "methods"}
_MEMBERS = {"answer", "fields", "headers", "json", "multipart", "params", "path", "query", "resource", "xml"}


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(member) for member in value) + "]"
    return _scalar(value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z][\w./{} -]*", key) and key.lower() not in _WORDS else _scalar(key)


def _records(records: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for key, record in records.items():
        lines += [f"{indent}{_key(key)}:", *_record(record, indent + "  ")]
    return lines


def _record(record: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in record.items():
        line = f"{indent}{key}: {_flow(value)}"
        if value and key in _MEMBERS and isinstance(value, dict):
            lines += [f"{indent}{key}:", *_fields(value, indent + "  ")]
        elif value and key in _GROUPS:
            lines += [f"{indent}{key}:", *(_records if key == "methods" else _record)(value, indent + "  ")]
        elif isinstance(value, list) and len(line) > _WIDTH:
            lines += [f"{indent}{key}:", *(f"{indent}- {_flow(item)}" for item in value)]
        else:
            lines.append(line)
    return lines


def _fields(fields: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for name, field in fields.items():
        if isinstance(field, dict) and field.get("fields"):
            lines += [f"{indent}{_key(name)}:", *_record(field, indent + "  ")]
        else:
            lines.append(f"{indent}{_key(name)}: {_flow(field)}")
    return lines


def write(path: Path, content: dict[str, Any]) -> None:
    """Write one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = _record(content, "") if "methods" in content else _records(content, "")
    text = "\n".join(lines) + "\n"
    if yaml.load(text, yaml.CSafeLoader) != content:
        msg = f"{path} would not be read back as it was written"
        raise ValueError(msg)
    path.write_text(text, "utf-8")


def read(path: Path) -> Any:
    """Read one file."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def operations() -> dict[str, Any]:
    """Give all WeChat Pay operations by verb and path, in the order of their paths."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "wechatpay" / "operations").rglob("*.yaml")):
        found |= read(path)
    return dict(sorted(found.items(), key=lambda item: item[0].partition(" ")[::-1]))


def rows() -> dict[str, Any]:
    """Give what the reviewed tables say, by operation; their reasons are left out."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "wechatpay" / "reviewed").glob("*.yaml")):
        for key, row in read(path).items():
            found.setdefault(key, {}).update({name: value for name, value in row.items() if name != "reason"})
    return found


def events() -> dict[tuple[str, str], Any]:
    """Give all WeChat Pay events by version and name."""
    root = ROOT / "wechatpay" / "events"
    found = {}
    for path in sorted(root.rglob("*.yaml")):
        version = path.relative_to(root).parts[0].removesuffix(".yaml")
        found.update({(version, name): record for name, record in read(path).items()})
    return dict(sorted(found.items()))


def methods() -> dict[str, dict[str, Any]]:
    """Give all TOP methods by group and name."""
    found = {}
    for path in sorted((ROOT / "taobao_top").glob("*.yaml")):
        content = read(path)
        found[content["group"]] = content["methods"]
    return found
