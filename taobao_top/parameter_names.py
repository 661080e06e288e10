"""
The names of what a call is given: parameters and options, checked against the catalogue.

The platform ignores a parameter that it does not know, so a misspelt filter
would return everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.masking import MaskedDict
from chainable.path import fold
from chainable.spelling import one_edit, similar_names
from chainable.validation import check_flag
from taobao_top.call_options import check_text
from taobao_top.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from taobao_top.method_info import MethodInfo

__all__ = ["UnknownParameterError", "catalogue_name", "is_spelling_of", "split_arguments"]

_OPTIONS = frozenset(OPTIONS)
_RESERVED = frozenset({"method", "app_key", "timestamp", "sign", "sign_method", "partner_id"})
_ONLY_BY_NAME = frozenset({"session", "target_app_key", "simplify", "format"})
_PUBLIC = {"customerId": "taobao.qimen."}
"""Public parameters of the protocol of some methods, by the beginning of their names: qimen's merchant."""
_OF_HTTP_CLIENTS = frozenset({"json", "params", "data", "body", "xml", "form", "query", "payload", "files"})
"""Keywords of other clients, and of ``wechatpay``, for everything that a call sends."""


class UnknownParameterError(TypeError):
    """
    A parameter that the catalogue does not have for a method.

    Attributes:
        method: The method's name.
        name: The parameter's name, as it was given.
        near: Similar names, the nearest first.
    """

    def __init__(self, method: str, name: str, near: Sequence[str]) -> None:
        advice = f"to send a newer parameter, add unknown=True, or pass it in the mapping, (…)({{{name!r}: …}})"
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        zh_hint = f"；是否要写 {' 或 '.join(map(repr, near))}？" if near else "。"
        super().__init__(
            Words(
                f"{method} has no parameter {name!r} in the catalogue, and the platform ignores what it does not know"
                f"{f'{hint} T{advice[1:]}' if hint else f'; {advice}'}",
                f"接口目录中 {method} 没有参数 {name!r}，平台会忽略它不认识的参数{zh_hint}"
                f"如需发送目录尚未收录的新参数，请加 unknown=True，或写在字典中：(…)({{{name!r}: …}})",
            )
        )
        self.method = method
        self.name = name
        self.near = tuple(near)


