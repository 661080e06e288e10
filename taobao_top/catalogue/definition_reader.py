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
                "catalogue", "the text is empty: pass a path, a text or a mapping, or None for the package's methods"
            )
        is_text = "\n" in given or given.lstrip().startswith("{") or _LINE.match(given) is not None
        return ("catalogue", _parsed("catalogue", given)) if is_text else _file(Path(given))
    msg = f"catalogue: a path, a text or a mapping was expected, not {type(given).__name__}"
    raise ConfigurationError(msg)


def _file(path: Path) -> tuple[str, Any]:
    name = f"catalogue {path.name}"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        msg = f"catalogue: {path} cannot be read: {error.strerror}"
        raise ConfigurationError(msg) from None
    except ValueError:
        _refuse(name, "the file is not UTF-8")
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
        msg = f"{name}: YAML needs PyYAML: pip install 'wechatpay-taobao-top[yaml]'; JSON and mappings do not"
        raise ConfigurationError(msg) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        _check_twice(name, node)
        return None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        _refuse(name, f"this is neither JSON nor YAML{where}")


def _once(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; ConfigurationError if a name is in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        _refuse(name, f"{next(key for key in names if names.count(key) > 1)!r} is defined twice")
    return found


def _check_twice(name: str, node: Any, depth: int = 0) -> None:
    """Refuse a name that a mapping of YAML has twice, of which only the last would count."""
    if getattr(node, "id", "") != "mapping" or depth > _DEPTH:
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.id == "scalar" and key.value in seen and key.value != "<<":
            _refuse(name, f"line {key.start_mark.line + 1}: {key.value!r} is defined twice")
        if key.id == "scalar":
            seen.add(key.value)
        _check_twice(name, value, depth + 1)


def _methods(source: str, content: Any) -> dict[str, Method]:
    if not isinstance(content, Mapping):
        _refuse(source, "a mapping with 'methods' was expected")
    group = ""
    records: Any = content
    if "methods" in content:
        stray = next((name for name in content if name not in {"group", "methods"}), None)
        if stray is not None:
            _refuse(source, f"{stray!r} is unknown here{did_you_mean(str(stray), ('group', 'methods'))}")
        group, records = content.get("group") or "", content["methods"]
    if not isinstance(group, str) or not isinstance(records, Mapping):
        _refuse(source, "'group' is a text, and 'methods' a mapping of methods by name")
    return {name: _method(source, group, name, record) for name, record in records.items()}


def _method(source: str, group: str, name: Any, record: Any) -> Method:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        _refuse(source, f"{name!r} is not the full name of a method, such as taobao.time.get")
    where = f"{source}: {name}"
    record = {} if record is None else record
    _check_members(where, record, _RECORD)
    session = record.get("session")
    if session is not None and session not in _SESSIONS:
        _refuse(where, "session is 'required' or 'none' (in quotes); leave it out if it is unknown")
    title = record.get("title")
    if title is not None and not isinstance(title, str):
        _refuse(where, "title is a text")
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
        _refuse(where, "a mapping of fields by name was expected")
    return tuple(_field(f"{where}: {name}", name, member) for name, member in (members or {}).items())


def _field(where: str, name: Any, member: Any) -> Param:
    if not isinstance(name, str):
        _refuse(where, "the name of a field is a text: put it in quotes")
    if isinstance(member, str):
        _check_type(where, member)
        return catalogue.Param(name, member)
    _check_members(where, member, _FIELD)
    for key, kind in (("type", str), ("required", bool), ("list", bool), ("example", str)):
        if not isinstance(member.get(key, kind()), kind):
            _refuse(where, f"{key} is {'true or false' if kind is bool else 'a text: put it in quotes'}")
    fields = _fields(where, member.get("fields"))
    if not fields:
        _check_type(where, member.get("type", "String"))
    return catalogue.Param(**{**member, "name": name, "fields": fields})


def _check_type(where: str, kind: str) -> None:
    if kind not in _TYPES and kind not in _BARE:
        hint = did_you_mean(kind.capitalize(), _TYPES) or f"; types are {', '.join(_TYPES)}"
        _refuse(where, f"the type {kind!r} is unknown{hint}, or an object: give it fields")


def _limits(where: str, record: Any, params: tuple[Param, ...]) -> Limits | None:
    if record is None:
        return None
    if not isinstance(record, Mapping):
        _refuse(where, "limits: a mapping of windows, chunks was expected")
    if not _are_mappings(record.get("windows", [])) or not isinstance(record.get("chunks", {}), Mapping):
        _refuse(where, "limits: windows is a list of mappings, and chunks a mapping of whole numbers")
    try:
        limits = catalogue.limits(record)
    except (TypeError, ValueError) as error:
        _refuse(where, f"limits: {error}")
    unknown = sorted(set(limits.names()) - {param.name for param in params})
    if unknown:
        _refuse(where, f"limits: the method has no parameter {unknown[0]!r}")
    return limits


def _are_mappings(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(each, Mapping) for each in given)


def _check_members(where: str, given: Any, known: tuple[str, ...]) -> None:
    if not isinstance(given, Mapping):
        _refuse(where, f"a mapping of {', '.join(known)} was expected")
    stray = next((name for name in given if name not in known), None)
    if stray is not None:
        _refuse(where, f"{stray!r} is unknown here{did_you_mean(str(stray), known)}")


def _refuse(where: str, what: str) -> NoReturn:
    msg = f"{where}: {what}"
    raise ConfigurationError(msg)
