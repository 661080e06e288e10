"""The reading of bills, row by row."""

from __future__ import annotations

import csv
import io
import os
from contextlib import contextmanager
from decimal import InvalidOperation
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from chainable.errors import CodecError
from chainable.masking import safe_repr
from chainable.validation import check_whole
from wechatpay.bills.layouts import layout_of
from wechatpay.bills.lines import decoded_lines
from wechatpay.files.saving import is_seekable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wechatpay.bills.columns import Column
    from wechatpay.bills.rows import Row, Summary

__all__ = ["Bill", "read", "split_line"]

_MAX_SIZE = 2 * 1024**3


def read(source: str | os.PathLike[str] | IO[bytes], *, encoding: str | None = None, max_size: int = _MAX_SIZE) -> Bill:
    """
    Read a bill.

    Args:
        source: A path, or a file open for reading bytes, which is read from
            its position and stays open. Gzip is unpacked.
        encoding: ``utf-8`` or ``gbk``; by default it is recognised by the header
            line: the platform writes UTF-8, and spreadsheets may have saved
            the bill again in GBK.
        max_size: Bytes that gzip may unpack to; by default 2 GiB.

    Returns:
        An iterable of rows, with ``kind`` and ``summary``. A path, or a file
        that can seek, can be iterated over again.

    Raises:
        CodecError: The source is not a bill, its encoding is unclear, or it unpacks
            to more than *max_size*; also raised while the rows are read.
        ConfigurationError: *max_size* is not a whole number of bytes.
        OSError: The file cannot be opened.
        TypeError: *source* has another type, or is open as text.
    """
    if not isinstance(source, str | os.PathLike):
        if not hasattr(source, "read"):
            msg = f"read: a path or a file open for bytes was expected, not {type(source).__name__}"
            raise TypeError(msg)
        if isinstance(source, io.TextIOBase):
            msg = "read: the file is open as text; open it with 'rb', for its encoding is part of what is read"
            raise TypeError(msg)
    return Bill(source, encoding, check_whole("max_size", max_size, least=1))


@safe_repr
class Bill:
    """
    A bill, read line by line; see :func:`read`.

    Attributes:
        kind: ``trade``, ``refund``, ``fund_flow``, or ``other`` for unknown columns.
        columns: The names in the header line.
    """

    kind: str
    columns: tuple[str, ...]

    def __init__(
        self, source: str | os.PathLike[str] | IO[bytes], encoding: str | None, max_size: int = _MAX_SIZE
    ) -> None:
        self._source = source
        self._encoding = encoding
        self._max_size = max_size
        self._start: int | None = None
        self._left: Iterator[tuple[int, str]] | None = None
        self._summary: Summary | None = None
        if isinstance(source, str | os.PathLike):
            with self._lines() as lines:
                self._read_header(lines)
        else:
            if is_seekable(source):
                self._start = source.tell()
            self._left = decoded_lines(source, encoding, max_size)
            self._read_header(self._left)

    def _read_header(self, lines: Iterator[tuple[int, str]]) -> None:
        first = next(lines, None)
        if first is None:
            raise CodecError("the bill is empty: it has no header line")
        names = split_line(first[1])
        self.columns = tuple(name.replace("（", "(").replace("）", ")").strip() for name in names)
        self._layout = layout_of(self.columns)
        self.kind = self._layout.kind

    def __repr__(self) -> str:
        return f"<Bill {self.kind}, {len(self.columns)} columns>"

    @contextmanager
    def _lines(self) -> Iterator[Iterator[tuple[int, str]]]:
        """Open the lines, from the header line on."""
        if isinstance(self._source, str | os.PathLike):
            with Path(self._source).open("rb") as file:
                yield decoded_lines(file, self._encoding, self._max_size)
        elif self._start is not None:
            self._source.seek(self._start)
            yield decoded_lines(self._source, self._encoding, self._max_size)
        else:
            msg = "this bill was read from a stream that cannot go back: it is iterated over once"
            raise RuntimeError(msg)

    def __iter__(self) -> Iterator[Row]:
        """
        Yield the rows.

        Raises:
            CodecError: A line cannot be read; its number is given, its values are not.
            RuntimeError: The stream cannot seek, and was read before.
        """
        if self._left is not None:
            left, self._left = self._left, None
            yield from self._rows(left)
            return
        with self._lines() as lines:
            next(lines)
            yield from self._rows(lines)

    def _rows(self, lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
        names, layout = self.columns, self._layout
        typed = [layout.columns.get(name) for name in names]
        for number, line in lines:
            if not line.startswith("`") and _is_summary(line):
                self._summary = self._sums(number, line, lines)
                return
            yield layout.row(**_values(names, typed, split_line(line), number))

    @property
    def summary(self) -> Summary | None:
        """
        The sums at the end; None if the bill has none.

        Raises:
            CodecError: The sums cannot be read.
            RuntimeError: The bill comes from a stream that cannot seek,
                and was not iterated over yet.
        """
        if self._summary is None:
            if self._left is not None and self._start is None:
                msg = "the sums are at the end of this stream: iterate over its rows first"
                raise RuntimeError(msg)
            if self._start is None and not isinstance(self._source, str | os.PathLike):
                return None  # it was read to its end, and had none
            here = None if self._start is None else cast("IO[bytes]", self._source).tell()
            with self._lines() as lines:
                next(lines)
                found = next(((number, line) for number, line in lines if line[0] != "`" and _is_summary(line)), None)
                self._summary = None if found is None else self._sums(*found, lines)
            if here is not None:
                cast("IO[bytes]", self._source).seek(here)
        return self._summary

    def _sums(self, number: int, line: str, lines: Iterator[tuple[int, str]]) -> Summary:
        names = split_line(line)
        _, values = next(lines, (number, ""))
        typed = [self._layout.sums.get(name) for name in names]
        made: Summary = self._layout.summary(**_values(names, typed, split_line(values), number + 1))
        return made


def _is_summary(line: str) -> bool:
    """Return whether a line without backquotes is the header of the sums."""
    first = line.split(",", 1)[0]
    return first.startswith("总") or "总笔数" in first or "总单数" in first


def split_line(line: str) -> list[str]:
    """Split a line into its values."""
    if line.startswith("`"):
        return [cell.strip() for cell in line[1:].split(",`")]
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error as error:  # a field without end; before Python 3.11 also a NUL
        msg = f"this is not a bill: {error}"
        raise CodecError(msg) from None
    return [cell.strip().removeprefix("`") for cell in cells]


def _values(names: Sequence[str], typed: Sequence[Column | None], cells: Sequence[str], number: int) -> dict[str, Any]:
    if len(cells) != len(names):
        msg = f"line {number}: {len(cells)} values under {len(names)} columns; is there a ',`' inside a value?"
        raise CodecError(msg)
    values: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, column, cell in zip(names, typed, cells, strict=True):
        if column is None:
            others[name] = cell
            continue
        attribute, convert = column
        try:
            values[attribute] = convert(cell) if cell else None
        except (ValueError, InvalidOperation):
            msg = f"line {number}: the value under {name} is not of the form this column has"
            raise CodecError(msg) from None
    if others:
        values["others"] = others
    return values
