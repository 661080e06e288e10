"""Arguments of constructors by name: a wrong name gets the right one."""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from chainable.i18n import Words, translate
from chainable.masking import MaskedDict, shown_name
from chainable.path import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FunctionType

__all__ = ["with_known_names"]

P = ParamSpec("P")
R = TypeVar("R")


def with_known_names(owner: str, module: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Decorate a function with keyword arguments: the TypeError of an unknown name says which one is meant.

    Args:
        owner: The class or function that is called, for the message.
        module: Where ``OTHER_NAMES`` is, imported for an error only: the names that other SDKs have, in lower case
            without ``_``, and what to write in their place, an argument or a sentence.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code = cast("FunctionType", function).__code__  # inspect.signature() takes a hundred times as long
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        names = [name for name in arguments if name != "self"]
        known = frozenset(names)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if not known.issuperset(kwargs):
                kwargs = MaskedDict(kwargs)  # type: ignore[assignment]  # a traceback shows no key
                name = next(name for name in kwargs if name not in known)
                hint = _hint(name, names, import_module(module).OTHER_NAMES)
                msg = Words(
                    f"{owner}() has no argument {shown_name(name)}{hint}",
                    f"{owner}() 没有参数 {shown_name(name)}{hint.zh}",
                )
                raise TypeError(msg)
            return function(*args, **kwargs)

        return called

    return decorate


def _hint(name: str, names: list[str], other_names: Mapping[str, str]) -> Words:
    folded = _folded(name)
    meant = other_names.get(folded) or next((one for one in names if _folded(one) == folded), None)
    if meant is None:
        return did_you_mean(name, names)
    if " " in meant:
        return Words(f"; {meant}", f"；{translate(meant, 'zh')}")
    return Words(f"; did you mean {meant!r}?", f"；是否要写 {meant!r}？")


def _folded(name: str) -> str:
    return name.lower().replace("_", "")
