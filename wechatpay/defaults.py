"""Parameters of a client that fill the requests of its calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict, safe_repr, without_frames
from chainable.path import did_you_mean
from wechatpay import catalogue

if TYPE_CHECKING:
    from wechatpay.catalogue import Field, Operation
    from wechatpay.request import RequestSpec

__all__ = ["Defaults"]

_PLACES = (("json", "json"), ("xml", "xml"), ("params", "query"))
"""The options that are filled, and the catalogue's name of each place."""

_COMMON = (
    "POST v3/pay/transactions/jsapi",
    "POST v3/pay/partner/transactions/jsapi",
    "POST v2/pay/unifiedorder",
    "POST v3/refund/domestic/refunds",
)
"""Operations that have most of the parameters that clients share: their names are looked up first."""

Name: TypeAlias = tuple[tuple[str, ...], str]
"""The names that lead to a parameter, and the kind of its value."""

_found: set[Name] = set()
"""Names that operations have. Only those of the catalogue are kept."""


@safe_repr
@frozen
class _Filling:
    """
    One parameter that an operation has and a default fills.

    Attributes:
        name: The name of the parameter.
        value: What fills it; of an object, the members that the operation has.
        members: The members of an object; empty for other values.
        rivals: Parameters of which one is needed: the default is not added to another one.
    """

    name: str
    value: Any
    members: tuple[_Filling, ...]
    rivals: frozenset[str]


@safe_repr
class Defaults:
    """
    Fills what an operation has and the caller left out.

    Args:
        given: Values by the platform's names. A mapping fills the members of the object with its name.

    Raises:
        ConfigurationError: It is not a mapping, or no operation has a parameter of such a name.
    """

    @without_frames
    def __init__(self, given: Mapping[str, Any]) -> None:
        if not isinstance(given, Mapping):
            msg = Words(
                f"defaults: a mapping of the platform's names to values was expected, not {type(given).__name__}",
                f"defaults：应为平台参数名到值的字典，不是 {type(given).__name__}",
            )
            raise ConfigurationError(msg)
        self._given = deepcopy(MaskedDict(given))
        _check_names(self._given)
        self._fillings: dict[str, list[tuple[str, tuple[_Filling, ...]]]] = {}

    def __repr__(self) -> str:
        return f"Defaults({', '.join(self._given)})"

    def fill(self, spec: RequestSpec) -> None:
        """
        Replace the parameters of a call by copies with the defaults.

        What the caller gave stays as it is, None included; so do raw bytes and uploads, and
        paths that the catalogue does not have.
        """
        operation = spec.operation
        if operation is None:
            return
        fillings = self._fillings.get(operation.key)
        if fillings is None:
            fillings = self._fillings[operation.key] = self._of(operation)
        for option, members in fillings:
            given = getattr(spec, option)
            if given is None:
                if option == "params" or spec.data is None:
                    setattr(spec, option, _filled({}, members))
            elif isinstance(given, Mapping):
                setattr(spec, option, _filled(given, members))

    def _of(self, operation: Operation) -> list[tuple[str, tuple[_Filling, ...]]]:
        request = operation.request
        found = [
            (option, _fillings(getattr(request, place) or (), self._given, request.one_of.get(place, ())))
            for option, place in _PLACES
        ]
        return [(option, members) for option, members in found if members]


def _fillings(
    fields: Iterable[Field], given: Mapping[str, Any], groups: Iterable[tuple[str, ...]]
) -> tuple[_Filling, ...]:
    found = []
    for field in fields:
        value = given.get(field.name)
        if value is None or not _fits(value, field):
            continue
        rivals = frozenset(name for group in groups if field.name in group for name in group) - {field.name}
        members: tuple[_Filling, ...] = ()
        if isinstance(value, Mapping):
            members = _fillings(field.fields, value, field.one_of)
            if not members:
                continue
            value = {member.name: member.value for member in members}
        found.append(_Filling(field.name, value, members, rivals))
    return tuple(found)


def _kind(value: object) -> str:
    kinds = ((Mapping, "object"), (list | tuple, "list"), (str, "text"))
    return next((kind for types, kind in kinds if isinstance(value, types)), "value")


def _fits(value: object, field: Field) -> bool:
    """Return whether a field takes an object, a list or another value; text may also be JSON that is written already."""
    kind = _kind(value)
    if kind == "text" and field.encoded is not None:
        return True
    takes = (field.decoded or "object") if field.encoded == "json" else field.type
    if takes.endswith("[]"):
        return kind == "list"
    return (kind == "object") is (takes == "object") and kind != "list"


def _filled(given: Mapping[str, Any], members: tuple[_Filling, ...]) -> Mapping[str, Any]:
    """Return a copy of the parameters with the defaults; the same object if it lacks none."""
    added: dict[str, Any] = {}
    for member in members:
        if member.name not in given:
            if member.rivals.isdisjoint(given):
                added[member.name] = member.value
        elif member.members and isinstance(inside := given[member.name], Mapping):
            filled = _filled(inside, member.members)
            if filled is not inside:
                added[member.name] = filled
    return {**given, **added} if added else given


def _check_names(given: Mapping[str, Any]) -> None:
    """Refuse a name that no operation has: it would never fill anything."""
    missing = set(_names(given)) - _found
    common = [operation for key in _COMMON if (operation := catalogue.operation(key)) is not None]
    operations = chain(common, catalogue.operations())
    while missing and (operation := next(operations, None)) is not None:
        request = operation.request
        for _, place in _PLACES:
            _found.update(_known(getattr(request, place) or (), given))
        missing -= _found
    if missing:
        name = min(missing)[0]
        known = {field.name for operation in catalogue.operations() for field in operation.request.json or ()}
        hint = did_you_mean(name[-1], sorted(known))
        msg = Words(
            f"defaults: no operation has such a parameter {'.'.join(name)!r}{hint}",
            f"defaults：没有接口有这样的参数 {'.'.join(name)!r}{hint.zh}",
        )
        raise ConfigurationError(msg)


def _names(given: Mapping[str, Any], outer: tuple[str, ...] = ()) -> Iterable[Name]:
    for name, value in given.items():
        if not isinstance(name, str):
            msg = Words(
                f"defaults: the name of a parameter is text, not {type(name).__name__}",
                f"defaults：参数名应为文本，不是 {type(name).__name__}",
            )
            raise ConfigurationError(msg)
        yield (*outer, name), _kind(value)
        if isinstance(value, Mapping):
            yield from _names(value, (*outer, name))


def _known(fields: Iterable[Field], given: Mapping[str, Any], outer: tuple[str, ...] = ()) -> Iterable[Name]:
    """Yield the names that these fields have, with the kinds of their defaults."""
    for field in fields:
        value = given.get(field.name)
        if _fits(value, field):
            yield (*outer, field.name), _kind(value)
            if isinstance(value, Mapping):
                yield from _known(field.fields, value, (*outer, field.name))
