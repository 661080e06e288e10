"""
What the sandbox does at an operation, read off its own tables.

A flow's handler names the objects that it keeps (:class:`wechatpay.sandbox.flows.objects.Objects`), and so does an
action of a user or of the platform: an operation and an action that name the same objects belong together.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from wechatpay.sandbox import flows
from wechatpay.sandbox.flows.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.i18n import Words

FLOWS = flows.__name__
DEEPEST = 3
"""Calls between a handler and the objects of its own module that it is about."""
NEAREST = 1
"""Calls between a handler and the objects of other modules; what lies deeper is a consequence."""

REHEARSED = {
    "orders": ("orders", "orders_v2", "combined_orders"),
    "refunds": ("refunds",),
    "bills": ("bills", "balances", "receipts"),
    "transfers": ("transfers", "transfer_authorizations", "transfer_batches", "ecommerce_authorizations"),
    "profit-sharing": (
        "profit_sharing",
        "profit_sharing_v2",
        "profit_sharing_returns",
        "profit_sharing_receivers",
        "ecommerce_subsidies",
    ),
    "pay-score": ("payscore", "payscore_permissions", "payscore_plans"),
    "deductions": ("contracts", "deductions", "edu_deductions", "insurance", "insurance_payments"),
    "coupons": (
        "favor",
        "favor_coupons",
        "favor_files",
        "favor_v2",
        "busifavor",
        "busifavor_codes",
        "busifavor_coupons",
        "busifavor_subsidies",
    ),
    "complaints": ("complaints",),
    "invoices": ("fapiao", "fapiao_titles"),
    "onboarding": ("applications", "applyment", "sub_merchants", "media"),
}
"""The pages on rehearsing, and the modules of the flows that each of them tries out; others are on the page of controls."""


@frozen
class Change:
    """A change of an object's state: who causes it, and the event that the merchant is notified of."""

    before: tuple[str, ...]
    after: str
    by: str
    notifies: str


def keeps_state(key: str) -> bool:
    """Return whether the sandbox carries an operation out; otherwise its response is made up from the catalogue."""
    return key in flows.routes.handlers


def page(key: str) -> str:
    """Return the document on rehearsing an operation that the sandbox carries out."""
    module = flows.routes.handlers[key].__module__.rpartition(".")[2]
    name = next((name for name, modules in REHEARSED.items() if module in modules), "controls")
    return f"rehearsing/{name}"


def kinds(key: str) -> list[tuple[Words, list[Change]]]:
    """Return the kinds of objects that an operation is about, each with the changes of its state."""
    return [
        (
            objects.kind,
            [Change(each.before, each.after, each.by, each.notifies) for each in objects.states.transitions.values()],
        )
        for objects in _objects(flows.routes.handlers[key])
    ]


def actions(key: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the actions of users and of the platform on the objects of an operation, by name."""
    kept = _objects(flows.routes.handlers[key])
    for name, action in flows.routes.actions.items():
        if any(objects in kept for objects in _objects(action, 0)):
            yield name, action


@cache
def _objects(function: Callable[..., Any], nearest: int = NEAREST) -> tuple[Objects, ...]:
    """Return the objects that a function names, those of its own module if there are some, else the nearest ones."""
    found: dict[int, tuple[Objects, int, bool]] = {}
    todo, seen = [(inspect.unwrap(function), 0)], set()
    own = todo[0][0].__module__
    while todo:
        here, depth = todo.pop(0)
        if here in seen or depth > DEEPEST:
            continue
        seen.add(here)
        for value, module in _named(here):
            if isinstance(value, Objects):
                found.setdefault(id(value), (value, depth, module == own))
            else:
                todo.append((inspect.unwrap(value), depth + 1))
    local = [objects for objects, _, is_local in found.values() if is_local]
    least = min((depth for _, depth, _ in found.values()), default=0)
    return tuple(local or [objects for objects, depth, _ in found.values() if depth == least <= nearest])


def _named(function: FunctionType) -> Iterator[tuple[Any, str]]:
    """Yield the objects and the functions of flows that a function names, each with the module that it is made in."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    for name in sorted(names):
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType) and value.__name__.startswith(FLOWS):
            for member in sorted(names & vars(value).keys()):
                yield from _of_flows(vars(value)[member])
        else:
            yield from _of_flows(value)


def _of_flows(value: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(value, FunctionType):
        if value.__module__.startswith(FLOWS):
            yield value, value.__module__
    else:
        yield from ((objects, _homes().get(id(objects), "")) for objects in _inside(value))


def _inside(value: Any) -> Iterator[Objects]:
    """Yield the objects in a value of a flow: itself, the members of a table, or those of a kind that names them."""
    if isinstance(value, Objects):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _inside(each)
    elif attrs.has(type(value)) and type(value).__module__.startswith(FLOWS):
        for field in attrs.fields(type(value)):
            yield from _inside(getattr(value, field.name))


@cache
def _homes() -> dict[int, str]:
    """Return the module in which each object is made, by its identity."""
    found: dict[int, str] = {}
    for module in (value for value in vars(flows).values() if isinstance(value, ModuleType)):
        made = re.findall(r"^(\w+)(?::[^=\n]+)? = ", inspect.getsource(module), re.MULTILINE)
        for name in made:
            for objects in _inside(vars(module).get(name)):
                found.setdefault(id(objects), module.__name__)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
