"""
Definitions of methods that are given at run time, in the form of the catalogue's source.

::

    group: acme
    methods:
      taobao.acme.order.get:
        title: 查询订单
        session: required
        params:
          fields: {type: String, required: true}
          order_ids: {type: Number, list: true}
        answer:
          orders:
            type: Order
            list: true
            fields:
              order_id: Number
              created: Date
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainable.masking import safe_repr
from taobao_top import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taobao_top.catalogue import Method

__all__ = ["Catalogue", "Definitions"]

Source = str | os.PathLike[str] | Mapping[str, Any]
Definitions = Source | list[Source] | tuple[Source, ...]
"""A path, a text, or the content of definitions; several of these."""


@safe_repr
class Catalogue:
    """
    The methods that a client or a sandbox knows: the package's, and definitions of its own, which come first.

    Args:
        definitions: The path of a YAML or JSON file, its text, or its content
            as a mapping; a list or tuple of several; None for no more than the
            package's methods.  YAML needs the extra ``yaml``.

    Raises:
        ConfigurationError: A definition cannot be read; the error names the place.
    """

    def __init__(self, definitions: Definitions | None = None) -> None:
        self._own: dict[str, Method] = {}
        if definitions is not None:
            from taobao_top.catalogue.definition_reader import read_definitions

            several = definitions if isinstance(definitions, list | tuple) else [definitions]
            for each in several:
                self._own.update(read_definitions(each))

    @classmethod
    def of(cls, definitions: Catalogue | Definitions | None) -> Catalogue:
        """Return the catalogue as it is, or one with these definitions."""
        if isinstance(definitions, Catalogue):
            return definitions
        return PACKAGED if definitions is None else cls(definitions)

    @property
    def is_extended(self) -> bool:
        """Whether it has definitions of its own."""
        return bool(self._own)

    def method(self, name: str, /) -> Method | None:
        """Return the method of a full name; None if it is unknown."""
        return self._own.get(name) or catalogue.method(name)

    def methods(self) -> Iterator[str]:
        """Iterate over the names of all methods, sorted."""
        yield from sorted({*self._own, *catalogue.methods()}) if self._own else catalogue.methods()

    def parameters(self) -> set[str]:
        """Return the names of the parameters of all methods."""
        return {*catalogue.parameters(), *(name for method in self._own.values() for name in method.types)}


PACKAGED = Catalogue()
"""The package's methods alone."""
