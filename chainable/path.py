"""Paths: allowed characters, spelling of names, values of variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from chainable.errors import PathError
from chainable.i18n import Words
from chainable.spelling import did_you_mean, similar_names

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "did_you_mean",
    "expand",
    "fold",
    "kebab",
    "near_verbs",
    "similar_names",
    "split",
    "split_name",
    "variable_name",
]

# Patterns are compiled at their first use, to keep the import fast.
_SEGMENT = r"[A-Za-z0-9\-._~!$&'()*+,;=:@]+|\{[A-Za-z][A-Za-z0-9_]*\}"
_VARIABLE = r"_([a-z][a-z0-9]*(?:_[a-z0-9]+)*|[a-z][A-Za-z0-9]*)_"
_PROBES = r"_repr_.*_|_ipython_.*_|_jupyter_.*_|_type_|_fields_|_as_parameter_|_sympy_"
_NAME = r"[A-Za-z0-9_\-]+"
_URL = r"[A-Za-z][A-Za-z0-9+.\-]*://|//[^/]+[.:]"
_HUMP = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


def split(path: str) -> list[str]:
    """
    Split a literal path into segments.

    One leading slash is ignored; a trailing slash becomes an empty last segment.

    Raises:
        PathError: A segment is empty, ``.`` or ``..``, or contains a character that is not allowed in a path.
        TypeError: The path is not a str.
    """
    if not isinstance(path, str):
        msg = Words(f"a path is a str, not {type(path).__name__}", f"路径应为 str，不是 {type(path).__name__}")
        raise TypeError(msg)
    if re.match(_URL, path):
        msg = Words(
            "a path was expected, not a URL: write it without scheme and host, such as 'v3/pay'; "
            "give another host as base_url=…",
            "应为路径，不是 URL：请去掉协议与域名，例如 'v3/pay'；换域名请用 base_url=…",
        )
        raise PathError(msg)
    segments = path.removeprefix("/").split("/")
    for index, segment in enumerate(segments):
        if not re.fullmatch(_SEGMENT, segment) or segment in {".", ".."}:
            if segment == "" and 0 < index == len(segments) - 1:
                break
            raise PathError(_describe_error(segment))
    return segments


def _describe_error(segment: str) -> Words:
    # The segment may be personal data, so the message describes it.
    if segment == "":
        return Words(
            "a path segment is empty: write 'v3/pay', not 'v3//pay' or ''",
            "路径中有空段：请写 'v3/pay'，不要写 'v3//pay' 或 ''",
        )
    if segment in {".", ".."}:
        return Words(
            f"{segment!r} is not allowed as a path segment, because it would change the path: remove it",
            f"路径的一段不能是 {segment!r}，它会改变路径：请去掉",
        )
    if "{" in segment or "}" in segment:
        return Words(
            "braces mark a whole segment as a variable: write 'id/{transaction_id}'",
            "花括号表示整段是变量：请写成 'id/{transaction_id}'",
        )
    if "?" in segment:
        return Words(
            "'?' is not allowed in a path: pass the query as params={...} to the verb",
            "路径中不能有 '?'：查询参数请用 params={...} 传给请求方法",
        )
    if "%" in segment:
        return Words(
            "'%' is not allowed in a path, because the client encodes values: pass the plain value for a {variable}",
            "路径中不能有 '%'，编码由客户端完成：请把原值传给 {变量}",
        )
    odd = next(character for character in segment if not re.fullmatch(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]", character))
    return Words(
        f"{odd!r} is not allowed in a path: pass the value for a {{variable}}, for example get(out_trade_no=...)",
        f"路径中不能有 {odd!r}：请把值传给 {{变量}}，例如 get(out_trade_no=...)",
    )


def variable_name(attribute: str) -> str | None:
    """Return the variable of an attribute ``_name_`` (``_outTradeNo_`` is ``out_trade_no``); None for other attributes."""
    match = re.fullmatch(_VARIABLE, attribute)
    if match is None or re.fullmatch(_PROBES, attribute):
        return None
    return re.sub(_HUMP, "_", match[1]).lower()


def fold(name: str) -> str:
    """Return the form that snake_case, kebab-case and camelCase of a name have in common."""
    return name.replace("_", "").replace("-", "").lower()


def kebab(name: str) -> str:
    """Convert a Python name to kebab-case: ``hirePowerBank`` and ``hire_power_bank`` to ``hire-power-bank``."""
    return re.sub(_HUMP, "-", name).replace("_", "-").lower()


def expand(name: str, value: object) -> str:
    """
    Percent-encode the value of a path variable, a str or an int, as one segment.

    Raises:
        PathError: The str is empty, ``.``, ``..`` or contains a lone surrogate.
        TypeError: It is neither a str nor an int.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return quote(str(value), safe="")
    if not isinstance(value, str):
        kind = type(value).__name__
        msg = Words(
            f"{name}: a path variable is a str or an int, not {kind}", f"{name}：路径变量应为 str 或 int，不是 {kind}"
        )
        raise TypeError(msg)
    if value in {"", ".", ".."}:
        msg = Words(
            f"{name}: {value!r} would change the path: pass another value",
            f"{name}：{value!r} 会改变路径，请传其他值",
        )
        raise PathError(msg)
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        msg = Words(
            f"{name}: the text contains a lone surrogate, which UTF-8 cannot encode",
            f"{name}：文本含有 UTF-8 无法编码的单独代理字符",
        )
        raise PathError(msg) from None


def near_verbs(name: str, verbs: Iterable[str]) -> Words:
    """
    Return the verbs that a step may be a misspelling of, ``".post(…)"``; an empty text if it is not similar.

    Args:
        name: The name of the step: ``pots``, ``POST``, ``post_asyn``.
        verbs: HTTP methods; each is also compared as ``…_async``.
    """
    names = [f"{verb.lower()}{ending}" for verb in verbs for ending in ("", "_async")]
    folded = {fold(known): known for known in names}
    if fold(name) in folded:
        found = [f".{folded[fold(name)]}(…)"]
    else:
        found = [f".{known}(…)" for known in similar_names(name.lower(), names)[:2]]
    return Words(" or ".join(found), " 或 ".join(found))


def split_name(name: str) -> list[str]:
    """Split a dotted method name into its parts; raise PathError unless they are letters, digits, ``_``, ``-``."""
    if not isinstance(name, str):
        msg = Words(f"a method name is a str, not {type(name).__name__}", f"接口名应为 str，不是 {type(name).__name__}")
        raise TypeError(msg)
    if re.match(_URL, name):
        msg = Words(
            "the name of a method was expected, not a URL: the client knows the URL of its gateway",
            "应为 API 名称，不是 URL：客户端已有网关地址",
        )
        raise PathError(msg)
    parts = name.split(".")
    if not all(re.fullmatch(_NAME, part) for part in parts):
        msg = Words(
            f"{name[:80]!r} is not a method name: use parts of letters, digits, '_' and '-', joined by dots",
            f"{name[:80]!r} 不是 API 名称：应为用点连接的各段，每段只含字母、数字、'_' 和 '-'",
        )
        raise PathError(msg)
    return parts
