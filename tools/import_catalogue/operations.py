"""Read the operations that a page describes, as the catalogue's source writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.import_catalogue import either, fields, php

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.import_catalogue.fields import Row
    from tools.import_catalogue.markdown import Section, Table
    from tools.import_catalogue.problems import Problems

__all__ = ["STATUS", "operations"]

STATUS = ("deprecated", "discarded", "redesigned", "privated")

_BODIES = {"query": "query", "json": "json", "xml": "xml", "body": "multipart"}
_FLAGS = {"security": "mtls", "nonceless": "nonceless"}
# Options of the HTTP client and of the page that open no place in the request.
_ASIDE = {"base_uri", "headers", "sink", "handler", "timeout", "fragment", "empty", *_FLAGS, *_BODIES}
_CONTENT = {"空字符串": "empty", "无返回": "empty", "文件流": "binary", "30x": "redirect", "跳转": "redirect"}
_ADDRESS = re.compile(r"https://[\w.-]+/[\w./{}-]*")
_VARIABLE = re.compile(r"\{(\w+)\}")
_SUCCESSOR = re.compile(r"新接口见\s*\[[^\]]*\]\(/openapi/([^)#\s]+)(?:#(\w+))?\)")
_INDEX = re.compile(r"(?<=/)index$")


def operations(page: str, sections: list[Section], problems: Problems) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield the key, the line and the record of each operation of a page; ``page`` is its path without ``.md``."""
    for section in sections:
        request = _table(section, "request", problems)
        response = _table(section, "response", problems) if request else None
        if request is None or response is None:
            continue
        call = _call(section)
        path = _path(page, call)
        if not path.startswith(("v2/", "v3/")):
            problems.add(section.line, "neither the code nor the place of this file says a path that begins v2/ or v3/")
            continue
        record = _record(section, fields.rows(request, problems), response, path, call, problems)
        yield f"{section.anchor.upper()} {path}", section.line, record


def _table(section: Section, kind: str, problems: Problems) -> Table | None:
    found = [table for table in section.tables if table.kind == kind]
    if len(found) != 1:
        head = {"request": "请求参数", "response": "返回字典"}[kind]
        problems.add(section.line, f"{len(found)} tables headed {head}, one was expected; the operation was not read")
    return found[0] if len(found) == 1 else None


def _call(section: Section) -> php.PhpCall | None:
    """Return the call that says most: one with a path, then a chain of names, then the address of a page."""
    found: list[php.PhpCall] = []
    # A block that spells the path is read first: one is enough.
    for code in sorted(section.codes, key=lambda code: "chain(" not in code.text and "['v" not in code.text):
        if code.language.startswith("php"):
            found += [call for call in php.calls(code.text) if call.verb in {section.anchor, None}]
            if any(call.verb and call.path for call in found):
                break
    return min(found, key=lambda call: (call.verb is None, call.path is None), default=None)


def _path(page: str, call: php.PhpCall | None) -> str:
    """Return the path of an operation: from the code, else from the place of its page."""
    if call and call.verb and call.path:
        path = call.path
    elif call and call.verb and not page.startswith(("v2/", "v3/")):
        path = "/".join(call.chain)
    else:
        path = _INDEX.sub("", page)
    return path.removesuffix("{empty}")


def _record(
    section: Section,
    rows: list[Row],
    response: Table,
    path: str,
    call: php.PhpCall | None,
    problems: Problems,
) -> dict[str, Any]:
    passed = call.options if call else {}
    by_name = {row.name: row for row in rows}
    made: dict[str, Any] = {"title": section.title, "docs": list(dict.fromkeys(section.links))}
    _base_uri(made, by_name.get("base_uri"), passed)
    for option, name in _FLAGS.items():
        if option in by_name and by_name[option].required:
            made[name] = True
    _status(made, section)
    request, rules = _request(rows, path, passed, problems)
    if path.startswith("v3/") and any(_encrypts(request.get(place, {})) for place in _BODIES.values()):
        made["encrypted"] = True
    made["request"] = request
    if rules:
        made["one_of"] = rules
    answer = fields.rows(_fields_of(response), problems)
    made["content"] = "binary" if "sink" in by_name or "sink" in passed else _content(section, response)
    if answer:
        made["answer"] = fields.records(answer)
    return made


