"""
Read the public metadata of TOP's methods.

Three forms are read:

- a folder of documents of the documentation centre, one JSON file for each
  method, in folders by group: ``tbk/taobao_tbk_item_get.json``. A document is
  what the centre answers (the method below ``data``) or the method alone:
  ``name``, ``apiChineseName``, ``requestParams``, ``responseParams``, of each
  parameter ``name``, ``type``, ``required``, ``demoValue`` and ``subParams``;
- one file of JSON lines, a method a line: ``method``, ``title``, ``group``,
  ``session``, ``params``, ``response``, with ``list``, ``example`` and ``fields``;
- ``ApiMetadata.xml`` as an app gets it with its SDK: it has the app's methods
  only and no titles, examples or marks of answers, so that none of these is gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field
from defusedxml import ElementTree

from tools.import_catalogue.checkout import Found, NotACheckoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.import_catalogue.problems import Problems

__all__ = ["Metadata", "read"]

_PLAIN = {"String", "Number", "Boolean", "Date", "Price", "Field List", "byte[]", "Json"}
_DEEPEST = 40


@define
class Metadata(Found):
    """
    Methods, and what their form does not say.

    Attributes:
        groups: The group of each method; empty where the form does not say it.
        silent: Aspects that the form never states.
        partial: Whether the form has some methods only, so that none is known to be gone.
    """

    groups: dict[str, str] = field(factory=dict)
    silent: frozenset[str] = frozenset({"session"})
    partial: bool = False


def read(path: Path, problems: Problems, progress: Callable[[int, int], None] = lambda *_: None) -> Metadata:
    """
    Return the methods that a file or folder describes.

    Args:
        path: The folder of documents, the file of JSON lines, or ``ApiMetadata.xml``.
        problems: Receives what could not be read.
        progress: Called with the documents read and their number.

    Raises:
        NotACheckoutError: The file or folder is none of them.
    """
    if path.is_dir():
        return _documents(path, problems, progress)
    if path.suffix.lower() == ".xml":
        return _xml(path, problems)
    if path.suffix.lower() in {".jsonl", ".json", ".ndjson"}:
        return _lines(path, problems, progress)
    wanted = "a folder of JSON documents, a .jsonl file or ApiMetadata.xml was expected"
    raise NotACheckoutError(f"{path}: {'no such file' if not path.exists() else 'no metadata of TOP'}; {wanted}")


def _documents(root: Path, problems: Problems, progress: Callable[[int, int], None]) -> Metadata:
    paths = [path for path in sorted(root.rglob("*.json")) if path.name not in {"catelog.json", "package.json"}]
    if not paths:
        raise NotACheckoutError(f"{root}: no JSON documents; GROUP/METHOD.json was expected")
    found = Metadata()
    for done, path in enumerate(paths):
        progress(done, len(paths))
        problems.file = path.relative_to(root).as_posix()
        document = _parsed(_text(path, problems), 0, problems)
        if document is None:
            found.unread.add(path.stem.replace("_", "."))
            continue
        document = document.get("data", document) if isinstance(document, dict) else document
        group = path.parent.name if path.parent != root else ""
        _add(found, document, group, 1, problems)
    progress(len(paths), len(paths))
    return found


def _lines(path: Path, problems: Problems, progress: Callable[[int, int], None]) -> Metadata:
    problems.file = path.name
    text = _text(path, problems)
    found = Metadata()
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        progress(number, len(lines))
        if line.strip():
            document = _parsed(line, number, problems)
            if document is None:
                found.partial = True
            else:
                _add(found, document, "", number, problems)
    return found


def _text(path: Path, problems: Problems) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(0, f"this file cannot be read: {error}")
        return ""


def _parsed(text: str, line: int, problems: Problems) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.add(line or getattr(error, "lineno", 0), f"this is not JSON: {error}")
        return None


def _add(found: Metadata, document: Any, group: str, line: int, problems: Problems) -> None:
    name = document.get("name", document.get("method")) if isinstance(document, dict) else None
    if not isinstance(name, str) or not name.strip():
        problems.add(line, "a method has its name under name or method; this document was not read")
        found.partial = True
        return
    name = name.strip()
    if name in found.methods:
        problems.add(line, f"{name} is described at {found.places[name]} too; this one was not read")
        return
    title = document.get("apiChineseName", document.get("title"))
    record: dict[str, Any] = {}
    if isinstance(title, str) and title.strip() not in {"", name}:
        record["title"] = title.strip()
    if isinstance(document.get("session"), str):
        record["session"] = document["session"]
    for place, keys in (("params", ("requestParams", "params")), ("answer", ("responseParams", "response"))):
        members = _members(next((document[key] for key in keys if document.get(key)), []), f"{name} {place}", problems)
        if members:
            record[place] = members
    said = document.get("group")
    found.methods[name] = record
    found.groups[name] = said if isinstance(said, str) else group
    found.places[name] = f"{problems.file}:{line}"


def _members(given: Any, where: str, problems: Problems, depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if not isinstance(given, list) or depth > _DEEPEST:
        problems.add(0, f"{where}: a list of parameters was expected, at most {_DEEPEST} levels deep")
        return made
    for member in given:
        name = member.get("name") if isinstance(member, dict) else None
        if not isinstance(name, str) or not name.strip():
            problems.add(0, f"{where}: a parameter without a name was not read")
        elif name.strip() not in made:  # a name that stands twice counts once
            made[name.strip()] = _member(member, f"{where}.{name.strip()}", problems, depth)
    return made


def _member(member: dict[str, Any], where: str, problems: Problems, depth: int) -> Any:
    made: dict[str, Any] = {}
    kind = member.get("type")
    kind = kind.strip().replace(" []", "[]") if isinstance(kind, str) else ""
    listed = kind.endswith("[]") and kind not in _PLAIN
    if kind:
        made["type"] = kind.removesuffix("[]").strip() if listed else kind
    if member.get("required") is True:
        made["required"] = True
    if listed or member.get("list") is True:
        made["list"] = True
    example = member.get("demoValue", member.get("example"))
    if isinstance(example, (str, int, float, bool)) and example != "":
        made["example"] = example if isinstance(example, str) else json.dumps(example)
    inside = member.get("subParams", member.get("fields"))
    if inside:
        made["fields"] = _members(inside, where, problems, depth + 1)
    return made["type"] if set(made) == {"type"} else made


def _xml(path: Path, problems: Problems) -> Metadata:
    problems.file = path.name
    found = Metadata(
        silent=frozenset({"session", "title", "example", "answer required", "inner required"}), partial=True
    )
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (0, 0))[0]
        problems.add(line, f"this is not XML: {error}")
        return found
    structs: dict[str, Any] = {}
    for struct in root.iterfind("structs/struct"):
        name = struct.findtext("name", "")
        if name in structs and structs[name] is not None and _names(struct) != _names(structs[name]):
            problems.add(0, f"the struct {name} stands twice with other members: fields of this type were not read")
            structs[name] = None
        else:
            structs.setdefault(name, struct)
    for api in root.iterfind("apis/api"):
        document = {
            "name": api.findtext("name", ""),
            "params": list(_xml_members(api.iterfind("request/param"), structs, ())),
            "response": list(_xml_members(api.iterfind("response/param"), structs, ())),
        }
        _add(found, document, "", 0, problems)
    return found


def _names(struct: Any) -> list[str]:
    return [prop.findtext("name", "") for prop in struct.iterfind("props/prop")]


def _xml_members(given: Iterator[Any], structs: dict[str, Any], within: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for param in given:
        kind = param.findtext("type", "").strip()
        made: dict[str, Any] = {
            "name": param.findtext("name", ""),
            "type": kind,
            "required": param.findtext("required", "") == "required",
            "list": "Array" in param.findtext("level", "") or param.find("max_list_size") is not None,
        }
        struct = structs.get(kind)
        if struct is not None and kind not in within and len(within) < _DEEPEST:
            made["fields"] = list(_xml_members(struct.iterfind("props/prop"), structs, (*within, kind)))
        yield made
