"""WeChat Pay: a class for every position in the tree of paths, a TypedDict for every request and response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import define, field

from tools.declare.dicts import Dicts, Members
from tools.declare.spelling import HEADER, attribute, camel, docstring, module
from wechatpay import catalogue
from wechatpay.describe import glossary
from wechatpay.types import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wechatpay.catalogue import Event, Field, Operation

VERBS = ("get", "post", "put", "patch", "delete")
_CLOSED = frozenset({"chain", *VERBS})
_VALUES = "wechatpay.types.values"
_FILLED_IN = frozenset({"nonce_str", "sign", "sign_type"})
_GONE = {"deprecated", "discarded", "redesigned"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT.*|20\d{12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d|20\d{6}")


@define
class Position:
    """A position in the tree of attributes."""

    children: dict[str, Position] = field(factory=dict)
    operations: dict[str, Operation] = field(factory=dict)
    paths: list[str] = field(factory=list)


def build() -> dict[str, str]:
    """Return the text of the generated files by path."""
    operations = list(catalogue.operations())
    writer = _Writer(operations)
    files = {"wechatpay/types/events.py": _events(writer)}
    tree = _tree(operations)
    literals: dict[str, str] = {}
    roots = []
    for root, position in tree.children.items():
        attributes = []
        imports = []
        for name, product in position.children.items():
            dicts = Dicts(_VALUES, values.__all__, _meaning)
            nodes = _Nodes(writer, dicts, root, name)
            top = nodes.declare(product, camel(name), (name,))
            files[f"wechatpay/types/{root}/{module(name)}.py"] = dicts.text()
            files[f"wechatpay/types/chains/{root}/{module(name)}.pyi"] = nodes.text()
            literals |= {path: f"{root}_{module(name)}.{node}" for path, node in nodes.literals.items()}
            imports.append(f"from wechatpay.types.chains.{root}.{module(name)} import {top}")
            attributes.append(f"    {name}: {top}")
        files[f"wechatpay/types/{root}/__init__.py"] = (
            f'{HEADER}\n"""Requests and responses of API{root}, by product."""\n'
        )
        files[f"wechatpay/types/chains/{root}/__init__.pyi"] = "\n".join(
            [
                HEADER,
                "from wechatpay.types.chains.node import Node",
                *imports,
                "",
                f"class {root.upper()}(Node):",
                *attributes,
                "",
            ]
        )
        roots.append(root)
    files["wechatpay/types/chains/__init__.pyi"] = _client(roots, literals)
    return files


def _tree(operations: list[Operation]) -> Position:
    tree = Position()
    for operation in operations:
        position = tree
        for segment in operation.path.split("/"):
            position = position.children.setdefault(_attribute(segment), Position())
        known = position.operations.setdefault(operation.method, operation)
        if known is not operation:
            msg = f"{known.key} and {operation.key} are one attribute"
            raise ValueError(msg)
        position.paths += [operation.path] if operation.path not in position.paths else []
    return tree


def _attribute(segment: str) -> str:
    if segment in {"", "{empty}"}:
        return "_empty_"
    return f"_{segment[1:-1]}_" if segment[0] == "{" else attribute(segment, _CLOSED)


def _client(roots: list[str], literals: dict[str, str]) -> str:
    products = sorted({node.rpartition(".")[0] for node in literals.values()})
    lines = [
        HEADER,
        "# mypy: ignore-errors",
        "# Overlaps of the overloads are not checked: each has a path of its own.",
        "from typing import Literal, TypeVar, overload",
        "",
        *(f"from wechatpay.types.chains.{root} import {root.upper()}" for root in roots),
        *(f"from wechatpay.types.chains.{name.replace('_', ' import ', 1)} as {name}" for name in products),
        "from wechatpay.types.chains.node import OpenNode",
        "",
        "# A parameter of the type str would hide the literals from completion.",
        'Path = TypeVar("Path", bound=str)',
        "",
        "class Chains:",
        *(f"    {root}: {root.upper()}" for root in roots),
        "    brand: OpenNode",
    ]
    for path, node in literals.items():
        lines += ["    @overload", f'    def __getitem__(self, path: Literal["{path}"], /) -> {node}: ...']
    lines += [
        "    @overload",
        "    def __getitem__(self, path: Path, /) -> OpenNode: ...",
        "    chain = __getitem__",
        "",
    ]
    return "\n".join(lines)


class _Nodes:
    """The classes of one product's positions."""

    def __init__(self, writer: _Writer, dicts: Dicts, root: str, product: str) -> None:
        self._writer = writer
        self._dicts = dicts
        self._types = f"wechatpay.types.{root}"
        self._product = product
        self._lines: list[str] = []
        self.literals: dict[str, str] = {}

    def declare(self, position: Position, name: str, steps: tuple[str, ...]) -> str:
        attributes = [
            f"    {step}: {self.declare(child, name + camel(step), (*steps, step))}"
            for step, child in position.children.items()
        ]
        body = [*attributes]
        for method, operation in position.operations.items():
            if operation.answer == "redirect":
                self._writer.declare(self._dicts, operation, steps[1:])
            else:
                body += self._verb(method.lower(), operation, steps)
        self._lines += ["", f"class {name}(Node):", *(body or ["    pass"])]
        for path in position.paths:
            self.literals[path] = name
            if path.endswith("/{empty}"):
                self.literals[path.removesuffix("{empty}")] = name
            elif path.endswith("/"):
                self.literals[path + "{empty}"] = name
        return name

    def _verb(self, verb: str, operation: Operation, steps: tuple[str, ...]) -> list[str]:
        arguments, answer = self._writer.declare(self._dicts, operation, steps[1:])
        keywords = ", ".join([*arguments, self._options(operation)])
        keywords = f"*, {keywords}" if arguments else keywords
        doc = docstring("        ", operation.title, operation.page)
        gone = _deprecation(operation)
        lines = [
            *gone,
            f"    def {verb}(self, {keywords}) -> Response[{answer}]:",
            *(doc or ["        ..."]),
            *gone,
            f"    def {verb}_async(self, {keywords}) -> Promise[Response[{answer}]]:",
            *(doc or ["        ..."]),
            f"    {verb}Async = {verb}_async",
        ]
        if verb == "post" and operation.body is not None:
            lines.append("    __call__ = post")
        return lines

    @staticmethod
    def _options(operation: Operation) -> str:
        streamed = operation.answer in {"binary", "text"} or operation.unsigned_answer or operation.digest_header
        return f"**options: Unpack[{'FileOptions' if streamed else 'Options'}]"

    def text(self) -> str:
        body = "\n".join(self._lines)
        names = [name for name in ("Any", "Mapping") if re.search(rf"\b{name}\b", body)]
        lines = [HEADER]
        if "@deprecated" in body:
            lines.append('# mypy: disable-error-code="deprecated"')
        if "Any" in names:
            lines.append("from typing import Any")
        if "@deprecated" in body:
            lines.append("from typing_extensions import Unpack, deprecated")
        elif "Unpack" in body:
            lines.append("from typing_extensions import Unpack")
        lines.append("")
        if "Promise[" in body:
            lines += ["from chainable.promise import Promise", "from chainable.response import Response"]
        if "types." in body:
            lines.append(f"from {self._types} import {module(self._product)} as types")
        node = [name for name in ("FileOptions", "Node", "Options") if re.search(rf"\b{name}\b", body)]
        lines.append(f"from wechatpay.types.chains.node import {', '.join(node)}")
        return "\n".join([*lines, *self._lines, ""])


