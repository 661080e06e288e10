"""A request that passed its checks, and the tables in which flows register their handlers and user actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import Factory, field, frozen

from chainable.sandbox.actions import explained

if TYPE_CHECKING:
    from chainable.sandbox.actions import Choices
    from chainable.sandbox.multipart import Part
    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.http import Request

__all__ = ["SIGNING", "ReceivedCall", "Routes", "sent_v2"]

Handler = TypeVar("Handler", bound=Callable[..., Any])
"""A handler takes the sandbox's context and the call, an action the context and the number of an object."""

SIGNING = ("nonce_str", "sign", "sign_type")
"""Parameters of an APIv2 request that belong to its signature, not to its content."""


@frozen(eq=False)
class ReceivedCall:
    """
    A verified request.

    Args:
        operation: The operation called.
        request: As it arrived.
        variables: Values of the path's variables.
        query: Parameters behind the ``?``.
        body: Members of the body (JSON, XML or meta), encrypted ones opened.
        files: Uploaded files.
        serial: The platform key that the client asked the response to be signed with.
        unfinished: Whether a fault wants the flow to leave its object in the state in which the user has yet to act.
    """

    operation: Operation
    request: Request
    variables: Mapping[str, str]
    query: Mapping[str, Any] = field(default=Factory(dict), repr=False)
    body: Mapping[str, Any] = field(default=Factory(dict), repr=False)
    files: tuple[Part, ...] = ()
    serial: str = ""
    unfinished: bool = False

    def __getitem__(self, name: str) -> Any:
        """Return the value of this name in the path, the body or the query; raise KeyError without one."""
        for part in (self.variables, self.body, self.query):
            if name in part:
                return part[name]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of this name in the path, the body or the query."""
        try:
            return self[name]
        except KeyError:
            return default


def sent_v2(call: ReceivedCall) -> dict[str, Any]:
    """Return the parameters by which a repeated v2 request is recognised."""
    return {name: value for name, value in call.body.items() if name not in SIGNING}


class Routes:
    """Handlers of operations, and actions of users and of the platform; the catalogue answers the other operations."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[..., Any]] = {}
        self.actions: dict[str, Callable[..., Any]] = {}
        self.unfinished: set[str] = set()
        self.apart: set[str] = set()

    def on(self, *keys: str, unfinished: bool = False, apart: bool = False) -> Callable[[Handler], Handler]:
        """
        Register the function below for operations.

        Args:
            keys: The operations: ``POST v3/pay/transactions/native``.
            unfinished: Whether it heeds :attr:`ReceivedCall.unfinished`.
            apart: Whether it takes long: it works in a thread of its own, without the lock and a transaction.
        """

        def register(handler: Handler) -> Handler:
            self.handlers.update(dict.fromkeys(keys, handler))
            if unfinished:
                self.unfinished.update(keys)
            if apart:
                self.apart.update(keys)
            return handler

        return register

    def action(self, name: str, chinese: str, **choices: Choices) -> Callable[[Handler], Handler]:
        """
        Register the function below as an action: the control API and :attr:`Sandbox.actions` offer it.

        Args:
            name: Its name.
            chinese: What it does, as the first paragraph of its docstring says in English.
            choices: The values that its parameters can have.
        """

        def register(action: Handler) -> Handler:
            self.actions[name] = explained(chinese, **choices)(action)
            return action

        return register

    def include(self, other: Routes) -> None:
        """Add another table's handlers and actions."""
        self.handlers.update(other.handlers)
        self.actions.update(other.actions)
        self.unfinished.update(other.unfinished)
        self.apart.update(other.apart)
