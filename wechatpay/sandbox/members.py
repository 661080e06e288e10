"""The documented members of an object by name, worked out once for all requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.catalogue import Field

__all__ = ["Members", "members_of"]

KEPT = 2048
"""How many objects are remembered: about those of the 150 operations with the most of them."""
_known: dict[int, Members] = {}


@frozen(eq=False)
class Members:
    """
    The members of one object.

    Attributes:
        fields: They as the catalogue has them.
        by_name: They by name.
        required: Those that a request has to have.
        first: Each with its name in a response that is made up: a numbered one has the number 0.
    """

    fields: tuple[Field, ...]
    by_name: Mapping[str, Field]
    required: tuple[Field, ...]
    first: tuple[tuple[str, Field], ...]


def members_of(fields: tuple[Field, ...]) -> Members:
    """Return the members of the object with these fields; the same tuple gives the same members."""
    found = _known.get(id(fields))
    if found is None:
        found = Members(
            fields,  # held here, so that no other tuple gets its id
            {each.name: each for each in fields},
            tuple(each for each in fields if each.required),
            tuple((each.name.replace("$n", "0").replace("$m", "0"), each) for each in fields),
        )
        if len(_known) >= KEPT:
            _known.clear()
        _known[id(fields)] = found
    return found
