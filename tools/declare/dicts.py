"""The TypedDicts of one module, each shape printed once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.declare.spelling import HEADER, clashes, docstring, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Members = dict[str, str]

_NAME = re.compile(r"[A-Za-z_]\w*")


class Dicts:
    """
    Collects TypedDicts; those that a TypedDict refers to are added before it.

    Args:
        values: The module that the declarations take their names from.
        names: Which names that module has.
        meanings: Returns the meaning of a key, which editors show, or None; without it no key is explained.
    """

    def __init__(self, values: str, names: Iterable[str], meanings: Callable[[str], str | None] | None = None) -> None:
        self._meanings = meanings
        self._values = values
        self._known = frozenset(names)
        self._shapes: dict[str, tuple[bool, tuple[tuple[str, str], ...]]] = {}
        self._lines: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._shapes

    def __len__(self) -> int:
        return len(self._shapes)

    def add(
        self, name: str, members: Members, *, doc: Iterable[str] = (), total: bool = True, explained: bool = False
    ) -> str:
        """
        Declare a TypedDict, and return its name.

        Args:
            name: The same name with the same shape is declared once.
            members: Its keys, with their types.
            doc: The lines of its docstring.
            total: Whether members are required unless they say otherwise.
            explained: Whether the meaning of each key stands below it.

        Raises:
            ValueError: The name is declared with another shape.
        """
        shape = tuple(members.items())
        if name in self._shapes:
            if self._shapes[name] != (total, shape):
                msg = f"{name} is already declared with other members"
                raise ValueError(msg)
            return name
        self._shapes[name] = total, shape
        if all(map(plain, members)) and not clashes(list(members)):
            body = list(doc)
            for key, kind in shape:
                # A string below a key is not compiled: it costs nothing when the module is imported.
                body += [f"    {key}: {kind}", *(self._explained(key) if explained else ())]
            self._lines += ["", f"class {name}(TypedDict{'' if total else ', total=False'}):", *(body or ["    pass"])]
        else:
            rows = (f'        "{key}": {kind},' for key, kind in shape)
            self._lines += [
                "",
                f"{name} = TypedDict(",
                f'    "{name}",',
                "    {",
                *rows,
                "    },",
                *([] if total else ["    total=False,"]),
                ")",
            ]
        return name

    def _explained(self, key: str) -> list[str]:
        return [] if self._meanings is None else docstring("    ", self._meanings(key))

    def differs(self, name: str, members: Members, *, total: bool = True) -> bool:
        """Return whether the name is taken by another shape."""
        shape = total, tuple(members.items())
        return self._shapes.get(name, shape) != shape

    def text(self) -> str:
        """Return the text of the module."""
        used = self._known & set(_NAME.findall("\n".join(self._lines)))
        imports = [f"from {self._values} import {', '.join(sorted(used))}"] if used else []
        return "\n".join([HEADER, '"""Requests and responses as TypedDicts."""', "", *imports, *self._lines, ""])
