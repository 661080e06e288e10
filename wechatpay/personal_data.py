"""
Protection of personal data from being sent as plain text.

The catalogue marks the fields that are sent encrypted.  Plain text is refused
in these fields.  Names that the catalogue has for encrypted fields only are
refused elsewhere as well: in another spelling, at another position, in the
query, in a header, or in a request to an unknown path.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chainable.codecs import JSON, Location, format_location
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.path import fold
from wechatpay import catalogue
from wechatpay.sensitive import Ciphertext, Sensitive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wechatpay.catalogue import Operation

__all__ = ["PersonalData", "by_scopes", "in_path", "of_operation"]

_SIMPLE = frozenset({str, int, bool})
_SEALED = (Sensitive, Ciphertext)
_NOTHING: Mapping[str, Any] = {}
_TOP = "^"
_BRACKETS = r"[\[\]]+"
_PUNCTUATION = r"[^a-z0-9]+"
_IN_QUERY = "?"
_NAMED = r"""([A-Za-z][\w\-]*)["']?\s*[=:>]"""
_GIVEN = Words(
    "give Sensitive('…') and it is encrypted here, client.encrypt('…'), or your own ciphertext together with "
    "headers={'Wechatpay-Serial': …}",
    "请用 Sensitive('…') 包裹，由客户端加密；也可以用 client.encrypt('…')，或自行加密并传 headers={'Wechatpay-Serial': …}",
)


class PersonalData:
    """
    The encrypted fields of a request, and the names that stand for personal data anywhere.

    Each check raises CodecError, which names the field and the ways to encrypt it.

    Args:
        body: Nested names of the encrypted members of the body.
        query: The same for the query.
        names: By folded name, the official spelling and the objects that
            contain it, joined by dots; ``''`` for any, ``?`` for any place
            in the query.
    """

    __slots__ = ("_body", "_names", "_query")

    def __init__(
        self,
        body: Mapping[str, Any],
        query: Mapping[str, Any],
        names: Mapping[str, tuple[str, frozenset[str]]],
    ) -> None:
        self._body = body
        self._query = query
        self._names = names

    def check_body(self, value: Any) -> None:
        """Refuse personal data in plain text in ``json``, ``xml`` or the meta of an upload."""
        self._check(value, self._body)

    def check_query(self, value: Any) -> None:
        """Refuse personal data in plain text in ``params``."""
        self._check(value, self._query, _IN_QUERY)

    def check_headers(self, headers: Iterable[str]) -> None:
        """Refuse a header with the name of an encrypted field."""
        for name in headers:
            known = self._names.get(_folded(name))
            if known is not None and "" in known[1]:
                msg = Words(
                    f"headers: {name}: {known[0]} is sent encrypted only, in json={{…}} or params={{…}}: {_GIVEN}",
                    f"headers：{name}：敏感字段 {known[0]} 必须加密，写在 json={{…}} 或 params={{…}} 中：{_GIVEN.zh}",
                )
                raise CodecError(msg)

    def check_bytes(self, data: bytes) -> None:
        """Refuse personal data in plain text in a body of bytes."""
        self.check_body(data.decode("utf-8", "replace"))

    def _check(self, value: Any, fields: Mapping[str, Any], anywhere: str = "") -> None:
        if isinstance(value, str):
            text, value = value, _inside(value)
            if value is None:
                self._scan(text)
        try:
            self._walk(value, fields, None, _TOP, anywhere)
        except RecursionError:
            raise CodecError(
                Words("the value contains itself, or is nested too deeply", "值包含它自己，或嵌套过深")
            ) from None

    def _scan(self, text: str) -> None:
        for match in re.finditer(_NAMED, text):
            known = self._names.get(_folded(match[1]))
            if known is not None and ("" in known[1] or self._body):
                msg = Words(
                    f"{match[1]}: is sent encrypted only: give a mapping as the body; in it, {_GIVEN}",
                    f"{match[1]}：敏感字段必须加密：请求体请传字典，其中的这个字段{_GIVEN.zh}",
                )
                raise CodecError(msg)

    def _walk(self, value: Any, fields: Mapping[str, Any], where: Location, around: str, anywhere: str) -> None:
        if isinstance(value, list | tuple):
            for index, element in enumerate(value):
                if not isinstance(element, str):
                    self._walk(element, fields, (where, index), around, anywhere)
        elif type(value) is dict or _is_object(value):
            self._walk_members(value, fields, where, around, anywhere)

    def _walk_members(self, value: Any, fields: Mapping[str, Any], where: Location, around: str, anywhere: str) -> None:
        names = self._names
        for name, member in value.items():
            if not isinstance(name, str):
                continue  # the codec refuses it
            inner = fields.get(name)
            folded = _folded(name)
            known = names.get(folded)
            if inner is None and known is None and type(member) in _SIMPLE:
                continue  # most members: the checks below do not apply
            if member is None or isinstance(member, _SEALED):
                continue
            if isinstance(inner, str):
                if not _sealed(member):
                    place = format_location((where, name))
                    raise CodecError(
                        Words(f"{place}: is sent encrypted only: {_GIVEN}", f"{place}：敏感字段必须加密：{_GIVEN.zh}")
                    )
                continue
            if known is not None and (anywhere in known[1] or _within(known[1], around)) and _plain(member):
                raise CodecError(_stray((where, name), name, known[0]))
            below = _inside(member) if inner and isinstance(member, str) else member
            self._walk(below, inner or _NOTHING, (where, name), f"{around}.{folded}", anywhere)


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    """Return the letters and digits of a name; of ``payer[name]`` and ``name[]`` those of the innermost name."""
    innermost = next((part for part in reversed(re.split(_BRACKETS, name)) if part), "")
    return re.sub(_PUNCTUATION, "", innermost.lower())


def _inside(text: str) -> Any:
    """Return the object or list of a JSON text; None for any other text."""
    try:
        value = JSON.decode(text.encode("utf-8", "replace"))
    except CodecError:
        return None
    return value if isinstance(value, dict | list) else None


def _is_object(value: Any) -> bool:
    return hasattr(value, "items") and hasattr(value, "keys")  # codecs encode it as an object


def _sealed(value: Any) -> bool:
    """Return whether no part of a value would be sent as plain text."""
    if value is None or isinstance(value, _SEALED):
        return True
    if isinstance(value, list | tuple):
        return all(map(_sealed, value))
    return _is_object(value) and all(map(_sealed, value.values()))


def _plain(value: Any) -> bool:
    """Return whether a value is text or a number; objects are searched instead."""
    if isinstance(value, list | tuple):
        return any(_plain(element) for element in value)
    return not isinstance(value, bool) and not _is_object(value) and not _sealed(value)


def _within(places: frozenset[str], around: str) -> bool:
    return "" in places or any(around == place or around.endswith(f".{place}") for place in places)


def _stray(where: Location, name: str, official: str) -> Words:
    place = format_location(where)
    spelled = Words("", "") if name == official else Words(f" (spelled {official})", f"（写作 {official}）")
    header = "headers={'Wechatpay-Serial': client.certificates.default_serial}"
    return Words(
        f"{place}: the catalogue knows this name{spelled} for encrypted fields only, and not at this position "
        f"of this path: compare both with the official page; {_GIVEN}. The same header sends a text as it is: {header}",
        f"{place}：接口目录中这个名称{spelled.zh}只用于敏感字段，而此路径的这个位置没有它：请与官方文档核对路径和字段名；"
        f"{_GIVEN.zh}。要按原文发送，请加 {header}",
    )


@lru_cache(maxsize=512)
def of_operation(operation: Operation) -> PersonalData:
    """Return the rules of an operation for personal data."""
    fields = operation.encrypted_fields
    body = {**fields.get("json", _NOTHING), **fields.get("xml", _NOTHING), **fields.get("meta", _NOTHING)}
    version, product, *_ = operation.path.split("/")
    query = fields.get("query", _NOTHING)
    if version == "v2":
        body = {**query, **body}
        query = body  # parameters of APIv2 are in either
    return PersonalData(body, query, _names((version, f"{version}/{product}", operation.key)))


@lru_cache(maxsize=256)
def by_scopes(scopes: tuple[str, ...]) -> PersonalData:
    """Return the rules for personal data at an unknown path; scopes are those of the catalogue."""
    names = _names(scopes)
    # Any parameter may belong to an unknown operation, so being in the query is not enough.
    return PersonalData(
        _NOTHING, _NOTHING, {key: (name, around - {_IN_QUERY}) for key, (name, around) in names.items()}
    )


@lru_cache(maxsize=1)
def in_path() -> frozenset[str]:
    """Return the folded names of personal data that no variable of a known path has."""
    return frozenset(map(fold, catalogue.personal("path")))


def _names(scopes: tuple[str, ...]) -> dict[str, tuple[str, frozenset[str]]]:
    names: dict[str, tuple[str, frozenset[str]]] = {}
    for scope in scopes:
        for name, around in catalogue.personal(scope).items():
            folded = fold(name)
            earlier = names[folded][1] if folded in names else frozenset()
            names[folded] = (name, earlier | frozenset(around))
    return names
