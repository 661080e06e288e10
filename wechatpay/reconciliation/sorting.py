"""Entries in the order of their out_trade_no."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from chainable.errors import CodecError
from chainable.i18n import Words
from wechatpay.reconciliation.records import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_sorted", "sorted_by_number"]

_COLUMNS = ", ".join(Entry._fields)
_VALUES = ", ".join("?" * len(Entry._fields))


def check_sorted(entries: Iterable[Entry], what: str) -> Iterator[Entry]:
    """
    Yield entries as they come.

    Raises:
        CodecError: An out_trade_no is smaller than the one before; *what* names the entries.
    """
    last = ""
    for each in entries:
        if each.out_trade_no < last:
            msg = Words(
                f"{what}: not sorted by out_trade_no, character by character; leave presorted out",
                f"{what}：没有按 out_trade_no 逐字符排序；请去掉 presorted",
            )
            raise CodecError(msg)
        last = each.out_trade_no
        yield each


@contextmanager
def sorted_by_number(entries: Iterable[Entry]) -> Iterator[Iterator[Entry]]:
    """Sort entries on disk, in a temporary database that ends with the block."""
    with closing(sqlite3.connect("", check_same_thread=False)) as database:
        database.execute(f"CREATE TABLE entry ({_COLUMNS})")
        with database:
            database.executemany(f"INSERT INTO entry VALUES ({_VALUES})", entries)  # noqa: S608 (question marks)
        yield map(Entry._make, database.execute("SELECT * FROM entry ORDER BY out_trade_no, rowid"))
