"""
Lists page by page, forwards or from the last page to the first.

A list that shrinks while it is read (orders leave the window of an increment
when they are modified again) loses entries forwards but not backwards, as long
as the window of time has ended before the first call.  A list that grows at
the front while it is read backwards moves entries to pages that were already
read: if responses have the total, these pages are fetched again, so some
entries appear twice, and none is lost.

Most lists have numbered pages, some an offset, and some return a cursor with
each page, which the next page needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

from chainable.chain import name_of
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.spelling import did_you_mean
from taobao_top.catalogue.definitions import PACKAGED, Catalogue
from taobao_top.chain import MethodChain
from taobao_top.method_info import method_info
from taobao_top.parameter_names import split_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taobao_top.catalogue import Method, Param
    from taobao_top.response import TopResponse
    from taobao_top.settings import Settings

__all__ = ["CURSORS", "Cursor", "PageNames", "method_chain", "pages", "paging"]

_PAGE = ("page_no", "page", "current_page", "page_index", "page_num", "page_number", "cur_page", "current_page_no",
         "to_page", "pageNo", "currentPage")  # fmt: skip
_SIZE = ("page_size", "pageSize", "per_page_size", "page_rows", "size", "limit")
_TOTAL = ("total_results", "total_count", "total_num", "total_result", "total_item", "total_record_count",
          "total_number", "total_size", "total_record", "total_records", "totalCount", "total")  # fmt: skip
_PAGES = ("total_page", "total_pages", "total_page_count", "page_count", "total_page_no", "total_page_num", "totalPage")
_NEXT = ("has_next", "has_next_page", "has_more", "next_page")
_OFFSET = ("offset", "start_row", "start", "start_index")
_AT_ONCE = (*_SIZE, "count")
_DEPTH = 3
_SAID = {"true": True, "1": True, "false": False, "0": False}
_OVER = (None, "", 0, "0", -1, "-1")
"""The values that mean no cursor."""


class Cursor(NamedTuple):
    """
    A family of lists whose responses have the cursor of the next page.

    ``begin`` is the cursor of the first page; ``stays``: all pages may have the same one.
    """

    parameter: str
    member: str
    begin: int | None = None
    stays: bool = False


CURSORS = (
    Cursor("scroll_id", "scroll_id", stays=True),
    Cursor("cursor_id", "cursor_id"),
    Cursor("page_token", "page_token"),
    Cursor("page_result_key", "page_result_key", stays=True),
    Cursor("position_index", "position_index", stays=True),
    Cursor("next_id", "next_id"),
    Cursor("next_key", "next_key"),
    Cursor("next", "next_key"),
    Cursor("start", "next_start", begin=0),
    Cursor("last_shid", "last_id"),
)
"""The families of the catalogue."""


@safe_repr
@frozen
class PageNames:
    """
    The names that a method uses for paging; dotted inside an object.

    Attributes:
        page: The parameter with the page's number; None without one.
        size: The parameter with the number of entries of a page; None without one.
        total: The member of the response with the number of all entries.
        pages: The member of the response with the number of all pages.
        has_next: The member of the response that says whether another page follows.
        use_has_next: The parameter that asks for has_next in place of the total.
        first: The number of the first page, or the offset of the first entry; None for 1 and 0.
        offset: The parameter with the number of entries before the page, for pages without a number.
        cursor: The parameter with the cursor, beside a page number or alone.
        next: The member of the response with the cursor of the next page.
        begin: The cursor of the first page; None for none.
        stays: Whether all pages may have the same cursor.
        direction: The parameter that has to be 1 from the second page on.
    """

    page: str | None = "page_no"
    size: str | None = "page_size"
    total: str | None = None
    pages: str | None = None
    has_next: str | None = None
    use_has_next: str | None = None
    first: int | None = None
    offset: str | None = None
    cursor: str | None = None
    next: str | None = None
    begin: Any = None
    stays: bool = False
    direction: str | None = None

    @classmethod
    def of(cls, method: str, catalogue: Catalogue = PACKAGED) -> PageNames:
        """
        Return the names of a method in the catalogue.

        Raises:
            TypeError: The catalogue does not have the method, or no paging for it.
        """
        known = catalogue.method(method)
        if known is None:
            hint = did_you_mean(method, catalogue.methods())
            msg = Words(
                f"{method} is not in the catalogue{hint or ';'} "
                "pass its names, pages(…, names=PageNames(page='page_no', …))",
                f"接口目录中没有 {method}{hint.zh or '；'}请传入参数名 pages(…, names=PageNames(page='page_no', …))",
            )
            raise TypeError(msg)
        found = cls.find(known)
        if found is None:
            msg = Words(
                f"{method} has no parameter for pages in the catalogue: pass its names, names=PageNames(…)",
                f"接口目录中 {method} 没有分页参数：请传入参数名 names=PageNames(…)",
            )
            raise TypeError(msg)
        return found

    @classmethod
    def find(cls, known: Method) -> PageNames | None:
        """Return the names of a method; None if it has no parameter for pages."""
        params, response = known.params, known.response
        page = _found(params, _PAGE)
        size = _found(params, _SIZE)
        cursor: dict[str, Any] = {}
        for family in CURSORS:
            parameter, member = _found(params, (family.parameter,)), _found(response, (family.member,))
            if parameter is not None and member is not None:
                cursor = {"cursor": parameter, "next": member, "begin": family.begin, "stays": family.stays}
                cursor["direction"] = _found(params, ("jump_type",))
                break
        offset = None
        if page is None and not cursor:
            offset, size = _found(params, _OFFSET), _found(params, _AT_ONCE)
            if offset is None or size is None:
                return None
        return cls(
            page,
            size,
            _found(response, _TOTAL),
            _found(response, _PAGES),
            _found(response, _NEXT),
            _found(params, ("use_has_next",)),
            offset=offset,
            **cursor,
        )


def _found(fields: Sequence[Param], names: tuple[str, ...]) -> str | None:
    """Find the first of these names on the topmost level that has one."""
    level: list[tuple[str, Param]] = [(member.name, member) for member in fields]
    for _ in range(_DEPTH):
        # A member next_page may also be the number of a page.
        plain = {
            path.rpartition(".")[2]: path
            for path, member in level
            if not member.fields and (member.name != "next_page" or member.type == "Boolean")
        }
        for name in names:
            if name in plain:
                return plain[name]
        level = [
            (f"{path}.{inner.name}", inner) for path, member in level if not member.list for inner in member.fields
        ]
    return None


def pages(
    chain: MethodChain,
    params: Mapping[str, Any] | None = None,
    /,
    *,
    names: PageNames | None = None,
    backwards: bool = False,
    **keywords: Any,
) -> Iterator[TopResponse[Any]]:
    """
    Iterate over the pages of a list; each is fetched when it is needed.

    ::

        for page in top.pages(top.taobao.trades.sold.get, fields='tid', page_size=100):
            page.data['trades']['trade']

    Args:
        chain: The method.
        params: Parameters, as for a call.
        names: The method's names for paging; None for those of the catalogue.
        backwards: From the last page to the first; impossible with cursors.
        keywords: Parameters and options, as for a call; a page number, an offset or a cursor is the start.

    Raises:
        TypeError: The end of the list cannot be known without the size of a
            page, the list cannot be read backwards, the catalogue does not
            have the names, or a parameter is misspelt.
        CodecError: While iterating: a response lacks the data to go on.
    """
    return paging(None, chain, params, names=names, backwards=backwards, keywords=keywords)


def method_chain(chain: Any, what: str) -> MethodChain:
    """Return the chain; TypeError for anything else. ``what`` is the function's name for the error."""
    if isinstance(chain, MethodChain):
        return chain
    msg = Words(
        f"{what}: a chain such as top.taobao.trades.sold.get was expected, not {type(chain).__name__}",
        f"{what}：应为 top.taobao.trades.sold.get 这样的链，不是 {type(chain).__name__}",
    )
    raise TypeError(msg)


