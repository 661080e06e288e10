"""Descriptions of methods."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Any

from chainable.describe import CallStyle, Description, Label, Row, Table, arguments, in_both_languages, python
from taobao_top.describe.field_rows import examples, glossary, rows
from taobao_top.describe.samples import samples
from taobao_top.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taobao_top.catalogue import Method

__all__ = ["attributes", "described"]

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = frozenset({"chain", "post_async", "postAsync"})
_SESSIONS = {"required": Label("需要", "required"), "none": Label("不需要", "none")}

# Name, type, required, filled in by the client.
_COMMON = (
    ("method", "String", True, True),
    ("app_key", "String", True, True),
    ("session", "String", False, True),
    ("timestamp", "Date", True, True),
    ("v", "String", True, True),
    ("sign_method", "String", True, True),
    ("sign", "String", True, True),
    ("format", "String", False, True),
    ("simplify", "Boolean", False, True),
    ("target_app_key", "String", False, False),
)


def attributes(name: str) -> str:
    """
    Write a method's name as attributes of a client.

    Args:
        name: ``taobao.item.seller.get``.

    Returns:
        ``.taobao.item.seller.get``; ``['…']`` for a part that is not a valid attribute.
    """
    *parents, last = name.split(".")
    # A last ``post`` would send the call.
    return "".join(map(_attribute, parents)) + (".post_" if last == "post" else _attribute(last))


def _attribute(part: str) -> str:
    if not _ATTRIBUTE.fullmatch(part) or part.endswith("_"):
        return f"[{part!r}]"
    return f".{part}_" if keyword.iskeyword(part) or part in _RESERVED else f".{part}"


def described(method: Method) -> Description:
    """Describe a method."""
    return Description(
        key=method.name,
        title=method.title or method.name,
        name=method.name,
        facts=tuple(_facts(method)),
        links=(f"https://open.taobao.com/api.htm?apiName={method.name}",),
        tables=(
            Table(Label("公共参数", "common parameters"), tuple(_common())),
            Table(Label("请求参数", "request parameters"), tuple(rows(method.params))),
        ),
        forms=tuple(_forms(method.name, examples(method.params))),
        shortest=_shortest(method),
        answers=(Table(Label("返回字典", "response dict"), tuple(rows(method.response))),),
        samples=tuple(samples(method)),
    )


def _facts(method: Method) -> Iterator[tuple[str, str]]:
    yield Label("类目", "category"), method.group
    if method.session:
        yield Label("授权", "session"), _SESSIONS[method.session]


def _common() -> Iterator[Row]:
    for name, kind, required, filled in _COMMON:
        yield Row(name=name, type=kind, required=required, filled=filled, meaning=glossary[name])


def _shortest(method: Method) -> CallStyle:
    """Return the first form of the call without optional parameters."""
    first = next(_forms(method.name, examples(method.params, required=True)))
    return CallStyle(Label("最简调用（仅必填参数）", "shortest call (required parameters only)"), first.code)


def _forms(name: str, given: dict[str, Any]) -> Iterator[CallStyle]:
    inside = arguments(given) if all(map(_is_keyword_argument, given)) else python(given)
    chains = (
        ("纯链式", "attributes", f"top{attributes(name)}"),
        ("声明式", "chain()", f"top.chain({name!r})"),
        ("属性式", "[…]", f"top[{name!r}]"),
    )
    for zh, en, chain in chains:
        code = f"response = {chain}.post({inside})\nprint(response.data)\n"
        yield CallStyle(Label(f"同步{zh}", f"sync, {en}"), in_both_languages(code))
    for zh, en, chain in chains:
        code = f"{chain}.post_async({inside}).then(lambda response: print(response.data)).wait()\n"
        yield CallStyle(Label(f"异步{zh}", f"async, {en}"), in_both_languages(code))


def _is_keyword_argument(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in OPTIONS
