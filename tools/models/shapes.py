"""What both readers share: classes of models, expanded to the form of the catalogue's source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Member", "Shapes", "operation"]

Members = dict[str, Any]


@define
class Member:
    """
    One member of a class of models.

    Attributes:
        attribute: What the code calls it.
        name: What is sent.
        kind: Its type: one of the catalogue's, or the name of another class.
        many: Whether it is a list.
        required: Whether it is always sent; None if the models do not say.
        encrypted: Whether its value is encrypted.
    """

    attribute: str
    name: str
    kind: str
    many: bool = False
    required: bool | None = None
    encrypted: bool = False


@define
class Shapes:
    """
    All classes and enumerations of a checkout, by their full names.

    Attributes:
        classes: The members of each class.
        enums: The values of each enumeration; empty for another name of a text.
    """

    classes: dict[str, list[Member]] = field(factory=dict)
    enums: dict[str, list[str]] = field(factory=dict)

    def members(self, name: str, *, without: Iterable[str] = (), within: tuple[str, ...] = ()) -> Members:
        """Return the members of a class as the catalogue's source writes them."""
        left_out = set(without)
        return {
            member.name: self.record(member, (*within, name))
            for member in self.classes.get(name, ())
            if member.name not in left_out
        }

    def record(self, member: Member, within: tuple[str, ...] = ()) -> Members:
        """Return one member as the catalogue's source writes it."""
        made: Members = {"type": member.kind, "required": member.required}
        if member.kind in self.classes:
            made["type"] = "object"
            if member.kind not in within:
                made["fields"] = self.members(member.kind, within=within)
        elif member.kind in self.enums:
            made["type"] = "string"
            if self.enums[member.kind]:
                made["enum"] = self.enums[member.kind]
        if member.many:
            made["type"] += "[]"
        if member.encrypted and made["type"] == "string":  # of objects and lists it says that something inside is
            made["encrypted"] = "rsa"
        return made


def operation(
    query: Mapping[str, Any] | None = None,
    json: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
) -> Members:
    """Return the places of an operation that have members."""
    places = {"query": query, "json": json, "answer": answer}
    return {place: dict(members) for place, members in places.items() if members}