def _deprecation(operation: Operation) -> list[str]:
    if operation.status not in _GONE:
        return []
    instead = f": use {operation.successor}" if operation.successor else ""
    return [f'    @deprecated("{operation.status} by the platform{instead}")']


class _Writer:
    """Declares requests and answers."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        # The same value is called integer on one page and number on another: it is an integer then.
        self._integers = {
            member.name
            for operation in operations
            for members in (operation.request.json, operation.response.fields)
            for member in _all(members or ())
            if member.type == "integer"
        }

    def declare(self, dicts: Dicts, operation: Operation, steps: tuple[str, ...]) -> tuple[list[str], str]:
        """Declare an operation's request and response; return its keyword arguments and the type of its response."""
        name = camel(*(steps or (operation.path.split("/")[-1],)), operation.method.lower())
        doc = docstring("    ", operation.title)
        required = [f"{variable}: str | int" for variable in operation.variables if variable not in operation.fixed]
        optional = [f"{variable}: str | int = ..." for variable in operation.variables if variable in operation.fixed]
        arguments = [*(each for each in required if not each.startswith("empty:"))]
        request = operation.request

        def take(option: str, kind: str, members: Members) -> None:
            needs = _one_of(request.one_of.get("query" if option == "params" else option, ()))
            dicts.add(kind, members, doc=docstring("    ", operation.title, *needs), explained=True)
            optional_body = not needs and all(member.startswith("NotRequired[") for member in members.values())
            (optional if optional_body else arguments).append(
                f"{option}: types.{kind}{' = ...' if optional_body else ''}"
            )

        if request.query:
            take("params", f"{name}Params", self._request(dicts, name + "Params", operation, "query", request.query))
        for option in ("json", "xml"):
            members = getattr(request, option)
            if members is not None:
                take(option, f"{name}Request", self._request(dicts, name + "Request", operation, option, members))
        if request.multipart is not None:
            self._upload(dicts, name, operation, take)
        if any(argument.startswith("json: ") for argument in optional) and operation.body == "json":
            optional.append("data: bytes = ...")
        return [*arguments, *optional], self._answer(dicts, name, operation, doc)

    def _upload(self, dicts: Dicts, name: str, operation: Operation, take: Any) -> None:
        rules = operation.upload or catalogue.Upload(meta="meta", filename="filename", digest="sha256")
        parts = operation.request.multipart or ()
        filled = {rules.filename, rules.digest, *(getattr(rules, "fixed", None) or {})}
        members = [part for part in parts if part.type != "file" and part.name != rules.meta]
        members += [member for part in parts if part.name == rules.meta for member in part.fields]
        take("files", f"{name}Files", {rules.file: "File"})
        option = "json" if rules.meta else "xml"
        declared = self._request(dicts, name + "Request", operation, option, members, frozenset(filled - {None}))
        if declared:
            take(option, f"{name}Request", declared)

    def _request(
        self,
        dicts: Dicts,
        owner: str,
        operation: Operation,
        place: str,
        fields: Iterable[Field],
        filled: frozenset[str | None] = frozenset(),
    ) -> Members:
        v2 = operation.path.startswith("v2/")
        if v2:
            filled |= {*_FILLED_IN, operation.merchant_number_field}
        return {
            member.name: self._optional(
                self._given(dicts, owner, member, place, v2=v2), member.required and member.name not in filled
            )
            for member in fields
            if "$" not in member.name
        }

    @staticmethod
    def _optional(kind: str, required: bool) -> str:
        return kind if required else f"NotRequired[{kind} | None]"

    def _nested(self, dicts: Dicts, owner: str, member: Field, place: str, *, v2: bool) -> str:
        name = owner + camel(member.name)
        inner = {
            each.name: self._optional(self._given(dicts, name, each, place, v2=v2), each.required)
            for each in member.fields
            if "$" not in each.name
        }
        return dicts.add(name, inner, doc=docstring("    ", None, *_one_of(member.one_of)), explained=True)

    def _given(self, dicts: Dicts, owner: str, member: Field, place: str, *, v2: bool) -> str:
        """Return the type of a request field."""
        kind = member.type
        if member.encoded is not None:
            return self._encoded(dicts, owner, member, place) if v2 else "str"
        if member.encrypted is not None:
            return "Secret"
        many = kind.endswith("[]")
        kind = kind.removesuffix("[]")
        if kind == "object":
            one = self._nested(dicts, owner, member, place, v2=v2) if member.fields else "Mapping[str, Any]"
        elif v2:
            one = "Text" if kind in {"integer", "number"} else _moment(member)
        else:
            one = {"integer": "int", "number": "Number", "boolean": "bool"}.get(kind) or _moment(member)
        return f"list[{one}]" if many else one

    def _encoded(self, dicts: Dicts, owner: str, member: Field, place: str) -> str:
        kind = member.decoded or "object"
        one = "str"
        if kind.startswith("object"):
            one = self._nested(dicts, owner, member, place, v2=False) if member.fields else "Mapping[str, Any]"
        return f"list[{one}] | str" if kind.endswith("[]") else f"{one} | str"

    def _answer(self, dicts: Dicts, name: str, operation: Operation, doc: list[str]) -> str:
        if operation.answer == "redirect":
            return "None"
        if operation.answer == "empty":
            return "None"
        if operation.answer in {"binary", "text"}:
            return "bytes"
        fields = operation.response.fields
        if not fields:
            return "Any"
        text = operation.answer == "xml"
        dicts.add(f"{name}Data", self.received(dicts, f"{name}Data", fields, text=text), doc=doc)
        return f"types.{name}Data"

    def received(
        self, dicts: Dicts, owner: str, fields: Iterable[Field], *, text: bool, marked: bool | None = None
    ) -> Members:
        """
        Give the members of an answer or a notification.

        Args:
            dicts: Takes what is nested.
            owner: The name of the TypedDict they are for.
            fields: The members, as the catalogue has them.
            text: Whether all values are texts, as in XML.
            marked: Whether the page marks required members; without marks, all members count as present.
        """
        fields = list(fields)
        if marked is None:
            marked = any(member.required for member in _all(fields))
        members = {}
        for member in fields:
            kind = self._got(dicts, owner, member, text=text, marked=marked)
            for key in _keys(member.name):
                always = (member.required or not marked) and key == member.name
                members[key] = kind if always else f"NotRequired[{kind}]"
        return members

    def _got(self, dicts: Dicts, owner: str, member: Field, *, text: bool, marked: bool) -> str:
        if member.encoded is not None:
            return "str"
        many = member.type.endswith("[]")
        kind = member.type.removesuffix("[]")
        if kind == "object":
            one = "dict[str, Any]"
            if member.fields:
                name = owner + camel(member.name)
                one = dicts.add(name, self.received(dicts, name, member.fields, text=text, marked=marked))
        elif text or kind in {"string", "file"}:
            one = "str"
        elif kind == "boolean":
            one = "bool"
        elif kind == "integer" or member.name in self._integers:
            one = "int"
        else:
            one = "int | Decimal"
        return f"list[{one}]" if many else one


