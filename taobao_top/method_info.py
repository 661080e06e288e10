"""The catalogue's knowledge of a method, as calls use it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from chainable.errors import PathError
from chainable.i18n import Words
from taobao_top.catalogue.definitions import PACKAGED
from taobao_top.errors import is_read
from taobao_top.options import OPTIONS
from taobao_top.parameters import FILE, forms_of
from taobao_top.response_parsing import root_name
from taobao_top.response_shapes import compiled_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.values import Form
    from taobao_top.catalogue import Method
    from taobao_top.catalogue.definitions import Catalogue
    from taobao_top.response_shapes import Shape

__all__ = ["MethodInfo", "method_info", "method_infos"]

_KEPT = 1024
_NO_TYPES: Mapping[str, str] = {}


class MethodInfo(NamedTuple):
    """
    A method, looked up once.

    ``forms`` say how its parameters are written, ``plain`` are those that are neither files nor named like an option,
    ``shape`` is that of its answers.
    """

    name: str
    method: Method | None
    types: Mapping[str, str]
    forms: Mapping[str, Form]
    plain: frozenset[str]
    reads: bool
    root: str
    shape: Shape | None


def method_infos(catalogue: Catalogue) -> Callable[[str], MethodInfo]:
    """Return the function that looks a method of this catalogue up by its name, once."""
    return lru_cache(maxsize=_KEPT)(lambda name: _info(catalogue, name)) if catalogue.is_extended else method_info


def _info(catalogue: Catalogue, name: str) -> MethodInfo:
    if not name.isascii():
        raise PathError(
            Words("a method's name is ASCII: pass values as parameters", "接口名只含 ASCII 字符：值请作为参数传入")
        )
    method = catalogue.method(name)
    types = _NO_TYPES if method is None else method.types
    plain = frozenset(parameter for parameter, kind in types.items() if kind != FILE).difference(OPTIONS)
    shape = None if method is None else compiled_shape(method)
    return MethodInfo(name, method, types, forms_of(types), plain, is_read(name), root_name(name), shape)


@lru_cache(maxsize=_KEPT)
def method_info(name: str) -> MethodInfo:
    """Look a method of the package's catalogue up by its name."""
    return _info(PACKAGED, name)
