"""
A long span of time, read in windows that the platform accepts.

Increments have limits: ``taobao.trades.sold.increment.get`` takes a day at
most.  Windows follow each other without a gap: each begins at the second with
which the one before ended, so what was changed in that second comes twice.
Inside a window pages are read from the last to the first, so that entries that
leave the list meanwhile do not move others past the reader.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chainable.chain import name_of
from chainable.i18n import Words
from chainable.path import fold
from chainable.times import BEIJING, beijing
from taobao_top.pagination import PageNames, method_chain, paging
from taobao_top.parameter_names import catalogue_name, split_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taobao_top.catalogue import Method, Window
    from taobao_top.response import TopResponse
    from taobao_top.settings import Settings

__all__ = ["spans", "windows"]

_SECOND = timedelta(seconds=1)
_PAIRS = (
    ("start_modified", "end_modified"), ("start_create", "end_create"), ("start_created", "end_created"),
    ("start_time", "end_time"), ("begin_time", "end_time"), ("start_date", "end_date"), ("start_modify", "end_modify"),
)  # fmt: skip
"""The usual names of a start and an end, of methods without a known limit."""


def spans(
    start: datetime, end: datetime, step: timedelta | None, overlap: timedelta = timedelta(0)
) -> Iterator[tuple[datetime, datetime]]:
    """
    Split a span of time.

    Args:
        start: Its begin, with a time zone; fractions of a second are cut off.
        end: Its end, likewise.
        step: The length of a window; None for one window.
        overlap: How much of a window the next one has again.

    Returns:
        Starts and ends in Beijing time, the oldest first; each start is the end before it, less the overlap.
    """
    _check_length("step", step)
    _check_length("overlap", overlap)
    first, last = _second("start", start), _second("end", end)
    if last <= first:
        msg = Words("windows: end has to lie after start, by a second at least", "windows：end 应晚于 start，至少一秒")
        raise ValueError(msg)
    if step is not None and (step < _SECOND or step % _SECOND):
        msg = Words(
            "windows: step is a timedelta of whole seconds, a second at least",
            "windows：step 应为整秒的 timedelta，至少一秒",
        )
        raise ValueError(msg)
    if overlap < timedelta(0) or overlap % _SECOND or (step is not None and overlap >= step):
        msg = Words(
            "windows: overlap is a timedelta of whole seconds, shorter than a window",
            "windows：overlap 应为整秒的 timedelta，且短于窗口",
        )
        raise ValueError(msg)
    return _spans(first, last, last - first if step is None else step, overlap)


def _spans(start: datetime, last: datetime, step: timedelta, overlap: timedelta) -> Iterator[tuple[datetime, datetime]]:
    while True:
        end = min(start + step, last)
        yield start, end
        if end == last:
            return
        start = end - overlap


def _second(name: str, moment: Any) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        msg = Words(
            f"windows: {name} is a datetime with a time zone, such as datetime(2026, 1, 1, tzinfo=chainable.BEIJING)",
            f"windows：{name} 应为带时区的 datetime，如 datetime(2026, 1, 1, tzinfo=chainable.BEIJING)",
        )
        raise TypeError(msg)
    try:
        return beijing(moment).astimezone(BEIJING).replace(microsecond=0)
    except OverflowError:
        msg = Words(
            f"windows: {name} lies outside of the years 1 to 9999 in Beijing time",
            f"windows：{name} 换算为北京时间后超出 1 至 9999 年",
        )
        raise ValueError(msg) from None


def _check_length(name: str, length: Any) -> None:
    if length is not None and not isinstance(length, timedelta):
        msg = Words(
            f"windows: {name} is a timedelta, such as timedelta(hours=1), not {type(length).__name__}",
            f"windows：{name} 应为 timedelta，如 timedelta(hours=1)，不是 {type(length).__name__}",
        )
        raise TypeError(msg)


def windows(
    settings: Settings,
    chain: Any,
    start: datetime,
    end: datetime,
    params: Mapping[str, Any] | None,
    *,
    step: timedelta | None,
    overlap: timedelta,
    between: tuple[str, str] | None,
    names: PageNames | None,
    keywords: Mapping[str, Any],
) -> Iterator[TopResponse[Any]]:
    """Iterate over the pages of all windows; see :meth:`taobao_top.TaobaoTop.windows`."""
    method = name_of(method_chain(chain, "windows"))
    known = settings.catalogue.method(method)
    _check_length("step", step)
    types = {} if known is None else known.types
    names_given = {catalogue_name(name, types) for name in (*(params or {}), *keywords)}
    first, last, limit = _bounds(method, known, between, names_given)
    set_here = {fold(first), fold(last)}
    given = [name for name in (*(params or {}), *keywords) if isinstance(name, str) and fold(name) in set_here]
    if given:
        msg = Words(
            f"{method}: {min(given)} is set by windows(): pass start and end in place of it",
            f"{method}：{min(given)} 由 windows() 填写，请改传 start 与 end",
        )
        raise TypeError(msg)
    if limit is not None and step is not None and step.total_seconds() > limit:
        msg = Words(
            f"{method}: the platform accepts windows of {timedelta(seconds=limit)} at most, step is {step}",
            f"{method}：平台允许的窗口最长为 {timedelta(seconds=limit)}，step 却是 {step}",
        )
        raise ValueError(msg)
    if step is None and limit is not None:
        step = timedelta(seconds=limit)
    if names is None and known is not None:
        names = PageNames.find(known)
    parts = spans(start, end, step, overlap)

    def pages(bounds: tuple[datetime, datetime]) -> Iterator[TopResponse[Any]]:
        bounded = {**keywords, first: bounds[0], last: bounds[1]}
        if names is None:
            return iter([chain(params, **bounded)])
        backwards = names.cursor is None and not _asks_for_next(names, params, keywords)
        return paging(settings, chain, params, names=names, backwards=backwards, keywords=bounded)

    info = settings.method_info(method)
    split_arguments(info, params or {}, keywords)  # a misspelt name is refused now, not with the first window
    return (page for bounds in parts for page in pages(bounds))


def _asks_for_next(names: PageNames, params: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> bool:
    """Return whether the caller asks for has_next in place of the total, so that the last page is unknown."""
    return names.use_has_next is not None and bool({**(params or {}), **keywords}.get(names.use_has_next))


def _bounds(
    method: str, known: Method | None, between: tuple[str, str] | None, given: set[str]
) -> tuple[str, str, int | None]:
    """Return the names of a start and an end, and the seconds that may lie between them; None without a limit."""
    limited = () if known is None or known.limits is None else known.limits.windows
    if between is not None:
        first, last = _between(method, known, between)
        window = next((each for each in limited if (each.start, each.end) == (first, last)), None)
        return first, last, None if window is None else _seconds(window, given)
    if len(limited) == 1:
        return limited[0].start, limited[0].end, _seconds(limited[0], given)
    types = {} if known is None else known.types
    found = [(window.start, window.end) for window in limited] or [
        pair for pair in _PAIRS if pair[0] in types and pair[1] in types
    ]
    if len(found) != 1:
        pairs = " or ".join(f"between={pair!r}" for pair in found) or "between=('start_modified', 'end_modified')"
        msg = Words(
            f"{method}: pass the names of the parameters with the start and the end, {pairs}",
            f"{method}：请传入起止时间的参数名：{pairs}",
        )
        raise TypeError(msg)
    return *found[0], None


def _between(method: str, known: Method | None, between: Any) -> tuple[str, str]:
    """Return the two names as the catalogue spells them."""
    if not isinstance(between, tuple | list) or len(between) != 2 or not all(isinstance(name, str) for name in between):
        msg = Words(
            f"{method}: between is two names, such as between=('start_modified', 'end_modified')",
            f"{method}：between 应为两个名称，如 between=('start_modified', 'end_modified')",
        )
        raise TypeError(msg)
    types = {} if known is None else known.types
    first, last = (catalogue_name(name, types) for name in between)
    limited = () if known is None or known.limits is None else known.limits.windows
    pairs = [*((window.start, window.end) for window in limited), *_PAIRS]
    if first == last or (last, first) in pairs:
        msg = Words(
            f"{method}: between is the name of the start, then the name of the end, not {tuple(between)!r}",
            f"{method}：between 应先写起始、后写结束的参数名，不是 {tuple(between)!r}",
        )
        raise TypeError(msg)
    return first, last


def _seconds(window: Window, given: set[str]) -> int | None:
    return None if given.intersection(window.unless) else window.seconds
