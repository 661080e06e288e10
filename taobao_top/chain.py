"""The chain of a method name, whose step ``post`` may also be the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.chain import NameChain
from chainable.masking import MaskedDict, MaskedTuple, safe_repr
from taobao_top import catalogue

if TYPE_CHECKING:
    from typing_extensions import Self

    from chainable.promise import Promise
    from chainable.response import Response

__all__ = ["MethodChain", "method_name"]


class _Posted(str):
    """A name whose last step was the attribute ``post``, a part of the name or the call."""

    __slots__ = ()


@safe_repr
class MethodChain(NameChain):
    """A chain that spells a method's name; calling it, or its ``post``, sends."""

    __slots__ = ()

    @property
    def post(self) -> Self:
        """The step named ``post``, which sends as well when it is called."""
        return type(self)(self._client, _Posted(f"{self._place}.post"))

    def _send_later(self, *positional: Any, **keywords: Any) -> Promise[Response[Any]]:
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        return self._client._later(self.post, "POST", positional, keywords)  # noqa: SLF001 (the chain is the client's own)


def method_name(chain: MethodChain) -> str:
    """
    Tell which method a called chain means.

    A last step ``post`` belongs to the name only where the catalogue knows
    that name and not the one before it.
    """
    place = chain._place  # noqa: SLF001 (its own room)
    if not isinstance(place, _Posted):
        return place
    before = place[: -len(".post")]
    return str(place) if catalogue.method(before) is None and catalogue.method(place) is not None else before
