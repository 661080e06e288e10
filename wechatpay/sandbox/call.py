"""A request that passed the gate, and where the flows register what they do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.messages import Request
    from wechatpay.sandbox.platform import Platform

    Handler = Callable[["Platform", "Call"], Any]

__all__ = ["SIGNING", "Call", "Routes", "Upload", "sent_v2"]

SIGNING = ("nonce_str", "sign", "sign_type")
"""What an APIv2 request is signed with; it says nothing of what is asked for."""


@frozen(eq=False)
class Upload:
    """A file of a multipart body."""

    name: str
    filename: str
    content: bytes = field(repr=False)


@frozen(eq=False)
class Call:
    """
    A verified request.

    Args:
        operation: What is called.
        request: As it arrived.
        variables: Values of the path's variables.
        query: Parameters behind the ``?``.
        body: Members of the body (JSON, XML or meta), encrypted ones opened.
        files: Uploaded files.
        serial: The platform key that the client asked to be answered with.
    """

    operation: Operation
    request: Request
    variables: Mapping[str, str]
    query: Mapping[str, Any] = field(default=Factory(dict), repr=False)
    body: Mapping[str, Any] = field(default=Factory(dict), repr=False)
    files: tuple[Upload, ...] = ()
    serial: str = ""

    def __getitem__(self, name: str) -> Any:
        """The value of this name in the path, the body or the query; KeyError if there is none."""
        for place in (self.variables, self.body, self.query):
            if name in place:
                return place[name]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of this name in the path, the body or the query."""
        try:
            return self[name]
        except KeyError:
            return default


def sent_v2(call: Call) -> dict[str, Any]:
    """The parameters of a v2 request that make it the same request when it is repeated."""
    return {name: value for name, value in call.body.items() if name not in SIGNING}


class Routes:
    """What answers an operation; whatever is not here answers from the catalogue."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def on(self, *keys: str) -> Callable[[Handler], Handler]:
        """Register the function below for these operations (``POST v3/pay/transactions/native``)."""

        def register(handler: Handler) -> Handler:
            for key in keys:
                self._handlers[key] = handler
            return handler

        return register

    def include(self, other: Routes) -> None:
        """Take over another table's registrations."""
        self._handlers.update(other._handlers)

    def get(self, key: str) -> Handler | None:
        """What answers this operation."""
        return self._handlers.get(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._handlers)
