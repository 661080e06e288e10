"""The control API of a sandbox: a table of controls, and the checks of every request to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.access import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from chainable.sandbox.http import Request

__all__ = ["PREFIX", "ControlError", "Controls", "in_chinese", "members", "refuse_constant"]

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
