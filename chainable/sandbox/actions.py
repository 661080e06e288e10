"""What the actions of a sandbox do and take, as their signatures and docstrings say."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["describe"]

_SENTENCE = re.compile(r"(?<=[.;])\s+")
_TICKS = re.compile(r"``|:\w+:")


def describe(action: Callable[..., Any], usual: Mapping[str, str]) -> dict[str, Any]:
    """
    Return what an action ``does``, and each parameter that it ``takes``: name, whether it is required, default, about.

    About a parameter is the first sentence of the docstring that begins with it, else what *usual* says.
    """
    function = getattr(action, "func", action)  # of a partial
    first, *others = (inspect.getdoc(function) or "").split("\n\n")
    sentences = [each for part in others for each in _SENTENCE.split(part.replace("\n", " "))]
    takes = []
    for name, about in inspect.signature(action).parameters.items():
        said = next((each for each in sentences if each.startswith(f"``{name}``")), "")
        takes.append(
            {
                "name": name,
                "required": about.default is about.empty,
                "default": None if about.default in (about.empty, None, "") else str(about.default),
                "about": _plain(said) or usual.get(name, ""),
            }
        )
    return {"does": _plain(first.replace("\n", " ")), "takes": takes}


def _plain(text: str) -> str:
    return _TICKS.sub("", text).strip()
