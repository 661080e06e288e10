"""The requests of an app, for tests to assert on."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from chainable.sandbox import journal as engine

__all__ = ["Entry", "Journal", "Upload"]


@frozen
class Upload:
    """A file part: the parameter's name, the file's name and type, its bytes."""

    name: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class Entry:
    """
    One request and its answer.

    Attributes:
        number: Counts from 1 for every application, never again the same.
        kind: ``call``, ``item`` (one of a batch), ``batch``, ``oauth``, ``channel`` or ``outbound``.
        at: Seconds since 1970 by the sandbox's clock.
        verb: The HTTP verb, or the kind of frame on the message channel.
        path: The path, without the query.
        method: The API's name, None when the request did not name it.
        parameters: All text parameters as they arrived, public ones and the signature among them.
        files: The file parts of an upload.
        body: The raw body of a call that has one, otherwise empty.
        headers: Header fields, names in lower case.
        verified: True once the signature is verified.
        signed: The string that should have been signed, the secret masked; empty before the signature was looked at.
        mistake: The error in the signature, if it is known.
        notes: Oddities that are not refused, such as parameters that the catalogue does not list.
        code: The platform's error code, None for an answer without error.
        sub_code: Its finer code.
        sub_msg: Its text.
        fault: The fault that was played, if any.
        generated: Whether the catalogue made the answer up: the API keeps no state here. Of a batch: any of its answers.
        status: The HTTP status of the answer, 0 when the connection was cut instead.
        answer: The answer's body before HTTP compression.
    """

    number: int
    kind: str
    at: float
    verb: str = ""
    path: str = ""
    method: str | None = None
    parameters: dict[str, str] = field(factory=dict, repr=False)
    files: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(factory=dict, repr=False)
    verified: bool = False
    signed: str = field(default="", repr=False)
    mistake: str | None = None
    notes: tuple[str, ...] = ()
    code: int | None = None
    sub_code: str | None = None
    sub_msg: str | None = None
    fault: str | None = None
    generated: bool = False
    status: int = 0
    answer: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> int:
        """Its number."""
        return self.number

    @property
    def name(self) -> str | None:
        """The API's name."""
        return self.method

    @property
    def volume(self) -> int:
        """The bytes of its texts, body, files and answer, about."""
        texts = sum(map(len, self.parameters.values())) + len(self.signed)
        return texts + len(self.body) + len(self.answer) + sum(len(upload.content) for upload in self.files)


class Journal(engine.Journal[Entry]):
    """The last requests of an app."""

    def __init__(self, size: int = 1000, volume: int = 64 * 1024 * 1024) -> None:
        super().__init__(size, volume)

    def write(self, **members: Any) -> Entry:
        """Add an entry; it gets the next number."""
        with self._changed:
            entry = Entry(number=self.next_id(), **members)
            self.add(entry)
            return entry

    @property
    def written(self) -> int:
        """How many entries were ever written: the same as :attr:`count`."""
        return self.count