def _meaning(name: str) -> str | None:
    """Return the meaning of a field in Chinese, the language of the official pages; None if the glossary has none."""
    found = glossary[name]
    return None if found is None else found.zh


def _one_of(groups: Iterable[tuple[str, ...]]) -> list[str]:
    """Say which members of an object cannot all be left out."""
    return [f"Needs at least one of {', '.join(names)}." for names in groups]


def _all(fields: Iterable[Field]) -> Iterable[Field]:
    for member in fields:
        yield member
        yield from _all(member.fields)


def _keys(name: str) -> list[str]:
    """Expand ``coupon_fee_$n`` for the first numbers, as responses have it."""
    if "$" not in name:
        return [name]
    if name.count("$") > 1:
        return [name.replace("$n", str(n)).replace("$m", str(m)) for n in range(3) for m in range(3)]
    return [name.replace("$n", str(n)) for n in range(5)]


def _moment(member: Field) -> str:
    """Return the type of a text: a moment or a date by its name and example."""
    example = member.example if isinstance(member.example, str) else ""
    if "time" in member.name and (_MOMENT.fullmatch(example) or (not example and member.name.endswith("_time"))):
        return "Time"
    return "Day" if "date" in member.name and _DAY.fullmatch(example) else "str"


def event_name(event: Event) -> str:
    """Return the name of a notification's TypedDict."""
    if event.version == "v3":
        return camel(event.name)
    return camel("V2", event.name, "event" if event.event_type else "")


def _events(writer: _Writer) -> str:
    dicts = Dicts(_VALUES, values.__all__)
    for event in catalogue.events():
        name = event_name(event)
        inner = next((member.fields for member in event.fields if member.name == event.encrypted_field), ())
        fields = event.resource or inner or event.fields
        text = event.version == "v2" and event.encryption != "aes-gcm"
        doc = docstring("    ", event.title)
        dicts.add(name, writer.received(dicts, name, fields, text=text), doc=doc)
    return dicts.text().replace(
        "Requests and responses as TypedDicts.", "The resources of notifications by event_type."
    )
