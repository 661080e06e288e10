"""The named values of requests and responses."""

from __future__ import annotations

from attrs import frozen

from chainable.masking import fields_repr

__all__ = ["Param"]


@fields_repr
@frozen(repr=False, slots=False)  # as chainable.call.Call
class Param:
    """
    One named value of a request or a response.

    Attributes:
        name: Its name on the wire.
        type: ``String``, ``Number``, ``Boolean``, ``Date``, ``Json``, ``byte[]``, … or the name of an object's class.
        required: Whether it is mandatory.
        list: Whether it is a list of that type.
        example: A value from the official page, as text; None without one.
        fields: The members of an object.
    """

    name: str
    type: str = "String"
    required: bool = False
    list: bool = False
    example: str | None = None
    fields: tuple[Param, ...] = ()
