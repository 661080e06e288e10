"""
Read the calls in PHP examples: the verb, the path and what is passed.

tree-sitter reads PHP, also what is broken; of it only chains of names, texts,
arrays and the variables that hold them matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tree_sitter_php
from attrs import field, frozen
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["Encoded", "PhpCall", "calls"]

_VERBS = {verb + suffix: verb for verb in ("get", "post", "put", "patch", "delete") for suffix in ("", "Async")}
_ENCODERS = {"json_encode", "urlencode", "rawurlencode", "http_build_query", "queryStringLike"}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f", "e": "\x1b", "0": "\0"}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ADDRESS = re.compile(r"(https://[^/\s]+/)([^\s?#]+)")
_PARSER = Parser(Language(tree_sitter_php.language_php_only()))
_DEEPEST = 60


@frozen
class Encoded:
    """What is written as one text: the function that encodes it, and its argument."""

    function: str
    value: Any


@frozen
class PhpCall:
    """
    One call of an operation, or a page of it that a browser opens.

    Attributes:
        verb: The verb in lower case; None for a page of a browser.
        path: The path as the text says it; None where a chain of names spells it, for names do not say all of it.
        chain: The names of the chain; empty beside a path.
        options: What is passed, by name.
    """

    verb: str | None
    path: str | None
    chain: tuple[str, ...]
    options: dict[str, Any] = field(factory=dict)


def calls(code: str) -> list[PhpCall]:
    """Return the calls of operations in a block of code."""
    return _Reader(_PARSER.parse(code.encode("utf-8", "replace")).root_node).calls()


class _Reader:
    """Reads one block of code; knows the variables that it assigns."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.variables: dict[str, Any] = {}
        self.meta: Any = None

    def calls(self) -> list[PhpCall]:
        found: list[PhpCall] = []
        page: tuple[str, str] | None = None
        built: Any = None
        for node in _walk(self.root):
            if node.type == "assignment_expression":
                self._assign(node)
            elif node.type == "member_call_expression":
                found += self._call(node)
            elif node.type == "object_creation_expression":
                address = _ADDRESS.fullmatch(str(self._argument(node)))
                page = (address[1], address[2]) if address else page
            elif node.type == "scoped_call_expression" and _text(node.child_by_field_name("name")) == "build":
                built = self._argument(node)
        if page and not found:
            found.append(PhpCall(None, page[1], (), {"base_uri": page[0], "query": built}))
        return found

    def _assign(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and left.type == "variable_name":
            value = self._value(right)
            if value is not None:
                self.variables[_text(left)] = value

    def _argument(self, node: Node) -> Any:
        """Return the value of the first argument of a call."""
        arguments = node.child_by_field_name("arguments")
        if arguments is None:
            arguments = next((child for child in node.named_children if child.type == "arguments"), None)
        return self._value(arguments.named_children[0]) if arguments and arguments.named_children else None

    def _call(self, node: Node) -> Iterator[PhpCall]:
        name = _text(node.child_by_field_name("name"))
        verb = _VERBS.get(name)
        if name == "setMeta":  # what goes beside the file of an upload
            self.meta = self._argument(node)
        target = node.child_by_field_name("object")
        if verb is None or target is None:
            return
        given = self._argument(node)
        options = given if isinstance(given, dict) else {}
        if self.meta is not None:
            options = options | {"body": {"meta": self.meta}}
        path = self._path(target)
        if path is not None:
            yield PhpCall(verb, path.lstrip("/"), (), options)
        elif chain := self._chain(target):
            yield PhpCall(verb, None, chain, options)

    def _path(self, target: Node) -> str | None:
        """Return the path of ``$instance->chain('…')`` or ``$instance['…']``."""
        found: Any = None
        if target.type == "member_call_expression" and _text(target.child_by_field_name("name")) == "chain":
            found = self._argument(target)
        elif target.type == "subscript_expression" and len(target.named_children) > 1:
            found = self._value(target.named_children[1])
        return found if isinstance(found, str) and found else None

    def _chain(self, target: Node) -> tuple[str, ...]:
        """Return the names of ``$instance->v3->pay->transactions``, spelled as on the wire where that can be told."""
        names: list[str] = []
        node: Node | None = target
        while node is not None and node.type == "member_access_expression":
            name = node.child_by_field_name("name")
            spelled = self._value(name) if name is not None and "string" in name.type else _text(name)
            names.insert(0, _segment(str(spelled).strip()))
            node = node.child_by_field_name("object")
        known = node is not None and node.type == "variable_name" and names[:1] in (["v2"], ["v3"])
        return tuple(names) if known else ()

    def _value(self, node: Node, depth: int = 0) -> Any:
        """Return a literal as a Python value, arrays as dicts and lists; None for what is computed."""
        if depth > _DEEPEST:
            return None
        if node.type in {"argument", "parenthesized_expression"} and node.named_children:
            return self._value(node.named_children[-1], depth + 1)
        if node.type in {"string", "encapsed_string"}:
            return _string(node)
        if node.type == "boolean":
            return _text(node).lower() == "true"
        if node.type in {"integer", "float", "unary_op_expression"}:
            return _number(_text(node))
        if node.type == "variable_name":
            return self.variables.get(_text(node))
        if node.type == "array_creation_expression":
            return self._array(node, depth)
        if node.type in {"function_call_expression", "scoped_call_expression"}:
            named = node.child_by_field_name("function") or node.child_by_field_name("name")
            function = _text(named).rpartition("\\")[2]
            if function in _ENCODERS:
                return Encoded(function, self._argument(node))
        return None

    def _array(self, node: Node, depth: int) -> Any:
        keyed: dict[Any, Any] = {}
        listed: list[Any] = []
        for element in node.named_children:
            parts = [part for part in element.named_children if part.type != "comment"]
            if element.type != "array_element_initializer" or not parts:
                continue
            value = self._value(parts[-1], depth + 1)
            if len(parts) == 2:
                key = self._value(parts[0], depth + 1)
                keyed[key if isinstance(key, str) else _text(parts[0])] = value
            else:
                listed.append(value)
        return keyed or listed


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.named_children))


def _segment(name: str) -> str:
    if name.startswith("_") and name.endswith("_") and len(name) > 2:
        return f"{{{name[1:-1]}}}"
    return name if name.startswith("{") else _WORD.sub("-", name).lower()


def _string(node: Node) -> str | None:
    text = _text(node)
    inside = text[1:-1]
    if text.startswith("'"):
        return re.sub(r"\\([\\'])", r"\1", inside)
    if any(part.type not in {"string_content", "escape_sequence"} for part in node.named_children):
        return None  # variables are computed
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inside, flags=re.DOTALL)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text.replace("_", "").replace(" ", ""))
        except ValueError:
            continue
    return None


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
