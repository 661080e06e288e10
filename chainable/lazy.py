"""Names and functions that are imported when they are first used, and names of modules that have moved."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_attributes", "lazy_function", "moved_module"]


def lazy_attributes(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """
    Return a module's ``__getattr__``, which imports names when they are first used.

    Args:
        module: The name of the module, for the error.
        homes: The names, and for each the module that defines it; a submodule is its own home.
    """

    def attribute(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            msg = Words(f"module {module!r} has no attribute {name!r}", f"模块 {module!r} 没有属性 {name!r}")
            raise AttributeError(msg)
        found = import_module(home)
        return found if home == f"{module}.{name}" else getattr(found, name)

    return attribute


def lazy_function(module: str, name: str) -> Callable[..., Any]:
    """Return a function that imports the named one of a module when it is called."""

    def function(*arguments: Any) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return function


def moved_module(module: str, new: str, **renamed: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module's former name: it warns, and takes names from the new module."""

    def attribute(name: str) -> Any:
        if name.startswith("__"):
            msg = Words(f"module {module!r} has no attribute {name!r}", f"模块 {module!r} 没有属性 {name!r}")
            raise AttributeError(msg)
        value = getattr(import_module(new), renamed.get(name, name))
        warnings.warn(f"{module} is now {new}", DeprecationWarning, stacklevel=2)
        return value

    return attribute
