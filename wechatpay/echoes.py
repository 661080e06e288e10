"""
Detection of responses that belong to another request.

The platform's signature does not cover the request.  Where a query asks by a
number that every successful response repeats, the two are compared; the
catalogue has a reviewed table of these queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import field, frozen

from chainable.errors import SignatureError
from chainable.i18n import Words
from chainable.masking import fields_repr

if TYPE_CHECKING:
    from chainable.response import Response
    from wechatpay.request import RequestSpec

__all__ = ["Echo", "find_echo"]

_ANY = "$n"


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # as chainable.call.Call
class Echo:
    """
    The number that a query asks by, and the path to it in the response.

    A last name that ends in ``$n`` stands for all numbered ones.
    """

    asked: str = field(repr=False)
    names: tuple[str, ...]

    def check(self, response: Response[Any], data: Any) -> None:
        """
        Compare the number in the decoded response with the one in the request; an absent number is not compared.

        Raises:
            SignatureError: ``other_request``: the response names another number.
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
        msg = Words(
            f"{response.label}: the response is signed, but its {last} is not that of the request: it belongs to another "
            f"request, and was replayed or mixed up on the way; query again before you act on either",
            f"{response.label}：应答的签名有效，但其中的 {last} 与请求的不同：它属于另一个请求，被重放或途中弄混；据此处理之前请重新查询",
        )
        raise SignatureError(msg, reason="other_request", response=response)


def find_echo(spec: RequestSpec) -> Echo | None:
    """
    Return the number that a query asks by.

    None where the catalogue lists no number for it, or the request has none of them.
    """
    operation = spec.operation
    if operation is None:
        return None
    for place, name, *names in operation.echoes:
        if place == "path":
            given: Any = _segment(operation.path, spec.path, name)
        else:
            members = spec.params if place == "query" else spec.xml
            given = members.get(name) if hasattr(members, "get") else None
        asked = _number(given)
        if asked:
            return Echo(asked, tuple(names))
    return None


def _segment(template: str, path: str, name: str) -> str:
    at = template.split("/").index(f"{{{name}}}")
    return unquote(path.split("/")[at])


def _number(value: Any) -> str | None:
    """Return a number as text; None for other types."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _are_same(answered: str, asked: str) -> bool:
    # The platform may change the case of a number, or drop its leading zeros.
    return answered == asked or answered.casefold().lstrip("0") == asked.casefold().lstrip("0")
