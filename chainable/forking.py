"""Renew connections, pools and locks in a forked child."""

from __future__ import annotations

import os
import weakref
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import MethodType

__all__ = ["renew_after_fork"]

_renewals: dict[int, tuple[weakref.ref[Any], Callable[[Any], object]]] = {}
_numbers = count()


def renew_after_fork(renew: Callable[[], None]) -> None:
    """Call a bound method, which replaces connections and locks, in every forked child while its object exists."""
    number, bound = next(_numbers), cast("MethodType", renew)
    # A WeakMethod with a callback fails, with a message, when the interpreter ends before its object.
    _renewals[number] = weakref.ref(bound.__self__, partial(_renewals.pop, number)), bound.__func__


def _renew_all() -> None:
    for owner, renew in list(_renewals.values()):
        if (each := owner()) is not None:
            renew(each)


# Windows has no fork, so os lacks this function there.
getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)
