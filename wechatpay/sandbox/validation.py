"""Validate a request against the catalogue: required fields, types, enumerations, unknown names, some lengths."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, evolve, field, frozen

from chainable.sandbox.control_api import refuse_constant
from wechatpay.sandbox.http import Refusal, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from wechatpay.catalogue import Field

    Groups = Iterable[tuple[str, ...]]

__all__ = ["LIMITS", "Limit", "Validator", "numbered", "parse_json"]

BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
TEXTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "integer": (re.compile(r"[+-]?\d+"), "an integer"),
    "number": (re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"), "a number"),
    "boolean": (re.compile(r"(?ia)true|false"), "true or false"),
}
"""Values that arrive as text, by type: their form, and its name."""
JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {"integer": (int, float), "number": (int, float), "boolean": bool}


@frozen
class Limit:
    """A documented limit of one field: characters or a number, the letters allowed (a regular expression's class)."""

    longest: int | None = None
    shortest: int | None = None
    letters: str = ""
    source: str = ""

    def complaint(self, value: Any) -> str | None:
        """Return what is wrong with a value, None if it is valid."""
        measured, unit = (len(value), " characters") if isinstance(value, str) else (value, "")
        if self.longest is not None and measured > self.longest:
            return f"{measured}{unit}, {self.longest} at most"
        if self.shortest is not None and measured < self.shortest:
            return f"{measured}{unit}, {self.shortest} at least"
        if self.letters and not re.fullmatch(f"[{self.letters}]*", value):
            return f"only {self.letters} may stand here"
        return None


NATIVE = "https://pay.weixin.qq.com/doc/v3/merchant/4012791877"
REFUNDS = "https://pay.weixin.qq.com/doc/v3/merchant/4012791883"
UNIFIED = "https://pay.weixin.qq.com/doc/v2/merchant/4011935214"
NUMBER_LETTERS = r"0-9A-Za-z_\-|*"

# First path that begins so applies; then the field's pointer.
LIMITS: tuple[tuple[str, Mapping[str, Limit]], ...] = (
    (
        "v3/pay/transactions/",
        {
            "/description": Limit(127, 1, source=NATIVE),
            "/out_trade_no": Limit(32, 6, NUMBER_LETTERS, NATIVE),
            "/attach": Limit(128, source=NATIVE),
            "/amount/total": Limit(shortest=1, source=NATIVE),
        },
    ),
    (
        "v3/refund/domestic/refunds",
        {
            "/out_refund_no": Limit(64, 1, NUMBER_LETTERS + "@", REFUNDS),
            "/reason": Limit(80, source=REFUNDS),
            "/amount/refund": Limit(shortest=1, source=REFUNDS),
            "/amount/total": Limit(shortest=1, source=REFUNDS),
        },
    ),
    (
        "v2/pay/unifiedorder",
        {
            "/body": Limit(127, 1, source=UNIFIED),
            "/out_trade_no": Limit(32, 1, NUMBER_LETTERS + "@", UNIFIED),
            "/attach": Limit(127, source=UNIFIED),
            "/total_fee": Limit(shortest=1, source=UNIFIED),
        },
    ),
)


SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@cache
def limits_of(path: str) -> Mapping[str, Limit]:
    """Return the documented limits of an operation's fields."""
    return next((limits for prefix, limits in LIMITS if path.startswith(prefix)), {})


def parse_json(body: bytes) -> Any:
    """Parse JSON as the platform does: UTF-8, without NaN and lone surrogates; raise ValueError otherwise."""
    text = body.decode()
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates have no UTF-8
    return value


@define
class Validator:
    """
    Checks one request's parts and opens what is encrypted in them.

    Args:
        path: Path of the operation.
        reveal: Opens a ciphertext of the request; ValueError if it does not open.
        strict: Whether unknown names, wrong types and limits are refused too, not only what cannot be used.
        opened: Plaintexts by location and pointer, filled while checking.
    """

    path: str
    reveal: Callable[[str], str]
    strict: bool = True
    opened: dict[str, str] = field(default=Factory(dict), repr=False)

    def check(
        self,
        location: str,
        fields: Iterable[Field],
        value: Mapping[str, Any],
        *,
        text: bool = False,
        one_of: Groups = (),
    ) -> dict[str, Any]:
        """Return the members of ``body``, ``query`` …, encrypted ones opened; ``text``: numbers arrive as text."""
        part = _Part(self, location, limits_of(self.path), text, self.strict)
        return part.members("", tuple(fields), value, one_of)


@frozen(eq=False)
class _Part:
    """The check of one part of a request; text: numbers arrive as text."""

    validator: Validator
    location: str
    limits: Mapping[str, Limit]
    text: bool
    strict: bool

    def refused(self, at: str, issue: str, value: Any = None) -> Refusal:
        """Return the refusal of a field."""
        return Refusal.of_field(self.location, at, issue, value=value)

    def members(self, at: str, fields: tuple[Field, ...], value: Mapping[str, Any], one_of: Groups) -> dict[str, Any]:
        """Return the members of an object, checked."""
        known = {each.name: each for each in fields}
        if self.strict:
            self._complete(at, known, value, one_of)
        checked = {}
        for name, member in value.items():
            each = known.get(name)
            checked[name] = member if each is None else self.checked(at + pointer(name), each, member)
        return checked

    def _complete(self, at: str, known: Mapping[str, Field], value: Mapping[str, Any], one_of: Groups) -> None:
        for name, each in known.items():
            if each.required and value.get(name) in (None, ""):
                raise self.refused(at + pointer(name), "required, but missing or empty")
        for names in one_of:
            if all(value.get(name) in (None, "") for name in names):
                issue = f"required, but missing or empty: at least one of {', '.join(names)}"
                raise self.refused(at + pointer(names[0]), issue)
        for name in value:
            if name not in known and not numbered(name, known):
                raise self.refused(at + pointer(name), "unknown: the official page has no such field")

    def checked(self, at: str, each: Field, value: Any) -> Any:
        """Return the value of a field, checked."""
        if value is None:
            raise self.refused(at, "null is not allowed: leave the field out")
        if each.type.endswith("[]"):
            return self._list(at, each, value)
        if each.type == "object":
            if not isinstance(value, dict):
                raise self.refused(at, f"an object is expected, not {kind(value)}")
            return self.members(at, each.fields, value, each.one_of) if each.fields else value
        value = self._scalar(at, each, value)
        if each.encrypted == "rsa":
            value = self._open(at, value)
        if self.strict:
            self._check_value(at, each, value)
        return value

    def _check_value(self, at: str, each: Field, value: Any) -> None:
        if each.encoded:
            self._check_encoded(at, each, value)
        if each.enum and str(value) not in map(str, (*each.enum, each.example)):
            raise self.refused(at, f"not one of {', '.join(map(str, each.enum))}", value)
        limit = self.limits.get(at)
        complaint = limit.complaint(int(value) if each.type == "integer" else value) if limit else None
        if complaint:
            raise self.refused(at, complaint, value)

    def _list(self, at: str, each: Field, value: Any) -> Any:
        if self.text and isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise self.refused(at, f"a list is expected, not {kind(value)}")
        element = evolve(each, type=each.type.removesuffix("[]"), encoded=None)
        return [self.checked(at + pointer(index), element, member) for index, member in enumerate(value)]

    def _scalar(self, at: str, each: Field, value: Any) -> Any:
        if not self.strict and not isinstance(value, (dict, list)):
            return value
        expected = each.type
        if self.text and isinstance(value, str):
            form = TEXTS.get(expected)
            if form and not form[0].fullmatch(value):
                raise self.refused(at, f"{form[1]} is expected", value)
            return value
        good = isinstance(value, JSON_TYPES.get(expected, str)) and isinstance(value, bool) == (expected == "boolean")
        if not good or (expected == "integer" and isinstance(value, float) and not value.is_integer()):
            article = "an" if expected == "integer" else "a"
            raise self.refused(at, f"{article} {expected} is expected, not {kind(value)}")
        return value

    def _open(self, at: str, value: str) -> str:
        try:
            plain = self.validator.reveal(value)
        except ValueError:
            why = "it does not decrypt" if BASE64.fullmatch(value) else "it is not base64"
            issue = f"to be encrypted (RSA-OAEP, SHA-1) under the key named by Wechatpay-Serial, but {why}"
            raise self.refused(at, issue) from None
        self.validator.opened[f"{self.location}{at}"] = plain
        return plain

    def _check_encoded(self, at: str, each: Field, value: str) -> None:
        """Check the inside of a text that holds JSON; often it is documented in part only."""
        if each.encoded != "json":
            return
        try:
            inside = parse_json(value.encode())
        except ValueError:
            raise self.refused(at, "a text that holds JSON is expected") from None
        if each.decoded or each.fields:
            member = type(each)(each.name, each.decoded or "object", fields=each.fields)
            evolve(self, strict=False, text=True, limits={}).checked(at, member, inside)


def numbered(name: str, known: Collection[str]) -> bool:
    """Return whether ``coupon_id_0`` is one of a documented ``coupon_id_$n``."""
    return bool({re.sub(r"_\d+", "_$n", name), re.sub(r"_\d+_\d+$", "_$n_$m", name)} & set(known))


def kind(value: Any) -> str:
    """Return the JSON type of a value."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "a string" if isinstance(value, str) else "a list"
