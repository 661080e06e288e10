"""The chain of a method's name; its step ``post`` may also be the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chainable.chain import NameChain
from chainable.masking import MaskedDict, MaskedTuple, safe_repr
from taobao_top import catalogue

if TYPE_CHECKING:
    from typing_extensions import Self

    from chainable.promise import Promise
    from chainable.response import Response

__all__ = ["MethodChain", "method_name"]


class _Posted(str):
    """A name whose last step was the attribute ``post``: a part of the name, or the call."""

    __slots__ = ()


@safe_repr
class MethodChain(NameChain):
    """A chain that spells a method's name; calling it, or its ``post``, sends."""

    __slots__ = ()

    @property
    def post(self) -> Self:
        """The step named ``post``, which sends as well when it is called."""
        return type(self)(self._sender, _Posted(f"{self._path}.post"))

    def _submit(self, *positional: Any, **keywords: Any) -> Promise[Response[Any]]:
        positional, keywords = MaskedTuple(positional), MaskedDict(keywords)
        path = _Posted(f"{self._path}.post")
        return cast("Promise[Response[Any]]", self._sender.submit(path, "POST", positional, keywords))


def method_name(path: str) -> str:
    """
    Return the method of a called chain.

    A last step ``post`` belongs to the name only if the catalogue has that name and not the one without it.
    """
    if not isinstance(path, _Posted):
        return path
    before = path[: -len(".post")]
    return str(path) if catalogue.method(before) is None and catalogue.method(path) is not None else before
