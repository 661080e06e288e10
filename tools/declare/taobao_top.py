"""TOP: a class for every part of a method's name, TypedDicts for parameters and responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, field

from taobao_top import catalogue
from taobao_top.errors import is_read
from taobao_top.options import OPTIONS
from taobao_top.response_shapes import answer_fields, can_fail
from taobao_top.types import values
from tools.declare.dicts import Dicts, Members
from tools.declare.spelling import HEADER, attribute, camel, clashes, docstring, module, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taobao_top.catalogue import Method, Param

_CLOSED = frozenset({"chain", "post_async"})
_VALUES = "taobao_top.types.values"
_GIVEN = {
    "String": "str",
    "Number": "Number",
    "Boolean": "bool",
    "Date": "Date",
    "Json": "Json",
    "BigDecimal": "Number",
    "Price": "Number",
    "byte": "Number",
    "byte[]": "File",
    "Map": "Json",
}
_RECEIVED = {
    "String": "str",
    "Number": "int",
    "Boolean": "bool",
    "Date": "str",
    "BigDecimal": "str",
    "Price": "str",
    "byte": "int | str",
    "byte[]": "str",
}
_JOINED = r"(^|_)fields$|(?<![a-z])\w*ids$"
"""Names of texts that hold several values joined with commas."""
_FIELDS = "``fields`` decides which members the objects of the answer have."
_PAGE = "https://open.taobao.com/api.htm?apiName="

Shape = tuple[tuple[str, object, bool, bool], ...]


@define
class Part:
    """A part of names: the parts that follow it, and the method that ends with it."""

    children: dict[str, Part] = field(factory=dict)
    method: Method | None = None


def build() -> dict[str, str]:
    """Return the text of the generated files by path."""
    roots: dict[str, dict[str, list[Method]]] = {}
    for name in catalogue.methods():
        method = catalogue.method(name)
        if method is not None:
            first, second, *_ = name.split(".")
            roots.setdefault(first, {}).setdefault(second, []).append(method)
    files: dict[str, str] = {}
    literals: list[tuple[str, str, list[str]]] = []
    for first, families in roots.items():
        root = module(first)
        attributes = []
        for second, methods in families.items():
            family = _Family(first, second, methods)
            files |= family.files()
            literals.append((f"{root}.{family.module}", camel(first, second), [method.name for method in methods]))
            if plain(family.attribute):
                attributes.append((family.module, family.root, f"    {family.attribute}: {family.root}"))
        files[f"taobao_top/types/{root}/__init__.py"] = f'{HEADER}\n"""Parameters and responses of {first}.…"""\n'
        files[f"taobao_top/types/chains/{root}/__init__.pyi"] = "\n".join(
            [
                HEADER,
                "from taobao_top.types.chains.node import Node",
                *(f"from taobao_top.types.chains.{root}.{name} import {kind}" for name, kind, _ in attributes),
                "",
                f"class {camel(first)}(Node):",
                *(line for _, _, line in attributes),
                "" if attributes else "    pass\n",
            ]
        )
    files["taobao_top/types/chains/literals.pyi"] = _literals(literals)
    named = [first for first in roots if plain(first)]
    files["taobao_top/types/chains/__init__.pyi"] = "\n".join(
        [
            HEADER,
            *(f"from taobao_top.types.chains.{first} import {camel(first)}" for first in named),
            "from taobao_top.types.chains.literals import Literals",
            "",
            "class Chains(Literals):",
            *(f"    {first}: {camel(first)}" for first in named),
            "",
        ]
    )
    return files


def _literals(families: list[tuple[str, str, list[str]]]) -> str:
    lines = [
        HEADER,
        "# mypy: ignore-errors",
        "# A name is looked up in two steps, its family and then the method: one overload for each of thousands of",
        "# names would take the checkers a minute. Overlaps are not checked: all names differ.",
        "from typing import Generic, Literal, TypeVar, overload",
        "",
        "from taobao_top.types.chains.node import Node, OpenNode",
        *(
            f"from taobao_top.types.chains.{path.replace('.', ' import ')} as {path.replace('.', '_')}"
            for path, _, _ in families
        ),
        "",
        'K = TypeVar("K")',
    ]
    for path, name, methods in families:
        module_ = path.replace(".", "_")
        names = ", ".join(f'"{method}"' for method in methods)
        lines += [
            "",
            f'_{name} = TypeVar("_{name}", bound=Literal[{names}])',
            f"class {name}(Node, Generic[K]):",
            f"    __call__: {module_}.Named",
            f"    post: {module_}.Named",
            f"    post_async: {module_}.NamedLater",
            f"    postAsync: {module_}.NamedLater",
        ]
    lines += ["", "class Literals:"]
    for _, name, _ in families:
        lines += ["    @overload", f"    def __getitem__(self, name: _{name}, /) -> {name}[_{name}]: ..."]
    lines += [
        "    @overload",
        "    def __getitem__(self, name: str, /) -> OpenNode: ...",
        "    chain = __getitem__",
        "",
    ]
    return "\n".join(lines)


class _Family:
    """The methods whose names have their first two parts in common."""

    def __init__(self, first: str, second: str, methods: list[Method]) -> None:
        self._first = module(first)
        self.module = module(second)
        self.attribute = attribute_of(second)
        self.root = camel(second)
        self._dicts = Dicts(_VALUES, values.__all__)
        self._lines: list[str] = []
        self._named: list[tuple[str, str, str]] = []
        self._names = {method.name: camel(*(method.name.split(".")[2:] or [second])) for method in methods}
        self._classes: dict[tuple[bool, str], set[Shape]] = {}
        self._taken = {name + kind for name in self._names.values() for kind in ("Params", "Data")} | {*values.__all__}
        tree = Part()
        for method in methods:
            self._note(method.params, given=True)
            self._note(answer_fields(method), given=False)
            part = tree
            for name in method.name.split(".")[2:]:
                part = part.children.setdefault(name, Part())
            part.method = method
        self._declare(tree, self.root)

    def files(self) -> dict[str, str]:
        """Return the TypedDicts and the classes of the chain."""
        path = f"{self._first}/{self.module}"
        return {
            f"taobao_top/types/{path}.py": self._dicts.text(),
            f"taobao_top/types/chains/{path}.pyi": self._chains(),
        }

    def _note(self, params: Iterable[Param], *, given: bool) -> None:
        for param in params:
            if param.fields:
                self._classes.setdefault((given, _class(param)), set()).add(_shape(param.fields))
                self._note(param.fields, given=given)

    # -- the chain ---------------------------------------------------------

    def _declare(self, part: Part, name: str) -> str:
        attributes = []
        for step, child in part.children.items():
            kind = self._declare(child, name + camel(step))
            spelled = attribute_of(step)
            if not plain(spelled) or (spelled == "post" and part.method is not None):
                continue
            attributes.append(f"    {spelled}: {kind}")
            if child.method is not None:
                attributes += docstring("    ", child.method.title, _PAGE + child.method.name)
            if spelled == "post" and child.method is not None:
                later = f"Queued[types.{self._names[child.method.name]}Params, {kind}]"
                attributes += [f"    post_async: {later}", f"    postAsync: {later}"]
        if part.method is None:
            self._lines += ["", f"class {name}(Node):", *(attributes or ["    pass"])]
            return name
        hidden = clashes([attribute_of(step) for step in part.children])
        self._method(part.method, f"{name}Method" if hidden else name, [] if hidden else attributes)
        if hidden:
            self._lines += ["", f"class {name}({name}Method):", *attributes]
        return name

    def _method(self, method: Method, name: str, attributes: list[str]) -> None:
        base = self._names[method.name]
        doc = docstring("    ", method.title)
        chosen = docstring(
            "    ", method.title, *([_FIELDS] if any(param.name == "fields" for param in method.params) else [])
        )
        params = self._members(base, method.params, given=True)
        self._dicts.add(f"{base}Params", params, doc=doc)
        self._dicts.add(f"{base}Data", self._answer(base, method), doc=chosen, total=False)
        self._named.append((method.name, name, f"types.{base}Params"))
        options = "UntimedOptions" if any(param.name == "timeout" for param in method.params) else "Options"
        rest = f"**{'more' if 'options' in params else 'options'}: Unpack[{options}]"
        by_name = [key for key in params if plain(key) and key not in {*OPTIONS, "self"}]
        others = [key for key in params if key not in by_name]
        arguments = [
            f"{key}: {kind} = ..." if optional else f"{key}: {kind}"
            for key in by_name
            for optional, kind in [_unwrapped(self._qualified(params[key]))]
        ]
        keywords = f"*, {', '.join(arguments)}, {rest}" if arguments else rest
        answer = f"TopResponse[types.{base}Data]"
        signatures = []
        if not any(param.required and param.name in others for param in method.params):
            signatures.append(f"(self, {keywords}) -> {answer}")
        if others:
            self._dicts.add(f"{base}Others", {key: params[key] for key in others})
            signatures.append(f"(self, params: types.{base}Others, /, {keywords}) -> {answer}")
        signatures.append(f"(self, params: types.{base}Params, /, {rest}) -> {answer}")
        self._lines += ["", f"class {name}(Method[types.{base}Params, types.{base}Data]):", *attributes]
        for signature in signatures:
            body = [f"    {line}" if line else line for line in chosen] if signature is signatures[0] else []
            self._lines += ["    @overload", f"    def __call__{signature}:{'' if body else ' ...'}", *body]

    def _qualified(self, kind: str) -> str:
        words = kind.replace("[", " [ ").replace("]", " ] ").replace(",", " , ").split(" ")
        return "".join(
            f"types.{word}" if word in self._dicts else f" {word} " if word == "|" else word for word in words
        )

    def _chains(self) -> str:
        lines = list(self._lines)
        family = f"literals.{camel(self._first.rstrip('_'), self.module.rstrip('_'))}"
        for kind, queued in (("Named", False), ("NamedLater", True)):
            lines += ["", f"class {kind}:"]
            for method, name, params in self._named:
                answer = f"Queued[{params}, {name}]" if queued else name
                overload = ["    @overload"] if len(self._named) > 1 else []
                lines += [
                    *overload,
                    f'    def __get__(self, node: {family}[Literal["{method}"]], owner: object, /) -> {answer}: ...',
                ]
        body = "\n".join(lines)
        node = [name for name in ("Method", "Node", "Options", "Queued", "UntimedOptions") if _uses(body, name)]
        used = [name for name in values.__all__ if _uses(body, name)]
        return "\n".join(
            [
                HEADER,
                "# mypy: ignore-errors",
                "from typing import Literal, overload",
                "",
                "from typing_extensions import Unpack",
                "",
                "from taobao_top.response import TopResponse",
                f"from taobao_top.types.{self._first} import {self.module} as types",
                "from taobao_top.types.chains import literals",
                f"from taobao_top.types.chains.node import {', '.join(node)}",
                *([f"from {_VALUES} import {', '.join(used)}"] if used else []),
                *lines,
                "",
            ]
        )

    # -- parameters and responses ----------------------------------------

    def _members(self, base: str, params: Iterable[Param], *, given: bool, path: str = "") -> Members:
        return {param.name: self._kind(base, path, param, given=given) for param in params}

    def _answer(self, base: str, method: Method) -> Members:
        """Return the members of an answer: the platform may leave out any, and the client fills in empty lists."""
        fields = answer_fields(method)
        filled = set() if can_fail(fields) else {field.name for field in fields if field.list}
        if len(fields) == 1 and not fields[0].fields and not can_fail(fields) and is_read(method.name):
            filled.add(fields[0].name)  # such as the time: there is nothing else to read
        members = self._members(base, fields, given=False)
        return {name: f"Required[{kind}]" if name in filled else kind for name, kind in members.items()}

    def _kind(self, base: str, path: str, param: Param, *, given: bool) -> str:
        """Return the type of a parameter or of a member of a response."""
        if param.fields:
            one = self._object(base, path + camel(param.name), param, given=given)
        elif given:
            joined = not path and param.type == "String" and not param.list and re.search(_JOINED, param.name)
            one = (
                _GIVEN.get(param.type, "Json")
                if not joined
                else "Many[str | int]"
                if param.name.endswith("ids")
                else "Many[str]"
            )
        else:
            one = _RECEIVED.get(param.type, "Any")
        if not given:
            return f"Listed[{one}]" if param.list else one
        if param.list:
            one = f"list[{one}]" if path or param.fields or one == "Json" else f"Many[{one}]"
        return one if param.required else f"NotRequired[{one} | None]"

    def _object(self, base: str, path: str, param: Param, *, given: bool) -> str:
        members = self._members(base, param.fields, given=given, path=path)
        name = _class(param)
        own = [base + name, base + path, base + path + name]
        candidates = [name, *own] if len(self._classes[given, name]) == 1 else own
        for candidate in candidates:
            for spelled in (candidate, f"{candidate}Input") if given else (candidate,):
                if spelled not in self._taken and not self._dicts.differs(spelled, members, total=given):
                    return self._dicts.add(spelled, members, total=given)
        msg = f"no name is left for {base}{path}"
        raise ValueError(msg)


def attribute_of(part: str) -> str:
    """Return the attribute for a part of a name; the case of letters stays."""
    return attribute(part, _CLOSED) if part == part.lower() else part


def _class(param: Param) -> str:
    return camel(param.type or param.name)


def _shape(params: Iterable[Param]) -> Shape:
    return tuple(
        (param.name, _shape(param.fields) if param.fields else param.type, param.list, param.required)
        for param in params
    )


def _unwrapped(kind: str) -> tuple[bool, str]:
    optional = kind.startswith("NotRequired[")
    return optional, kind[len("NotRequired[") : -1] if optional else kind


def _uses(body: str, name: str) -> bool:
    return re.search(rf"(?<![.\w]){name}\b", body) is not None
