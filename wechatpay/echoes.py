"""
Answers that belong to another request.

A signature of the platform does not name the request that it answers.  Where a
query asks by a number which every good answer repeats, the two are compared;
which queries these are is a reviewed table of the catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import field, frozen

from chainable.errors import SignatureError
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from chainable.response import Response
    from wechatpay.request import Wanted

__all__ = ["Echo", "echo"]

_ANY = "$n"


@safe_repr
@frozen
class Echo:
    """
    The number that a query asks by.

    Attributes:
        asked: The number, without white space around it.
        names: The names that lead to it in the answer; a last one that ends in
            ``$n`` stands for all numbered ones.

    .. versionadded:: 0.1.0
    """

    asked: str = field(repr=False)
    names: tuple[str, ...]

    def check(self, response: Response[Any], data: Any) -> None:
        """
        Compare the number asked for with the number answered; one that is absent is not compared.

        Args:
            response: The answer, for the error.
            data: Its decoded body.

        Raises:
            SignatureError: ``other_request``: the answer names another number.
        """
        *outer, last = self.names
        for name in outer:
            data = data.get(name) if isinstance(data, dict) else None
        if not isinstance(data, dict):
            return
        if last.endswith(_ANY):
            start = last.removesuffix(_ANY)
            found = [
                value for name, value in data.items() if name.startswith(start) and name.removeprefix(start).isdigit()
            ]
        else:
            found = [data.get(last)]
        answered = [number for number in map(_number, found) if number]
        if not answered or any(_are_same(number, self.asked) for number in answered):
            return
        response.verified = False
        msg = (
            f"{response.label}: the answer is signed, but names another {last} than the request: it belongs to another "
            f"request, and was recorded and sent again or mixed up on the way; ask again before you act on either"
        )
        raise SignatureError(msg, reason="other_request", response=response)


def echo(wanted: Wanted) -> Echo | None:
    """
    Find the number that a query asks by.

    Args:
        wanted: The request.

    Returns:
        None where the catalogue lists no number for it, or the request has none of them.
    """
    operation = wanted.operation
    if operation is None:
        return None
    for place, name, *names in operation.echoes:
        if place == "path":
            given: Any = _segment(operation.path, wanted.path(), name)
        else:
            members = wanted.params if place == "query" else wanted.xml
            given = members.get(name) if hasattr(members, "get") else None
        asked = _number(given)
        if asked:
            return Echo(asked, tuple(names))
    return None


def _segment(template: str, path: str, name: str) -> str:
    at = template.split("/").index(f"{{{name}}}")
    return unquote(path.split("/")[at])


def _number(value: Any) -> str | None:
    """Return a number as text; None for what is neither a text nor an integer."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _are_same(answered: str, asked: str) -> bool:
    # The platform may know one number in capitals and small letters, or without zeros in front: no reason for an alarm.
    return answered == asked or answered.casefold().lstrip("0") == asked.casefold().lstrip("0")
