"""
Resolve the steps of a chain to a path.

A step is an attribute, whose spelling is free, or a literal segment, whose
spelling is kept.  Known segments are looked up in the tree of the catalogue.
From the first unknown segment on, the rules of :mod:`chainable.path` apply, so
that paths outside the catalogue can be called as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from chainable import path
from chainable.errors import PathError
from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CatalogueNode", "PathResolver", "ResolvedPath", "Variable"]

_WORDS = r"v[0-9]|[a-z]+(?:[-_][a-z]+)*|"


class CatalogueNode(Protocol):
    """A node in the tree of the known paths."""

    def matching(self, folded: str, /) -> tuple[tuple[str, CatalogueNode], ...]:
        """Return the literal children, with their official spelling, that match a folded name."""
        ...

    def literal(self, segment: str, /) -> CatalogueNode | None:
        """Return the child with exactly this spelling, or None; ``''`` is a trailing slash."""
        ...

    @property
    def variables(self) -> tuple[tuple[str, CatalogueNode], ...]:
        """The children that are variables, with their official names."""
        ...

    @property
    def verbs(self) -> Mapping[str, str]:
        """The keys of the operations at this path, by verb."""
        ...


class Variable:
    """
    A variable segment.

    Attributes:
        name: The official name; in an unknown path the user's.
        written: The name that the user wrote, which is accepted as well.
        value: The value, if the user wrote one in place of the variable.
    """

    __slots__ = ("name", "value", "written")

    def __init__(self, name: str, written: str, value: str | None = None) -> None:
        self.name = name
        self.written = written
        self.value = value


class ResolvedPath:
    """
    The path of a chain, resolved for a verb.

    Attributes:
        segments: The path: literal segments and variables.
        branch: The node in the tree; None for an unknown path.
        left: The last known node, and the index of the first unknown segment;
            None for a known path.
    """

    __slots__ = ("_label", "branch", "left", "segments")

    def __init__(
        self,
        branch: CatalogueNode | None,
        segments: tuple[str | Variable, ...],
        left: tuple[CatalogueNode, int] | None = None,
    ) -> None:
        self.branch = branch
        self.segments = segments
        self.left = left
        self._label: str | None = None

    def label(self) -> str:
        """Return the path without values, for logs: ``v3/pay/transactions/id/{transaction_id}``."""
        if self._label is None:
            self._label = "/".join(
                f"{{{segment.name}}}" if isinstance(segment, Variable) else segment for segment in self.segments
            )
        return self._label

    def target(self, values: dict[str, Any], defaults: Mapping[str, str]) -> str:
        """
        Return the path with the values of its variables, percent-encoded; those of *values* are removed.

        Raises:
            TypeError: A variable has no value, two values, or one of a wrong type.
            PathError: A value is not valid as a segment.
        """
        parts: list[str] = []
        for segment in self.segments:
            if isinstance(segment, str):
                parts.append(segment)
            elif segment.value is not None:
                parts.append(segment.value)
            else:
                parts.append(self._expand(segment, values, defaults))
        return "/".join(parts)

    @staticmethod
    def _expand(variable: Variable, values: dict[str, Any], defaults: Mapping[str, str]) -> str:
        name, written = variable.name, variable.written
        if written != name and written in values:
            if name in values:
                msg = Words(
                    f"{written!r} and {name!r} are the same path variable: pass one of them",
                    f"{written!r} 与 {name!r} 是同一个路径变量：只能传其中一个",
                )
                raise TypeError(msg)
            name = written
        if name in values:
            return path.expand(name, values.pop(name))
        if name in defaults:
            return defaults[name]
        given = path.similar_names(name, values)
        hint = f"; {given[0]!r}, which was given, is not its name" if given else ""
        zh_hint = f"；传入的 {given[0]!r} 不是它的名称" if given else ""
        msg = Words(
            f"the path variable {name!r} has no value: pass {name}=... to the verb{hint}",
            f"路径变量 {name!r} 没有值：请在调用请求方法时传入 {name}=...{zh_hint}",
        )
        raise TypeError(msg)

    def variables(self) -> list[str]:
        """Return the names of the variables that still need a value."""
        return [segment.name for segment in self.segments if isinstance(segment, Variable) and segment.value is None]


@safe_repr
class PathResolver:
    """
    An immutable path, built step by step.

    While two official spellings are possible, both are kept as candidates; the
    one in kebab-case is the first, and is displayed.  A trailing slash only
    selects between two operations: the rules of an operation apply to its
    path with and without the slash.
    """

    __slots__ = ("_candidates", "_known", "_slash")

    def __init__(self, candidates: tuple[ResolvedPath, ...], *, slash: bool = False) -> None:
        self._candidates = candidates
        self._slash = slash
        self._known: dict[str, PathResolver] = {}

    @classmethod
    def start(cls, tree: CatalogueNode | None) -> PathResolver:
        """Return the empty path, with the tree of the known paths."""
        return cls((ResolvedPath(tree, ()),))

    def __str__(self) -> str:
        written = "/".join(
            segment
            if isinstance(segment, str)
            else segment.value
            if segment.value is not None
            else f"{{{segment.name}}}"
            for segment in self._candidates[0].segments
        )
        return f"{written}/" if self._slash else written

    def label(self) -> str:
        """Return the path without values, for reprs."""
        return self._candidates[0].label()

    def attribute(self, name: str) -> PathResolver:
        """
        Append a step by attribute: a segment in any spelling, or ``_name_`` for a variable; one trailing ``_`` is dropped.

        Raises:
            AttributeError: The name begins with an underscore and is not a variable.
            PathError: The name is not ASCII.
        """
        known = self._known.get(name)
        if known is not None:
            return known
        if name[0] == "_":
            variable = path.variable_name(name)
            if variable is None:
                msg = Words(f"a chain has no attribute {name!r}", f"链没有属性 {name!r}")
                raise AttributeError(msg)
            return self._variable(variable)
        if not name.isascii():
            msg = Words(
                f"{name!r} is not allowed in a path: pass the value for a variable",
                f"路径中不能有 {name!r}：请把值传给路径变量",
            )
            raise PathError(msg)
        word = name.removesuffix("_")
        folded = path.fold(word)
        found = [
            ResolvedPath(child, (*candidate.segments, official))
            for candidate in self._candidates
            if candidate.branch is not None
            for official, child in candidate.branch.matching(folded)
        ]
        if not found:
            return self._unknown(path.kebab(word))
        if len(found) > 1:
            found.sort(key=lambda candidate: "_" in str(candidate.segments[-1]))
        resolver = PathResolver(tuple(found))
        if any(str(candidate.segments[-1]).replace("-", "_") == name for candidate in found):
            self._known[name] = resolver  # Only names of the catalogue are kept, not what users make up.
        return resolver

    def literal(self, segment: str) -> PathResolver:
        """Append a checked segment: a known literal, ``{name}``, a variable's value, or ``''`` for a trailing slash."""
        if segment == "":
            return PathResolver(self._candidates, slash=True)
        if segment[:1] == "{":
            return self._variable(segment[1:-1])
        found = [
            ResolvedPath(child, (*candidate.segments, segment))
            for candidate in self._candidates
            if candidate.branch is not None and (child := candidate.branch.literal(segment)) is not None
        ] or [
            ResolvedPath(child, (*candidate.segments, Variable(name, name, segment)))
            for candidate in self._candidates
            if candidate.branch is not None
            for name, child in candidate.branch.variables
        ]
        if found:
            return PathResolver(tuple(found))
        # An unknown segment may be a number or a personal id: logs show it only if it consists of plain words.
        return self._unknown(segment if re.fullmatch(_WORDS, segment) else Variable("?", "?", segment))

    def _variable(self, written: str) -> PathResolver:
        if written == "empty" and any(_takes_slash(candidate.branch) for candidate in self._candidates):
            return self.literal("")
        possible = [
            (name, ResolvedPath(child, (*candidate.segments, Variable(name, written))))
            for candidate in self._candidates
            if candidate.branch is not None
            for name, child in candidate.branch.variables
        ]
        exact = tuple(candidate for name, candidate in possible if name == written)
        found = exact or tuple(candidate for _, candidate in possible)
        return PathResolver(found) if found else self._unknown(Variable(written, written))

    def _unknown(self, segment: str | Variable) -> PathResolver:
        first = self._candidates[0]
        left = first.left if first.branch is None else (first.branch, len(first.segments))
        return PathResolver((ResolvedPath(None, (*first.segments, segment), left),))

    def resolve(self, verb: str) -> ResolvedPath:
        """
        Select one of the candidates for a verb.

        An operation has one official path, with or without a trailing slash.
        Both spellings resolve to it, and the official one is sent.
        """
        for slash in (self._slash, not self._slash):
            for candidate in self._candidates:
                branch = candidate.branch
                if branch is None:
                    continue
                if not slash:
                    if verb in branch.verbs:
                        return candidate
                elif (below := branch.literal("")) is not None and verb in below.verbs:
                    return ResolvedPath(below, (*candidate.segments, ""))
        first = self._candidates[0]
        if not self._slash:
            return first
        branch = first.branch
        below = None if branch is None else branch.literal("")
        left = None if below is not None else first.left if branch is None else (branch, len(first.segments))
        return ResolvedPath(below, (*first.segments, ""), left)


def _takes_slash(branch: CatalogueNode | None) -> bool:
    return branch is not None and (branch.literal("") is not None or not branch.variables)
