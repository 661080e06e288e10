"""Read the notification event that a page describes, as the catalogue's source writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.import_catalogue import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.import_catalogue.fields import Row
    from tools.import_catalogue.markdown import Section
    from tools.import_catalogue.problems import Problems

__all__ = ["SILENT", "events"]

SILENT = frozenset({"summary"})
"""What no page of an event states: the summary of real notifications, which is known from captures."""


def events(page: str, sections: list[Section], problems: Problems) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield version and name, the line and the record of the event of a page; ``page`` is its path without ``.md``."""
    version, _, name = page.partition("/")
    for section in sections[:1]:
        table = next((table for table in section.tables if table.kind == "request"), None)
        top = {row.name: row for row in fields.rows(table, problems)} if table else {}
        if version not in {"v2", "v3"} or not name:
            problems.add(section.line, f"the page of an event is v2/NAME.md or v3/NAME.md, not {page}.md")
        elif "body" not in top:
            problems.add(section.line, "a table headed 请求参数 with a row body was expected; the event was not read")
        else:
            record = _record(name, section, top)
            body = top["body"].children
            if version == "v3":
                record |= _resource(body, section, problems)
            else:
                record |= _fields(body)
            yield f"{version} {name}", section.line, record


def _record(name: str, section: Section, top: dict[str, Row]) -> dict[str, Any]:
    kinds = fields.values(_description(top["body"].children, "event_type"))
    made: dict[str, Any] = {"event_type": name if name in kinds or not kinds else kinds[0]}
    if not any(row.name == "event_type" for row in top["body"].children):
        made["event_type"] = None
    if len(kinds) > 1:
        made["event_types"] = kinds
    made |= {"title": section.title, "docs": list(dict.fromkeys(section.links))}
    made["headers"] = [row.name for row in top["headers"].children] if "headers" in top else []
    return made


def _description(rows: list[Row], name: str) -> str:
    return next((row.description for row in rows if row.name == name), "")


def _resource(body: list[Row], section: Section, problems: Problems) -> dict[str, Any]:
    """Return what is inside the encrypted resource of an APIv3 notification."""
    resource = next((row.children for row in body if row.name == "resource"), [])
    sealed = next((row for row in resource if row.name == "ciphertext"), None)
    if sealed is None:
        problems.add(section.line, "body has no row resource.ciphertext; what is inside it was not read")
        return {"resource": {}}
    kinds = fields.values(_description(resource, "original_type"))
    opened = [row for row in resource if row.name == "original_data" and row.children]
    # Some tables name another row of the resource last, so that what is sealed stands below that.
    beside = next((row.children for row in [sealed, *resource] if row.children), [])
    inner = fields.records(opened)["original_data"]["fields"] if opened else fields.records(beside)
    made: dict[str, Any] = {"original_type": kinds if len(kinds) > 1 else kinds[0]} if kinds else {}
    return made | {"resource": inner}


def _fields(body: list[Row]) -> dict[str, Any]:
    """Return the members of an APIv2 notification, and which of them is encrypted."""
    sealed = next((row for row in body if row.encrypted), None)
    made: dict[str, Any] = {}
    if sealed:
        made = {"encrypted_field": sealed.name, "encryption": sealed.encrypted}
    return made | {"fields": fields.records(body)}
