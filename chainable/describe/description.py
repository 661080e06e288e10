"""The description of an operation, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from chainable.describe.label import Label

if TYPE_CHECKING:
    from chainable.describe.glossary import Meaning

__all__ = ["CallStyle", "Description", "KnownError", "Reference", "Row", "Sample", "Table"]


@frozen(kw_only=True)
class Row:
    """
    One field of a table.

    Attributes:
        name: The name of the field in the request or response.
        type: Its type, as the catalogue names it.
        depth: Its depth of nesting; 0 is the outermost.
        required: Whether it is required.
        filled: Whether the client fills it in if it is missing.
        encrypted: How it is encrypted, ``''`` if it is not.
        enum: Its possible values; empty if they are not limited.
        example: The catalogue's example; None if it has none.
        meaning: Its meaning; None if the glossary has none.
        note: A further remark, such as the format of a text that contains JSON.
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

    def remarks(self, language: str | None = None, most: int | None = None) -> list[str]:
        """
        Return the parts of the third column: meaning, marks, values, example; each a text or a :class:`Label`.

        Args:
            language: That of the meaning, ``zh`` or ``en``; None for both.
            most: The number of values above which a list of them is cut; None for none.
        """
        parts: list[str] = []
        if self.meaning:
            both = {"zh": self.meaning.zh, "en": self.meaning.en}
            parts.append(" · ".join(both.values()) if language is None else both[language])
        if self.filled:
            parts.append(Label("自动填写", "filled in"))
        if self.encrypted:
            parts.append(Label(f"加密 {self.encrypted}", f"encrypted {self.encrypted}"))
        if self.note:
            parts.append(self.note)
        if self.enum:
            count = len(self.enum)
            values = " | ".join(map(str, self.enum[:most]))
            if most is None or count <= most:
                parts.append(Label(f"可选值 {values}", f"one of {values}"))
            else:
                parts.append(Label(f"可选值 {values} …（共 {count} 个）", f"one of {values} … ({count} in all)"))
        if self.example is not None:
            parts.append(Label(f"例 {self.example}", f"e.g. {self.example}"))
        return parts


@frozen
class Table:
    """Fields in order, nested ones under their parent; *heading* is that of the first column."""

    heading: str
    rows: tuple[Row, ...] = ()


@frozen
class CallStyle:
    """One way to write the call, ready to paste: its name (同步纯链式, …) and Python, with remarks in both languages."""

    name: str
    code: str


@frozen
class Sample:
    """A response on the wire, in ``json`` or ``xml``."""

    name: str
    language: str
    text: str


@frozen
class Reference:
    """Another operation or notification that a description refers to: its key and its title."""

    key: str
    title: str


@frozen
class KnownError:
    """Error codes with the same meaning, and what to do about them."""

    codes: tuple[str, ...]
    advice: str


@frozen(kw_only=True)
class Description:
    """
    An operation, with the parts in the order in which they are shown.

    Attributes:
        key: Its key in the catalogue.
        title: The official title.
        name: The verb and the path, or the dotted method name.
        facts: Further facts, label to text.
        links: The official pages.
        tables: The request's tables.
        forms: The ways to write the call.
        shortest: The call with required parameters only; None where nothing is called.
        answers: The response's tables.
        samples: Responses on the wire.
        errors: The platform's error codes that the call may get, those of few operations first.
        notifications: The notifications that the call leads to.
        causes: The operations that lead to the notification.
    """

    key: str
    title: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    forms: tuple[CallStyle, ...] = ()
    shortest: CallStyle | None = None
    answers: tuple[Table, ...] = ()
    samples: tuple[Sample, ...] = ()
    errors: tuple[KnownError, ...] = ()
    notifications: tuple[Reference, ...] = ()
    causes: tuple[Reference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the description as dicts, lists and texts."""
        plain = asdict(self)
        plain["facts"] = dict(self.facts)
        return plain
