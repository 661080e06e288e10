"""The kinds of values that the generated types are made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, TypeVar

from typing_extensions import NotRequired, Required, TypedDict

from chainable.file_sources import UploadedFile

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView
    from typing import Protocol, overload

__all__ = [
    "Any",
    "Date",
    "File",
    "Json",
    "Listed",
    "Many",
    "Mapping",
    "NotRequired",
    "Number",
    "Required",
    "TypedDict",
]

T = TypeVar("T")

Number = int | str | Decimal
"""A number, or its digits as text; no float, which is not exact."""

Date = str | datetime | date
"""A moment: an aware datetime, or text in Beijing time as the platform writes it."""

Json = str | Mapping[str, Any] | list[Any] | tuple[Any, ...]
"""JSON text, or what it says."""

File = (
    bytes
    | str
    | os.PathLike[str]
    | IO[bytes]
    | UploadedFile
    | tuple[str, bytes | os.PathLike[str] | IO[bytes] | UploadedFile]
)
"""A file to upload: its content, its path, an open file, the uploaded file of a framework, or its name with one of these."""

Many = list[T] | tuple[T, ...] | str
"""Several values, or their texts joined with commas."""

if TYPE_CHECKING:

    class Listed(Protocol[T]):
        """
        A list in an answer.

        As the platform sends it the elements stand under a name of their own,
        ``data['trades']['trade'][0]``; where ``simplify`` was asked for it is
        plain, ``data['trades'][0]``.
        """

        @overload
        def __getitem__(self, name: str, /) -> list[T]: ...
        @overload
        def __getitem__(self, index: int, /) -> T: ...
        @overload
        def __getitem__(self, part: slice, /) -> list[T]: ...
        def __iter__(self) -> Iterator[T]: ...
        def __len__(self) -> int: ...
        def get(self, name: str, /) -> list[T] | None:
            """Give the elements, as a dict does."""

        def items(self) -> ItemsView[str, list[T]]:
            """Give the one name with the elements, as a dict does."""

        def values(self) -> ValuesView[list[T]]:
            """Give the elements, as a dict does."""

else:
    Listed = dict[str, list[T]] | list[T]
