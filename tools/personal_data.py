"""
Where the catalogue encrypts fields: the names by which a person's data is recognised.

A field is known by its name, or by its name and those of the objects around
it, down to the fewest that no plain field shares.  What is found so in a
request whose operation is unknown, or at a position that its operation does
not have, is a person's data beyond doubt.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from chainable.path import fold

__all__ = ["marks", "records"]

Records = dict[str, Any]
Names: TypeAlias = tuple[str, ...]

TOP = "^"
"""Stands above the outermost members of a body."""
IN_QUERY = "?"
"""Stands for any place in the query of an operation that has no parameter of this name."""


def records(operations: Records, places: dict[str, Records]) -> Records:
    """
    Give the records by scope: a version, a product, an operation, and ``path`` for variables.

    Args:
        operations: The catalogue's, by key.
        places: The request's fields of each operation by place.

    Returns:
        ``personal <scope>`` to names, each with the names of the objects
        around it, from the outermost, joined by dots; ``''`` where the name
        alone is enough, ``?`` where it is in the query.  ``personal paths`` has the folded paths of the
        operations with encrypted fields.
    """
    encrypted: dict[str, dict[Names, str]] = {}
    plain: dict[str, set[Names]] = {}
    paths: Records = {}
    for key in operations:
        found: dict[Names, str] = {}
        bare: set[Names] = set()
        for given in places[key].values():
            _collect(given, (TOP,), found, bare)
        version, product = _scopes(key)
        for scope in (key, product, version):
            encrypted.setdefault(scope, {}).update(found)
            plain.setdefault(scope, set()).update(bare)
        if found:
            paths.setdefault(joined(key.partition(" ")[2]), []).append(key)
    # A name of one word means too much to be judged by one version alone.
    compound = {fold(name) for found in encrypted.values() for name in found.values() if "_" in name}
    words = {names for names in plain["v2"] | plain["v3"] if names[-1] not in compound}
    plain["v2"] |= words
    plain["v3"] |= words
    everywhere = encrypted["v2"] | encrypted["v3"]
    encrypted |= {"v2": everywhere, "v3": everywhere, "path": everywhere}
    variables = {(TOP, fold(segment[1:-1])) for key in operations for segment in key.split("/") if segment[:1] == "{"}
    plain["path"] = plain["v2"] | plain["v3"] | variables
    made = {f"personal {scope}": _told_apart(found, plain[scope]) for scope, found in encrypted.items() if found}
    for key in operations:
        in_query = {fold(field["name"]) for field in places[key]["query"]}
        for name, around in made.get(f"personal {key}", {}).items():
            if around != [""] and fold(name) not in in_query:
                around.append(IN_QUERY)
    made["personal path"] = {name: around for name, around in made["personal path"].items() if around == [""]}
    return made | {"personal paths": paths}


def marks(operations: Records) -> dict[str, Records]:
    """
    Give what an operation's own record says of this.

    ``personal``: it, or another verb of its path, has encrypted fields.
    ``shadowed``: a value in its path can turn it into another operation's path.
    """
    paths: dict[str, set[str]] = {}
    for key in operations:
        paths.setdefault(key.partition(" ")[2].rstrip("/"), set()).add(key)
    made: dict[str, Records] = {}
    for keys in paths.values():
        if any(operations[key].get("encrypted_fields") for key in keys):
            for key in keys:
                made.setdefault(key, {})["personal"] = True
    split = {key: key.rstrip("/").split("/") for key in operations}
    for key, segments in split.items():
        if "{" in key and any(_covers(segments, other) for other in split.values()):
            made.setdefault(key, {})["shadowed"] = True
    return made


def joined(path: str) -> str:
    """Reduce a path to its letters: no version, no separators, ``{}`` for each variable."""
    first, _, rest = path.partition("/")
    segments = rest.split("/") if first in {"v2", "v3"} else path.split("/")
    return "".join("{}" if segment[:1] == "{" else fold(segment).replace(".", "") for segment in segments)


def _covers(segments: list[str], other: list[str]) -> bool:
    pairs = list(zip(segments, other, strict=False))
    return (
        len(segments) == len(other)
        and any(one[:1] == "{" != two[:1] for one, two in pairs)
        and all(one[:1] == "{" or one == two for one, two in pairs)
    )


def _scopes(key: str) -> tuple[str, str]:
    first, second, *_ = key.partition(" ")[2].split("/")
    return first, f"{first}/{second}"


def _collect(given: list[Records], around: Names, encrypted: dict[Names, str], plain: set[Names]) -> None:
    for field in given:
        names = (*around, fold(field["name"]))
        if field.get("encrypted"):
            encrypted[names] = field["name"]
        elif field.get("fields"):
            _collect(field["fields"], names, encrypted, plain)
        else:
            plain.add(names)


def _told_apart(encrypted: dict[Names, str], plain: set[Names]) -> Records:
    shared = {names[-length:] for names in plain for length in range(1, len(names) + 1)}
    made: dict[str, set[str]] = {}
    for names, name in encrypted.items():
        for length in range(1, len(names) + 1):
            if names[-length:] not in shared:
                made.setdefault(name, set()).add(".".join(names[-length:-1]))
                break
    return {name: [""] if "" in around else sorted(around) for name, around in sorted(made.items())}
