"""The reading of bills, row by row."""

from __future__ import annotations

import csv
import io
import os
import re
from contextlib import contextmanager
from decimal import InvalidOperation
from itertools import combinations
from math import comb
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.validation import check_whole
from wechatpay.bills.columns import Number
from wechatpay.bills.layouts import layout_of
from wechatpay.bills.lines import decoded_lines
from wechatpay.files.saving import is_seekable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from wechatpay.bills.columns import Column
    from wechatpay.bills.rows import Row, Summary

__all__ = ["Bill", "read", "split_line"]

_MAX_SIZE = 2 * 1024**3
_NO_VALUE = frozenset({"", "-", "--", "/", "null", "NULL", "N/A", "无", "0000-00-00 00:00:00"})
"""What stands in a column of numbers, amounts or times for a value that a row does not have."""
_NO_NUMBER = _NO_VALUE | {"0"}
_ROUNDED = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
"""A long number that a spreadsheet rounded."""
_OTHER_SEPARATORS = {"\t": Words("tabs", "制表符"), ";": Words("semicolons", "分号"), "；": Words("semicolons", "分号")}
_SPACED_MARK = re.compile(r",[ \t]*`")
_NAME_WITH_DIGIT = re.compile(r"[^\W\d][\w ()/%.-]*")
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"-?\d+(\.\d+)?%?")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_NAMES_AMOUNT = re.compile(r"金额|手续费$|amount$")
_NAMES_WORD = re.compile(r"号$|ID$|_id$|_no$|时间$|time$|类型$|type$|状态|status|币种|currency$|银行$")
"""Columns of one word, which has no comma and is no amount."""
_MOST_SPLITS = 2000


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
        An iterable of rows, with ``kind``, ``summary`` and ``summaries``. A path, or a file
        that can seek, can be iterated over again.

    Raises:
        CodecError: The source is not a bill, its encoding is unclear, or it unpacks
            to more than *max_size*; also raised while the rows are read.
        ConfigurationError: *max_size* is not a whole number of bytes.
        OSError: The file cannot be opened.
        TypeError: *source* has another type, or is open as text.
    """
    if isinstance(source, str) and "\n" in source:
        msg = Words(
            "read: this is the text of a bill, a path was expected: pass io.BytesIO(text.encode())",
            "read：这是账单的内容，应为路径：请传 io.BytesIO(text.encode())",
        )
        raise TypeError(msg)
    if not isinstance(source, str | os.PathLike):
        if not hasattr(source, "read"):
            msg = Words(
                f"read: a path or a file open for bytes was expected, not {type(source).__name__}",
                f"read：应为路径或以字节方式打开的文件，不是 {type(source).__name__}",
            )
            raise TypeError(msg)
        if isinstance(source, io.TextIOBase):
            msg = Words(
                "read: the file is open as text; open it with 'rb', for its encoding is part of what is read",
                "read：文件以文本方式打开，请用 'rb' 打开：编码由本函数识别",
            )
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
        self._summaries: tuple[Summary, ...] | None = None
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
            raise CodecError(Words("the bill is empty: it has no header line", "账单为空：没有表头"))
        self.columns = _header(first[1])
        self._marked_header = first[1].startswith("`")
        if len(self.columns) == 1:
            raise _one_column(first[1])
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
            msg = Words(
                "this bill was read from a stream that cannot go back: it is iterated over once",
                "该账单读自不能回退的流，只能遍历一次",
            )
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
        typed = _typed(layout.columns, names)
        marked = False
        for number, line in lines:
            if self._is_sums(line, marked=marked):
                self._summaries = self._sums(number, line, lines)
                return
            marked = marked or line.startswith("`")
            yield layout.row(**_values(names, typed, line, number))

    def _is_sums(self, line: str, *, marked: bool) -> bool:
        """Return whether a line is the header of the sums; the rows above may be *marked* by backquotes."""
        if self._marked_header:  # then the other header has backquotes as well
            line = line.replace("`", "")
        return bool(line) and not line.startswith("`") and _is_header(line, marked=marked and not self._marked_header)

    @property
    def summary(self) -> Summary | None:
        """
        The sums at the end, the first line of them; None if the bill has none.

        Raises:
            CodecError: The sums cannot be read.
            RuntimeError: The bill comes from a stream that cannot seek,
                and was not iterated over yet.
        """
        return next(iter(self.summaries), None)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """All lines of sums: bills with several currencies have one for each; raises as ``summary``."""
        if self._summaries is None:
            if self._left is not None and self._start is None:
                msg = Words(
                    "the sums are at the end of this stream: iterate over its rows first",
                    "汇总在流的末尾：请先遍历各行",
                )
                raise RuntimeError(msg)
            if self._start is None and not isinstance(self._source, str | os.PathLike):
                return ()  # it was read to its end, and had none
            here = None if self._start is None else cast("IO[bytes]", self._source).tell()
            with self._lines() as lines:
                next(lines)
                marked = False
                found = None
                for number, line in lines:
                    if self._is_sums(line, marked=marked):
                        found = number, line
                        break
                    marked = marked or line.startswith("`")
                self._summaries = () if found is None else self._sums(*found, lines)
            if here is not None:
                cast("IO[bytes]", self._source).seek(here)
        return self._summaries

    def _sums(self, number: int, line: str, lines: Iterator[tuple[int, str]]) -> tuple[Summary, ...]:
        """Return the sums under their header; one line at least, and those under further headers."""
        names = _header(line)
        made = [self._sum(names, *next(lines, (number + 1, "")))]
        for number, line in lines:  # noqa: PLR1704 (the lines that follow)
            if _header(line.removeprefix("\ufeff")) == self.columns:
                msg = Words(
                    f"line {number}: another bill begins: read each file by itself",
                    f"第 {number} 行：另一份账单从这里开始，请逐个文件读取",
                )
                raise CodecError(msg)
            if line[0] != "`" and _is_header(line):
                names = _header(line)
            elif "`" in line or len(split_line(line)) == len(names):
                made.append(self._sum(names, number, line))
        return tuple(made)

    def _sum(self, names: Sequence[str], number: int, line: str) -> Summary:
        made: Summary = self._layout.summary(**_values(names, _typed(self._layout.sums, names), line, number))
        return made


def _header(line: str) -> tuple[str, ...]:
    """Return the names in a header line, with half-width parentheses; some are separated by full-width commas."""
    names = split_line(line.replace("，", ","))
    return tuple(name.replace("（", "(").replace("）", ")").strip() for name in names)


def _one_column(line: str) -> CodecError:
    """Return the error for a header without a comma, in which any file would be a bill without rows."""
    found = next((what for mark, what in _OTHER_SEPARATORS.items() if mark in line), None)
    if found is None:
        return CodecError(Words("this is not a bill: its first line has one column", "这不是账单：第一行只有一列"))
    return CodecError(
        Words(
            f"the columns of this bill are separated by {found}, as a spreadsheet saved it: pass the file of the platform",
            f"该账单的列以{found.zh}分隔，是由表格软件另存的：请传平台的原文件",
        )
    )


def _typed(columns: Mapping[str, Column], names: Sequence[str]) -> list[Column | None]:
    spelled = [name.replace(" ", "") for name in names]
    return [
        columns.get(name) or columns.get(f"{name}(元)") or columns.get(name.removesuffix("(元)")) for name in spelled
    ]


def _is_header(line: str, *, marked: bool = False) -> bool:
    """
    Return whether a line that does not begin with a backquote is the header of the sums.

    Where the values above are *marked* by backquotes, its names may have digits.

    In each part of a bill the values have backquotes and the header has none: names without digits, in Chinese or, for
    bills from abroad, in English. Official pages: https://pay.weixin.qq.com/doc/v3/partner/4012715572,
    https://pay.weixin.qq.com/doc/global/v3/zh/4013025018
    """
    first = line.split(",", 1)[0]
    if first.startswith("总") or "总笔数" in first or "总单数" in first:
        return True
    cells = [cell.strip() for cell in line.split(",")]
    if marked and "`" not in line and all(map(_NAME_WITH_DIGIT.fullmatch, cells)):
        return True
    return not (line[0].isdigit() or "`" in line or _DIGIT.search(line)) and all(cells)


def split_line(line: str) -> list[str]:
    """Split a line into its values."""
    if line.startswith("`"):
        return [cell.strip() for cell in line[1:].split(",`")]
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error as error:  # a field without end; before Python 3.11 also a NUL
        msg = Words(f"this is not a bill: {error}", f"这不是账单：{error}")
        raise CodecError(msg) from None
    return [cell.strip().removeprefix("`") for cell in cells]


def _realigned(line: str, names: Sequence[str], typed: Sequence[Column | None]) -> list[str]:
    """
    Return the values of a line in which some lack their backquote; empty unless there is exactly one way to tell them.

    Until 2025-01-15 bills of profit sharing had such lines: https://pay.weixin.qq.com/doc/v3/partner/4012715572
    A comma may stand inside a value as well, so the values have to be of the forms of their columns.
    """
    pieces = line.split(",")
    marked = {at for at, piece in enumerate(pieces) if at == 0 or piece.startswith("`")}
    bare = [at for at, piece in enumerate(pieces) if at not in marked and not piece.startswith(" ")]
    missing = len(names) - len(marked)
    if "`" not in line or not 0 <= missing <= len(bare) or comb(len(bare), missing) > _MOST_SPLITS:
        return []
    splits = (_split_at(pieces, marked.union(starts)) for starts in combinations(bare, missing))
    found = [cells for cells in splits if all(map(_fits, names, typed, cells))]
    return found[0] if len(found) == 1 else []


def _split_at(pieces: Sequence[str], starts: Collection[int]) -> list[str]:
    """Join the pieces of a line to the values that begin at these pieces."""
    cells: list[str] = []
    for at, piece in enumerate(pieces):
        if at in starts:
            cells.append(piece)
        else:
            cells[-1] += f",{piece}"
    return [cell.removeprefix("`").strip() for cell in cells]


def _fits(name: str, column: Column | None, cell: str) -> bool:
    """Return whether a value has the form of its column, as far as its type or its name tell."""
    if not cell:
        return True
    if column is not None and column[1] not in (str, Number):
        try:
            column[1](cell)
        except (ValueError, InvalidOperation):
            return False
        return True
    if _NAMES_AMOUNT.search(name):
        return _AMOUNT.fullmatch(cell) is not None
    one_word = _NAMES_WORD.search(name) is not None or (column is not None and column[1] is Number)
    return not one_word or ("," not in cell and _DECIMAL.fullmatch(cell) is None)


def _values(names: Sequence[str], typed: Sequence[Column | None], line: str, number: int) -> dict[str, Any]:
    cells = split_line(line)
    if len(cells) != len(names) and len(realigned := _realigned(line, names, typed)) == len(names):
        cells = realigned
    if len(cells) != len(names) and line.startswith("`"):
        cells = [cell.strip() for cell in _SPACED_MARK.split(line[1:])]
    if len(cells) != len(names):
        msg = Words(
            f"line {number}: {len(cells)} values under {len(names)} columns; is there a ',`' inside a value?",
            f"第 {number} 行：有 {len(cells)} 个值，而表头有 {len(names)} 列；是否有值中含 ',`'？",
        )
        raise CodecError(msg)
    values: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, column, cell in zip(names, typed, cells, strict=True):
        if column is None:
            others[name] = cell
            continue
        attribute, convert = column
        if convert is str:  # without a call per value, which costs a twentieth of the time
            values[attribute] = cell or None
            continue
        if convert is Number:
            if _ROUNDED.fullmatch(cell):
                raise _rounded(name, number)
            values[attribute] = None if cell in _NO_NUMBER else cell
            continue
        try:
            values[attribute] = None if cell in _NO_VALUE else convert(cell)
        except (ValueError, InvalidOperation):
            msg = Words(
                f"line {number}: the value under {name} is not of the form this column has",
                f"第 {number} 行：{name} 列的值不符合该列的格式",
            )
            raise CodecError(msg) from None
    if others:
        values["others"] = others
    return values


def _rounded(name: str, number: int) -> CodecError:
    """Return the error for a number that a spreadsheet rounded when it saved the bill."""
    return CodecError(
        Words(
            f"line {number}: a spreadsheet rounded the number under {name}: pass the file of the platform",
            f"第 {number} 行：{name} 列的单号已被表格软件改写：请传平台的原文件",
        )
    )
