"""What the actions of a sandbox do and take, in English and Chinese."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chainable.i18n import Words
from chainable.sandbox.faults import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Choices", "Suggestions", "check_choice", "describe", "explained", "in_both", "parameter"]

Action = TypeVar("Action", bound=Callable[..., Any])
Choices = Iterable[str] | Callable[[], Iterable[str]]
"""The values that a parameter can have; a function where they take time to find."""

_TICKS = re.compile(r"``|:\w+:")


class Suggestions(tuple[str, ...]):
    """Values that a parameter can have, among others."""

    __slots__ = ()


def explained(chinese: str, **choices: Choices) -> Callable[[Action], Action]:
    """
    Explain the action below in Chinese, as its docstring does in English, and name the values of its parameters.

    Other values raise ValueError, except of a parameter with :class:`Suggestions`.
    """
    closed = {name: values for name, values in choices.items() if not isinstance(values, Suggestions)}

    def explain(action: Action) -> Action:
        found = checking(action, closed) if closed else action
        vars(found)["explained"] = (chinese, choices)
        return found

    return explain


def checking(action: Action, choices: Mapping[str, Choices]) -> Action:
    """Return an action that refuses values which are none of the choices of its parameters."""
    signature = inspect.signature(action)

    @wraps(action)
    def checked(*positional: Any, **named: Any) -> Any:
        given = signature.bind_partial(*positional, **named).arguments
        for name, possible in choices.items():
            if name in given and given[name] != signature.parameters[name].default:
                check_choice(name, given[name], tuple(possible() if callable(possible) else possible))
        return action(*positional, **named)

    return cast("Action", checked)


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError, with those that are similar, if a value is none of the choices; True and False are text, too."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text not in choices:
        near = suggestion(text, choices)
        raise ValueError(
            Words(
                f"{name}: {text!r} is not a choice{near}; choose one of {', '.join(choices)}",
                f"{name}：没有 {text!r}{near.zh}，可选：{'、'.join(choices)}",
            )
        )


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
