"""Made-up responses in the shape of the catalogue: typed, plausible, the same for the same request."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import frozen

from wechatpay.sandbox.members import members_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.catalogue import Field
    from wechatpay.sandbox.account import Account

__all__ = ["FakeData", "digits", "is_made_up_token", "letters", "made_up_token"]

BAD_NEWS = re.compile(r"err_code|fail|reject|refuse|abnormal|error|close_reason|terminate|cancel_reason|remark")
MONEY = re.compile(r"amount|fee|total|price|money|balance|cost|payment|cash")
SETTLED = ("SUCCESS", "FINISHED", "FINISH")
"""States of an enumeration that a made-up object is in, if it can be."""
TOTALS = ("total_count", "total", "total_num", "count")
"""Names of the number of all members of a list."""
DIGITS = re.compile(r"[0-9]{1,18}")
MOMENT = re.compile(r"(time|_at|date)$")
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def seed(*parts: str) -> int:
    """Return a large number that depends on nothing but these parts."""
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest(), "big")


def digits(length: int, *parts: str) -> str:
    """Return so many decimal digits, the same for the same parts; the first is not 0."""
    text = str(seed(*parts))
    return ("4" + text * (length // len(text) + 1))[:length]


def letters(length: int, *parts: str) -> str:
    """Return so many lower-case letters and digits, the same for the same parts."""
    number, made = seed(*parts), []
    for _ in range(length):
        number, index = divmod(number, 36)
        made.append(LETTERS[index])
    return "".join(made)


def made_up_token(start: str) -> str:
    """Return a token of a made-up link, which says itself that the sandbox has made it."""
    return start + letters(8, "token", start)


def is_made_up_token(token: str) -> bool:
    """Return whether a link was made up by the sandbox: a file is behind it, but none that it keeps."""
    return made_up_token(token[:-8]) == token


@frozen(eq=False, slots=False)
class FakeData:
    """
    Makes up the unknown fields of a response.

    Args:
        account: Whose answer it is.
        subject: A text that identifies the request, or a function that returns it: the same subject gives the same
            response.
        known: Values that are given back where a field of the answer has their name.
        base_url: Where links of the answer lead.
        version: ``v3`` or ``v2``: how times are written.
        now: The time in Beijing, RFC 3339.
        conceal: Encrypts the fields of the answer that are sent encrypted.
        sparse: Whether only required fields are made up.
    """

    account: Account
    subject: str | Callable[[], str]
    known: Mapping[str, Any]
    base_url: str
    version: str = "v3"
    now: str = "2025-01-02T10:34:56+08:00"
    conceal: Callable[[str], str] | None = None
    sparse: bool = False

    @cached_property
    def identity(self) -> str:
        """The text that identifies the request."""
        return self.subject if isinstance(self.subject, str) else self.subject()

    def fill(self, fields: tuple[Field, ...], facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the members of an object: the facts, and what has to be made up around them."""
        return counted(self._members(fields, facts or {}, "", self.known), facts or {})

    def _members(
        self, fields: tuple[Field, ...], facts: Mapping[str, Any], at: str, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        documented = members_of(fields)
        for name, each in documented.first:
            if name in facts:
                fact = facts[name]
                if fact is not None:
                    plain = each.encrypted is None and each.type not in ("object", "object[]")
                    made[name] = fact if plain else self._fact(each, fact, f"{at}/{name}", known)
            elif each.required or not (self.sparse or BAD_NEWS.search(name)):
                made[name] = self._value(each, f"{at}/{name}", known)
        if not facts.keys() <= documented.by_name.keys():
            made.update(
                {
                    name: value
                    for name, value in facts.items()
                    if name not in documented.by_name and value is not None and name not in made
                }
            )
        return made

    def _fact(self, each: Field, fact: Any, at: str, known: Mapping[str, Any]) -> Any:
        if each.type == "object" and isinstance(fact, dict):
            return self._members(each.fields, fact, at, known)
        if each.type == "object[]" and isinstance(fact, list):
            return [self._members(each.fields, member, f"{at}/{index}", known) for index, member in enumerate(fact)]
        if each.encrypted == "rsa" and self.conceal is not None:
            return self.conceal(str(fact))
        return fact

    def _value(self, each: Field, at: str, known: Mapping[str, Any]) -> Any:
        given = known.get(each.name)
        if each.type.endswith("[]"):
            element = type(each)(each.name, each.type.removesuffix("[]"), enum=each.enum, fields=each.fields)
            if isinstance(given, list) and each.type != "object[]":
                return given
            return [self._value(element, f"{at}/0", known)]
        if each.type == "object" or (each.encoded == "json" and each.fields):
            inner = {**known, **given} if isinstance(given, dict) else known
            made = self._members(each.fields, {}, at, inner)
            return made if each.type == "object" else json.dumps(made, ensure_ascii=False)
        if each.type == "integer" and isinstance(given, str) and DIGITS.fullmatch(given):
            given = int(given)  # of the query: offset, limit
        value = given if fits(each, given) else self._scalar(each, at)
        if each.encrypted == "rsa" and self.conceal is not None:
            return self.conceal(str(value))
        return value

    def _scalar(self, each: Field, at: str) -> Any:
        if each.enum:
            return next((value for value in SETTLED if value in each.enum), each.enum[0])
        if each.type == "string" and MOMENT.search(each.name):
            return self._text(each.name, at)
        if each.example is not None:
            return each.example
        if each.type == "boolean":
            return True
        if each.type in ("integer", "number"):
            return 100 if MONEY.search(each.name) else 1
        return self._text(each.name, at)

    def _text(self, name: str, at: str) -> str:
        for pattern, make in TEXTS:
            if pattern.search(name):
                return make(self, at)
        if self.version == "v2" and MONEY.search(name):
            return "100"
        return f"{name}-{letters(8, self.identity, at)}"


TEXTS: tuple[tuple[re.Pattern[str], Callable[[FakeData, str], str]], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"^(sp_|combine_)?mch_?id$", lambda self, _: self.account.mchid),
        (r"appid$", lambda self, _: self.account.appid),
        (r"openid$", lambda self, at: "o" + letters(27, self.identity, at)),
        (r"(^|_)(currency|fee_type)$", lambda _self, _at: "CNY"),
        (r"^code_url$", lambda self, at: "weixin://wxpay/bizpayurl?pr=" + letters(9, self.identity, at)),
        (r"^prepay_id$", lambda self, at: "wx" + digits(14, self.identity) + letters(20, self.identity, at)),
        (r"^nonce_str$", lambda self, at: letters(32, self.identity, at)),
        (
            r"download_url$",
            lambda self, at: (
                f"{self.base_url}v3/billdownload/file?token={made_up_token(letters(22, self.identity, at))}"
            ),
        ),
        (r"(url|uri|link)$", lambda self, at: f"{self.base_url}_sandbox/pages/{letters(16, self.identity, at)}"),
        (r"(time|_at)$", lambda self, _: re.sub(r"\D", "", self.now)[:14] if self.version == "v2" else self.now),
        (r"date$", lambda self, _: self.now[:10].replace("-", "") if self.version == "v2" else self.now[:10]),
        (r"(id|_no|code|number|serial|batch)$", lambda self, at: digits(20, self.identity, at)),
        (r"(type|state|status|result)$", lambda _self, _at: "SUCCESS"),
    )
)
"""Values of text fields by name; the first pattern that matches applies."""


def counted(made: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a made-up response whose total is the length of its only list."""
    for name in TOTALS:
        if name in made and name not in facts:
            lists = [value for value in made.values() if isinstance(value, list)]
            if len(lists) == 1:
                made[name] = len(lists[0])
    return made


def fits(each: Field, value: Any) -> bool:
    """Return whether a value of the request fits this field of the response."""
    if value is None or isinstance(value, (dict, list)):
        return False
    if each.enum and value not in each.enum:
        return False
    if each.type == "boolean":
        return isinstance(value, bool)
    if each.type in ("integer", "number"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)
