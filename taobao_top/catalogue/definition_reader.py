"""Reading of definitions of methods; their form is in :mod:`taobao_top.catalogue.definitions`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import frozen

from chainable.errors import ConfigurationError
from chainable.i18n import Words, message_of, translate
from chainable.masking import safe_repr
from chainable.spelling import did_you_mean
from taobao_top import catalogue

if TYPE_CHECKING:
    from taobao_top.catalogue import Limits, Method, Param

__all__ = ["DefinedMethod", "kind_of", "read_definitions"]

_RECORD = ("title", "session", "params", "answer", "limits")
_FIELD = ("type", "required", "list", "example", "fields")
_NAME = re.compile(r"[\w-]+(\.[\w-]+)+", re.ASCII)
_LINE = re.compile(r"""\s*(["']?)[\w.-]+\1:(\s|$)""", re.ASCII)
"""How YAML on one line begins; a path does not."""
_TYPES = ("String", "Number", "Boolean", "Date", "Json", "BigDecimal", "Price", "Map", "byte", "byte[]")
_BARE = frozenset(
    [
        "BaggageSubContentVisualizesBean",
        "BaggageSubItem",
        "BaggageTip",
        "CabinRs",
        "CancelPolicyDetailDTO",
        "DicControlApkDO",
        "DicControlTaskDO",
        "ExtendSeedCrowdVo",
        "ExtendSeedLabelVo",
        "ExtraContentsBean",
        "HotelDinamicLabelDto",
        "LabelOptionProperties",
        "OptionGroupVo",
        "OptionVo",
        "PaginationDO",
        "PromotionPrice",
        "RdamContext",
        "RefundChangeRuleSubContent",
        "RefundChangeRuleSubItem",
        "RefundSubItem",
        "RichClientInfo",
        "SearchPriceRs",
        "SegmentPositionRs",
        "SegmentShowInfoRs",
        "TimeNodeDO",
        "Tips",
        "null",
    ]
)
"""Classes that the official pages name without their members."""
_DEPTH = 8
_SESSIONS = ("required", "none")


@safe_repr
@frozen(eq=False)
class DefinedMethod(catalogue.Method):
    """A method that was defined at run time; it holds its fields itself."""

    details: tuple[str, tuple[Param, ...], tuple[Param, ...]] = ("", (), ())

    @property
    def group(self) -> str:
        """Its group of methods."""
        return self.details[0]

    @property
    def params(self) -> tuple[Param, ...]:
        """The business parameters with their members."""
        return self.details[1]

    @property
    def response(self) -> tuple[Param, ...]:
        """The members of the response."""
        return self.details[2]


def read_definitions(given: Any) -> dict[str, Method]:
    """
    Read the path, the text or the content of definitions, and return the methods by name.

    Raises:
        ConfigurationError: They cannot be read; the error names the place.
    """
    return _methods(*_content(given))


def kind_of(param: Param) -> str:
    """Return a parameter's type as :attr:`Method.types` has it."""
    kind = "object" if param.fields else param.type
    return f"{kind}[]" if param.list else kind


def _content(given: Any) -> tuple[str, Any]:
    """Return the name of the source for errors, and its content."""
    if isinstance(given, Mapping):
        return "catalogue", given
    if isinstance(given, os.PathLike):
        return _file(Path(given))
    if isinstance(given, str):
        if not given.strip():
            _refuse(
                "catalogue",
                Words(
                    "the text is empty: pass a path, a text or a mapping, or None for the package's methods",
                    "文本为空：请传路径、文本或字典；None 表示自带的接口",
                ),
            )
        is_text = "\n" in given or given.lstrip().startswith("{") or _LINE.match(given) is not None
        return ("catalogue", _parsed("catalogue", given)) if is_text else _file(Path(given))
    msg = Words(
        f"catalogue: a path, a text or a mapping was expected, not {type(given).__name__}",
        f"catalogue：应为路径、文本或字典，不是 {type(given).__name__}",
    )
    raise ConfigurationError(msg)


def _file(path: Path) -> tuple[str, Any]:
    name = f"catalogue {path.name}"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        msg = Words(
            f"catalogue: {path} cannot be read: {error.strerror}", f"catalogue：{path} 无法读取：{error.strerror}"
        )
        raise ConfigurationError(msg) from None
    except ValueError:
        _refuse(name, Words("the file is not UTF-8", "文件不是 UTF-8"))
    return name, _parsed(name, text)


def _parsed(name: str, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=lambda pairs: _once(name, pairs))
        except ConfigurationError:
            raise
        except ValueError:
            pass  # a mapping of YAML may begin with a brace, too
    try:
        import yaml
    except ImportError:
        msg = Words(
            f"{name}: YAML needs PyYAML: pip install 'wechatpay-taobao-top[yaml]'; JSON and mappings do not",
            f"{name}：读取 YAML 需要 PyYAML：pip install 'wechatpay-taobao-top[yaml]'；JSON 与字典不需要",
        )
        raise ConfigurationError(msg) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        _check_twice(name, node)
        return None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        where_zh = "" if mark is None else f"，第 {mark.line + 1} 行"
        _refuse(name, Words(f"this is neither JSON nor YAML{where}", f"既不是 JSON 也不是 YAML{where_zh}"))


def _once(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; ConfigurationError if a name is in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        _refuse(
            name,
            Words(
                f"{next(key for key in names if names.count(key) > 1)!r} is defined twice",
                f"{next(key for key in names if names.count(key) > 1)!r} 定义了两次",
            ),
        )
    return found


def _check_twice(name: str, node: Any, depth: int = 0) -> None:
    """Refuse a name that a mapping of YAML has twice, of which only the last would count."""
    if getattr(node, "id", "") != "mapping" or depth > _DEPTH:
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.id == "scalar" and key.value in seen and key.value != "<<":
            _refuse(
                name,
                Words(
                    f"line {key.start_mark.line + 1}: {key.value!r} is defined twice",
                    f"第 {key.start_mark.line + 1} 行：{key.value!r} 定义了两次",
                ),
            )
        if key.id == "scalar":
            seen.add(key.value)
        _check_twice(name, value, depth + 1)


def _methods(source: str, content: Any) -> dict[str, Method]:
    if not isinstance(content, Mapping):
        _refuse(source, Words("a mapping with 'methods' was expected", "应为带 'methods' 的字典"))
    group = ""
    records: Any = content
    if "methods" in content:
        stray = next((name for name in content if name not in {"group", "methods"}), None)
        if stray is not None:
            _refuse(
                source,
                Words(
                    f"{stray!r} is unknown here{did_you_mean(str(stray), ('group', 'methods'))}",
                    f"此处没有 {stray!r}{did_you_mean(str(stray), ('group', 'methods')).zh}",
                ),
            )
        group, records = content.get("group") or "", content["methods"]
    if not isinstance(group, str) or not isinstance(records, Mapping):
        _refuse(
            source,
            Words(
                "'group' is a text, and 'methods' a mapping of methods by name",
                "'group' 应为文本，'methods' 应为接口名到接口的字典",
            ),
        )
    return {name: _method(source, group, name, record) for name, record in records.items()}


def _method(source: str, group: str, name: Any, record: Any) -> Method:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        _refuse(
            source,
            Words(
                f"{name!r} is not the full name of a method, such as taobao.time.get",
                f"{name!r} 不是完整的接口名，如 taobao.time.get",
            ),
        )
    where = f"{source}: {name}"
    record = {} if record is None else record
    _check_members(where, record, _RECORD)
    session = record.get("session")
    if session is not None and session not in _SESSIONS:
        _refuse(
            where,
            Words(
                "session is 'required' or 'none' (in quotes); leave it out if it is unknown",
                "session 应为 'required' 或 'none'（带引号）；不确定则不写",
            ),
        )
    title = record.get("title")
    if title is not None and not isinstance(title, str):
        _refuse(where, Words("title is a text", "title 应为文本"))
    params = _fields(f"{where}, params", record.get("params"))
    return DefinedMethod(
        name,
        title=title,
        session=session,
        types={param.name: kind_of(param) for param in params},
        limits=_limits(where, record.get("limits"), params),
        details=(group, params, _fields(f"{where}, answer", record.get("answer"))),
    )


def _fields(where: str, members: Any) -> tuple[Param, ...]:
    if not isinstance(members or {}, Mapping):
        _refuse(where, Words("a mapping of fields by name was expected", "应为字段名到字段的字典"))
    return tuple(_field(f"{where}: {name}", name, member) for name, member in (members or {}).items())


def _field(where: str, name: Any, member: Any) -> Param:
    if not isinstance(name, str):
        _refuse(where, Words("the name of a field is a text: put it in quotes", "字段名应为文本：请加引号"))
    if isinstance(member, str):
        _check_type(where, member)
        return catalogue.Param(name, member)
    _check_members(where, member, _FIELD)
    for key, kind in (("type", str), ("required", bool), ("list", bool), ("example", str)):
        if not isinstance(member.get(key, kind()), kind):
            _refuse(
                where,
                Words(
                    f"{key} is {'true or false' if kind is bool else 'a text: put it in quotes'}",
                    f"{key} 应为{' true 或 false' if kind is bool else '文本：请加引号'}",
                ),
            )
    fields = _fields(where, member.get("fields"))
    if not fields:
        _check_type(where, member.get("type", "String"))
    return catalogue.Param(**{**member, "name": name, "fields": fields})


def _check_type(where: str, kind: str) -> None:
    if kind not in _TYPES and kind not in _BARE:
        hint = did_you_mean(kind.capitalize(), _TYPES) or Words(
            f"; types are {', '.join(_TYPES)}", f"；类型有 {'、'.join(_TYPES)}"
        )
        _refuse(
            where,
            Words(
                f"the type {kind!r} is unknown{hint}, or an object: give it fields",
                f"没有类型 {kind!r}{hint.zh}；如为对象，请给出 fields",
            ),
        )


def _limits(where: str, record: Any, params: tuple[Param, ...]) -> Limits | None:
    if record is None:
        return None
    if not isinstance(record, Mapping):
        _refuse(
            where, Words("limits: a mapping of windows, chunks was expected", "limits：应为含 windows、chunks 的字典")
        )
    if not _are_mappings(record.get("windows", [])) or not isinstance(record.get("chunks", {}), Mapping):
        _refuse(
            where,
            Words(
                "limits: windows is a list of mappings, and chunks a mapping of whole numbers",
                "limits：windows 应为字典的列表，chunks 应为值是整数的字典",
            ),
        )
    try:
        limits = catalogue.limits(record)
    except (TypeError, ValueError) as error:
        _refuse(where, Words(f"limits: {error}", f"limits：{translate(message_of(error), 'zh')}"))
    unknown = sorted(set(limits.names()) - {param.name for param in params})
    if unknown:
        _refuse(
            where,
            Words(f"limits: the method has no parameter {unknown[0]!r}", f"limits：该接口没有参数 {unknown[0]!r}"),
        )
    return limits


def _are_mappings(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(each, Mapping) for each in given)


def _check_members(where: str, given: Any, known: tuple[str, ...]) -> None:
    if not isinstance(given, Mapping):
        _refuse(where, Words(f"a mapping of {', '.join(known)} was expected", f"应为含 {'、'.join(known)} 的字典"))
    stray = next((name for name in given if name not in known), None)
    if stray is not None:
        _refuse(
            where,
            Words(
                f"{stray!r} is unknown here{did_you_mean(str(stray), known)}",
                f"此处没有 {stray!r}{did_you_mean(str(stray), known).zh}",
            ),
        )


def _refuse(where: str, what: Words) -> NoReturn:
    raise ConfigurationError(Words(f"{where}: {what}", f"{where}：{what.zh}"))