def split_arguments(
    info: MethodInfo, given: Mapping[str, Any], keywords: Mapping[str, Any], *, has_body: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Split what a call is given into parameters, spelled as the platform spells them, and options.

    Args:
        info: The method.
        given: The mapping of parameters.
        keywords: Parameters and options by name; ``unknown`` is not returned.
        has_body: Whether a raw body goes along: it has the parameters that the catalogue lists, so others are by name.

    Raises:
        TypeError: A name is given twice, is not a parameter of the method, or belongs to the client.
        CodecError: A name cannot be sent.
    """
    options: dict[str, Any] = MaskedDict({name: keywords[name] for name in keywords if name in _OPTIONS})
    named: dict[str, Any] = MaskedDict({name: keywords[name] for name in keywords if name not in _OPTIONS})
    for name in options:
        if name in info.types:
            msg = Words(
                f"{name!r} is an option of every call, and a parameter of {info.name}: "
                f"pass the parameter in the mapping, (…)({{{name!r}: …}}); the option is unavailable for this method",
                f"{name!r} 既是每次调用的选项，又是 {info.name} 的参数：请用字典传参数，(…)({{{name!r}: …}})；该接口不能使用这个选项",
            )
            raise TypeError(msg)
    unknown = options.pop("unknown", None)
    if unknown is not None:
        check_flag("unknown", unknown)
    names = _Names(info, True if has_body and unknown is None else unknown)
    parameters: dict[str, Any] = MaskedDict()
    for source, by_name in ((given, False), (named, True)):
        for name, value in source.items():
            meant = name if name in info.types else names.meant(name, by_name=by_name)
            if meant in parameters:
                raise _twice(info.name, meant, [*given, *named])
            parameters[meant] = value
    return parameters, options


def is_spelling_of(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name of which this is the camelCase or another usual spelling; None if there is not one."""
    folded = fold(name)
    found = [each for each in known if fold(each) == folded]
    return found[0] if len(found) == 1 else None


def catalogue_name(name: Any, known: Iterable[str]) -> Any:
    """Return a name as the catalogue spells it; the name itself if the catalogue has no spelling of it."""
    if not isinstance(name, str) or name in known:
        return name
    return is_spelling_of(name, known) or name


class _Names:
    """Decides on names that are not, letter by letter, parameters of the method in the catalogue."""

    def __init__(self, info: MethodInfo, unknown: bool | None) -> None:
        self._method = info.name
        self._types = info.types
        self._is_known = info.method is not None
        self._unknown = unknown

    def meant(self, name: str, *, by_name: bool) -> str:
        """Return the name to send, or raise TypeError."""
        check_text(f"{self._method}: the name of a parameter", name)
        if name == "v" and not self._is_known:  # custom methods of qimen have versions of their own
            return name
        if name in _RESERVED or name == "v":
            msg = Words(
                f"{self._method}: {name!r} is filled in by the client, leave it out",
                f"{self._method}：{name!r} 由客户端填写，请去掉",
            )
            raise TypeError(msg)
        if name in _ONLY_BY_NAME:
            msg = Words(
                f"{self._method}: {name!r} is an option: pass it by name, (…)({name}=…), not in the mapping",
                f"{self._method}：{name!r} 是调用选项，请用具名参数 (…)({name}=…) 传入，不要写在字典中",
            )
            raise TypeError(msg)
        if self._method.startswith(_PUBLIC.get(name, " ")):
            return name
        spelled = is_spelling_of(name, self._types)
        if spelled is not None:
            return spelled
        if self._unknown:
            return name
        if by_name:
            self._check_habits(name)
        if self._is_known and (by_name or self._unknown is False):
            raise UnknownParameterError(self._method, name, similar_names(name, self._types))
        return name

    def _check_habits(self, name: str) -> None:
        """Refuse a keyword of other clients, and a misspelt option."""
        if name == "json" or (self._is_known and name in _OF_HTTP_CLIENTS):
            msg = Words(
                f"{self._method}: {name}= is not used here: pass each parameter by name, (…)(name=value), "
                "or all of them in one mapping before the options, (…)({'name': value})",
                f"{self._method}：这里不用 {name}=：请逐个用具名参数 (…)(名称=值) 传入，"
                "或把全部参数写成一个字典，放在调用选项之前：(…)({'名称': 值})",
            )
            raise TypeError(msg)
        near = next((option for option in OPTIONS if one_edit(name, option)), None)
        if near is not None and not any(one_edit(name, known) for known in self._types):
            msg = Words(
                f"{self._method}: {name!r} is one letter away from the option {near!r}; "
                f"if it is a parameter, pass it in the mapping, (…)({{{name!r}: …}})",
                f"{self._method}：{name!r} 与调用选项 {near!r} 只差一个字母；"
                f"如果它是接口参数，请写在字典中：(…)({{{name!r}: …}})",
            )
            raise TypeError(msg)


def _twice(method: str, meant: str, names: list[str]) -> TypeError:
    spellings = sorted({name for name in names if fold(name) == fold(meant)})
    where = Words("in the mapping and by name", "在字典中和按名称各一次")
    if len(spellings) > 1:
        listed = [repr(each) for each in spellings]
        where = Words(f"as {' and '.join(listed)}", f"写作 {' 和 '.join(listed)}")
    return TypeError(
        Words(
            f"{method}: the parameter {meant!r} is given twice, {where}",
            f"{method}：参数 {meant!r} 给了两次：{where.zh}",
        )
    )
