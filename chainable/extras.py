"""Packages that an extra installs: if one is missing, the error says how to install it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["extra"]


@contextmanager
def extra(name: str, *packages: str) -> Iterator[None]:
    """
    Import packages of an extra in a ``with`` block.

    Args:
        name: The extra.
        packages: The top-level packages that it installs; the errors of others pass unchanged.

    Raises:
        ModuleNotFoundError: One of them is missing; the message has the command that installs the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in packages:
            raise
        from importlib.metadata import packages_distributions

        distribution = packages_distributions().get("chainable", ["chainable"])[0]
        install = f"pip install '{distribution}[{name}]'"
        msg = Words(f"{missing} is not installed: {install}", f"未安装 {missing}：{install}")
        raise ModuleNotFoundError(msg, name=error.name) from None
