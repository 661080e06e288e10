"""The stored objects of a flow: found or refused, repeated, changed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words
from wechatpay.sandbox.flows.states import STATELESS, States
from wechatpay.sandbox.http import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["Objects", "chosen", "one_variable", "page", "refusing"]


@frozen
class Objects:
    """
    The objects of one kind.

    Args:
        kind: Their name in messages; its English text is their kind in the store.
        number: The member that holds the merchant's number.
        id: The member that holds the platform's number.
        inside: The member of a stored entry that holds the object; empty: the entry is the object.
        state: The member that holds the state.
        states: The changes of its state.
        missing: The error code for an unknown number.
        hidden: The members that notifications leave out.
    """

    kind: Words
    number: str
    id: str = ""
    inside: str = ""
    state: str = "state"
    states: States = STATELESS
    missing: str = "RESOURCE_NOT_EXISTS"
    hidden: tuple[str, ...] = ()

    def of(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the object of an entry."""
        found: dict[str, Any] = entry[self.inside] if self.inside else entry
        return found

    def save(self, context: SandboxContext, entry: dict[str, Any]) -> None:
        """Store an entry."""
        found = self.of(entry)
        context.store.put(self.kind, found[self.number], entry, *([found[self.id]] if self.id else []))

    def get(self, context: SandboxContext, number: str) -> dict[str, Any] | None:
        """Return the entry of this number of the merchant's or of the platform's."""
        return context.store.get(self.kind, number)

    def entry(self, context: SandboxContext, number: str, by: str = "") -> dict[str, Any]:
        """Return the entry of this number, in the member ``by`` if it is named; LookupError if there is none."""
        entry = self.get(context, number)
        if entry is None or (by and self.of(entry)[by] != number):
            raise LookupError(Words(f"there is no {self.kind} {number}", f"{self.kind.zh} {number} 不存在"))
        return entry

    def find(self, context: SandboxContext, number: Any, missing: str = "", by: str = "") -> dict[str, Any]:
        """Return the entry of this number, in the member ``by`` if it is named; an unknown number is refused."""
        with refusing(missing or self.missing):
            return self.entry(context, str(number), by)

    def repeated(
        self, context: SandboxContext, number: str, sent: Mapping[str, Any], code: str = "INVALID_REQUEST"
    ) -> dict[str, Any] | None:
        """Return the entry of this number if there is one; other parameters than its own are refused."""
        known = self.get(context, number)
        if known is not None:
            self.same(known, sent, number, code)
        return known

    def same(
        self, known: Mapping[str, Any], sent: Mapping[str, Any], number: str, code: str = "INVALID_REQUEST"
    ) -> None:
        """Refuse a number that was used with other parameters."""
        if known["sent"] != sent:
            raise Refusal(
                400,
                code,
                Words(
                    f"the {self.kind} {number} exists with other parameters",
                    f"请求重入时，参数与首次请求时不一致: {self.kind.zh} {number}",
                ),
            )

    def in_state(self, found: Mapping[str, Any], *states: str) -> None:
        """Raise ValueError if an object is in none of these states."""
        state = found[self.state]
        if state not in states:
            raise ValueError(
                Words(
                    f"the {self.kind} {found[self.number]} is {state}, not {' or '.join(states)}",
                    f"{self.kind.zh} {found[self.number]} 的状态是 {state}，应为 {' 或 '.join(states)}",
                )
            )

    def move(self, entry: dict[str, Any], change: str, **members: Any) -> None:
        """Carry out a change of its table on an object, which is not stored yet; ValueError in another state."""
        found = self.of(entry)
        what = Words(f"{self.kind} {found[self.number]}", f"{self.kind.zh} {found[self.number]}")
        found[self.state] = self.states.after(change, found[self.state], what)
        found.update(members)

    def change(self, context: SandboxContext, number: str, change: str, **members: Any) -> dict[str, Any]:
        """Carry out a change of its table, and store the object; LookupError if it is unknown, ValueError as above."""
        entry = self.entry(context, number)
        self.move(entry, change, **members)
        self.save(context, entry)
        return entry

    def tell(
        self, context: SandboxContext, number: str, change: str, event: str = "", **members: Any
    ) -> dict[str, Any]:
        """Carry out a change, notify the merchant of the table's event or of another, and return the object."""
        with context.change():
            entry = self.change(context, number, change, **members)
            found = self.of(entry)
            content = {name: value for name, value in found.items() if name not in self.hidden}
            context.notify(
                {**found, **entry}.get("notify_url"), event or self.states.transitions[change].notifies, content
            )
            return found


@contextmanager
def refusing(missing: str = "RESOURCE_NOT_EXISTS", conflict: str = "INVALID_REQUEST") -> Iterator[None]:
    """Refuse a request for an unknown object (LookupError), or one whose state does not allow it (ValueError)."""
    try:
        yield
    except LookupError as error:
        raise Refusal(404, missing, error.args[0]) from None
    except ValueError as error:
        raise Refusal(400, conflict, error.args[0]) from None


def chosen(sent: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the members of these names, as far as they were sent."""
    return {name: sent[name] for name in names if name in sent}


def one_variable(call: ReceivedCall) -> str:
    """Return the value of the path's first variable."""
    return next(iter(call.variables.values()))


def page(call: ReceivedCall, entries: list[Any], size: int, count: str = "limit") -> tuple[list[Any], int, int]:
    """Return the page of a list that a query asks for, its offset and its size."""
    offset, limit = int(call.query.get("offset", 0)), int(call.query.get(count, size))
    return entries[offset : offset + limit], offset, limit
