"""Validate a request against the catalogue: required fields, types, enumerations, unknown names, some lengths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, evolve, field, frozen

from chainable.sandbox.control_api import refuse_constant
from wechatpay.sandbox.http import Refusal, pointer
from wechatpay.sandbox.members import members_of
from wechatpay.sandbox.parameter_rules import empty, limit_of, missing, mistyped, undocumented

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from wechatpay.catalogue import Field
    from wechatpay.sandbox.members import Members
    from wechatpay.sandbox.parameter_rules import Limit

    Groups = Iterable[tuple[str, ...]]

__all__ = ["Validator", "numbered", "parse_json"]

BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
TEXTS: Mapping[str, re.Pattern[str]] = {
    "integer": re.compile(r"[+-]?\d+"),
    "number": re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"),
    "boolean": re.compile(r"(?ia)true|false"),
}
"""The forms of values that arrive as text, by type."""
JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {"integer": (int, float), "number": (int, float), "boolean": bool}
NUMBER = re.compile(r"_\d+")
NUMBERS = re.compile(r"_\d+_\d+$")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


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
        fields = tuple(fields)
        if not fields and not value:
            return {}
        part = _Part(self, location, self.path, text, self.strict)
        return part.members("", fields, value, one_of)


@frozen(eq=False)
class _Part:
    """The check of one part of a request; path: whose limits apply; text: numbers arrive as text."""

    validator: Validator
    location: str
    path: str
    text: bool
    strict: bool

    @property
    def v2(self) -> bool:
        """Whether it is a part of an APIv2 request."""
        return self.validator.path.startswith("v2/")

    def refused(self, at: str, issue: str, value: Any = None) -> Refusal:
        """Return the refusal of a field."""
        return Refusal.of_field(self.location, at, issue, value=value)

    def mistyped(self, at: str, kind: str, value: Any) -> Refusal:
        """Return the refusal of a value of another type."""
        return mistyped(self.location, at, kind, value, text=self.text, v2=self.v2)

    def members(self, at: str, fields: tuple[Field, ...], value: Mapping[str, Any], one_of: Groups) -> dict[str, Any]:
        """Return the members of an object, checked."""
        documented = members_of(fields)
        if self.strict:
            self._complete(at, documented, value, one_of)
        checked = {}
        for name, member in value.items():
            each = documented.by_name.get(name)
            checked[name] = member if each is None else self.checked(f"{at}/{name}", each, member)
        return checked

    def _complete(self, at: str, documented: Members, value: Mapping[str, Any], one_of: Groups) -> None:
        known = documented.by_name
        for each in documented.required:
            if value.get(each.name) is None:
                raise missing(self.location, at + pointer(each.name), v2=self.v2)
            if value[each.name] == "":
                raise empty(self.location, at + pointer(each.name), v2=self.v2)
        for names in one_of:
            if all(value.get(name) in (None, "") for name in names):
                issue = f"必填其一，不能为空: {'、'.join(names)}"
                raise self.refused(at + pointer(names[0]), issue)
        if not (value.keys() <= known.keys() or self.v2):  # v2 ignores them: half of all programs send op_user_id
            unknown = [at + pointer(name) for name in value if name not in known and not numbered(name, known)]
            if unknown:
                raise undocumented(self.location, unknown)

    def checked(self, at: str, each: Field, value: Any) -> Any:
        """Return the value of a field, checked."""
        if value is None:
            raise self.refused(at, "不能为null，无值时不传此字段")
        if each.type.endswith("[]"):
            return self._list(at, each, value)
        if each.type == "object":
            if not isinstance(value, dict):
                raise self.mistyped(at, "object", value)
            return self.members(at, each.fields, value, each.one_of) if each.fields else value
        value = self._scalar(at, each, value)
        if each.encrypted == "rsa":
            value = self._open(at, value)
        if self.strict:
            if each.encoded:
                self._check_encoded(at, each, value)
            if each.enum and str(value) not in map(str, (*each.enum, each.example)):
                raise self.refused(at, f"不是有效的枚举值，可选值: {'、'.join(map(str, each.enum))}", value)
            limit = limit_of(self.path, at)
            if limit is not None:
                self._check_limit(at, each, value, limit)
        return value

    def _check_limit(self, at: str, each: Field, value: Any, limit: Limit) -> None:
        measured = int(value) if each.type == "integer" else value
        if not limit.holds(measured):
            raise limit.refusal(self.location, at, measured, v2=self.v2)

    def _list(self, at: str, each: Field, value: Any) -> Any:
        if self.text and isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise self.mistyped(at, "array", value)
        limit = limit_of(self.path, at) if self.strict else None
        if limit is not None and not limit.holds(value):
            raise limit.refusal(self.location, at, value)
        element = evolve(each, type=each.type.removesuffix("[]"), encoded=None)
        return [self.checked(at + pointer(index), element, member) for index, member in enumerate(value)]

    def _scalar(self, at: str, each: Field, value: Any) -> Any:
        if not self.strict and not isinstance(value, (dict, list)):
            return value
        expected = each.type
        if self.text and isinstance(value, str):
            form = TEXTS.get(expected)
            if form and not form.fullmatch(value):
                raise self.mistyped(at, expected, value)
            return value
        good = isinstance(value, JSON_TYPES.get(expected, str)) and isinstance(value, bool) == (expected == "boolean")
        if not good or (expected == "integer" and isinstance(value, float) and not value.is_integer()):
            raise self.mistyped(at, expected if expected in JSON_TYPES else "string", value)
        return value

    def _open(self, at: str, value: str) -> str:
        try:
            plain = self.validator.reveal(value)
        except ValueError:
            why = "解密失败" if BASE64.fullmatch(value) else "不是Base64编码"
            issue = f"敏感字段应使用Wechatpay-Serial对应的公钥加密（RSA-OAEP，SHA-1）: {why}"
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
            raise self.refused(at, "应为JSON格式的字符串") from None
        if each.decoded or each.fields:
            member = type(each)(each.name, each.decoded or "object", fields=each.fields)
            evolve(self, strict=False, text=True, path="").checked(at, member, inside)


def numbered(name: str, known: Collection[str]) -> bool:
    """Return whether an undocumented ``coupon_id_0`` is one of a documented ``coupon_id_$n``."""
    if NUMBER.search(name) is None:
        return False
    return NUMBER.sub("_$n", name) in known or NUMBERS.sub("_$n_$m", name) in known
