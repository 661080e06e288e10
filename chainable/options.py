"""The options that a call may have, whatever its gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.i18n import Words
from chainable.masking import fields_repr
from chainable.spelling import one_edit
from chainable.validation import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CHECKS", "CallOptions", "call_options"]


@fields_repr
@frozen(repr=False, slots=False)  # as chainable.call.Call
class CallOptions:
    """
    The options of one call; None where the client's own apply.

    Attributes:
        timeout: Seconds to connect, and to wait for each piece of the response.
        retries: The maximum number of attempts after the first.
        deadline: The maximum number of seconds for the whole call.
        headers: Further headers.
        stream: Leave the body of a successful response on the connection.
        verify: TLS verification.
        repeatable: Whether the call may be sent twice; None for the gateway's own rule.

    .. versionadded:: 0.1.0
    """

    timeout: tuple[float, float] | None = None
    retries: int | None = None
    deadline: float | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    stream: bool = False
    verify: bool | str | None = None
    repeatable: bool | None = None


def call_options(keywords: dict[str, Any], names: Iterable[str] = tuple(CHECKS)) -> CallOptions:
    """
    Take the options of a call out of its keywords, and check them; what is left are parameters.

    Args:
        keywords: Those of the verb or the chain that was called; the options are removed from them.
        names: The options that the gateway has: by default all, ``timeout``, ``retries``, ``deadline``, ``headers``,
            ``stream``, ``verify``, ``repeatable``. Leave those out that are parameters of the platform.

    Raises:
        ConfigurationError: The value of an option is unusable.
        TypeError: A keyword is one letter away from an option, and would be sent as a parameter.

    .. versionadded:: 0.1.0
    """
    known = tuple(names)
    given = {name: keywords.pop(name) for name in known if name in keywords}
    for name in keywords:
        near = next((option for option in known if one_edit(name, option)), None)
        if near is not None:
            msg = Words(
                f"{name!r} is no option: did you mean {near!r}? A parameter of this name goes into a mapping",
                f"{name!r} 不是调用选项，是否要写 {near!r}？同名的参数请放在字典中",
            )
            raise TypeError(msg)
    return CallOptions(**{name: CHECKS[name](value) for name, value in given.items() if value is not None})
