"""What a person has to decide about new operations: the rows that the reviewed tables lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tools import source
from tools.import_catalogue import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["add_row", "answered", "ask", "due", "open_questions", "orphans", "write_open"]

_POSTS = ("repeatable", "not-repeatable", "no-money")
_TABLES = (*_POSTS, "echoes", "keys", "signatures", "uploads", "v2-signing")
_HEAD = """\
# Operations that import_catalogue wrote and that a person has to look at: the tables of wechatpay/reviewed/
# that may need a row for them. Remove an operation when its rows are written, or are not needed. A test
# holds this to be empty.
"""


def due(key: str, record: Mapping[str, Any]) -> list[str]:
    """Return the reviewed tables that may need a row for an operation; a POST needs one in one of three."""
    request = record["request"]
    named = {*request.get("path", {}), *request.get("query", {}), *request.get("xml", {})}
    wanted = {
        "repeatable": key.startswith("POST "),
        "echoes": bool({name for name in named if name.endswith(("_no", "_id"))} & set(record.get("answer", {}))),
        "keys": _encrypts(request.get("xml", {})),
        "signatures": record["content"] == "binary",
        "uploads": "multipart" in request,
        "v2-signing": key.partition(" ")[2].startswith("v2/"),
    }
    return [table for table, needed in wanted.items() if needed]


def _encrypts(members: Mapping[str, Any]) -> bool:
    return any(
        isinstance(member, dict) and ("encrypted" in member or _encrypts(member.get("fields", {})))
        for member in members.values()
    )


def open_questions(path: Path) -> dict[str, list[str]]:
    """Return what is open, by operation."""
    return (source.read(path) or {}) if path.exists() else {}


def write_open(path: Path, questions: Mapping[str, list[str]]) -> None:
    """Write what is open, in the order of operations."""
    rows = sorted(questions.items(), key=lambda item: item[0].partition(" ")[::-1])
    lines = [f"{yaml_text.scalar(key, key=True)}: {yaml_text.flow(tables)}\n" for key, tables in rows]
    path.write_text(_HEAD + ("".join(lines) or "{}\n"), "utf-8")


def ask(key: str, title: str, folder: Path) -> bool:
    """
    Ask where a new POST belongs, and write its row.

    Args:
        key: The operation.
        title: Its title.
        folder: The folder of the reviewed tables.

    Returns: Whether it was decided.
    """
    click.echo(f"\n{key}  {title}")
    table = click.prompt("  Which table?", type=click.Choice([*_POSTS, "later"]), default="later")
    if table == "later":
        return False
    row: Any = {}
    if table == "repeatable":
        row["idempotent_by"] = click.prompt(
            "  Place and names of the number that makes it safe (json out_trade_no)"
        ).split()
    if table == "no-money":
        row = click.prompt("  What does it do? (one word, as the table has it)")
    else:
        row["reason"] = click.prompt("  Why?")
    add_row(folder / f"{table}.yaml", key, row)
    return True


def add_row(path: Path, key: str, row: Any) -> None:
    """Add a row to a reviewed table, at its place in the order of paths; all other lines stay."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if _behind(line, key)), len(lines))
    lines.insert(at, f"{yaml_text.scalar(key, key=True)}: {yaml_text.flow(row)}\n")
    path.write_text("".join(lines), "utf-8")


def _behind(line: str, key: str) -> bool:
    verb, _, rest = line.partition(" ")
    if not verb.isupper() or not verb.isalpha():
        return False
    path = rest.partition(": ")[0].strip().removesuffix(":")
    return (path, verb) > (key.partition(" ")[2], key.partition(" ")[0])


def answered(questions: Mapping[str, list[str]], keys: Iterable[str], folder: Path) -> dict[str, list[str]]:
    """
    Return the questions that are still open.

    Args:
        questions: All questions.
        keys: The operations there are.
        folder: The folder of the reviewed tables: a row there answers its question.
    """
    known = set(keys)
    tables = {table: source.read(folder / f"{table}.yaml") or {} for table in _TABLES}
    made = {}
    for key, asked in questions.items():
        left = [
            table
            for table in asked
            if not any(key in tables[each] for each in (_POSTS if table in _POSTS else (table,)))
        ]
        if key in known and left:
            made[key] = left
    return made


def orphans(keys: Iterable[str], folder: Path) -> list[str]:
    """Return the rows of the reviewed tables whose operation is none of ``keys``: a person removes them."""
    known = set(keys)
    return [
        f"{table}.yaml: {key}"
        for table in _TABLES
        for key in source.read(folder / f"{table}.yaml") or {}
        if key not in known
    ]
