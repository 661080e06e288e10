"""Validate a request against the catalogue: required fields, types, enumerations, unknown names, some lengths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from attrs import Factory, define, field

from chainable.sandbox.control_api import refuse_constant
from wechatpay.sandbox.http import Refusal, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from wechatpay.catalogue import Field

    Groups = Iterable[tuple[str, ...]]

__all__ = ["LIMITS", "Limit", "Validator", "numbered", "parse_json"]

INTEGER = re.compile(r"[+-]?\d+")
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@define(frozen=True)
class Limit:
    """
    A documented limit of one field.

    Args:
        longest: Most characters, or the largest number.
        shortest: Fewest characters, or the smallest number.
        letters: The characters allowed, as a regular expression's class.
        source: The page that says so.
    """

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
        """
        Check the members of one part; the same members with encrypted ones opened.

        Args:
            location: ``body``, ``query``, ``path``, ``header``.
            fields: What the catalogue has for it.
            value: What was sent.
            text: Whether numbers arrive as text, as they do everywhere but in JSON.
            one_of: Groups of names of which each needs at least one.
        """
        return self._members(location, "", tuple(fields), value, limits_of(self.path), text=text, one_of=one_of)

    def _members(
        self,
        location: str,
        at: str,
        fields: tuple[Field, ...],
        value: Mapping[str, Any],
        limits: Mapping[str, Limit],
        *,
        text: bool,
        one_of: Groups,
    ) -> dict[str, Any]:
        known = {each.name: each for each in fields}
        if self.strict:
            self._complete(location, at, known, value, one_of)
        checked = {}
        for name, member in value.items():
            each = known.get(name)
            checked[name] = (
                member if each is None else self._value(location, at + pointer(name), each, member, limits, text=text)
            )
        return checked

    def _complete(
        self, location: str, at: str, known: Mapping[str, Field], value: Mapping[str, Any], one_of: Groups
    ) -> None:
        for name, each in known.items():
            if each.required and value.get(name) in (None, ""):
                raise Refusal.of_field(location, at + pointer(name), "required, but missing or empty")
        for names in one_of:
            if all(value.get(name) in (None, "") for name in names):
                issue = f"required, but missing or empty: at least one of {', '.join(names)}"
                raise Refusal.of_field(location, at + pointer(names[0]), issue)
        for name in value:
            if name not in known and not numbered(name, known):
                raise Refusal.of_field(location, at + pointer(name), "unknown: the official page has no such field")

    def _value(
        self,
        location: str,
        at: str,
        each: Field,
        value: Any,
        limits: Mapping[str, Limit],
        *,
        text: bool,
    ) -> Any:
        if value is None:
            raise Refusal.of_field(location, at, "null is not allowed: leave the field out")
        if each.type.endswith("[]"):
            return self._list(location, at, each, value, limits, text=text)
        if each.type == "object":
            if not isinstance(value, dict):
                raise Refusal.of_field(location, at, f"an object is expected, not {kind(value)}")
            if not each.fields:
                return value
            return self._members(location, at, each.fields, value, limits, text=text, one_of=each.one_of)
        value = self._scalar(location, at, each, value, text=text)
        if each.encrypted == "rsa":
            value = self._open(location, at, value)
        if each.encoded and self.strict:
            self._encoded(location, at, each, value)
        if self.strict:
            if each.enum and str(value) not in map(str, (*each.enum, each.example)):
                expected = ", ".join(map(str, each.enum))
                raise Refusal.of_field(location, at, f"not one of {expected}", value=value)
            limit = limits.get(at)
            complaint = limit.complaint(int(value) if each.type == "integer" else value) if limit else None
            if complaint:
                raise Refusal.of_field(location, at, complaint, value=value)
        return value

    def _list(
        self,
        location: str,
        at: str,
        each: Field,
        value: Any,
        limits: Mapping[str, Limit],
        *,
        text: bool,
    ) -> Any:
        if text and isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise Refusal.of_field(location, at, f"a list is expected, not {kind(value)}")
        element = type(each)(
            each.name,
            each.type.removesuffix("[]"),
            enum=each.enum,
            encrypted=each.encrypted,
            example=each.example,
            fields=each.fields,
            one_of=each.one_of,
        )
        return [
            self._value(location, at + pointer(index), element, member, limits, text=text)
            for index, member in enumerate(value)
        ]

    def _scalar(self, location: str, at: str, each: Field, value: Any, *, text: bool) -> Any:
        if not self.strict and not isinstance(value, (dict, list)):
            return value
        expected = each.type
        if text and isinstance(value, str):
            if expected == "integer" and not INTEGER.fullmatch(value):
                raise Refusal.of_field(location, at, "an integer is expected", value=value)
            if expected == "number" and not NUMBER.fullmatch(value):
                raise Refusal.of_field(location, at, "a number is expected", value=value)
            if expected == "boolean" and value.lower() not in ("true", "false"):
                raise Refusal.of_field(location, at, "true or false is expected", value=value)
            return value
        good = (
            isinstance(value, bool)
            if expected == "boolean"
            else isinstance(value, (int, float)) and not isinstance(value, bool)
            if expected in ("integer", "number")
            else isinstance(value, str)
        )
        if good and expected == "integer" and isinstance(value, float) and not value.is_integer():
            good = False
        if not good:
            article = "an" if expected == "integer" else "a"
            raise Refusal.of_field(location, at, f"{article} {expected} is expected, not {kind(value)}")
        return value

    def _open(self, location: str, at: str, value: str) -> str:
        try:
            plain = self.reveal(value)
        except Refusal:
            raise
        except ValueError:
            why = "it does not decrypt" if BASE64.fullmatch(value) else "it is not base64"
            raise Refusal.of_field(
                location,
                at,
                f"to be encrypted (RSA-OAEP, SHA-1) under the key named by Wechatpay-Serial, but {why}",
            ) from None
        self.opened[f"{location}{at}"] = plain
        return plain

    def _encoded(self, location: str, at: str, each: Field, value: str) -> None:
        """Check the inside of a text that holds JSON or a form; it stays text."""
        if each.encoded == "urlencode":
            inside: Any = dict(parse_qsl(value, keep_blank_values=True))
        else:
            try:
                inside = parse_json(value.encode())
            except ValueError:
                raise Refusal.of_field(location, at, "a text that holds JSON is expected") from None
        kept, self.strict = self.strict, False  # the insides are often documented in part only
        try:
            member = type(each)(each.name, each.decoded or "object", fields=each.fields)
            if each.encoded == "json" and (each.decoded or each.fields):
                self._value(location, at, member, inside, {}, text=True)
        finally:
            self.strict = kept


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