def _fields_of(table: Table) -> Table:
    """Return a table without the rows that only remark something."""
    return type(table)(table.kind, table.line, [row for row in table.rows if "align" not in row[1][0].attributes])


def _base_uri(made: dict[str, Any], row: Row | None, passed: Mapping[str, Any]) -> None:
    said = _ADDRESS.search(row.description) if row else None
    address = said[0] if said else passed.get("base_uri")
    if isinstance(address, str):
        made["base_uri"] = address
        if row and not row.required:
            made["base_uri_optional"] = True


def _encrypts(members: Mapping[str, Any]) -> bool:
    """Return whether a member, or one inside it, is encrypted for the platform."""
    return any(
        not isinstance(member, str) and (member.get("encrypted") == "rsa" or _encrypts(member.get("fields", {})))
        for member in members.values()
    )


def _status(made: dict[str, Any], section: Section) -> None:
    for status in STATUS:
        if status in section.notices:
            made["status"] = status
            found = _SUCCESSOR.search(section.notices[status])
            if found:
                verb = found[2] or section.anchor
                made["successor"] = f"{verb.upper()} {_INDEX.sub('', found[1])}"
            return


def _request(
    rows: list[Row], path: str, passed: Mapping[str, Any], problems: Problems
) -> tuple[dict[str, Any], dict[str, Any]]:
    request: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    variables = _VARIABLE.findall(path)
    if variables:
        request["path"] = _variables(rows, path, passed, problems)
    by_name = {row.name: row for row in rows}
    for option, place in _BODIES.items():
        if option in by_name and (by_name[option].children or option != "query"):
            request[place] = fields.records(by_name[option].children, passed.get(option))
            if place == "multipart":
                _parts(request[place])
            if groups := either.groups(by_name[option]):
                rules[place] = groups
    if "headers" in by_name:
        request["headers"] = fields.records(by_name["headers"].children, passed.get("headers"))
    for row in rows:
        if row.name not in _ASIDE and row.name not in variables:
            problems.add(row.line, f"{row.name} is no variable of {path}, and no place of a request has this name")
    return request, rules


def _variables(rows: list[Row], path: str, passed: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return the variables of a path; some pages have their rows below the query by mistake, which moves them here."""
    made: dict[str, Any] = {}
    names = _VARIABLE.findall(path)
    by_name = {row.name: row for row in rows}
    query = next((row for row in rows if row.name == "query"), None)
    for name in names:
        if name in by_name:
            made[name] = fields.record(by_name[name], passed.get(name))
            continue
        below = next((row for row in query.children if row.name == name), None) if query else None
        if query and below:
            query.children.remove(below)
            inside = passed.get("query")
            made[name] = fields.record(below, passed.get(name, inside.get(name) if isinstance(inside, dict) else None))
        else:
            problems.add(rows[0].line if rows else 0, f"the path {path} has {{{name}}}, and no row speaks of it")
            made[name] = {"type": "string", "required": True}
    return made


def _parts(members: dict[str, Any]) -> None:
    """Give the file its type: on the pages, it is an object without fields."""
    for name, member in members.items():
        record = {"type": member} if isinstance(member, str) else member
        if record["type"] == "object" and "fields" not in record:
            members[name] = record | {"type": "file"}


def _content(section: Section, response: Table) -> str:
    remarks = " ".join(cells[0].text for _, cells in response.rows if "align" in cells[0].attributes)
    found = next((content for word, content in _CONTENT.items() if word in remarks), None)
    if found:
        return found
    return "xml" if any("Transformer::toArray" in code.text for code in section.codes) else "json"
