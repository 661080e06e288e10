"""The control API of a sandbox: a table of controls, and the checks of every request to them."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.access import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from chainable.sandbox.http import Request

__all__ = ["PREFIX", "ControlError", "Controls", "check_arguments", "in_chinese", "members", "refuse_constant", "whole"]

PREFIX = "_sandbox"
"""First segment of the paths of the control API, and of the inspector."""


class ControlError(Exception):
    """A request to the controls that is refused, with the HTTP status 400, 403 or 415."""

    def __init__(self, status: int, message: Words) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Controls:
    """Functions by verb and path below ``/_sandbox/``: ``GET deliveries/{id}``; a segment in braces takes any value."""

    def __init__(self, controls: Mapping[str, Callable[..., Any]]) -> None:
        self._controls = {tuple(key.replace(" ", "/", 1).split("/")): control for key, control in controls.items()}

    def find(self, method: str, segments: Iterable[str]) -> tuple[Callable[..., Any], tuple[str, ...]]:
        """Return the control of a request, and the values in its path; raise LookupError if there is none."""
        parts = (method, *segments)
        exact = self._controls.get(parts)
        if exact is not None:
            return exact, ()
        for key, control in self._controls.items():
            if len(key) == len(parts) and all(
                name.startswith("{") or name == part for name, part in zip(key, parts, strict=True)
            ):
                return control, tuple(part for name, part in zip(key, parts, strict=True) if name.startswith("{"))
        place = f"{method} /{PREFIX}/{'/'.join(parts[1:])}"
        raise LookupError(Words(f"nothing is at {place}", f"{place} 不存在"))

    @property
    def names(self) -> list[str]:
        """The controls as ``GET /_sandbox/journal``."""
        return [f"{method} /{PREFIX}/{'/'.join(path)}" for method, *path in self._controls]


def in_chinese(error: Exception) -> dict[str, str]:
    """Return the Chinese text of an error as the member ``zh`` of its response; empty if it has none."""
    text = error.args[0] if error.args else ""
    return {"zh": text.zh.encode(errors="replace").decode()} if isinstance(text, Words) else {}


def check_arguments(
    name: str, function: Callable[..., Any], sent: Collection[str], hidden: Collection[str] = ("self",)
) -> None:
    """Raise TypeError, with the parameters of a function without *hidden*, unless it takes what was sent."""
    signature = inspect.signature(function).parameters
    taken = {
        each: about for each, about in signature.items() if each not in hidden and about.kind is not about.VAR_KEYWORD
    }
    further = any(about.kind is about.VAR_KEYWORD for about in signature.values())
    missing = [each for each, about in taken.items() if about.default is about.empty and each not in sent]
    unknown = [each for each in sent if each not in taken and (each in hidden or not further)]
    if missing or unknown:
        wrong = [f"{each} is missing" for each in missing] + [f"{each} is unknown" for each in unknown]
        wrong_zh = [f"缺少 {each}" for each in missing] + [f"没有参数 {each}" for each in unknown]
        raise TypeError(
            Words(
                f"{name} takes {', '.join(taken) or 'nothing'}: {', '.join(wrong)}",
                f"{name} 的参数：{'、'.join(taken) or '无'}；{'，'.join(wrong_zh)}",
            )
        )


def whole(name: str, value: Any) -> int:
    """Return a whole number, or the one in a text; ValueError, with the name of the parameter, if it is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(Words(f"{name}: a whole number is expected", f"{name}：应为整数")) from None


def members(request: Request, address: str, hosts: Collection[str] = ()) -> dict[str, Any]:
    """
    Check a request to the controls of a sandbox at this address and with these further hosts, and return the members of
    its JSON body; an empty body has none.

    Raises:
        ControlError: 403: it comes from another site or names another host; 415: a body that is not declared as JSON,
            which a web page could send unasked; 400: the body is not a JSON object.
    """
    reason = refusal(request, address, hosts)
    if reason is not None:
        raise ControlError(403, reason)
    content_type = request.header("content-type") or ""
    if (
        request.method != "GET"
        and request.body
        and content_type.partition(";")[0].strip().lower() != "application/json"
    ):
        raise ControlError(
            415, Words("content-type must be application/json", "请求头 Content-Type 应为 application/json")
        )
    try:
        sent = json.loads(request.body or b"{}", parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise ControlError(400, Words("the body must be JSON", "请求体应为 JSON")) from None
    if not isinstance(sent, dict):
        raise ControlError(400, Words("the body must be a JSON object", "请求体应为 JSON 对象"))
    return sent


def refuse_constant(name: str) -> None:
    """Raise ValueError: NaN and the infinities are not JSON."""
    raise ValueError(Words(f"{name} is not JSON", f"{name} 不是合法的 JSON"))
