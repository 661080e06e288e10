"""The headers of requests and responses, without the loops of the abstract classes below those of requests."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from requests.structures import CaseInsensitiveDict

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, Mapping

    class _Dict(CaseInsensitiveDict[Any]): ...

else:
    _Dict = CaseInsensitiveDict  # it has no type parameter before requests 2.34

__all__ = ["Headers"]


@safe_repr
class Headers(_Dict):
    """
    A :class:`requests.structures.CaseInsensitiveDict` that is made, read and listed in few calls.

    Each call of a client makes two of them and reads them some twenty times, and requests' inherit six functions for
    each field.

    Args:
        fields: Values by name.
    """

    def __init__(self, fields: Mapping[str, Any] | None = None) -> None:
        fields = fields or {}
        self._store = OrderedDict([(name.lower(), (name, value)) for name, value in fields.items()])

    @classmethod
    def of(cls, fields: Mapping[str, tuple[str, Any]]) -> Headers:
        """Return the headers of a mapping from names in lower case to names as they are written, and values."""
        headers = cls.__new__(cls)
        headers._store = OrderedDict(fields)  # noqa: SLF001 (of this class)
        return headers

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._store

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._store.values()])

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default if there is none."""
        field = self._store.get(name.lower())
        return default if field is None else field[1]

    def items(self) -> ItemsView[str, Any]:
        """Return the names, as they are written, and the values."""
        return dict(self._store.values()).items()

    def copy(self) -> Headers:
        """Return a copy."""
        return Headers.of(self._store)
