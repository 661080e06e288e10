"""A description as a value: what is shown, not yet how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

if TYPE_CHECKING:
    from chainable.describe.glossary import Meaning

__all__ = ["CallStyle", "Description", "Row", "Sample", "Table"]


@frozen(kw_only=True)
class Row:
    """
    One field of a table.

    Attributes:
        name: The field, as it is written in the request or answer.
        type: Its type, in the catalogue's word.
        depth: How deep it is nested; 0 is the outermost.
        required: Whether it must be given.
        filled: Whether the client fills it in when it is left out.
        encrypted: How it is encrypted, ``''`` if it is not.
        enum: The values it can take; empty if that is not limited.
        example: One value, as the catalogue shows it; None if it shows none.
        meaning: What it means; None if nobody wrote it down.
        note: A further remark, such as the type inside a text that holds JSON.
    """

    name: str
    type: str
    depth: int = 0
    required: bool = False
    filled: bool = False
    encrypted: str = ""
    enum: tuple[Any, ...] = ()
    example: Any = None
    meaning: Meaning | None = None
    note: str = ""

    def remarks(self) -> list[str]:
        """Give the third column in pieces: meaning, marks, values, example."""
        pieces = [f"{self.meaning.zh} · {self.meaning.en}"] if self.meaning else []
        if self.filled:
            pieces.append("自动填写")
        if self.encrypted:
            pieces.append(f"加密 {self.encrypted}")
        if self.note:
            pieces.append(self.note)
        if self.enum:
            pieces.append("可选值 " + " | ".join(map(str, self.enum)))
        if self.example is not None:
            pieces.append(f"例 {self.example}")
        return pieces


@frozen
class Table:
    """
    Fields in order, nested ones under their parent.

    Attributes:
        heading: What the first column shows: 请求参数, 返回字典, ….
        rows: The fields.
    """

    heading: str
    rows: tuple[Row, ...] = ()


@frozen
class CallStyle:
    """
    One way to write the call, ready to paste.

    Attributes:
        name: What this way is called: 同步纯链式, ….
        code: Python.
    """

    name: str
    code: str


@frozen
class Sample:
    """
    What an answer looks like on the wire.

    Attributes:
        name: What it shows.
        language: ``json`` or ``xml``.
        text: The sample.
    """

    name: str
    language: str
    text: str


@frozen(kw_only=True)
class Description:
    """
    All that is known of an operation, in the order it is shown.

    Attributes:
        key: Its key in the catalogue.
        title: The official title.
        name: The verb and the path, or the dotted method name.
        facts: Further facts, label to text.
        links: The official pages.
        tables: The request's tables.
        forms: The ways to write the call.
        answers: The answer's tables.
        samples: Answers as they travel.
    """

    key: str
    title: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    forms: tuple[CallStyle, ...] = ()
    answers: tuple[Table, ...] = ()
    samples: tuple[Sample, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the same as plain dicts, lists and texts, for machines."""
        plain = asdict(self)
        plain["facts"] = dict(self.facts)
        return plain
