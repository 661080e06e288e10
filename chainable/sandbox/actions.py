"""What the actions of a sandbox do and take, in English and Chinese."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Choices", "describe", "explained", "in_both", "parameter"]

Action = TypeVar("Action", bound=Callable[..., Any])
Choices = Iterable[str] | Callable[[], Iterable[str]]
"""The values that a parameter can have; a function where they take time to find."""

_TICKS = re.compile(r"``|:\w+:")


def explained(chinese: str, **choices: Choices) -> Callable[[Action], Action]:
    """Explain the action below in Chinese, as its docstring does in English, and name the values of its parameters."""

    def explain(action: Action) -> Action:
        vars(action)["explained"] = (chinese, choices)
        return action

    return explain


def in_both(name: str, text: Words) -> dict[str, str]:
    """Return a text as two members of a JSON object: ``does`` and ``does_zh``."""
    return {name: str(text), f"{name}_zh": text.zh}


def parameter(
    name: str, about: Words, *, required: bool, default: str | None = None, choices: Choices = ()
) -> dict[str, Any]:
    """Return a parameter of an action as a JSON object."""
    values = list(choices() if callable(choices) else choices)
    return {"name": name, "required": required, "default": default, "choices": values, **in_both("about", about)}


def describe(name: str, action: Callable[..., Any], family: Words, words: Mapping[str, Words]) -> dict[str, Any]:
    """
    Return what an action ``does``, its ``family`` and what it ``takes`` as a JSON object, each text in both languages.

    Args:
        name: The action's name.
        action: It, explained by :func:`explained`.
        family: The heading that it stands under.
        words: What parameters mean, by ``state``; where it is another thing in one action, by ``pay.state``.
    """
    function = getattr(action, "func", action)  # of a partial
    explanation: tuple[str, dict[str, Choices]] = getattr(function, "explained", ("", {}))
    chinese, choices = explanation
    english = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    takes = []
    for each, about in inspect.signature(action).parameters.items():
        default = None if about.default in (about.empty, None, "", False) else str(about.default)
        meaning = words.get(f"{name}.{each}") or words.get(each) or Words("", "")
        required = about.default is about.empty
        takes.append(parameter(each, meaning, required=required, default=default, choices=choices.get(each, ())))
    does = Words(_TICKS.sub("", english), chinese)
    return {**in_both("family", family), **in_both("does", does), "takes": takes}
