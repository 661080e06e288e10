"""Renew connections, pools and locks in a forked child."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["renew_after_fork"]

_renewals: set[weakref.WeakMethod[Callable[[], None]]] = set()


def renew_after_fork(renew: Callable[[], None]) -> None:
    """Call a bound method, which replaces connections and locks, in every forked child while its object exists."""
    _renewals.add(weakref.WeakMethod(renew, _renewals.discard))


def _renew_all() -> None:
    for renew in filter(None, [renewal() for renewal in list(_renewals)]):
        renew()


# Windows has no fork, so os lacks this function there.
getattr(os, "register_at_fork", dict)(after_in_child=_renew_all)
