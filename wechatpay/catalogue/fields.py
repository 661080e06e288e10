"""The fields of operations and events, which a call does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Answer", "Event", "Field", "Request"]


@safe_repr
@frozen
class Field:
    """
    One named value of a request, a response or a notification.

    Attributes:
        type: ``string``, ``integer``, ``number``, ``boolean``, ``object``, ``file``; a list of them ends in ``[]``.
        required: Whether it is always present.
        enum: The possible values; empty if they are unknown.
        encrypted: ``rsa``, ``aes-gcm`` or ``aes-ecb``; None for plain text.
        encoded: ``json`` or ``urlencode`` for a text in that encoding; None for others.
        decoded: The type inside an encoded text, if it is not an object.
        example: A value from the official page; None if it has none.
        fields: The members of an object or of a list's objects.
        one_of: Groups of members of which each needs at least one.
    """

    name: str
    type: str = "string"
    required: bool = False
    enum: tuple[str | int, ...] = ()
    encrypted: str | None = None
    encoded: str | None = None
    decoded: str | None = None
    example: str | int | float | bool | None = None
    fields: tuple[Field, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()


@safe_repr
@frozen
class Request:
    """The fields of a request, by place; None for a place without fields. ``one_of``: at least one of each group."""

    path: tuple[Field, ...] | None = None
    query: tuple[Field, ...] | None = None
    headers: tuple[Field, ...] | None = None
    json: tuple[Field, ...] | None = None
    xml: tuple[Field, ...] | None = None
    multipart: tuple[Field, ...] | None = None
    one_of: Mapping[str, tuple[tuple[str, ...], ...]] = field(factory=dict)


@safe_repr
@frozen
class Answer:
    """The fields of a response; its content is ``json``, ``xml``, ``binary``, ``empty`` or ``redirect``."""

    content: str
    fields: tuple[Field, ...] = ()


@safe_repr
@frozen
class Event:
    """
    One kind of notification, of ``v3`` (JSON) or ``v2`` (XML).

    Attributes:
        name: Its ``event_type``, or the slug of a v2 notification without one.
        event_type: The ``event_type``; None where v2 has none.
        event_types: Every ``event_type`` that it may have.
        original_type: ``original_type`` of its resource, where documented.
        fields: Elements of the XML body (v2).
        resource: Members of the decrypted resource.
        encrypted_field: Element with the encrypted resource (v2).
        encryption: ``aes-gcm`` or ``aes-ecb``; None for plain notifications.
        summary: ``summary`` of real notifications, where it is another text than the page's title.
    """

    version: str
    name: str
    event_type: str | None
    event_types: tuple[str, ...]
    title: str
    docs: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    original_type: str | None = None
    fields: tuple[Field, ...] = ()
    resource: tuple[Field, ...] = ()
    encrypted_field: str | None = None
    encryption: str | None = None
    summary: str | None = None


def _made(records: Iterable[dict[str, Any]]) -> tuple[Field, ...]:
    made = []
    for record in records:
        if "enum" in record:
            record["enum"] = tuple(record["enum"])
        if "fields" in record:
            record["fields"] = _made(record["fields"])
        if "one_of" in record:
            record["one_of"] = _groups(record["one_of"])
        made.append(Field(**record))
    return tuple(made)


def _groups(given: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, given))


def of(record: dict[str, Any]) -> tuple[Request, Answer, tuple[str, ...]]:
    """Return the fields and the pages of an operation from its record."""
    places = record.get("request", {})
    one_of = {place: _groups(groups) for place, groups in places.pop("one_of", {}).items()}
    request = {place: _made(fields) for place, fields in places.items()}
    answer = record.get("response", {})
    return (
        Request(**request, one_of=one_of),
        Answer(answer.get("content", "json"), _made(answer.get("fields", ()))),
        tuple(record.get("docs", ())),
    )


def event(version: str, name: str, record: dict[str, Any]) -> Event:
    """Return an event from its record."""
    for member in ("event_types", "docs", "headers"):
        record[member] = tuple(record.get(member, ()))
    for member in ("fields", "resource"):
        record[member] = _made(record.get(member, ()))
    return Event(version, name, **record)