def paging(
    settings: Settings | None,
    chain: Any,
    params: Mapping[str, Any] | None,
    *,
    names: PageNames | None,
    backwards: bool,
    keywords: Mapping[str, Any],
) -> Iterator[TopResponse[Any]]:
    """Iterate over the pages of a list, with the catalogue and the defaults of a client's settings; see :func:`pages`."""
    method = name_of(method_chain(chain, "pages"))
    if names is None:
        names = PageNames.of(method, PACKAGED if settings is None else settings.catalogue)
    info = method_info(method) if settings is None else settings.method_info(method)
    given, options = split_arguments(info, params or {}, keywords)
    if keywords.get("unknown"):
        options["unknown"] = True
    if settings is not None:
        given = settings.defaults_of(info) | given
    ends = (names.total, names.pages, names.has_next, names.cursor)
    if names.size is not None and _get(given, names.size) is None and ends == (None, None, None, None):
        msg = Words(
            f"{method}: its responses do not say where the list ends: pass the number of entries of a page, {names.size}=…",
            f"{method}：其应答不说明列表是否结束：请给出每页条数 {names.size}=…",
        )
        raise TypeError(msg)
    return _Paging(chain, names, given, options).run(backwards=backwards)


class _Paging:
    def __init__(self, chain: MethodChain, names: PageNames, given: dict[str, Any], options: dict[str, Any]) -> None:
        self._chain = chain
        self._names = names
        self._given = given
        self._options = options
        self._place = names.page or names.offset
        self._first = names.first if names.first is not None else int(names.offset is None)
        self._given_size = _get(given, names.size) is not None
        self._found_size: int | None = None

    def run(self, *, backwards: bool) -> Iterator[TopResponse[Any]]:
        names = self._names
        start = self._start()
        self._size()  # has to be a number, if it is given
        if backwards:
            if names.cursor is not None:
                msg = Words(
                    f"{self._chain}: each page has the cursor of the next ({names.next}), so the list cannot be read backwards",
                    f"{self._chain}：每页带有下一页的游标（{names.next}），无法从末页向前读",
                )
                raise TypeError(msg)
            if names.use_has_next is not None and _get(self._given, names.use_has_next):
                msg = Words(
                    f"{names.use_has_next}: without the total the last page is unknown, so the list cannot be read backwards",
                    f"{names.use_has_next}：没有总数就不知道末页，无法从末页向前读",
                )
                raise TypeError(msg)
            return self._backwards(start)
        # Counting the total makes these lists slow on the platform.
        if names.use_has_next is not None and names.has_next is not None:
            self._given = {names.use_has_next: True} | self._given
        place = self._first if start is None else start
        return self._forwards(place) if names.cursor is None else self._following(names.cursor, place)

    def _fetch(self, *places: tuple[str | None, Any]) -> TopResponse[Any]:
        given = self._given
        for path, value in places:
            if path is not None:
                given = _set(given, path, value)
        response: TopResponse[Any] = self._chain(given, **self._options)
        if self._found_size is None and self._names.size is not None:
            self._found_size = _entries(response.data) or None
        return response

    def _number(self, value: Any) -> int:
        try:
            return int(value)
        except (ValueError, TypeError):
            msg = Words(
                f"{self._chain}: the number or size of a page, or the total in the response, is not a number",
                f"{self._chain}：页码、每页条数或应答中的总数不是数字",
            )
            raise CodecError(msg) from None

    def _size(self) -> int | None:
        """Return the number of entries of a page; if it was left to the platform, that of the first page read."""
        given = _get(self._given, self._names.size)
        if given is None:
            return self._found_size
        size = self._number(given)
        if size < 1:
            msg = Words(
                f"{self._chain}: {self._names.size} is not a number of entries: a page has at least one",
                f"{self._chain}：{self._names.size} 不是有效的条数：每页至少一条",
            )
            raise CodecError(msg)
        return size

    def _step(self) -> int:
        """Return the step between two pages: 1 for page numbers, the size of a page for offsets."""
        return 1 if self._names.offset is None else self._size() or 1

    def _start(self) -> int | None:
        start = _get(self._given, self._place)
        return None if start is None else self._number(start)

    def _forwards(self, place: int) -> Iterator[TopResponse[Any]]:
        while True:
            response = self._fetch((self._place, place))
            yield response
            place += self._step()
            if not self._goes_on(response.data, place):
                return

    def _following(self, parameter: str, place: int) -> Iterator[TopResponse[Any]]:
        names = self._names
        cursor = _get(self._given, parameter)
        cursor = names.begin if cursor is None else cursor
        direction = None
        while True:
            response = self._fetch((names.page, place), (parameter, cursor), (direction, 1))
            yield response
            before, cursor = cursor, _get(response.data, names.next)
            place += 1
            if not self._leads_on(response.data, place, before, cursor):
                return
            direction = names.direction

    def _leads_on(self, data: Any, place: int, before: Any, cursor: Any) -> bool:
        names = self._names
        if names.page is not None:
            return self._goes_on(data, place)
        more = self._more(data)
        if more is None:
            return _entries(data) > 0 and cursor not in _OVER and (names.stays or cursor != before)
        if not more:
            return False
        if cursor in _OVER or (cursor == before and not names.stays):
            msg = Words(
                f"{self._chain}: the response says that another page follows, but lacks its cursor ({names.next})",
                f"{self._chain}：应答说还有下一页，却没有游标（{names.next}）",
            )
            raise CodecError(msg)
        return True

    def _more(self, data: Any) -> bool | None:
        """Return whether another page follows by the response (a few methods use a number or a text); None if it does not say."""
        return _SAID.get(str(_get(data, self._names.has_next)).lower())

    def _goes_on(self, data: Any, place: int) -> bool:
        more = self._more(data)
        if more is not None:
            return more
        last = self._last(data)
        if last is not None:
            # A page without entries ends a list whose last page is an estimate.
            return place <= last and (not self._is_estimate(data) or _entries(data) > 0)
        count, size = _entries(data), self._size()
        return count > 0 and (size is None or count >= size)

    def _is_estimate(self, data: Any) -> bool:
        """Return whether the last page is computed from the total and from a size that the platform chose."""
        return self._found_size is not None and not self._given_size and _get(data, self._names.pages) is None

    def _total(self, data: Any) -> int | None:
        total = _get(data, self._names.total)
        return None if total is None else self._number(total)

    def _last(self, data: Any) -> int | None:
        """Compute the position of the last page; None if the response lacks the data."""
        size = self._size()
        total = self._total(data)
        count = _get(data, self._names.pages)
        if total is not None and size is not None and (count is None or self._given_size):
            count = -(-total // size)
        elif total == 0:
            count = 0
        return None if count is None else self._first + (self._number(count) - 1) * self._step()

    def _backwards(self, last: int | None) -> Iterator[TopResponse[Any]]:
        names = self._names
        total = None
        if last is None:
            response = self._fetch((self._place, self._first))
            last, total = self._last(response.data), self._total(response.data)
            if last == self._first:
                yield response
                return
        if last is None:
            msg = Words(
                f"{self._chain}: the response has no total, so the last page is unknown: "
                f"pass {self._place}=…, or the member's name in names=PageNames(total=…)",
                f"{self._chain}：应答中没有总数，不知道末页：请传 {self._place}=…，或用 names=PageNames(total=…) 给出成员名",
            )
            raise CodecError(msg)
        step = self._step()
        if (last - self._first) % step:
            msg = Words(
                f"{self._chain}: backwards, {names.offset} has to be a multiple of {names.size}",
                f"{self._chain}：从末页向前读时，{names.offset} 应为 {names.size} 的整数倍",
            )
            raise CodecError(msg)
        for place in range(last, self._first - 1, -step):
            response = self._fetch((self._place, place))
            yield from self._moved_back(place, response.data, total)
            yield response
            total = self._total(response.data)

    def _moved_back(self, place: int, data: Any, before: int | None) -> Iterator[TopResponse[Any]]:
        """Fetch the pages behind this one to which entries have moved since the previous response."""
        total, size, step = self._total(data), self._size(), self._step()
        if total is None or before is None or size is None:
            return
        last, behind = self._last(data) or place, 0
        while total - before > behind * size and place + (behind + 1) * step <= last:
            behind += 1
            response = self._fetch((self._place, place + behind * step))
            yield response
            total = max(total, self._total(response.data) or 0)
            last = self._last(response.data) or last


def _get(data: Any, path: str | None) -> Any:
    for step in () if path is None else path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return None if path is None else data


def _set(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return data | {name: _set(data.get(name) or {}, rest, value) if rest else value}


def _entries(data: Any) -> int:
    """Count the entries of the topmost list."""
    level = [data]
    while level:
        for node in level:
            if isinstance(node, list):
                return len(node)
        level = [value for node in level if isinstance(node, dict) for value in node.values()]
    return 0
